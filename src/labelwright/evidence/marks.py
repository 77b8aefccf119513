"""Several tags for an item: yes, no, unknown."""

from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from labelwright.errors import InputError
from labelwright.evidence.base import RowEvidence
from labelwright.evidence.checks import check_table
from labelwright.evidence.classes import class_array, is_missing, ordered


class Marks(RowEvidence):
    """For each item and each of L tags: 1 yes, 0 no, -1 unknown (multi-label).

    Tags are judged one by one, so probabilities (n, L) need not sum to 1 and `posterior` returns P(yes) per
    tag.

    Parameters
    ----------
    marks : array or sparse matrix (n, L)
        Values 1, 0 and -1; in a sparse matrix what is not stored is a no.
    classes : sequence (L,), optional
        Names of the tags; by default 0 to L - 1.

    Examples
    --------
    >>> Marks([[1, 0, -1]]).posterior([[0.3, 0.3, 0.3]])
    array([[1. , 0. , 0.3]])
    """

    def __init__(self, marks: ArrayLike | sparse.spmatrix, classes: Sequence[Any] | np.ndarray | None = None):
        table = np.asarray(marks.toarray() if sparse.issparse(marks) else marks)  # type: ignore[union-attr]
        if table.ndim != 2:
            raise InputError(
                f"marks have shape {table.shape}, expected (n, L); for lists of tags use Marks.from_lists"
            )
        if table.dtype.kind not in "biuf":
            raise InputError(f"marks hold {table.dtype} values, expected 1 (yes), 0 (no) and -1 (unknown)")
        if table.dtype.kind == "f":
            table = np.where(np.isnan(table), -1, table)
        strange = (table != 0) & (table != 1) & (table != -1)
        if strange.any():
            row, tag = np.argwhere(strange)[0]
            raise InputError(
                f"marks must be 1 (yes), 0 (no) or -1 (unknown); row {row}, tag {tag} holds {table[row, tag]!r}"
            )
        self.marks = table.astype(np.int8, copy=False)
        self.classes = class_array(range(table.shape[1]) if classes is None else list(classes))
        if len(self.classes) != table.shape[1]:
            raise InputError(f"marks have {table.shape[1]} columns for {len(self.classes)} tags")

    @classmethod
    def from_lists(
        cls, lists: Iterable[Iterable[Any] | None], classes: Sequence[Any] | np.ndarray | None = None
    ) -> Self:
        """Build from one collection of tags per item; None means that nothing is known about the item.

        Examples
        --------
        >>> Marks.from_lists([["red", "round"], [], None]).marks.tolist()
        [[1, 1], [0, 0], [-1, -1]]
        """
        rows = [None if is_missing(r) else list(r) for r in lists]  # type: ignore[arg-type]
        names = ordered(t for row in rows if row for t in row) if classes is None else list(classes)
        place = {t: i for i, t in enumerate(names)}
        marks = np.zeros((len(rows), len(names)), dtype=np.int8)
        for i, row in enumerate(rows):
            if row is None:
                marks[i] = -1
                continue
            try:
                marks[i, [place[t] for t in row]] = 1
            except KeyError as unknown:
                raise InputError(f"tag {unknown} of row {i} is not among the {len(names)} tags") from None
        return cls(marks, names)

    def __len__(self) -> int:
        return len(self.marks)

    def __getitem__(self, items: Any) -> Self:
        return type(self)(np.atleast_2d(self.marks[items]), self.classes)

    def __repr__(self) -> str:
        cells = max(1, self.marks.size)
        yes, unknown = (self.marks == 1).sum() / cells, (self.marks < 0).sum() / cells
        return f"Marks(n={len(self)}, tags={self.n_classes}, yes={yes:.3g}, unknown={unknown:.3g})"

    @property
    def states(self) -> tuple[int, ...]:
        """Absent and present, for each tag: (L, 2)."""
        return (self.n_classes, 2)

    @property
    def known(self) -> np.ndarray:
        """Where a tag was judged: (n, L) bool."""
        return self.marks >= 0

    def names(self, row: int) -> tuple[Any, ...]:
        """The tags of one item by name."""
        return tuple(self.classes[self.marks[row] == 1].tolist())

    def log_likelihood(self) -> np.ndarray:
        told = self.marks[..., None]
        return np.where((told < 0) | (told == np.array([0, 1])), 0.0, -np.inf)

    def support(self, probs: ArrayLike) -> np.ndarray:
        table = check_table(probs, len(self), self.n_classes)
        return np.where(self.known, np.where(self.marks == 1, table, 1 - table), np.nan)
