"""Rows that belong to no known class, put aside until some of them make a class."""

from typing import Self

import numpy as np


class Newcomers:
    """Put rows aside and give back groups of them that are dense enough to be a class.

    Parameters
    ----------
    beyond : float
        Distance to the nearest class from which on a row is put aside.
    enough : int, default 30
        Rows before groups are looked for; half as many make a group.

    Attributes
    ----------
    rows : ndarray (m, d)
        Put aside and in no group yet.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> aside = Newcomers(beyond=3.0, enough=20)
    >>> aside.take(rng.normal(size=(15, 2)))
    []
    >>> found = aside.take(rng.normal(size=(15, 2)))
    >>> len(found), len(found[0]) + len(aside.rows)
    (1, 30)
    """

    def __init__(self, beyond: float, enough: int = 30):
        self.beyond, self.enough = beyond, enough
        self.rows = np.empty((0, 0))

    @classmethod
    def contract_examples(cls) -> list[Self]:
        """A small one for the contract suite."""
        return [cls(3.0)]

    @classmethod
    def beside(
        cls, nearest: np.ndarray, levels: tuple[float, float], dimensions: int, enough: int = 30
    ) -> Self:
        """Begin with a line beyond the first share of known rows' distances (n,) and the second of a Gaussian's.

        Examples
        --------
        >>> Newcomers.beside(np.ones(50), (0.95, 0.999), 4).beyond > 4
        True
        """
        from scipy.stats import chi

        line = max(float(np.quantile(nearest, levels[0])), float(chi.ppf(levels[1], dimensions)))
        return cls(line, enough)

    def take(self, rows: np.ndarray) -> list[np.ndarray]:
        """Put rows (m, d) aside and return the groups that were found, which leave."""
        from sklearn.cluster import HDBSCAN

        if len(rows):
            self.rows = np.vstack([self.rows.reshape(-1, rows.shape[1]), rows])
        if len(rows) == 0 or len(self.rows) < self.enough:
            return []
        search = HDBSCAN(min_cluster_size=self.enough // 2, allow_single_cluster=True, copy=True)
        which = search.fit_predict(self.rows)
        found = [self.rows[which == c] for c in range(which.max() + 1)]
        self.rows = self.rows[which < 0]
        return found
