"""Count predictions and undo the classifier's known confusions (Forman, 2008; Bella et al., 2010)."""

import numpy as np

from labelwright.shift.base import NO_CODES, Calibrate, Linear, PriorEstimator
from labelwright.shift.bbse import said, summed
from labelwright.shift.moments import matching, on_simplex


class AdjustedCount(PriorEstimator):
    """Estimate shifted priors as the mixture of classes nearest to what the classifier says on average.

    ``priors = argmin over the simplex of |M q - mean over new rows|^2``, with column j of M the mean over source rows
    of class j: of probabilities (PACC), or of predictions where `hard` (ACC). Where the best answer lies inside the
    simplex it is that of `BBSE`; at its edge it is the nearest one, not one cut off.

    Parameters
    ----------
    hard : bool, default False
        Whether only the most probable class of each row counts (adjusted classify and count).
    calibration : {"ts", "bcts", "vs"}, function or None, default None
        Calibrates the probabilities on the source first.

    Attributes
    ----------
    classes_ : ndarray (k,)
    source_priors_, target_priors_, weights_ : ndarray (k,)
    means_ : ndarray (k, k)
        ``[predicted, labelled]``; columns sum to 1.

    Notes
    -----
    Departs from the papers: any number of classes at once, by least squares, instead of one against the rest.

    Examples
    --------
    >>> probs = np.array([[0.9, 0.1], [0.7, 0.3], [0.3, 0.7], [0.1, 0.9]])
    >>> AdjustedCount().fit(probs, ["a", "a", "b", "b"]).estimate(probs[[0, 1, 1, 0, 3]]).round(2).tolist()
    [0.77, 0.23]
    """

    cites = ("forman2008quantifying", "bella2010quantification")

    def __init__(self, *, hard: bool = False, calibration: Calibrate = None):
        self.hard, self.calibration = hard, calibration

    def _learn(self, probs: np.ndarray, codes: np.ndarray) -> None:
        self.means_ = summed(probs, codes, self.hard, "proba_source") / np.bincount(codes)

    def _estimate(self, probs: np.ndarray) -> np.ndarray:
        counted = summed(probs, NO_CODES, self.hard, "proba_target").sum(axis=1) / len(probs)
        return on_simplex(self.means_, counted)

    def _linear(self, probs: np.ndarray) -> Linear:
        source, codes = self._source
        here, there = (said(self._calibrated(rows), self.hard) for rows in (source, probs))
        return matching(here, codes, there, self.target_priors_[self._present])
