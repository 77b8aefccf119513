"""One table of probabilities out of several models' (logarithmic opinion pool), weighted by how well they fit."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize

from labelwright.errors import InputError
from labelwright.evidence import Evidence, Exact, Marks, as_evidence
from labelwright.parts import adjust

ROWS = 20_000  # enough to weigh a handful of models


def blend(
    tables: Sequence[np.ndarray], told: Evidence | ArrayLike, *, rng: np.random.Generator | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Pool out-of-sample probabilities: the product of the tables, each raised to a weight, normalised.

    The weights (0 to 3) are those under which the told labels are most probable; as the models did not see
    the rows and there are only a few weights, this rewards the better calibrated and the more independent
    model, not the one that fits the noise.

    Parameters
    ----------
    tables : sequence of m arrays (n, k), or (n, L) for tags
    told : Evidence or array
        `Exact` or `Marks`; rows of which nothing was told do not count.
    rng : numpy Generator, optional
        Draws the rows to fit on where there are more than 20,000.

    Returns
    -------
    probs : ndarray (n, k) or (n, L) of float32
    weights : ndarray (m,)

    Examples
    --------
    >>> sure, unsure = np.array([[0.9, 0.1], [0.1, 0.9]]), np.array([[0.5, 0.5], [0.5, 0.5]])
    >>> blend([sure, unsure], [0, 1])[0].argmax(axis=1).tolist()
    [0, 1]
    """
    evidence = as_evidence(told, tables[0].shape[1])
    for i, table in enumerate(tables):
        if np.shape(table) != (len(evidence), evidence.n_classes):
            raise InputError(
                f"tables[{i}] has shape {np.shape(table)}, expected {(len(evidence), evidence.n_classes)}: one row per "
                "item, one column per class"
            )
    if len(tables) == 1:
        return np.asarray(tables[0], dtype=np.float32), np.ones(1)
    if isinstance(evidence, Marks):
        known, codes = evidence.known.ravel(), evidence.marks.ravel().astype(np.intp)
        states = [np.stack([1 - t.ravel(), t.ravel()], axis=1) for t in tables]
    elif not isinstance(evidence, Exact):
        raise InputError(
            f"blend weighs tables by one label per item (Exact) or tags (Marks), not {type(evidence).__name__}"
        )
    else:
        codes = evidence.codes
        known, states = codes >= 0, list(tables)
    rows = np.flatnonzero(known)
    if not len(rows):
        raise InputError(
            "told holds no label, so there is nothing to weigh the tables by; average them instead"
        )
    if len(rows) > ROWS:
        rows = np.sort((rng or np.random.default_rng(0)).choice(rows, ROWS, replace=False))
    weights = _weigh(np.stack([adjust.bent(s[rows].astype(np.float64), 1.0) for s in states]), codes[rows])
    pooled = states[0].astype(np.float64)
    pooled = np.clip(pooled, 1e-6, 1) ** weights[0]
    for table, weight in zip(states[1:], weights[1:]):
        pooled *= np.clip(table, 1e-6, 1) ** weight
    pooled /= pooled.sum(axis=1, keepdims=True)
    if isinstance(evidence, Marks):
        pooled = pooled[:, 1].reshape(evidence.marks.shape)
    return pooled.astype(np.float32), weights


def _weigh(logs: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Weights (m,) that maximise the log-likelihood of `codes` (n,) under the pool of `logs` (m, n, k)."""
    m, n, _ = logs.shape
    own = logs[:, np.arange(n), codes]

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        scores = np.tensordot(weights, logs, axes=1)
        scores -= scores.max(axis=1, keepdims=True)
        probs = np.exp(scores)
        total = probs.sum(axis=1)
        value = np.log(total).sum() - scores[np.arange(n), codes].sum()
        probs /= total[:, None]
        gradient = np.einsum("nk,mnk->m", probs, logs) - own.sum(axis=1)
        return value / n + 1e-4 * (weights**2).sum(), gradient / n + 2e-4 * weights

    return minimize(loss, np.full(m, 1 / m), jac=True, method="L-BFGS-B", bounds=[(0, 3)] * m).x
