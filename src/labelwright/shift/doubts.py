"""What speaks against an estimate of new priors, and what to do about it, one sentence each."""

from typing import Any

import numpy as np

from labelwright.shift.base import PriorEstimator, PriorInterval
from labelwright.shift.kinds import LEANS, LIMIT, ShiftKind
from labelwright.shift.result import Expected

FEW = 30  # source rows of a class; fewer say little about it
WIDE = 0.2  # share of the new rows that the intervals leave open
BLURRED = 3.0  # times as wide as they would be if the classifier never erred


def left_open(priors: PriorInterval) -> float:
    """Share of rows that may belong to another class than the estimate says: half the sum of all half widths.

    Examples
    --------
    >>> left_open(PriorInterval(np.array([0.5, 0.5]), np.array([0.4, 0.4]), np.array([0.6, 0.6]), 0.95, "analytic"))
    0.1
    """
    return round(float((priors.high - priors.low).sum() / 4), 12)


def doubts(
    estimator: PriorEstimator,
    classes: np.ndarray,
    priors: PriorInterval,
    shift: ShiftKind,
    expected: Expected,
    n_target: int,
) -> tuple[str, ...]:
    """What makes the estimate or the correction doubtful."""
    found = []
    if shift.verdict in ("covariate", "both"):
        found.append(f"more than the balance changed (p={shift.within:.2g}): {LEANS}")
    elif shift.verdict == "unclear":
        found.append(
            f"something changed (p={shift.any_change:.2g}), and whether it is the balance these rows do not show"
        )
    counts = np.rint(estimator.source_priors_ * estimator.n_source_)
    names = classes.tolist()
    absent = [names[c] for c in np.flatnonzero(counts == 0)]
    if absent:
        no = "1 class has" if len(absent) == 1 else f"{len(absent)} classes have"
        found.append(
            f"{no} no source row ({_shown(absent)}): their share cannot be estimated and is taken to be 0, and no new "
            "row is given to them"
        )
    rare = [names[c] for c in np.flatnonzero((counts > 0) & (counts < FEW))]
    if rare:
        have = "1 class has" if len(rare) == 1 else f"{len(rare)} classes have"
        found.append(f"{have} fewer than {FEW} source rows ({_shown(rare)}); their shares are hardly known")
    open_share = left_open(priors)
    if open_share >= WIDE:
        q = priors.priors
        sure = 1.96 * np.sqrt(q * (1 - q) * (1 / n_target + 1 / estimator.n_source_)).sum() / 2
        why = (
            "the classifier tells the classes apart too little"
            if open_share > BLURRED * sure
            else "there are too few rows"
        )
        found.append(f"the intervals leave {open_share:.0%} of the new rows open: {why}")
    if getattr(estimator, "converged_", True) is False:
        found.append(f"{type(estimator).__name__} did not come to rest in {estimator.n_iter_} rounds")
    if expected.gain_high < 0:
        found.append("the corrected predictions are expected to be worse; keep the classifier as it is")
    return tuple(found)


def remarks(shift: ShiftKind, changed: float) -> list[str]:
    """What is worth knowing besides."""
    found = []
    if shift.verdict == "none":
        found.append("no change of the balance is seen; the correction is within what chance does")
    elif shift.verdict == "label":
        found.append(LIMIT)
    found.append(f"{changed:.1%} of the predictions change")
    return found


def hints(found: Any) -> list[str]:
    """What to do next, the most useful first.

    Parameters
    ----------
    found : Adapted
    """
    lines = []
    verdict = found.shift.verdict
    if verdict in ("covariate", "both", "unclear"):
        lines.append(
            "Label 100 to 300 new rows drawn at random and give them in the target: they measure what the correction "
            "is worth here, and show which classes look different now."
        )
    if verdict == "label" and found.accuracy.gain_low > 0:
        lines.append("Use the corrected predictions; correct later rows of the same origin the same way.")
    elif verdict == "none":
        lines.append("Leave the classifier as it is, and look again when new data have come.")
    counts = found.estimator.source_priors_ * found.estimator.n_source_
    if (counts < FEW).any():
        lines.append(f"Add labelled source rows of the classes that have fewer than {FEW}.")
    if found.measured is None and verdict not in ("covariate", "both", "unclear"):
        lines.append(
            "Whether it holds only labels show: label 100 new rows drawn at random and give them in the target."
        )
    if found.checks is not None and not found.checks.agree:
        lines.append("The estimators disagree: compare their shares before you rely on one of them.")
    return lines


def _shown(names: list[Any]) -> str:
    return ", ".join(map(str, names[:3])) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
