"""Evidence heard through a noisy channel."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError
from labelwright.evidence.base import Evidence, check_matrix


class Noisy(Evidence):
    """Any evidence about *told* labels that are not always the true ones.

    ``P(told | true) = sum over s of matrix[true, s] * P(told | s)``, item by item: each label goes through the
    channel on its own. Of grouped evidence (bags, spans) it is the labels that were counted or joined which are noisy.

    Parameters
    ----------
    evidence : Evidence
        What was told, as if it were the truth.
    matrix : float in [0, 1) or array (s, s), or (L, s, s) for tags
        Chance of a wrong label (any wrong one equally likely), or ``[true, told]`` with rows that sum to 1;
        s = k classes, or 2 (absent, present) for tags.
    learn : bool, default False
        Whether `update` re-estimates the matrix from soft labels (the M-step of expectation-maximisation); for
        evidence about single items only.
    smoothing : float, default 0.0
        Pseudo-items that `update` adds to every true class, spread as `matrix` started. Some 10 keep a learned channel
        from running away with a class of which it has seen little.

    Examples
    --------
    >>> from labelwright import Exact
    >>> Noisy(Exact(["a"], classes=["a", "b"]), 0.1).posterior([[0.5, 0.5]])
    array([[0.9, 0.1]])
    """

    def __init__(
        self, evidence: Evidence, matrix: float | ArrayLike, *, learn: bool = False, smoothing: float = 0.0
    ):
        if not isinstance(evidence, Evidence):
            raise InputError(
                f"Noisy takes evidence such as Exact or Candidates, not {type(evidence).__name__}"
            )
        if learn and evidence.unit != "item":
            raise InputError(
                f"a channel over {type(evidence).__name__} cannot be learned, since labels of one {evidence.unit} "
                "are told together; give its matrix, or learn it on items told one by one"
            )
        if not smoothing >= 0:
            raise InputError(f"smoothing={smoothing!r} must be at least 0: it counts pseudo-items")
        self.evidence, self.learn, self.smoothing = evidence, learn, smoothing
        self.classes, self.unit = evidence.classes, evidence.unit
        *tags, states = evidence.states
        if np.ndim(matrix) == 0:
            self.matrix = symmetric(float(matrix), states)  # type: ignore[arg-type]
        else:
            self.matrix = check_matrix(matrix, states, name="matrix")
            if self.matrix.shape[:-2] not in ((), tuple(tags)):
                raise InputError(
                    f"matrix has shape {self.matrix.shape}, expected {(states, states)}"
                    + (f" or {(*tags, states, states)}, one per tag" if tags else "")
                )
        self._start = self.matrix

    @property
    def groups(self) -> np.ndarray:
        return self.evidence.groups

    @property
    def states(self) -> tuple[int, ...]:
        return self.evidence.states

    def __len__(self) -> int:
        return len(self.evidence)

    def __getitem__(self, items: Any) -> Self:
        return self._replace(evidence=self.evidence[items])

    def __repr__(self) -> str:
        return (
            f"Noisy({self.evidence!r}, error={1 - np.diagonal(self.matrix, axis1=-2, axis2=-1).mean():.3g})"
        )

    def message(self, states: np.ndarray) -> np.ndarray:
        heard = states if self.unit == "item" else _through(states, self.matrix)
        told = self.evidence.message(heard)
        top = np.maximum(told.max(axis=-1, keepdims=True, initial=-np.inf), np.finfo(float).min)
        with np.errstate(divide="ignore"):
            return np.log(_through(np.exp(told - top), np.swapaxes(self.matrix, -1, -2))) + top

    def likelihood_of(self, labels: ArrayLike) -> float:
        codes = np.asarray(labels, dtype=np.intp)[..., None]
        certain = np.eye(self.states[-1])[codes[..., 0]]
        told = np.take_along_axis(self.message(certain), codes, axis=-1)[..., 0]
        if self.unit != "item":
            told = told / np.bincount(self.groups)[self.groups]
        return float(np.exp(told.sum()))

    def update(self, targets: ArrayLike) -> Self:
        """Return the channel re-estimated from soft labels of the truth, if it is to be learned.

        Each item's told label is spread over the states by ``matrix[true, s] * P(told | s)``; a row nothing
        speaks for keeps its old values. One matrix for all tags stays one.
        """
        if not self.learn:
            return self
        truth = self._to_states(targets)
        told = self.evidence.message(truth)
        told = np.exp(told - told.max(axis=-1, keepdims=True, initial=-np.inf))  # a row's scale cancels below
        heard = _through(told, np.swapaxes(self.matrix, -1, -2))
        counts = self.matrix * np.einsum("n...t,n...s->...ts", truth / np.maximum(heard, 1e-300), told)
        if counts.ndim > self.matrix.ndim:  # one channel for all tags stays one
            counts = counts.sum(axis=0)
        counts += self.smoothing * self._start
        total = counts.sum(axis=-1, keepdims=True)
        fresh = np.where(total > 0, counts / np.where(total > 0, total, 1), self.matrix)
        return self._replace(matrix=fresh)

    def support(self, probs: ArrayLike) -> np.ndarray:
        return self.evidence.support(probs)


def _through(states: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Send each item's row of states (..., s) through a matrix (s, s), or each tag's through its own."""
    if matrix.ndim == 2:
        return states @ matrix
    return (states[..., None, :] @ matrix)[..., 0, :]


def symmetric(rate: float, k: int, *, name: str = "rate") -> np.ndarray:
    """Channel (k, k) that keeps a label with chance 1 - rate and otherwise says any other one alike."""
    if not 0 <= rate < 1:
        raise InputError(f"{name}={rate!r} must lie in [0, 1): it is the chance of a wrong label")
    if k < 2:
        return np.ones((k, k))
    matrix = np.full((k, k), rate / (k - 1))
    np.fill_diagonal(matrix, 1 - rate)
    return matrix
