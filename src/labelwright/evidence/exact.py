"""One label for an item, or none."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError
from labelwright.evidence.base import RowEvidence
from labelwright.evidence.checks import check_probs
from labelwright.evidence.classes import Codes, decode, encode


class Exact(RowEvidence):
    """The label of each item, as told by somebody who is believed; missing labels tell nothing.

    ``P(told | label) = 1`` if they agree, else 0; 1 throughout where the label is missing.

    Parameters
    ----------
    labels : sequence (n,)
        Any hashable class names; None, NaN and pandas' NA are missing.
    classes : sequence (k,), optional
        All class names; by default those that occur, sorted.

    Examples
    --------
    >>> told = Exact(["cat", None], classes=["cat", "dog"])
    >>> told.posterior([[0.2, 0.8], [0.2, 0.8]])
    array([[1. , 0. ],
           [0.2, 0.8]])
    """

    def __init__(self, labels: ArrayLike | Sequence[Any], classes: Sequence[Any] | np.ndarray | None = None):
        self.codes, self.classes = encode(labels, classes)

    @classmethod
    def from_codes(cls, codes: ArrayLike, classes: Sequence[Any] | np.ndarray) -> Self:
        """Build from positions in `classes`, -1 for a missing label."""
        told = cls([], classes)
        told.codes = np.asarray(codes, dtype=np.intp)
        if told.codes.ndim != 1 or (
            told.codes.size and not -1 <= told.codes.min() <= told.codes.max() < told.n_classes
        ):
            raise InputError(f"codes must be one integer per item from -1 (missing) to {told.n_classes - 1}")
        return told

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, items: Any) -> Self:
        return self.from_codes(np.atleast_1d(self.codes[items]), self.classes)

    def __repr__(self) -> str:
        return f"Exact(n={len(self)}, classes={self.n_classes}, missing={int((~self.known).sum())})"

    @property
    def known(self) -> np.ndarray:
        """Where a label was told: (n,) bool."""
        return self.codes >= 0

    @property
    def labels(self) -> np.ndarray:
        """The labels by name, None where missing."""
        return decode(self.codes, self.classes)

    @property
    def counts(self) -> Codes:
        """How often each class was told: (k,)."""
        return np.bincount(self.codes[self.known], minlength=self.n_classes)

    def log_likelihood(self) -> np.ndarray:
        table = np.zeros((len(self), self.n_classes))
        table[self.known] = -np.inf
        table[np.flatnonzero(self.known), self.codes[self.known]] = 0.0
        return table

    def support(self, probs: ArrayLike) -> np.ndarray:
        table = check_probs(probs, len(self), self.n_classes)
        told = np.take_along_axis(table, np.maximum(self.codes, 0)[:, None], axis=1)[:, 0]
        return np.where(self.known, told, np.nan)
