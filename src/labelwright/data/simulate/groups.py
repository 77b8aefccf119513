"""Bags of items of which only the class counts are known."""

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from labelwright.data.simulate.checks import Labels, choice, coded, table, whole
from labelwright.data.simulate.draws import seed
from labelwright.errors import InputError
from labelwright.evidence.bags import Bags


class Bagged(NamedTuple):
    """Bags, and how they came about.

    Attributes
    ----------
    evidence : Bags
        Every item stands in one bag; bags are numbered from 0.
    truth : int array (n,)
        Position of the true class in ``evidence.classes``.
    mixes : float array (B, k) or None
        The mix of classes that each bag was drawn with, where `by` is ``"class"``.
    """

    evidence: Bags
    truth: np.ndarray
    mixes: np.ndarray | None


def bags(
    labels: Labels,
    size: int | Sequence[int],
    rng: np.random.Generator,
    *,
    by: str = "random",
    X: Any = None,
    concentration: float = 1.0,
    n_classes: int | None = None,
) -> Bagged:
    """Put items into bags and tell only how many of each class a bag holds.

    Known exactly: the truth, and the counts, which are those of the truth.

    Keeps: bags by chance (``by="random"``) say nothing about their items but their counts.

    Breaks: bags by class differ in balance, and bags by feature hold items that are alike, so that a bag tells
    more than its counts; methods that take items of a bag for independent draws of the table err.

    Source: havaldar2024proportions (S084) learns from random bags.

    Parameters
    ----------
    labels : array-like (n,) or Exact
        Clean labels, of any sortable type; whole numbers below `n_classes` where that is given.
    size : int, or sequence of int
        Items a bag. Of several sizes each bag draws one. The last bag takes what is left and may be smaller.
    rng : numpy.random.Generator
    by : {"random", "class", "feature"}, default "random"
        What decides who stands together: chance; a mix of classes that each bag draws for itself; or `X`.
    X : array (n,), or array or sparse matrix (n, d), optional
        Needed where `by` is ``"feature"``. One column: items are sorted by it (ties by chance) and cut into
        bags. A table: bags are the clusters of k-means on the columns as they are, ceil(n / mean size) of them,
        whose sizes vary.
    concentration : float > 0, default 1
        How alike the mixes of the bags are where `by` is ``"class"``: each is a draw from
        ``Dirichlet(concentration * k * share of each class)``. Near 0 almost every bag holds one class, at 1 all
        mixes are about equally likely, and large values come near chance. The last bags take what is left.
    n_classes : int, optional
        Number of classes, where not every class occurs.

    Examples
    --------
    >>> told = bags(["a", "b", "b", "a", "b"], 2, np.random.default_rng(0))
    >>> told.evidence.counts.sum(axis=0).tolist(), told.evidence.counts.sum(axis=1).tolist()
    ([2, 3], [2, 2, 1])
    """
    codes, classes, _ = coded(labels, n_classes)
    choice(by, "by", ("random", "class", "feature"))
    n, k, mixes = len(codes), len(classes), None
    features = table(X, n) if by == "feature" else None
    if features is not None and features.ndim == 2:
        bag = _clusters(features, int(np.ceil(n / np.mean(_checked(size)))), rng)
    else:
        sizes = _sizes(size, n, rng)
        if by == "class":
            bag, mixes = _by_class(codes, k, sizes, concentration, rng)
        else:
            order = rng.permutation(n)
            if features is not None:
                order = order[np.argsort(features[order], kind="stable")]
            bag = np.empty(n, np.intp)
            bag[order] = np.repeat(np.arange(len(sizes)), sizes)
    counts = np.bincount(bag * k + codes, minlength=(bag.max() + 1) * k).reshape(-1, k)
    return Bagged(Bags(bag, counts, classes), codes, mixes)


def _checked(size: int | Sequence[int]) -> list[int]:
    sizes = [size] if np.ndim(size) == 0 else list(size)  # type: ignore[arg-type, list-item]
    if not sizes:
        raise InputError("size is empty; give one size of a bag, or several to draw from")
    return [whole(s, "size", 1) for s in sizes]


def _sizes(size: int | Sequence[int], n: int, rng: np.random.Generator) -> np.ndarray:
    """Sizes that sum to n; the last may be cut."""
    options = np.array(_checked(size))
    drawn = rng.choice(options, -(-n // options.min()))  # enough, even if each were the smallest
    ends = np.minimum(drawn.cumsum(), n)
    sizes = np.diff(ends, prepend=0)
    return sizes[sizes > 0]


def _by_class(
    codes: np.ndarray, k: int, sizes: np.ndarray, concentration: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Bag of each row, and the mix (B, k) of classes that each bag was drawn with."""
    if not 0 < concentration < np.inf:
        raise InputError(f"concentration must be a positive number, not {concentration}")
    left = np.bincount(codes, minlength=k)
    here = np.flatnonzero(left)
    mixes = np.zeros((len(sizes), k))
    mixes[:, here] = rng.dirichlet(concentration * len(here) * left[here] / len(codes), len(sizes))
    taken = np.zeros((len(sizes), k), np.intp)
    for b, (size, mix) in enumerate(zip(sizes, mixes)):
        while (short := size - taken[b].sum()) > 0:
            open_ = mix * (left > 0)
            # Where nothing is left of the classes that the bag would have, it takes what there is.
            chances = open_ / open_.sum() if open_.sum() > 0 else left / left.sum()
            draw = np.minimum(rng.multinomial(short, chances), left)
            taken[b] += draw
            left -= draw
    bag = np.empty(len(codes), np.intp)
    order = rng.permutation(len(codes))
    for code in here:
        bag[order[codes[order] == code]] = np.repeat(np.arange(len(sizes)), taken[:, code])
    return bag, mixes


def _clusters(X: Any, count: int, rng: np.random.Generator) -> np.ndarray:
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct rows than clusters: fewer bags
        found = KMeans(count, n_init=1, random_state=seed(rng)).fit_predict(X)
    bag: np.ndarray = np.unique(found, return_inverse=True)[1]
    return bag
