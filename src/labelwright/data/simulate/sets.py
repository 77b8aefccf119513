"""Sets of classes that hold the true one."""

from collections.abc import Hashable, Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from labelwright.data.simulate.checks import Labels, coded
from labelwright.errors import InputError
from labelwright.evidence import Candidates


class CandidateSets(NamedTuple):
    """Candidates, and how they came about.

    Attributes
    ----------
    evidence : Candidates
    truth : int array (n,)
        Position of the true class in ``evidence.classes``.
    joins : float array (k, k)
        ``joins[truth, class]``: chance that a class stands in the set; 1 on the diagonal.
    """

    evidence: Candidates
    truth: np.ndarray
    joins: np.ndarray

    @property
    def ambiguity(self) -> float:
        """Largest chance that one wrong class stands beside a class; at 1 nothing tells these two apart."""
        return float((self.joins - np.eye(len(self.joins))).max())


def candidates(
    labels: Labels,
    extra: ArrayLike,
    rng: np.random.Generator,
    *,
    n_classes: int | None = None,
    pairs: Mapping[Hashable, Hashable | Iterable[Hashable]] | None = None,
) -> CandidateSets:
    """Hide each label in a set of classes: the true one, and each wrong one with chance `extra`.

    ``P(class joins | truth) = extra``, or ``extra[truth, class]``, each class for itself. A set may hold all
    classes. For sets that can miss the truth, spoil the labels first: ``candidates(spoiled.labels, ...)``.

    Known exactly: the truth, the chance of every wrong class to join, and the largest of them (`ambiguity`).

    Keeps: with one number for `extra`, which wrong classes stand in a set tells nothing more about the truth, so
    that the posterior of `Candidates` is Bayes' rule.

    Breaks: that same rule, where `extra` is a matrix or `pairs` are given: some classes come in company.

    Source: chen2024imprecise (S012) and what it builds on draw such sets; `ambiguity` is the degree of
    Cour, Sapp and Taskar (2011).

    Parameters
    ----------
    labels : array-like (n,) or Exact
        Clean labels, of any sortable type; whole numbers below `n_classes` where that is given.
    extra : float in [0, 1], or array-like (k, k)
        Chance that a wrong class joins; a matrix is read as ``extra[truth, class]`` and its diagonal ignored.
    rng : numpy.random.Generator
    n_classes : int, optional
        Number of classes, where not every class occurs.
    pairs : mapping of class to class, or to several, optional
        Ambiguous partners: only these join, each with chance `extra`. A class without partners is told exactly.

    Examples
    --------
    >>> told = candidates(["ant", "bee", "cow"], 1.0, np.random.default_rng(0), pairs={"ant": "bee"})
    >>> told.evidence.allowed.astype(int).tolist()
    [[1, 1, 0], [0, 1, 0], [0, 0, 1]]
    """
    codes, classes, _ = coded(labels, n_classes)
    joins = _joins(extra, pairs, classes)
    allowed = np.empty((len(codes), len(classes)), bool)
    for column in range(len(classes)):  # a table of (n, k) random numbers need not exist at once
        allowed[:, column] = rng.random(len(codes)) < joins[codes, column]
    return CandidateSets(Candidates(allowed, classes), codes, joins)


def complementary(labels: Labels, rng: np.random.Generator, *, n_classes: int | None = None) -> CandidateSets:
    """Say of each item one class that it is not, any wrong one alike.

    Known exactly: the truth; every set lacks exactly one class, each wrong one with chance 1 / (k - 1).

    Keeps: the missing class tells nothing more than that it is not the true one.

    Parameters
    ----------
    labels : array-like (n,) or Exact
        Clean labels, of any sortable type; whole numbers below `n_classes` where that is given.
    rng : numpy.random.Generator
    n_classes : int, optional
        Number of classes, where not every class occurs. With two classes the label is told exactly.

    Examples
    --------
    >>> told = complementary(["a", "b", "c", "d"], np.random.default_rng(0))
    >>> told.evidence.allowed.sum(axis=1).tolist()
    [3, 3, 3, 3]
    """
    codes, classes, _ = coded(labels, n_classes)
    k = len(classes)
    allowed = np.ones((len(codes), k), bool)
    allowed[np.arange(len(codes)), (codes + rng.integers(1, k, len(codes))) % k] = False
    joins = np.full((k, k), 1 - 1 / (k - 1))
    np.fill_diagonal(joins, 1)
    return CandidateSets(Candidates(allowed, classes), codes, joins)


def _joins(
    extra: ArrayLike, pairs: Mapping[Hashable, Hashable | Iterable[Hashable]] | None, classes: np.ndarray
) -> np.ndarray:
    k = len(classes)
    chances = np.asarray(extra, float)
    if chances.shape not in ((), (k, k)):
        raise InputError(
            f"extra has shape {chances.shape}; give one number, or a table ({k}, {k}) [truth, joins]"
        )
    if not ((chances >= 0) & (chances <= 1)).all():
        raise InputError(f"extra must lie between 0 and 1, not {chances}")
    joins = np.broadcast_to(chances, (k, k)).copy()
    if pairs is not None:
        place = {name: i for i, name in enumerate(classes.tolist())}
        partners = np.zeros((k, k), bool)
        for name, others in pairs.items():
            several = isinstance(others, (list, tuple, set, frozenset))
            for other in others if several else [others]:  # type: ignore[union-attr]
                strange = next((c for c in (name, other) if c not in place), None)
                if strange is not None:
                    raise InputError(f"pairs name {strange!r}, which is not among the {k} classes")
                partners[place[name], place[other]] = True
        joins[~partners] = 0
    np.fill_diagonal(joins, 1)
    return joins
