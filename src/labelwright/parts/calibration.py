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
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError
from labelwright.evidence import Evidence, Exact, as_evidence
from labelwright.evidence.checks import check_probs
from labelwright.parts import adjust

Told = Evidence | ArrayLike

PRIOR = 0.1  # precision of the normal prior of every scale and shift: a standard deviation of 3.2
SCALES = (0.01, 100.0)
FLOORS = (1e-6, 1e-12, 1e-30, 1e-100, 1e-300)
SOME = 0.01  # share of probabilities under the first floor from which on another one is looked for
LOOKED_AT = 5000  # rows that choose it
TINY = 1e-300  # keeps what was told possible when a step of the search overshoots


@dataclass(frozen=True, eq=False, repr=False)
class Calibration(ABC):
    """A fitted map of probabilities: call it with probs (n, k), get calibrated ones (n, k) in double precision.

    The fitted numbers are its attributes. An abstract base: fit one with a function of this module.
    """

    def __call__(self, probs: ArrayLike) -> np.ndarray:
        last = getattr(self, self._shown()[-1])  # a number, or one entry per class
        k = _columns(probs) if isinstance(last, float) else len(last)
        return self._map(_normalised(probs, len(np.asarray(probs)), k))

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
    floor, scale = _fit(probs, told, np.ones(()), shifted=False)
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
    floor, scale, shift = _fit(probs, told, np.ones(()))
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
    floor, scale, shift = _fit(probs, told, np.ones(_columns(probs)))
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
    floor, matrix, shift = _fit(probs, told, np.eye(_columns(probs)), penalties=(off_diagonal, intercept))
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

    table, evidence = _heard(probs, told)
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


