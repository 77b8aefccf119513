"""Answer or ask an expert: losses for models with one logit more than classes, (logits, targets) -> (n,).

Logits are (n, k + 1), the last one to defer. Targets are (n, k + 1): the first k a soft label, the last whether the
expert is right, in [0, 1], NaN where that is not known (then an item teaches the classes alone). Losses are in nats and
never reduced; NumPy and torch, gradients flow through logits and targets.
"""

from typing import Any

from array_api_compat import array_namespace

from labelwright.errors import InputError
from labelwright.parts.arrays import as_like
from labelwright.parts.losses import binary_cross_entropy, cross_entropy


def softmax(logits: Any, targets: Any) -> Any:
    """Cross-entropy over the classes and "defer": ``-sum_k t_k log p_k - m log p_defer``.

    At its optimum the classes share ``1 / (1 + P(right))`` in proportion to their probabilities, and defer has the
    rest, so defer is the largest where the expert is likelier right than the classifier (Mozannar and Sontag, 2020).
    Where m is not known, the loss is that of the classes among themselves, which has the same optimum for them.

    Parameters
    ----------
    logits, targets : array (n, k + 1)

    Source: the surrogate of S040, there in bits.

    Examples
    --------
    >>> import numpy as np
    >>> softmax(np.zeros((3, 3)), np.array([[1, 0, 0], [1, 0, 1], [1, 0, np.nan]])).round(3).tolist()
    [1.099, 2.197, 0.693]
    """
    xp, targets, known = _parts(logits, targets)
    told = xp.where(known, targets[:, -1], xp.zeros_like(targets[:, -1]))
    whole = xp.concat([targets[:, :-1], told[:, None]], axis=1)
    asked, alone = cross_entropy(logits, whole), cross_entropy(logits[:, :-1], targets[:, :-1])
    return xp.where(known, asked, alone)


def one_vs_all(logits: Any, targets: Any) -> Any:
    """A logistic loss for each class and one for "the expert is right", summed.

    ``sum_k [t_k f(g_k) + (1 - t_k) f(-g_k)] + m f(g_defer) + (1 - m) f(-g_defer)`` with ``f(g) = log(1 + exp(-g))``.
    At its optimum ``sigmoid(g_defer)`` is the chance that the expert is right (Verma and Nalisnick, 2022).

    Parameters
    ----------
    logits, targets : array (n, k + 1)

    Source: the other surrogate of S040.

    Examples
    --------
    >>> import numpy as np
    >>> one_vs_all(np.zeros((2, 3)), np.array([[1, 0, 0], [1, 0, np.nan]])).round(3).tolist()
    [2.079, 1.386]
    """
    xp, targets, known = _parts(logits, targets)
    terms = xp.astype(known, targets.dtype) + (logits.shape[1] - 1)
    return terms * binary_cross_entropy(logits, targets)


def _parts(logits: Any, targets: Any) -> tuple[Any, Any, Any]:
    """The namespace, the targets beside the logits, and where it is known whether the expert is right."""
    if len(logits.shape) != 2 or logits.shape[1] < 2:
        raise InputError(
            f"logits have shape {tuple(logits.shape)}, expected (items, classes + 1), the last one to defer"
        )
    targets = as_like(targets, logits)
    if targets.shape != logits.shape:
        raise InputError(
            f"targets have shape {tuple(targets.shape)}, expected that of the logits, {tuple(logits.shape)}: "
            "a label, then whether the expert is right"
        )
    return array_namespace(logits), targets, targets[:, -1] >= 0  # false for NaN
