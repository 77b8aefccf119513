"""Read Excel workbooks (.xlsx): values only, formulas and macros are never run."""

import datetime
import warnings
from collections.abc import Sequence
from typing import Any

from labelwright.errors import InputError, MissingPackage, need
from labelwright.files.header import check_names
from labelwright.files.limits import Limits
from labelwright.files.parts import Content
from labelwright.files.source import Source, check_zip
from labelwright.files.typed import as_text, from_values


def read_excel(source: Source, *, sheet: str | None = None) -> Content:
    """Read one sheet: the first row with content is the header; formulas give the values saved with them.

    Parameters
    ----------
    sheet : str, optional
        Name of the sheet; by default the first one.

    Raises
    ------
    InputError
        When the workbook is broken, a bomb, or has no such sheet.
    """
    import pyarrow as pa

    path, limits = source.path, source.limits
    check_zip(path, limits=limits)
    openpyxl = need("openpyxl", extra="excel", purpose="Reading Excel workbooks")
    try:
        with warnings.catch_warnings(action="ignore"):
            book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
            try:
                names = [s.title for s in book.worksheets]
                if not names or (sheet is not None and sheet not in names):
                    raise InputError(
                        f"{path} has no sheet {sheet!r}; the sheets are {', '.join(map(repr, names))}"
                    )
                taken = sheet or names[0]
                rows = _rows(book[taken], source, limits)
            finally:
                book.close()
    except (InputError, MissingPackage):
        raise
    except Exception as problem:  # the parser raises whatever a broken workbook leads it to
        raise InputError(
            f"{path} is not an intact Excel workbook ({type(problem).__name__}: "
            f"{str(problem)[:150]}); save it again"
        ) from problem
    if not rows:
        raise InputError(f"{path}: sheet {taken!r} is empty; give a table with a header and one row per item")
    header = [as_text(v) or "" for v in rows[0]]
    names_ = check_names(path, header, limits=limits, line=f"the first row of sheet {taken!r}")
    if len(rows) == 1:
        raise InputError(f"{path}: sheet {taken!r} has a header ({', '.join(names_.names[:5])}) but no rows")
    width = len(header)
    for number, row in enumerate(rows[1:], 2):
        if any(v is not None for v in row[width:]):
            raise InputError(
                f"{path}: sheet {taken!r} has cells right of the header ({number - 1}. data row); "
                "name the column"
            )
    notes = list(names_.notes)
    if len(names) > 1 and sheet is None:
        notes.append(f"Read the first of {len(names)} sheets, {taken!r}.")
    data = {}
    for j, name in enumerate(names_.names):
        column = from_values(name, [row[j] if j < len(row) else None for row in rows[1:]])
        data[name] = column.values
        notes += [column.note] if column.note else []
    return Content(pa.table(data), tuple(notes))


def _rows(sheet: Any, source: Source, limits: Limits) -> list[Sequence[Any]]:
    """Rows with content, without the empty cells at their ends."""
    sheet.reset_dimensions()  # what the sheet says of its size may be wrong by a million
    rows: list[Sequence[Any]] = []
    cells = 0
    for values in sheet.iter_rows(values_only=True):
        cells += len(values) + 1
        if cells > limits.cells:
            raise InputError(
                f"{source.path}: more than {limits.cells:,} cells; save it as CSV, or raise Limits(cells=...)"
            )
        row = [_value(v) for v in values]
        while row and row[-1] is None:
            row.pop()
        if len(row) > limits.columns:
            raise InputError(f"{source.path}: {len(row):,} columns, and the limit is {limits.columns:,}")
        if row:
            rows.append(row)
    return rows


def _value(value: Any) -> Any:
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
