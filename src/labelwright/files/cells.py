"""Write CSV that a spreadsheet shows and never runs."""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

import numpy as np

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?")


def safe_cell(text: str) -> str:
    """Put ``'`` before text that a spreadsheet would take for a formula.

    These begin with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return. Text that is just a number, such
    as the class ``-1``, is no formula and stays.

    Examples
    --------
    >>> safe_cell("=HYPERLINK(1)"), safe_cell("-1"), safe_cell("- no"), safe_cell("fine")
    ("'=HYPERLINK(1)", '-1', "'- no", 'fine')
    """
    return "'" + text if text.startswith(_DANGEROUS) and not _NUMBER.fullmatch(text) else text


class _UnixLines:
    """End lines with a bare newline, while the csv module still quotes cells that hold a carriage return."""

    def __init__(self, file: TextIO):
        self._write = file.write

    def write(self, line: str) -> int:
        return self._write(line[:-2] + "\n")


def write_cells(file: TextIO, columns: Mapping[str, Any], *, delimiter: str = ",") -> int:
    r"""Write named columns as delimited text and return how many cells needed a ``'``.

    Missing values become empty cells, lists of text are joined by ``|``. Numbers are never touched.

    Parameters
    ----------
    file : text file opened with ``newline=""``
    columns : mapping of str to sequence
        Lists, NumPy arrays, Arrow columns; all of one length.

    Raises
    ------
    ValueError
        When the columns differ in length.

    Examples
    --------
    >>> import io
    >>> out = io.StringIO()
    >>> write_cells(out, {"row": [1, 2], "why": ["=1+1", None]})
    1
    >>> out.getvalue()
    "row,why\n1,'=1+1\n2,\n"
    """
    plain = {name: as_list(values) for name, values in columns.items()}
    lengths = {name: len(values) for name, values in plain.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"columns differ in length: {lengths}")
    writer = csv.writer(_UnixLines(file), delimiter=delimiter, lineterminator="\r\n")
    changed = 0
    guarded = []
    for values in plain.values():
        cells = [_cell(v) for v in values]
        safe = [safe_cell(c) if isinstance(c, str) else c for c in cells]
        changed += sum(a is not b for a, b in zip(cells, safe, strict=True))
        guarded.append(safe)
    header = [safe_cell(str(name)) for name in plain]
    writer.writerow(header)
    rows: Iterable[Sequence[Any]] = zip(*guarded, strict=True)
    writer.writerows(rows)
    return changed + sum(a != str(b) for a, b in zip(header, plain, strict=True))


def as_list(values: Any) -> list[Any]:
    """Python values of a list, array or Arrow column."""
    if hasattr(values, "to_pylist"):
        return list(values.to_pylist())
    if hasattr(values, "tolist"):
        return list(values.tolist())
    return list(values)


def _cell(value: Any) -> Any:
    if value is None or (isinstance(value, (float, np.floating)) and value != value):
        return ""
    if isinstance(value, (list, tuple, set, frozenset)):
        return "|".join(str(v) for v in value)
    if isinstance(value, (bool, int, float, str, np.generic)):
        return value
    return str(value)
