"""Verdicts from paired differences over seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy import stats

from labelwright.papers.claim import Ahead, Claim

EXACT = 6  # up to so many seeds every resample is taken
RESAMPLES = 20_000


@dataclass(frozen=True)
class Difference:
    """A comparison of two arms: mean paired difference, its interval, and what follows.

    Attributes
    ----------
    comparison : Ahead
    mean, low, high : float
        In the unit of the measure, positive where the arm is better.
    verdict : str
        ``holds``, ``fails`` or ``unclear``.
    """

    comparison: Ahead
    mean: float
    low: float
    high: float
    verdict: str


def interval(differences: Sequence[float], level: float = 0.95, *, seed: int = 0) -> tuple[float, float]:
    """Bootstrap interval of the mean of a few numbers (expanded percentiles).

    With few numbers percentiles of the bootstrap are too narrow: they leave out what the sample's own spread does
    not know. The tail is therefore taken as far out as Student's t goes, with the spread scaled by sqrt(n / (n - 1)).
    Up to six numbers all resamples are taken, so nothing is random.

    Examples
    --------
    >>> interval([1.0, 1.0, 1.0, 1.0, 1.0])
    (1.0, 1.0)
    """
    values = np.asarray(differences, dtype=float)
    n = len(values)
    if n <= EXACT:
        means = values[np.array(list(product(range(n), repeat=n)))].mean(axis=1)
    else:
        rows = np.random.default_rng(seed).integers(0, n, size=(RESAMPLES, n))
        means = values[rows].mean(axis=1)
    tail = stats.norm.cdf(-np.sqrt(n / (n - 1)) * stats.t.ppf(0.5 + level / 2, n - 1))
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def compare(claim: Claim, values: dict[str, Sequence[float]]) -> list[Difference]:
    """Compare arms as the claim asks, each interval at a level corrected for their number (Bonferroni).

    Parameters
    ----------
    claim : Claim
    values : dict of str to sequence
        The measure of every arm, seed by seed.
    """
    level = 1 - 0.05 / len(claim.comparisons)
    found = []
    for comparison in claim.comparisons:
        differences = np.subtract(values[comparison.arm], values[comparison.of])
        if not claim.higher_is_better:
            differences = -differences
        low, high = interval(differences.tolist(), level)
        if low > comparison.by:
            verdict = "holds"
        elif high < comparison.by:
            verdict = "fails"
        else:
            verdict = "unclear"
        found.append(Difference(comparison, float(differences.mean()), low, high, verdict))
    return found


def verdict(differences: Sequence[Difference]) -> str:
    """Verdict of the whole claim: it holds if every comparison does, and fails if one does."""
    said = {difference.verdict for difference in differences}
    return "fails" if "fails" in said else "unclear" if "unclear" in said else "holds"
