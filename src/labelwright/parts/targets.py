"""What exactly the model should be told: (targets or probs, ...) -> (n, k), for NumPy and torch alike.

Rows stay on the simplex: none is negative and each sums to 1. Half precision is raised to single, whole numbers to the
library's usual float; other precision is kept. `order`, `teacher`, shares and priors may be NumPy arrays or lists
beside torch targets. Gradients flow, except through `harden`; in training, targets usually stand apart from the graph.
"""

from typing import Any

from array_api_compat import array_namespace, device

from labelwright.errors import InputError
from labelwright.parts import adjust
from labelwright.parts.arrays import as_like, floating


def smooth(targets: Any, rate: float) -> Any:
    """Give every class a little: ``(1 - rate) * targets + rate / k`` (label smoothing; Müller et al., 2019).

    Parameters
    ----------
    targets : array (n, k)
    rate : float in [0, 1]
        0 changes nothing, 1 leaves uniform rows.

    Examples
    --------
    >>> import numpy as np
    >>> smooth(np.array([[1.0, 0.0]]), 0.25).tolist()
    [[0.875, 0.125]]
    """
    _share("rate", rate)
    _, table = _table(targets)
    return (1 - rate) * table + rate / table.shape[1]


def sharpen(probs: Any, temperature: float) -> Any:
    """Make rows more certain (temperature < 1) or less (> 1): ``probs ** (1 / temperature)``, normalised.

    As `adjust.temperature`, but without a floor: a class of probability 0 stays at 0, so that candidate sets are kept.
    Where zeros meet a temperature above 1 the gradient is infinite.

    Parameters
    ----------
    probs : array (n, k)
    temperature : float > 0

    Examples
    --------
    >>> import numpy as np
    >>> sharpen(np.array([[0.75, 0.25, 0.0]]), 0.5).round(3).tolist()
    [[0.9, 0.1, 0.0]]
    """
    if not temperature > 0:
        raise InputError(f"temperature={temperature!r} must be positive; for one-hot rows use harden")
    xp, table = _table(probs)
    # Divided by the largest first: a low temperature would turn all of a flat row into zeros.
    powers = (table / xp.max(table, axis=1, keepdims=True)) ** (1 / temperature)
    return powers / xp.sum(powers, axis=1, keepdims=True)


def harden(probs: Any) -> Any:
    """One-hot rows of the most probable class (pseudo-labels); of equals the first.

    Examples
    --------
    >>> import numpy as np
    >>> harden(np.array([[0.2, 0.5, 0.3]])).tolist()
    [[0.0, 1.0, 0.0]]
    """
    xp, table = _table(probs)
    classes = xp.arange(table.shape[1], device=device(table))
    return xp.astype(xp.argmax(table, axis=1)[:, None] == classes[None, :], table.dtype)


def mix(targets: Any, order: Any, share: Any) -> Any:
    """Targets of items that were mixed: ``(1 - share) * targets + share * targets[order]`` (mixup and its kin).

    Parameters
    ----------
    targets : array (n, k)
    order : array (n,) of int
        Which item was mixed into each.
    share : float or array (n,), in [0, 1]
        How much of the result is the item that was *mixed in*: the pasted area of CutMix, the attention on the pasted
        patches of TransMix (Chen et al., 2022). Mixup's lambda is ``1 - share``.

    Examples
    --------
    >>> import numpy as np
    >>> mix(np.array([[1.0, 0.0], [0.0, 1.0]]), [1, 0], 0.25).tolist()
    [[0.75, 0.25], [0.25, 0.75]]
    """
    _share("share", share)
    xp, table = _table(targets)
    other = xp.take(table, as_like(order, table, dtype=xp.int64), axis=0)
    part = _column(share, table)
    return (1 - part) * table + part * other


def distil(targets: Any, teacher: Any, weight: Any, temperature: float = 1.0) -> Any:
    """Blend what was told with what a teacher thinks.

    ``(1 - weight) * targets + weight * sharpen(teacher, temperature)``.

    Parameters
    ----------
    targets, teacher : array (n, k)
    weight : float or array (n,), in [0, 1]
        How much the teacher counts; 0 is the targets alone, 1 the teacher alone.
    temperature : float > 0, default 1.0
        Above 1 the teacher speaks more softly (Hinton et al., 2015).

    Departs from the paper: the student is not softened, so the loss needs no factor ``temperature ** 2``.

    Examples
    --------
    >>> import numpy as np
    >>> distil(np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]]), weight=0.5).tolist()
    [[0.75, 0.25]]
    """
    _share("weight", weight)
    _, table = _table(targets)
    part = _column(weight, table)
    return (1 - part) * table + part * sharpen(as_like(teacher, table), temperature)


