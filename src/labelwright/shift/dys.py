"""Mix the histograms of the classes until they are like that of the new rows (HDy, DyS)."""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from labelwright.errors import InputError
from labelwright.shift.base import Calibrate, PriorEstimator, checked

HDY_BINS = tuple(range(10, 111, 10))
TINY = 1e-12


class DyS(PriorEstimator):
    """Estimate shifted priors by matching histograms of the probabilities.

    Each class's probability is cut into bins; the mixture of the source's class histograms that is nearest to the new
    rows' histogram, over all columns together, gives the priors. ``DyS(bins=HDY_BINS, distance="hellinger")`` is HDy,
    the median over eleven numbers of bins (`method("hdy")`).

    Parameters
    ----------
    bins : int or sequence of int, default 8
        Bins from 0 to 1 in each column; of several numbers the median estimate is taken, and normalised.
    distance : {"topsoe", "hellinger"}, default "topsoe"
    calibration : {"ts", "bcts", "vs"}, function or None, default None
        Calibrates the probabilities on the source first.

    Attributes
    ----------
    classes_ : ndarray (k,)
    source_priors_, target_priors_, weights_ : ndarray (k,)

    Notes
    -----
    Departs from the papers, which are for two classes: any number of classes at once, the distances of all
    columns being added. Empty bins are left empty.

    Examples
    --------
    >>> probs = np.array([[0.9, 0.1], [0.7, 0.3], [0.3, 0.7], [0.1, 0.9]] * 25)
    >>> DyS().fit(probs, [0, 0, 1, 1] * 25).estimate(probs[[0, 1, 0, 1, 2, 3]]).round(2).tolist()
    [0.67, 0.33]
    """

    cites = ("gonzalezcastro2013class", "maletzke2019dys")

    def __init__(
        self,
        *,
        bins: int | Sequence[int] = 8,
        distance: Literal["topsoe", "hellinger"] = "topsoe",
        calibration: Calibrate = None,
    ):
        self.bins, self.distance, self.calibration = bins, distance, calibration

    def _learn(self, probs: np.ndarray, codes: np.ndarray) -> None:
        if self.distance not in DISTANCES:
            raise InputError(f"distance={self.distance!r} must be one of {', '.join(map(repr, DISTANCES))}")
        numbers = np.atleast_1d(self.bins)
        if (
            numbers.ndim != 1
            or not len(numbers)
            or (numbers < 2).any()
            or (numbers != np.floor(numbers)).any()
        ):
            raise InputError(f"bins={self.bins!r} must be whole numbers, 2 or more")
        checked(probs, "proba_source")
        self._histograms = [(int(b), _by_class(probs, codes, int(b))) for b in numbers]

    def _estimate(self, probs: np.ndarray) -> np.ndarray:
        checked(probs, "proba_target")
        found = [nearest(by_class, _counted(probs, b), self.distance) for b, by_class in self._histograms]
        middle = np.median(found, axis=0)
        return middle / middle.sum()


def _counted(probs: np.ndarray, bins: int) -> np.ndarray:
    """Share of the rows in each bin of each column: (k * bins,)."""
    n, k = probs.shape
    place = np.minimum((probs * bins).astype(np.intp), bins - 1) + bins * np.arange(k)
    return np.bincount(place.ravel(), minlength=k * bins) / n


def _by_class(probs: np.ndarray, codes: np.ndarray, bins: int) -> np.ndarray:
    """The same of the rows of each class: (k * bins, k)."""
    return np.stack([_counted(probs[codes == c], bins) for c in range(probs.shape[1])], axis=1)


def nearest(by_class: np.ndarray, wanted: np.ndarray, distance: str) -> np.ndarray:
    """Shares (k,) whose mixture of histograms (b, k) is nearest to `wanted` (b,): a convex problem.

    Solved by L-BFGS over the logarithms of the shares.
    """
    from scipy.optimize import minimize

    measure, k = DISTANCES[distance], by_class.shape[1]

    def objective(logits: np.ndarray) -> tuple[float, np.ndarray]:
        q = np.exp(logits - logits.max())
        q /= q.sum()
        value, slope = measure(by_class @ q, wanted)
        pull = by_class.T @ slope
        return value, q * (pull - q @ pull)

    found = minimize(
        objective, np.zeros(k), jac=True, method="L-BFGS-B", bounds=[(-25, 25)] * k,
        options={"ftol": 1e-14, "gtol": 1e-10, "maxiter": 2000},
    )  # fmt: skip
    q = np.exp(found.x - found.x.max())
    return q / q.sum()


def _hellinger(mixed: np.ndarray, wanted: np.ndarray) -> tuple[float, np.ndarray]:
    """Squared Hellinger distance and its slope by `mixed`."""
    root = np.sqrt(np.maximum(mixed, TINY))
    return float(-(np.sqrt(wanted) * root).sum()), -np.sqrt(wanted) / root / 2


def _topsoe(mixed: np.ndarray, wanted: np.ndarray) -> tuple[float, np.ndarray]:
    """Topsoe distance (twice the Jensen-Shannon divergence) and its slope by `mixed`."""
    mixed = np.maximum(mixed, TINY)
    middle = np.log((mixed + wanted) / 2)
    own = np.log(mixed) - middle
    theirs = wanted * (np.log(np.maximum(wanted, TINY)) - middle)
    return float((mixed * own + theirs).sum()), own


DISTANCES: dict[str, Callable[[np.ndarray, np.ndarray], tuple[float, np.ndarray]]] = {
    "topsoe": _topsoe,
    "hellinger": _hellinger,
}
