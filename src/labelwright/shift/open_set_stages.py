"""The three stages of open-set label shift, as functions: what the source tells, and the shares among new rows."""

import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from labelwright.errors import DoubtfulInput, InputError
from labelwright.evidence import Exact
from labelwright.parts import open_set as parts
from labelwright.shift.base import CALIBRATIONS, Calibrate
from labelwright.shift.mixture import proportions
from labelwright.shift.open_set_detector import Detector, detector

LEAST = 1e-3  # of a share that is divided by

Curve = Callable[[np.ndarray], np.ndarray]


class Options(NamedTuple):
    """What `OpenSetLabelShift` was given of the same names; `counting` is its `count`."""

    counting: str
    ease: float
    calibration: Calibrate
    smoothing: float
    max_iter: int
    tol: float


class Learned(NamedTuple):
    """What known rows and references tell.

    Attributes
    ----------
    calibrator : function or None
    detector : Detector
    priors, passed : ndarray (k,)
        Share of each class, and the mean of the detector's word of it.
    believed : ndarray (k,)
        Mean probabilities, of those that pass where each class has a rate of its own.
    inside, outside : float
        Mean of the detector's word of known rows, and of unknown ones.
    share : float
        Of known rows, at which the detector's word is calibrated.
    """

    calibrator: Curve | None
    detector: Detector
    priors: np.ndarray
    passed: np.ndarray
    believed: np.ndarray
    inside: float
    outside: float
    share: float

    def calibrated(self, probs: np.ndarray) -> np.ndarray:
        """Probabilities as the calibrator has them."""
        return probs if self.calibrator is None else np.asarray(self.calibrator(probs))


class Shares(NamedTuple):
    """Shares among new rows.

    Attributes
    ----------
    priors : ndarray (k,)
        Of the classes among known rows.
    unknown, raw : float
        Share of the unknown after the third stage and after the second.
    inside : float
        Mean of the detector's word of known rows that have these priors.
    n_iter : int
    converged : bool
    """

    priors: np.ndarray
    unknown: float
    raw: float
    inside: float
    n_iter: int
    converged: bool

    @property
    def all(self) -> np.ndarray:
        """Of the classes and of the unknown among all new rows (k + 1,)."""
        return np.append(self.priors * (1 - self.unknown), self.unknown)


def learned(
    probs: np.ndarray, codes: np.ndarray, near: np.ndarray, far: np.ndarray, options: Options
) -> Learned:
    """Draw the line, calibrate, and take the first stage.

    Parameters
    ----------
    probs : ndarray (n, k)
    codes : int array (n,)
        Every row has a label, every class a row.
    near, far : ndarray (n,), (r,)
        Scores of known rows and of references.
    options : Options
    """
    calibrator = _calibrator(options.calibration, probs, codes)
    found = detector(near, far, hard=options.counting != "curve")
    said, counts = found.word(near), np.bincount(codes, minlength=probs.shape[1])
    inside, outside = float(said.mean()), float(found.word(far).mean() / options.ease)
    rows = probs if calibrator is None else np.asarray(calibrator(probs))
    passed = said if options.counting == "class" else np.ones(len(said))
    return Learned(
        calibrator,
        found,
        counts / counts.sum(),
        np.bincount(codes, said, minlength=len(counts)) / counts,
        np.maximum(passed @ rows / max(passed.sum(), 1e-300), LEAST**2),
        inside,
        outside,
        float(np.clip(parts.source_share(inside, outside), LEAST, 1 - LEAST)),
    )


def shares(known: Learned, probs: np.ndarray, scores: np.ndarray, options: Options) -> Shares:
    """Take the second stage and the third, of probabilities (m, k) and scores (m,)."""
    word, k = known.detector.word(scores), probs.shape[1]
    table, start = known.calibrated(probs), known.believed
    if options.counting == "curve":
        table, start = parts.extended(table, word), np.append(known.share * start, 1 - known.share)
    else:  # a row is of a known class or of none, so that the shares of either follow by themselves
        table = table[word > 0]
    mixed, n_iter, converged = _mixed(table, start, k, options)
    each = mixed[:k] * known.priors / known.believed
    added = 1 + k * options.smoothing / len(probs)
    raw = float(np.clip(mixed[-1] * added if options.counting == "curve" else 1 - word.mean(), 0, 1))
    if each.sum() < 1e-9:
        warnings.warn(
            f"all {len(probs)} rows are called unknown; the classes keep the shares of the source",
            DoubtfulInput,
            stacklevel=3,
        )
        each = known.priors
    priors = each / each.sum()
    inside = float(priors @ known.passed) if options.counting == "class" else known.inside
    unknown = 1 - parts.target_share(1 - raw, inside, known.outside)
    return Shares(priors, unknown, raw, inside, n_iter, converged)


def _mixed(table: np.ndarray, start: np.ndarray, k: int, options: Options) -> tuple[np.ndarray, int, bool]:
    """The most probable shares, of the classes and where `table` has it of the unknown."""
    weights = None
    if options.smoothing:
        added = (1 - LEAST**2) * np.eye(k, table.shape[1]) + LEAST**2 / table.shape[1]
        weights = np.append(np.ones(len(table)), np.full(k, float(options.smoothing)))
        table = np.concatenate([table, added])
    if not len(table):
        return np.zeros(k), 0, True
    found = proportions(
        np.ascontiguousarray(table),
        1 / start,
        start=start,
        weights=weights,
        max_iter=options.max_iter,
        tol=options.tol,
    )
    return found.proportions, found.n_iter, found.converged


def _calibrator(calibration: Calibrate, probs: np.ndarray, codes: np.ndarray) -> Curve | None:
    if calibration is None:
        return None
    make = CALIBRATIONS.get(calibration) if isinstance(calibration, str) else calibration
    if not callable(make):
        raise InputError(
            f"calibration={calibration!r} must be one of {', '.join(map(repr, CALIBRATIONS))}, None, or a function"
        )
    return make(probs, Exact.from_codes(codes, range(probs.shape[1])))
