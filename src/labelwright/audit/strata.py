"""The share of wrong labels from a look at some rows: those that seem wrong, and a sample of the others."""

import numpy as np
from scipy.special import betaln, gammaln

from labelwright.audit.result import Estimate


def error_rate(
    wrong: np.ndarray, flagged: np.ndarray, seen: np.ndarray, sizes: tuple[int, int], *, level: float = 0.95
) -> Estimate:
    """Estimate the share of wrong labels of a whole set from rows of two strata, each looked at in part.

    In each stratum the rows not seen are as the seen ones (which were drawn without replacement); the posterior of how
    many of them are wrong is beta-binomial with Jeffreys' prior, so a stratum seen in full adds no doubt. The two
    intervals join as in the method of variance estimates recovery.

    Parameters
    ----------
    wrong, flagged, seen : bool array (r,)
        Rows that were put before people: whether the label was found wrong, which stratum, whether there is a verdict.
    sizes : (int, int)
        Rows in the stratum of the flagged and in that of all others.
    level : float, default 0.95

    Returns
    -------
    Estimate
        NaN where a stratum with rows has no verdict.

    Examples
    --------
    >>> wrong = np.array([True] * 30 + [False] * 20 + [True] + [False] * 99)
    >>> flagged = np.arange(150) < 50
    >>> rate = error_rate(wrong, flagged, np.ones(150, bool), (50, 950))
    >>> round(rate.value, 4), round(rate.low, 3), round(rate.high, 3)
    (0.0395, 0.031, 0.071)
    """
    total, value, below, above = sum(sizes), 0.0, 0.0, 0.0
    for stratum, size in zip((flagged, ~flagged), sizes):
        if not size:
            continue
        n, x = int((stratum & seen).sum()), int((wrong & stratum & seen).sum())
        if not n:
            return Estimate(float("nan"), float("nan"), float("nan"))
        start, end = np.searchsorted(
            _wrong_among(size - n, x + 0.5, n - x + 0.5), [(1 - level) / 2, (1 + level) / 2]
        )
        low = 0 if x == 0 else int(start)
        high = size - n if x == n else min(int(end), size - n)
        share, weight = x / n, size / total
        value += weight * share
        below += (weight * (share - (x + low) / size)) ** 2
        above += (weight * ((x + high) / size - share)) ** 2
    return Estimate(value, max(0.0, value - float(np.sqrt(below))), min(1.0, value + float(np.sqrt(above))))


def _wrong_among(n: int, a: float, b: float) -> np.ndarray:
    """Beta-binomial distribution function at 0, ..., n; SciPy's quantiles sum it anew at every step of a search."""
    k = np.arange(n + 1)
    log = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) + betaln(k + a, n - k + b) - betaln(a, b)
    return np.cumsum(np.exp(log))
