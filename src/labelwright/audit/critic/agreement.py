"""How alike two candidate labels are, from 0 to 1."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError


def dice(a: ArrayLike, b: ArrayLike) -> float:
    """Overlap of two masks: twice what both cover over the sum of what each covers; 1 where both are empty.

    Whatever is not 0 counts as covered. Same number, same object: maps that number their objects otherwise still agree.

    Examples
    --------
    >>> dice([[1, 1, 0, 0]], [[0, 1, 1, 0]])
    0.5
    """
    first, second = np.asarray(a) != 0, np.asarray(b) != 0
    if first.shape != second.shape:
        raise InputError(
            f"the masks have shapes {first.shape} and {second.shape}; candidates of an item must match"
        )
    covered = int(first.sum()) + int(second.sum())
    return 2 * int((first & second).sum()) / covered if covered else 1.0


def box_overlaps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union of each box of `a` (m, 4) with each of `b` (l, 4): (m, l). Boxes are x0, y0, x1, y1.

    Examples
    --------
    >>> box_overlaps(np.array([[0, 0, 2, 2.0]]), np.array([[1, 0, 3, 2.0]])).round(3).tolist()
    [[0.333]]
    """
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    sizes = [np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(axis=1) for boxes in (a, b)]
    union = sizes[0][:, None] + sizes[1][None, :] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def box_agreement(a: ArrayLike, b: ArrayLike) -> float:
    """Overlap of two sets of boxes: pairs matched one to one so that their total overlap is largest, as in Dice.

    ``2 * sum of matched overlaps / (m + l)``; 1 where there is no box in either.

    Examples
    --------
    >>> box_agreement([[0, 0, 2, 2]], [[0, 0, 2, 2], [5, 5, 6, 6]])
    0.6666666666666666
    """
    from scipy.optimize import linear_sum_assignment

    first, second = (np.asarray(boxes, dtype=np.float64).reshape(-1, 4) for boxes in (a, b))
    if not len(first) + len(second):
        return 1.0
    overlaps = box_overlaps(first, second)
    matched = overlaps[linear_sum_assignment(overlaps, maximize=True)].sum()
    return float(2 * matched / (len(first) + len(second)))


def same(a: Any, b: Any) -> float:
    """Dice for arrays of one shape that are not numbers of few dimensions; otherwise 1 where equal and 0 where not.

    Examples
    --------
    >>> same("cat", "cat"), same("cat", "dog"), same(np.array([[1, 0]]), np.array([[1, 1]]))
    (1.0, 0.0, 0.6666666666666666)
    """
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        if a.ndim >= 2 and a.dtype != object:
            return 1.0 if a.shape == b.shape and np.array_equal(a, b) else _short_of_equal(dice(a, b))
        return float(np.array_equal(a, b))
    return float(bool(a == b))


def _short_of_equal(value: float) -> float:
    """Maps that cover the same but divide it otherwise are not the same."""
    return min(value, float(np.nextafter(1.0, 0.0)))


def agreement_of(judge: Any) -> Callable[[Any, Any], float]:
    """The judge's own `agreement`, or `same`."""
    return getattr(judge, "agreement", same)
