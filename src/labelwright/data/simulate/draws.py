"""Drawing classes, sharing out counts, and the small models that simulators consult."""

from typing import Any

import numpy as np


def edges(chances: np.ndarray) -> np.ndarray:
    """Upper edges of the intervals of [0, 1) that belong to each class, row by row."""
    total = chances.cumsum(axis=1)
    # Divided by the last, so that the last possible class ends at exactly 1: rounding leaves no gap.
    upper: np.ndarray = total / total[:, -1:]
    return upper


def pick(upper: np.ndarray, rows: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """First column whose edge lies above the draw, row by row."""
    picked = np.empty(len(rows), np.intp)
    for start in range(0, len(rows), 2**14):  # in blocks: (n, k) comparisons need not exist at once
        part = slice(start, start + 2**14)
        picked[part] = (draws[part, None] < upper[rows[part]]).argmax(axis=1)
    return picked


def scaled(log_weight: np.ndarray, rate: float) -> np.ndarray:
    """Probabilities min(1, c * exp(log_weight)) with mean `rate`."""
    if rate == 0:
        return np.zeros(len(log_weight))
    low, high = np.log(rate) - log_weight.max(), -log_weight.min()
    for _ in range(60):
        middle = (low + high) / 2
        mean = np.exp(np.minimum(0, middle + log_weight)).mean()
        low, high = (middle, high) if mean < rate else (low, middle)
    return np.exp(np.minimum(0, high + log_weight))


def shared_out(total: int, shares: np.ndarray) -> np.ndarray:
    """Whole numbers nearest to ``total * shares`` that sum to `total` (largest remainders first)."""
    wanted = total * shares / shares.sum()
    # A share that is a whole number but for rounding is not cut down to the one below.
    counts = np.floor(wanted + 1e-9).astype(np.intp)
    order = np.argsort(counts - wanted, kind="stable")
    counts[order[: total - counts.sum()]] += 1
    return counts


def even_sample(codes: np.ndarray, k: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Random rows drawn class by class, as evenly as possible."""
    order = rng.permutation(len(codes))
    turn = np.empty(len(codes), int)  # the how-manieth of its class each item is
    for code in range(k):
        mine = order[codes[order] == code]
        turn[mine] = np.arange(len(mine))
    sample: np.ndarray = order[np.argsort(turn[order], kind="stable")][:size]
    return sample


def seed(rng: np.random.Generator) -> int:
    """A seed for what takes no generator."""
    return int(rng.integers(2**31))


def linear(rng: np.random.Generator) -> Any:
    """Logistic regression on scaled columns."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MaxAbsScaler

    # MaxAbsScaler keeps sparse matrices sparse.
    return make_pipeline(MaxAbsScaler(), LogisticRegression(C=10.0, max_iter=1000, random_state=seed(rng)))
