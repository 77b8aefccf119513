"""Labels, the ability of sources and the difficulty of items at once."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from labelwright.combine.base import LabelModel
from labelwright.evidence import Votes
from labelwright.loops import climb
from labelwright.passes.votes import class_prior

USUAL_ABILITY = 1.0  # prior mean; that of easiness is 0, both have spread 1
LONGEST = 1.0  # Newton step


class Learned(NamedTuple):
    """Ability (a,) and easiness (n,)."""

    ability: np.ndarray
    easiness: np.ndarray


class GLAD(LabelModel):
    """Let some items be harder than others: errors about hard items say little about a source.

    ``P(vote is right) = sigmoid(ability[source] * exp(easiness[item]))``; a wrong vote names any other class alike.
    Expectation-maximisation climbs the posterior of abilities (normal, mean 1, spread 1) and easiness (normal,
    mean 0, spread 1), and never descends. Memory is proportional to the votes.

    Parameters
    ----------
    prior : array (k,), optional
        How common each class is; by default all alike. It is not learned: where classes are unequally common, ability,
        difficulty and class shares explain each other's votes, and the rare class tends to die out.
    max_iter : int, default 500
    tol : float, default 1e-6
        Stop when the log-posterior changes by less (nats a vote).
    show : bool, optional
        Progress; by default on terminals.

    Attributes
    ----------
    ability_ : ndarray (a,)
        0 tells nothing (of two classes), below 0 the opposite of what is said is believed.
    difficulty_ : ndarray (n,)
        ``exp(-easiness)`` of each item fitted, above 0; 1 is usual.
    prior_ : ndarray (k,)
    trace_ : list of float
        Log-posterior in nats a vote, round by round.
    converged_ : bool

    Notes
    -----
    Source: whitehill2009whose. Nobody knows how hard an item is that was not there in `fit`: `predict_proba` of other
    votes takes all items for as easy as those fitted were on average; the very votes fitted are recognised. A vote
    about the hardest item is right by one half, also of more than two classes. Rules that only ever say one class seem
    good as soon as they agree, so here majority vote is better. Departs from the paper: errors of more than two
    classes are even, Newton steps instead of gradient ascent, the prior mean of easiness is 0.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> truth, easy = rng.integers(0, 2, 1000), np.arange(1000) < 500
    >>> right = rng.random((1000, 6)) < np.where(easy, 0.95, 0.6)[:, None]
    >>> model = GLAD().fit(np.where(right, truth[:, None], 1 - truth[:, None]))
    >>> bool(model.difficulty_[easy].mean() < model.difficulty_[~easy].mean()), model.converged_
    (True, True)
    """

    cites = ("zhang2022survey", "whitehill2009whose")

    def __init__(
        self,
        *,
        prior: ArrayLike | None = None,
        max_iter: int = 500,
        tol: float = 1e-6,
        show: bool | None = None,
    ):
        self.prior, self.max_iter, self.tol, self.show = prior, max_iter, tol, show

    def _learn(self, votes: Votes, *, warm: bool) -> None:
        a, k = len(votes.sources), votes.n_classes
        prior = class_prior(np.ones(k) if self.prior is None else self.prior, k)
        ability, easiness = np.full(a, USUAL_ABILITY), np.zeros(len(votes))
        if warm:
            ability[: len(self.ability_)] = self.ability_
            easiness[: len(self.difficulty_)] = -np.log(self.difficulty_)
        self.prior_ = prior / prior.sum()
        table = _Table(votes, self.prior_)
        found = climb(
            table.expect, table.maximise, Learned(ability, easiness),
            max_iter=self.max_iter, tol=self.tol, name="how hard each item is", show=self.show,
        )  # fmt: skip
        learned: Learned = found.parameters
        self.ability_: np.ndarray = learned.ability
        self.difficulty_: np.ndarray = np.exp(-learned.easiness)
        self.trace_, self.converged_ = found.trace, found.converged
        self._usual = float(learned.easiness[np.diff(votes.first) > 0].mean())

    def _posterior(self, votes: Votes) -> np.ndarray:
        n, k = len(votes), votes.n_classes
        weight = self.ability_[votes.source] * self._scale(votes)[votes.item] + np.log(k - 1)
        told = np.bincount(votes.item * k + votes.said, weight, minlength=n * k).reshape(n, k)
        log = told + np.log(self.prior_.clip(1e-300))
        probs = np.exp(log - log.max(axis=1, keepdims=True))
        return np.asarray(probs / probs.sum(axis=1, keepdims=True))

    def _scale(self, votes: Votes) -> np.ndarray:
        """exp(easiness) of each item: its own where these are the votes fitted, otherwise the usual one."""
        ours = self.votes_
        if votes is ours or (
            np.array_equal(votes.first, ours.first) and np.array_equal(votes.codes, ours.codes)
        ):
            return 1 / self.difficulty_
        return np.full(len(votes), np.exp(self._usual))

    def accuracy(self) -> np.ndarray:
        """Mean chance of each source to be right about the items it voted on: (a,), NaN for one without votes."""
        votes, a = self.votes_, len(self.sources_)
        right = expit(self.ability_[votes.source] / self.difficulty_[votes.item])
        seen = np.bincount(votes.source, minlength=a)
        total = np.bincount(votes.source, right, minlength=a)
        return np.where(seen > 0, total / np.maximum(seen, 1), np.nan)


class _Table:
    """The votes, by cells: an item and a class that anybody names for it."""

    def __init__(self, votes: Votes, prior: np.ndarray):
        k = votes.n_classes
        self.item, self.source = votes.item, votes.source
        self.sizes = len(votes.sources), len(votes), k
        cells, self.cell = np.unique(self.item * k + votes.said, return_inverse=True)
        item, named = np.divmod(cells, k)
        first = np.diff(item, prepend=-1) != 0
        self.begins, self.owner = np.flatnonzero(first), np.cumsum(first) - 1  # of the cells of each item
        self.prior = prior[named]
        self.unnamed = (1 - np.bincount(self.owner, self.prior)).clip(0)

    def expect(self, now: Learned) -> tuple[np.ndarray, float]:
        """How probable it is that each vote is right, (votes,), and the log-posterior in nats a vote."""
        x, others = self._x(*now), np.log(self.sizes[2] - 1)
        # A vote for a class makes it exp(x) * (k - 1) times as probable as the classes that nobody names.
        log = np.bincount(self.cell, x + others)
        top = np.maximum(np.maximum.reduceat(log, self.begins), 0)
        named = self.prior * np.exp(log - top[self.owner])
        total = self.unnamed * np.exp(-top) + np.bincount(self.owner, named)
        told = (top + np.log(total)).sum() - (np.logaddexp(0, x) + others).sum()
        value = told + _prior(now.ability, USUAL_ABILITY).sum() + _prior(now.easiness, 0.0).sum()
        return (named / total[self.owner])[self.cell], float(value / len(x))

    def maximise(self, right: np.ndarray, now: Learned) -> Learned:
        """A Newton step of all abilities and one of all easiness: the expected log-posterior never falls."""
        ability = self._step(right, now.ability, now.easiness, of_items=False)
        return Learned(ability, self._step(right, ability, now.easiness, of_items=True))

    def _step(
        self, right: np.ndarray, ability: np.ndarray, easiness: np.ndarray, *, of_items: bool
    ) -> np.ndarray:
        """One Newton step of each source or each item; where it would descend, a quarter of it or none."""
        a, n, _ = self.sizes
        now, mean, group, size = (
            (easiness, 0.0, self.item, n) if of_items else (ability, USUAL_ABILITY, self.source, a)
        )

        def x(values: np.ndarray) -> np.ndarray:
            return self._x(ability, values) if of_items else self._x(values, easiness)

        def value(values: np.ndarray) -> np.ndarray:
            at = x(values)
            told = np.bincount(group, right * at - np.logaddexp(0, at), minlength=size)
            return np.asarray(told + _prior(values, mean))

        at = x(now)
        chance = expit(at)
        by = at if of_items else np.exp(easiness)[self.item]  # how x moves with what is to be learned
        slope = np.bincount(group, (right - chance) * by, minlength=size) - (now - mean)
        bend = np.bincount(group, chance * (1 - chance) * by**2, minlength=size) + 1
        step, before = (slope / bend).clip(-LONGEST, LONGEST), value(now)
        whole, part = now + step, now + step / 4
        return np.where(value(whole) >= before, whole, np.where(value(part) >= before, part, now))

    def _x(self, ability: np.ndarray, easiness: np.ndarray) -> np.ndarray:
        return np.asarray(ability[self.source] * np.exp(easiness)[self.item])


def _prior(values: np.ndarray, mean: float) -> np.ndarray:
    return np.asarray(-((values - mean) ** 2) / 2)
