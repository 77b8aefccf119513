"""When a model may learn from its own word, and from which rows."""

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError


def inverse_shares(codes: ArrayLike, k: int) -> np.ndarray:
    """Chance to draw each class such that common ones are rare: ``(1 - share_c) / (k - 1)``, (k,).

    Examples
    --------
    >>> inverse_shares([0] * 8 + [1, 2], 3).round(2).tolist()
    [0.1, 0.45, 0.45]
    """
    counts = np.bincount(np.asarray(codes), minlength=k)
    if k < 2 or not counts.sum():
        raise InputError(f"there are {k} classes and {int(counts.sum())} rows; at least 2 classes are needed")
    return np.asarray((1 - counts / counts.sum()) / (k - 1))


def surprise(probs: ArrayLike) -> np.ndarray:
    """Entropy of each row of probabilities (n, k) in nats: (n,).

    Examples
    --------
    >>> surprise([[0.5, 0.5], [1.0, 0.0]]).round(3).tolist()
    [0.693, 0.0]
    """
    table = np.asarray(probs, dtype=np.float64)
    return np.asarray(-(table * np.log(np.maximum(table, 1e-300))).sum(axis=1) + 0.0)


def alike(now: ArrayLike, before: ArrayLike) -> float:
    """Cosine between the mean predictions of two batches, (n, k) and (m, k): 1 where the balance looks the same.

    Examples
    --------
    >>> alike([[1.0, 0.0], [0.0, 1.0]], [[0.5, 0.5]])
    1.0
    """
    means = [np.asarray(probs, dtype=np.float64).mean(axis=0) for probs in (now, before)]
    one, two = (mean / np.linalg.norm(mean) for mean in means)
    return float(1 - ((one - two) ** 2).sum() / 2)  # exactly 1 for the same batch


def pseudo_labels(probs: ArrayLike, distances: ArrayLike, *, trust: float, nearer: float) -> np.ndarray:
    """Label rows of which the model is sure, else those that are much nearer to one class than to any other.

    Where the entropy is below `trust` the most probable class; else, where the `gap` of the distances is at least
    `nearer`, the nearest one; else -1.

    Parameters
    ----------
    probs, distances : arrays (n, k)
    trust : float
        In nats.
    nearer : float

    Returns
    -------
    ndarray (n,) of int

    Examples
    --------
    >>> probs = [[0.9, 0.1], [0.5, 0.5], [0.5, 0.5]]
    >>> pseudo_labels(probs, [[9.0, 1.0], [9.0, 1.0], [1.0, 1.5]], trust=0.5, nearer=2.0).tolist()
    [0, 1, -1]
    """
    from labelwright.parts.class_gaussians import gap

    table, far = np.asarray(probs, dtype=np.float64), np.asarray(distances, dtype=np.float64)
    if table.shape != far.shape:
        raise InputError(f"probs have shape {table.shape} and distances {far.shape}; they must match")
    found = np.where(gap(far) >= nearer, far.argmin(axis=1), -1)
    return np.where(surprise(table) < trust, table.argmax(axis=1), found)


def new_output(
    features: ArrayLike, inside: ArrayLike, logits: ArrayLike, *, C: float = 1.0
) -> tuple[np.ndarray, float]:
    """Weights (d,) and bias of one more output of a softmax layer, by maximum likelihood; the others stay as they are.

    The chance of the new class is ``sigmoid(w . z + b - logsumexp(logits))``; w is penalised by ``|w|^2 / 2C``.

    Parameters
    ----------
    features : array (n, d)
    inside : array (n,) of bool
        Which rows are of the new class.
    logits : array (n, k)
        Of the old outputs.
    C : float > 0, default 1.0

    Examples
    --------
    >>> weights, bias = new_output([[-1.0], [1.0]] * 9, [False, True] * 9, np.zeros((18, 1)))
    >>> bool(weights[0] > 1), bool(abs(bias) < 1e-3)
    (True, True)
    """
    from scipy.optimize import minimize
    from scipy.special import expit, logsumexp

    rows = np.column_stack([np.asarray(features, dtype=np.float64), np.ones(len(np.asarray(features)))])
    wanted, offset = np.asarray(inside, dtype=np.float64), logsumexp(np.asarray(logits, float), axis=1)

    def objective(w: np.ndarray) -> tuple[float, np.ndarray]:
        margin = rows @ w - offset
        loss = float((np.logaddexp(0, margin) - wanted * margin).sum()) + (w[:-1] @ w[:-1]) / (2 * C)
        return loss, rows.T @ (expit(margin) - wanted) + np.append(w[:-1], 0) / C

    found = minimize(
        objective, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 500}
    )
    return found.x[:-1], float(found.x[-1])
