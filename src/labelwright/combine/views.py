"""What a rule sees of a block of items: one column, or the whole of each."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from labelwright import frames
from labelwright.errors import InputError
from labelwright.evidence.classes import is_missing

NOT_A_LIST = (str, bytes, Mapping, set, frozenset)


class View:
    """A block of items as one rule sees it.

    Parameters
    ----------
    values : list, ndarray, sparse matrix or frame
        What is to be judged, one after the other.
    start : int, default 0
        Row of the first of them among all items, for messages.

    Attributes
    ----------
    missing : ndarray (n,) of bool
        Where there is nothing to judge: None, NaN and their like. Rows of tables are never missing.
    text : pyarrow.Array of string
        The values as text in Unicode's composed form (NFC), made once for all rules.

    Examples
    --------
    >>> View(["a", None]).missing.tolist()
    [False, True]
    """

    def __init__(self, values: Any, start: int = 0):
        self.values, self.start = values, start

    def __len__(self) -> int:
        return n_items(self.values)

    def __iter__(self) -> Iterator[Any]:
        """One item after the other, as a function of one item takes it: rows of a frame as dicts."""
        if frames.is_frame(self.values):
            import narwhals as nw

            for row in nw.from_native(self.values).rows(named=True):
                yield {name: None if is_missing(value) else value for name, value in row.items()}
        elif sparse.issparse(self.values):
            yield from (self.values[[i]] for i in range(len(self)))
        else:
            flat = isinstance(self.values, np.ndarray) and self.values.ndim == 1
            yield from self.values.tolist() if flat else self.values

    @cached_property
    def missing(self) -> np.ndarray:
        if not isinstance(self.values, list) and getattr(self.values, "ndim", 2) > 1:
            return np.zeros(len(self), dtype=bool)
        if isinstance(self.values, np.ndarray) and self.values.dtype.kind in "fiub":
            return np.isnan(self.values)
        return np.fromiter(map(is_missing, self), dtype=bool, count=len(self))

    @cached_property
    def text(self) -> Any:
        import pyarrow as pa
        import pyarrow.compute as pc

        values = [None if gone else value for value, gone in zip(self, self.missing)]
        for row, value in enumerate(values):
            if value is not None and not isinstance(value, str):
                raise InputError(
                    f"row {self.start + row} holds {type(value).__name__} {str(value)[:40]!r} where a rule reads text; "
                    "convert it, or say which column=... holds the text"
                )
        try:
            array = pa.array(values, type=pa.large_string())
        except UnicodeEncodeError as problem:
            raise InputError(
                f"rows {self.start} to {self.start + len(self) - 1} hold text that is no valid Unicode ({problem}); "
                "mend it with text.encode('utf-8', 'replace').decode()"
            ) from None
        plain = pc.all(pc.fill_null(pc.string_is_ascii(array), True)).as_py()
        return array if plain in (True, None) else pc.utf8_normalize(array, form="NFC")


def n_items(items: Any) -> int:
    """Number of items in a list, array, sparse matrix or frame that is in memory."""
    return int(items.shape[0]) if hasattr(items, "shape") else len(items)


def in_memory(items: Any) -> Any:
    """Items that can be cut into blocks: a list, an array, a sparse matrix in rows or a frame in memory.

    Raises
    ------
    InputError
        When there is nothing in it, or it is no collection of items.

    Examples
    --------
    >>> in_memory(np.array(["a", "b"]))
    ['a', 'b']
    """
    if frames.is_frame(items):
        import narwhals as nw

        frame = nw.from_native(items)
        items = (frame.collect() if isinstance(frame, nw.LazyFrame) else frame).to_native()
    elif sparse.issparse(items):
        items = sparse.csr_matrix(items)
    elif isinstance(items, NOT_A_LIST) or not hasattr(items, "__iter__"):
        raise InputError(
            f"items are one {type(items).__name__}; give a list of texts or rows, an array or a frame"
        )
    elif not isinstance(items, np.ndarray):
        items = next((getattr(items, m)() for m in ("to_pylist", "to_list") if hasattr(items, m)), items)
        items = items if isinstance(items, list) else list(items)
    elif items.ndim == 0:
        raise InputError("items are a single value; give one entry per item")
    elif items.ndim == 1 and items.dtype.kind not in "fiub":
        items = items.tolist()
    if n_items(items) == 0:
        raise InputError("items are empty; there is nothing to vote on")
    return items


def cut(items: Any, start: int, stop: int) -> Any:
    """Some consecutive items, as a copy that holds no more than these: what travels to a worker."""
    if frames.is_frame(items):
        return frames.take_rows(items, np.arange(start, stop))
    return items[start:stop]


def pick(items: Any, column: Any) -> Any:
    """One column of a block of items, or the block itself where `column` is None.

    Raises
    ------
    InputError
        When there is no such column, or the items have none.
    """
    if column is None:
        return items
    if frames.is_frame(items):
        return frames.column(items, column)
    if sparse.issparse(items) or (isinstance(items, np.ndarray) and items.ndim == 2):
        width = items.shape[1]
        if not isinstance(column, int | np.integer) or not -width <= column < width:
            raise InputError(
                f"column={column!r} is not a column; of an array with {width} columns give its number, from 0"
            )
        return items[:, [column]].toarray().ravel() if sparse.issparse(items) else items[:, column]
    first = items[0]
    if isinstance(first, Mapping):
        lost = next((row for row in items if column not in row), None)
        if lost is not None:
            raise InputError(
                f"column={column!r} is not in every item; one has {', '.join(map(repr, lost)) or 'none'}"
            )
        return [row[column] for row in items]
    raise InputError(
        f"column={column!r} is asked for, but the items are single {type(first).__name__} values; "
        "leave column out, or give a frame"
    )
