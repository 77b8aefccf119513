"""Disjoint regions of items, in each of which at least one item is of a class."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError


def messages(weights: np.ndarray, region: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Log P(each item is allowed and the region holds its class | state of one item), that item's own weight left out.

    With A the summed weight of an item and q the share of the region's class in it, the items of a region are
    allowed with probability ``product of A`` and hold the class with probability ``1 - product of (1 - q)``. Products
    without one item are sums of logs from which nothing large is subtracted, so that q of 1e-300 is not lost beside
    an item that is nearly certain.

    Parameters
    ----------
    weights : array (m, k)
        Probability of each class, 0 where it is not allowed. Is overwritten.
    region : array (m,) of int
        From 0, each number at least once.
    held : array (regions,) of int
        Code of the class of each region.

    Returns
    -------
    ndarray (m, k)

    Examples
    --------
    >>> np.exp(messages(np.array([[0.5, 0.5], [0.75, 0.25]]), np.array([0, 0]), np.array([1]))).round(6).tolist()
    [[0.25, 1.0], [0.5, 1.0]]
    """
    column = held[region][:, None]
    own = np.take_along_axis(weights, column, axis=1)[:, 0]
    np.put_along_axis(weights, column, 0.0, axis=1)
    total = own + weights.sum(axis=1)
    share = own / np.where(total > 0, total, 1.0)
    with np.errstate(divide="ignore"):
        allowed = -_sums_of_others(-np.log(np.minimum(total, 1.0)), region)
        present = allowed + np.log(-np.expm1(-_sums_of_others(-np.log1p(-share), region)))
    table = np.repeat(present[:, None], weights.shape[1], axis=1)
    np.put_along_axis(table, column, allowed[:, None], axis=1)
    return table


def disjoint(
    regions: Iterable[tuple[ArrayLike, Any]], n: int, classes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Number of the region of each of n items, -1 for none, and the code of the class of each region.

    Raises
    ------
    InputError
        When a region is empty, leaves the items, shares one with another, or is of an unknown class.

    Examples
    --------
    >>> [a.tolist() for a in disjoint([([0, 2], "b")], 3, np.array(["a", "b"]))]
    [[0, -1, 0], [1]]
    """
    region, held, names = np.full(n, -1, dtype=np.intp), [], classes.tolist()
    for r, (pixels, name) in enumerate(regions):
        rows = np.asarray(pixels)
        if rows.dtype == bool and rows.shape == (n,):
            rows = np.flatnonzero(rows)
        if (
            rows.ndim != 1
            or rows.dtype.kind not in "iu"
            or not rows.size
            or rows.min() < 0
            or rows.max() >= n
        ):
            raise InputError(
                f"region {r} ({name!r}) must hold at least one position from 0 to {n - 1}, or be a mask ({n},)"
            )
        held.append(code_of(name, names, f"region {r}"))
        taken = rows[region[rows] >= 0]
        if len(taken):
            other = region[taken[0]]
            raise InputError(
                f"regions {other} ({names[held[other]]!r}) and {r} ({name!r}) share row {taken[0]}; regions are "
                "disjoint, so take the shared items out of one of them"
            )
        region[rows] = r
    return region, np.array(held, dtype=np.intp)


def renumber(region: np.ndarray, held: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number the regions that have items from 0, and keep their classes.

    Examples
    --------
    >>> [a.tolist() for a in renumber(np.array([-1, 2]), np.array([5, 6, 7]))]
    [[-1, 0], [7]]
    """
    inside = region >= 0
    found, number = np.unique(region[inside], return_inverse=True)
    fresh = np.full(len(region), -1, dtype=np.intp)
    fresh[inside] = number
    return fresh, held[found]


def code_of(name: Any, names: list[Any], where: str) -> int:
    """Position of a class, or an error that says where it was named.

    Examples
    --------
    >>> code_of("b", ["a", "b"], "region 0")
    1
    """
    if name not in names:
        raise InputError(
            f"{where} names class {name!r}, which is not among the classes {names[:9]}; add it to them"
        )
    return names.index(name)


def _sums_of_others(values: np.ndarray, region: np.ndarray) -> np.ndarray:
    """Sum of the values (m,), none negative, of all other items of the region.

    Taking an item's own value off the total loses digits only where it is most of the total, so the largest of each
    region is summed around.
    """
    largest = np.full(region.max(initial=-1) + 1, -1.0)
    np.maximum.at(largest, region, values)
    candidates = np.flatnonzero(values == largest[region])
    top = np.empty(len(largest), dtype=np.intp)
    top[region[candidates]] = candidates
    rest = values.copy()
    rest[top] = 0.0
    total = np.bincount(region, rest, len(largest))
    finite = np.where(np.isinf(values), 0.0, values)
    sums = np.where(np.isinf(values), np.inf, (total + largest)[region] - finite)
    sums[top] = total
    return sums
