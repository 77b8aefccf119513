"""A distribution over the classes, as told by somebody."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError
from labelwright.evidence.base import RowEvidence
from labelwright.evidence.checks import check_probs
from labelwright.evidence.classes import class_array


class Soft(RowEvidence):
    """For each item, how likely somebody else holds each class to be.

    That somebody has seen the item and started from `prior`; what she adds to the model is
    ``P(told | label) ∝ targets[label] / prior[label]``, scaled so that it never exceeds 1.

    Parameters
    ----------
    targets : array (n, k)
        Rows sum to 1. A flat row equal to the prior tells nothing.
    classes : sequence (k,), optional
        Class names; by default 0 to k - 1.
    prior : array (k,), optional
        Class shares she had in mind before seeing the item; by default equal ones.

    Examples
    --------
    >>> Soft([[0.5, 0.5], [0.9, 0.1]]).posterior([[0.2, 0.8], [0.5, 0.5]])
    array([[0.2, 0.8],
           [0.9, 0.1]])
    """

    def __init__(
        self,
        targets: ArrayLike,
        classes: Sequence[Any] | np.ndarray | None = None,
        *,
        prior: ArrayLike | None = None,
    ):
        table = np.asarray(targets, dtype=np.float64)
        if table.ndim != 2:
            raise InputError(f"targets have shape {table.shape}, expected (n, k)")
        n, k = table.shape
        self.classes = class_array(range(k) if classes is None else list(classes))
        self.targets = check_probs(table, n, self.n_classes, name="targets")
        self.prior = np.full(k, 1 / k) if prior is None else np.asarray(prior, dtype=np.float64)
        if self.prior.shape != (k,) or not (self.prior > 0).all() or abs(self.prior.sum() - 1) > 1e-6:
            raise InputError(f"prior must hold {k} positive shares that sum to 1")

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, items: Any) -> Self:
        return type(self)(np.atleast_2d(self.targets[items]), self.classes, prior=self.prior)

    def __repr__(self) -> str:
        return f"Soft(n={len(self)}, classes={self.n_classes})"

    def log_likelihood(self) -> np.ndarray:
        with np.errstate(divide="ignore"):
            return np.log(np.minimum(self.targets, 1.0)) + np.log(self.prior.min() / self.prior)
