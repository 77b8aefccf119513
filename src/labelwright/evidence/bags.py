"""How many items of each class a bag holds."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError
from labelwright.evidence.base import Evidence, whole_groups
from labelwright.evidence.classes import class_array, encode

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
        Fewest and most items of each class.
    exact : ndarray (B,) of bool
        Whether the bag is counted exactly; otherwise by the saddlepoint approximation.

    Raises
    ------
    InputError
        When counts are negative, not whole, do not fit the size of their bag, or miss a bag; the bag is named.

    Notes
    -----
    Two classes are exact in O(size ** 2) time and O(size) memory a bag (Poisson-binomial law, tilted so that nothing
    near the count underflows; each item is left out by polynomial division). Several classes are exact by
    forward-backward over the lattice of counts while items times lattice stay below two million cells. Beyond, the
    saddlepoint approximation (exponential tilting and a normal copula with exact margins) takes over, in O(size k)
    memory. Formulas after S012 and its successor, which run one class against the rest.

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
        codes, names = _bags(bag)
        table = _counts(
            counts, names, classes, "counts", np.bincount(codes[codes >= 0], minlength=len(names))
        )
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

        Examples
        --------
        >>> Bags.between([0, 0], [[0, 1]], [[1, 2]]).posterior([[0.5, 0.5], [0.5, 0.5]]).round(3).tolist()
        [[0.333, 0.667], [0.333, 0.667]]
        """
        codes, names = _bags(bag)
        return cls._of(
            codes, names, _counts(low, names, classes, "low"), _counts(high, names, classes, "high"), classes
        )

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
            How far a share may be off; by default half an item of its bag, so that every count that rounds to
            the share is possible.

        Examples
        --------
        >>> Bags.from_proportions([0, 0, 0], [[0.67, 0.33]]).low.tolist()
        [[2, 1]]
        """
        codes, names = _bags(bag)
        sizes = np.bincount(codes[codes >= 0], minlength=len(names))
        shares = _table(proportions, names, classes, "proportions").astype(float)
        if shares.shape[1] == 1:
            shares = np.column_stack([1 - shares[:, 0], shares[:, 0]])
        off = np.flatnonzero(
            ~((shares >= 0) & (shares <= 1)).all(axis=1) | (np.abs(shares.sum(axis=1) - 1) > 0.01)
        )
        if len(off) and tolerance is None:
            raise InputError(
                f"proportions of bag {names[off[0]]!r} are {shares[off[0]].tolist()}, expected shares that sum to 1"
            )
        slack = 0.5 / np.maximum(sizes, 1)[:, None] if tolerance is None else tolerance
        low = np.ceil(np.maximum(sizes[:, None] * (shares - slack), 0) - SLACK).astype(np.int64)
        high = np.floor(np.minimum(sizes[:, None] * (shares + slack), sizes[:, None]) + SLACK).astype(
            np.int64
        )
        return cls._of(codes, names, low, high, classes)

    @classmethod
    def _of(
        cls, codes: np.ndarray, names: np.ndarray, low: np.ndarray, high: np.ndarray, classes: Any
    ) -> Self:
        bags = cls.__new__(cls)
        bags._build(codes, names, low, high, classes)
        return bags

    def _build(
        self, codes: np.ndarray, names: np.ndarray, low: np.ndarray, high: np.ndarray, classes: Any
    ) -> None:
        self.bag, self.names, self.low, self.high = codes, names, low, high
        self.classes = class_array(range(low.shape[1]) if classes is None else list(classes))
        if len(self.classes) != low.shape[1]:
            raise InputError(f"counts have {low.shape[1]} columns for {len(self.classes)} classes")
        self._check()
        order = np.argsort(codes, kind="stable")
        self._order = order[(codes < 0).sum() :]  # items in bags, bag by bag
        self._first = np.append(0, np.cumsum(self.sizes))
        self.exact = self._cells() <= LATTICE

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
            two_classes(logs, self._first, *_window(self.low, self.high, self.sizes), heard)
        else:
            for b in range(len(self.names)):
                rows, present = slice(self._first[b], self._first[b + 1]), np.flatnonzero(self.high[b] > 0)
                some = np.ascontiguousarray(logs[rows][:, present])
                heard[rows, present] = _one_bag(
                    some, self.low[b, present], self.high[b, present], self.exact[b]
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

    def _cells(self) -> np.ndarray:
        """Cells of the lattice of counts, times items: (B,); 0 where at most two classes are possible."""
        widest = np.sort(self.high + 1.0, axis=1)[:, :-1]
        cells = self.sizes * np.exp(np.log(widest).sum(axis=1))
        return np.asarray(np.where((self.high > 0).sum(axis=1) <= 2, 0.0, cells))

    def _check(self) -> None:
        sizes, low, high = self.sizes, self.low, self.high
        for wrong, says in (
            ((low < 0).any(axis=1), "has a negative count"),
            ((low > high).any(axis=1), "has a fewest above its most"),
            ((low > sizes[:, None]).any(axis=1), "counts more items of a class than it has"),
            (low.sum(axis=1) > sizes, "counts more items than it has"),
            (high.sum(axis=1) < sizes, "counts fewer items than it has"),
        ):
            if wrong.any():
                b = int(np.flatnonzero(wrong)[0])
                raise InputError(
                    f"bag {self.names[b]!r} of {sizes[b]} items {says}: {low[b].tolist()}"
                    + ("" if (low[b] == high[b]).all() else f" to {high[b].tolist()}")
                )


def _one_bag(logs: np.ndarray, low: np.ndarray, high: np.ndarray, exact: bool) -> np.ndarray:
    """Messages (m, k) of one bag, all of whose classes are possible."""
    from labelwright.evidence.counting import several_classes, two_classes
    from labelwright.evidence.saddlepoint import saddlepoint

    heard = np.empty(logs.shape)
    if len(low) == 1:
        return _one_class(logs)
    if len(low) == 2:
        m = np.array([len(logs)])
        two_classes(logs, np.append(0, m), *_window(low[None], high[None], m), heard)
    elif exact:
        several_classes(logs, low, high, heard)
    else:
        return saddlepoint(logs, low, high)
    return heard


def _window(low: np.ndarray, high: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fewest and most items of the second of two classes, the first's interval included."""
    return np.maximum(low[:, 1], sizes - high[:, 0]), np.minimum(high[:, 1], sizes - low[:, 0])


