"""From scores of any detector to how far a row counts as known."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from labelwright.errors import InputError


class Detector(NamedTuple):
    """A curve over scores, ``1 / (1 + exp(-(slope * score + shift)))``; and whether only its half counts.

    Attributes
    ----------
    slope : float > 0
    shift : float
    hard : bool
    """

    slope: float
    shift: float
    hard: bool

    def degree(self, scores: np.ndarray) -> np.ndarray:
        """How far each score speaks for known: (n,), in (0, 1)."""
        return np.asarray(expit(self.slope * scores + self.shift))

    def word(self, scores: np.ndarray) -> np.ndarray:
        """As each row counts in the estimate: 0 or 1 where `hard`, otherwise its degree."""
        return (self.slope * scores + self.shift > 0).astype(float) if self.hard else self.degree(scores)


def detector(near: np.ndarray, far: np.ndarray, *, hard: bool) -> Detector:
    """Draw a line, or a curve, between the scores of known rows (n,) and of references (r,).

    Raises
    ------
    InputError
        When references do not score below known rows.

    Examples
    --------
    >>> found = detector(np.array([3.0, 4.0]), np.array([0.0, 1.0]), hard=True)
    >>> found.word(np.array([1.9, 2.1])).tolist()
    [0.0, 1.0]
    """
    high, low = float(np.median(near)), float(np.median(far))
    slope = shift = 0.0
    if hard:
        slope, shift = _line(near, far)
    elif high > low:
        slope, shift = 2 / (high - low), -(high + low) / (high - low)
    if slope <= 0:
        raise InputError(
            f"references do not score below known rows (medians {low:.4g} and {high:.4g}); scores are higher where a "
            "row is known: turn their sign, or make references that lie further from the known classes"
        )
    return Detector(slope, shift, hard)


def scores_of(scores: ArrayLike, name: str, n: int | None = None) -> np.ndarray:
    """Finite numbers (n,)."""
    values = np.asarray(scores)
    if values.dtype.kind not in "fiub" or values.ndim != 1 or not len(values):
        raise InputError(
            f"{name} holds {values.dtype} of shape {values.shape}; expected one number a row, (n,)"
        )
    values = values.astype(np.float64)
    if n is not None and len(values) != n:
        raise InputError(f"{name} has {len(values)} scores for {n} rows of probabilities; they must match")
    if not np.isfinite(values).all():
        rows = np.flatnonzero(~np.isfinite(values))
        raise InputError(
            f"{name} is not finite in {len(rows)} rows (first: row {rows[0]}); fill or drop them"
        )
    return values


def _line(near: np.ndarray, far: np.ndarray) -> tuple[float, float]:
    """Slope and shift of a logistic regression of known against reference, both sides weighed alike."""
    from sklearn.linear_model import LogisticRegression

    scores = np.concatenate([near, far])
    middle, spread = scores.mean(), scores.std()
    if spread == 0:
        return 0.0, 0.0
    model = LogisticRegression(C=100, class_weight="balanced")
    model.fit(((scores - middle) / spread)[:, None], np.repeat([1, 0], [len(near), len(far)]))
    slope = float(model.coef_[0, 0] / spread)
    return slope, float(model.intercept_[0] - slope * middle)
