"""How doubtful each label is: (probs, what was told) -> (n,), or (n, L) for tags; higher = look here first.

All scores lie in [0, 1] and are NaN where nothing was told. Probabilities should come from a model that did
not see the row (`labelwright.loops.cross_fit`).
"""

import numpy as np
from numpy.typing import ArrayLike

from labelwright.evidence import Evidence, Exact, as_evidence

Told = Evidence | ArrayLike


def doubt(probs: ArrayLike, told: Told) -> np.ndarray:
    """One minus the probability of the label that was told (self-confidence, turned round).

    Examples
    --------
    >>> doubt([[0.9, 0.1], [0.3, 0.7]], [0, 0]).round(2).tolist()
    [0.1, 0.7]
    """
    return 1 - _support(told, probs)


def margin(probs: ArrayLike, told: Told) -> np.ndarray:
    """How far the best other class leads: ``(1 - (p[told] - max of the others)) / 2``; for tags the same as `doubt`.

    Examples
    --------
    >>> margin([[0.5, 0.4, 0.1]], [1]).round(2).tolist()
    [0.55]
    """
    evidence = _told(told, probs)
    support = _support(evidence, probs)
    if not isinstance(evidence, Exact):
        return 1 - support
    table = np.asarray(probs)
    return (1 - (support - np.minimum(_best_other(table, evidence.codes), 1))) / 2


def entropy(probs: ArrayLike, told: Told | None = None) -> np.ndarray:
    """Entropy of the probabilities as a share of the largest possible: 0 = certain, 1 = all classes alike.

    What was told plays no part, unless it is `Marks`: then each tag has its own entropy (n, L).

    Examples
    --------
    >>> entropy([[1.0, 0.0], [0.5, 0.5]]).tolist()
    [0.0, 1.0]
    """
    table = np.asarray(probs, dtype=np.float64)
    if told is not None and len(_told(told, probs).states) == 2:
        return (_plogp(table) + _plogp(1 - table)) / np.log(2)
    return _plogp(table).sum(axis=1) / np.log(max(2, table.shape[1]))


def entropy_doubt(probs: ArrayLike, told: Told) -> np.ndarray:
    """Doubt that grows with the label's improbability and shrinks with the model's uncertainty.

    ``1 - log(1 + r) / r`` with ``r = entropy / p[told]`` (confidence-weighted entropy): a confident model
    that gives the label little probability scores highest.

    Examples
    --------
    >>> entropy_doubt([[0.9, 0.1], [0.1, 0.9]], [0, 0]).round(2).tolist()
    [0.2, 0.63]
    """
    # The floors keep both limits: a certain model that agrees has no doubt, one that disagrees full doubt.
    support = _support(told, probs).astype(np.float64)
    ratio = np.maximum(entropy(probs, told), 1e-100) / np.maximum(support, 1e-200)
    return 1 - np.log1p(ratio) / ratio


def _told(told: Told, probs: ArrayLike) -> Evidence:
    return as_evidence(told, np.shape(probs)[-1])


def _support(told: Told, probs: ArrayLike) -> np.ndarray:
    return np.minimum(_told(told, probs).support(probs), 1)  # tables may exceed 1 a little


def _best_other(table: np.ndarray, codes: np.ndarray, block: int = 1 << 16) -> np.ndarray:
    """Largest probability of a row outside its told class, without a copy of the whole table."""
    best = np.empty(len(table), dtype=table.dtype)
    step = max(1, block // max(1, table.shape[1]))
    for start in range(0, len(table), step):
        rows = table[start : start + step].copy()
        rows[np.arange(len(rows)), codes[start : start + step]] = 0
        best[start : start + step] = rows.max(axis=1)
    return best


def _plogp(p: np.ndarray) -> np.ndarray:
    return -p * np.log(np.maximum(p, 1e-300))
