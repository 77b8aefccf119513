"""What adapting comes to: the balance of old and new, corrected predictions, and what the correction is worth."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from labelwright import frames
from labelwright.report.text import distinct
from labelwright.shift.base import PriorEstimator
from labelwright.shift.compare import Compared
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
    before_low, before_high, after_low, after_high : float
        Of 95 % intervals (Wilson).
    n : int
    """

    before: float
    before_low: float
    before_high: float
    after: float
    after_low: float
    after_high: float
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
    checks : Compared or None
        Other estimators beside it, where asked for.
    truth : array (m,) of int or None
        Labels of the target as codes, -1 where unknown, k for a class that has no column.
    warnings : tuple of str
        What speaks against the estimate, one sentence each.
    notes : tuple of str
        What was assumed and noticed, one sentence each.
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
    checks: Compared | None = None
    truth: np.ndarray | None = None
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """The numbers in one dict, as `labelwright adapt --json` prints them."""
        measured, checks = self.measured, self.checks
        columns = {
            name: frames.column(self.priors, name).tolist() for name in ("source", "target", "low", "high")
        }
        names = distinct(self.classes.tolist())
        return {
            "n_source": self.estimator.n_source_,
            "n_target": len(self.probs),
            "n_classes": len(self.classes),
            "method": self.method,
            "priors": {
                names[name]: {key: float(values[at]) for key, values in columns.items()}
                for at, name in enumerate(self.classes.tolist())
            },
            "shift": self.shift.verdict,
            "shift_p_any_change": self.shift.any_change,
            "shift_p_priors": self.shift.priors,
            "shift_p_within": self.shift.within,
            **{f"accuracy_{name}": value for name, value in self.accuracy._asdict().items()},
            **{
                f"measured_{name}": None if measured is None else getattr(measured, name)
                for name in Measured._fields
                if name != "n"
            },
            "n_measured": 0 if measured is None else measured.n,
            "changed": self.changed,
            "estimators_agree": None if checks is None else checks.agree,
            "warnings": list(self.warnings),
            "notes": list(self.notes),
        }

    @property
    def changed(self) -> int:
        """How many predictions the correction changes."""
        before = frames.column(self.predictions, "before")
        return int((frames.column(self.predictions, "label") != before).sum())

    def hints(self) -> list[str]:
        """What to do next, one sentence each, the most useful first."""
        from labelwright.shift.doubts import hints

        return hints(self)

    def report(self, path: str | PathLike[str], *, title: str = "Adapted predictions") -> Path:
        """Write one self-contained HTML page (no network) and return its path."""
        from labelwright.shift.report import write

        return write(self, Path(path), title=title)

    def __repr__(self) -> str:
        seen = self.accuracy
        return (
            f"Adapted(n={len(self.probs)}, classes={len(self.classes)}, shift={self.shift.verdict!r}, "
            f"accuracy={seen.before:.3f} -> {seen.after:.3f})"
        )
