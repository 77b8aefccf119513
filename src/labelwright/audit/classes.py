"""Class by class: how many labels are wrong, and which classes mix."""

from typing import Any

import numpy as np

from labelwright.audit.result import Estimate
from labelwright.evidence import decode

PAIRS = 200


def by_class(joint: np.ndarray, classes: np.ndarray, issues: np.ndarray, overall: Estimate) -> dict[str, Any]:
    """One row per told class: `class`, `n`, `error_rate`, `low`, `high`, `issues`, `mixes_with`.

    The interval joins what the class's own count leaves open with what is uncertain about the overall rate;
    it is approximate.

    Parameters
    ----------
    joint : ndarray (k, k) or (L, 2, 2)
        Estimated counts ``[told, true]``; for tags the row tells of the marks of that tag, yes and no
        together.
    issues : ndarray (k,)
        How many doubtful rows each told class has.
    """
    counts = joint.sum(axis=-1) if joint.ndim == 2 else joint.sum(axis=(1, 2))
    right = np.diagonal(joint, axis1=-2, axis2=-1)
    wrong = counts - (right if joint.ndim == 2 else right.sum(axis=1))
    n = np.maximum(counts, 1e-9)
    rate = np.clip(wrong / n, 0, 1)
    relative = (overall.high - overall.low) / (2 * 1.96 * max(overall.value, 1e-9))
    spread = 1.96 * np.sqrt((rate * relative) ** 2 + rate * (1 - rate) / np.maximum(n, 1))
    return {
        "class": decode(np.arange(len(classes)), classes),
        "n": np.rint(counts).astype(int),
        "error_rate": rate,
        "low": np.clip(rate - spread, 0, 1),
        "high": np.clip(rate + spread, 0, 1),
        "issues": np.asarray(issues, dtype=int),
        "mixes_with": _nearest_class(joint, classes),
    }


def overlaps(joint: np.ndarray, classes: np.ndarray) -> dict[str, Any]:
    """Pairs of classes by how many labels they seem to have exchanged: `class`, `other`, `n`, `share`; at least one."""
    if joint.ndim == 3 or len(classes) < 2:
        return {"class": [], "other": [], "n": np.empty(0), "share": np.empty(0)}
    exchanged = np.triu(joint + joint.T, 1)
    first, second = np.nonzero(exchanged >= 0.5)
    n = exchanged[first, second]
    order = np.argsort(-n, kind="stable")[:PAIRS]
    first, second, n = first[order], second[order], n[order]
    sizes = joint.sum(axis=1)
    return {
        "class": decode(first, classes),
        "other": decode(second, classes),
        "n": n,
        "share": n / np.maximum(sizes[first] + sizes[second], 1e-9),
    }


def _nearest_class(joint: np.ndarray, classes: np.ndarray) -> np.ndarray:
    if joint.ndim == 3:
        return np.full(len(classes), None, dtype=object)
    exchanged = joint + joint.T
    np.fill_diagonal(exchanged, 0)
    best = exchanged.argmax(axis=1)
    return decode(np.where(exchanged.max(axis=1) >= 0.5, best, -1), classes)
