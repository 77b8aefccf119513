"""How sure one can be of each source: draws of all labels and all confusions that the votes allow."""

from typing import NamedTuple

import numpy as np

from labelwright.combine.dawid_skene import DawidSkene
from labelwright.errors import InputError
from labelwright.evidence import Votes
from labelwright.parts import skill
from labelwright.passes.votes import draw
from labelwright.progress import progress

BURN_IN = 20
FEW = 50  # draws, whose tails say nothing by themselves


class Drawn(NamedTuple):
    """Draws from the joint posterior of labels, confusions and class shares.

    Attributes
    ----------
    accuracy : ndarray (draws, a)
        Chance of each source to name the true class.
    prior : ndarray (draws, k)
    posterior : ndarray (n, k) or None
        P(label | all votes), averaged over draws: what one does not know about the sources is in it.
    """

    accuracy: np.ndarray
    prior: np.ndarray
    posterior: np.ndarray | None

    def interval(self, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
        """Ends of the central interval of each source's accuracy, (a,) each; of fewer than 50 draws by their spread."""
        tail = (1 - level) / 2
        if len(self.accuracy) < FEW:
            from scipy.special import ndtri

            mean, spread = (
                self.accuracy.mean(axis=0),
                self.accuracy.std(axis=0, ddof=min(1, len(self.accuracy) - 1)),
            )
            return (mean + ndtri(tail) * spread).clip(0, 1), (mean - ndtri(tail) * spread).clip(0, 1)
        low, high = np.quantile(self.accuracy, [tail, 1 - tail], axis=0)
        return low, high


def draws(
    model: DawidSkene,
    votes: Votes | None = None,
    *,
    n: int = 200,
    average: bool = False,
    random_state: int = 0,
    show: bool | None = None,
) -> Drawn:
    """Draw labels and confusions in turn (Gibbs sampling), starting where `model` ended.

    Confusions have the prior of `parts.skill.expected`, re-estimated at every draw.

    Parameters
    ----------
    model : DawidSkene
        Fitted.
    votes : Votes, optional
        By default those it was fitted to.
    n : int, default 200
        Draws kept, after 20 that are not.
    average : bool, default False
        Whether to average the posterior of the labels too; it takes a table of items by classes.
    random_state : int, default 0
    show : bool, optional

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.integers(0, 2, 300)
    >>> votes = np.where(rng.random((300, 5)) < 0.8, truth[:, None], 1 - truth[:, None])
    >>> low, high = draws(DawidSkene().fit(votes)).interval()
    >>> bool((low < 0.84).all() and (high > 0.77).all())
    True
    """
    if n < 1:
        raise InputError(f"n={n} draws; give at least 1")
    told = model.votes_ if votes is None else votes
    rng = np.random.default_rng(random_state)
    k = told.n_classes
    confusion, prior = model.confusion_, model.prior_
    accuracy, priors = np.empty((n, len(told.sources))), np.empty((n, k))
    total = np.zeros((len(told), k)) if average else None
    with progress("how sure one can be of the sources", total=BURN_IN + n, show=show) as tick:
        for step in range(BURN_IN + n):
            heard = model.heard(confusion)
            if step >= BURN_IN:
                accuracy[step - BURN_IN] = np.diagonal(confusion, axis1=1, axis2=2) @ prior
                priors[step - BURN_IN] = prior
            seen = draw(told, heard, prior, rng, total if step >= BURN_IN else None)
            shares = rng.standard_gamma(seen.votes + skill.expected(seen.votes, rng))
            confusion = np.maximum(shares, 1e-12)
            confusion /= confusion.sum(axis=-1, keepdims=True)
            if model.prior is None:
                prior = rng.dirichlet(seen.items + 1)
            tick()
    return Drawn(accuracy, priors, None if total is None else total / n)
