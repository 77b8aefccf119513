"""Does a label model foresee votes better than majority does, and can it be told from the votes at all?"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone

from labelwright.combine.base import LabelModel
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


def majority_model(prior: ArrayLike | None = None) -> DawidSkene:
    """Majority vote as a model of its own: all sources are equally good, classes may be unequally common."""
    return DawidSkene(confusions.alike, prior=prior, show=False)


def gain_over_majority(model: LabelModel, votes: Votes, *, random_state: int = 0) -> Gain:
    """How much better `model` foresees each vote from the other votes about the item than majority does.

    Both are fitted to one half of the items and asked about the other, and the other way round; of more than
    200,000 items a sample is taken. The interval is over items. Of models without confusions of their own (all but
    `DawidSkene` and its family) one vote an item is hidden, and confusions are counted from the labels they give.

    Parameters
    ----------
    model : LabelModel
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
    prior = model.prior if isinstance(model, DawidSkene) else None
    each = []
    for side in (0, 1):
        seen, unseen = votes[told[half == side]], votes[told[half != side]]
        rivals = [clone(candidate) for candidate in (model, majority_model(prior))]
        for candidate in rivals:
            if "show" in candidate.get_params():
                candidate.set_params(show=False)
            candidate.fit(seen)
        if isinstance(model, DawidSkene):
            ours, theirs = (surprise(unseen, m.heard_, m.prior_) for m in rivals)
            item, n = unseen.item, np.diff(unseen.first)
        else:
            hidden = unseen.first[:-1] + rng.integers(np.diff(unseen.first))
            ours, theirs = (_hidden_surprise(m, seen, unseen, hidden) for m in rivals)
            item, n = np.arange(len(unseen)), np.ones(len(unseen))
        each.append(np.column_stack([np.bincount(item, theirs - ours, minlength=len(unseen)), n]))
    table = np.concatenate(each)
    value = table[:, 0].sum() / table[:, 1].sum()
    error = float(np.sqrt(((table[:, 0] - value * table[:, 1]) ** 2).sum()) / table[:, 1].sum())
    return Gain(float(value), float(value - 1.96 * error), float(value + 1.96 * error))


def _hidden_surprise(model: LabelModel, seen: Votes, unseen: Votes, hidden: np.ndarray) -> np.ndarray:
    """-log P(one hidden vote of each item | its other votes), in nats: (n,)."""
    a, k = len(seen.sources), seen.n_classes
    counts = (seen.indicator().T @ model.predict_proba(seen)).reshape(a, k, k).transpose(0, 2, 1)
    confusion = confusions.pooled(counts)
    left = np.ones(unseen.n_votes, dtype=bool)
    left[hidden] = False
    rest = Votes.from_codes(
        unseen.item[left], unseen.source[left], unseen.said[left],
        items=unseen.items, sources=unseen.sources, classes=unseen.classes,
    )  # fmt: skip
    likely = confusion[unseen.source[hidden], :, unseen.said[hidden]]
    return np.asarray(-np.log(np.maximum((model.predict_proba(rest) * likely).sum(axis=1), 1e-12)))


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

    Agreement is then not seen: a common class would outvote what the only source said, and nothing can be learned of
    how often it errs. Every vote is taken to be wrong in 3 of 10 cases.
    """
    if overlap(told) >= LEAST_OVERLAP:
        return majority_model()
    shares = told.counts.sum(axis=0) / told.n_votes
    return DawidSkene(confusions.kept, prior=1 + 1e-6 * shares, show=False)
