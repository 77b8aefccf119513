"""What adapting comes to: the balance of old and new, corrected predictions, and what the correction is worth."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from labelwright.shift.base import PriorEstimator
from labelwright.shift.kinds import ShiftKind


class Expected(NamedTuple):
    """Accuracy on the new rows, expected under label shift from how often source rows of each class are right.

    Attributes
    ----------
    before, after : float
        Of the classifier as it is, and of the corrected predictions.
    before_low, before_high, after_low, after_high : float
    gain, gain_low, gain_high : float
        The difference, rows compared with themselves.
    """

    before: float
    before_low: float
    before_high: float
    after: float
    after_low: float
    after_high: float
    gain: float
    gain_low: float
    gain_high: float


class Measured(NamedTuple):
    """Accuracy on new rows whose label was given.

    Attributes
    ----------
    before, after : float
    n : int
    """

    before: float
    after: float
    n: int


@dataclass(frozen=True, kw_only=True)
class Adapted:
    """What was made of the new rows; frames are of the kind that came in.

    Attributes
    ----------
    priors : frame
        One row a class: `class`, `source` (its share there), `target` (estimated share), `low`, `high`.
    predictions : frame
        One row a new row: `label` (corrected), `p`, its probability, and `before`, the uncorrected label.
    probs : ndarray (m, k)
        Corrected probabilities.
    classes : ndarray (k,)
    weights : ndarray (k,)
        By how much each class became more common.
    accuracy : Expected
    measured : Measured or None
        Where the target has labels too. They measure and are not learned from.
    shift : ShiftKind
        Whether anything changed, and whether another balance explains it.
    estimator : PriorEstimator
        Fitted; ``estimator.estimate(more)``, ``estimator.correct(more)``.
    method : str
    notes : tuple of str
        What was assumed and what looked surprising, one sentence each.
    settings : mapping
    """

    priors: Any
    predictions: Any
    probs: np.ndarray
    classes: np.ndarray
    weights: np.ndarray
    accuracy: Expected
    measured: Measured | None
    shift: ShiftKind
    estimator: PriorEstimator
    method: str
    notes: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """The numbers in one flat dict, as `labelwright adapt --json` prints them."""
        measured = self.measured
        return {
            "n_source": self.estimator.n_source_,
            "n_target": len(self.probs),
            "n_classes": len(self.classes),
            "method": self.method,
            "shift": self.shift.verdict,
            "shift_p_any_change": self.shift.any_change,
            "shift_p_priors": self.shift.priors,
            "shift_p_within": self.shift.within,
            **{f"accuracy_{name}": value for name, value in self.accuracy._asdict().items()},
            "measured_before": None if measured is None else measured.before,
            "measured_after": None if measured is None else measured.after,
            "n_measured": 0 if measured is None else measured.n,
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        seen = self.accuracy
        return (
            f"Adapted(n={len(self.probs)}, classes={len(self.classes)}, shift={self.shift.verdict!r}, "
            f"accuracy={seen.before:.3f} -> {seen.after:.3f})"
        )
