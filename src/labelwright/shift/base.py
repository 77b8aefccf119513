"""How common is each class in new data? What all estimators of shifted priors check, keep and answer."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from labelwright.errors import DoubtfulInput, InputError
from labelwright.evidence import Evidence, Exact
from labelwright.evidence.checks import TOLERANCE, check_probs
from labelwright.evidence.classes import encode
from labelwright.parts import calibration as maps
from labelwright.progress import progress

CALIBRATIONS: dict[str, Callable[..., maps.Calibration]] = {
    "ts": maps.temperature,
    "bcts": maps.bias_corrected_temperature,
    "vs": maps.vector,
}
Calibrate = Literal["ts", "bcts", "vs"] | Callable[..., Callable[[np.ndarray], np.ndarray]] | None
NO_CODES = np.empty(0, dtype=np.intp)


class PriorInterval(NamedTuple):
    """Estimated shares of the classes and their intervals, one by one.

    Attributes
    ----------
    priors, low, high : ndarray (k,)
    level : float
    kind : str
        "bootstrap" or "analytic".
    """

    priors: np.ndarray
    low: np.ndarray
    high: np.ndarray
    level: float
    kind: str


class Linear(NamedTuple):
    """An estimate without the bounds at 0 and 1, and the covariance of its error."""

    centre: np.ndarray
    covariance: np.ndarray


class PriorEstimator(BaseEstimator, ABC):
    """Estimate how common each class is in unlabelled data, from what a classifier says about them.

    Assumes label shift: the classes have another balance than in the source, and the items of each class are as they
    were. An abstract base: a method gives `_learn` and `_estimate`, and `_linear` if its error is known by a formula.

    After `fit` there are `classes_` (k,), `source_priors_` (k,), `n_source_` and `calibrator_`; after `estimate`
    `target_priors_` (k,) and `weights_` (k,), by how much each class became more common.
    """

    calibration: Calibrate

    def fit(
        self, proba_source: ArrayLike, y_source: Any, classes: Sequence[Any] | np.ndarray | None = None
    ) -> Self:
        """Learn from held-out rows of the source what the classifier says about each class.

        Parameters
        ----------
        proba_source : array (n, k)
            Probabilities from a classifier that did not see these rows; it is kept, not copied.
        y_source : array (n,) or Exact
            True labels, any hashable names; missing ones are left out.
        classes : sequence (k,), optional
            What each column stands for. By default whole numbers below k are columns, and other labels are sorted.

        Raises
        ------
        InputError
            When rows hold no probabilities, lengths differ, or fewer than two classes occur.

        Warns
        -----
        DoubtfulInput
            When a class has no row: its share cannot be estimated and is taken to be 0.
        """
        probs = table_of(proba_source, "proba_source")
        codes, self.classes_ = codes_of(y_source, probs.shape, classes)
        if len(codes) and codes.min() < 0:
            probs, codes = probs[codes >= 0], codes[codes >= 0]
        known, counts = len(codes), np.bincount(codes, minlength=probs.shape[1])
        self._present = np.flatnonzero(counts)
        if len(self._present) < 2:
            raise InputError(
                f"y_source holds {len(self._present)} of {len(counts)} classes in {known} labelled rows; rows of at "
                "least two classes are needed to tell them apart"
            )
        if len(self._present) < len(counts):
            absent = [self.classes_.tolist()[c] for c in np.flatnonzero(counts == 0)]
            shown = ", ".join(map(repr, absent[:3])) + (" and more" if len(absent) > 3 else "")
            warnings.warn(
                f"y_source holds no row of {len(absent)} classes ({shown}); their share among new data cannot be "
                "estimated and is taken to be 0",
                DoubtfulInput,
                stacklevel=2,
            )
        self.n_source_, self.source_priors_ = known, counts / known
        for name in ("target_priors_", "weights_"):
            self.__dict__.pop(name, None)
        place = np.full(len(counts), -1, dtype=np.intp)
        place[self._present] = np.arange(len(self._present))
        probs = self._reduced(probs)
        self._source = (probs, codes if len(self._present) == len(counts) else place[codes])
        self._refit(*self._source)
        return self

    def estimate(self, proba_target: ArrayLike) -> np.ndarray:
        """Shares of the classes among new rows: (m, k) -> (k,), not negative, sums to 1.

        May be called again for other rows; what was learned from the source stays.
        """
        check_is_fitted(self, "source_priors_")
        return self._publish(self._estimate(self._calibrated(self._target(proba_target))))

    def interval(
        self,
        proba_target: ArrayLike,
        *,
        level: float = 0.95,
        n_boot: int = 200,
        kind: Literal["auto", "bootstrap", "analytic"] = "auto",
        random_state: int | None = 0,
        show: bool | None = None,
    ) -> PriorInterval:
        """Estimate with an interval for each class, of the population that the new rows were drawn from.

        Chance in the source rows and in the new rows is counted; that label shift may not hold is not.

        Parameters
        ----------
        proba_target : array (m, k)
        level : float in (0, 1), default 0.95
            Of each class by itself.
        n_boot : int, default 200
            Draws of rows with replacement, of the source within classes.
        kind : {"auto", "bootstrap", "analytic"}, default "auto"
            "analytic" from the covariance of the error, in one pass; "auto" takes it where the method has it.
        random_state : int or None, default 0
        show : bool, optional
            Progress of the bootstrap; by default on terminals.

        Raises
        ------
        InputError
            When an option is out of range, or the method has no analytic interval.
        """
        if kind not in ("auto", "bootstrap", "analytic") or not 0 < level < 1 or n_boot < 2:
            raise InputError(
                f"kind={kind!r}, level={level!r} and n_boot={n_boot!r}: kind is 'auto', 'bootstrap' or 'analytic', "
                "level lies between 0 and 1, n_boot is at least 2"
            )
        priors = self.estimate(proba_target)
        probs = self._target(proba_target)
        found = None if kind == "bootstrap" else self._linear(probs)
        if found is None and kind == "analytic":
            raise InputError(f"{type(self).__name__} has no analytic interval; take kind='bootstrap'")
        if found is not None:
            low, high = _ends(found, level)
            used = "analytic"
        else:
            drawn = self._draws(probs, n_boot, np.random.default_rng(random_state), show)
            low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0, method="weibull")
            used = "bootstrap"
        wide = np.zeros((2, len(priors)))
        wide[:, self._present] = low, high
        return PriorInterval(priors, np.minimum(wide[0], priors), np.maximum(wide[1], priors), level, used)

    def covariance(self, proba_target: ArrayLike) -> np.ndarray:
        """Covariance (k, k) of the error of the estimate, bounds at 0 and 1 aside; after it `target_priors_` are set.

        Raises
        ------
        InputError
            When the method has no formula for it.
        """
        self.estimate(proba_target)
        found = self._linear(self._target(proba_target))
        if found is None:
            raise InputError(f"{type(self).__name__} has no covariance; take interval(kind='bootstrap')")
        k = len(self.classes_)
        whole = np.zeros((k, k))
        whole[np.ix_(self._present, self._present)] = found.covariance
        return whole

    def correct(self, probs: ArrayLike) -> np.ndarray:
        """Probabilities under the estimated balance: calibrated where the method calibrates, times the weights.

        Rows of which nothing is left, as all their classes have weight 0, stay as they are.

        Parameters
        ----------
        probs : array (m, k)

        Returns
        -------
        ndarray (m, k) of float64
        """
        check_is_fitted(self, "weights_")
        rows = table_of(probs, "probs")
        if rows.shape[1] != len(self.classes_):
            raise InputError(f"probs have {rows.shape[1]} columns, the source had {len(self.classes_)}")
        if not len(rows):
            return np.empty(rows.shape)
        found = np.zeros(rows.shape)
        found[:, self._present] = self._calibrated(self._reduced(rows))
        return reweighted(found, self.weights_)

    @abstractmethod
    def _learn(self, probs: np.ndarray, codes: np.ndarray) -> None:
        """Keep what is needed of the source: calibrated probs (n, k) and codes (n,), every class of which occurs."""

    @abstractmethod
    def _estimate(self, probs: np.ndarray) -> np.ndarray:
        """Shares (k,) among calibrated probs (m, k)."""

    def _linear(self, probs: np.ndarray) -> Linear | None:
        """The estimate without bounds, and its covariance, of probs (m, k) as given; None where there is no formula."""
        return None

    def _refit(self, probs: np.ndarray, codes: np.ndarray) -> None:
        self.calibrator_: Callable[[np.ndarray], np.ndarray] | None = None
        if self.calibration is not None:
            make = (
                CALIBRATIONS.get(self.calibration) if isinstance(self.calibration, str) else self.calibration
            )
            if not callable(make):
                raise InputError(
                    f"calibration={self.calibration!r} must be one of {', '.join(map(repr, CALIBRATIONS))}, None, or a "
                    "function (probs, labels) -> map of probs"
                )
            self.calibrator_ = make(probs, Exact.from_codes(codes, range(probs.shape[1])))
        self._learn(self._calibrated(probs), codes)

    def _calibrated(self, probs: np.ndarray) -> np.ndarray:
        return probs if self.calibrator_ is None else np.asarray(self.calibrator_(probs))

    def _target(self, proba_target: ArrayLike) -> np.ndarray:
        probs = table_of(proba_target, "proba_target")
        if probs.shape[1] != len(self.classes_):
            raise InputError(
                f"proba_target has {probs.shape[1]} columns, proba_source had {len(self.classes_)}; they must be the "
                "same classes in the same order"
            )
        if not len(probs):
            raise InputError("proba_target has no rows; give at least one")
        return self._reduced(probs)

    def _reduced(self, probs: np.ndarray) -> np.ndarray:
        """Columns of the classes that the source has; rows sum to 1."""
        if len(self._present) == probs.shape[1]:
            return probs
        kept = probs[:, self._present].astype(np.float64)
        total = kept.sum(axis=1, keepdims=True)
        return np.where(total > 0, kept / np.maximum(total, 1e-300), self.source_priors_[self._present])

    def _publish(self, found: np.ndarray) -> np.ndarray:
        priors = np.zeros(len(self.classes_))
        total = found.sum()
        priors[self._present] = found / total if total > 0 else self.source_priors_[self._present]
        self.target_priors_ = priors
        self.weights_ = priors / np.where(self.source_priors_ > 0, self.source_priors_, 1.0)
        return priors.copy()

    def _draws(self, target: np.ndarray, n: int, rng: np.random.Generator, show: bool | None) -> np.ndarray:
        """Estimates (n, k) of rows drawn with replacement."""
        probs, codes = self._source
        groups = [np.flatnonzero(codes == c) for c in range(len(self._present))]
        again, drawn = clone(self), np.empty((n, len(self._present)))
        again.classes_, again._present = self.classes_[self._present], np.arange(len(self._present))
        with progress("bootstrap", total=n, show=show) as tick, warnings.catch_warnings():
            warnings.simplefilter("ignore", DoubtfulInput)  # said once, of the rows themselves
            for b in range(n):
                rows = np.concatenate([rng.choice(group, len(group)) for group in groups])
                again.source_priors_ = np.bincount(codes[rows]) / len(rows)
                again._refit(probs[rows], codes[rows])
                some = target[rng.integers(len(target), size=len(target))]
                found = again._estimate(again._calibrated(some))
                drawn[b] = found / max(found.sum(), 1e-300)
                tick()
        return drawn


def reweighted(probs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Probabilities times a weight per class, normalised; rows that come to nothing stay as they are.

    Examples
    --------
    >>> reweighted(np.array([[0.5, 0.5], [1.0, 0.0]]), np.array([0.0, 2.0])).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    moved = probs * weights
    total = moved.sum(axis=1, keepdims=True)
    return np.where(total > 0, moved / np.maximum(total, 1e-300), probs)


def table_of(probs: ArrayLike, name: str) -> np.ndarray:
    """Rows of probabilities as a contiguous float array, without a copy where they are one."""
    table = np.asarray(probs)
    if table.ndim != 2 or table.shape[1] < 2:
        raise InputError(
            f"{name} has shape {table.shape}; expected (n, k), one column per class, two or more"
        )
    if table.dtype not in (np.float32, np.float64):
        table = check_probs(table, *table.shape, name=name).astype(np.float64)
    return np.ascontiguousarray(table)


def checked(probs: np.ndarray, name: str) -> np.ndarray:
    """The same rows, after one look at each; `check_probs` says what is wrong."""
    from labelwright.shift._sweeps import suspect

    refuse(probs, suspect(probs, TOLERANCE), name)
    return probs


def refuse(probs: np.ndarray, row: int, name: str) -> None:
    """Raise what `check_probs` says of probabilities of which a sweep suspects a row."""
    if row >= 0:
        check_probs(probs, *probs.shape, name=name)


def codes_of(
    labels: Any, shape: tuple[int, ...], classes: Sequence[Any] | np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Column of each row's label, -1 where missing, and the names of the columns."""
    n, k = shape
    if isinstance(labels, Evidence):
        if not isinstance(labels, Exact):
            raise InputError(f"y_source is {type(labels).__name__}; label shift needs one label a row, Exact")
        codes, names = labels.codes, labels.classes
        if classes is not None:
            codes, names = encode([None if c < 0 else names[c] for c in codes], classes)
    else:
        array = np.asarray(labels) if not hasattr(labels, "to_pylist") else labels
        whole = getattr(getattr(array, "dtype", None), "kind", "") in "iu" and len(array) > 0
        if whole and (classes is None or np.array_equal(np.asarray(classes), np.arange(k))):
            if array.min() >= 0 and array.max() < k and array.ndim == 1:
                codes, names = array.astype(np.intp, copy=False), np.arange(k)
            else:
                codes, names = encode(labels, classes)
        else:
            codes, names = encode(labels, classes)
    if len(codes) != n:
        raise InputError(f"proba_source has {n} rows and y_source {len(codes)} labels; they must match")
    if len(names) != k:
        raise InputError(
            f"there are {len(names)} classes for {k} columns of probabilities; say what each column stands for with "
            "classes=[...]"
        )
    return codes, names


def _ends(found: Linear, level: float) -> tuple[np.ndarray, np.ndarray]:
    from scipy.stats import norm

    reach = float(norm.isf((1 - level) / 2)) * np.sqrt(np.maximum(np.diag(found.covariance), 0))
    return np.clip(found.centre - reach, 0, 1), np.clip(found.centre + reach, 0, 1)
