"""Polygons to masks, in NumPy alone: numbered objects, and background / interior / edge."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from labelwright.combine.spatial.scores import objects
from labelwright.errors import InputError

BACKGROUND, INTERIOR, EDGE = 0, 1, 2
Ring = ArrayLike
Polygon = Ring | Sequence[Ring]


def fill(polygon: Polygon, shape: tuple[int, int]) -> np.ndarray:
    """Pixels whose centre lies inside a polygon, by the even-odd rule: (height, width) of bool.

    Parameters
    ----------
    polygon : array (m, 2), or a sequence of such rings
        Corners (x, y) in pixels from the upper left corner of the raster, x to the right; the last is joined to the
        first. A ring inside another is a hole.
    shape : (height, width)
        Of the raster; what lies outside is cut off.

    Raises
    ------
    InputError
        When a ring has fewer than 3 corners, or a corner is not finite.

    Notes
    -----
    Each side that crosses the line of centres of a row switches all pixels to its right: O(sides * rows + pixels). The
    centre of the upper left pixel is (0.5, 0.5); polygons that share a side share no pixel.

    Examples
    --------
    >>> fill([(1, 0), (3, 0), (3, 2), (1, 2)], (2, 4)).astype(int).tolist()
    [[0, 1, 1, 0], [0, 1, 1, 0]]
    """
    height, width = _shape(shape)
    switches = np.zeros((height, width + 1), dtype=np.int64)
    for ring in _rings(polygon):
        for (x0, y0), (x1, y1) in zip(ring, np.roll(ring, -1, axis=0)):
            low, high = sorted((y0, y1))
            first, end = (int(np.clip(np.ceil(y - 0.5), 0, height)) for y in (low, high))
            if first >= end:
                continue
            rows = np.arange(first, end)
            x = x0 + (rows + 0.5 - y0) * (x1 - x0) / (y1 - y0)
            columns = np.clip(np.ceil(x - 0.5), 0, width).astype(np.intp)
            switches[rows, columns] += 1
    return np.asarray(np.cumsum(switches, axis=1)[:, :width] % 2 == 1)


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
    for number, polygon in enumerate(polygons, start=1):
        drawn[fill(polygon, shape)] = number
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
    for polygon in polygons:
        inside = fill(polygon, shape)
        classes[inside] = INTERIOR
        edges |= _rim(inside, edge)
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
    for number in np.unique(drawn[drawn > 0]):
        classes[_rim(drawn == number, edge)] = EDGE
    return classes


def _rim(inside: np.ndarray, edge: int) -> np.ndarray:
    from scipy.ndimage import binary_erosion

    if not isinstance(edge, int | np.integer) or edge < 1:
        raise InputError(f"edge={edge!r} must be a whole number of at least 1 pixel")
    return np.asarray(inside & ~binary_erosion(inside, iterations=int(edge), border_value=1))


def _shape(shape: tuple[int, int]) -> tuple[int, int]:
    if len(shape) != 2 or not all(isinstance(s, int | np.integer) and s > 0 for s in shape):
        raise InputError(f"shape={shape!r} must be (height, width) of at least one pixel each")
    return int(shape[0]), int(shape[1])


def _rings(polygon: Polygon) -> list[np.ndarray]:
    several = bool(len(polygon)) and np.ndim(polygon[0]) == 2  # type: ignore[arg-type,index]
    found = [np.asarray(ring, dtype=np.float64) for ring in (polygon if several else [polygon])]  # type: ignore[union-attr]
    for ring in found:
        if ring.ndim != 2 or ring.shape[1] != 2 or len(ring) < 3:
            raise InputError(
                f"a ring of the polygon has shape {ring.shape}, expected at least 3 corners (x, y)"
            )
        if not np.isfinite(ring).all():
            raise InputError("a corner of the polygon is NaN or infinite; drop or mend it")
    return found
