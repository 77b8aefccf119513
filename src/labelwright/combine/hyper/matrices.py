"""Vote matrices with a known truth, for a label model that is trained once on many of them."""

from typing import NamedTuple

import numpy as np

ITEMS, SOURCES = 200, 20  # of the largest matrix


class Matrices(NamedTuple):
    """Many small matrices of votes for one class against the rest, padded to one size.

    Attributes
    ----------
    votes : int8 array (N, n, m)
        1 for the class, -1 against it, 0 where a source abstains or there is none.
    truth : int8 array (N, n)
        1 or 0; -1 where nobody voted, and where there is no item.
    """

    votes: np.ndarray
    truth: np.ndarray


def vote_matrices(
    size: int, rng: np.random.Generator, *, items: int = ITEMS, sources: int = SOURCES, dependent: float = 0.3
) -> Matrices:
    """Draw matrices of many kinds: sources good and poor, that speak often or seldom, of both classes or of one.

    Of every matrix are drawn: 20 to `items` items and 2 to `sources` sources, evenly on the scale of logarithms; the
    share of the class, from 0.1 to 0.9; how good sources are on the whole, and how much they differ in skill, in
    leaning to one answer, and in how often they speak. A source says the class with chance
    ``sigmoid(leaning + skill)`` where it is true and ``sigmoid(leaning - skill)`` where it is not; in half of the
    matrices some sources are rules that only ever say one thing, and speak more often where it is true. In a share of
    the matrices sources copy earlier ones, now and then. If more than half of the sources are worse than chance, all of
    their skills change sign: otherwise nothing would tell truth from its opposite.

    Parameters
    ----------
    size : int
        How many, N.
    rng : numpy.random.Generator
    items, sources : int
        Of the largest matrix, n >= 20 and m >= 2.
    dependent : float, default 0.3
        Share of the matrices in which sources copy.

    Examples
    --------
    >>> drawn = vote_matrices(3, np.random.default_rng(0))
    >>> drawn.votes.shape, sorted(set(drawn.truth.ravel().tolist()))
    ((3, 200, 20), [-1, 0, 1])
    """
    votes = np.zeros((size, items, sources), dtype=np.int8)
    truth = np.full((size, items), -1, dtype=np.int8)
    for i in range(size):
        n, m = _between(20, items, rng), _between(2, sources, rng)
        label = rng.random(n) < rng.uniform(0.1, 0.9)
        said = _said(label, _chances(m, rng), rng)
        if rng.random() < dependent:
            _copy(said, rng)
        votes[i, :n, :m] = said
        truth[i, :n] = np.where((said != 0).any(axis=1), label, -1)
    return Matrices(votes, truth)


def _chances(m: int, rng: np.random.Generator) -> np.ndarray:
    """Chances of each source to speak for and against the class, where it is false and where it is true: (2, 2, m)."""
    skill = rng.normal(rng.uniform(0.2, 2.0), rng.uniform(0.0, 1.2), m)
    if (skill < 0).sum() > m / 2:
        skill = -skill
    leaning = rng.normal(0, rng.uniform(0.0, 1.5), m)
    often = rng.normal(rng.normal(0, 1.5), rng.uniform(0.0, 1.5), m)
    by_class = rng.normal(0, rng.uniform(0.0, 0.7), m)
    one_sided = rng.random(m) < (rng.random() if rng.random() < 0.5 else 0.0)
    only = np.where(rng.random(m) < rng.random(), 1.0, -1.0)  # what a rule says
    chances = np.empty((2, 2, m))
    for true in (0, 1):
        sign = 2 * true - 1
        speaks = _sigmoid(often + sign * np.where(one_sided, only * skill, by_class))
        agrees = np.where(one_sided, only > 0, _sigmoid(leaning + sign * skill))
        chances[true] = speaks * agrees, speaks * (1 - agrees)
    return chances


def _said(label: np.ndarray, chances: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    draw = rng.random((len(label), chances.shape[-1]))
    yes, no = chances[label.astype(int)].transpose(1, 0, 2)
    return np.where(draw < yes, 1, np.where(draw < yes + no, -1, 0)).astype(np.int8)


def _copy(said: np.ndarray, rng: np.random.Generator) -> None:
    """Let some sources repeat an earlier one about some of the items, in place."""
    n, m = said.shape
    share = rng.random()
    for j in range(1, m):
        if rng.random() < share:
            takes = rng.random(n) < rng.random()
            said[takes, j] = said[takes, rng.integers(j)]


def _between(low: int, high: int, rng: np.random.Generator) -> int:
    return int(np.exp(rng.uniform(np.log(low), np.log(high + 1))))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-x)))