def _one_class(logs: np.ndarray) -> np.ndarray:
    """Log-probability that all others are of the only class that is possible."""
    nowhere = np.isneginf(logs)
    total = np.where(nowhere, 0.0, logs).sum()
    left = nowhere.sum() - nowhere  # others that cannot be of it
    return np.where(left > 0, -np.inf, total - np.where(nowhere, 0.0, logs))


def _bags(bag: Any) -> tuple[np.ndarray, np.ndarray]:
    """Position of each item's bag, -1 for none, and the names of the bags."""
    array = np.asarray(bag) if not hasattr(bag, "to_numpy") else bag.to_numpy()
    if array.dtype.kind in "iu" and array.ndim == 1:
        names, codes = np.unique(array, return_inverse=True)
        loose = int(len(names) > 0 and names[0] == -1)
        return codes.astype(np.intp) - loose, names[loose:]
    codes, names = encode(bag)
    return codes, names


def _counts(
    given: Any, names: np.ndarray, classes: Any, name: str, sizes: np.ndarray | None = None
) -> np.ndarray:
    table = _table(given, names, classes, name)
    if table.dtype.kind not in "iu":
        whole = np.round(table) if table.dtype.kind == "f" else table
        odd = np.argwhere(~(whole == table)) if table.dtype.kind == "f" else np.zeros((1, 2), dtype=int)
        if len(odd):
            raise InputError(
                f"{name} of bag {names[odd[0][0]]!r} hold {table[tuple(odd[0])]!r}, expected whole numbers; "
                "for shares use Bags.from_proportions"
            )
        table = whole
    table = table.astype(np.int64)
    if table.shape[1] == 1 and sizes is not None:
        table = np.column_stack([sizes - table[:, 0], table[:, 0]])
    return table


def _table(given: Any, names: np.ndarray, classes: Any, name: str) -> np.ndarray:
    """Rows in the order of the bags, from an array or from mappings."""
    if isinstance(given, Mapping):
        known = {b: i for i, b in enumerate(names.tolist())}
        for missing, says in (
            (known.keys() - given.keys(), "no"),
            (given.keys() - known.keys(), "items for no"),
        ):
            if missing:
                raise InputError(
                    f"{name} has no row for bag {next(iter(missing))!r}"
                    if says == "no"
                    else f"{name} speaks of bag {next(iter(missing))!r}, which has no items"
                )
        given = [_row(given[b], classes, b, name) for b in names.tolist()]
    table = np.asarray(given)
    if table.ndim == 1:
        table = table[:, None]
    if table.ndim != 2 or len(table) != len(names) or table.shape[1] == 0:
        raise InputError(
            f"{name} have shape {table.shape}, expected ({len(names)}, k): one row per bag, in the order of their "
            "sorted names"
        )
    if table.shape[1] == 1 and classes is not None and len(classes) != 2:
        raise InputError(f"{name} have one number a bag, which needs two classes, not {len(classes)}")
    return table


def _row(value: Any, classes: Any, bag: Any, name: str) -> Any:
    if not isinstance(value, Mapping):
        return value
    if classes is None:
        raise InputError(f"{name} of bag {bag!r} are by class; say all classes in their order: classes=[...]")
    strange = [c for c in value if c not in list(classes)]
    if strange:
        raise InputError(f"{name} of bag {bag!r} speak of {strange[0]!r}, which is not among the classes")
    return [value.get(c, 0) for c in classes]
