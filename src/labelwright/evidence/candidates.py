"""A set of classes that holds the true one."""

from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError
from labelwright.evidence.base import RowEvidence
from labelwright.evidence.checks import check_probs
from labelwright.evidence.classes import class_array, ordered


class Candidates(RowEvidence):
    """For each item, the classes that may be the true one (partial labels).

    ``P(told | label) = 1`` for candidates, else 0: which wrong classes stand beside the true one tells
    nothing. Complementary labels ("not a dog") are candidates too: all classes but one.

    Parameters
    ----------
    allowed : array (n, k) of bool
        A row of all True tells nothing; an empty row is an error.
    classes : sequence (k,), optional
        Class names; by default 0 to k - 1.

    Examples
    --------
    >>> Candidates([[True, True, False]]).posterior([[0.2, 0.2, 0.6]])
    array([[0.5, 0.5, 0. ]])
    """

    def __init__(self, allowed: ArrayLike, classes: Sequence[Any] | np.ndarray | None = None):
        self.allowed = np.asarray(allowed, dtype=bool)
        if self.allowed.ndim != 2:
            raise InputError(
                f"allowed has shape {self.allowed.shape}, expected (n, k); for lists of names use from_sets"
            )
        self.classes = class_array(range(self.allowed.shape[1]) if classes is None else list(classes))
        if len(self.classes) != self.allowed.shape[1]:
            raise InputError(f"allowed has {self.allowed.shape[1]} columns for {len(self.classes)} classes")
        empty = np.flatnonzero(~self.allowed.any(axis=1))
        if len(empty):
            raise InputError(
                f"{len(empty)} items have no candidate at all (first: row {empty[0]}); "
                "allow every class where nothing is known"
            )

    @classmethod
    def from_sets(
        cls, sets: Iterable[Iterable[Any]], classes: Sequence[Any] | np.ndarray | None = None
    ) -> Self:
        """Build from one collection of class names per item; an empty one means that nothing is known.

        Examples
        --------
        >>> Candidates.from_sets([{"a", "b"}, {"b"}, {}]).allowed.sum(axis=1).tolist()
        [2, 1, 2]
        """
        rows = [list(s) for s in sets]
        names = ordered(c for row in rows for c in row) if classes is None else list(classes)
        place = {c: i for i, c in enumerate(names)}
        allowed = np.zeros((len(rows), len(names)), dtype=bool)
        for i, row in enumerate(rows):
            try:
                allowed[i, [place[c] for c in row] if row else slice(None)] = True
            except KeyError as unknown:
                raise InputError(f"candidate {unknown} of row {i} is not among the classes") from None
        return cls(allowed, names)

    def __len__(self) -> int:
        return len(self.allowed)

    def __getitem__(self, items: Any) -> Self:
        return type(self)(np.atleast_2d(self.allowed[items]), self.classes)

    def __repr__(self) -> str:
        size = self.allowed.sum() / max(1, len(self))
        return f"Candidates(n={len(self)}, classes={self.n_classes}, mean_size={size:.3g})"

    def log_likelihood(self) -> np.ndarray:
        return np.where(self.allowed, 0.0, -np.inf)

    def support(self, probs: ArrayLike) -> np.ndarray:
        table = check_probs(probs, len(self), self.n_classes)
        return np.where(self.allowed.all(axis=1), np.nan, np.where(self.allowed, table, 0.0).sum(axis=1))
