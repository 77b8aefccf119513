"""Any frame in, the same kind of frame out (pandas, polars, Arrow, DuckDB relations), through narwhals."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from labelwright.errors import InputError


def is_frame(data: Any) -> bool:
    """Whether `data` is a table with named columns of a kind we know."""
    if isinstance(data, (np.ndarray, list, tuple)) or data is None:
        return False
    import narwhals as nw

    return isinstance(
        nw.from_native(data, pass_through=True, allow_series=False), (nw.DataFrame, nw.LazyFrame)
    )


def names(frame: Any) -> list[str]:
    """Column names of `frame`."""
    import narwhals as nw

    return list(nw.from_native(frame).collect_schema().names())


def column(frame: Any, name: str, *, argument: str = "column") -> np.ndarray:
    """One column of `frame` as an array (n,); missing values become None or NaN.

    Raises
    ------
    InputError
        When there is no such column; the message lists those there are.
    """
    import narwhals as nw

    here = names(frame)
    if name not in here:
        raise InputError(f"{argument}={name!r} is not a column; the columns are {', '.join(map(repr, here))}")
    lazy = nw.from_native(frame).lazy().select(name).collect()
    values = lazy[name]
    if values.dtype in (nw.String, nw.Categorical, nw.Enum, nw.Object, nw.Boolean) or isinstance(
        values.dtype, nw.List
    ):
        array = np.empty(len(values), dtype=object)
        array[:] = [None if v is None or (isinstance(v, float) and v != v) else v for v in values.to_list()]
        return array
    return values.to_numpy()


def drop(frame: Any, name: str) -> Any:
    """`frame` without one of its columns."""
    import narwhals as nw

    return nw.from_native(frame).drop(name).to_native()


def take_rows(frame: Any, rows: np.ndarray) -> Any:
    """Some rows of `frame` by position, as a frame of the same kind."""
    import narwhals as nw

    return nw.from_native(frame)[np.asarray(rows).tolist()].to_native()


def make(columns: Mapping[str, Sequence[Any] | np.ndarray], *, like: Any = None) -> Any:
    """Build a frame from named columns, of the kind of `like`.

    Where `like` is no frame: pandas if it is installed, otherwise an Arrow table.

    Examples
    --------
    >>> import pyarrow as pa
    >>> make({"a": [1, 2]}, like=pa.table({"x": [0]})).column_names
    ['a']
    """
    import pyarrow as pa

    plain = {
        k: v.tolist() if isinstance(v, np.ndarray) and v.dtype == object else v for k, v in columns.items()
    }
    if is_frame(like):
        import narwhals as nw

        backend = nw.from_native(like).implementation
        if backend.is_duckdb() or backend.is_pyarrow():
            return pa.table(plain)
        return nw.from_dict(plain, backend=backend).to_native()
    try:
        import pandas as pd
    except ImportError:
        return pa.table(plain)
    return pd.DataFrame(plain)
