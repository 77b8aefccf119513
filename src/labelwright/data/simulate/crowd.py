"""Several annotators of known skill, some of whom do not look or copy."""

from typing import NamedTuple

import numpy as np

from labelwright.data.simulate.checks import Labels, choice, coded, whole
from labelwright.data.simulate.checks import rate as checked
from labelwright.data.simulate.draws import edges, pick
from labelwright.errors import InputError
from labelwright.evidence import Votes


class Crowd(NamedTuple):
    """Votes, and who gave them.

    Attributes
    ----------
    evidence : Votes
        With its usual first guess about the annotators; see `oracle` for what they are really like.
    truth : int array (n,)
        Position of the true class in ``evidence.classes``.
    confusion : float array (a, k, k)
        ``confusion[annotator, truth, said]``; a copier has that of the one copied.
    spammer : bool array (a,)
        Who says the same whatever the item is.
    leader : int array (a,)
        Whom each annotator copies; those who copy nobody have their own number.
    """

    evidence: Votes
    truth: np.ndarray
    confusion: np.ndarray
    spammer: np.ndarray
    leader: np.ndarray

    @property
    def oracle(self) -> Votes:
        """The same votes, heard through the true confusions; copiers are still taken for witnesses of their own."""
        return Votes(self.evidence.wide(), self.evidence.classes, confusion=self.confusion)


def annotators(
    labels: Labels,
    n: int,
    rng: np.random.Generator,
    *,
    skill: tuple[float, float] = (8.0, 2.0),
    per_item: int | None = None,
    kind: str = "confusion",
    spammers: float = 0.0,
    copy: float = 0.0,
    n_classes: int | None = None,
) -> Crowd:
    """Let `n` annotators label the items, each with errors of their own.

    Skills are draws from ``Beta(*skill)``: the chance to name the true class. The numbers of spammers and
    copiers are not left to chance: ``round(share * n)``, at most all but one for copiers.

    Known exactly: the truth, every annotator's confusions, who spams, and who copies whom.

    Keeps: votes are independent of each other given the truth, and all items are equally hard; who labels what is left
    to chance.

    Breaks: that independence, where some copy.

    Source: dawid1979maximum for the confusions.

    Parameters
    ----------
    labels : array-like (n_items,) or Exact
        Clean labels, of any sortable type; whole numbers below `n_classes` where that is given.
    n : int
        Number of annotators.
    rng : numpy.random.Generator
    skill : (float, float), default (8, 2)
        Parameters of the Beta distribution; its mean is ``a / (a + b)``.
    per_item : int, optional
        Votes an item, by different annotators; loads differ by one item at most. By default all label everything.
    kind : {"confusion", "one-coin"}, default "confusion"
        Whether an annotator has a skill for each class and favourite errors (spread by a flat Dirichlet draw), or
        one skill for all classes and errs evenly.
    spammers : float in [0, 1], default 0
        Share of annotators who say each class with a chance of their own (a flat Dirichlet draw) whatever the item.
    copy : float in [0, 1], default 0
        Share of annotators who say what another one said, or would have said, of every item.
    n_classes : int, optional
        Number of classes, where not every class occurs.

    Examples
    --------
    >>> crowd = annotators(["a", "b"] * 500, 4, np.random.default_rng(0), per_item=2, kind="one-coin")
    >>> crowd.evidence.n_votes, np.bincount(np.nonzero(crowd.evidence.wide() >= 0)[1]).tolist()
    (2000, [500, 500, 500, 500])
    >>> bool((crowd.oracle.posterior(np.full((1000, 2), 0.5)).argmax(axis=1) == crowd.truth).mean() > 0.8)
    True
    """
    codes, classes, _ = coded(labels, n_classes)
    a, k = whole(n, "n", 1), len(classes)
    choice(kind, "kind", ("confusion", "one-coin"))
    if len(skill) != 2 or not min(skill) > 0:
        raise InputError(
            f"skill={skill} must be the two positive parameters of a Beta distribution, such as (8, 2)"
        )
    confusion = _confusions(a, k, skill, kind, rng)
    spammer = np.zeros(a, bool)
    spammer[rng.choice(a, round(checked(spammers, "spammers") * a), replace=False)] = True
    confusion[spammer] = rng.dirichlet(np.ones(k), int(spammer.sum()))[:, None]
    leader = np.arange(a)
    followers = rng.choice(a, min(round(checked(copy, "copy") * a), a - 1), replace=False)
    leader[followers] = rng.choice(np.setdiff1d(leader, followers), len(followers))
    confusion, spammer = confusion[leader], spammer[leader]
    item, source = _assignment(len(codes), a, per_item, rng)
    votes = np.full((len(codes), a), -1, np.int32)
    votes[item, source] = _said(item, leader[source], codes, confusion, rng)
    return Crowd(Votes(votes, classes), codes, confusion, spammer, leader)


def _confusions(
    a: int, k: int, skill: tuple[float, float], kind: str, rng: np.random.Generator
) -> np.ndarray:
    right = rng.beta(*skill, (a, k if kind == "confusion" else 1))[:, :, None]
    errors = np.full((a, k, k), 1 / (k - 1))
    if kind == "confusion":
        off = ~np.eye(k, dtype=bool)
        errors[:, off] = rng.dirichlet(np.ones(k - 1), (a, k)).reshape(a, -1)
    return np.where(np.eye(k, dtype=bool), right, (1 - right) * errors)


def _assignment(
    n: int, a: int, per_item: int | None, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Who labels what: item and annotator of each vote, loads as even as can be."""
    m = a if per_item is None else whole(per_item, "per_item", 1, a)
    item = np.repeat(np.arange(n), m)
    if m == a:
        return item, np.tile(np.arange(a), n)
    # One random order of all annotators after the other, cut every m votes. An item on a seam takes from the new
    # order nobody whom it has from the old one.
    source = np.empty(n * m + a, np.intp)
    start = 0
    while start < n * m:
        order = rng.permutation(a)
        begun = start % m
        if begun:
            taken = np.isin(order, source[start - begun : start])
            free = np.flatnonzero(~taken)[: m - begun]
            order = np.concatenate([order[free], np.delete(order, free)])
        source[start : start + a] = order
        start += a
    return item, source[: n * m]


def _said(
    item: np.ndarray, speaker: np.ndarray, codes: np.ndarray, confusion: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """What is said of each item by the speaker; the same speaker says the same of it again."""
    a, k, _ = confusion.shape
    once, again = np.unique(item * a + speaker, return_inverse=True)
    rows = (once % a) * k + codes[once // a]
    said: np.ndarray = pick(edges(confusion.reshape(-1, k)), rows, rng.random(len(once)))[again]
    return said
