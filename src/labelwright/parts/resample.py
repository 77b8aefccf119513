"""Bootstrap intervals of anything that is a function of sums over items, by matrix products."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from labelwright.progress import progress

CELLS = 4_000_000  # numbers of a table that is held at once


class Interval(NamedTuple):
    """A value and its interval; all NaN where it cannot be told.

    Attributes
    ----------
    value, low, high : float
    """

    value: float
    low: float
    high: float


def bootstrap(
    table: np.ndarray | sparse.csr_matrix,
    unit: np.ndarray,
    times: np.ndarray,
    statistic: Callable[[np.ndarray], np.ndarray],
    *,
    draws: int,
    level: float,
    rng: np.random.Generator,
    show: bool | None = None,
) -> Interval:
    """A statistic of n items with its interval from items drawn with replacement: bias-corrected and accelerated.

    Percentiles of the draws are moved by how far these lie to one side of the value, and by its skewness as leaving
    out each item shows it (Efron, 1987), and taken as far out as Student's t goes, for few items spread less than
    the stock they are from. Draws without a value are left out.

    Parameters
    ----------
    table : array or sparse matrix (u, f)
        What each kind of item adds to the sums: items of which everything is alike are one kind.
    unit : int array (n,)
        Kind of each item.
    times : int array (u,)
        Items of each kind.
    statistic : callable
        Sums (b, f) to values (b,), NaN where there is none.
    draws : int
        0 for none: ends are then NaN.
    level : float in (0, 1)
    rng : numpy.random.Generator
    show : bool, optional
        Whether to show progress; by default where standard error is a terminal.

    Examples
    --------
    >>> x = np.arange(10.0)
    >>> mean = bootstrap(np.column_stack([np.ones(10), x]), np.arange(10), np.ones(10, dtype=int),
    ...     lambda sums: sums[:, 1] / sums[:, 0], draws=1000, level=0.95, rng=np.random.default_rng(0))
    >>> mean.value, bool(2.0 < mean.low < 3.2), bool(5.8 < mean.high < 7.0)
    (4.5, True, True)
    """
    total = np.atleast_2d(times @ table)
    value = float(statistic(total)[0])
    if not draws or np.isnan(value):
        return Interval(value, np.nan, np.nan)
    if len(times) == 1:  # all draws are alike
        return Interval(value, value, value)
    size = max(1, min(draws, CELLS // len(times)))
    values = []
    with progress("bootstrapping", total=draws, show=show) as tick:
        for start in range(0, draws, size):
            weights = _weights(unit, times, min(size, draws - start), rng)
            values.append(statistic(np.asarray(weights @ table)))
            tick(len(weights))
    found = np.concatenate(values)
    found = found[~np.isnan(found)]
    if not len(found):
        return Interval(value, np.nan, np.nan)
    low, high = np.quantile(
        found, _tails(found, value, _skewness(table, times, total, statistic), len(unit), level)
    )
    return Interval(value, float(low), float(high))


def _weights(unit: np.ndarray, times: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
    """How often each kind of item is drawn, draw by draw: (draws, u), rows that sum to n."""
    n, u = len(unit), len(times)
    if 20 * u < n:  # a draw from the multinomial costs as much as some twenty single ones, for each kind
        return rng.multinomial(n, times / n, size=draws).astype(np.float64)
    rows = [np.bincount(unit[rng.integers(n, size=n)], minlength=u) for _ in range(draws)]
    return np.stack(rows).astype(np.float64)


def _skewness(
    table: Any, times: np.ndarray, total: np.ndarray, statistic: Callable[[np.ndarray], np.ndarray]
) -> float:
    """The acceleration: a sixth of the skewness of what single items do to the statistic."""
    size = max(1, CELLS // total.shape[1])
    without = []
    for start in range(0, len(times), size):
        block = table[start : start + size]
        without.append(statistic(total - (block.toarray() if sparse.issparse(block) else block)))
    left = np.concatenate(without)
    known = ~np.isnan(left)
    times, left = times[known], left[known]
    if not len(left):
        return 0.0
    pull = np.average(left, weights=times) - left
    spread = (times * pull**2).sum()
    return float((times * pull**3).sum() / (6 * spread**1.5)) if spread > 1e-24 else 0.0


def _tails(found: np.ndarray, value: float, skew: float, n: int, level: float) -> np.ndarray:
    """Which two percentiles of the draws are the ends."""
    from scipy import stats

    below = np.clip(
        ((found < value).mean() + (found <= value).mean()) / 2, 1 / len(found), 1 - 1 / len(found)
    )
    aside = stats.norm.ppf(below)
    far = np.sqrt(n / max(n - 1, 1)) * stats.t.ppf(0.5 + level / 2, max(n - 1, 1))
    point = aside + np.array([-far, far])
    return np.asarray(stats.norm.cdf(aside + point / np.maximum(1 - skew * point, 0.1)))
