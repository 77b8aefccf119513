"""Does a label model foresee votes better than majority does, and can it be told from the votes at all?"""

from typing import NamedTuple

import numpy as np
from sklearn.base import clone

from labelwright.combine.dawid_skene import DawidSkene
from labelwright.errors import InputError
from labelwright.evidence import Votes
from labelwright.parts import confusions
from labelwright.passes.votes import surprise

SAMPLE = 200_000  # items that are enough to compare two models on
LEAST_OVERLAP = 0.02  # share of the votes that must be on items somebody else spoke about


class Gain(NamedTuple):
    """How much better one model foresees votes than another, in nats a vote, with a 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:+.3f} nats a vote ({self.low:+.3f} to {self.high:+.3f})"


def majority_model(model: DawidSkene | None = None) -> DawidSkene:
    """Majority vote as a model of its own: all sources are equally good, classes may be unequally common."""
    prior = None if model is None else model.prior
    return DawidSkene(confusions.alike, prior=prior, show=False)


def gain_over_majority(model: DawidSkene, votes: Votes, *, random_state: int = 0) -> Gain:
    """How much better `model` foresees each vote from the other votes about the item than majority does.

    Both are fitted to one half of the items and asked about the other, and the other way round; of more than
    200,000 items a sample is taken. The interval is over items.

    Parameters
    ----------
    model : DawidSkene
        Cloned, not changed.
    votes : Votes
    random_state : int, default 0

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.integers(0, 2, 500)
    >>> right = rng.random((500, 6)) < [0.95, 0.9, 0.55, 0.5, 0.5, 0.55]
    >>> votes = Votes(np.where(right, truth[:, None], 1 - truth[:, None]))
    >>> gain_over_majority(DawidSkene(), votes).low > 0
    True
    """
    rng = np.random.default_rng(random_state)
    told = np.flatnonzero(np.diff(votes.first) > 1)
    if len(told) < 4:
        raise InputError(f"{len(told)} items have two votes or more; at least 4 are needed to compare models")
    if len(told) > SAMPLE:
        told = rng.choice(told, SAMPLE, replace=False)
    half = rng.permutation(len(told)) % 2
    each = []
    for side in (0, 1):
        seen, unseen = votes[told[half == side]], votes[told[half != side]]
        scores = []
        for candidate in (clone(model), majority_model(model)):
            candidate.set_params(show=False).fit(seen)
            scores.append(surprise(unseen, candidate.heard_, candidate.prior_))
        won = np.bincount(unseen.item, scores[1] - scores[0], minlength=len(unseen))
        each.append(np.column_stack([won, np.diff(unseen.first)]))
    table = np.concatenate(each)
    value = table[:, 0].sum() / table[:, 1].sum()
    error = float(np.sqrt(((table[:, 0] - value * table[:, 1]) ** 2).sum()) / table[:, 1].sum())
    return Gain(float(value), float(value - 1.96 * error), float(value + 1.96 * error))


def not_identified(votes: Votes) -> str:
    """Why the quality of the sources cannot be told from these votes, in one sentence; empty where it can.

    Examples
    --------
    >>> not_identified(Votes([[0], [1]]))
    'there is one source only'
    """
    a, k = len(votes.sources), votes.n_classes
    if len(np.unique(votes.source)) < 2:
        return "there is one source only"
    if len(np.unique(votes.source)) < 3:
        return "there are two sources only, and where they differ nothing says which one is right"
    if (shared := overlap(votes)) < LEAST_OVERLAP:
        return f"only {shared:.1%} of the votes are about items that somebody else spoke about too"
    says = np.bincount(votes.codes, minlength=a * k).reshape(a, k)
    total = says.sum(axis=1)
    one_word = says.max(axis=1) >= 0.99 * total
    share = total[one_word].sum() / total.sum()
    if share > 0.5:
        return (
            f"{int(one_word[total > 0].sum())} of {int((total > 0).sum())} sources only ever say one class "
            f"({share:.0%} of the votes), so agreement does not show who errs"
        )
    return ""


def overlap(votes: Votes) -> float:
    """Share of the votes that are about items with another vote.

    Examples
    --------
    >>> overlap(Votes([[0, 1], [1, -1]]))
    0.6666666666666666
    """
    lengths = np.diff(votes.first)
    return float(lengths[lengths > 1].sum() / max(votes.n_votes, 1))


def plain_majority(told: Votes) -> DawidSkene:
    """Majority with class shares; where hardly anybody spoke of the same item, shares only break ties.

    Agreement is then not seen, and a common class would outvote what the only source said.
    """
    if overlap(told) >= LEAST_OVERLAP:
        return majority_model()
    shares = told.counts.sum(axis=0) / told.n_votes
    return DawidSkene(confusions.alike, prior=1 + 1e-6 * shares, show=False)
