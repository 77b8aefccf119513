"""The models that a test set ranks: columns of predictions or probabilities, files, or quick ones of our own."""

import dataclasses
import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from labelwright import files
from labelwright.audit.everyday import features_of
from labelwright.audit.file import in_order, items_of
from labelwright.errors import InputError
from labelwright.evidence import Exact
from labelwright.loops.cross_fit import cross_fit, seeded, take

SEPARATORS = ("_", ":", ".", " ", "-")
IDS = ("row", "id", "index", "item", "index_0", "__index_level_0__")


@dataclasses.dataclass(frozen=True)
class Contestants:
    """Models by name, as `TestSetAudit` takes them.

    Attributes
    ----------
    said : dict of str to array
        Predictions (n,) as class names, or probabilities (n, k).
    classes : list of str (k,)
    columns : tuple of str
        Columns of the table that they were read from.
    notes : list of str
    """

    said: dict[str, np.ndarray]
    classes: list[str]
    columns: tuple[str, ...]
    notes: list[str]


def read_contestants(names: Sequence[str], table: files.Table, labels: np.ndarray) -> Contestants:
    """Find each model: a column of predictions, columns of probabilities that begin with its name, or a file.

    Parameters
    ----------
    names : sequence of str
    table : files.Table
        The test set.
    labels : array of object (n,)
        Given labels.

    Raises
    ------
    InputError
        When one is none of these, or cannot be read as predictions or probabilities.
    """
    twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if twice is not None:
        raise InputError(f"models names {twice!r} twice; name each model once")
    if len(names) < 2:
        raise InputError(
            f"models names one model ({names[0]!r}), and a ranking needs at least two; name more, separated by commas"
            if names
            else "models is empty; name at least two columns or files, separated by commas"
        )
    known = in_order({label for label in labels if label is not None})
    said: dict[str, tuple[np.ndarray, list[str] | None]] = {}
    columns: list[str] = []
    notes: list[str] = []
    for name in names:
        if name in table.columns:
            columns.append(name)
            said[name] = _column(table, name, known, labels, notes)
            continue
        parts = _prefixed(table, name, known)
        if parts:
            columns += parts
            values = np.column_stack([table.data[c].to_numpy().astype(np.float64) for c in parts])
            said[name] = (values, known)
            continue
        if Path(name).suffix and Path(name).exists():
            if Path(name).stem in said:
                raise InputError(f"two models are called {Path(name).stem!r}; rename one of the files")
            said[Path(name).stem] = _file(Path(name), known, labels, notes)
            continue
        raise InputError(_unknown(name, table, known))
    more = {c for values, over in said.values() for c in (over or _spoken(values))} - set(known)
    classes = in_order({*known, *more})
    if more:
        notes.append(
            f"Models also speak of {', '.join(sorted(more)[:5])}, which no row of the test set is labelled."
        )
    aligned = {
        name: values if over is None else _aligned(values, over, classes)
        for name, (values, over) in said.items()
    }
    return Contestants(aligned, classes, tuple(columns), notes)


def quick_contestants(
    table: files.Table, roles: files.Roles, labels: np.ndarray, train: tuple[files.Table, np.ndarray] | None,
    *, folds: int = 5, random_state: int = 0, n_jobs: int | None = None,
) -> Contestants:  # fmt: skip
    """Two or three quick models: fitted to a training file, or cross-fitted on the test set itself.

    Parameters
    ----------
    table, roles : files.Table, files.Roles
        The test set and its columns.
    labels : array of object (n,)
    train : (files.Table, array of object), optional
        The training file, with the same columns, and its labels.
    """
    X, _ = items_of(roles, table, judged=False)
    if X is None:
        raise InputError(
            f"{table.path.name} has no models and nothing to fit one to: give --models, or a --text, --image or "
            "--features column"
        )
    if train is None:
        told = Exact(labels, in_order({v for v in labels if v is not None}))
        found = features_of(X, told.n_classes, None)
        said = {
            m.name: cross_fit(m.model, found.views[m.view], told, folds=folds, random_state=random_state, n_jobs=n_jobs)
            for m in found.members
        }  # fmt: skip
        note = (
            f"No models were given: {_listed(said)} were cross-fitted on the test set itself. This finds labels to "
            "look at; which of these is best says nothing about models of yours."
        )
        return Contestants(said, [str(c) for c in told.classes.tolist()], (), [note])
    other, learned = train
    lost = [c for c in (*roles.text, *roles.features, roles.image) if c and c not in other.columns]
    if lost:
        raise InputError(
            f"{other.path.name} has no column {lost[0]!r}, which {table.path.name} has; a model needs the same columns "
            "in both"
        )
    Z, _ = items_of(roles, other, judged=False)
    classes = in_order({v for v in (*labels, *learned) if v is not None})
    both = _joined(Z, X)
    found = features_of(both, len(classes), None)
    told = Exact(learned, classes)
    rows, n = np.flatnonzero(told.known), len(other)
    said = {}
    for m in found.members:
        view = found.views[m.view]
        fitted = seeded(m.model, random_state).fit(take(view, rows), told.codes[rows])
        probs = np.zeros((len(table), len(classes)))
        probs[:, np.unique(told.codes[rows])] = fitted.predict_proba(take(view, np.arange(n, n + len(table))))
        said[m.name] = probs
    note = (
        f"No models were given: {_listed(said)} were fitted to the {len(rows):,} labelled rows of {other.path.name}; "
        "columns became numbers on both files together, without labels."
    )
    return Contestants(said, classes, (), [note])


