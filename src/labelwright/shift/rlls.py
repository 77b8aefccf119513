"""Estimate class weights that stay near "no shift" unless the data say otherwise (Azizzadenesheli et al., 2019)."""

import numpy as np

from labelwright.errors import InputError
from labelwright.shift.base import NO_CODES, Calibrate, Linear, PriorEstimator
from labelwright.shift.bbse import said, summed
from labelwright.shift.moments import matching


class RLLS(PriorEstimator):
    """Estimate shifted priors by a linear system whose answer is drawn towards no shift (regularised learning).

    With theta = w - 1, ``min over theta >= -1 of |C theta - b| + alpha rho |theta|``, C and the difference b of mean
    predictions as in `BBSE`, and ``rho = 3 (2 log(2k/delta) / 3n + sqrt(2 log(2k/delta) / n))``. The norms are not
    squared. Steadier than `BBSE` where source rows are few.

    Parameters
    ----------
    hard : bool, default False
        Whether only the most probable class of each row counts.
    alpha : float >= 0, default 0.01
        How much the answer is drawn.
    delta : float in (0, 1), default 0.05
        Chance that the bound rho fails.
    calibration : {"ts", "bcts", "vs"}, function or None, default None
        Calibrates the probabilities on the source first.

    Attributes
    ----------
    classes_ : ndarray (k,)
    source_priors_, target_priors_, weights_ : ndarray (k,)
    confusion_ : ndarray (k, k)

    Notes
    -----
    The analytic interval is that of the estimate without regularisation.

    Departs from the paper: the weights are not shrunk a second time when a classifier is trained with them; L-BFGS-B
    instead of a cone solver.

    Examples
    --------
    >>> probs = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.1, 0.9]] * 50)
    >>> RLLS().fit(probs, [0, 0, 1, 1] * 50).estimate(probs[[0, 1, 0, 1, 2, 3]]).round(2).tolist()
    [0.67, 0.33]
    """

    cites = ("azizzadenesheli2019regularized",)

    def __init__(
        self, *, hard: bool = False, alpha: float = 0.01, delta: float = 0.05, calibration: Calibrate = None
    ):
        self.hard, self.alpha, self.delta, self.calibration = hard, alpha, delta, calibration

    def _learn(self, probs: np.ndarray, codes: np.ndarray) -> None:
        if not self.alpha >= 0 or not 0 < self.delta < 1:
            raise InputError(
                f"alpha={self.alpha!r} must be at least 0 and delta={self.delta!r} between 0 and 1"
            )
        self.confusion_ = summed(probs, codes, self.hard, "proba_source") / len(probs)
        bound = 2 * np.log(2 * len(self.confusion_) / self.delta)
        self._rho = 3 * (bound / (3 * len(probs)) + np.sqrt(bound / len(probs)))

    def _estimate(self, probs: np.ndarray) -> np.ndarray:
        from scipy.optimize import minimize

        here = self.confusion_.sum(axis=1)
        moved = summed(probs, NO_CODES, self.hard, "proba_target").sum(axis=1) / len(probs) - here
        pull = self.alpha * self._rho

        def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
            left = self.confusion_ @ theta - moved
            off, size = max(float(np.linalg.norm(left)), 1e-12), max(float(np.linalg.norm(theta)), 1e-12)
            return off + pull * size, self.confusion_.T @ left / off + pull * theta / size

        found = minimize(
            objective, np.zeros(len(here)), jac=True, method="L-BFGS-B", bounds=[(-1, None)] * len(here),
            options={"maxiter": 2000, "ftol": 1e-13, "gtol": 1e-9},
        )  # fmt: skip
        return (1 + found.x) * self.confusion_.sum(axis=0)

    def _linear(self, probs: np.ndarray) -> Linear:
        source, codes = self._source
        here, there = (said(self._calibrated(rows), self.hard) for rows in (source, probs))
        return matching(here, codes, there, self.target_priors_[self._present])
