"""Read CSV, TSV and other delimited text."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv

from labelwright.errors import InputError
from labelwright.files.encoding import Text, survey
from labelwright.files.header import (
    DELIMITERS,
    FORGOTTEN,
    NO_DELIMITER,
    Names,
    check_names,
    first_records,
    guess_delimiter,
    long_fields,
    looks_like_data,
)
from labelwright.files.limits import size
from labelwright.files.parts import Content
from labelwright.files.source import Source
from labelwright.files.typed import from_strings


@dataclass(frozen=True)
class _Layout:
    delimiter: str
    cells: tuple[str, ...]  # of the header, as they stand in the file
    names: Names
    notes: tuple[str, ...]


def read_delimited(source: Source, *, delimiter: str | None = None) -> Content:
    """Read delimited text: encoding and delimiter are found, quoted fields may hold both and span lines.

    Rows shorter than the header miss their last cells. Rows longer than the header are refused, unless the
    cells too many are empty: guessing which cell belongs where would give items the labels of others.

    Raises
    ------
    InputError
        When there is no header or no row, a row is too long, a quote stays open, or this is no text.
    """
    text = survey(source)
    layout = _layout(text, delimiter)
    notes = [*text.notes, *layout.notes]
    if text.quotes % 2 and (line := _left_open(text, layout)):
        raise InputError(
            f"{source.path}, line {line}: a double quote opens and never closes; close or double it"
        )
    try:
        columns = _strings(text, layout)
    except pa.ArrowInvalid:
        columns = None
    if columns is None:
        mended, more = _mend(text, layout)
        notes += more
        try:
            columns = _parse(pa.BufferReader(mended), layout.cells, ",", block=_block(text, most=len(mended)))
        except pa.ArrowInvalid as problem:
            raise InputError(
                f"{source.path} cannot be read as a table: {_first_line(problem)}; save it again"
            ) from problem
    if not columns or not len(columns[0]):
        raise InputError(
            f"{source.path} has a header ({', '.join(layout.names.names[:5])}) but no rows; check the export"
        )
    return _typed(source, layout, columns, notes)


def _typed(source: Source, layout: _Layout, columns: list[Any], notes: list[str]) -> Content:
    data, raw = {}, {}
    for j, (name, strings) in enumerate(zip(layout.names.names, columns, strict=True)):
        if j in layout.names.invented:
            if strings.null_count < len(strings):
                raise InputError(
                    f"{source.path}: column {j + 1} has cells but no name in the first line; give it one"
                )
            continue
        column = from_strings(name, strings, comma=layout.delimiter == ";")
        data[name] = column.values
        if column.raw is not None:
            raw[name] = column.raw
        if column.note:
            notes.append(column.note)
    return Content(pa.table(data), tuple(notes), raw=raw, delimiter=layout.delimiter)


def _layout(text: Text, delimiter: str | None) -> _Layout:
    limits, path = text.source.limits, text.source.path
    for n in (limits.head, 16 * limits.head):
        with text.open() as file:
            start = file.read(n + 1)
        whole = len(start) <= n
        head = start[:n].decode("utf-8", "ignore").removeprefix("\ufeff")
        first, _, rest = head.partition("\n")
        if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:  # Excel's own hint
            head, delimiter = rest, delimiter or first.strip()[4]
        mark = delimiter or guess_delimiter(head, whole=whole, suffix=text.source.suffix)
        records = first_records(head, mark, whole=whole)
        if records:
            break
    else:
        raise InputError(
            f"{path}: the first line is longer than {size(16 * limits.head)}; check that it is a header"
        )
    names = check_names(path, records[0], limits=limits)
    notes = list(names.notes)
    if mark != "," and delimiter is None and mark != NO_DELIMITER:
        notes.append(f"Delimiter is {DELIMITERS[mark]}.")
    if looks_like_data(records):
        notes.append(FORGOTTEN)
    return _Layout(mark, tuple(records[0]), names, tuple(notes))


def _strings(text: Text, layout: _Layout) -> list[Any] | None:
    """All columns as strings, or None where the reader saw another header than we did."""
    for block in (4 << 20, _block(text, most=text.source.limits.total)):
        with (
            pa.OSFile(str(text.source.path)) if text.plain else pa.PythonFile(text.open(), mode="r") as source
        ):
            try:
                return _parse(source, layout.cells, layout.delimiter, block=block)
            except pa.ArrowInvalid as problem:
                if "straddl" not in str(problem):
                    raise
    return None


def _block(text: Text, *, most: int) -> int:
    return max(1 << 16, min(2 * text.source.limits.line, most + 1, 2**31 - 1))


def _parse(source: Any, cells: tuple[str, ...], delimiter: str, *, block: int) -> list[Any] | None:
    table = pacsv.read_csv(
        source,
        read_options=pacsv.ReadOptions(block_size=block),
        parse_options=pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=pacsv.ConvertOptions(
            column_types={name: pa.string() for name in cells}, null_values=[""], strings_can_be_null=True
        ),
    )
    return table.columns if tuple(table.column_names) == cells else None


def _mend(text: Text, layout: _Layout) -> tuple[memoryview, list[str]]:
    """Write the table again with every row as wide as the header, or say which line cannot be mended."""
    width, path = len(layout.cells), text.source.path
    short: list[int] = []
    held = io.BytesIO()
    out = io.TextIOWrapper(held, "utf-8", newline="")
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(layout.cells)
    for line, row in _records(text, layout):
        if len(row) > width and any(cell.strip() for cell in row[width:]):
            mark = DELIMITERS.get(layout.delimiter, "delimiter")
            raise InputError(
                f"{path}, line {line}: {len(row)} cells where the header has {width} "
                f"({', '.join(layout.names.names[:5])}{', ...' if width > 5 else ''}); put cells that "
                f"contain a {mark} in double quotes"
            )
        if len(row) < width:
            short.append(line)
        writer.writerow((row + [""] * width)[:width])
    out.flush()
    if not short:
        return held.getbuffer(), []
    what = f"{len(short):,} rows have" if len(short) > 1 else "1 row has"
    return held.getbuffer(), [
        f"{what} fewer cells than the header (first: line {short[0]}); the rest is missing."
    ]


def _records(text: Text, layout: _Layout) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of every row below the header, read the slow way that knows its lines."""
    path, width, begin = text.source.path, len(layout.cells), 1
    with text.open() as file, long_fields(text.source.limits.line):
        rows = csv.reader(io.TextIOWrapper(file, "utf-8-sig", newline=""), delimiter=layout.delimiter)
        header = False
        try:
            for row in rows:
                blank = not row or (len(row) == 1 < width and not row[0].strip())
                if header and not blank:
                    yield begin, row
                header = header or tuple(row) == layout.cells
                begin = rows.line_num + 1
        except csv.Error as problem:
            raise InputError(
                f"{path}, line {begin}: {problem}; look for a quote that does not close"
            ) from problem


def _left_open(text: Text, layout: _Layout) -> int:
    """Line of the quote that is still open at the end of the file, or 0."""
    begin = 1
    with text.open() as file, long_fields(text.source.limits.line):
        rows = csv.reader(
            io.TextIOWrapper(file, "utf-8-sig", newline=""), delimiter=layout.delimiter, strict=True
        )
        try:
            for _ in rows:
                begin = rows.line_num + 1
        except csv.Error as problem:
            return begin if "unexpected end" in str(problem) or "limit" in str(problem) else 0
    return 0


def _first_line(problem: Exception) -> str:
    return str(problem).partition("\n")[0].rstrip(".")[:200]
