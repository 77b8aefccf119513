"""Change probabilities by what is known about them: (probs, parameters) -> probs, for NumPy and torch alike."""

from typing import Any

from array_api_compat import array_namespace

from labelwright.parts.arrays import as_like

LEAST = 1e-6  # what a probability of 0 counts as


def temperature(probs: Any, value: float, floor: float = LEAST) -> Any:
    """Sharpen (value < 1) or flatten (value > 1) every row: ``probs ** (1 / value)``, normalised.

    A probability below `floor` counts as that.

    Examples
    --------
    >>> import numpy as np
    >>> temperature(np.array([[0.8, 0.2]]), 0.5).round(3).tolist()
    [[0.941, 0.059]]
    """
    return _softmax(_log(probs, floor) / value)


def reprior(probs: Any, old: Any, new: Any) -> Any:
    """Move probabilities from one class balance to another: ``probs * new / old``, normalised.

    Examples
    --------
    >>> import numpy as np
    >>> reprior(np.array([[0.5, 0.5]]), np.array([0.5, 0.5]), np.array([0.9, 0.1])).tolist()
    [[0.9, 0.1]]
    """
    moved = probs * (as_like(new, probs) / as_like(old, probs))
    return moved / array_namespace(moved).sum(moved, axis=1, keepdims=True)


def forward(probs: Any, channel: Any) -> Any:
    """Probabilities of the label that will be *told*, through a channel ``[true, told]`` (forward correction).

    Examples
    --------
    >>> import numpy as np
    >>> forward(np.array([[1.0, 0.0]]), np.array([[0.9, 0.1], [0.2, 0.8]])).tolist()
    [[0.9, 0.1]]
    """
    return probs @ as_like(channel, probs)


def affine(probs: Any, weight: Any, shift: Any = 0.0, floor: float = LEAST) -> Any:
    """Map the log-probabilities linearly: ``softmax(weight * log p + shift)``, or ``weight @ log p`` for a matrix.

    One number is temperature scaling (1 / temperature), one per class vector scaling, a matrix Dirichlet
    calibration; all are fitted in `labelwright.parts.calibration`. A probability below `floor` counts as that.

    Parameters
    ----------
    probs : array (n, k)
    weight : float, array (k,), or array (k, k) whose row j weighs the log-probabilities for class j
    shift : float or array (k,), default 0
    floor : float, default 1e-6

    Examples
    --------
    >>> import numpy as np
    >>> affine(np.array([[0.8, 0.2]]), np.array([[0.0, 1.0], [1.0, 0.0]])).round(3).tolist()
    [[0.2, 0.8]]
    """
    return _softmax(linear(_log(probs, floor), as_like(weight, probs)) + as_like(shift, probs))


def linear(logs: Any, weight: Any) -> Any:
    """The log-probabilities of `affine` before the shift: (n, k)."""
    return logs @ weight.T if getattr(weight, "ndim", 0) == 2 else weight * logs


def bend(probs: Any, slope: float, power: float, shift: Any) -> Any:
    """Recalibrate with a slope, a power and a shift of the centred log-probabilities.

    ``softmax(slope * sign(u) |u| ** power + shift)``, with ``u`` the log-probabilities less their mean over
    the classes. Slope and shift alone are bias-corrected temperature scaling; a power below 1 lets large
    log-odds count less, as a model that is over-confident where it is most confident needs.

    Parameters
    ----------
    probs : array (n, k)
    slope : float > 0
    power : float in (0, 1]
    shift : array (k,)

    Examples
    --------
    >>> import numpy as np
    >>> bend(np.array([[0.8, 0.2]]), 1.0, 1.0, np.zeros(2)).round(3).tolist()
    [[0.8, 0.2]]
    """
    return _softmax(slope * bent(probs, power) + as_like(shift, probs))


def bent(probs: Any, power: float) -> Any:
    """The centred log-probabilities of `bend`, each raised to `power` with its sign kept: (n, k)."""
    xp = array_namespace(probs)
    logs = _log(probs)
    centred = logs - xp.mean(logs, axis=1, keepdims=True)
    return xp.sign(centred) * xp.abs(centred) ** power


def _log(probs: Any, floor: float = LEAST) -> Any:
    xp = array_namespace(probs)
    return xp.log(xp.clip(probs, floor, 1.0))


def _softmax(logits: Any) -> Any:
    xp = array_namespace(logits)
    weights = xp.exp(logits - xp.max(logits, axis=1, keepdims=True))
    return weights / xp.sum(weights, axis=1, keepdims=True)
