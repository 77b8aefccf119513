"""Pictures as a bad sensor would have taken them."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError


class Corrupted(NamedTuple):
    """Pictures that were made worse, and how.

    Attributes
    ----------
    pictures : float32 array of the shape that was given
        In [0, 1].
    kind : str
    severity : float
    """

    pictures: np.ndarray
    kind: str
    severity: float


def corrupt_pictures(
    pictures: ArrayLike, kind: str, rng: np.random.Generator, *, severity: float = 0.5
) -> Corrupted:
    """Make every picture worse in one way: noise, blur, little contrast, or a patch turned negative.

    Known exactly: what was done and how strongly; the labels stay right.

    Keeps: P(class), and which picture belongs to which label.

    Breaks: that new pictures look like those a model was trained on (covariate shift).

    Source: park2023adapter, among others, adapts to such corruptions.

    Parameters
    ----------
    pictures : array-like (n, height, width) or (n, channels, height, width)
        Numbers in [0, 1].
    kind : {"noise", "blur", "contrast", "patch"}
        Gaussian noise of standard deviation `severity`; a Gaussian filter of ``4 * severity`` pixels; contrast about
        each picture's mean reduced to ``1 - severity``; a square whose side is `severity` of the shorter side, at a
        place of each picture's own, inverted.
    rng : numpy.random.Generator
    severity : float in [0, 1], default 0.5
        0 leaves pictures as they are.

    Raises
    ------
    InputError
        When numbers lie outside [0, 1], the shape is no stack of pictures, or the kind is none of these.

    Examples
    --------
    >>> grey = corrupt_pictures(np.eye(4)[None], "contrast", np.random.default_rng(0), severity=1.0)
    >>> float(grey.pictures.min()), float(grey.pictures.max())
    (0.25, 0.25)
    """
    table = np.asarray(pictures, dtype=np.float32)
    if table.ndim not in (3, 4):
        raise InputError(
            f"pictures have shape {table.shape}, expected (n, height, width) or (n, channels, height, width)"
        )
    if table.size and not (table.min() >= 0 and table.max() <= 1):
        raise InputError(
            f"pictures hold {table.min():g} to {table.max():g}, expected [0, 1]; divide bytes by 255"
        )
    if kind not in KINDS:
        raise InputError(f"kind={kind!r} must be one of {', '.join(map(repr, KINDS))}")
    if not 0 <= severity <= 1:
        raise InputError(f"severity={severity!r} must lie in [0, 1]")
    spoiled = KINDS[kind](table, rng, severity).clip(0, 1).astype(np.float32)
    return Corrupted(spoiled, kind, float(severity))


def _noise(table: np.ndarray, rng: np.random.Generator, severity: float) -> np.ndarray:
    return table + severity * rng.standard_normal(table.shape, dtype=np.float32)


def _blur(table: np.ndarray, rng: np.random.Generator, severity: float) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(table, [0.0] * (table.ndim - 2) + [4 * severity] * 2))


def _contrast(table: np.ndarray, rng: np.random.Generator, severity: float) -> np.ndarray:
    mean = table.mean(axis=tuple(range(1, table.ndim)), keepdims=True)
    return np.asarray(mean + (1 - severity) * (table - mean))


def _patch(table: np.ndarray, rng: np.random.Generator, severity: float) -> np.ndarray:
    height, width = table.shape[-2:]
    side = round(severity * min(height, width))
    hit = np.ones((len(table), height, width), dtype=bool)
    for axis, extent in ((1, height), (2, width)):
        start = rng.integers(0, extent - side + 1, len(table))[:, None]
        place = np.arange(extent)
        inside = (place >= start) & (place < start + side)
        hit &= np.expand_dims(inside, 3 - axis)
    return np.where(hit if table.ndim == 3 else hit[:, None], 1 - table, table)


KINDS: dict[str, Callable[[np.ndarray, np.random.Generator, float], np.ndarray]] = {
    "noise": _noise,
    "blur": _blur,
    "contrast": _contrast,
    "patch": _patch,
}
