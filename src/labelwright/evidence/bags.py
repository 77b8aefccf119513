"""How many items of each class a bag holds."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError
from labelwright.evidence.bag_tables import named, read_bags, read_counts, read_table
from labelwright.evidence.base import Evidence, whole_groups
from labelwright.evidence.classes import class_array

LATTICE = 2_000_000  # cells (items x counts) that one bag of several classes may take to be counted exactly
SLACK = 1e-9


class Bags(Evidence):
    """Counts of classes by bag; nothing is told about any single item (label proportions).

    ``P(told | labels) = 1`` if in every bag the count of each class is the told one (or lies in the told interval),
    else 0. Items of a bag therefore depend on each other, and a bag is taken whole.

    Parameters
    ----------
    bag : sequence (n,)
        Bag of each item, by any hashable name; None, NaN, and -1 among integers, stand for no bag.
    counts : array (B, k) of int, or mapping of bag to counts
        Rows in the order of the sorted names of the bags; of a mapping, each value holds k counts or is a mapping of
        class to count. With two classes a row may be one number, the count of the second.
    classes : sequence (k,), optional
        Class names; by default 0 to k - 1.

    Attributes
    ----------
    bag : ndarray (n,) of int
        Position of each item's bag in `names`, -1 for none.
    names : ndarray (B,)
    low, high : ndarray (B, k) of int
        Fewest and most items of each class, as narrow as the limits of the others make them.
    exact : ndarray (B,) of bool
        Whether the bag is counted exactly; otherwise by the saddlepoint approximation.

    Raises
    ------
    InputError
        When counts are negative, not whole, do not fit the size of their bag, or miss a bag; the bag is named.

    Notes
    -----
    Two classes are exact in O(size ** 2) time and O(size) memory a bag (Poisson-binomial law, tilted so that nothing
    near the count underflows; each item is left out by polynomial division). So is any bag that speaks about one
    class against the rest: classes of which it tells nothing are counted as one. Several classes are exact by
    forward-backward over the lattice of counts while items times lattice stay below two million cells. Beyond, the
    saddlepoint approximation (exponential tilting and a normal copula with exact margins) takes over, in O(size k +
    k ** 2) memory, k being the classes that occur in the bag. Its posteriors add up to told counts all the same.

    Errors of the approximation, measured where the exact result could be had, 3 and 4 classes, probabilities
    from Dirichlet laws and from classifiers of wine and digits with noise, 170 to 200 bags each:

    ==================  ========  ========  ========  ========
    items in the bag          10        20        40        60
    ==================  ========  ========  ========  ========
    posterior, largest     0.060     0.045     0.014     0.005
    posterior, mean        0.002    0.0007    0.0001   0.00004
    log-evidence            0.14      0.10      0.03      0.01
    limits, largest        0.068     0.069     0.030     0.018
    ==================  ========  ========  ========  ========

    The last row is the posterior where the counts were told to within one. Errors follow the number of
    items in doubt, not the size. Where hardly any item is, the posterior was up to 0.07 off (0.12 with limits) and the
    log-evidence up to 0.7; in bags of 16 digits of all ten classes 0.08 (mean 0.003) and 0.4. Such small bags are
    counted exactly unless they have many classes; with 250 items of three classes the largest error was 3e-5.

    Formulas after S012 and its successor, which run one class against the rest.

    Examples
    --------
    >>> told = Bags(["mon", "mon", "mon", "tue"], {"mon": [2, 1], "tue": [0, 1]}, classes=["ham", "spam"])
    >>> told.posterior([[0.9, 0.1], [0.5, 0.5], [0.5, 0.5], [0.5, 0.5]]).round(2).tolist()
    [[0.95, 0.05], [0.53, 0.47], [0.53, 0.47], [0.0, 1.0]]
    """

    unit = "bag"

    def __init__(
        self, bag: ArrayLike | Sequence[Any], counts: Any, classes: Sequence[Any] | np.ndarray | None = None
    ):
        codes, names = read_bags(bag)
        table = read_counts(counts, names, classes, "counts")
        self._build(codes, names, table, table, classes)

    @classmethod
    def between(
        cls,
        bag: ArrayLike | Sequence[Any],
        low: Any,
        high: Any,
        classes: Sequence[Any] | np.ndarray | None = None,
    ) -> Self:
        """Build from the fewest and the most items of each class, given like `counts`.

        A class that may have from 0 to all items is one of which nothing is told; what is told of one class
        alone, such as "at least three are ripe", is exact for any size and any number of classes.

        Examples
        --------
        >>> Bags.between([0, 0], [[0, 1]], [[1, 2]]).posterior([[0.5, 0.5], [0.5, 0.5]]).round(3).tolist()
        [[0.333, 0.667], [0.333, 0.667]]
        """
        codes, names = read_bags(bag)
        least, most = read_counts(low, names, classes, "low"), read_counts(high, names, classes, "high")
        if least.shape != most.shape:
            raise InputError(f"low has shape {least.shape} and high {most.shape}; they must match")
        return cls._of(codes, names, least, most, classes)

    @classmethod
    def from_proportions(
        cls,
        bag: ArrayLike | Sequence[Any],
        proportions: Any,
        classes: Sequence[Any] | np.ndarray | None = None,
        *,
        tolerance: float | None = None,
    ) -> Self:
        """Build from shares of the classes in each bag, given like `counts`.

        Parameters
        ----------
        bag : sequence (n,)
        proportions : array (B, k) of float, or mapping of bag to shares
        classes : sequence (k,), optional
        tolerance : float in [0, 1], optional
            How far a share may be off; by default half an item of its bag, so that only the nearest count is possible,
            or both if two are equally near.

        Examples
        --------
        >>> Bags.from_proportions([0, 0, 0], [[0.67, 0.33]]).low.tolist()
        [[2, 1]]
        """
        if tolerance is not None and not 0 <= tolerance <= 1:
            raise InputError(f"tolerance={tolerance!r} must lie in [0, 1]: it is a difference of shares")
        codes, names = read_bags(bag)
        shares = read_table(proportions, names, classes, "proportions")
        if shares.shape[1] == 1 and (classes is None or len(classes) == 2):
            shares = np.column_stack([1 - shares[:, 0], shares[:, 0]])
        outside = ~((shares >= 0) & (shares <= 1)).all(axis=1)
        off = np.flatnonzero(outside | ((tolerance is None) & (np.abs(shares.sum(axis=1) - 1) > 0.01)))
        if len(off):
            raise InputError(
                f"proportions of bag {named(names, off[0])} are {shares[off[0]].tolist()}, expected shares in [0, 1] "
                "that sum to 1; for numbers of items use Bags(bag, counts)"
            )
        sizes = np.bincount(codes[codes >= 0], minlength=len(names))[:, None]
        room = 0.5 if tolerance is None else tolerance * sizes
        low = np.ceil(np.maximum(sizes * (shares - SLACK) - room, 0)).astype(np.int64)
        high = np.floor(np.minimum(sizes * (shares + SLACK) + room, sizes)).astype(np.int64)
        remedy = "; allow more with tolerance=..., as the counts nearest to these shares do not add up"
        return cls._of(codes, names, low, high, classes, remedy)

    @classmethod
    def _of(
        cls,
        codes: np.ndarray,
        names: np.ndarray,
        low: np.ndarray,
        high: np.ndarray,
        classes: Any,
        remedy: str = "",
    ) -> Self:
        bags = cls.__new__(cls)
        bags._build(codes, names, low, high, classes, remedy)
        return bags

    def _build(
        self,
        codes: np.ndarray,
        names: np.ndarray,
        low: np.ndarray,
        high: np.ndarray,
        classes: Any,
        remedy: str = "",
    ) -> None:
        self.bag, self.names = codes, names
        sizes = self.sizes[:, None]
        if low.shape[1] == 1 and (classes is None or len(classes) == 2):  # of the second
            low, high = np.column_stack([sizes - high, low]), np.column_stack([sizes - low, high])
        self.classes = class_array(range(low.shape[1]) if classes is None else list(classes))
        if len(self.classes) != low.shape[1]:
            raise InputError(f"counts have {low.shape[1]} columns for {len(self.classes)} classes")
        self._check(low, high, remedy)
        self.low = np.maximum(low, sizes - (high.sum(axis=1, keepdims=True) - high))
        self.high = np.minimum(high, sizes - (low.sum(axis=1, keepdims=True) - low))
        # Classes that may take all that the others leave: the bag does not tell them apart.
        left = sizes - self.low.sum(axis=1, keepdims=True)
        self._free = (self.low == 0) & (self.high == left) & (left > 0)
        order = np.argsort(codes, kind="stable")
        self._order = order[(codes < 0).sum() :]  # items in bags, bag by bag
        self._first = np.append(0, np.cumsum(self.sizes))
        self.exact = self._steps() <= LATTICE

    def __len__(self) -> int:
        return len(self.bag)

    def __getitem__(self, items: Any) -> Self:
        rows = whole_groups(self, items)
        taken, codes = np.unique(self.bag[rows], return_inverse=True)
        loose = int(len(taken) > 0 and taken[0] < 0)
        kept = taken[loose:]
        return self._of(codes - loose, self.names[kept], self.low[kept], self.high[kept], self.classes)

    def __repr__(self) -> str:
        rough = "" if self.exact.all() else f", approximate={int((~self.exact).sum())}"
        return f"Bags(n={len(self)}, bags={len(self.names)}, classes={self.n_classes}{rough})"

    @property
    def sizes(self) -> np.ndarray:
        """Number of items of each bag: (B,)."""
        return np.bincount(self.bag[self.bag >= 0], minlength=len(self.names))

    @property
    def counts(self) -> np.ndarray:
        """The counts (B, k) that were told; of an interval its middle, as a float."""
        return self.low if (self.low == self.high).all() else (self.low + self.high) / 2

    @property
    def groups(self) -> np.ndarray:
        """Bag of each item; items in no bag are groups of their own."""
        loose = self.bag < 0
        groups = self.bag.copy()
        groups[loose] = len(self.names) + np.arange(loose.sum())
        return groups

    def message(self, states: np.ndarray) -> np.ndarray:
        from labelwright.evidence.counting import two_classes

        with np.errstate(divide="ignore"):
            logs = np.log(states[self._order])
        heard = np.full(logs.shape, -np.inf)
        if self.n_classes == 2:
            two_classes(logs, self._first, self.low[:, 1].copy(), self.high[:, 1].copy(), heard)
        else:
            for b in range(len(self.names)):
                rows = slice(self._first[b], self._first[b + 1])
                heard[rows] = _one_bag(
                    logs[rows], self.low[b], self.high[b], self._free[b], bool(self.exact[b])
                )
        told = np.zeros(states.shape)
        told[self._order] = heard
        return told

    def likelihood_of(self, labels: ArrayLike) -> float:
        codes = np.asarray(labels, dtype=np.intp)
        inside = self.bag >= 0
        found = np.zeros(self.low.shape, dtype=np.int64)
        np.add.at(found, (self.bag[inside], codes[inside]), 1)
        return float(((found >= self.low) & (found <= self.high)).all())

    def _steps(self) -> np.ndarray:
        """Items times counts to go through: (B,); 0 where a bag tells at most two kinds of classes apart."""
        alone = np.where(self._free, 0, self.high)
        both = np.where(self._free, self.high, 0).max(axis=1, initial=0)
        widths = np.sort(np.column_stack([alone, both]) + 1.0, axis=1)[:, :-1]  # all but the most frequent
        steps = np.log(np.maximum(self.sizes, 1)) + np.log(widths).sum(axis=1)
        return np.asarray(
            np.where((alone > 0).sum(axis=1) + (both > 0) <= 2, 0.0, np.exp(np.minimum(steps, 700)))
        )

    def _check(self, low: np.ndarray, high: np.ndarray, remedy: str) -> None:
        sizes = self.sizes
        for wrong, says in (
            (((low < 0) | (high < 0)).any(axis=1), "has a negative count"),
            (
                (np.maximum(low, high) > sizes[:, None]).any(axis=1),
                "counts more items of a class than it has",
            ),
            ((low > high).any(axis=1), "has a fewest above its most"),
            (low.sum(axis=1) > sizes, "counts more items than it has"),
            (high.sum(axis=1) < sizes, "counts fewer items than it has"),
        ):
            if wrong.any():
                b = int(np.flatnonzero(wrong)[0])
                raise InputError(
                    f"bag {named(self.names, b)} of {sizes[b]} items {says}: {low[b].tolist()}"
                    + ("" if (low[b] == high[b]).all() else f" to {high[b].tolist()}")
                    + (remedy or "; correct the counts, or which items are in the bag")
                )


def _one_bag(
    logs: np.ndarray, low: np.ndarray, high: np.ndarray, free: np.ndarray, exact: bool
) -> np.ndarray:
    """Messages (m, k) of one bag, counted over the classes that are possible and that it tells apart."""
    alone = np.flatnonzero((high > 0) & ~free)
    kinds, least, most = [logs[:, alone]], low[alone], high[alone]
    if free.any():
        kinds.append(np.logaddexp.reduce(logs[:, free], axis=1, keepdims=True))
        least, most = np.append(least, 0), np.append(most, high[free].max())
    order = np.argsort(most, kind="stable")  # last the most frequent, which counting can leave out
    some = np.ascontiguousarray(np.column_stack(kinds)[:, order])
    found = np.empty((len(logs), len(order)))
    found[:, order] = _counted(some, least[order], most[order], exact)
    heard = np.full(logs.shape, -np.inf)
    heard[:, alone] = found[:, : len(alone)]
    heard[:, free] = found[:, len(alone) :]
    return heard


def _counted(logs: np.ndarray, low: np.ndarray, high: np.ndarray, exact: bool) -> np.ndarray:
    from labelwright.evidence.counting import several_classes, two_classes
    from labelwright.evidence.saddlepoint import saddlepoint

    heard = np.empty(logs.shape)
    if len(low) == 1:
        return _one_class(logs)
    if len(low) == 2:
        two_classes(logs, np.array([0, len(logs)]), low[1:], high[1:], heard)
    elif exact:
        several_classes(logs, low, high, heard)
    else:
        return saddlepoint(logs, low, high)
    return heard


def _one_class(logs: np.ndarray) -> np.ndarray:
    """Log-probability that all others are of the only class that is possible."""
    nowhere = np.isneginf(logs)
    total = np.where(nowhere, 0.0, logs).sum()
    left = nowhere.sum() - nowhere  # others that cannot be of it
    return np.where(left > 0, -np.inf, total - np.where(nowhere, 0.0, logs))
