"""Audit a file: read it, find out what its columns are, judge the labels, leave a report."""

from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from labelwright import files, frames
from labelwright.audit.everyday import labels, refuse_or_note
from labelwright.audit.items import Items
from labelwright.audit.result import Audit
from labelwright.audit.save import save
from labelwright.errors import InputError
from labelwright.evidence import Exact, Marks, encode
from labelwright.evidence.checks import check_probs, check_table

ANSWERS = "judge-answers.db"


def file(
    path: str | PathLike[str],
    *,
    label: str | None = None,
    text: str | None = None,
    features: str | Sequence[str] | None = None,
    image: str | None = None,
    probs: str | PathLike[str] | None = None,
    multi_label: str | None = None,
    source: str | None = None,
    item: str | None = None,
    sheet: str | None = None,
    out: str | PathLike[str] | None = None,
    **options: Any,
) -> Audit:
    r"""Find the wrong labels of a file and, with `out`, write the report and the tables.

    Parameters
    ----------
    path : path
        CSV, TSV, Parquet, JSON lines, Arrow, Excel, a folder of pictures, or an export of Label Studio or
        doccano.
    label, text, image, source, item : str, optional
        Names of columns; guessed where not given, and `Audit.notes` says what was assumed.
    features : str or sequence of str, optional
        Columns to learn from, in place of text; one string may list several with commas.
    probs : path, optional
        Out-of-sample probabilities: .npy, .npz, CSV or Parquet, one column per class.
    multi_label : str, optional
        What separates several labels in a cell, such as ``"|"``.
    sheet : str, optional
        Sheet of an Excel file; by default the first.
    out : path, optional
        Folder for report.html, issues.csv, issues.parquet and the corrected labels; written whole or not at
        all.
    **options
        Of `labelwright.audit.labels`: `model`, `encoder`, `filter_by`, `judge`, `judge_rows`, `judge_cache`,
        `folds`, `random_state`, `n_jobs`, `show`. With `out`, what a language model answers is kept there at once in
        ``judge-answers.db``, so that a run that was stopped pays for nothing twice.

    Raises
    ------
    InputError
        When the file, a column or the output folder cannot be used.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "reviews.csv"
    >>> lines = ["a lovely film,good", "a dreadful film,bad", "lovely acting,good", "dreadful acting,bad"]
    >>> _ = path.write_text("text,label\n" + "\n".join(lines * 10))
    >>> file(path).n
    40
    """
    if out is None:
        return _audit(path, label, text, features, image, probs, multi_label, source, item, sheet, options)[0]
    with files.OutputFolder(Path(out)) as folder:  # first of all: is it writable?
        if options.get("judge") is not None:
            options.setdefault("judge_cache", Path(out) / ANSWERS)
        found, table, roles = _audit(
            path, label, text, features, image, probs, multi_label, source, item, sheet, options
        )
        save(found, folder, table, roles, title=Path(path).name)
    return found


def _audit(
    path: str | PathLike[str], label: str | None, text: str | None, features: str | Sequence[str] | None,
    image: str | None, probs: str | PathLike[str] | None, multi_label: str | None, source: str | None,
    item: str | None, sheet: str | None, options: dict[str, Any],
) -> tuple[Audit, files.Table, files.Roles]:  # fmt: skip
    table = files.read(Path(path), sheet=sheet)
    roles = files.roles(
        table, label=label, text=text, features=features, image=image, source=source, item=item,
        multi_label=multi_label,
    )  # fmt: skip
    told, given, assumed = _told(roles, table, probs)
    refuse_or_note(told)  # before anything slow
    X, shown = items_of(roles, table, judged=given is not None)
    if X is None and given is None:
        raise InputError(
            f"{Path(path).name} has nothing to judge the labels by: name a --text, --image or --features column, "
            "or give --probs FILE"
        )
    noticed = (*assumed, *_noticed(roles, table))
    if roles.source is not None:
        options["sources"] = table.text(roles.source)
    if roles.item is not None:
        options["groups"] = _groups(table.text(roles.item))
    found = labels(X, told, probs=given, **options)
    return (
        Audit(**{
            **{name: getattr(found, name) for name in found.__dataclass_fields__},
            "notes": (*table.notes, *roles.notes, *noticed, *found.notes),
            "settings": {**found.settings, "file": str(path)},
            "items": shown if shown is not None else found.items,
        }),
        table,
        roles,
    )  # fmt: skip


