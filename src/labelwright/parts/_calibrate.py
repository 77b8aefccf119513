"""The search for the map of log-probabilities under which what was told is most probable."""

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


class Problem(NamedTuple):
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


def problem(
    probs: ArrayLike,
    told: Told,
    weight: np.ndarray,
    *,
    shifted: bool = True,
    penalties: tuple[float, float] | None = None,
    floor: float = adjust.LEAST,
) -> Problem:
    """What a parametric map minimises, starting at `weight`, the identity: (), (k,) or (k, k)."""
    return _asked(*heard(probs, told), weight, shifted, penalties, floor)


def _asked(
    table: np.ndarray,
    evidence: Evidence,
    weight: np.ndarray,
    shifted: bool,
    penalties: tuple[float, float] | None,
    floor: float,
) -> Problem:
    n, k = table.shape
    pull = np.full(weight.shape, PRIOR / n)
    shift_pull = np.full(k if shifted else 0, PRIOR / n)
    if penalties is not None:
        pull[~np.eye(k, dtype=bool)] = 2 * penalties[0] / (k * (k - 1))
        shift_pull[:] = 2 * penalties[1] / k
    start = np.append(weight.ravel(), np.zeros(len(shift_pull)))
    logs = adjust._log(table, floor)
    pulls = np.append(pull.ravel(), shift_pull)
    return Problem(logs, evidence, start, pulls, weight.shape, np.empty_like(logs))


def fit(
    probs: ArrayLike,
    told: Told,
    weight: np.ndarray,
    *,
    shifted: bool = True,
    penalties: tuple[float, float] | None = None,
) -> tuple[np.ndarray, ...]:
    """The floor, the weight and, where there is one, the shift."""
    table, evidence = heard(probs, told)
    floor = _floor(table, evidence, weight, shifted, penalties)
    asked = _asked(table, evidence, weight, shifted, penalties, floor)
    weight, shift = asked.split(_best(asked).x)
    return (np.array(floor), weight, shift) if shift.size else (np.array(floor), weight)


def _floor(
    table: np.ndarray,
    evidence: Evidence,
    weight: np.ndarray,
    shifted: bool,
    penalties: tuple[float, float] | None,
) -> float:
    """The first of the floors below which nothing is gained."""
    tiny = (table < FLOORS[0]) & (table > 0)
    if tiny.sum() <= SOME * table.size:
        return FLOORS[0]
    if evidence.unit == "item" and len(table) > LOOKED_AT:
        rows = np.arange(0, len(table), -(-len(table) // LOOKED_AT))
        if isinstance(evidence, Exact) and len(np.unique(evidence.codes[rows])) > 1:
            table, evidence = table[rows], evidence[rows]
    best = _best(_asked(table, evidence, weight, shifted, penalties, FLOORS[0])).fun
    for i, floor in enumerate(FLOORS[1:]):
        value = _best(_asked(table, evidence, weight, shifted, penalties, floor)).fun
        if value >= best:
            return FLOORS[i]
        best = value
    return FLOORS[-1]


def _best(asked: Problem) -> Any:
    from scipy.optimize import minimize

    size = int(np.prod(asked.weight_shape))
    bounded = 0 if len(asked.weight_shape) == 2 else size
    bounds = [SCALES] * bounded + [(None, None)] * (len(asked.start) - bounded)
    return minimize(
        asked, asked.start, jac=True, method="L-BFGS-B", bounds=bounds,
        options={"ftol": 1e-11, "gtol": 1e-6, "maxiter": 5000},
    )  # fmt: skip


def heard(probs: ArrayLike, told: Told) -> tuple[np.ndarray, Evidence]:
    """Probabilities and evidence of the rows of which something was told, both checked."""
    k = columns(probs)
    evidence = as_evidence(told, k)
    if len(evidence.states) == 2:
        raise InputError(
            "told is about tags, and these maps are for one class per item; calibrate tag j by itself: "
            "probs np.stack([1 - p[:, j], p[:, j]], axis=1), told its marks with None where unknown"
        )
    table = normalised(probs, len(evidence), evidence.n_classes)
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


def normalised(probs: ArrayLike, n: int, k: int) -> np.ndarray:
    table = check_probs(probs, n, k).astype(np.float64)
    return table / table.sum(axis=1, keepdims=True)  # the check lets sums be off by 0.01


def columns(probs: ArrayLike) -> int:
    shape = np.shape(probs)
    if len(shape) != 2:
        raise InputError(f"probs have shape {shape}, expected (n, k): one row per item, one column per class")
    return shape[1]
