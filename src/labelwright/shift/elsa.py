"""Estimate class weights from the moments that tell most, without calibrating (Tian et al., 2023)."""

import numpy as np

from labelwright.errors import InputError
from labelwright.shift.base import NO_CODES, Calibrate, Linear, PriorEstimator, checked
from labelwright.shift.moments import matching, smoothed

LEAST = 1e-8  # of a denominator: all classes that a row could have may get weight 0


class ELSA(PriorEstimator):
    """Estimate shifted priors by linear systems whose moments are chosen for the least variance.

    Under label shift ``E_source[w(y) h(x)] = E_target[h(x)]`` for any h. Semiparametric theory gives the best one,
    ``h = P(y | x) / (sum P w^2 / pi + sum P w / (1 - pi))`` with pi the share of source rows among all; it depends on
    the weights w, so that a few systems are solved in turn. About as good as `MLLS` with calibration, and quicker;
    trust it less where the classifier is much too sure of itself.

    Parameters
    ----------
    constrained : bool, default True
        Whether weights average 1 over the source while the systems are solved.
    max_iter : int, default 10
    tol : float, default 1e-6
        Stop when no weight changes by more.
    ridge : float >= 0, default 0
        Added to the diagonal of the normal equations, relative to their mean; 0 takes the pseudo-inverse.
    calibration : {"ts", "bcts", "vs"}, function or None, default None
        Calibrates the probabilities on the source first.

    Attributes
    ----------
    classes_ : ndarray (k,)
    source_priors_, target_priors_, weights_ : ndarray (k,)
    n_iter_ : int
    converged_ : bool

    Notes
    -----
    Source: S004. With the constraint one class is left over, as its weight follows from the others: the most common
    one, whatever the order of the classes.

    Departs from the paper: denominators below 1e-8 count as that; the priors are the weights times the source's
    shares, normalised, negative ones being 0.

    Examples
    --------
    >>> probs = np.array([[0.9, 0.1], [0.7, 0.3], [0.3, 0.7], [0.1, 0.9]] * 25)
    >>> ELSA().fit(probs, [0, 0, 1, 1] * 25).estimate(probs).round(4).tolist()
    [0.5, 0.5]
    """

    cites = ("tian2023elsa",)

    def __init__(
        self,
        *,
        constrained: bool = True,
        max_iter: int = 10,
        tol: float = 1e-6,
        ridge: float = 0.0,
        calibration: Calibrate = None,
    ):
        self.constrained, self.max_iter, self.tol = constrained, max_iter, tol
        self.ridge, self.calibration = ridge, calibration

    def _learn(self, probs: np.ndarray, codes: np.ndarray) -> None:
        if not self.max_iter >= 0 or not self.tol >= 0 or not self.ridge >= 0:
            raise InputError(
                f"max_iter={self.max_iter!r}, tol={self.tol!r} and ridge={self.ridge!r} must not be negative"
            )
        self._probs, self._codes = checked(probs, "proba_source"), codes
        self._shares = np.bincount(codes) / len(codes)

    def _estimate(self, probs: np.ndarray) -> np.ndarray:
        checked(probs, "proba_target")
        weights = self._solve(probs, None)
        self.n_iter_, self.converged_ = 0, False
        for _ in range(self.max_iter):
            before = weights
            weights = self._solve(probs, before)
            self.n_iter_ += 1
            if np.abs(weights - before).max() <= self.tol:
                self.converged_ = True
                break
        return weights * self._shares

    def _solve(self, new: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
        """Weights (k,), negative ones 0, from the moments that suit `weights`; of all rows alike to begin with."""
        share = len(self._probs) / (len(self._probs) + len(new))
        mix = self._mix(weights, share)
        by_class = self._summed(self._probs, self._codes, mix)
        wanted = self._summed(new, NO_CODES, mix)[0] / (1 - share)
        if not self.constrained:
            return np.maximum(self._invert(by_class.T / share, wanted), 0)
        last, rest = self._last
        # w(y) = A w[rest] + v, with row -p[rest] / p[last] of A and 1 / p[last] of v where y is the last class
        matrix = (
            by_class[rest] - np.outer(self._shares[rest] / self._shares[last], by_class[last])
        ).T / share
        found = np.empty(len(self._shares))
        found[rest] = self._invert(matrix, wanted - by_class[last] / self._shares[last] / share)
        found[last] = (1 - self._shares[rest] @ found[rest]) / self._shares[last]
        return np.maximum(found, 0)

    def _mix(self, weights: np.ndarray | None, share: float) -> np.ndarray:
        """What the denominator of the moments is the product of with a row."""
        if weights is None:
            return np.ones(len(self._shares))
        return weights**2 / share + weights / (1 - share)

    def _summed(self, probs: np.ndarray, codes: np.ndarray, mix: np.ndarray) -> np.ndarray:
        """Sum of the moments over the rows of each class: (k, k - 1) where constrained, else (k, k)."""
        from labelwright.shift._sweeps import divided

        k = len(mix)
        found, sizes = np.zeros((k, k)), np.zeros(k)
        divided(probs, codes, mix, LEAST, found, sizes)
        if not self.constrained:
            return found
        _, rest = self._last
        return found[:, rest] - np.outer(sizes, self._shares[rest])

    @property
    def _last(self) -> tuple[int, np.ndarray]:
        last = int(self._shares.argmax())
        return last, np.delete(np.arange(len(self._shares)), last)

    def _invert(self, matrix: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        if self.ridge == 0:
            return np.linalg.pinv(matrix) @ wanted
        normal = matrix.T @ matrix
        normal += self.ridge * max(np.trace(normal) / len(normal), 1e-300) * np.eye(len(normal))
        return np.linalg.solve(normal, matrix.T @ wanted)

    def _linear(self, probs: np.ndarray) -> Linear:
        weights = smoothed(self.target_priors_[self._present], len(probs)) / self._shares
        mix = self._mix(weights, len(self._probs) / (len(self._probs) + len(probs)))
        here, there = (
            rows / np.maximum(rows @ mix, LEAST)[:, None] for rows in (self._probs, self._calibrated(probs))
        )
        return matching(here, self._codes, there, self.target_priors_[self._present])
