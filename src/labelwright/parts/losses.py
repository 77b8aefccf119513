"""How far a model is from its targets: (logits, targets) -> (n,), never reduced, for NumPy and torch alike.

Logits and targets are (n, k), targets soft; for tags (n, L), where a target may be unknown. Losses are in nats, are
computed in the precision of the logits (at least single) and stay finite, as do their gradients, for finite logits and
for targets that hold zeros. Gradients flow through logits, targets and channels. Targets, channels and groups may be
NumPy arrays beside torch logits. Options bind with `functools.partial(focal, gamma=1.0)`.

`balance` and `proportion` look at the batch as a whole: their mean over the items is the term of the paper.
"""

import math
from typing import Any

from array_api_compat import array_namespace, device

from labelwright.errors import InputError
from labelwright.parts.arrays import as_like, floating


def cross_entropy(logits: Any, targets: Any) -> Any:
    """Surprise at the targets: ``-sum_k t_k log p_k``. A row of zeros tells nothing and costs nothing.

    Examples
    --------
    >>> import numpy as np
    >>> cross_entropy(np.zeros((1, 2)), np.array([[1.0, 0.0]])).round(3).tolist()
    [0.693]
    """
    xp, logits, targets = _pair(logits, targets)
    return -xp.sum(targets * _log_softmax(logits), axis=1)


def generalised_cross_entropy(logits: Any, targets: Any, *, q: float = 0.7) -> Any:
    """A loss that wrong labels cannot dominate: ``sum_k t_k (1 - p_k ** q) / q`` (Zhang and Sabuncu, 2018).

    Between cross-entropy (q towards 0) and ``1 - t @ p`` (q = 1), which for one-hot targets is half the mean absolute
    error and learns slowly but ignores symmetric noise. At most ``1 / q``.

    Parameters
    ----------
    logits, targets : array (n, k)
    q : float in (0, 1], default 0.7

    Departs from the paper: no truncation (its L_trunc).

    Examples
    --------
    >>> import numpy as np
    >>> generalised_cross_entropy(np.zeros((1, 2)), np.array([[1.0, 0.0]]), q=1.0).tolist()
    [0.5]
    """
    if not 0 < q <= 1:
        raise InputError(f"q={q!r} must lie in (0, 1]; towards 0 it is cross_entropy")
    xp, logits, targets = _pair(logits, targets)
    return xp.sum(targets * -xp.expm1(q * _log_softmax(logits)), axis=1) / q


def symmetric_cross_entropy(
    logits: Any, targets: Any, *, alpha: float = 0.1, beta: float = 1.0, floor: float = -4.0
) -> Any:
    """Cross-entropy both ways, which resists wrong labels: ``-alpha sum t log p - beta sum p max(log t, floor)``.

    Parameters
    ----------
    logits, targets : array (n, k)
    alpha, beta : float >= 0, default 0.1 and 1.0
        Weights of the usual and of the reverse direction (Wang et al., 2019, for 10 classes).
    floor : float < 0, default -4.0
        The logarithm of a target of 0 (nats).

    Examples
    --------
    >>> import numpy as np
    >>> symmetric_cross_entropy(np.zeros((1, 2)), np.array([[1.0, 0.0]])).round(3).tolist()
    [2.069]
    """
    _at_least_zero(alpha=alpha, beta=beta)
    if not -math.inf < floor < 0:
        raise InputError(f"floor={floor!r} must be a number below 0: the logarithm of a target of 0")
    xp, logits, targets = _pair(logits, targets)
    logs = _log_softmax(logits)
    told = xp.log(_at_least(targets, math.exp(floor)))
    return -alpha * xp.sum(targets * logs, axis=1) - beta * xp.sum(xp.exp(logs) * told, axis=1)


def focal(logits: Any, targets: Any, *, gamma: float = 2.0) -> Any:
    """Cross-entropy that spends less on what is already right: ``-sum_k t_k (1 - p_k) ** gamma log p_k``.

    Parameters
    ----------
    logits, targets : array (n, k)
    gamma : float >= 0, default 2.0
        0 is cross-entropy (Lin et al., 2017).

    Departs from the paper: softmax over classes instead of one sigmoid each, and no class weights (`parts.weights`).

    Examples
    --------
    >>> import numpy as np
    >>> focal(np.zeros((1, 2)), np.array([[1.0, 0.0]]), gamma=1.0).round(3).tolist()
    [0.347]
    """
    _at_least_zero(gamma=gamma)
    xp, logits, targets = _pair(logits, targets)
    logs = _log_softmax(logits)
    # The floor only matters below gamma 1, where 0 ** gamma has an infinite slope.
    missing = _at_least(-xp.expm1(logs), _tiny(logs))
    return -xp.sum(targets * missing**gamma * logs, axis=1)


