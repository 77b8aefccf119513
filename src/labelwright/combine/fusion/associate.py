"""Which detection of a new frame belongs to which known thing (Liu et al., 2024)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError

MIN_IOU = 0.3


class Association(NamedTuple):
    """Detections of a frame beside the things known before.

    Attributes
    ----------
    pairs : ndarray (p, 2) of int
        Detection and the thing it shows.
    new : ndarray (u,) of int
        Detections that belong to none.
    ambiguous : ndarray (q, 2) of int
        Things that one detection covers, the best and another: perhaps one thing that was split; test them for merging.
    iou : ndarray (d, m)
        Overlap of every detection with every thing, intersection over union.
    """

    pairs: np.ndarray
    new: np.ndarray
    ambiguous: np.ndarray
    iou: np.ndarray


def associate(masks: ArrayLike, projected: ArrayLike, *, min_iou: float = MIN_IOU) -> Association:
    """Match detections with known things by how their masks overlap, each with one at most.

    A pair matches if its overlap is the largest of its detection and of its thing, and above `min_iou`. A detection
    that overlaps further things by more than that makes each of them an ambiguous pair with the best.

    Parameters
    ----------
    masks : array (d, height, width) of bool
        Detections of the frame; `usable` drops those too small or too large.
    projected : array (m, height, width) of bool
        Where the things known before should be seen; `splat` makes such masks from points.
    min_iou : float in [0, 1), default 0.3

    Returns
    -------
    Association

    Raises
    ------
    InputError
        When shapes differ, masks are not bool, or `min_iou` is out of range.

    Notes
    -----
    Source: S109 (liu2024fmfusion). Of equal overlaps the first counts as the largest.

    Examples
    --------
    >>> left, right = np.array([[1, 1, 0, 0]], bool), np.array([[0, 0, 1, 1]], bool)
    >>> found = associate([left | right, right], [left, right])
    >>> found.pairs.tolist(), found.new.tolist(), found.ambiguous.tolist()
    ([[0, 0], [1, 1]], [], [[0, 1]])
    """
    if not 0 <= min_iou < 1:
        raise InputError(f"min_iou={min_iou!r} must lie in [0, 1)")
    detections, things = mask_stack(masks, "masks"), mask_stack(projected, "projected")
    if len(detections) and len(things) and detections.shape[1:] != things.shape[1:]:
        raise InputError(
            f"masks are {detections.shape[1:]} pixels and projected {things.shape[1:]}; project into the same frame"
        )
    iou = mask_iou(detections, things)
    if not iou.size:
        none = np.empty((0, 2), dtype=np.intp)
        return Association(none, np.arange(len(detections)), none, iou)
    best = iou.argmax(axis=1)
    rows = np.arange(len(detections))
    matched = (iou.argmax(axis=0)[best] == rows) & (iou[rows, best] > min_iou)
    several = [(best[d], m) for d, m in np.argwhere(iou > min_iou) if m != best[d]]
    return Association(
        np.column_stack([rows[matched], best[matched]]),
        rows[~matched],
        np.array(several, dtype=np.intp).reshape(-1, 2),
        iou,
    )


def mask_iou(first: ArrayLike, second: ArrayLike) -> np.ndarray:
    """Intersection over union of every mask of one stack with every one of another: (d, m); 0 for empty ones.

    Examples
    --------
    >>> mask_iou([[[True, True]]], [[[True, False]], [[False, False]]]).tolist()
    [[0.5, 0.0]]
    """
    a, b = (mask_stack(x, n) for x, n in ((first, "first"), (second, "second")))
    if not len(a) or not len(b):
        return np.zeros((len(a), len(b)))
    flat, other = (x.reshape(len(x), -1).astype(np.float32) for x in (a, b))
    both = (flat @ other.T).astype(np.float64)
    union = flat.sum(axis=1)[:, None] + other.sum(axis=1) - both
    return np.where(union > 0, both / np.where(union > 0, union, 1), 0.0)


def usable(masks: ArrayLike, *, min_pixels: int = 100, max_box: float = 0.9) -> np.ndarray:
    """Detections worth keeping: enough pixels, and a box that is not nearly the whole picture: (d,) of bool.

    Parameters
    ----------
    masks : array (d, height, width) of bool
    min_pixels : int, default 100
    max_box : float in (0, 1], default 0.9
        Largest share of the picture that the box around a mask may take.

    Examples
    --------
    >>> whole = np.ones((20, 20), bool)
    >>> usable([whole, np.tri(20, 15, dtype=bool) & False, whole & (np.arange(20) < 12)]).tolist()
    Traceback (most recent call last):
        ...
    labelwright.errors.InputError: masks have different shapes; give one raster of bool per detection
    >>> usable([whole, whole & (np.arange(20) < 2), whole & (np.arange(20) < 12)]).tolist()
    [False, False, True]
    """
    stack = mask_stack(masks, "masks")
    if min_pixels < 0 or not 0 < max_box <= 1:
        raise InputError(f"min_pixels={min_pixels!r} must be at least 0 and max_box={max_box!r} in (0, 1]")
    tall, wide = (_extent(np.asarray(stack.any(axis=axis))) for axis in (2, 1))
    share = tall * wide / max(1, stack.shape[1] * stack.shape[2])
    return np.asarray((stack.sum(axis=(1, 2)) >= min_pixels) & (share <= max_box))


def splat(
    pixels: ArrayLike, shape: tuple[int, int], *, radius: int = 3, min_points: int = 80
) -> np.ndarray | None:
    """Mask of a thing from where its points fall in the frame, thickened; None where too few are visible.

    Parameters
    ----------
    pixels : array (n, 2)
        Row and column of each point; those outside of the frame are not visible.
    shape : (height, width)
    radius : int, default 3
        Pixels by which the mask is thickened (in steps to the four neighbours).
    min_points : int, default 80

    Examples
    --------
    >>> splat([[1, 1]], (3, 3), radius=1, min_points=1).astype(int).tolist()
    [[0, 1, 0], [1, 1, 1], [0, 1, 0]]
    >>> splat([[1, 1], [9, 9]], (3, 3), min_points=2) is None
    True
    """
    from scipy.ndimage import binary_dilation

    places = np.asarray(pixels)
    if places.ndim != 2 or places.shape[1] != 2:
        raise InputError(f"pixels have shape {places.shape}, expected (n, 2): row and column")
    if radius < 0 or min_points < 0:
        raise InputError(f"radius={radius!r} and min_points={min_points!r} must be at least 0")
    cells = np.floor(places).astype(np.int64)
    seen = ((cells >= 0) & (cells < np.array(shape))).all(axis=1)
    if seen.sum() < min_points:
        return None
    mask = np.zeros(shape, dtype=bool)
    mask[tuple(cells[seen].T)] = True
    return np.asarray(binary_dilation(mask, iterations=radius)) if radius else mask


def mask_stack(masks: ArrayLike, name: str) -> np.ndarray:
    """Masks (d, height, width) of bool; an empty list is no masks."""
    try:
        stack = np.asarray(masks)
    except ValueError:
        raise InputError(f"{name} have different shapes; give one raster of bool per detection") from None
    if stack.size == 0 and len(stack) == 0:
        return np.zeros((0, *(stack.shape[1:] if stack.ndim == 3 else (0, 0))), dtype=bool)
    if stack.ndim != 3 or stack.dtype != bool:
        raise InputError(
            f"{name} have shape {stack.shape} and dtype {stack.dtype}, expected bool (masks, height, width); "
            "for numbered objects pass [numbered == i for i in ...]"
        )
    return stack


def _extent(there: np.ndarray) -> np.ndarray:
    """Length from the first to the last True of each row, 0 without any."""
    last = there.shape[1] - there[:, ::-1].argmax(axis=1)
    return np.where(there.any(axis=1), last - there.argmax(axis=1), 0)
