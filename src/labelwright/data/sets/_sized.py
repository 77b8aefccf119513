"""Pictures of different sizes, kept as files inside a Parquet column."""

import io
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from labelwright.errors import need
from labelwright.progress import progress


def padded(files: Sequence[bytes], sizes: np.ndarray, mode: Literal["L", "RGB"], what: str) -> np.ndarray:
    """Pixels of JPEG pictures of several sizes in one array, with zeros below and to the right of each.

    Parameters
    ----------
    files : sequence of bytes (n,)
    sizes : int array (n, 2)
        Height and width of each.
    mode : {"L", "RGB"}
        Grey or colour.
    what : str
        Name for the progress bar.

    Returns
    -------
    uint8 array (n, greatest height, greatest width[, 3])
    """
    pillow: Any = need("PIL.Image", extra="images", purpose="Reading pictures")
    pixels = np.zeros((len(files), *sizes.max(axis=0), *([3] if mode == "RGB" else [])), np.uint8)
    with progress(f"decoding {what}", total=len(files)) as tick:
        for i, file in enumerate(files):
            with pillow.open(io.BytesIO(file), formats=["JPEG"]) as picture:
                pixels[i, : sizes[i, 0], : sizes[i, 1]] = picture.convert(mode)
            tick(1)
    return pixels


def codes(file: bytes) -> np.ndarray:
    """Whole numbers (height, width) of a PNG that holds them as grey levels, uint8 or uint16."""
    pillow: Any = need("PIL.Image", extra="images", purpose="Reading pictures")
    with pillow.open(io.BytesIO(file), formats=["PNG"]) as picture:
        found = np.asarray(picture)
    return found if found.dtype == np.uint8 else found.astype(np.uint16)
