"""Read Parquet and Arrow files."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from labelwright.errors import InputError
from labelwright.files.limits import Limits, size
from labelwright.files.parts import Content
from labelwright.files.source import Source

_PROBLEMS = (
    pa.ArrowException,
    OSError,
    ValueError,
    KeyError,
    TypeError,
    MemoryError,
    OverflowError,
    NotImplementedError,
)

# Bytes of a value in memory; of a text at least its offset.
_WIDTHS = {"BOOLEAN": 1, "INT32": 4, "INT64": 8, "INT96": 8, "FLOAT": 4, "DOUBLE": 8, "BYTE_ARRAY": 4}


def read_parquet(source: Source) -> Content:
    """Read a Parquet file, refusing one that would unpack to more than the limit.

    Dictionaries are kept packed while reading, so that one long value repeated a million times is seen
    before it is spread out.
    """
    path, limits = source.path, source.limits
    try:
        with pq.ParquetFile(path) as file:
            meta = file.metadata
            schema = file.schema_arrow
            _check_shape(path, meta.num_rows, len(schema.names), limits)
            _check_size(path, _declared(meta), limits)
            texts = [f.name for f in schema if pa.types.is_string(f.type) or pa.types.is_binary(f.type)]
        with pq.ParquetFile(path, read_dictionary=texts) as file:
            table = file.read(use_threads=False)
    except _PROBLEMS as problem:
        if isinstance(problem, InputError):
            raise
        raise _broken(path, "Parquet", problem) from problem
    return _content(path, table, limits)


def read_arrow(source: Source) -> Content:
    """Read an Arrow file or stream (Feather version 2), checking every offset in it."""
    path, limits = source.path, source.limits
    try:
        with pa.OSFile(str(path)) as file:
            head = file.read(6)
            file.seek(0)
            reader = pa.ipc.open_file(file) if head == b"ARROW1" else pa.ipc.open_stream(file)
            batches, total = [], 0
            for batch in _batches(reader):
                batch.validate(full=True)
                batches.append(batch)
                total += batch.nbytes
                _check_size(path, total, limits)
            table = pa.Table.from_batches(batches, reader.schema)
    except _PROBLEMS as problem:
        if isinstance(problem, InputError):
            raise
        raise _broken(path, "Arrow", problem) from problem
    return _content(path, table, limits)


def _batches(reader: Any) -> Any:
    if hasattr(reader, "num_record_batches"):
        return (reader.get_batch(i) for i in range(reader.num_record_batches))
    return iter(reader)


def _content(path: Path, table: Any, limits: Limits) -> Content:
    _check_shape(path, table.num_rows, table.num_columns, limits)
    if not table.num_rows:
        raise InputError(
            f"{path} has columns ({', '.join(table.column_names[:5])}) but no rows; check the export"
        )
    names = [name.strip() or f"column {j + 1}" for j, name in enumerate(table.column_names)]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"{path} names the column {twice!r} more than once; rename all but one")
    try:
        table.validate(full=True)
        columns = [_plain(path, column, limits) for column in table.columns]
    except (pa.ArrowException, MemoryError, ValueError, TypeError) as problem:
        if isinstance(problem, InputError):
            raise
        raise _broken(path, "table", problem) from problem
    return Content(pa.table(columns, names=names))


def _plain(path: Path, column: Any, limits: Limits) -> Any:
    """Dictionaries spread out, views and bytes as strings; everything else as it is."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        if (
            pa.types.is_string(kind.value_type)
            or pa.types.is_binary(kind.value_type)
            or pa.types.is_large_string(kind.value_type)
        ):
            spread = sum(
                pc.sum(pc.binary_length(chunk.dictionary).take(chunk.indices)).as_py() or 0
                for chunk in column.chunks
            )
            _check_size(path, spread, limits)
        return _plain(path, column.cast(kind.value_type), limits)
    if pa.types.is_binary(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.string())
    return column


def _declared(meta: Any) -> int:
    """Bytes the values take by what the file says of itself, for the types of fixed width."""
    total = 0
    for group in range(meta.num_row_groups):
        for j in range(meta.num_columns):
            column = meta.row_group(group).column(j)
            width = _WIDTHS.get(column.physical_type, meta.schema.column(j).length)
            total += max(column.total_uncompressed_size, column.num_values * width)
    return total


def _check_shape(path: Path, rows: int, columns: int, limits: Limits) -> None:
    if columns > limits.columns:
        raise InputError(
            f"{path}: {columns:,} columns, and the limit is {limits.columns:,}; raise Limits(columns=...)"
        )
    _check_size(path, rows * columns, limits)


def _check_size(path: Path, n: int, limits: Limits) -> None:
    if n > limits.total:
        raise InputError(
            f"{path} unpacks to {size(n)}, and the limit is {size(limits.total)}; raise Limits(total=...)"
        )


def _broken(path: Path, what: str, problem: BaseException) -> InputError:
    reason = str(problem).partition("\n")[0].rstrip(".")[:200] or type(problem).__name__
    return InputError(f"{path} is not an intact {what} file ({reason}); copy or save it again")
