"""Losses under another balance, among some of the classes, of sure items alone; as in `labelwright.parts.losses`."""

import math
from typing import Any

from array_api_compat import array_namespace

from labelwright.errors import InputError
from labelwright.parts.arrays import as_like
from labelwright.parts.losses import _pair, cross_entropy, entropy


def logit_adjusted(logits: Any, targets: Any, *, source: Any, target: Any) -> Any:
    """Cross-entropy of ``logits + log source - log target``: logits learn to fit one balance from data of another.

    At the minimum ``softmax(logits)`` is the posterior under the balance `target`, though the items were drawn under
    `source` (S014). With a uniform target it is logit adjustment (Menon et al., 2021).

    Parameters
    ----------
    logits, targets : array (n, k)
    source : array (k,)
        Shares of the classes among these items, above 0.
    target : array (k,) or (n, k)
        Wanted shares, above 0; a row for each item where they differ.

    Examples
    --------
    >>> import numpy as np
    >>> logits = np.log([[0.8, 0.2]])  # under the balance 0.8 : 0.2 nothing is left to explain
    >>> found = logit_adjusted(logits, np.array([[0.5, 0.5]]), source=[0.5, 0.5], target=[0.8, 0.2])
    >>> found.round(3).tolist()
    [0.693]
    """
    xp, logits, targets = _pair(logits, targets)
    before, after = as_like(source, logits), as_like(target, logits)
    k = logits.shape[1]
    if tuple(before.shape) != (k,) or after.shape[-1] != k:
        raise InputError(
            f"source and target have shapes {tuple(before.shape)} and {tuple(after.shape)}, expected ({k},) and "
            f"({k},) or (items, {k})"
        )
    if not bool(xp.all(before > 0)) or not bool(xp.all(after > 0)):
        raise InputError(
            "source or target holds a share of 0, whose logarithm is infinite; smooth them first"
        )
    return cross_entropy(logits + xp.log(before) - xp.log(after), targets)


def among(logits: Any, targets: Any, *, allowed: Any) -> Any:
    """Cross-entropy among the classes that an item could have: the others take no part and get no slope.

    Parameters
    ----------
    logits, targets : array (n, k)
        Targets are 0 where a class is not allowed.
    allowed : array (k,) or (n, k) of bool
        At least one a row, such as the classes of the item's task.

    Examples
    --------
    >>> import numpy as np
    >>> allowed = np.array([True, True, False])
    >>> among(np.array([[0.0, 0.0, 9.0]]), np.array([[1.0, 0.0, 0.0]]), allowed=allowed).round(3).tolist()
    [0.693]
    """
    xp, logits, targets = _pair(logits, targets)
    inside = as_like(allowed, logits, dtype=xp.bool) | xp.zeros_like(logits, dtype=xp.bool)
    if not bool(xp.all(xp.any(inside, axis=1))):
        raise InputError("allowed has a row without any class; leave at least one")
    least = xp.full_like(logits, -float(xp.finfo(logits.dtype).max))
    moved = logits - xp.max(xp.where(inside, logits, least), axis=1, keepdims=True)
    weight = xp.where(inside, xp.exp(xp.where(inside, moved, xp.zeros_like(moved))), xp.zeros_like(moved))
    logs = moved - xp.log(xp.sum(weight, axis=1, keepdims=True))
    return -xp.sum(xp.where(inside, targets * logs, xp.zeros_like(logs)), axis=1)


def reliable_entropy(logits: Any, targets: Any = None, *, most: float = 0.4) -> Any:
    """`entropy` of the items that are sure enough, and 0 of the others, so that these teach nothing.

    The filter of EATA and SAR (Niu et al., 2022; 2023): items with an entropy of `most` times ``log k`` or more have
    noisy slopes.

    Parameters
    ----------
    logits : array (n, k)
    targets : ignored
    most : float in (0, 1], default 0.4
        Share of the largest entropy.

    Departs from the papers: the mean is over all items of a batch, not over those that are left; no weights, no
    sharpness-aware step.

    Examples
    --------
    >>> import numpy as np
    >>> reliable_entropy(np.array([[0.0, 0.0], [3.0, 0.0]])).round(3).tolist()
    [0.0, 0.191]
    """
    if not 0 < most <= 1:
        raise InputError(f"most={most!r} must lie in (0, 1]")
    found = entropy(logits)
    xp = array_namespace(found)
    return xp.where(found < most * math.log(logits.shape[1]), found, xp.zeros_like(found))
