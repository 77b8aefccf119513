"""Shares of yes in so many trials, and how far chance can move them."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv

Z95 = 1.959963984540054


def wilson(right: ArrayLike, n: ArrayLike, z: float = Z95) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's interval of a share: low and high, NaN where n is 0 (Wilson, 1927).

    Examples
    --------
    >>> low, high = wilson([9], [10])
    >>> round(float(low[0]), 3), round(float(high[0]), 3)
    (0.596, 0.982)
    """
    n = np.asarray(n, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.asarray(right, dtype=float) / n
        centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * np.sqrt(np.maximum(share * (1 - share), 0) / n + z**2 / (4 * n**2))
    return np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)


def clopper_pearson(hits: ArrayLike, n: ArrayLike, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Exact interval of a share: low and high, never too short, NaN where n is 0 (Clopper and Pearson, 1934).

    Examples
    --------
    >>> low, high = clopper_pearson([9, 0], [10, 10])
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.555, 0.0], [0.997, 0.308])
    """
    hits, n = np.asarray(hits, dtype=float), np.asarray(n, dtype=float)
    tail = (1 - level) / 2
    low = betaincinv(np.maximum(hits, 1), n - np.maximum(hits, 1) + 1, tail)
    high = betaincinv(hits + 1, np.maximum(n - hits, 1), 1 - tail)
    low, high = np.where(hits == 0, 0.0, low), np.where(hits == n, 1.0, high)
    return np.where(n > 0, low, np.nan), np.where(n > 0, high, np.nan)