class _Problem(NamedTuple):
    """Minus the mean log-evidence of ``softmax(weight * logs + shift)`` with its penalty, and the slope of both."""

    logs: np.ndarray
    evidence: Evidence
    start: np.ndarray
    pull: np.ndarray
    weight_shape: tuple[int, ...]
    room: np.ndarray  # as large as `logs`, so that no round asks the system for memory

    def split(self, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weight and shift; the shift is empty in a map that has none."""
        size = int(np.prod(self.weight_shape))
        return parameters[:size].reshape(self.weight_shape), parameters[size:]

    def __call__(self, parameters: np.ndarray) -> tuple[float, np.ndarray]:
        weight, shift = self.split(parameters)
        if isinstance(self.evidence, Exact):
            value, slope = self._of_labels(weight, shift)
        else:
            value, slope = self._of_evidence(weight, shift)
        if weight.ndim == 2:
            by_weight = slope.T @ self.logs
        elif weight.ndim == 0:
            by_weight = np.array(np.vdot(slope, self.logs))
        else:
            by_weight = np.einsum("ij,ij->j", slope, self.logs)
        gradient = np.append(np.ravel(by_weight), slope.sum(axis=0) if shift.size else [])
        away = parameters - self.start
        return value + (self.pull * away**2).sum() / 2, gradient + self.pull * away

    def _of_labels(self, weight: np.ndarray, shift: np.ndarray) -> tuple[float, np.ndarray]:
        """Log-loss and its slope in one table."""
        if weight.ndim == 2:
            table = np.matmul(self.logs, weight.T, out=self.room)
        else:
            table = np.multiply(self.logs, weight, out=self.room)
        if shift.size:
            table += shift
        table -= table.max(axis=1, keepdims=True)
        n = len(table)
        place = np.arange(n), self.evidence.codes  # type: ignore[attr-defined]
        given = table[place]
        np.exp(table, out=table)
        total = table.sum(axis=1)
        table /= (total * n)[:, None]
        table[place] -= 1 / n
        return float((np.log(total) - given).mean()), table

    def _of_evidence(self, weight: np.ndarray, shift: np.ndarray) -> tuple[float, np.ndarray]:
        logits = adjust.linear(self.logs, weight)
        adjusted = np.maximum(adjust._softmax(logits + shift if shift.size else logits), TINY)
        posterior, told = self.evidence.condition(adjusted)
        return -float(told.mean()), (adjusted - posterior) / len(adjusted)  # Fisher's identity


def _problem(
    probs: ArrayLike,
    told: Told,
    weight: np.ndarray,
    *,
    shifted: bool = True,
    penalties: tuple[float, float] | None = None,
    floor: float = adjust.LEAST,
) -> _Problem:
    """What a parametric map minimises, starting at `weight`, the identity: (), (k,) or (k, k)."""
    return _asked(*_heard(probs, told), weight, shifted, penalties, floor)


def _asked(
    table: np.ndarray,
    evidence: Evidence,
    weight: np.ndarray,
    shifted: bool,
    penalties: tuple[float, float] | None,
    floor: float,
) -> _Problem:
    n, k = table.shape
    pull = np.full(weight.shape, PRIOR / n)
    shift_pull = np.full(k if shifted else 0, PRIOR / n)
    if penalties is not None:
        pull[~np.eye(k, dtype=bool)] = 2 * penalties[0] / (k * (k - 1))
        shift_pull[:] = 2 * penalties[1] / k
    start = np.append(weight.ravel(), np.zeros(len(shift_pull)))
    logs = adjust._log(table, floor)
    pulls = np.append(pull.ravel(), shift_pull)
    return _Problem(logs, evidence, start, pulls, weight.shape, np.empty_like(logs))


def _fit(
    probs: ArrayLike,
    told: Told,
    weight: np.ndarray,
    *,
    shifted: bool = True,
    penalties: tuple[float, float] | None = None,
) -> tuple[np.ndarray, ...]:
    """The floor, the weight and, where there is one, the shift."""
    table, evidence = _heard(probs, told)
    floor = _floor(table, evidence, weight, shifted, penalties)
    asked = _asked(table, evidence, weight, shifted, penalties, floor)
    weight, shift = asked.split(_best(asked).x)
    return (np.array(floor), weight, shift) if shift.size else (np.array(floor), weight)


def _floor(table: np.ndarray, evidence: Evidence, *options: Any) -> float:
    """The first of the floors below which nothing is gained."""
    tiny = (table < FLOORS[0]) & (table > 0)
    if tiny.sum() <= SOME * table.size:
        return FLOORS[0]
    if evidence.unit == "item" and len(table) > LOOKED_AT:
        rows = np.arange(0, len(table), -(-len(table) // LOOKED_AT))
        if isinstance(evidence, Exact) and len(np.unique(evidence.codes[rows])) > 1:
            table, evidence = table[rows], evidence[rows]
    best = _best(_asked(table, evidence, *options, FLOORS[0])).fun
    for i, floor in enumerate(FLOORS[1:]):
        value = _best(_asked(table, evidence, *options, floor)).fun
        if value >= best:
            return FLOORS[i]
        best = value
    return FLOORS[-1]


def _best(asked: _Problem) -> Any:
    from scipy.optimize import minimize

    size = int(np.prod(asked.weight_shape))
    bounded = 0 if len(asked.weight_shape) == 2 else size
    bounds = [SCALES] * bounded + [(None, None)] * (len(asked.start) - bounded)
    return minimize(
        asked, asked.start, jac=True, method="L-BFGS-B", bounds=bounds,
        options={"ftol": 1e-11, "gtol": 1e-6, "maxiter": 5000},
    )  # fmt: skip


def _heard(probs: ArrayLike, told: Told) -> tuple[np.ndarray, Evidence]:
    """Probabilities and evidence of the rows of which something was told, both checked."""
    k = _columns(probs)
    evidence = as_evidence(told, k)
    if len(evidence.states) == 2:
        raise InputError(
            "told is about tags, and these maps are for one class per item; calibrate tag j by itself: "
            "probs np.stack([1 - p[:, j], p[:, j]], axis=1), told its marks with None where unknown"
        )
    table = _normalised(probs, len(evidence), evidence.n_classes)
    told_of = evidence.informed
    if not told_of.any():
        raise InputError(
            f"told says nothing about any of {len(evidence)} items, so there is nothing to fit to"
        )
    if not told_of.all():
        table, evidence = table[told_of], evidence[told_of]
    if evidence.unit == "item":
        message = evidence.message(np.full(table.shape, 1 / table.shape[1]))
        alone = np.flatnonzero((message == message.max(axis=1, keepdims=True)).all(axis=0))
        if len(alone):
            name = evidence.classes.tolist()[alone[0]]
            raise InputError(
                f"told holds one class only: {name!r} explains all {len(evidence)} items, so the best map would always "
                "say it; calibrate on items of at least two classes"
            )
    return table, evidence


def _normalised(probs: ArrayLike, n: int, k: int) -> np.ndarray:
    table = check_probs(probs, n, k).astype(np.float64)
    return table / table.sum(axis=1, keepdims=True)  # the check lets sums be off by 0.01


def _columns(probs: ArrayLike) -> int:
    shape = np.shape(probs)
    if len(shape) != 2:
        raise InputError(f"probs have shape {shape}, expected (n, k): one row per item, one column per class")
    return shape[1]


def _short(value: float | np.ndarray) -> str:
    if np.ndim(value) == 0:
        return f"{value:.3g}"
    return np.array2string(np.asarray(value), precision=3, threshold=12, edgeitems=2, separator=", ").replace(
        "\n", ""
    )
