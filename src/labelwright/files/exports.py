"""Make rows from the exports of annotation tools: Label Studio and doccano."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from labelwright.errors import InputError

_DOCCANO_MARKS = {"Comments", "comments", "annotation_approver", "annotations", "cats", "meta"}


def is_label_studio(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether these are tasks of a Label Studio JSON export.

    Examples
    --------
    >>> is_label_studio([{"id": 1, "data": {"text": "Good"}, "annotations": []}])
    True
    """
    return all(isinstance(r.get("data"), dict) and isinstance(_annotations(r), list) for r in rows[:100])


def from_label_studio(
    rows: Sequence[Mapping[str, Any]], path: Path
) -> tuple[list[dict[str, Any]], list[str]]:
    """One row per annotation, with ``item`` (the task), ``source`` (who) and one column per choices control.

    Cancelled annotations are left out, tasks nobody annotated stay with a missing label.

    Returns
    -------
    rows : list of dict
    notes : list of str
    """
    controls = sorted({c for r in rows for a in _annotations(r) or () for c in _choices(a)})
    kinds = {str(x.get("type")) for r in rows for a in _annotations(r) or () for x in _results(a)} - {
        "choices",
        "None",
    }
    if not controls and kinds:
        raise InputError(
            f"{path} is a Label Studio export without choices (found: {', '.join(sorted(kinds))}); "
            "only labels of whole items can be read, from a <Choices> control"
        )
    names = {c: "label" if len(controls) == 1 else c for c in controls} or {"": "label"}
    several = any(len(v) > 1 for r in rows for a in _annotations(r) or () for v in _choices(a).values())
    out, cancelled = [], 0
    for number, task in enumerate(rows, 1):
        data = task.get("data")
        annotations = _annotations(task)
        if not isinstance(data, dict) or not isinstance(annotations, list):
            raise InputError(
                f"{path}, item {number}: no Label Studio task (needs 'data' and 'annotations'); "
                "export as JSON"
            )
        taken = {*names.values(), "item", "source"}
        base = {f"data_{k}" if k in taken else k: v for k, v in data.items()} | {
            "item": task.get("id", number)
        }
        done = [a for a in annotations if isinstance(a, dict) and not a.get("was_cancelled")]
        cancelled += len(annotations) - len(done)
        for annotation in done or [{}]:
            said = _choices(annotation)
            out.append(
                base
                | {"source": _who(annotation)}
                | {name: _said(said.get(control), several) for control, name in names.items()}
            )
    notes = ["Label Studio export: one row per annotation; 'item' is the task, 'source' who annotated it."]
    if cancelled:
        notes.append(f"{cancelled:,} cancelled annotations were left out.")
    if kinds:
        notes.append(f"Only choices were read; left out: {', '.join(sorted(kinds))}.")
    return out, notes


def is_doccano(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether these are lines of a doccano export.

    Examples
    --------
    >>> is_doccano([{"id": 1, "text": "Good", "label": ["pos"], "Comments": []}])
    True
    >>> is_doccano([{"text": "Good", "label": "pos"}])
    False
    """
    first = rows[:100]
    named = all(("text" in r or "data" in r) and ("label" in r or "labels" in r) for r in first)
    return named and any(
        _DOCCANO_MARKS & r.keys() or (type(r.get("label")) is list and "id" in r) for r in first
    )


def from_doccano(rows: Sequence[Mapping[str, Any]], path: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows with a plain ``label``: text where every item has one at most, otherwise a list.

    Returns
    -------
    rows : list of dict
    notes : list of str
    """
    out, notes = [], ["doccano export."]
    for number, row in enumerate(rows, 1):
        said = row.get("label", row.get("labels"))
        if isinstance(said, list) and any(isinstance(x, (list, dict)) for x in said):
            raise InputError(
                f"{path}, line {number}: the label is a span (start, end, class); only labels of "
                "whole items can be read"
            )
        out.append(
            {k: v for k, v in row.items() if k not in ("labels", "Comments", "comments")} | {"label": said}
        )
    lists = [r["label"] for r in out if isinstance(r["label"], list)]
    if lists and all(len(x) <= 1 for x in lists):
        for row in out:
            if isinstance(row["label"], list):
                row["label"] = row["label"][0] if row["label"] else None
        notes.append("Every item has one label at most; read it as text.")
    return out, notes


def _annotations(task: Mapping[str, Any]) -> Any:
    return task.get("annotations", task.get("completions"))


def _results(annotation: Any) -> list[dict[str, Any]]:
    results = (
        annotation.get("result")
        if isinstance(annotation, dict) and not annotation.get("was_cancelled")
        else None
    )
    return [x for x in results if isinstance(x, dict)] if isinstance(results, list) else []


def _choices(annotation: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for result in _results(annotation):
        value = result.get("value")
        if isinstance(value, dict) and isinstance(value.get("choices"), list):
            found.setdefault(str(result.get("from_name", "label")), []).extend(value["choices"])
    return found


def _said(choices: list[Any] | None, several: bool) -> Any:
    if several:
        return choices
    return choices[0] if choices else None


def _who(annotation: Mapping[str, Any]) -> Any:
    who = annotation.get("completed_by")
    if isinstance(who, dict):
        who = who.get("email", who.get("id"))
    return None if who is None else str(who)