def _listed(names: Any) -> str:
    *first, last = list(names)
    return f"{', '.join(first)} and {last}" if first else last


def _joined(one: Any, other: Any) -> Any:
    if isinstance(one, list):
        return [*one, *other]
    import pyarrow as pa

    try:
        return pa.concat_tables([one, other.cast(one.schema)])
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as problem:
        raise InputError(f"columns of the two files are of different kinds ({str(problem)[:120]})") from None


def _column(
    table: files.Table, name: str, known: list[str], labels: np.ndarray, notes: list[str]
) -> tuple[np.ndarray, list[str] | None]:
    said = _as_classes(table.text(name), known)
    missing = [i for i, (v, label) in enumerate(zip(said, labels)) if v is None and label is not None]
    if missing:
        raise InputError(
            f"column {name!r} has no prediction in {len(missing)} rows (first: row {missing[0]}); fill them in or drop "
            "the rows"
        )
    spoken = [v for v in dict.fromkeys(said) if v is not None]
    if not set(spoken) & set(known):
        share = _shares(table, name)
        if share is not None and len(known) == 2:
            notes.append(f"Took column {name!r} as the probability of {known[1]!r}.")
            return np.column_stack([1 - share, share]), known
        raise InputError(
            f"column {name!r} holds {', '.join(map(repr, spoken[:3]))}, which are no labels of "
            f"{table.path.name} ({', '.join(map(repr, known[:5]))}); give predicted labels, or for probabilities one "
            f"column per class, named {name}_{known[0]} and so on"
        )
    return said, None


def _shares(table: files.Table, name: str) -> np.ndarray | None:
    import pyarrow as pa

    kind = table.data.schema.field(name).type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        return None
    values = table.data[name].to_numpy().astype(np.float64)
    return values if bool(((values >= 0) & (values <= 1)).all()) else None


def _as_classes(values: np.ndarray, known: list[str]) -> np.ndarray:
    """Text as class names; numbers written otherwise (1.0 for 1) as the class of the same value."""
    by_value: dict[float | None, Any] = {number: c for c in known if (number := _number(c)) is not None}
    out = np.empty(len(values), dtype=object)
    seen: dict[Any, Any] = {c: c for c in known}
    for i, value in enumerate(values):
        text = value.strip() or None if isinstance(value, str) else value
        if text is not None and text not in seen:
            seen[text] = by_value.get(_number(text), text)
        out[i] = None if text is None else seen[text]
    return out


def _number(text: Any) -> float | None:
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def _prefixed(table: files.Table, name: str, known: list[str]) -> list[str]:
    for separator in SEPARATORS:
        columns = [f"{name}{separator}{c}" for c in known]
        if all(c in table.columns for c in columns):
            return columns
    return []


def _file(
    path: Path, known: list[str], labels: np.ndarray, notes: list[str]
) -> tuple[np.ndarray, list[str] | None]:
    if path.suffix not in (".npy", ".npz"):
        table = files.read(path)
        columns = [c for c in table.columns if c.lower() not in IDS]
        if len(columns) == 1:
            _same_length(path, len(table), len(labels))
            return _column(table, columns[0], known, labels, notes)
    probs, classes = files.read_probs(path)
    _same_length(path, len(probs), len(labels))
    if classes is None:
        if probs.shape[1] != len(known):
            raise InputError(
                f"{path} has {probs.shape[1]} columns for {len(known)} classes; name the columns after the classes"
            )
        notes.append(f"The columns of {path.name} were taken for {', '.join(known[:8])}, in this order.")
        return probs, known
    return probs, _as_classes(np.array(classes, dtype=object), known).tolist()


def _same_length(path: Path, rows: int, n: int) -> None:
    if rows != n:
        raise InputError(f"{path} has {rows} rows, and the test set {n}; give one per row, in the same order")


def _spoken(values: np.ndarray) -> set[str]:
    return set(values.tolist()) - {None}


def _aligned(values: np.ndarray, over: list[str], classes: list[str]) -> np.ndarray:
    place = {c: i for i, c in enumerate(classes)}
    table = np.zeros((len(values), len(classes)))
    table[:, [place[c] for c in over]] = values
    return table


def _unknown(name: str, table: files.Table, known: list[str]) -> str:
    close = difflib.get_close_matches(name, table.columns, n=1)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    shown = ", ".join(map(repr, table.columns[:20]))
    return (
        f"model {name!r} is no column of {table.path.name}{hint}, there are no columns {name}_{known[0]} ... with its "
        f"probabilities, and no such file; the columns are {shown}"
    )
