"""Which columns of a file hold the probabilities of which class, and what each row is labelled."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from labelwright.errors import InputError
from labelwright.evidence.checks import TOLERANCE
from labelwright.files.table import Table, plain_text
from labelwright.files.words import LABEL, rank
from labelwright.shift.read import PREFIXES

TRIED = 20  # columns that may be the label
ENOUGH = 0.5  # of the labels that occur must have a column, for columns to be taken for probabilities


class ClassColumns(NamedTuple):
    """Columns of probabilities.

    Attributes
    ----------
    label : str
        Column of the label.
    classes : tuple of str (k,)
    columns : tuple of str (k,)
        Column of each class.
    others : tuple of (str, str)
        Classes that no label names, if they are classes, and their columns.
    """

    label: str
    classes: tuple[str, ...]
    columns: tuple[str, ...]
    others: tuple[tuple[str, str], ...]


def class_columns(table: Table, label: str | None) -> ClassColumns | None:
    r"""Columns of numbers called after the classes that a label names; None where there are none.

    Around the name of the class all may have the same: ``p_cat, p_dog``, ``cat (%)`` ... Without `label` it is the
    column whose values the others are called after.

    Parameters
    ----------
    table : files.Table
    label : str or None
        A column there is.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from pathlib import Path
    >>> rows = {"id": [1, 2], "said": ["a", "b"], "p_a": [0.9, 0.2], "p_b": [0.1, 0.8]}
    >>> class_columns(Table(pa.table(rows), Path("t.csv")), None)
    ClassColumns(label='said', classes=('a', 'b'), columns=('p_a', 'p_b'), others=())
    """
    import pyarrow.types as types

    numbers, candidates = [], []
    for name in table.columns:
        kind = table.data.schema.field(name).type
        if types.is_floating(kind) or types.is_integer(kind):
            numbers.append(name)
        if not (types.is_nested(kind) or (types.is_floating(kind) and rank(name, LABEL) == float("inf"))):
            candidates.append(name)
    if label is None:
        candidates = sorted(candidates, key=lambda name: rank(name, LABEL))[:TRIED]
    else:
        candidates = [label]
    for name in candidates:
        names = _values(table, name, 2 * len(numbers) + 2)
        found = _around(names, [c for c in numbers if c != name])
        if found is not None:
            classes, columns = zip(*found[0])
            return ClassColumns(name, classes, columns, tuple(found[1]))
    return None


def _values(table: Table, name: str, most: int) -> list[str]:
    """Distinct texts of a column; none where there are more than `most`."""
    import pyarrow.compute as pc

    found = pc.unique(table.column(name))
    if not 0 < len(found) <= most:
        return []
    texts = ((plain_text(value) or "").strip() for value in found.to_pylist() if not isinstance(value, list))
    return list(dict.fromkeys(text for text in texts if text))


def _around(
    names: Sequence[str], columns: Sequence[str]
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]] | None:
    """Classes and their columns, and what else may be some: around the name all columns have the same."""
    frames: Counter[tuple[str, str]] = Counter()
    for name in names[:50]:
        for column in columns:
            at = column.find(name)
            if at >= 0:
                frames[column[:at], column[at + len(name) :]] += 1
    here = set(columns)
    best, most = ("", ""), 0
    for (before, after), _ in sorted(frames.most_common(20)):
        count = sum(f"{before}{name}{after}" in here for name in names)
        if count > most:
            best, most = (before, after), count
    if most < 2 or most < ENOUGH * len(names):
        return None
    before, after = best
    known, pairs = set(names), []
    for column in columns:
        if column.startswith(before) and column.endswith(after) and len(column) > len(before) + len(after):
            pairs.append((column[len(before) : len(column) - len(after)], column))
    return [p for p in pairs if p[0] in known], [p for p in pairs if p[0] not in known]


def completed(table: Table, found: ClassColumns) -> tuple[ClassColumns, np.ndarray]:
    """The columns and their numbers (n, k), with those of classes that no label names where only so rows sum to 1.

    Raises
    ------
    InputError
        When the numbers are no probabilities.
    """
    values = numbers(table, found.columns)
    if not _sum_to_one(values):
        others = [pair for pair in found.others if _fractions(table, pair[1])]
        more = np.hstack([values, numbers(table, [column for _, column in others])]) if others else values
        if others and _sum_to_one(more):
            classes, columns = zip(*others)
            found = found._replace(classes=found.classes + classes, columns=found.columns + columns)
            values = more
    refuse_no_probabilities(values, table, found.columns)
    return found, values


def same_columns(table: Table, found: ClassColumns) -> tuple[str, ...]:
    """Columns of the same classes in another file: of the same names, or with another of the usual beginnings.

    Raises
    ------
    InputError
        When a class has no column there.
    """
    here = set(table.columns)
    for wanted in (found.columns, *(tuple(f"{p}{name}" for name in found.classes) for p in PREFIXES)):
        if here.issuperset(wanted):
            return wanted
    missing = [name for name in found.columns if name not in here]
    shown = ", ".join(map(repr, missing[:3])) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
    there = ", ".join(map(repr, table.columns[:8])) + (", ..." if len(table.columns) > 8 else "")
    raise InputError(
        f"{table.path} lacks columns of the source: {shown} (it has {there}); both files need one column of "
        "probabilities per class, called the same in both"
    )


def numbers(table: Table, columns: Sequence[str]) -> np.ndarray:
    """Columns as one array (n, k): float32 where all of them are, else float64.

    Raises
    ------
    InputError
        When a cell is empty or no number.
    """
    import pyarrow as pa
    import pyarrow.types as types

    single = True
    for name in columns:
        column = table.data[name]
        if not (types.is_floating(column.type) or types.is_integer(column.type)):
            row, cell = _no_number(table, name)
            raise InputError(
                f"{table.path}: column {name!r} holds text where probabilities are expected (row {row}: {cell!r}); "
                "write numbers with a point, and one in every row"
            )
        if column.null_count:
            row = int(np.flatnonzero(column.is_null().to_numpy())[0])
            raise InputError(
                f"{table.path}: column {name!r} has {column.null_count:,} empty cells (first: row {row}); give a "
                "probability in every row, or drop those rows"
            )
        single = single and column.type == pa.float32()
    out = np.empty((len(table), len(columns)), dtype=np.float32 if single else np.float64)
    for j, name in enumerate(columns):
        at = 0
        for chunk in table.data[name].chunks:
            out[at : at + len(chunk), j] = chunk.to_numpy(zero_copy_only=False)
            at += len(chunk)
    return out


def _no_number(table: Table, name: str) -> tuple[int, str]:
    for row, cell in enumerate(table.text(name).tolist()):
        try:
            float(cell)
        except (TypeError, ValueError):
            return row, "" if cell is None else str(cell)[:30]
    return 0, str(table.text(name)[0])[:30]


def _sum_to_one(values: np.ndarray) -> bool:
    return bool(np.abs(values.sum(axis=1) - 1).max(initial=0) <= TOLERANCE)


def _fractions(table: Table, name: str) -> bool:
    import pyarrow.types as types

    return types.is_floating(table.data.schema.field(name).type) and not table.data[name].null_count


def refuse_no_probabilities(values: np.ndarray, table: Table, columns: Sequence[str]) -> None:
    """Say what is wrong with numbers that are no probabilities, and what to do."""
    from labelwright.shift._sweeps import suspect

    row = suspect(np.ascontiguousarray(values), TOLERANCE)
    if row < 0:
        return
    cells = values[row].astype(np.float64)
    total = float(cells.sum())
    some = values[:1000]
    if not np.isfinite(cells).all():
        where = columns[int(np.flatnonzero(~np.isfinite(cells))[0])]
        wrong, do = f"row {row} of column {where!r} is no finite number", "replace it, or drop the row"
    elif cells.min() < -1e-6:
        where = columns[int(cells.argmin())]
        wrong = f"row {row} of column {where!r} is {cells.min():.4g}, below 0"
        do = "these look like scores: turn them into probabilities first (softmax of each row)"
    elif np.allclose(some.sum(axis=1), 100, atol=1):
        wrong, do = f"row {row} sums to {total:.4g}", "these look like per cent: divide them by 100"
    elif np.abs(np.median(some.sum(axis=1)) - 1) < 0.1:
        wrong = f"row {row} sums to {total:.4g}, not 1"
        do = (
            "write more digits, or divide each row by its sum; where a class is missing, add its column "
            f"(taken for classes: {_shown(columns)})"
        )
    else:
        wrong = f"row {row} sums to {total:.4g}, not 1"
        do = (
            "give one column of probabilities per class and no other number called like a class; scores become "
            f"probabilities by dividing each row by its sum (taken for classes: {_shown(columns)})"
        )
    raise InputError(f"{table.path}: {wrong}; {do}")


def _shown(columns: Sequence[str]) -> str:
    return ", ".join(map(repr, columns[:8])) + (f" and {len(columns) - 8} more" if len(columns) > 8 else "")


def codes_of_column(
    table: Table, label: str, classes: Sequence[str]
) -> tuple[np.ndarray, dict[str, int], int]:
    """Column of each row's label, -1 where it is missing; labels that no class is called, and missing ones, counted.

    Parameters
    ----------
    table : files.Table
    label : str
    classes : sequence of str (k,)

    Returns
    -------
    codes : array (n,) of int
        k where the label is none of the classes.
    strange : dict of str to int
    missing : int

    Examples
    --------
    >>> import pyarrow as pa
    >>> from pathlib import Path
    >>> codes_of_column(Table(pa.table({"y": ["a", "b ", None, "c"]}), Path("t.csv")), "y", ["b", "a"])
    (array([ 1,  0, -1,  2]), {'c': 1}, 1)
    """
    encoded: Any = table.column(label).combine_chunks().dictionary_encode()
    if hasattr(encoded, "combine_chunks") and not hasattr(encoded, "dictionary"):
        encoded = encoded.combine_chunks()
    place = {name: code for code, name in enumerate(classes)}
    names = [(plain_text(value) or "").strip() for value in encoded.dictionary.to_pylist()]
    into = np.array([place.get(name, len(classes)) if name else -1 for name in names] + [-1], dtype=np.intp)
    at = encoded.indices.fill_null(len(names)).to_numpy(zero_copy_only=False)
    times = np.bincount(at, minlength=len(names) + 1)
    strange: dict[str, int] = {}
    for name, code, n in zip(names, into.tolist(), times.tolist()):
        if code == len(classes):
            strange[name] = strange.get(name, 0) + n
    codes = into[at]
    return codes, strange, int((codes < 0).sum())
