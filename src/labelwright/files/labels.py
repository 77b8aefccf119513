"""Check whether a column can be a label at all."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from labelwright.errors import InputError
from labelwright.files.table import Table, plain_text

MOST_CLASSES = 10_000


def split(cells: np.ndarray, separator: str | None) -> np.ndarray:
    """Several labels per row: tuples of text without surrounding space; None where missing.

    Examples
    --------
    >>> split(np.array(["a| b", "c", None], dtype=object), "|").tolist()
    [('a', 'b'), ('c',), None]
    """
    out = np.empty(len(cells), dtype=object)
    for i, cell in enumerate(cells):
        if isinstance(cell, str):
            parts = cell.split(separator) if separator else [cell]
            cell = tuple(dict.fromkeys(p.strip() for p in parts if p.strip()))
        out[i] = cell
    return out


def check_labels(table: Table, label: str, separator: str | None, notes: list[str]) -> tuple[bool, int]:
    """Refuse a column that cannot be a label, and note doubtful classes.

    Returns
    -------
    several : bool
        Whether a row may have several labels.
    classes : int

    Raises
    ------
    InputError
        When all labels are missing, there is one class only, or as many as an id or free text has.
    """
    where = f"{table.path}: label column {label!r}"
    kind = table.data.schema.field(label).type
    lists = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    if separator is not None:
        if not separator or lists:
            what = "holds lists already" if lists else "cannot be split by nothing"
            raise InputError(f"{where} {what}; leave --multi-label out")
        if not any(isinstance(v, str) and separator in v for v in table.text(label)):
            raise InputError(f"{where} never contains the separator {separator!r}; check --multi-label")
    elif pa.types.is_nested(kind) and not lists:
        raise InputError(f"{where} holds objects; keep the name of the class only")
    several = lists or separator is not None
    counts, filled = _count(table, label, separator if several else None, several)
    if not counts:
        raise InputError(
            f"{where} is empty in all {len(table):,} rows; label some, or give another column with --label"
        )
    if len(counts) == 1 and not several:
        raise InputError(
            f"{where} has one class only ({next(iter(counts))!r}) in {filled:,} rows; at least two "
            "are needed to compare"
        )
    total = sum(counts.values())
    if len(counts) > MOST_CLASSES or (filled >= 50 and len(counts) > 0.5 * total):
        shown = ", ".join(repr(name[:30]) for name in list(counts)[:3])
        raise InputError(
            f"{where} has {len(counts):,} different values in {filled:,} rows ({shown}, ...), "
            "which looks like an id or free text; give the label column with --label"
        )
    if filled < len(table):
        notes.append(f"{len(table) - filled:,} of {len(table):,} rows have no label.")
    blanks = (
        0
        if several or not (pa.types.is_string(kind) or pa.types.is_large_string(kind))
        else _blanks(table.column(label))
    )
    if blanks:
        notes.append(f"{blanks:,} labels had blanks around them, which were left out.")
    if lists:
        notes.append(f"Column {label!r} holds lists: each row may have several labels.")
    alike: dict[str, list[str]] = {}
    for name in counts:
        alike.setdefault(" ".join(name.casefold().split()), []).append(name)
    doubtful = [names for names in alike.values() if len(names) > 1]
    if doubtful:
        shown = "; ".join(", ".join(map(repr, names[:3])) for names in doubtful[:3])
        notes.append(
            f"Classes that differ only in case or space count as different: {shown}. Unite them if "
            "they are one."
        )
    return several, len(counts)


def _blanks(column: pa.ChunkedArray) -> int:
    return int(pc.sum(pc.not_equal(pc.utf8_trim_whitespace(column), column)).as_py() or 0)


def _count(table: Table, label: str, separator: str | None, several: bool) -> tuple[Counter[str], int]:
    """How often each class was given, and in how many rows any."""
    counts: Counter[str] = Counter()
    if several:
        cells = [cell for cell in split(table.text(label), separator) if cell is not None]
        counts.update(t for cell in cells for t in cell)
        return counts, len(cells)
    found = table.column(label).value_counts()
    for value, n in zip(found.field("values").to_pylist(), found.field("counts").to_pylist(), strict=True):
        if name := (plain_text(value) or "").strip():
            counts[name] += n
    return counts, counts.total()
