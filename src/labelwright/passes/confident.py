"""What confident learning has to know about a table of probabilities, in two or three sweeps over its rows."""

from abc import ABC, abstractmethod
from copy import copy

import numpy as np

from labelwright.errors import InputError
from labelwright.evidence import Evidence, Exact, Marks
from labelwright.evidence.checks import TOLERANCE
from labelwright.parts import noise
from labelwright.passes.sources import Source


class Sweep(ABC):
    """Sums over all rows that the filters of confident learning choose by.

    Memory is a few bytes per row and a table of classes by classes; the probabilities themselves are read
    block by block and not kept.

    Attributes
    ----------
    counts : ndarray (..., k)
        How often each class was told.
    thresholds : ndarray (..., k)
        Mean probability of a class where it was told.
    joint : ndarray (..., k, k) of int
        Confident joint ``[told, confident]``, diagonal at least 1.
    support : ndarray (n,) or (n, L)
        Probability of what was told; NaN where nothing was.
    agrees : ndarray (n,) or (n, L) of bool
        Where the most probable answer is the told one (or nothing was told).
    off : ndarray (n,) or (n, L) of bool
        Where the model is confident of another class.
    """

    counts: np.ndarray
    thresholds: np.ndarray
    joint: np.ndarray
    support: np.ndarray
    agrees: np.ndarray
    off: np.ndarray

    @abstractmethod
    def largest_margins(self, quota: np.ndarray) -> np.ndarray:
        """Flag, cell by cell ``[told, other]``, the `quota` rows in which the other class leads by most.

        Rows whose most probable answer is the told one are never flagged, though they take up places: a quota
        larger than the number of rows in which the other class leads is not filled. Of equal margins the
        first rows count.
        """

    @abstractmethod
    def margins(self) -> np.ndarray:
        """Lead of the told class over the best other one, from -1 to 1: (n,) or (n, L)."""


class ClassSweep(Sweep):
    """One label per row, k classes."""

    def __init__(self, source: Source, told: Exact):
        from labelwright.parts import kernels

        n, k = source.shape
        self.source, self.codes = source, told.codes
        sums, self.counts = np.zeros(k), np.zeros(k, dtype=np.int64)
        self.support = np.empty(n, dtype=source.dtype)
        for rows, block in source.blocks():
            kernels.gather(block, self.codes[rows], sums, self.counts, self.support[rows])
        self.thresholds = noise.means(sums, self.counts)
        cuts = (self.thresholds - noise.SLACK).astype(source.dtype)
        limit = kernels.bits_of(source.dtype.type(1 + TOLERANCE))
        self.joint = np.zeros((k, k), dtype=np.int64)
        self.agrees, self.off = np.empty(n, dtype=bool), np.empty(n, dtype=bool)
        bad, first = 0, -1
        for rows, block in source.blocks():
            wrong, where = kernels.count(
                block, kernels.bits_of(block), self.codes[rows], cuts, self.joint, self.agrees[rows], self.off[rows],
                TOLERANCE, limit,
            )  # fmt: skip
            first = rows.start + where if wrong and first < 0 else first
            bad += wrong
        if bad:
            raise InputError(
                f"probs are not probabilities in {bad} of {n} rows (first: row {first}): each row must hold numbers "
                "from 0 to 1 that sum to 1, none missing; for logits pass their softmax, for tags use Marks"
            )
        self.joint = noise.at_least_one_right(self.joint)

    def largest_margins(self, quota: np.ndarray) -> np.ndarray:
        k = len(quota)
        wanted = np.minimum(quota, self.counts[:, None]) * ~np.eye(k, dtype=bool)
        told, others = np.nonzero(wanted)
        cells = _Cells(wanted[told, others], self.source.dtype, len(self.codes))
        flags = np.zeros(len(self.codes), dtype=bool)
        self._feed(cells, told, others, leading=True)
        cells.flag(flags)
        # What is left of the places goes to rows in which the cell's class does not lead. That matters only for told
        # classes that still have a row which could be flagged; there are seldom any, which saves a sweep.
        unfilled = np.flatnonzero(cells.sizes < cells.quota)
        if len(unfilled):
            unfilled = unfilled[self._left(flags)[told[unfilled]]]
        if len(unfilled):
            rest = cells.some(unfilled)
            self._feed(rest, told[unfilled], others[unfilled], leading=False)
            rest.flag(flags)
        return np.greater(flags, self.agrees, out=flags)

    def _feed(self, cells: "_Cells", told: np.ndarray, others: np.ndarray, *, leading: bool) -> None:
        from labelwright.parts import kernels

        first = np.searchsorted(told, np.arange(len(self.counts) + 1))
        for rows, block in self.source.blocks():
            codes, agrees = self.codes[rows], self.agrees[rows]
            kernels.collect(block, codes, agrees, leading, rows.start, first, others, *cells.arrays)
        cells.settle()

    def _left(self, flags: np.ndarray) -> np.ndarray:
        """Told classes (k,) with rows that are not flagged though another class leads."""
        from labelwright.parts import kernels

        left = np.zeros(len(self.counts), dtype=np.int64)
        kernels.count_left(self.codes, self.agrees, flags, left)
        return left > 0

    def margins(self) -> np.ndarray:
        lead = np.empty_like(self.support)
        for rows, block in self.source.blocks():
            codes = self.codes[rows]
            others = block.copy()
            others[np.arange(len(codes)), codes] = 0
            lead[rows] = self.support[rows] - others.max(axis=1)
        return lead


