"""Make probabilities mean what they say: (held-out probs, what was told) -> Calibration, itself probs -> probs.

The probabilities must come from a model that did not see the rows (a held-out set, or
`labelwright.loops.cross_fit`). What was told may be any evidence, not only labels: the parametric maps are those
under which it is most probable. The slope of a log-evidence with respect to the logits of the adjusted
probabilities is ``posterior - adjusted`` whatever the evidence is (Fisher's identity), so labels, candidate
sets, votes, noisy labels and bags are all fitted by the same few lines, and rows of which nothing was told
have no slope. For labels this is the usual log-loss and has one optimum; for other evidence the
optimum is the one that L-BFGS reaches from the model's own probabilities, and is never worse than those.

Separable data do not run away: scales and shifts carry a normal prior about "no change" worth `PRIOR`, and scales
stay within `SCALES`.

What a probability of 0 counts as (the `floor` of a map) is fitted too: the tiny numbers of naive Bayes may mean what
they say or nothing, so of the `FLOORS` that one is taken under which what was told is most probable.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError
from labelwright.parts import adjust
from labelwright.parts._calibrate import Told, columns, fit, heard, normalised


@dataclass(frozen=True, eq=False, repr=False)
class Calibration(ABC):
    """A fitted map of probabilities: call it with probs (n, k), get calibrated ones (n, k) in double precision.

    The fitted numbers are its attributes. An abstract base: fit one with a function of this module.
    """

    def __call__(self, probs: ArrayLike) -> np.ndarray:
        last = getattr(self, self._shown()[-1])  # a number, or one entry per class
        k = columns(probs) if isinstance(last, float) else len(last)
        return self._map(normalised(probs, len(np.asarray(probs)), k))

    def __repr__(self) -> str:
        shown = (f"{name}={_short(getattr(self, name))}" for name in self._shown())
        return f"{type(self).__name__}({', '.join(shown)})"

    def _shown(self) -> list[str]:
        return [it.name for it in fields(self) if it.repr]

    @abstractmethod
    def _map(self, probs: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True, eq=False, repr=False)
class LogCalibration(Calibration):
    """A map of log-probabilities; below `floor` they count as that. An abstract base."""

    floor: float = field(default=adjust.LEAST, repr=False, kw_only=True)


@dataclass(frozen=True, eq=False, repr=False)
class Temperature(LogCalibration):
    """One temperature for all classes: above 1 the model was too sure of itself."""

    temperature: float

    def _map(self, probs: np.ndarray) -> np.ndarray:
        return adjust.temperature(probs, self.temperature, self.floor)


@dataclass(frozen=True, eq=False, repr=False)
class BiasCorrectedTemperature(LogCalibration):
    """One temperature and a shift (k,) of each class, in nats: above 0 the model gave the class too little."""

    temperature: float
    shift: np.ndarray

    def _map(self, probs: np.ndarray) -> np.ndarray:
        return adjust.affine(probs, 1 / self.temperature, self.shift, self.floor)


@dataclass(frozen=True, eq=False, repr=False)
class Vector(LogCalibration):
    """A scale (k,) and a shift (k,) of each class's log-probability."""

    scale: np.ndarray
    shift: np.ndarray

    def _map(self, probs: np.ndarray) -> np.ndarray:
        return adjust.affine(probs, self.scale, self.shift, self.floor)


@dataclass(frozen=True, eq=False, repr=False)
class Dirichlet(LogCalibration):
    """A matrix (k, k), one row per class that comes out, and a shift (k,)."""

    matrix: np.ndarray
    shift: np.ndarray

    def _map(self, probs: np.ndarray) -> np.ndarray:
        return adjust.affine(probs, self.matrix, self.shift, self.floor)


@dataclass(frozen=True, eq=False, repr=False)
class Isotonic(Calibration):
    """One increasing curve per class through its `knots` (ascending) and `heights`; rows are then normalised."""

    knots: tuple[np.ndarray, ...]
    heights: tuple[np.ndarray, ...]

    def _map(self, probs: np.ndarray) -> np.ndarray:
        curves = zip(probs.T, self.knots, self.heights)
        raised = np.stack([np.interp(column, x, y) for column, x, y in curves], axis=1)
        return raised / raised.sum(axis=1, keepdims=True)

    def __repr__(self) -> str:
        return f"Isotonic(classes={len(self.knots)}, knots={_short(np.array([len(x) for x in self.knots]))})"


def temperature(probs: ArrayLike, told: Told) -> Temperature:
    """Cool or heat the model so that it is as sure as it is right; the order of the classes stays (Guo et al., 2017).

    ``probs ** (1 / temperature)``, normalised: one number, so a hundred labels are enough.

    Parameters
    ----------
    probs : array (n, k)
        Held-out probabilities.
    told : Evidence or array (n,)
        What was told about the rows; missing labels tell nothing.

    Raises
    ------
    InputError
        When nothing was told, one class alone explains all that was, or the evidence is about tags.

    Examples
    --------
    >>> sure = [[0.99, 0.01]] * 10 + [[0.01, 0.99]] * 10
    >>> fitted = temperature(sure, [0] * 9 + [1] + [1] * 8 + [0] * 2)  # right in 17 of 20
    >>> fitted
    Temperature(temperature=2.64)
    >>> fitted([[0.99, 0.01]]).round(2).tolist()
    [[0.85, 0.15]]
    """
    floor, scale = fit(probs, told, np.ones(()), shifted=False)
    return Temperature(float(1 / scale), floor=float(floor))


