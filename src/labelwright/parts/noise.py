"""Which class is told when another is true: (probs, what was told) -> (k, k), or (L, 2, 2) for tags.

Joints count items by ``[told, true]``; a noise matrix is ``[true, told]`` with rows that sum to 1.
"""

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError
from labelwright.evidence import Evidence, Exact, Marks, as_evidence
from labelwright.evidence.checks import TOLERANCE, check_probs, check_table

# A class nobody was told has no mean to exceed; two is a probability nothing reaches.
NEVER = 2.0
SLACK = 1e-6


def thresholds(probs: ArrayLike, told: Evidence | ArrayLike) -> np.ndarray:
    """Mean probability of each class among the items told to be of it (S065): (k,), or (L, 2) for tags.

    A class that was never told gets 2, which no probability reaches.

    Examples
    --------
    >>> thresholds([[0.8, 0.2], [0.6, 0.4], [0.3, 0.7]], [0, 0, 1]).round(2).tolist()
    [0.7, 0.7]
    """
    evidence = as_evidence(told, np.shape(probs)[-1])
    support = evidence.support(probs)
    if isinstance(evidence, Marks):
        told_as = evidence.marks[..., None] == np.array([0, 1], dtype=np.int8)  # (n, L, 2)
        sums = np.where(told_as, support[..., None], 0.0).sum(axis=0, dtype=np.float64)
        return means(sums, told_as.sum(axis=0))
    codes = _exact(evidence).codes
    known = codes >= 0
    sums = np.bincount(codes[known], weights=support[known], minlength=evidence.n_classes)
    return means(sums, _exact(evidence).counts)


def means(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Thresholds from sums and counts; `NEVER` where there is nothing to average."""
    return np.where(counts > 0, sums / np.maximum(counts, 1), NEVER)


def confident_joint(probs: ArrayLike, told: Evidence | ArrayLike) -> np.ndarray:
    """Count items by what was told and by the class the model is confident of (S065): (k, k), or (L, 2, 2).

    Confident of a class means reaching its threshold; of several, the most probable counts; items confident
    of none do not. The diagonal is at least 1, so that no class counts as wrong throughout.

    Examples
    --------
    >>> confident_joint([[0.9, 0.1], [0.1, 0.9], [0.2, 0.8]], [0, 0, 1]).tolist()
    [[1, 1], [0, 1]]
    """
    from labelwright.parts import kernels

    evidence = as_evidence(told, np.shape(probs)[-1])
    limits = thresholds(probs, evidence)
    joint = np.zeros((*limits.shape, limits.shape[-1]), dtype=np.int64)
    if isinstance(evidence, Marks):
        table = _compilable(check_table(probs, *evidence.marks.shape))
        kernels.count_tags(
            table, evidence.marks, (limits - SLACK).astype(table.dtype), joint, *_masks(table.shape)
        )
    else:
        exact = _exact(evidence)
        table = _compilable(check_probs(probs, len(exact), exact.n_classes))
        kernels.count(
            table, kernels.bits_of(table), exact.codes, (limits - SLACK).astype(table.dtype), joint,
            *_masks(len(table)), TOLERANCE, kernels.bits_of(table.dtype.type(1 + TOLERANCE)),
        )  # fmt: skip
    return at_least_one_right(joint)


def at_least_one_right(joint: np.ndarray) -> np.ndarray:
    """The joint with its diagonal raised to 1."""
    diagonal = np.arange(joint.shape[-1])
    joint = joint.copy()
    joint[..., diagonal, diagonal] = np.maximum(joint[..., diagonal, diagonal], 1)
    return joint


def calibrate(joint: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Scale a confident joint so that its rows add up to how often each class was told; whole numbers.

    Parameters
    ----------
    joint : array (..., k, k)
    counts : array (..., k)

    Examples
    --------
    >>> calibrate(np.array([[3, 1], [0, 2]]), np.array([40, 10])).tolist()
    [[30, 10], [0, 10]]
    """
    total = joint.sum(axis=-1, keepdims=True)
    return round_rows(joint / np.maximum(total, 1) * counts[..., None])


def round_rows(table: np.ndarray) -> np.ndarray:
    """Round to whole numbers so that every row keeps its (rounded) sum; of equal remainders the last is raised first.

    Examples
    --------
    >>> round_rows(np.array([[0.5, 0.25, 0.25]])).tolist()
    [[1, 0, 0]]
    """
    whole = np.round(table)
    missing = (np.round(table.sum(axis=-1)) - whole.sum(axis=-1)).astype(int)
    for place in np.argwhere(missing):
        row = tuple(place)
        order = np.argsort(table[row] - whole[row], kind="stable")
        if missing[row] > 0:
            whole[row][order[::-1][: missing[row]]] += 1
        else:
            whole[row][order[: -missing[row]]] -= 1
    return whole.astype(np.int64)


def matrix(joint: np.ndarray) -> np.ndarray:
    """Noise matrix ``[true, told]`` from a joint ``[told, true]``; a class that is never true tells itself.

    Examples
    --------
    >>> matrix(np.array([[9, 2], [1, 8]])).tolist()
    [[0.9, 0.1], [0.2, 0.8]]
    """
    columns = np.swapaxes(joint, -1, -2).astype(np.float64)
    total = columns.sum(axis=-1, keepdims=True)
    return np.where(total > 0, columns / np.maximum(total, 1e-300), np.eye(joint.shape[-1]))


def _compilable(table: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(table, dtype=np.float32 if table.dtype.itemsize <= 4 else np.float64)


def _masks(shape: int | tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    return np.empty(shape, dtype=bool), np.empty(shape, dtype=bool)


def _exact(evidence: Evidence) -> Exact:
    if not isinstance(evidence, Exact):
        raise InputError(
            f"a confident joint needs one label per item (Exact) or tags (Marks), not {type(evidence).__name__}"
        )
    return evidence