class TagSweep(Sweep):
    """Yes, no or unknown for each of L tags per row."""

    def __init__(self, source: Source, told: Marks):
        from labelwright.parts import kernels

        n, tags = source.shape
        self.source, self.marks = source, told.marks
        sums, self.counts = np.zeros((tags, 2)), np.zeros((tags, 2), dtype=np.int64)
        bad, first = 0, -1
        for rows, block in source.blocks():
            wrong, where = kernels.gather_tags(block, self.marks[rows], sums, self.counts)
            first = rows.start + where if wrong and first < 0 else first
            bad += wrong
        if bad:
            raise InputError(
                f"probs are not probabilities in {bad} of {n} rows (first: row {first}): every tag needs a number from "
                "0 to 1, none missing"
            )
        self.thresholds = noise.means(sums, self.counts)
        cuts = (self.thresholds - noise.SLACK).astype(source.dtype)
        self.joint = np.zeros((tags, 2, 2), dtype=np.int64)
        self.agrees, self.off = np.empty((n, tags), dtype=bool), np.empty((n, tags), dtype=bool)
        for rows, block in source.blocks():
            kernels.count_tags(block, self.marks[rows], cuts, self.joint, self.agrees[rows], self.off[rows])
        self.joint = noise.at_least_one_right(self.joint)

    @property
    def support(self) -> np.ndarray:  # type: ignore[override]
        """Probability of what was told for each tag: (n, L)."""
        table = np.empty(self.marks.shape, dtype=self.source.dtype)
        for rows, block in self.source.blocks():
            marks = self.marks[rows]
            table[rows] = np.where(marks < 0, np.nan, np.where(marks == 1, block, 1 - block))
        return table

    def largest_margins(self, quota: np.ndarray) -> np.ndarray:
        from labelwright.parts import kernels

        wanted = np.minimum(quota[:, [0, 1], [1, 0]], self.counts)
        cells = _Cells(wanted.ravel(), self.source.dtype, self.marks.size)
        for rows, block in self.source.blocks():
            kernels.collect_tags(block, self.marks[rows], self.agrees[rows], True, rows.start, *cells.arrays)
        cells.settle()
        flags = np.zeros(self.marks.shape, dtype=bool)
        cells.flag(flags.ravel())
        return flags

    def margins(self) -> np.ndarray:
        return 2 * self.support - 1


def sweep(source: Source, told: Evidence) -> Sweep:
    """Go through the rows of `source` with what was told about them.

    Raises
    ------
    InputError
        When the shapes differ, a row holds no probabilities (how many, and the first), or the evidence is
        neither `Exact` nor `Marks`.
    """
    if source.shape != (len(told), told.n_classes):
        raise InputError(
            f"probs have shape {source.shape}, expected ({len(told)}, {told.n_classes}): one row per item, "
            "one column per class, in the order of the classes"
        )
    if isinstance(told, Marks):
        return TagSweep(source, told)
    if isinstance(told, Exact):
        return ClassSweep(source, told)
    raise InputError(
        f"confident learning needs one label per item (Exact) or tags (Marks), not {type(told).__name__}"
    )


class _Cells:
    """Room for the largest margins of every cell and the rows, of `n`, they belong to."""

    def __init__(self, quotas: np.ndarray, dtype: np.dtype, n: int):
        self.quota = quotas.astype(np.int64)
        self.place = np.concatenate([[0], np.cumsum(2 * self.quota)])[:-1]
        room = 2 * int(self.quota.sum())
        self.values = np.empty(room, dtype=dtype)
        self.rows = np.empty(room, dtype=np.int32 if n < 2**31 else np.int64)
        self.sizes = np.zeros(len(quotas), dtype=np.int64)
        self.floor = np.full(len(quotas), -np.inf, dtype=dtype)

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        return self.place, self.quota, self.values, self.rows, self.sizes, self.floor

    def some(self, cells: np.ndarray) -> "_Cells":
        """Some of the cells, in the same room."""
        part = copy(self)
        part.place, part.quota = self.place[cells], self.quota[cells]
        part.sizes, part.floor = self.sizes[cells], self.floor[cells]
        return part

    def settle(self) -> None:
        from labelwright.parts import kernels

        kernels.settle(*self.arrays)

    def flag(self, flags: np.ndarray) -> None:
        """Mark the rows kept, those of all cells."""
        from labelwright.parts import kernels

        kernels.flag(self.place, self.sizes, self.rows, flags)