def bias_corrected_temperature(probs: ArrayLike, told: Told) -> BiasCorrectedTemperature:
    """One temperature, and a shift per class that sets the classes' balance right (Alexandari et al., 2020).

    ``softmax(log p / temperature + shift)``. The mean of the calibrated probabilities then equals the shares that
    were told, up to the light prior; estimates of shifted priors by expectation-maximisation build on that.

    Parameters, errors: as for `temperature`.

    Examples
    --------
    >>> told = ["a", "b", "b", "b", "a", "b"] * 50
    >>> bias_corrected_temperature([[0.7, 0.3], [0.3, 0.7], [0.5, 0.5]] * 100, told)([[0.5, 0.5]]).round(1).tolist()
    [[0.3, 0.7]]
    """
    floor, scale, shift = fit(probs, told, np.ones(()))
    return BiasCorrectedTemperature(float(1 / scale), shift, floor=float(floor))


def vector(probs: ArrayLike, told: Told) -> Vector:
    """A scale and a shift per class: ``softmax(scale * log p + shift)`` (vector scaling; Guo et al., 2017).

    Scales are positive, so that more of a class never becomes less of it.

    Parameters, errors: as for `temperature`.

    Examples
    --------
    >>> fitted = vector([[0.7, 0.3], [0.6, 0.4], [0.5, 0.5]] * 20, ["a", "b", "b"] * 20)
    >>> fitted([[0.7, 0.3], [0.6, 0.4]]).argmax(axis=1).tolist()
    [0, 1]
    """
    floor, scale, shift = fit(probs, told, np.ones(columns(probs)))
    return Vector(scale, shift, floor=float(floor))


def dirichlet(
    probs: ArrayLike, told: Told, *, off_diagonal: float = 1.0, intercept: float | None = None
) -> Dirichlet:
    """Let every class borrow from every other: ``softmax(matrix @ log p + shift)`` (Kull et al., 2019).

    Repairs a model that mixes up particular classes. It has k (k + 1) numbers; the regularisation (ODIR) draws those
    off the diagonal and the shift to 0: mean log-evidence less ``off_diagonal`` times the mean square of the former
    and ``intercept`` times that of the latter.

    Parameters
    ----------
    probs, told
        As for `temperature`.
    off_diagonal : float > 0, default 1
        Larger for fewer labels; the paper chooses it by cross-validation from powers of ten. With 300 labels of 3
        to 10 classes 1 was within a tenth of the best log-loss; with 100 of 10 classes `temperature` beat them all.
    intercept : float > 0, optional
        By default the same as `off_diagonal`.

    Raises
    ------
    InputError
        As for `temperature`, and for a penalty that is not positive.

    Departs from the paper: fixed penalties by default, and the diagonal carries the light prior about 1.

    Examples
    --------
    >>> probs = [[0.6, 0.2, 0.2], [0.2, 0.6, 0.2], [0.1, 0.5, 0.4]] * 20
    >>> fitted = dirichlet(probs, [0, 1, 2] * 20)
    >>> fitted(probs[:3]).argmax(axis=1).tolist()
    [0, 1, 2]
    """
    intercept = off_diagonal if intercept is None else intercept
    for name, value in (("off_diagonal", off_diagonal), ("intercept", intercept)):
        if not 0 < value < np.inf:
            raise InputError(f"{name}={value!r} must be positive: without it the map follows every chance")
    floor, matrix, shift = fit(probs, told, np.eye(columns(probs)), penalties=(off_diagonal, intercept))
    return Dirichlet(matrix, shift, floor=float(floor))


def isotonic(probs: ArrayLike, told: Told) -> Isotonic:
    """Bend each class's probability by any increasing curve, then normalise (Zadrozny and Elkan, 2002).

    Assumes nothing about the form of the miscalibration, and needs more labels for that than one temperature does.
    The curves are fitted to soft targets, one class against the rest: ``evidence.posterior(probs)``, which for labels
    are the labels. For other evidence those targets lean on the model itself, so that the result is a first step of
    expectation-maximisation and not the most probable curve; prefer a parametric map there.

    No curve falls below 1 / (m + k), with m rows of which something was told, so no class is ever ruled out.

    Parameters, errors: as for `temperature`.

    Examples
    --------
    >>> isotonic([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.2, 0.8]], [0, 1, 0, 1])([[0.8, 0.2]]).round(2).tolist()
    [[0.5, 0.5]]
    """
    from sklearn.isotonic import IsotonicRegression

    table, evidence = heard(probs, told)
    targets = evidence.posterior(
        adjust.temperature(table, 1.0)
    )  # no zeros, which could contradict what was told
    least = 1 / sum(table.shape)
    knots, heights = [], []
    for column, wanted in zip(table.T, targets.T):
        curve = IsotonicRegression(y_min=least, y_max=1.0, out_of_bounds="clip").fit(column, wanted)
        knots.append(curve.X_thresholds_)
        heights.append(curve.y_thresholds_)
    return Isotonic(tuple(knots), tuple(heights))


def _short(value: float | np.ndarray) -> str:
    if np.ndim(value) == 0:
        return f"{value:.3g}"
    return np.array2string(np.asarray(value), precision=3, threshold=12, edgeitems=2, separator=", ").replace(
        "\n", ""
    )