def top(probs: Any, count: int) -> Any:
    """Keep the `count` most probable classes of each row and share out the rest among them (S012).

    Exactly `count` classes stay; of equals the first. A `count` of k or more changes nothing.

    Parameters
    ----------
    probs : array (n, k)
    count : int >= 1

    Examples
    --------
    >>> import numpy as np
    >>> top(np.array([[0.5, 0.25, 0.25]]), 2).round(3).tolist()
    [[0.667, 0.333, 0.0]]
    """
    if not count >= 1:
        raise InputError(f"count={count!r} must be at least 1; it says how many classes to keep")
    xp, table = _table(probs)
    rank = xp.argsort(xp.argsort(table, axis=1, descending=True, stable=True), axis=1)
    kept = xp.where(rank < count, table, xp.zeros_like(table))
    return kept / xp.sum(kept, axis=1, keepdims=True)


def align(probs: Any, seen: Any, wanted: Any = None) -> Any:
    """Pull predictions towards the class balance that is wanted: ``probs * wanted / seen``, normalised (S012).

    Distribution alignment (ReMixMatch): `seen` is a running mean of the predictions, such as ``ensemble(seen[None],
    probs.mean(axis=0)[None], 0.999)[0]``. It is `adjust.reprior` with a floor under `seen` and a default for `wanted`.

    Parameters
    ----------
    probs : array (n, k)
    seen : array (k,)
        Balance of the predictions; taken as at least 1e-12.
    wanted : array (k,), default uniform
        A class that is wanted at 0 comes out at 0; a row that holds only such classes comes out NaN.

    Examples
    --------
    >>> import numpy as np
    >>> align(np.array([[0.5, 0.5]]), np.array([0.8, 0.2])).tolist()
    [[0.2, 0.8]]
    """
    xp, table = _table(probs)
    k = table.shape[1]
    balance = as_like(seen, table)
    goal = xp.full_like(balance, 1 / k) if wanted is None else as_like(wanted, table)
    for name, prior in (("seen", balance), ("wanted", goal)):
        if tuple(prior.shape) != (k,):
            raise InputError(f"{name} has shape {tuple(prior.shape)}, expected ({k},): one share per class")
    least = xp.full_like(balance, 1e-12)
    return adjust.reprior(table, xp.where(balance < least, least, balance), goal)


def ensemble(previous: Any, probs: Any, momentum: float) -> Any:
    """Average the predictions over epochs: ``momentum * previous + (1 - momentum) * probs`` (temporal ensembling).

    Start `previous` from the first predictions, or from uniform rows.

    Parameters
    ----------
    previous, probs : array (n, k)
    momentum : float in [0, 1]
        How much of the past stays; 0 is `probs` alone.

    Departs from Laine and Aila (2017): they start from zeros and divide by ``1 - momentum ** epoch``. A `previous` on
    the simplex needs no such correction, and nothing has to count the epochs.

    Examples
    --------
    >>> import numpy as np
    >>> ensemble(np.array([[0.5, 0.5]]), np.array([[1.0, 0.0]]), 0.5).tolist()
    [[0.75, 0.25]]
    """
    _share("momentum", momentum)
    _, table = _table(probs)
    return momentum * as_like(previous, table) + (1 - momentum) * table


def _table(targets: Any) -> tuple[Any, Any]:
    """The namespace, and the targets as floats (n, k)."""
    if len(targets.shape) != 2:
        raise InputError(
            f"targets have shape {tuple(targets.shape)}, expected (items, classes); for class codes pass one-hot rows"
        )
    return array_namespace(targets), floating(targets)


def _column(share: Any, table: Any) -> Any:
    """A share per item as a column; a number stays one."""
    if isinstance(share, int | float):
        return share
    part = as_like(share, table)
    if len(part.shape) and tuple(part.shape) != (table.shape[0],):
        raise InputError(f"a share has shape {tuple(part.shape)}, expected a number or ({table.shape[0]},)")
    return part[:, None] if len(part.shape) else part


def _share(name: str, value: Any) -> None:
    """Refuse a number outside [0, 1]; arrays are not looked at, which would wait for the device."""
    if isinstance(value, int | float) and not 0 <= value <= 1:
        raise InputError(f"{name}={value!r} must lie in [0, 1]")
