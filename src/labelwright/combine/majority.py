"""Every source counts the same, or as much as it is told to."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from labelwright.combine.base import LabelModel
from labelwright.errors import InputError
from labelwright.evidence import Votes


class MajorityVote(LabelModel):
    """Share of the votes of each item that say each class; what every other label model has to beat.

    Parameters
    ----------
    weights : array (a,), optional
        How much each source counts; by default all alike.
    prior : array (k,), optional
        What an item without votes gets, and what breaks ties (by a millionth of a vote); by default all classes alike.

    Examples
    --------
    >>> MajorityVote().fit([[0, 0, 1], [1, 1, -1]]).predict_proba().round(2).tolist()
    [[0.67, 0.33], [0.0, 1.0]]
    """

    def __init__(self, *, weights: ArrayLike | None = None, prior: ArrayLike | None = None):
        self.weights, self.prior = weights, prior

    def _learn(self, votes: Votes, *, warm: bool) -> None:
        a, k = len(votes.sources), votes.n_classes
        self.weights_ = _given(self.weights, a, "weights", "a source")
        self.prior_ = _given(self.prior, k, "prior", "a class")
        self.prior_ = self.prior_ / self.prior_.sum()

    def _posterior(self, votes: Votes) -> np.ndarray:
        n, k = len(votes), votes.n_classes
        cells = np.bincount(votes.item * k + votes.said, self.weights_[votes.source], minlength=n * k)
        shares = cells.reshape(n, k) + 1e-6 * self.prior_
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def _given(values: Any, length: int, name: str, what: str) -> np.ndarray:
    if values is None:
        return np.ones(length)
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (length,) or not (array >= 0).all() or not array.any():
        raise InputError(
            f"{name}={array.tolist()} must be {length} numbers, one {what}, none negative, not all 0"
        )
    return array
