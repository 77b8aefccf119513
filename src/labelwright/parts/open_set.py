"""Classes of which nothing was known beforehand: their share among new rows, and how far chance may move it.

A detector tells known from unknown and errs. `inside` is the mean of what it says of known rows, `outside` of unknown
ones, both in [0, 1] and 1 meaning known; references stand in for unknown rows where there are none.
"""

from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class Within(NamedTuple):
    """Where a share lies with a chance of at least 1 - delta."""

    low: float
    high: float


def extended(probs: ArrayLike, known: ArrayLike) -> np.ndarray:
    """Probabilities of the known classes (n, k) and of being known (n,) as those of k + 1 classes, the last unknown.

    Examples
    --------
    >>> extended([[0.75, 0.25]], [0.5]).tolist()
    [[0.375, 0.125, 0.5]]
    """
    table, each = np.asarray(probs), np.asarray(known)[:, None]
    return np.concatenate([table * each, 1 - each], axis=1)


def source_share(inside: float, outside: float) -> float:
    """Share of known rows at which a detector says "known" on average as often as rows are known.

    Solves ``share * inside + (1 - share) * outside = share``: the balance at which its word is a calibrated posterior.
    A detector that never errs fits every balance, and gets a half.

    Examples
    --------
    >>> round(source_share(0.9, 0.2), 3)
    0.667
    """
    errs = 1 - inside + outside
    return 0.5 if errs <= 0 else outside / errs


def target_share(said: float, inside: float, outside: float) -> float:
    """Share of known rows among rows of which a detector says "known" with this mean, its errors counted out.

    ``(said - outside) / (inside - outside)``, kept in [0, 1]; where the detector tells nothing, `said` itself.

    Examples
    --------
    >>> round(target_share(0.55, 0.9, 0.2), 3)
    0.5
    """
    apart = inside - outside
    return float(np.clip((said - outside) / apart, 0, 1)) if apart != 0 else said


def reach(n: int, delta: float) -> float:
    """How far the mean of `n` independent numbers in [0, 1] lies from its expectation at most, but for `delta`.

    ``sqrt(log(2 / delta) / 2n)``, for every n and every distribution. As Hoeffding's inequality it is about one
    function of the rows, fixed beforehand; as Massart's it holds for all functions that rise with a score at once, and
    so for a line or curve that was drawn with the same rows.

    Examples
    --------
    >>> round(reach(1000, 0.05), 4)
    0.0429
    """
    return float(np.sqrt(np.log(2 / delta) / (2 * n)))


def source_bound(inside: float, outside: float, widths: tuple[float, float]) -> Within:
    """Bound `source_share` where both means may be off by a width each; it rises with both.

    Examples
    --------
    >>> low, high = source_bound(0.9, 0.2, (0.05, 0.02))
    >>> round(low, 2), round(high, 2)
    (0.55, 0.81)
    """
    ends = [
        source_share(*corner) for corner in product(around(inside, widths[0]), around(outside, widths[1]))
    ]
    return Within(min(ends), max(ends))


def target_bound(said: float, inside: float, outside: float, widths: tuple[float, float, float]) -> Within:
    """Bound `target_share` where its three means may be off by a width each.

    The share rises with `said` and falls with the other two, so that its ends lie at corners; they are 0 and 1 where
    the detector may tell nothing.

    Examples
    --------
    >>> low, high = target_bound(0.55, 0.9, 0.2, (0.03, 0.05, 0.02))
    >>> round(low, 2), round(high, 2)
    (0.41, 0.6)
    """
    ends = [around(mean, width) for mean, width in zip((said, inside, outside), widths)]
    if min(ends[1]) <= max(ends[2]):
        return Within(0.0, 1.0)
    shares = [target_share(*corner) for corner in product(*ends)]
    return Within(min(shares), max(shares))


def around(mean: float, width: float) -> tuple[float, float]:
    """Ends of an interval around a mean of numbers in [0, 1]."""
    return max(0.0, mean - width), min(1.0, mean + width)
