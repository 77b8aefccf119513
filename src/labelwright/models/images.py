"""Pictures to vectors by a small fixed descriptor: gradient orientations and colours on a grid."""

from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np

from labelwright.errors import InputError, need
from labelwright.progress import progress

SIDE = 48
CELLS = 6
ORIENTATIONS = 9


def describe(pictures: Sequence[Any] | np.ndarray, *, show: bool | None = None) -> np.ndarray:
    """Describe each picture by gradient orientations in 6 x 6 cells and mean colours in 4 x 4.

    Parameters
    ----------
    pictures : array (n, h, w) or (n, h, w, 3) of uint8, or list of paths, encoded bytes or arrays
        Everything is scaled to 48 x 48 pixels first.

    Returns
    -------
    ndarray (n, 372) of float32
        Each of the two parts has length 1.

    Examples
    --------
    >>> describe(np.zeros((2, 8, 8), dtype=np.uint8)).shape
    (2, 372)
    """
    found = np.empty((len(pictures), CELLS * CELLS * ORIENTATIONS + 4 * 4 * 3), dtype=np.float32)
    with progress("describing pictures", total=len(pictures), show=show) as tick:
        for i, picture in enumerate(pictures):
            pixels = _small(picture, i)
            found[i] = np.concatenate([_unit(_orientations(pixels.mean(axis=2))), _unit(_colours(pixels))])
            tick()
    return found


def _small(picture: Any, row: int) -> np.ndarray:
    """The picture as (48, 48, 3) floats from 0 to 1."""
    image = need("PIL.Image", extra="images", purpose="Reading pictures")
    try:
        if isinstance(picture, np.ndarray):
            opened = image.fromarray(picture)
        elif isinstance(picture, bytes):
            import io

            opened = image.open(io.BytesIO(picture))
        elif isinstance(picture, (str, PathLike)):
            opened = image.open(picture)
        else:
            opened = picture
        small = opened.convert("RGB").resize((SIDE, SIDE), image.Resampling.BILINEAR)
    except (OSError, ValueError, TypeError, image.DecompressionBombError) as problem:
        raise InputError(f"picture in row {row} cannot be read: {problem}") from None
    return np.asarray(small, dtype=np.float32) / 255


def _orientations(grey: np.ndarray) -> np.ndarray:
    """Histograms of unsigned gradient directions, weighted by strength, one per cell and normalised there."""
    down, right = np.gradient(np.sqrt(grey))
    strength = np.hypot(down, right)
    turn = (np.arctan2(down, right) % np.pi) / np.pi * ORIENTATIONS
    low = np.floor(turn).astype(int) % ORIENTATIONS
    share = turn - np.floor(turn)
    cell = np.arange(SIDE) * CELLS // SIDE
    place = (cell[:, None] * CELLS + cell[None]) * ORIENTATIONS
    size = CELLS * CELLS * ORIENTATIONS
    histogram = np.bincount((place + low).ravel(), (strength * (1 - share)).ravel(), size)
    histogram += np.bincount((place + (low + 1) % ORIENTATIONS).ravel(), (strength * share).ravel(), size)
    cells = histogram.reshape(-1, ORIENTATIONS)
    return (cells / (np.linalg.norm(cells, axis=1, keepdims=True) + 0.5)).ravel()


def _colours(pixels: np.ndarray) -> np.ndarray:
    return pixels.reshape(4, SIDE // 4, 4, SIDE // 4, 3).mean(axis=(1, 3)).ravel()


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), 1e-12)
