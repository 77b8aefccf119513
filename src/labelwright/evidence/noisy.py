"""Evidence heard through a noisy channel."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError
from labelwright.evidence.base import RowEvidence, check_matrix


class Noisy(RowEvidence):
    """Any row-wise evidence about a *told* label that is not always the true one.

    ``P(told | true) = sum over s of matrix[true, s] * P(told | s)``.

    Parameters
    ----------
    evidence : RowEvidence
        What was told, as if it were the truth.
    matrix : float in [0, 1) or array (s, s), or (L, s, s) for tags
        Chance of a wrong label (any wrong one equally likely), or ``[true, told]`` with rows that sum to 1;
        s = k classes, or 2 (absent, present) for tags.
    learn : bool, default False
        Whether `update` re-estimates the matrix from soft labels (the M-step of expectation-maximisation).

    Examples
    --------
    >>> from labelwright import Exact
    >>> Noisy(Exact(["a"], classes=["a", "b"]), 0.1).posterior([[0.5, 0.5]])
    array([[0.9, 0.1]])
    """

    def __init__(self, evidence: RowEvidence, matrix: float | ArrayLike, *, learn: bool = False):
        if not isinstance(evidence, RowEvidence):
            raise InputError(
                f"Noisy takes evidence such as Exact or Candidates, not {type(evidence).__name__}"
            )
        self.evidence, self.learn = evidence, learn
        self.classes = evidence.classes
        *tags, states = evidence[:0].log_likelihood().shape[1:]
        if np.ndim(matrix) == 0:
            self.matrix = symmetric(float(matrix), states)  # type: ignore[arg-type]
        else:
            self.matrix = check_matrix(matrix, states, name="matrix")
            if self.matrix.shape[:-2] not in ((), tuple(tags)):
                raise InputError(
                    f"matrix has shape {self.matrix.shape}, expected {(states, states)}"
                    + (f" or {(*tags, states, states)}, one per tag" if tags else "")
                )

    def __len__(self) -> int:
        return len(self.evidence)

    def __getitem__(self, items: Any) -> Self:
        return type(self)(self.evidence[items], self.matrix, learn=self.learn)

    def __repr__(self) -> str:
        return (
            f"Noisy({self.evidence!r}, error={1 - np.diagonal(self.matrix, axis1=-2, axis2=-1).mean():.3g})"
        )

    def log_likelihood(self) -> np.ndarray:
        told = self.evidence.log_likelihood()
        top = np.maximum(told.max(axis=-1, keepdims=True), np.finfo(float).min)
        with np.errstate(divide="ignore"):
            return (
                np.log((np.exp(told - top)[..., None, :] @ np.swapaxes(self.matrix, -1, -2))[..., 0, :]) + top
            )

    def update(self, targets: ArrayLike) -> "Noisy":
        """Return the channel re-estimated from soft labels of the truth, if it is to be learned.

        Each item's told label is spread over the states by ``matrix[true, s] * P(told | s)``; a row nothing
        speaks for keeps its old values. One matrix for all tags stays one.
        """
        if not self.learn:
            return self
        truth = self.evidence._to_states(targets)
        told = self.evidence.log_likelihood()
        told = np.exp(told - told.max(axis=-1, keepdims=True))  # the scale of a row cancels below
        heard = (told[..., None, :] @ np.swapaxes(self.matrix, -1, -2))[..., 0, :]
        counts = self.matrix * np.einsum("n...t,n...s->...ts", truth / np.maximum(heard, 1e-300), told)
        if counts.ndim > self.matrix.ndim:  # one channel for all tags stays one
            counts = counts.sum(axis=0)
        total = counts.sum(axis=-1, keepdims=True)
        fresh = np.where(total > 0, counts / np.where(total > 0, total, 1), self.matrix)
        return Noisy(self.evidence, fresh, learn=True)

    def support(self, probs: ArrayLike) -> np.ndarray:
        return self.evidence.support(probs)

    def _to_states(self, probs: ArrayLike) -> np.ndarray:
        return self.evidence._to_states(probs)

    def _from_states(self, states: np.ndarray) -> np.ndarray:
        return self.evidence._from_states(states)


def symmetric(rate: float, k: int, *, name: str = "rate") -> np.ndarray:
    """Channel (k, k) that keeps a label with chance 1 - rate and otherwise says any other one alike."""
    if not 0 <= rate < 1:
        raise InputError(f"{name}={rate!r} must lie in [0, 1): it is the chance of a wrong label")
    if k < 2:
        return np.ones((k, k))
    matrix = np.full((k, k), rate / (k - 1))
    np.fill_diagonal(matrix, 1 - rate)
    return matrix