def _told(
    roles: files.Roles, table: files.Table, probs: Any
) -> tuple[Exact | Marks, np.ndarray | None, list[str]]:
    names = roles.labels(table)
    if probs is None:
        return (Marks.from_lists(names) if roles.several else Exact(names)), None, []
    given, classes = files.read_probs(probs)
    notes: list[str] = []
    if len(given) != len(names):
        raise InputError(
            f"{probs} holds {len(given)} rows of probabilities for {len(names)} rows of {table.path.name}; "
            "give one row of probabilities per row of the table, in the same order"
        )
    if classes is None:
        known = in_order(
            {c for row in names if row for c in row} if roles.several else encode(names)[1].tolist()
        )
        if len(known) != given.shape[1]:
            raise InputError(
                f"{probs} has {given.shape[1]} columns for {len(known)} classes; name the columns after the classes "
                f"(CSV or Parquet with a header), or give one per class in the order {', '.join(map(str, known[:8]))}"
            )
        classes = tuple(known)
        first = ", ".join(classes[:8]) + (", ..." if len(classes) > 8 else "")
        notes.append(
            f"The columns of {Path(probs).name} have no names; they were taken for {first}, in this order."
        )
    strange = sorted({c for row in names if row for c in (row if roles.several else (row,))} - set(classes))
    if strange:
        raise InputError(
            f"{probs} has no column for {', '.join(map(repr, strange[:3]))}, a label in {table.path.name}; its columns "
            f"are {', '.join(map(repr, classes[:8]))}; name them after the classes"
        )
    check = check_table if roles.several else check_probs
    check(given, len(given), len(classes), name=str(probs))
    return (Marks.from_lists(names, classes) if roles.several else Exact(names, classes)), given, notes


def in_order(names: Iterable[str]) -> list[str]:
    """Class names as a model fitted to them would order them: numbers by value, everything else by text."""
    try:
        return sorted(names, key=lambda name: (float(name), name))
    except ValueError:
        return sorted(names)


def items_of(roles: files.Roles, table: files.Table, *, judged: bool) -> tuple[Any, Items | None]:
    """What a model learns from, and the items as readers see them; `judged` where probabilities are there already."""
    if roles.text:
        texts = list(roles.texts(table))
        if len(set(texts)) == 1 and judged:
            return None, Items.texts(texts)
        if len(set(texts)) == 1:
            what = "the same text" if texts[0] else "no text"
            raise InputError(
                f"{table.path}: text column {' and '.join(map(repr, roles.text))} has {what} in all {len(texts):,} "
                "rows, so nothing tells the labels apart; give another with --text"
            )
        return texts, Items.texts(texts)
    if roles.image is not None:
        paths = files.picture_paths(table.text(roles.image).tolist(), table.base, column=roles.image)
        missing = [i for i, p in enumerate(paths) if p is None]
        if missing:
            raise InputError(
                f"{len(missing)} rows name no picture (first: row {missing[0]}); drop them or fill in the name"
            )
        lost = next(((i, p) for i, p in enumerate(paths) if p is not None and not p.is_file()), None)
        if lost is not None:
            raise InputError(
                f"{table.path}: row {lost[0]} of column {roles.image!r} names the picture {lost[1]}, which does not "
                "exist; names are meant from the folder of the table"
            )
        return paths, Items.images(paths)  # type: ignore[arg-type]
    if roles.features:
        frame = table.data.select(list(roles.features))
        _refuse_infinite(frame, table)
        return frame, Items.table(frame)
    return None, Items.table(table.data)


def _refuse_infinite(frame: Any, table: files.Table) -> None:
    """Infinite numbers, named by row and column; once encoded, columns have no names."""
    for name in frame.column_names:
        values = frames.column(frame, name)
        if values.dtype.kind == "f" and np.isinf(values).any():
            rows = np.flatnonzero(np.isinf(values))
            raise InputError(
                f"{table.path}: column {name!r} holds infinite numbers in {len(rows):,} rows (first: row {rows[0]}); "
                "replace them by numbers or leave them empty"
            )


def _noticed(roles: files.Roles, table: files.Table) -> list[str]:
    if not roles.text:
        return []
    empty = sum(not text for text in roles.texts(table))
    return (
        [f"{empty:,} of {len(table):,} rows have no text; little can be said about their labels."]
        if empty
        else []
    )


def _groups(names: np.ndarray) -> np.ndarray:
    codes, found = encode(names)
    return np.where(codes < 0, len(found) + np.arange(len(codes)), codes)
