"""Read JSON lines, and JSON arrays of objects, row by row with Python's own parser."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from labelwright.errors import InputError
from labelwright.files.encoding import survey
from labelwright.files.exports import from_doccano, from_label_studio, is_doccano, is_label_studio
from labelwright.files.limits import Limits, size
from labelwright.files.parts import Content
from labelwright.files.source import Source
from labelwright.files.typed import from_values


def read_json(source: Source, *, form: str | None = None) -> Content:
    """Read JSON lines or an array of objects; keys become columns, keys a row lacks are missing.

    Exports of Label Studio (array of tasks) and doccano (lines) are recognised, or demanded by `form`.

    Raises
    ------
    InputError
        When a line is no JSON object, is nested too deeply, or there are no rows.
    """
    text = survey(source)
    with text.open() as file:
        array = file.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")
    with text.open() as file:
        lines = io.TextIOWrapper(file, "utf-8-sig", newline="\n")
        pairs = _array(lines, source) if array else _lines(lines, source)
        rows = list(_objects(pairs, source.path, "item" if array else "line"))
    if not rows:
        raise InputError(f"{source.path} holds no rows; check the export")
    kind, notes = "table", list(text.notes)
    if form == "label-studio" or (form is None and array and is_label_studio(rows)):
        rows, more = from_label_studio(rows, source.path)
        kind, notes = "label-studio", notes + more
    elif form == "doccano" or (form is None and is_doccano(rows)):
        rows, more = from_doccano(rows, source.path)
        kind, notes = "doccano", notes + more
    data, more = table_of(rows, source.path, source.limits)
    return Content(data, (*notes, *more), kind=kind, lines=not array)


def table_of(rows: list[dict[str, Any]], path: Path, limits: Limits) -> tuple[Any, list[str]]:
    """Columns from dictionaries, with notes on types that mix."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    if len(names) > limits.columns:
        raise InputError(
            f"{path}: {len(names):,} different keys, and the limit is {limits.columns:,}; "
            "keys should be column names, not values"
        )
    if len(names) * len(rows) > limits.cells:
        raise InputError(
            f"{path}: {len(rows):,} rows x {len(names):,} keys are more than {limits.cells:,} cells; "
            "save it as Parquet, or raise Limits(cells=...)"
        )
    if not names:
        raise InputError(f"{path} holds only empty objects; each row needs keys such as 'text' and 'label'")
    clean = {name: name.encode("utf-8", "replace").decode().strip() or "unnamed" for name in names}
    if len(set(clean.values())) < len(names):
        raise InputError(f"{path}: two keys differ only in white space; rename one")
    columns = {clean[name]: from_values(name, [_cell(row.get(name)) for row in rows]) for name in names}
    return pa.table({name: c.values for name, c in columns.items()}), [
        c.note for c in columns.values() if c.note
    ]


def _cell(value: Any) -> Any:
    """Label Studio's short JSON writes several choices as an object around the list."""
    return value["choices"] if isinstance(value, dict) and list(value) == ["choices"] else value


def _lines(lines: io.TextIOWrapper, source: Source) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield number, parse(line, f"{source.path}, line {number}")


def _array(lines: io.TextIOWrapper, source: Source) -> Iterator[tuple[int, Any]]:
    most = source.limits.document
    whole = lines.read(most + 1)
    if len(whole) > most:
        raise InputError(
            f"{source.path} is one JSON array of more than {size(most)}; "
            "save it as JSON lines (one object per line), or raise Limits(document=...)"
        )
    yield from enumerate(parse(whole, str(source.path)), 1)


def _objects(pairs: Iterator[tuple[int, Any]], path: Path, unit: str) -> Iterator[dict[str, Any]]:
    for number, value in pairs:
        if not isinstance(value, dict):
            raise InputError(
                f"{path}, {unit} {number}: {_KINDS.get(type(value), 'null')} where an object is expected; "
                'write each row as {"text": ..., "label": ...}'
            )
        yield value


_KINDS = {list: "a list", str: "a text", int: "a number", float: "a number", bool: "true or false"}


def parse(text: str, where: str) -> Any:
    """Parse JSON, or say where it is broken."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as problem:
        at = f", line {problem.lineno}" if problem.lineno > 1 else ""
        hint = "; one JSON object has to stand on one line" if text.strip() in ("{", "[") else ""
        raise InputError(
            f"{where}{at}: no valid JSON ({problem.msg}, column {problem.colno}){hint}; correct it"
        ) from problem
    except RecursionError as problem:
        raise InputError(f"{where}: JSON nested too deeply to be a table; flatten it") from problem
    except ValueError as problem:  # a whole number of more than 4300 digits
        raise InputError(f"{where}: {str(problem).partition(';')[0]}; write it as text") from problem
