"""What several sources said about the same items."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from labelwright.errors import InputError
from labelwright.evidence.base import RowEvidence, check_matrix
from labelwright.evidence.checks import check_probs
from labelwright.evidence.classes import class_array, encode
from labelwright.evidence.noisy import symmetric


class Votes(RowEvidence):
    """The labels that `a` sources (annotators, rules, models) gave to `n` items; sources may abstain.

    Sources are independent given the true label:
    ``P(votes | label) = product over votes of confusion[source, label, said]``. Memory is proportional to the
    votes: four bytes each, and eight an item.

    Parameters
    ----------
    votes : array (n, a) of int
        Codes of the classes, -1 where a source abstains. For names use `from_wide`, for a table of one vote
        per row `from_long`.
    classes : sequence (k,), optional
        Class names; by default 0 to the largest code.
    sources : sequence (a,), optional
        Names of the sources; by default 0 to a - 1.
    confusion : float or array (a, k, k), default 0.3
        How each source errs, ``[source, true, said]`` with rows that sum to 1, or one error rate for all.
    smoothing : float, default 1.0
        Pseudo-votes that `update` adds to every true class of every source, spread as `confusion` started.

    Examples
    --------
    >>> Votes([[0, 0, 1]], confusion=0.2).posterior([[0.5, 0.5]])
    array([[0.8, 0.2]])
    """

    def __init__(
        self,
        votes: ArrayLike,
        classes: Sequence[Any] | np.ndarray | None = None,
        sources: Sequence[Any] | np.ndarray | None = None,
        *,
        confusion: float | ArrayLike = 0.3,
        smoothing: float = 1.0,
    ):
        wide = np.asarray(votes)
        if wide.ndim != 2 or wide.dtype.kind not in "iu":
            raise InputError(
                f"votes have shape {wide.shape} and dtype {wide.dtype}, expected integers (items, sources) with -1 "
                "where a source abstains; for class names use Votes.from_wide, for one vote per row Votes.from_long"
            )
        item, source = np.nonzero(wide >= 0)
        k = int(wide.max(initial=-1)) + 1 if classes is None else len(classes)
        self._build(
            item, source, wide[item, source], len(wide),
            class_array(range(k) if classes is None else list(classes)),
            class_array(range(wide.shape[1]) if sources is None else list(sources)), confusion, smoothing,
        )  # fmt: skip

    @classmethod
    def from_wide(
        cls,
        table: ArrayLike,
        classes: Sequence[Any] | None = None,
        sources: Sequence[Any] | None = None,
        **options: Any,
    ) -> Self:
        """Build from class names (n, a), None or NaN where a source abstains.

        Examples
        --------
        >>> Votes.from_wide([["yes", None], ["no", "yes"]]).n_votes
        3
        """
        names = np.asarray(table, dtype=object)
        if names.ndim != 2:
            raise InputError(f"table has shape {names.shape}, expected (items, sources)")
        codes, classes_ = encode(names.ravel(), classes)
        return cls(codes.reshape(names.shape), classes_, sources, **options)

    @classmethod
    def from_long(
        cls,
        item: ArrayLike | Sequence[Any],
        source: ArrayLike | Sequence[Any],
        label: ArrayLike | Sequence[Any],
        *,
        classes: Sequence[Any] | np.ndarray | None = None,
        confusion: float | ArrayLike = 0.3,
        smoothing: float = 1.0,
    ) -> Self:
        """Build from one vote per row: three columns of equal length; a missing label is an abstention.

        Items stand in sorted order; `items` keeps their names.

        Examples
        --------
        >>> votes = Votes.from_long(["b", "a", "a"], ["ann", "ann", "bob"], ["yes", "no", "no"])
        >>> votes.items.tolist(), votes.sources.tolist(), votes.n_votes
        (['a', 'b'], ['ann', 'bob'], 3)
        """
        rows, items = encode(item)
        columns, sources = encode(source)
        said, names = encode(label, classes)
        if not len(rows) == len(columns) == len(said):
            raise InputError(
                f"item, source and label have {len(rows)}, {len(columns)} and {len(said)} rows; they must match"
            )
        lost = np.flatnonzero((rows < 0) | (columns < 0))
        if len(lost):
            raise InputError(f"{len(lost)} votes have no item or no source (first: row {lost[0]})")
        return cls.from_codes(
            rows,
            columns,
            said,
            items=items,
            sources=sources,
            classes=names,
            confusion=confusion,
            smoothing=smoothing,
        )

    @classmethod
    def from_codes(
        cls,
        item: np.ndarray,
        source: np.ndarray,
        said: np.ndarray,
        *,
        items: np.ndarray,
        sources: np.ndarray,
        classes: np.ndarray,
        confusion: float | ArrayLike = 0.3,
        smoothing: float = 1.0,
    ) -> Self:
        """Build from one vote per row, given as positions in `items`, `sources` and `classes`; -1 says nothing.

        Examples
        --------
        >>> names = {"items": np.array(["a"]), "sources": np.array(["ann", "bob"]), "classes": np.array(["no", "yes"])}
        >>> Votes.from_codes(np.array([0, 0]), np.array([0, 1]), np.array([1, -1]), **names).n_votes
        1
        """
        told = said >= 0
        if not told.all():
            item, source, said = item[told], source[told], said[told]
        votes = cls.__new__(cls)
        votes._build(item, source, said, len(items), classes, sources, confusion, smoothing)
        votes.items = items
        return votes

    def _build(
        self, item: np.ndarray, source: np.ndarray, said: np.ndarray, n: int,
        classes: np.ndarray, sources: np.ndarray, confusion: float | ArrayLike, smoothing: float,
    ) -> None:  # fmt: skip
        a, k = len(sources), len(classes)
        if said.size and said.max() >= k:
            raise InputError(f"a vote says class {int(said.max())}, but there are only {k} classes")
        self.classes, self.sources, self.smoothing = classes, sources, smoothing
        self.items: np.ndarray = np.arange(n)
        # Votes item by item; a code is source * k + said, so that both Bayes steps look up one table by it.
        codes = (source * k + said).astype(np.int32 if a * k < 2**31 else np.int64)
        order = None if len(item) < 2 or (np.diff(item) >= 0).all() else np.argsort(item, kind="stable")
        self.codes = codes if order is None else codes[order]
        self.first = np.concatenate([[0], np.cumsum(np.bincount(item, minlength=n))]).astype(np.int64)
        if np.ndim(confusion) == 0:
            self.confusion = np.broadcast_to(
                symmetric(float(confusion), k, name="confusion"),  # type: ignore[arg-type]
                (a, k, k),
            )
        else:
            self.confusion = check_matrix(confusion, k, name="confusion")
            if self.confusion.shape != (a, k, k):
                raise InputError(f"confusion has shape {self.confusion.shape}, expected ({a}, {k}, {k})")
        self._start = self.confusion

    def __len__(self) -> int:
        return len(self.first) - 1

    def __getitem__(self, items: Any) -> Self:
        rows = np.atleast_1d(np.arange(len(self))[items])
        lengths = np.diff(self.first)[rows]
        first = np.concatenate([[0], np.cumsum(lengths)])
        places = np.arange(first[-1]) + np.repeat(self.first[rows] - first[:-1], lengths)
        return self._replace(codes=self.codes[places], first=first, items=np.atleast_1d(self.items[items]))

    def __repr__(self) -> str:
        return f"Votes(n={len(self)}, sources={len(self.sources)}, classes={self.n_classes}, votes={self.n_votes})"

    @property
    def n_votes(self) -> int:
        """Number of votes, abstentions not counted."""
        return len(self.codes)

    @property
    def item(self) -> np.ndarray:
        """Row of the item of every vote: (votes,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.first))

    @property
    def source(self) -> np.ndarray:
        """Position in `sources` of who gave each vote: (votes,)."""
        return self.codes // self.n_classes

    @property
    def said(self) -> np.ndarray:
        """Position in `classes` of what each vote says: (votes,)."""
        return self.codes % self.n_classes

    @property
    def counts(self) -> np.ndarray:
        """How many votes each class of each item has: (n, k)."""
        k = self.n_classes
        cells = np.bincount(self.item * k + self.said, minlength=len(self) * k)
        return cells.reshape(len(self), k).astype(np.float64)

    def wide(self) -> np.ndarray:
        """Codes (n, a), -1 where a source abstains; of several votes of one source for one item the last."""
        table = np.full((len(self), len(self.sources)), -1, dtype=np.intp)
        table[self.item, self.source] = self.said
        return table

    def indicator(self) -> sparse.csr_matrix:
        """One column for each source and class it can say: (n, a * k), ones where that was said."""
        shape = (len(self), len(self.sources) * self.n_classes)
        return sparse.csr_matrix((np.ones(self.n_votes), self.codes, self.first), shape=shape)

    def extend(self, more: "Votes") -> Self:
        """These votes and more, matched by the names of items, sources and classes; new names stand at the end.

        Examples
        --------
        >>> monday = Votes.from_long(["a", "b"], ["ann", "ann"], ["yes", "no"])
        >>> week = monday.extend(Votes.from_long(["b", "c"], ["bob", "bob"], ["maybe", "no"]))
        >>> week.items.tolist(), week.sources.tolist(), week.classes.tolist(), week.n_votes
        (['a', 'b', 'c'], ['ann', 'bob'], ['no', 'yes', 'maybe'], 4)
        """
        (items, item), (sources, source), (classes, said) = (
            _joined(getattr(self, name), getattr(more, name)) for name in ("items", "sources", "classes")
        )
        a, k = len(self.sources), self.n_classes
        confusion = np.array(Votes([[0]], classes.tolist(), confusion=0.3).confusion).repeat(
            len(sources), axis=0
        )
        if k == len(classes):
            confusion[:a] = self.confusion
        joined = type(self).__new__(type(self))
        joined._build(
            np.concatenate([self.item, item[more.item]]),
            np.concatenate([self.source, source[more.source]]),
            np.concatenate([self.said, said[more.said]]),
            len(items), classes, sources, confusion, self.smoothing,
        )  # fmt: skip
        joined.items = items
        return joined

    def log_likelihood(self) -> np.ndarray:
        with np.errstate(divide="ignore"):
            logs = np.log(self.confusion)
        columns = logs.transpose(0, 2, 1).reshape(-1, self.n_classes)  # (a * said, true)
        return np.asarray(self.indicator() @ columns)

    def update(self, targets: ArrayLike) -> Self:
        """Return the votes with every source's confusions re-learned from soft labels (the M-step of Dawid-Skene)."""
        table = check_probs(targets, len(self), self.n_classes, name="targets")
        counts = self.indicator().T @ table.astype(np.float64, copy=False)  # (a * said, true)
        confusion = (
            counts.reshape(len(self.sources), self.n_classes, -1).transpose(0, 2, 1)
            + self.smoothing * self._start
        )
        total = confusion.sum(axis=-1, keepdims=True)
        return self._replace(
            confusion=np.where(total > 0, confusion / np.where(total > 0, total, 1), self._start)
        )


def _joined(ours: np.ndarray, theirs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Names of both, ours first, and where each of theirs stands among them."""
    place = {name: i for i, name in enumerate(ours.tolist())}
    where = np.array([place.setdefault(name, len(place)) for name in theirs.tolist()], dtype=np.intp)
    return class_array(list(place)), where
