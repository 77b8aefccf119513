"""Give columns a type without destroying what they say."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

MISSING_NUMBERS = ("", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None", "none")
_SLICE = 1 << 16
_COMMA = r"^\s*[+-]?\d+(,\d+)?\s*$"
_CODE = r"^\s*[+-]?(0\d|\d{16,}\s*$)"  # 007, and whole numbers that a float would round


@dataclass(frozen=True)
class Column:
    """A column with its type.

    Attributes
    ----------
    values : pyarrow.ChunkedArray
    raw : pyarrow.ChunkedArray, optional
        The characters as they stood in the file, where the values do not bring them back: ``1.0``, ``+5``.
    note : str
        What was assumed, or nothing.
    """

    values: Any
    raw: Any = None
    note: str = ""


def from_strings(name: str, column: Any, *, classes: int = 10_000, comma: bool = False) -> Column:
    """Read a text column as numbers where every cell is one, otherwise leave it.

    Text misses only its empty cells. Numbers also miss ``NA``, ``NaN``, ``null`` and ``None``. Codes such as
    ``007``
    and whole numbers beyond 64 bits stay text. The characters of decimal numbers are kept where there are few
    enough of them to be labels.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        Strings; null where the cell is empty.
    classes : int
        Most different decimal numbers whose characters are kept.
    comma : bool
        Whether numbers may be written ``1,5``, as is usual where semicolons delimit.

    Examples
    --------
    >>> from_strings("x", pa.chunked_array([["1.0", "NA", "2.50"]])).values.to_pylist()
    [1.0, None, 2.5]
    >>> from_strings("x", pa.chunked_array([["007", "8"]])).values.to_pylist()
    ['007', '8']
    """
    if column.null_count == len(column):
        return Column(column)
    if comma and pc.all(pc.match_substring_regex(column, _COMMA)).as_py():
        found = from_strings(name, pc.replace_substring(column, ",", "."), classes=classes)
        if not pa.types.is_string(found.values.type) and pc.any(pc.match_substring(column, ",")).as_py():
            return Column(found.values, column, f"Column {name!r} holds numbers with decimal commas.")
    try:
        return _whole(column, column)
    except pa.ArrowInvalid:
        pass
    kept, note = column, ""
    try:
        values = pc.cast(column, pa.float64())
    except pa.ArrowInvalid:
        if not _may_be_numbers(column):
            return Column(column)
        trimmed = pc.ascii_trim_whitespace(column)
        absent = pc.fill_null(pc.is_in(trimmed, value_set=pa.array(MISSING_NUMBERS)), False)
        kept = pc.if_else(absent, pa.scalar(None, pa.string()), column)
        cells = pc.if_else(absent, pa.scalar(None, pa.string()), trimmed)
        if kept.null_count == len(kept):
            return Column(column)
        n = kept.null_count - column.null_count
        note = f"Column {name!r} holds numbers; took {n:,} cells such as 'NA' as missing." if n else ""
        try:
            return Column(_whole(cells, column).values, kept, note)
        except pa.ArrowInvalid:
            pass
        try:
            values = pc.cast(cells, pa.float64())
        except pa.ArrowInvalid:
            return Column(column)
    if pc.any(pc.is_nan(values)).as_py():
        values = pc.if_else(pc.is_nan(values), pa.scalar(None, pa.float64()), values)
        kept = pc.if_else(pc.is_null(values), pa.scalar(None, pa.string()), kept)
        if values.null_count == len(values):
            return Column(column)
    few = (
        pc.count_distinct(values.slice(0, 4 * classes)).as_py() <= classes
        and pc.count_distinct(values).as_py() <= classes
    )
    # Looking at every character is only worth it where the column may be a code: few values, or huge ones.
    huge = pc.max(pc.abs(values)).as_py() >= 2**53
    looked_at = kept if few or huge else kept.slice(0, classes)
    if pc.any(pc.match_substring_regex(looked_at, _CODE)).as_py():
        return Column(column)
    return Column(values, kept if few else None, note)


def _whole(cells: Any, column: Any) -> Column:
    """Whole numbers, if writing them again gives the same characters; otherwise ArrowInvalid."""
    values = pc.cast(cells, pa.int64())
    if not pc.all(pc.equal(pc.cast(values, pa.string()), cells)).as_py():
        raise pa.ArrowInvalid("not written the usual way")
    return Column(values)


def _may_be_numbers(column: Any) -> bool:
    """Whether the first cells are numbers or marks of a missing one: saves the long way for texts."""
    first = [v.strip() for v in column.slice(0, 2000).drop_null().to_pylist()[:200]]
    return all(v in MISSING_NUMBERS or _is_float(v) for v in first)


def _is_float(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell


def from_values(name: str, values: Sequence[Any]) -> Column:
    """Give Python values (of JSON, of Excel) one type; where they mix, text.

    Lists of plain values stay lists, objects become their JSON text.

    Examples
    --------
    >>> from_values("label", ["a", 1, None]).values.to_pylist()
    ['a', '1', None]
    >>> from_values("tags", [["a", "b"], "c", []]).values.to_pylist()
    [['a', 'b'], ['c'], []]
    """
    kinds = {type(v) for v in values} - {type(None)}
    note = ""
    if (kinds and kinds <= {bool}) or not kinds - {str}:
        pass
    elif kinds <= {int, float}:
        if all(abs(v) < 2**63 for v in values if type(v) is int):
            if float in kinds:
                values = [None if v is None or v != v else float(v) for v in values]
        else:
            values, note = (
                [as_text(v) for v in values],
                f"Column {name!r} has numbers beyond 64 bits; read as text.",
            )
    elif (
        list in kinds
        and all(type(x) not in (list, dict) for v in values if type(v) is list for x in v)
        and dict not in kinds
    ):
        values = [
            None if v is None else [as_text(x) for x in v] if type(v) is list else [as_text(v)]
            for v in values
        ]
        if kinds != {list}:
            note = f"Column {name!r} mixes lists and single values; read each as a list."
    else:
        if kinds & {list, dict}:
            note = f"Column {name!r} holds nested objects; kept as their JSON text."
        elif len(kinds) > 1:
            mixed = " and ".join(sorted(_KINDS.get(k, k.__name__) for k in kinds))
            note = f"Column {name!r} mixes {mixed}; read as text."
        values = [as_text(v) for v in values]
    if not {type(v) for v in values} - {type(None), str}:
        values, kind = (
            [_whole_characters(v) if v is not None and not v.isascii() else v or None for v in values],
            pa.string(),
        )
    elif any(type(v) is list for v in values):
        values = [
            None if v is None else [None if x is None else _whole_characters(x) for x in v] for v in values
        ]
        kind = pa.list_(pa.string())
    else:
        kind = None
    parts = [pa.array(values[i : i + _SLICE], kind) for i in range(0, len(values), _SLICE)]
    if len({part.type for part in parts}) > 1:  # a stretch without any value
        kind = next(part.type for part in parts if not pa.types.is_null(part.type))
        parts = [part.cast(kind) for part in parts]
    return Column(pa.chunked_array(parts or [pa.array([], kind)]), note=note)


_KINDS = {
    str: "text",
    int: "numbers",
    float: "numbers with decimals",
    bool: "true/false",
    list: "lists",
    dict: "objects",
}


def as_text(value: Any) -> str | None:
    """Give the characters of a value: text as it is, everything else as JSON writes it."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _whole_characters(text: str) -> str:
    """Replace halves of characters (lone surrogates), which JSON can write and UTF-8 cannot."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
