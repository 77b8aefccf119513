"""Write a table again, in the format it came in."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from labelwright.files.cells import as_list
from labelwright.files.header import NO_DELIMITER
from labelwright.files.table import Table

if TYPE_CHECKING:
    from labelwright.files.output import OutputFolder

_SUFFIX = {"\t": ".tsv"}


def write_like(out: "OutputFolder", source: Table, columns: Mapping[str, Any], stem: str) -> str:
    """Write `source` with `columns` replaced or added, and return the name of the file."""
    import pyarrow as pa

    wrong = {name: len(as_list(v)) for name, v in columns.items() if len(as_list(v)) != len(source)}
    if wrong:
        raise ValueError(f"columns differ in length from the table's {len(source)} rows: {wrong}")
    if source.format == "parquet":
        data = source.data
        for name, values in columns.items():
            column = _as_before(values, source, name, pa)
            at = data.column_names.index(name) if name in data.column_names else None
            data = data.append_column(name, column) if at is None else data.set_column(at, name, column)
        out.write_parquet(f"{stem}.parquet", data)
        return f"{stem}.parquet"
    if source.format == "jsonl":
        merged = {name: as_list(source.data[name]) for name in source.columns}
        merged |= {name: as_list(_as_before(v, source, name, pa)) for name, v in columns.items()}
        lines = (
            json.dumps(dict(zip(merged, row, strict=True)), ensure_ascii=False, default=str)
            for row in zip(*merged.values(), strict=True)
        )
        out.write_text(f"{stem}.jsonl", "\n".join(lines) + "\n")
        return f"{stem}.jsonl"
    # Text columns of numbers go out character by character as they came in: 1.0 stays 1.0.
    texts = {name: _numbers(source, name) for name in source.columns} | dict(columns)
    delimiter = "," if source.delimiter in (None, NO_DELIMITER) else source.delimiter
    name = stem + _SUFFIX.get(delimiter, ".csv")
    out.write_csv(name, texts, delimiter=delimiter)
    return name


def _numbers(source: Table, name: str) -> Any:
    return source.raw.get(name, source.data[name])


def _as_before(values: Any, source: Table, name: str, pa: Any) -> Any:
    """Put new values in the type the column had, if they fit it."""
    plain = [list(v) if isinstance(v, tuple) else v for v in as_list(values)]
    if name not in source.columns:
        return pa.array(plain)
    kind = source.data.schema.field(name).type
    try:
        return pa.array(plain, kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError, OverflowError):
        pass
    try:
        return pa.array(plain, pa.string()).cast(kind)
    except (pa.ArrowException, TypeError):
        return pa.array([None if v is None else str(v) for v in plain])
