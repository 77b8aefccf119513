"""Expectation-maximisation on sums: nothing is kept of an item between two sweeps."""

from collections.abc import Callable
from typing import Any, NamedTuple

from labelwright.errors import InputError
from labelwright.progress import progress


class Climbed(NamedTuple):
    """Where the climb ended.

    Attributes
    ----------
    parameters : object
        As last maximised.
    trace : list of float
        The value of each sweep, of the parameters before it.
    converged : bool
        Whether the last step changed the value by less than `tol`; False where the rounds ran out.
    """

    parameters: Any
    trace: list[float]
    converged: bool


def climb(
    expect: Callable[[Any], tuple[Any, float]],
    maximise: Callable[[Any, Any], Any],
    start: Any,
    *,
    max_iter: int = 200,
    tol: float = 1e-6,
    name: str = "expectation-maximisation",
    show: bool | None = None,
) -> Climbed:
    """Alternate a sweep over the data, which gives sums and a value, and the parameters that these sums call for.

    `em` holds a table of items by classes; where the M-step only needs sums, this takes a tenth of the memory passes
    and works on data that are read block by block.

    Parameters
    ----------
    expect : callable
        ``expect(parameters) -> (sums, value)``, the value in nats, of whatever counts as one.
    maximise : callable
        ``maximise(sums, parameters) -> parameters``.
    start : object
        The first parameters.
    max_iter : int, default 200
    tol : float, default 1e-6
        Stop when the value changes by less.
    name : str
        What the progress bar calls it.
    show : bool, optional
        Progress; by default on terminals.

    Examples
    --------
    Two coins in one bag, each thrown ten times; how often does either show heads?

    >>> import numpy as np
    >>> heads = np.array([9, 8, 2, 9, 1])
    >>> def expect(p):
    ...     each = p**heads[:, None] * (1 - p) ** (10 - heads[:, None]) / 2
    ...     return each / each.sum(axis=1, keepdims=True), float(np.log(each.sum(axis=1)).mean())
    >>> climb(expect, lambda mine, p: heads @ mine / mine.sum(axis=0) / 10, np.array([0.4, 0.6])).parameters.round(2)
    array([0.15, 0.87])
    """
    if max_iter < 1:
        raise InputError(f"max_iter={max_iter!r} must be at least 1")
    parameters, trace, converged = start, [], False
    with progress(name, total=max_iter, show=show) as tick:
        for _ in range(max_iter):
            sums, value = expect(parameters)
            trace.append(value)
            parameters = maximise(sums, parameters)
            tick()
            if len(trace) > 1 and abs(trace[-1] - trace[-2]) < tol:
                converged = True
                break
    return Climbed(parameters, trace, converged)
