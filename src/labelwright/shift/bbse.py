"""Solve for the class weights that explain what a classifier says about new rows (Lipton et al., 2018)."""

import warnings

import numpy as np

from labelwright.errors import DoubtfulInput
from labelwright.evidence.checks import TOLERANCE
from labelwright.shift.base import NO_CODES, Calibrate, Linear, PriorEstimator, refuse
from labelwright.shift.moments import matching

CONDITION = 1e8  # beyond it some classes cannot be told apart


class BBSE(PriorEstimator):
    """Estimate shifted priors with one linear system (black-box shift estimation).

    ``C w = mu``, with ``C[i, j]`` the joint share of source rows predicted i and labelled j, ``mu`` the shares of
    predictions among new rows and w the weight of each class; negative weights become 0. Needs no calibrated
    classifier, only one whose predictions tell the classes apart; one pass over either table.

    Parameters
    ----------
    hard : bool, default False
        Whether only the most probable class of each row counts; the probabilities themselves tell more.
    calibration : {"ts", "bcts", "vs"}, function or None, default None
        Calibrates the probabilities on the source first.

    Attributes
    ----------
    classes_ : ndarray (k,)
    source_priors_, target_priors_, weights_ : ndarray (k,)
    confusion_ : ndarray (k, k)
        Joint shares [predicted, labelled] of the source.

    Notes ----- Departs from the paper: the system is solved by least squares, so that it has an answer, with a
    warning, where classes cannot be told apart; priors are normalised.

    Examples
    --------
    >>> probs = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.1, 0.9]])
    >>> BBSE().fit(probs, [0, 0, 1, 1]).estimate(probs[[0, 1, 0, 1, 2, 3]]).round(2).tolist()
    [0.67, 0.33]
    """

    cites = ("lipton2018detecting",)

    def __init__(self, *, hard: bool = False, calibration: Calibrate = None):
        self.hard, self.calibration = hard, calibration

    def _learn(self, probs: np.ndarray, codes: np.ndarray) -> None:
        self.confusion_ = summed(probs, codes, self.hard, "proba_source") / len(probs)

    def _estimate(self, probs: np.ndarray) -> np.ndarray:
        said = summed(probs, NO_CODES, self.hard, "proba_target").sum(axis=1) / len(probs)
        weights = solved(self.confusion_, said)
        return np.maximum(weights, 0) * self.confusion_.sum(axis=0)

    def _linear(self, probs: np.ndarray) -> Linear:
        source, codes = self._source
        here, there = (said(self._calibrated(rows), self.hard) for rows in (source, probs))
        return matching(here, codes, there, self.target_priors_[self._present])


def summed(probs: np.ndarray, codes: np.ndarray, hard: bool, name: str) -> np.ndarray:
    """Sums of predictions by label, [predicted, labelled] (k, k); without labels all stand in the first column."""
    from labelwright.shift._sweeps import totals

    found = np.zeros((probs.shape[1], probs.shape[1]))
    refuse(probs, totals(probs, codes, hard, found, TOLERANCE), name)
    return found.T


def said(probs: np.ndarray, hard: bool) -> np.ndarray:
    """What a row says of each class: its probabilities, or 1 for the most probable one."""
    if not hard:
        return np.asarray(probs, dtype=np.float64)
    top = np.zeros(probs.shape)
    top[np.arange(len(probs)), probs.argmax(axis=1)] = 1.0
    return top


def solved(matrix: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Solve by least squares; warn where the answer hangs on chance."""
    found, _, rank, sizes = np.linalg.lstsq(matrix, wanted, rcond=1 / CONDITION)
    if rank < len(matrix) or sizes[0] > CONDITION * sizes[-1]:
        warnings.warn(
            f"the classifier tells {len(matrix)} classes apart in {rank} ways only, so that the priors of some cannot "
            "be told from each other; take a better classifier, or merge classes that it confuses",
            DoubtfulInput,
            stacklevel=4,
        )
    return found
