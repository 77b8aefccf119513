"""Pictures kept as JPEG files inside a Parquet column."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from labelwright.errors import need
from labelwright.progress import progress

CIFAR = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def decode(files: Sequence[bytes], side: int, what: str) -> np.ndarray:
    """Pixels (n, side, side, 3) uint8 of pictures that all have this size."""
    pillow: Any = need("PIL.Image", extra="images", purpose="Reading pictures")
    pixels = np.empty((len(files), side, side, 3), np.uint8)
    with progress(f"decoding {what}", total=len(files)) as tick:
        for i, file in enumerate(files):
            with pillow.open(io.BytesIO(file), formats=["JPEG"]) as picture:
                pixels[i] = picture.convert("RGB")
            if i % 1000 == 999:
                tick(1000)
    return pixels
