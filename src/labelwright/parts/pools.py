"""One number per item out of one per tag: (n, L) -> (n,). Tags of which nothing was told (NaN) are left out.

The scores go in as they come from `parts.scores`: higher = more doubtful. An item without any known tag is
NaN.
"""

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError


def worst(scores: ArrayLike) -> np.ndarray:
    """The most doubtful tag decides.

    Examples
    --------
    >>> worst([[0.1, 0.7, 0.2]]).tolist()
    [0.7]
    """
    return _sorted(scores)[0][:, 0]


def mean(scores: ArrayLike) -> np.ndarray:
    """All tags alike.

    Examples
    --------
    >>> mean([[0.25, 0.75, np.nan]]).tolist()
    [0.5]
    """
    table, known = _sorted(scores)
    return _weighted(table, np.arange(table.shape[1]) < known[:, None])


def median(scores: ArrayLike) -> np.ndarray:
    """The tag in the middle (of an even number, the mean of the two).

    Examples
    --------
    >>> median([[0.1, 0.7, 0.2]]).tolist()
    [0.2]
    """
    table, known = _sorted(scores)
    rows = np.arange(len(table))
    last = np.maximum(known - 1, 0)
    return (table[rows, last // 2] + table[rows, (last + 1) // 2]) / 2


def ema(scores: ArrayLike, alpha: float = 0.8) -> np.ndarray:
    """Exponential moving average from the least to the most doubtful tag (Thyagarajan et al., 2022; S007).

    The worst tag weighs ``alpha``, the next ``alpha (1 - alpha)``, and so on; the least doubtful takes what
    is left.

    Parameters
    ----------
    scores : array (n, L)
    alpha : float in (0, 1], default 0.8

    Examples
    --------
    >>> ema([[0.0, 1.0]], alpha=0.8).tolist()
    [0.8]
    """
    if not 0 < alpha <= 1:
        raise InputError(f"alpha={alpha!r} must lie in (0, 1]; 1 keeps only the worst tag")
    table, known = _sorted(scores)
    place = np.arange(table.shape[1])
    weights = np.where(place < known[:, None], alpha * (1 - alpha) ** place, 0.0)
    last = np.maximum(known - 1, 0)
    weights[np.arange(len(table)), last] = (1 - alpha) ** last
    return _weighted(table, weights)


def softmax(scores: ArrayLike, temperature: float = 0.1) -> np.ndarray:
    """Mean weighted by ``exp(score / temperature)``: between `worst` (cold) and `mean` (hot).

    Examples
    --------
    >>> softmax([[0.0, 1.0]], temperature=0.1).round(3).tolist()
    [1.0]
    """
    if not temperature > 0:
        raise InputError(f"temperature={temperature!r} must be positive")
    table, known = _sorted(scores)
    inside = np.arange(table.shape[1]) < known[:, None]
    weights = np.where(inside, np.exp((np.where(inside, table, 0) - table[:, :1]) / temperature), 0.0)
    return _weighted(table, weights)


def _sorted(scores: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Scores with the most doubtful first and NaN last, and how many are known in each row."""
    table = np.asarray(scores)
    if table.ndim != 2 or table.shape[1] == 0:
        raise InputError(f"scores have shape {table.shape}, expected (items, tags) with at least one tag")
    return -np.sort(-table, axis=1), (~np.isnan(table)).sum(axis=1)


def _weighted(table: np.ndarray, weights: np.ndarray) -> np.ndarray:
    total = weights.sum(axis=1)
    pooled = (np.where(weights > 0, table, 0) * weights).sum(axis=1) / np.where(total > 0, total, 1)
    return np.where(np.isnan(table[:, 0]), np.nan, pooled)
