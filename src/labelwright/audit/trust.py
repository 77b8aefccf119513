"""How far to trust the probabilities behind an audit."""

import warnings
from typing import Any

import numpy as np

from labelwright.errors import DoubtfulInput
from labelwright.evidence import Evidence, Exact, Marks
from labelwright.parts.shares import clopper_pearson

BINS = 10
TOO_GOOD = 0.995


def reliability(probs: np.ndarray, told: Evidence) -> dict[str, Any]:
    """How often the model's answer was the told one, by how sure it was: `predicted`, `observed`, `low`, `high`, `n`.

    Up to ten bins with equal numbers of rows; the interval is Clopper and Pearson's.
    """
    sure, hit = _answers(probs, told)
    order = np.argsort(sure, kind="stable")
    bins = [b for b in np.array_split(order, min(BINS, max(1, len(order) // 20))) if len(b)]
    n = np.array([len(b) for b in bins], dtype=int)
    hits = np.array([int(hit[b].sum()) for b in bins], dtype=int)
    low, high = clopper_pearson(hits, n)
    return {
        "predicted": np.array([float(sure[b].mean()) for b in bins]),
        "observed": hits / np.maximum(n, 1),
        "low": low,
        "high": high,
        "n": n,
    }


def warn_if_in_sample(probs: np.ndarray, told: Evidence) -> list[str]:
    """Warn, and return the sentence, if the probabilities look as though the model had seen the labels."""
    _, hit = _answers(probs, told)
    if len(hit) < 200 or hit.mean() <= TOO_GOOD:
        return []
    said = (
        f"the probabilities agree with {hit.mean():.2%} of the given labels: if the model was trained on these rows, "
        "wrong labels cannot show; use probabilities from cross-validation"
    )
    warnings.warn(said, DoubtfulInput, stacklevel=4)
    return [said[0].upper() + said[1:] + "."]


def _answers(probs: np.ndarray, told: Evidence) -> tuple[np.ndarray, np.ndarray]:
    if isinstance(told, Marks):
        known = told.known
        yes = probs > 0.5
        return np.maximum(probs, 1 - probs)[known], (yes == (told.marks == 1))[known]
    assert isinstance(told, Exact)  # the audit has refused other evidence before
    rows = np.flatnonzero(told.known)
    best = probs[rows].argmax(axis=1)
    return probs[rows, best], best == told.codes[rows]
