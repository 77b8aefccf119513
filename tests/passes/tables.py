"""The same table in every form a source can read, and small blocks to read it in."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from labelwright.passes import sources


@pytest.fixture(params=[1, 100, 1000])
def small_blocks(request, monkeypatch):
    """Blocks of one row, of a few rows, and of rows that do not divide the table."""
    monkeypatch.setattr(sources, "BLOCK_BYTES", request.param)


def parquet(path, table, groups=7):
    columns = pa.table({f"c{j}": table[:, j] for j in range(table.shape[1])})
    pq.write_table(columns, path, row_group_size=max(1, len(table) // groups))
    return path


def npy(path, table):
    np.save(path, table)
    return path


def memory_map(path, table):
    return np.load(npy(path, table), mmap_mode="r")


# form -> (make it from a table and a folder, the dtype the table is rounded to on the way)
FORMS = {
    "array float64": (lambda t, d: t, np.float64),
    "array float32": (lambda t, d: t.astype(np.float32), np.float32),
    "array float16": (lambda t, d: t.astype(np.float16), np.float16),
    "fortran array": (lambda t, d: np.asfortranarray(t), np.float64),
    "strided array": (lambda t, d: np.repeat(t, 2, axis=0)[::2], np.float64),
    "turned array": (lambda t, d: t[::-1][::-1], np.float64),
    "other byte order": (lambda t, d: t.astype(">f8"), np.float64),
    "lists": (lambda t, d: t.tolist(), np.float64),
    "memory map": (lambda t, d: memory_map(d / "map.npy", t), np.float64),
    "memory map float32": (lambda t, d: memory_map(d / "map32.npy", t.astype(np.float32)), np.float32),
    "npy float64": (lambda t, d: npy(d / "t.npy", t), np.float64),
    "npy float32": (lambda t, d: npy(d / "t32.npy", t.astype(np.float32)), np.float32),
    "npy float16": (lambda t, d: npy(d / "t16.npy", t.astype(np.float16)), np.float16),
    "npy path as text": (lambda t, d: str(npy(d / "text.npy", t)), np.float64),
    "npy other byte order": (lambda t, d: npy(d / "big.npy", t.astype(">f8")), np.float64),
    "parquet float64": (lambda t, d: parquet(d / "t.parquet", t), np.float64),
    "parquet float32": (lambda t, d: parquet(d / "t32.parquet", t.astype(np.float32)), np.float32),
    "parquet one group": (lambda t, d: parquet(d / "one.parquet", t, groups=1), np.float64),
}


def in_memory(table: np.ndarray, dtype: type, folder: Path) -> np.ndarray:
    """What any form must behave like: the rounded table as a contiguous array of single or double precision."""
    return np.ascontiguousarray(table.astype(dtype), dtype=np.float64 if dtype is np.float64 else np.float32)