def binary_cross_entropy(logits: Any, targets: Any) -> Any:
    """Mean over the known tags of ``-t log s - (1 - t) log(1 - s)``, with ``s = sigmoid(logit)``.

    Parameters
    ----------
    logits : array (n, L)
    targets : array (n, L)
        In [0, 1]; NaN or negative where unknown, so marks (1, 0, -1) go in as they are. Unknown tags are left out; an
        item without a known tag costs nothing.

    Examples
    --------
    >>> import numpy as np
    >>> binary_cross_entropy(np.zeros((1, 2)), np.array([[1.0, np.nan]])).round(3).tolist()
    [0.693]
    """
    _, logits, targets, known = _tags(logits, targets)
    return _mean_known(_softplus(logits) - targets * logits, known)


def asymmetric(
    logits: Any, targets: Any, *, gamma_pos: float = 1.0, gamma_neg: float = 4.0, clip: float = 0.05
) -> Any:
    """A loss for rare tags: easy negatives fade, those below `clip` count nothing (Ridnik et al., 2021).

    The mean over the known tags of ``-t (1 - s) ** gamma_pos log s - (1 - t) m ** gamma_neg log(1 - m)``, with
    ``s = sigmoid(logit)`` and ``m = max(s - clip, 0)``. All at 0 is `binary_cross_entropy`.

    Parameters
    ----------
    logits, targets : array (n, L)
        Targets as in `binary_cross_entropy`.
    gamma_pos, gamma_neg : float >= 0, default 1.0 and 4.0
    clip : float in [0, 1), default 0.05

    Departs from the paper: the mean over tags instead of the sum; targets may be soft or unknown. The authors' code
    stops the gradient through the powers by default; here it flows.

    Examples
    --------
    >>> import numpy as np
    >>> asymmetric(np.array([[0.0, -3.0]]), np.array([[1.0, 0.0]])).round(3).tolist()
    [0.173]
    """
    _at_least_zero(gamma_pos=gamma_pos, gamma_neg=gamma_neg, clip=clip)
    if clip >= 1:
        raise InputError(f"clip={clip!r} must be below 1, or no negative counts")
    xp, logits, targets, known = _tags(logits, targets)
    log_yes, log_no = -_softplus(-logits), -_softplus(logits)
    # log(1 - m) from log(1 - s), which is exact where s rounds to 1 and 1 - s to 0.
    beside = xp.full_like(log_no, math.log(clip) if clip else -math.inf)
    log_rest = -_at_least(-xp.logaddexp(log_no, beside), 0.0)
    moved = _at_least(xp.exp(log_yes) - clip, _tiny(logits))
    yes = xp.exp(gamma_pos * log_no) * log_yes
    no = moved**gamma_neg * log_rest
    return _mean_known(-targets * yes - (1 - targets) * no, known)


def contrastive(logits: Any, targets: Any, *, temperature: float = 0.05) -> Any:
    """Pull a query to its positives and away from its negatives, known positives never against each other (InfoNCE).

    Mean over positives p of ``log(1 + sum over negatives n of exp((s_n - s_p) / temperature))``: the cross-entropy of
    picking p among the negatives (van den Oord et al., 2018), with nothing else in the denominator.

    Parameters
    ----------
    logits, targets : array (n, c)
        Similarities s; above 0 for a positive (its weight), 0 for a negative, NaN or below for what is left out.
    temperature : float > 0, default 0.05

    Examples
    --------
    >>> import numpy as np
    >>> contrastive(np.array([[1.0, 1.0, 9.0]]), np.array([[1.0, 0.0, -1.0]])).round(3).tolist()
    [0.693]
    """
    if not 0 < temperature < math.inf:
        raise InputError(f"temperature={temperature!r} must be a number above 0")
    xp, logits, targets, known = _tags(logits, targets)
    s, none = logits / temperature, xp.full_like(logits, -1e30)  # finite, so slopes are 0 without a negative
    held = xp.where(known & (targets == 0), s, none)
    top = xp.max(held, axis=1, keepdims=True)
    each = _softplus(top + xp.log(xp.sum(xp.exp(held - top), axis=1, keepdims=True)) - s)
    return xp.sum(targets * each, axis=1) / _at_least(xp.sum(targets, axis=1), _tiny(targets))


