"""Reading the file formats that the sets share."""

import io
from typing import Any

import numpy as np


def parquet(content: bytes) -> Any:
    """Arrow table of a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    return pq.read_table(pa.BufferReader(content))


def npz(content: bytes) -> dict[str, np.ndarray]:
    """Arrays of an npz file; never anything that would need unpickling."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return dict(arrays)
