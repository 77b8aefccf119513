"""Where the rows of a table come from: an array, a memory map, an .npy file, a Parquet file."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from labelwright.errors import InputError

BLOCK_BYTES = 1 << 22


class Source(ABC):
    """A table of floats (n, k) that is read in blocks of rows, as often as needed.

    Attributes
    ----------
    shape : tuple (n, k)
    dtype : numpy dtype, float32 or float64
    """

    shape: tuple[int, int]
    dtype: np.dtype

    @abstractmethod
    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Contiguous blocks of rows in order, each with the rows it holds."""

    @property
    def rows_per_block(self) -> int:
        """As many rows as fit into four megabytes."""
        return max(1, BLOCK_BYTES // max(1, self.shape[1] * self.dtype.itemsize))

    def _slices(self) -> Iterator[slice]:
        for start in range(0, self.shape[0], self.rows_per_block):
            yield slice(start, min(start + self.rows_per_block, self.shape[0]))


class ArraySource(Source):
    """An array (n, k) in memory; blocks are views where its dtype allows."""

    def __init__(self, table: np.ndarray):
        if table.ndim != 2:
            raise InputError(
                f"probs have shape {table.shape}, expected (n, k): one row per item, one column per class"
            )
        self.table, self.shape, self.dtype = table, table.shape, _float(table.dtype)

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        for rows in self._slices():
            yield rows, np.ascontiguousarray(self.table[rows], dtype=self.dtype)


class NpySource(Source):
    """An .npy file, read block by block; never more than a block in memory. Files that hold objects are refused."""

    def __init__(self, path: Path):
        self.path = path
        try:
            with path.open("rb") as file:
                version = np.lib.format.read_magic(file)
                reader = (
                    np.lib.format.read_array_header_1_0
                    if version == (1, 0)
                    else np.lib.format.read_array_header_2_0
                )
                shape, fortran, dtype = reader(file)
                self._start = file.tell()
        except (OSError, ValueError) as problem:
            raise InputError(f"{path} cannot be read as .npy: {problem}") from None
        if dtype.hasobject or dtype.kind not in "fiub" or len(shape) != 2 or fortran:
            raise InputError(
                f"{path} holds {dtype} of shape {shape}{' in Fortran order' if fortran else ''}, expected a table of "
                "floats (n, k) in C order; save it with numpy.save(path, numpy.ascontiguousarray(probs, 'float32'))"
            )
        self.shape, self._stored, self.dtype = shape, dtype, _float(dtype)

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        buffer = np.empty((self.rows_per_block, self.shape[1]), dtype=self._stored)
        with self.path.open("rb") as file:
            file.seek(self._start)
            for rows in self._slices():
                block = buffer[: rows.stop - rows.start]
                if file.readinto(block.view(np.uint8).data) != block.nbytes:
                    raise InputError(
                        f"{self.path} ends after row {rows.start}, though its header promises {self.shape[0]}"
                    )
                yield rows, block.astype(self.dtype, copy=False)


class ParquetSource(Source):
    """The numeric columns of a Parquet file, read batch by batch."""

    def __init__(self, path: Path):
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.path = path
        try:
            with pq.ParquetFile(path) as file:
                schema, n = file.schema_arrow, file.metadata.num_rows
        except (OSError, pa.ArrowException) as problem:
            raise InputError(f"{path} cannot be read as Parquet: {problem}") from None
        self.names = [f.name for f in schema if pa.types.is_floating(f.type) or pa.types.is_integer(f.type)]
        self.shape = (n, len(self.names))
        single = all(pa.types.is_float32(schema.field(c).type) for c in self.names)
        self.dtype = np.dtype(np.float32 if single else np.float64)

    @property
    def rows_per_block(self) -> int:
        """Four times as many as usual: every batch costs some time per column, whatever its length."""
        return 4 * super().rows_per_block

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        import pyarrow.parquet as pq

        start = 0
        with pq.ParquetFile(self.path, memory_map=False, buffer_size=1 << 20, pre_buffer=False) as file:
            for batch in file.iter_batches(self.rows_per_block, columns=self.names, use_threads=False):
                block = batch.to_tensor(null_to_nan=True, row_major=True).to_numpy()
                yield slice(start, start + batch.num_rows), np.ascontiguousarray(block, dtype=self.dtype)
                start += batch.num_rows


def source_of(table: Any) -> Source:
    """Return the source for an array, a memory map, or the path of an .npy or Parquet file.

    Examples
    --------
    >>> source_of(np.eye(3)).shape
    (3, 3)
    """
    if isinstance(table, Source):
        return table
    if isinstance(table, (str, PathLike)):
        path = Path(table)
        if not path.is_file():
            raise InputError(f"probs: there is no file {path}")
        return NpySource(path) if path.suffix == ".npy" else ParquetSource(path)
    array = np.asarray(table)
    if array.dtype.kind not in "fiub":
        raise InputError(f"probs hold {array.dtype} values, expected numbers in [0, 1]")
    return ArraySource(array)


def _float(dtype: np.dtype) -> np.dtype:
    return (
        dtype
        if dtype in (np.float32, np.float64)
        else np.dtype(np.float32 if dtype == np.float16 else np.float64)
    )