def forward_corrected(logits: Any, targets: Any, *, channel: Any) -> Any:
    """Cross-entropy against the label that was *told*: ``-sum_j t_j log (p @ channel)_j`` (Patrini et al., 2017).

    The model learns the true label; the channel explains the errors. With the identity it is `cross_entropy`.

    Parameters
    ----------
    logits, targets : array (n, k)
        Logits of the true label, targets of the told one.
    channel : array (k, k)
        ``[true, told]``, rows sum to 1. It may be learned: gradients flow into it.

    Departs from the formula where a told label has a probability below the smallest normal number (1e-38 in single
    precision): there the loss stays at 87 and its slope is 0. No channel without zeros gets there.

    Examples
    --------
    >>> import numpy as np
    >>> channel = np.array([[0.8, 0.2], [0.4, 0.6]])
    >>> forward_corrected(np.array([[100.0, 0.0]]), np.array([[0.0, 1.0]]), channel=channel).round(3).tolist()
    [1.609]
    """
    xp, logits, targets = _pair(logits, targets)
    told = xp.exp(_log_softmax(logits)) @ _channel(channel, logits)
    return -xp.sum(targets * xp.log(_at_least(told, _tiny(told))), axis=1)


def backward_corrected(logits: Any, targets: Any, *, channel: Any) -> Any:
    """Cross-entropy whose mean over the errors of the channel is that of the true labels (Patrini et al., 2017).

    ``cross_entropy(logits, targets @ inverse(channel))``: unbiased, but it may be negative and, with a channel that is
    hard to invert, vary much; a flexible model drives it far below 0. `forward_corrected` is the steadier choice.

    Parameters
    ----------
    logits, targets : array (n, k)
        Logits of the true label, targets of the told one.
    channel : array (k, k)
        ``[true, told]``, rows sum to 1, with an inverse.

    Examples
    --------
    >>> import numpy as np
    >>> channel = np.array([[0.75, 0.25], [0.25, 0.75]])
    >>> backward_corrected(np.array([[2.0, 0.0]]), np.array([[1.0, 0.0]]), channel=channel).round(3).tolist()
    [-0.873]
    """
    xp, logits, targets = _pair(logits, targets)
    try:
        inverse = xp.linalg.inv(_channel(channel, logits))
    except (ValueError, RuntimeError) as problem:  # NumPy's and torch's LinAlgError
        raise InputError(
            f"channel has no inverse ({problem}): two classes are told alike; use forward_corrected"
        ) from None
    return cross_entropy(logits, targets @ inverse)


def entropy(logits: Any, targets: Any = None) -> Any:
    """How unsure the predictions are: ``-sum_k p_k log p_k``, a term that asks for confident ones.

    Targets play no part.

    Examples
    --------
    >>> import numpy as np
    >>> entropy(np.array([[0.0, 0.0], [100.0, 0.0]])).round(3).tolist()
    [0.693, 0.0]
    """
    xp, logits = _logits(logits)
    logs = _log_softmax(logits)
    return -xp.sum(xp.exp(logs) * logs, axis=1)


def balance(logits: Any, targets: Any = None, *, floor: float = 1e-6) -> Any:
    """Keep the batch from falling into few classes: ``-mean_k log clamp(mean_batch p_k, floor, 1)``, for every item.

    Smallest, ``log k``, where the mean prediction is uniform (S012). Targets play no part.

    Parameters
    ----------
    logits : array (n, k)
    targets : ignored
    floor : float in (0, 1), default 1e-6
        A class with a smaller mean has no slope any more, as in the authors' code.

    Examples
    --------
    >>> import numpy as np
    >>> balance(np.array([[9.0, -9.0], [-9.0, 9.0]])).round(3).tolist()
    [0.693, 0.693]
    """
    if not 0 < floor < 1:
        raise InputError(f"floor={floor!r} must lie in (0, 1)")
    xp, logits = _logits(logits)
    n, k = logits.shape
    shares = xp.sum(xp.exp(_log_softmax(logits)), axis=0) / max(n, 1)
    return -xp.sum(xp.log(_at_least(shares, floor))) / k + xp.zeros_like(logits[:, 0])


