"""Numbers and points: the centre is a weighted mean or median."""

from typing import Any

import numpy as np

from labelwright import frames
from labelwright.combine.spaces.answers import Answers, dense
from labelwright.combine.spaces.base import sum_by_item
from labelwright.errors import InputError
from labelwright.parts import distances, triplets


class RealSpace:
    """Answers that are numbers, or points with several coordinates.

    Answers come as an array (n, a) or (n, a, p), NaN where a source did not answer; as a frame with a column a source;
    or as `Answers`.

    Parameters
    ----------
    power : {1, 2}, default 2
        Squared distance, whose centre is the weighted mean, or the sum of absolute differences, whose centre is the
        weighted median. Distances to the truth add up exactly when squared; of absolute ones only roughly.
    remove_bias : bool, default False
        Whether to take off each source what it lies above or below the weighted mean throughout. What all
        sources have in common cannot be seen, so the weighted mean of the biases is set to 0.

    Examples
    --------
    >>> space = RealSpace()
    >>> answers = space.read([[1.0, 4.0], [2.0, float("nan")]])
    >>> space.centre(answers, np.array([2.0, 1.0, 1.0])).tolist()
    [2.0, 2.0]
    """

    def __init__(self, power: int = 2, *, remove_bias: bool = False):
        self.power, self.remove_bias = power, remove_bias

    def __repr__(self) -> str:
        return f"RealSpace(power={self.power}, remove_bias={self.remove_bias})"

    def read(self, told: Any) -> Answers:
        """Values (v, p) of float."""
        if self.power not in (1, 2):
            raise InputError(f"power={self.power!r} must be 1 (absolute) or 2 (squared)")
        if isinstance(told, Answers):
            points = _numbers(list(told.value), told)
            answers = told.valued(points.reshape(len(points), -1))
            return _finite(answers.valued(answers.value, ~np.isnan(answers.value).any(axis=1)))
        if frames.is_frame(told):
            names = frames.names(told)
            table = _numbers(np.column_stack([frames.column(told, name) for name in names]))
        else:
            names, table = None, _numbers(told)
        if table.ndim not in (2, 3):
            raise InputError(
                f"answers have shape {table.shape}, expected (items, sources) or (items, sources, coordinates)"
            )
        points = table[..., None] if table.ndim == 2 else table
        return _finite(dense(points, ~np.isnan(points).any(axis=2), names))

    def distance(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Squared or absolute distance."""
        return (distances.squared if self.power == 2 else distances.absolute)(left, right)

    def chance(self, answers: Answers) -> None:
        """Distances add up."""

    def theta(self, expected: np.ndarray) -> np.ndarray:
        """Precision of a normal error for squared distances, of a double exponential one for absolute ones."""
        return triplets.gaussian(expected) if self.power == 2 else triplets.inverse(expected)

    def centre(self, answers: Answers, weight: np.ndarray) -> np.ndarray:
        """Weighted mean or median (n,) or (n, p); NaN where nobody answered."""
        found = (_mean if self.power == 2 else _median)(answers, weight)
        return found[:, 0] if found.shape[1] == 1 else found

    def bias(self, answers: Answers, weight: np.ndarray, *, most: int = 100, tol: float = 1e-9) -> np.ndarray:
        """What each source lies above the weighted centre throughout: (a, p), their weighted sum 0."""
        a, p = len(answers.sources), answers.value.shape[1]
        told = np.maximum(np.bincount(answers.source, minlength=a), 1)[:, None]
        load = np.bincount(answers.source, weights=weight, minlength=a)[:, None]
        bias = np.zeros((a, p))
        for _ in range(most):
            rest = answers.valued(answers.value - bias[answers.source])
            off = answers.value - self.centre(rest, weight).reshape(len(answers), p)[answers.item]
            step = (
                np.stack([np.bincount(answers.source, weights=c, minlength=a) for c in off.T], axis=1) / told
            )
            step -= (load * step).sum(axis=0) / max(load.sum(), 1e-300)
            still = np.abs(step - bias).max(initial=0) <= tol * np.abs(step).max(initial=0)
            bias = step
            if still:
                break
        return bias


def _mean(answers: Answers, weight: np.ndarray) -> np.ndarray:
    total = sum_by_item(answers, weight[:, None])
    with np.errstate(invalid="ignore"):
        return sum_by_item(answers, weight[:, None] * answers.value) / total


def _median(answers: Answers, weight: np.ndarray) -> np.ndarray:
    half = sum_by_item(answers, weight) / 2
    found = np.full((len(answers), answers.value.shape[1]), np.nan)
    for column, values in enumerate(answers.value.T):
        order = np.lexsort((values, answers.item))
        item, value = answers.item[order], values[order]
        run = np.cumsum(weight[order])
        starts = np.flatnonzero(np.diff(item, prepend=-1))
        before = np.zeros(len(answers))
        before[item[starts]] = run[starts] - weight[order][starts]
        past = run - before[item] - half[item]
        slack = 1e-9 * half[item]
        for reached in (
            past >= -slack,
            past > slack,
        ):  # where half is met exactly, the middle between two answers
            rows = np.flatnonzero(reached)
            first = rows[np.flatnonzero(np.diff(item[rows], prepend=-1))]
            here = found[item[first], column]
            found[item[first], column] = np.where(np.isnan(here), value[first], (here + value[first]) / 2)
    return found


def _numbers(values: Any, answers: Answers | None = None) -> np.ndarray:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        pass
    if answers is not None:
        for row, value in enumerate(values):
            try:
                np.asarray(value, dtype=np.float64)
            except (TypeError, ValueError):
                raise InputError(f"{answers.where(row)}: {value!r} is not a number") from None
    raise InputError(
        "answers are not numbers, or not as many for every item; take NaN where a source did not answer, "
        "or Answers.from_long for one answer per row"
    )


def _finite(answers: Answers) -> Answers:
    row = np.flatnonzero(np.isinf(answers.value).any(axis=1))
    if len(row):
        raise InputError(f"{answers.where(row[0])}: the answer is infinite; drop it, or take NaN")
    return answers
