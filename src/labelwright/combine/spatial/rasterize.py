"""Polygons to masks, in NumPy alone: numbered objects, and background / interior / edge."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from labelwright.combine.spatial.scores import boundaries, objects
from labelwright.errors import InputError

BACKGROUND, INTERIOR, EDGE = 0, 1, 2
FARTHEST = 1e12  # pixels; beyond, a float holds no fraction of one
Ring = ArrayLike
Polygon = Ring | Sequence[Ring]


def fill(polygon: Polygon, shape: tuple[int, int]) -> np.ndarray:
    """Pixels whose centre lies inside a polygon, by the even-odd rule: (height, width) of bool.

    Parameters
    ----------
    polygon : array (m, 2), or a sequence of such rings
        Corners (x, y) in pixels from the upper left corner of the raster, x to the right; the last is joined to the
        first. A ring inside another is a hole. Where a ring crosses itself, or rings overlap, what is covered twice is
        outside.
    shape : (height, width)
        Of the raster; what lies outside is cut off.

    Raises
    ------
    InputError
        When a ring has fewer than 3 corners, or a corner is not finite or beyond 1e12 pixels.

    Notes
    -----
    Each side that crosses the line of centres of a row switches all pixels to its right: O(sides * rows + pixels). The
    centre of the upper left pixel is (0.5, 0.5). Polygons that share a side share no pixel, and leave none between
    them, whichever way round their corners are listed.

    Examples
    --------
    >>> fill([(1, 0), (3, 0), (3, 2), (1, 2)], (2, 4)).astype(int).tolist()
    [[0, 1, 1, 0], [0, 1, 1, 0]]
    """
    filled = np.zeros(_shape(shape), dtype=bool)
    window, inside = _crop(_rings(polygon), filled.shape)
    filled[window] = inside
    return filled


def rasterize(polygons: Sequence[Polygon], shape: tuple[int, int]) -> np.ndarray:
    """Polygons as numbered objects: polygon i becomes i + 1, later ones lie on top, 0 is background.

    Parameters
    ----------
    polygons : sequence of polygons
        As for `fill`.
    shape : (height, width)

    Returns
    -------
    ndarray (height, width) of int32

    Examples
    --------
    >>> rasterize([[(0, 0), (2, 0), (2, 1), (0, 1)], [(1, 0), (3, 0), (3, 1), (1, 1)]], (1, 4)).tolist()
    [[1, 2, 2, 0]]
    """
    drawn = np.zeros(_shape(shape), dtype=np.int32)
    for number, polygon in enumerate(polygons):
        window, inside = _crop(_rings(polygon, f"polygon {number}: "), drawn.shape)
        drawn[window][inside] = number + 1
    return drawn


def rasterize_three_class(
    polygons: Sequence[Polygon], shape: tuple[int, int], *, edge: int = 1
) -> np.ndarray:
    """Polygons as background 0, interior 1 and edge 2, so that touching objects stay apart.

    Edges lie inside their polygon and are drawn last, over the interiors of others.

    Parameters
    ----------
    polygons : sequence of polygons
        As for `fill`.
    shape : (height, width)
    edge : int, default 1
        Width of the edges in pixels. The rim of the raster is no edge.

    Returns
    -------
    ndarray (height, width) of uint8

    Examples
    --------
    >>> rasterize_three_class([[(1, 1), (4, 1), (4, 4), (1, 4)]], (5, 5)).tolist()[2]
    [0, 2, 1, 2, 0]
    """
    classes = np.zeros(_shape(shape), dtype=np.uint8)
    edges = np.zeros(classes.shape, dtype=bool)
    for number, polygon in enumerate(polygons):
        window, inside = _crop(_rings(polygon, f"polygon {number}: "), classes.shape)
        classes[window][inside] = INTERIOR
        edges[window] |= _rim(inside, edge)
    classes[edges] = EDGE
    return classes


def three_class(numbered: ArrayLike, *, edge: int = 1) -> np.ndarray:
    """Numbered objects (height, width) as background 0, interior 1 and edge 2; bool is numbered by `objects`.

    Examples
    --------
    >>> three_class([[1, 1, 1, 2, 2, 0]]).tolist()
    [[1, 1, 2, 2, 2, 0]]
    """
    drawn = objects(numbered, name="numbered")
    classes = (drawn > 0).astype(np.uint8)
    classes[_rim(drawn, edge)] = EDGE
    return classes


def _crop(rings: list[np.ndarray], shape: tuple[int, ...]) -> tuple[tuple[slice, slice], np.ndarray]:
    """Part of the raster that a polygon reaches, one pixel more on all sides, and which of its pixels are inside."""
    x, y = np.concatenate(rings).T
    left, right = _after(x.min(), shape[1]), _after(x.max(), shape[1])
    top, bottom = _after(y.min(), shape[0]), _after(y.max(), shape[0])
    switches = np.zeros((bottom - top, right - left + 1), dtype=bool)
    for ring in rings:
        for ends in zip(ring.tolist(), np.roll(ring, -1, axis=0).tolist()):
            # Always downwards, so that a side gives the same pixels to both polygons that share it.
            (x0, y0), (x1, y1) = sorted(ends, key=lambda corner: corner[1])
            high, low = _after(y0, shape[0]), _after(y1, shape[0])
            if high < low:
                rows = np.arange(high, low)
                crossed = x0 + (rows + 0.5 - y0) / (y1 - y0) * (x1 - x0)
                columns = np.clip(np.ceil(crossed - 0.5), left, right).astype(np.intp)
                switches[rows - top, columns - left] ^= True
    window = slice(max(top - 1, 0), bottom + 1), slice(max(left - 1, 0), right + 1)
    inside = np.zeros(tuple(len(range(*w.indices(s))) for w, s in zip(window, shape)), dtype=bool)
    at = top - window[0].start, left - window[1].start
    inside[at[0] : at[0] + bottom - top, at[1] : at[1] + right - left] = np.logical_xor.accumulate(
        switches, axis=1
    )[:, :-1]
    return window, inside


def _after(x: float, size: int) -> int:
    """Number of the first line of centres at `x` or after it, within the raster."""
    return int(np.clip(np.ceil(x - 0.5), 0, size))


def _rim(numbered: np.ndarray, edge: int) -> np.ndarray:
    """Pixels of objects that are less than `edge` steps from what is no part of the object."""
    if not isinstance(edge, int | np.integer) or edge < 1:
        raise InputError(f"edge={edge!r} must be a whole number of at least 1 pixel")
    left = numbered.copy()
    for _ in range(int(edge)):
        left[boundaries(left)] = 0
    return np.asarray((numbered > 0) & (left == 0))


def _shape(shape: tuple[int, int]) -> tuple[int, int]:
    if np.shape(shape) != (2,) or not all(isinstance(s, int | np.integer) and s > 0 for s in shape):
        raise InputError(f"shape={shape!r} must be (height, width) of at least one pixel each")
    return int(shape[0]), int(shape[1])


def _rings(polygon: Polygon, where: str = "") -> list[np.ndarray]:
    try:
        several = bool(len(polygon)) and np.ndim(polygon[0]) == 2  # type: ignore[arg-type,index]
        found = [np.asarray(ring, dtype=np.float64) for ring in (polygon if several else [polygon])]  # type: ignore[union-attr]
    except (TypeError, ValueError, KeyError):
        raise InputError(
            f"{where}a polygon is {type(polygon).__name__} {str(polygon)[:40]!r}, expected corners (x, y), or rings of "
            "such"
        ) from None
    for ring in found:
        if ring.ndim != 2 or ring.shape[1] != 2 or len(ring) < 3:
            flat = "; np.reshape(ring, (-1, 2)) makes them of COCO's flat lists" if ring.ndim == 1 else ""
            raise InputError(
                f"{where}a ring of the polygon has shape {ring.shape}, expected at least 3 corners (x, y){flat}"
            )
        if not (np.abs(ring) <= FARTHEST).all():
            raise InputError(
                f"{where}a corner of the polygon is NaN, infinite or beyond {FARTHEST:g} pixels; drop or mend it"
            )
    return found
