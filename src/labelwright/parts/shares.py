"""Shares of yes in so many trials, and how far chance can move them."""

import numpy as np
from numpy.typing import ArrayLike

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
