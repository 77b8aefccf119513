"""Labels and the quality of sources at once, from agreement alone."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from labelwright.combine.base import LabelModel
from labelwright.evidence import Votes
from labelwright.loops import climb
from labelwright.parts import confusions
from labelwright.passes.votes import Expected, VoteCounts, class_prior, posterior, shares

Maximise = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Learned(NamedTuple):
    """Confusions (a, k, k) and class shares (k,)."""

    confusion: np.ndarray
    prior: np.ndarray


class DawidSkene(LabelModel):
    """Estimate every source's confusions and every item's label together, by expectation-maximisation.

    ``P(votes of an item | label) = product over them of confusion[source, label, said]``: sources are independent given
    the label. `confusion` says what sources have in common, and makes this any of a family:

    ==============================  ==========================================================
    `parts.confusions.pooled`       a matrix each, that leans on all others (the default)
    `parts.confusions.separate`     a matrix each: Dawid and Skene (1979)
    `parts.confusions.one_coin`     one chance to be right each
    `parts.confusions.class_coins`  one for every true class
    `parts.confusions.spammer`      MACE: says the truth, or what it likes to say
    `parts.confusions.variational`  IBCC, by variational Bayes
    `parts.confusions.alike`        all sources are equally good: majority vote with class shares
    ==============================  ==========================================================

    Parameters
    ----------
    confusion : callable, default parts.confusions.pooled
        ``confusion(counts (a, k, k), before (a, k, k)) -> (a, k, k)``, ``[source, true, said]``.
    prior : array (k,), optional
        How common each class is; by default learned, with one pseudo-item a class.
    flip : bool, default False
        Whether a source that is worse than chance counts against what it says. By default it counts for nothing:
        a source that is always wrong is more often a mistake in the columns than a witness.
    hard : bool, default False
        Whether the most probable label of each item takes all in every round: fewer rounds, worse probabilities.
    max_iter : int, default 200
    tol : float, default 1e-6
        Stop when the log-evidence changes by less (nats a vote).
    show : bool, optional
        Progress; by default on terminals.

    Attributes
    ----------
    confusion_ : ndarray (a, k, k)
        ``[source, true, said]``.
    prior_ : ndarray (k,)
    heard_ : ndarray (a, k, k)
        The same, but sources worse than chance tell nothing (unless `flip`): what labels are computed from.
    counts_ : ndarray (a, k, k)
        Expected votes behind it.
    against_ : ndarray (a,) of bool
        Sources that are worse than chance.
    trace_ : list of float
        Log-evidence in nats a vote, round by round.
    converged_ : bool

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.integers(0, 2, 1000)
    >>> right = rng.random((1000, 4)) < [0.9, 0.8, 0.7, 0.6]
    >>> votes = np.where(right, truth[:, None], 1 - truth[:, None])
    >>> DawidSkene().fit(votes).accuracy().round(1).tolist()
    [0.9, 0.8, 0.7, 0.6]
    """

    cites = ("dawid1979maximum", "zhang2022survey")
    confusion_: np.ndarray
    prior_: np.ndarray

    def __init__(
        self,
        confusion: Maximise = confusions.pooled,
        *,
        prior: ArrayLike | None = None,
        flip: bool = False,
        hard: bool = False,
        max_iter: int = 200,
        tol: float = 1e-6,
        show: bool | None = None,
    ):
        self.confusion, self.prior, self.flip, self.hard = confusion, prior, flip, hard
        self.max_iter, self.tol, self.show = max_iter, tol, show

    def _learn(self, votes: Votes, *, warm: bool) -> None:
        a, k = len(votes.sources), votes.n_classes

        def expect(now: Learned) -> tuple[Expected, float]:
            counts = VoteCounts(self.heard(now.confusion), now.prior, hard=self.hard)
            sums = counts.update(votes).result()
            return sums, sums.log_evidence / sums.n_votes

        def maximise(sums: Expected, now: Learned) -> Learned:
            found = np.asarray(self.confusion(sums.votes, now.confusion))
            return Learned(
                found, now.prior if self.prior is not None else (sums.items + 1) / (sums.items + 1).sum()
            )

        if self.prior is None:
            prior = self.prior_ if warm else np.full(k, 1 / k)
        else:
            prior = class_prior(self.prior, k) / np.sum(self.prior)
        flat = np.array(Votes([[0]], list(range(k)), confusion=0.3).confusion).repeat(a, axis=0)
        if warm:
            flat[: len(self.confusion_)] = self.confusion_
            start = Learned(flat, prior)
        else:  # from the shares of votes: higher ends than from one error rate for all
            start = maximise(shares(votes), Learned(flat, prior))
        found = climb(
            expect, maximise, start,
            max_iter=self.max_iter, tol=self.tol, name="how good each source is", show=self.show,
        )  # fmt: skip
        self.confusion_, self.prior_ = found.parameters
        self.trace_, self.converged_ = found.trace, found.converged
        self.heard_ = self.heard(self.confusion_)
        self.counts_ = VoteCounts(self.heard_, self.prior_).update(votes).result().votes
        self.against_ = confusions.against(self.confusion_)

    def heard(self, confusion: np.ndarray) -> np.ndarray:
        """Confusions as labels are computed from them: sources worse than chance tell nothing, unless `flip`."""
        return confusion if self.flip else confusions.unheard(confusion, confusions.against(confusion))

    def _posterior(self, votes: Votes) -> np.ndarray:
        return posterior(votes, self.heard_, self.prior_)

    def accuracy(self) -> np.ndarray:
        """Chance of each source to name the true class of an item: (a,)."""
        rows = self.confusion_.sum(axis=2)  # variational rows sum to less than 1
        return np.asarray((np.diagonal(self.confusion_, axis1=1, axis2=2) / rows) @ self.prior_)
