"""What good labels look like, learned from a few of them, and how unlike them another one is."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError

TAILS = 4.0  # degrees of freedom: heavy enough that one odd feature does not drown the others


class Prior:
    """Independent features of good labels, each about its mean, with tails that stay sensitive far out.

    ``score = -(t + 1) / 2 * sum_j log(1 + ((x_j - mean_j) / spread_j) ** 2 / t)`` with t = 4: the log density of
    Student's t but for a constant; 0 is perfect. NaN counts as 10 spreads away.

    Parameters
    ----------
    features : array (m, d)
        Of m good examples, 3 or more.
    least : array (d,) or float
        Smallest spread: what a feature may differ by without meaning anything.
    defects : bool array (d,), default none
        Features that are best at 0, whatever the examples have on average; their spread is about 0.

    Attributes
    ----------
    mean, spread : array (d,)
    passing : float
        Score that all but a tenth of the examples exceed, each scored by the others.

    Examples
    --------
    >>> prior = Prior([[1.0], [1.2], [0.8], [1.0]], least=0.01)
    >>> bool(prior.score([1.0]) > prior.score([1.5]) > prior.score([3.0]))
    True
    """

    def __init__(
        self, features: ArrayLike, least: ArrayLike | float = 1e-6, defects: ArrayLike | bool = False
    ):
        table = np.asarray(features, dtype=np.float64)
        if table.ndim != 2 or len(table) < 3:
            raise InputError(
                f"{len(table)} good examples cannot show what is usual; give 3 or more, better 20"
            )
        self.least, self.defects = np.asarray(least, dtype=np.float64), np.asarray(defects, dtype=bool)
        self.mean, self.spread = self._of(table)
        others = [Prior._scored(row, *self._of(np.delete(table, i, axis=0))) for i, row in enumerate(table)]
        self.passing = float(np.quantile(others, 0.1))

    def score(self, features: ArrayLike) -> float:
        """How usual the features (d,) are: 0 at best, the lower the odder."""
        return self._scored(np.asarray(features, dtype=np.float64), self.mean, self.spread)

    def _of(self, table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        known = np.isfinite(table)
        count = np.maximum(known.sum(axis=0), 1)
        mean = np.where(self.defects, 0, np.where(known, table, 0).sum(axis=0) / count)
        spread = np.sqrt(np.where(known, (table - mean) ** 2, 0).sum(axis=0) / count)
        return mean, np.maximum(spread, self.least)

    @staticmethod
    def _scored(row: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> float:
        away = np.where(np.isfinite(row), (row - mean) / spread, 10.0)
        return float(-(TAILS + 1) / 2 * np.log1p(away**2 / TAILS).sum())


def preferred(first: float, second: float, margin: float = 0.0) -> float:
    """1 or 2 for the higher of two scores, 0.5 where they differ by no more than `margin`.

    Examples
    --------
    >>> preferred(0.2, 0.9), preferred(0.5, 0.5)
    (2, 0.5)
    """
    if abs(first - second) <= margin:
        return 0.5
    return 1 if first > second else 2


def check_lengths(items: Sequence, good: Sequence) -> None:
    """Items and good labels must come in pairs.

    Raises
    ------
    InputError
        When they do not.
    """
    if len(items) != len(good):
        raise InputError(f"{len(items)} items and {len(good)} good labels; give one label for each item")
