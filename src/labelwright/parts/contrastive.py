"""Losses of pairs by their distance: alike together, unlike apart; (n,), never reduced, for NumPy and torch alike."""

import math
from typing import Any

from array_api_compat import array_namespace

from labelwright.errors import InputError
from labelwright.parts import losses
from labelwright.parts.arrays import as_like, floating


def pull_apart(distances: Any, same: Any, *, margin: float = 1.0) -> Any:
    """Distance of pairs of one class, what is missing to `margin` of others: ``s d + (1 - s) max(0, margin - d)``.

    Parameters
    ----------
    distances : array (n,), at least 0
        Euclidean, not squared.
    same : array (n,)
        1 for pairs of one class, 0 for others.
    margin : float > 0, default 1.0

    Examples
    --------
    >>> import numpy as np
    >>> pull_apart(np.array([0.5, 0.25, 3.0]), np.array([1, 0, 0])).tolist()
    [0.5, 0.75, 0.0]
    """
    if not 0 < margin < math.inf:
        raise InputError(f"margin={margin!r} must be a number above 0")
    distances = floating(distances)
    xp = array_namespace(distances)
    same = as_like(same, distances)
    missing = margin - distances
    return same * distances + (1 - same) * xp.where(missing > 0, missing, xp.zeros_like(missing))


def of_pairs(outputs: Any, targets: Any, *, lam: float = 0.4, margin: float = 1.0) -> Any:
    """Cross-entropy of both rows of a pair beside their distance: ``lam (CE_1 + CE_2) + (1 - lam) pull_apart``.

    Parameters
    ----------
    outputs : array (n, 2 k + 1)
        Logits of the first row, of the second, and the distance of their features, as `labelwright.nets.Twin` gives.
    targets : array (n, 2 k + 1)
        Targets of both rows, and 1 where they are of one class, else 0.
    lam : float in [0, 1], default 0.4
    margin : float > 0, default 1.0

    Notes
    -----
    Source: S100.

    Examples
    --------
    >>> import numpy as np
    >>> of_pairs(np.array([[0.0, 0, 0, 0, 0.25]]), np.array([[1.0, 0, 0, 1, 0]])).round(3).tolist()
    [1.005]
    """
    if not 0 <= lam <= 1:
        raise InputError(f"lam={lam!r} must lie between 0 and 1")
    targets = as_like(targets, floating(outputs))
    if outputs.shape != targets.shape or outputs.shape[1] % 2 == 0:
        raise InputError(
            f"outputs have shape {tuple(outputs.shape)} and targets {tuple(targets.shape)}; both hold 2 k + 1 columns"
        )
    k = outputs.shape[1] // 2
    surprise = sum(losses.cross_entropy(outputs[:, at : at + k], targets[:, at : at + k]) for at in (0, k))
    return lam * surprise + (1 - lam) * pull_apart(outputs[:, -1], targets[:, -1], margin=margin)