def proportion(logits: Any, targets: Any, *, groups: Any) -> Any:
    """How far the mean prediction of each group is from its told proportions, for every item of the group.

    ``-sum_k mean_group(t_k) log mean_group(p_k)``: learning from label proportions by the mean (DLLP, the rival of
    S084). The mean over items weighs a group by its size. A batch must hold whole groups.

    Parameters
    ----------
    logits : array (n, k)
    targets : array (n, k)
        Each group's proportions on its items, or any rows with this mean.
    groups : array (n,) of int
        Negative: the item belongs to no group and costs nothing. Memory is items times groups.

    Departs from the formula where a group gives a class a probability below the smallest normal number: there the slope
    is 0.

    Examples
    --------
    >>> import numpy as np
    >>> half = np.full((2, 2), 0.5)
    >>> proportion(np.array([[9.0, -9.0], [-9.0, 9.0]]), half, groups=[7, 7]).round(3).tolist()
    [0.693, 0.693]
    """
    xp, logits, targets = _pair(logits, targets)
    groups = as_like(groups, logits, dtype=xp.int64)
    if tuple(groups.shape) != (logits.shape[0],):
        raise InputError(
            f"groups have shape {tuple(groups.shape)}, expected ({logits.shape[0]},): one per item"
        )
    names, place = xp.unique_inverse(groups)
    ids = xp.arange(names.shape[0], device=device(logits))
    inside = xp.astype(ids[:, None] == place[None, :], logits.dtype)  # (groups, items)
    inside = inside / xp.sum(inside, axis=1, keepdims=True)
    shares, told = inside @ xp.exp(_log_softmax(logits)), inside @ targets
    each = xp.take(-xp.sum(told * xp.log(_at_least(shares, _tiny(shares))), axis=1), place, axis=0)
    return xp.where(groups >= 0, each, xp.zeros_like(each))


def _logits(logits: Any) -> tuple[Any, Any]:
    if len(logits.shape) != 2:
        raise InputError(f"logits have shape {tuple(logits.shape)}, expected (items, classes)")
    return array_namespace(logits), floating(logits)


def _pair(logits: Any, targets: Any) -> tuple[Any, Any, Any]:
    """The namespace, logits and targets of one shape, library and precision."""
    xp, logits = _logits(logits)
    targets = as_like(targets, logits)
    if targets.shape != logits.shape:
        raise InputError(
            f"targets have shape {tuple(targets.shape)}, expected that of the logits, {tuple(logits.shape)}; "
            "for class codes pass one-hot rows"
        )
    return xp, logits, targets


def _tags(logits: Any, targets: Any) -> tuple[Any, Any, Any, Any]:
    """As `_pair`, with 0 for unknown targets, and which are known."""
    xp, logits, targets = _pair(logits, targets)
    known = targets >= 0  # false for NaN
    return xp, logits, xp.where(known, targets, xp.zeros_like(targets)), known


def _mean_known(values: Any, known: Any) -> Any:
    xp = array_namespace(values)
    total = xp.sum(xp.where(known, values, xp.zeros_like(values)), axis=1)
    return total / _at_least(xp.sum(xp.astype(known, values.dtype), axis=1), 1.0)


def _channel(channel: Any, logits: Any) -> Any:
    matrix, k = as_like(channel, logits), logits.shape[1]
    if tuple(matrix.shape) != (k, k):
        raise InputError(f"channel has shape {tuple(matrix.shape)}, expected ({k}, {k}): [true, told]")
    return matrix


def _at_least_zero(**options: float) -> None:
    for name, value in options.items():
        if not 0 <= value < math.inf:
            raise InputError(f"{name}={value!r} must be a number of at least 0")


def _log_softmax(logits: Any) -> Any:
    xp = array_namespace(logits)
    moved = logits - xp.max(logits, axis=1, keepdims=True)
    return moved - xp.log(xp.sum(xp.exp(moved), axis=1, keepdims=True))


def _softplus(x: Any) -> Any:
    xp = array_namespace(x)
    return xp.logaddexp(x, xp.zeros_like(x))


def _at_least(x: Any, least: float) -> Any:
    """The larger of the two; where that is `least` the slope is 0."""
    # Not xp.clip, which before array-api-compat 1.14 indexes by a mask; torch.vmap refuses that.
    xp = array_namespace(x)
    return xp.where(x < least, xp.full_like(x, least), x)


def _tiny(x: Any) -> float:
    return float(array_namespace(x).finfo(x.dtype).smallest_normal)
