"""Expectation-maximisation: condition on the evidence, fit to what follows, again."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError
from labelwright.evidence import Evidence
from labelwright.progress import progress

Answer = Callable[[np.ndarray, np.ndarray], np.ndarray]
Refit = Callable[[Any], np.ndarray]
FLOOR = 1e-6


class Fitted(NamedTuple):
    """What expectation-maximisation ends with.

    Attributes
    ----------
    probs : ndarray (n, k)
        The model's probabilities after the last fit.
    targets : ndarray (n, k)
        These, conditioned on the evidence.
    evidence : Evidence
        With its own parameters as last learned.
    trace : list of float
        Mean log-evidence in nats an item: first of the probabilities given, then after each round.
    converged : bool
        Whether the last round gained less than `tol`; False where the rounds ran out.
    """

    probs: np.ndarray
    targets: np.ndarray
    evidence: Evidence
    trace: list[float]
    converged: bool


def em(
    evidence: Evidence,
    refit: Refit,
    probs: ArrayLike,
    *,
    max_iter: int = 50,
    tol: float | None = 1e-4,
    inside: bool = False,
    name: str = "expectation-maximisation",
    show: bool | None = None,
) -> Fitted:
    """Alternate E (condition on the evidence) and M (the evidence's own parameters, and `refit(targets) -> probs`).

    Where both M-steps are exact (a refit that maximises the expected log-likelihood, and evidence without a smoothing
    prior), the trace never falls.

    Parameters
    ----------
    evidence : Evidence
    refit : callable
        Fits a model to soft targets (n, k) and gives its probabilities (n, k). Giving the mean of the targets to every
        item is Dawid and Skene's algorithm, fitting a classifier is learning from imprecise labels (S012), and
        `labelwright.nets.Epoch` is one epoch of a network.
    probs : array (n, k)
        Where to start; `flat(n, k)` where nothing is known. With flat probabilities and evidence that treats classes
        alike (bags of equal counts) nothing tells classes apart; start from a fitted model there.
    max_iter : int, default 50
    tol : float or None, default 1e-4
        Stop when the mean log-evidence (nats per item) rises by less; None runs all rounds, as noisy refits need.
    inside : bool, default False
        Whether E happens inside the refit, batch by batch, on predictions of that moment: `refit` is then given a
        callable ``(rows, probs) -> targets`` in place of the targets, which `labelwright.nets.Epoch` takes too. A net
        learns targets by heart that stand for a whole epoch. Groups must share a batch.
    name : str
        What the progress bar calls it.
    show : bool, optional
        Progress; by default on terminals.

    Returns
    -------
    Fitted

    Examples
    --------
    >>> from labelwright import Votes
    >>> votes = Votes([[0, 0, 1], [1, 1, 1], [0, 0, 1], [1, 1, 1], [0, 0, 0]])
    >>> everyone = lambda targets: np.tile(targets.mean(axis=0), (len(targets), 1))
    >>> found = em(votes, everyone, flat(5, 2))
    >>> found.targets.argmax(axis=1).tolist(), found.converged
    ([0, 1, 0, 1, 0], True)
    """
    if max_iter < 1:
        raise InputError(f"max_iter={max_iter!r} must be at least 1")
    table = np.asarray(probs)
    targets, told = evidence.condition(table)
    trace, converged = [float(told.mean())], False
    with progress(name, total=max_iter, show=show) as tick:
        for _ in range(max_iter):
            evidence = evidence.update(targets)
            table = refit(_asked(evidence) if inside else targets)
            targets, told = evidence.condition(table)
            trace.append(float(told.mean()))
            tick()
            if tol is not None and trace[-1] - trace[-2] < tol:
                converged = True
                break
    return Fitted(table, targets, evidence, trace, converged)


def _asked(evidence: Evidence) -> Answer:
    """Conditioning as a callable, for rows and probabilities that are only known later."""
    return lambda rows, probs: evidence[rows].posterior(possible(probs))


def possible(probs: np.ndarray, floor: float = FLOOR) -> np.ndarray:
    """Probabilities mixed with a share `floor` of equal ones: what a model calls impossible may only be unseen.

    Examples
    --------
    >>> possible(np.array([[1.0, 0.0]]), floor=0.1).round(2).tolist()
    [[0.95, 0.05]]
    """
    return np.asarray((1 - floor) * probs + floor / probs.shape[1])


def flat(n: int, k: int) -> np.ndarray:
    """Equal probabilities for every class: (n, k).

    Examples
    --------
    >>> flat(1, 2).tolist()
    [[0.5, 0.5]]
    """
    return np.full((n, k), 1 / k)
