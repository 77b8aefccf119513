"""Wrong labels whose chance depends on the true class alone."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from labelwright.data.simulate.checks import Labels, coded
from labelwright.data.simulate.checks import rate as checked
from labelwright.data.simulate.draws import edges, pick
from labelwright.errors import InputError


class Spoiled(NamedTuple):
    """Labels after spoiling.

    Attributes
    ----------
    labels : array
        Same shape and type as the clean ones.
    wrong : bool array
        Where they differ from the clean ones.
    matrix : float array (k, k) or None
        ``matrix[truth, given]``, rows sum to 1, where it is known and the same for all items. Rows and
        columns follow ``np.unique(labels)``, or 0..n_classes-1.
    """

    labels: np.ndarray
    wrong: np.ndarray
    matrix: np.ndarray | None


def symmetric(labels: Labels, rate: float, rng: np.random.Generator, n_classes: int | None = None) -> Spoiled:
    """Flip each label with probability `rate` to any other class, all equally likely.

    Known exactly: which labels are wrong, and the chance of every (true, given) pair.

    Keeps: errors depend on the true class alone, and the true class stays the likeliest one while
    ``rate < 1 - 1/k``.

    Source: patrini2017making.

    Parameters
    ----------
    labels : array-like (n,) or Exact
        Clean labels, of any sortable type; whole numbers below `n_classes` where that is given.
    rate : float in [0, 1]
        Chance of a wrong label.
    rng : numpy.random.Generator
    n_classes : int, optional
        Number of classes, where not every class occurs.

    Examples
    --------
    >>> clean = np.arange(1000) % 4
    >>> spoiled = symmetric(clean, 0.3, np.random.default_rng(0))
    >>> float(spoiled.wrong.mean()), spoiled.matrix[0].round(2).tolist()
    (0.31, [0.7, 0.1, 0.1, 0.1])
    """
    k = len(coded(labels, n_classes).classes)
    off = checked(rate) / (k - 1)
    return class_dependent(labels, np.full((k, k), off) + (1 - rate - off) * np.eye(k), rng, n_classes)


def pair_flip(labels: Labels, rate: float, rng: np.random.Generator, n_classes: int | None = None) -> Spoiled:
    """Flip each label with probability `rate` to the next class, the last one to the first.

    Known exactly: which labels are wrong, and the chance of every (true, given) pair.

    Keeps: errors depend on the true class alone.

    Breaks: from a rate of one half on, the given class is no longer the likeliest true one.

    Source: patrini2017making.

    Parameters
    ----------
    labels : array-like (n,) or Exact
        Clean labels, as in `symmetric`.
    rate : float in [0, 1]
        Chance of a wrong label.
    rng : numpy.random.Generator
    n_classes : int, optional
        Number of classes, where not every class occurs.

    Examples
    --------
    >>> pair_flip(["a", "b", "c"], 1.0, np.random.default_rng(0)).labels.tolist()
    ['b', 'c', 'a']
    """
    stay = np.eye(len(coded(labels, n_classes).classes))
    return class_dependent(
        labels, (1 - checked(rate)) * stay + rate * np.roll(stay, 1, axis=1), rng, n_classes
    )


def class_dependent(
    labels: Labels, matrix: ArrayLike, rng: np.random.Generator, n_classes: int | None = None
) -> Spoiled:
    """Draw each given label from the row of `matrix` that belongs to its clean one.

    Known exactly: which labels are wrong, and the chance of every (true, given) pair.

    Keeps: errors depend on the true class alone.

    Source: patrini2017making.

    Parameters
    ----------
    labels : array-like (n,) or Exact
        Clean labels, as in `symmetric`.
    matrix : array-like (k, k)
        ``matrix[truth, given]``; rows sum to 1.
    rng : numpy.random.Generator
    n_classes : int, optional
        Number of classes, where not every class occurs.

    Examples
    --------
    >>> class_dependent(["a", "b"], [[0, 1], [0, 1]], np.random.default_rng(0)).labels.tolist()
    ['b', 'b']
    """
    codes, classes, kind = coded(labels, n_classes)
    chances = np.asarray(matrix, float)
    k = len(classes)
    if chances.shape != (k, k):
        raise InputError(
            f"matrix has shape {chances.shape}, but there are {k} classes; it must be ({k}, {k})"
        )
    if not (
        np.isfinite(chances).all() and (chances >= 0).all() and np.allclose(chances.sum(axis=1), 1, atol=1e-6)
    ):
        raise InputError("matrix must hold probabilities: no negative number, and every row sums to 1")
    given = pick(edges(chances), codes, rng.random(len(codes)))
    return Spoiled(classes[given].astype(kind), given != codes, chances)
