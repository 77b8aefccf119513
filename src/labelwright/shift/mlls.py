"""The most probable priors, given what a calibrated classifier says (Saerens et al., 2002; Alexandari et al., 2020)."""

import numpy as np

from labelwright.errors import InputError
from labelwright.shift.base import Calibrate, Linear, PriorEstimator, checked
from labelwright.shift.mixture import proportions
from labelwright.shift.moments import matching, smoothed

LEAST = 1e-8  # of a denominator


class MLLS(PriorEstimator):
    """Estimate shifted priors by maximum likelihood, the limit of expectation-maximisation (EMQ).

    ``max over the simplex of mean over new rows of log(sum over j of q[j] P[j] / p[j])``. That is the likelihood of
    the new rows if P are the true posteriors of the source, so calibrate first; with bias correction it is as a rule
    the best estimate there is, and without calibration it can be worse than `BBSE`. With p the mean of the
    (calibrated) probabilities over the source, new rows like those of the source give no shift.

    Parameters
    ----------
    calibration : {"bcts", "ts", "vs"}, function or None, default "bcts"
        Temperature with bias correction, temperature alone, or a scale and shift per class (vector scaling).
    max_iter : int, default 100
        Sweeps over the new rows.
    tol : float, default 1e-6
        Stop when a step is shorter: the sum of absolute changes of the priors.

    Attributes
    ----------
    classes_ : ndarray (k,)
    source_priors_, target_priors_, weights_ : ndarray (k,)
    calibrator_ : Calibration or None
    n_iter_ : int
    converged_ : bool
    log_likelihood_ : float
        Mean gain of a new row over no shift, in nats.

    Notes
    -----
    The analytic interval is centred on the estimate by moments of the likelihood's slope, which does not lean on the
    calibration, and reaches to the estimate itself: where the two differ, the probabilities are not calibrated. That of
    the bootstrap leaves such an error out.

    Departs from the papers: the optimum is reached by Newton's steps (`mixture.proportions`) instead of by
    expectation-maximisation, which comes to the same and often stops early; the priors are the weights q / p times the
    shares of labels.

    Examples
    --------
    >>> probs = np.array([[0.9, 0.1], [0.7, 0.3], [0.3, 0.7], [0.1, 0.9]] * 25)
    >>> found = MLLS().fit(probs, [0, 0, 1, 1] * 25)
    >>> found.estimate(probs).round(4).tolist()
    [0.5, 0.5]
    >>> found.estimate(probs[:2]).round(4).tolist()
    [1.0, 0.0]
    """

    cites = ("saerens2002adjusting", "alexandari2020maximum")

    def __init__(self, *, calibration: Calibrate = "bcts", max_iter: int = 100, tol: float = 1e-6):
        self.calibration, self.max_iter, self.tol = calibration, max_iter, tol

    def _learn(self, probs: np.ndarray, codes: np.ndarray) -> None:
        if not self.max_iter >= 1 or not self.tol > 0:
            raise InputError(f"max_iter={self.max_iter!r} must be at least 1 and tol={self.tol!r} above 0")
        self._believed = checked(probs, "proba_source").mean(axis=0, dtype=np.float64)
        self._counted = np.bincount(codes) / len(codes)

    def _estimate(self, probs: np.ndarray) -> np.ndarray:
        found = proportions(
            checked(probs, "proba_target"),
            1 / np.maximum(self._believed, 1e-12),
            start=self._believed,
            max_iter=self.max_iter,
            tol=self.tol,
        )
        self.n_iter_, self.converged_ = found.n_iter, found.converged
        self.log_likelihood_ = found.log_likelihood
        self._mixed = found.proportions
        return found.proportions * self._counted / np.maximum(self._believed, 1e-12)

    def _linear(self, probs: np.ndarray) -> Linear:
        # Under label shift the mean of anything over new rows is the mixture of its means over the classes. The slope
        # of the likelihood is nearly the best thing to take, and its moments hold for any calibration.
        source, codes = self._source
        ratio = smoothed(self._mixed, len(probs)) / np.maximum(self._believed, 1e-12)
        here, there = (
            rows / np.maximum(rows @ ratio, LEAST)[:, None] for rows in map(self._calibrated, (source, probs))
        )
        return matching(here, codes, there, self.target_priors_[self._present])
