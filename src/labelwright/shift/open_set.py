"""How common each class is, and how many rows are of none of them (Ye et al., 2025)."""

import warnings
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from labelwright.errors import DoubtfulInput, InputError
from labelwright.evidence import Exact
from labelwright.evidence.classes import class_array
from labelwright.parts import open_set as parts
from labelwright.progress import progress
from labelwright.shift.base import CALIBRATIONS, Calibrate, PriorInterval, checked, codes_of, table_of
from labelwright.shift.mixture import proportions
from labelwright.shift.open_set_detector import detector, scores_of

LEAST = 1e-3  # of a share that is divided by


class OpenPriors(NamedTuple):
    """Shares among new rows, some of which may be of no known class.

    Attributes
    ----------
    priors : ndarray (k,)
        Of the known classes among known rows; they sum to 1.
    unknown : float
        Share of rows of no known class.
    low, high : float
        Where `unknown` lies by a concentration bound, but for a chance of `delta`; NaN where there is none (see
        `OpenSetLabelShift`).
    """

    priors: np.ndarray
    unknown: float
    low: float
    high: float


class OpenSetLabelShift(BaseEstimator):
    """Estimate shifted priors where new data also hold rows of a class never seen; nothing is trained again.

    Takes what a classifier says of the known classes and what any detector says of being known. What the detector says
    of *references*, rows made to be of no known class (`reference_rows`), stands in for the unknown. Three stages: the
    balance of known rows and references at which the detector's word is calibrated; the most probable shares of k + 1
    classes among new rows; and the share of the unknown with the detector's errors counted out.

    Parameters
    ----------
    count : {"class", "line", "curve"}, default "class"
        How the detector counts. "line": a row is wholly known or unknown, by a line between known rows and references
        (logistic regression on the score). "class": the same, and the chance that a known row passes is taken class by
        class, for a detector may hold back more of one class than of another. "curve": by degree, by a
        sigmoid between the medians of both.
    ease : float >= 1, default 2.0
        By how many times fewer of the truly unknown rows than of references pass for known. References
        are known rows spoiled a little, so they pass more often.
    calibration : {"ts", "bcts", "vs"}, function or None, default None
        Calibrates the probabilities of the known classes on the source first.
    smoothing : float >= 0, default 0.0
        Rows of each known class that are added to the new ones, a Dirichlet prior for few rows.
    unknown : hashable, default -1
        What `predict` calls a row of no known class.
    delta : float in (0, 1), default 0.05
        Chance at which the bound may fail.
    max_iter : int, default 100
    tol : float, default 1e-6
        As of `MLLS`.

    Attributes
    ----------
    classes_ : ndarray (k,)
    source_priors_, target_priors_, weights_ : ndarray (k,)
        Among known rows; the latter two after `estimate`.
    detector_ : Detector
    inside_, outside_ : float
        Mean of the detector's word of known source rows, and of unknown ones (that of references divided by `ease`).
        The further apart, the steadier the third stage.
    source_share_ : float
        Share of known rows after the first stage.
    source_bound_ : Within
    raw_unknown_, unknown_share_ : float
        Share of the unknown after the second stage and after the third.
    n_iter_ : int
    converged_ : bool

    Notes
    -----
    Source: S059 (OSLS). The bound is made of those of the three means in the third stage, each for a third of `delta`,
    and holds for any line, also one drawn with the same rows; with ``count="class"`` it takes the weights as given. It
    counts chance alone: how well references stand in for the unknown it cannot know. With ``count="curve"`` the second
    stage is no mean and there is no bound; `interval` draws rows again instead.

    Departs from the paper: which has "curve" for a hundred classes and fewer, "line" for more, and no "class". The line
    weighs both sides alike, and `correct` goes by degree (the logistic curve) even then, so that no row is certain. The
    optimum of the second stage is reached by Newton's steps; probabilities are divided by their mean over the source,
    as in `MLLS`; `smoothing` replaces the maximum a posteriori variant; the bound is Massart's instead of the paper's.

    Examples
    --------
    >>> probs, y = np.array([[0.9, 0.1], [0.1, 0.9]] * 50), [0, 1] * 50
    >>> near, far = [1.0] * 90 + [0.0] * 10, [1.0] * 20 + [0.0] * 80  # scores of known rows and of references
    >>> found = OpenSetLabelShift().fit(probs, y, near, far)
    >>> new = found.estimate(probs[[0, 0, 0, 1, 1] * 4], [1.0, 1.0, 1.0, 0.0, 0.0] * 4)
    >>> round(new.unknown, 3), new.priors.round(2).tolist()
    (0.375, [1.0, 0.0])
    """

    cites = ("ye2025open",)

    def __init__(
        self,
        *,
        count: Literal["class", "line", "curve"] = "class",
        ease: float = 2.0,
        calibration: Calibrate = None,
        smoothing: float = 0.0,
        unknown: Hashable = -1,
        delta: float = 0.05,
        max_iter: int = 100,
        tol: float = 1e-6,
    ):
        self.count, self.ease, self.calibration, self.smoothing = count, ease, calibration, smoothing
        self.unknown, self.delta, self.max_iter, self.tol = unknown, delta, max_iter, tol

    def fit(
        self,
        proba_source: ArrayLike,
        y_source: Any,
        score_source: ArrayLike,
        score_reference: ArrayLike,
        classes: Sequence[Any] | np.ndarray | None = None,
    ) -> Self:
        """Learn from held-out rows of the known classes, and from references.

        Parameters
        ----------
        proba_source : array (n, k)
            Probabilities from a classifier that did not see these rows.
        y_source : array (n,) or Exact
            True labels, any hashable names; rows without one are left out.
        score_source : array (n,)
            The detector's scores, higher meaning known; from a detector that did not see these rows.
        score_reference : array (r,)
            Its scores of references.
        classes : sequence (k,), optional
            What each column stands for, as in `PriorEstimator.fit`.

        Raises
        ------
        InputError
            When rows hold no probabilities, lengths differ, a class has no row, scores are not finite, or references do
            not score below known rows in the median.

        Warns
        -----
        DoubtfulInput
            When the detector might tell references and known rows apart by chance only.
        """
        self._check()
        probs = checked(table_of(proba_source, "proba_source"), "proba_source")
        codes, self.classes_ = codes_of(y_source, probs.shape, classes)
        near = scores_of(score_source, "score_source", len(probs))
        far = scores_of(score_reference, "score_reference")
        counts = np.bincount(codes[codes >= 0], minlength=probs.shape[1])
        if not counts.all():
            absent = [self.classes_.tolist()[c] for c in np.flatnonzero(counts == 0)]
            raise InputError(
                f"y_source holds no row of {len(absent)} classes (first: {absent[0]!r}); leave out their columns"
            )
        if self.unknown in self.classes_.tolist():
            raise InputError(f"unknown={self.unknown!r} is the name of a known class; give another")
        known = np.flatnonzero(codes >= 0)
        self._source = probs[known], codes[known], near[known], far
        self.__dict__.pop("weights_", None)
        self._learn(*self._source)
        one, zero = self._widths(2)
        if self.inside_ - one <= self.outside_ + zero:
            warnings.warn(
                f"the detector calls {self.inside_:.2f} of known rows known and {self.outside_:.2f} of unknown ones, "
                "which may be chance; take a better detector, other references, or more rows",
                DoubtfulInput,
                stacklevel=2,
            )
        return self

    def estimate(self, proba_target: ArrayLike, score_target: ArrayLike) -> OpenPriors:
        """Shares among new rows, of probabilities (m, k) and scores (m,).

        May be called again for other rows; what was learned from the source stays.

        Warns
        -----
        DoubtfulInput
            When every row is called unknown, so that the classes keep the source's shares.
        """
        check_is_fitted(self, "source_share_")
        probs, scores = self._target(proba_target, score_target)
        self._estimate(probs, scores)
        low = high = np.nan
        if self.count != "curve":
            one, zero = self._widths(3)
            one *= float(np.sqrt(self.source_priors_ @ self.weights_**2)) if self.count == "class" else 1.0
            means = 1 - self.raw_unknown_, self._inside, self.outside_
            within = parts.target_bound(*means, (parts.reach(len(probs), self.delta / 3), one, zero))
            low, high = 1 - within.high, 1 - within.low
        return OpenPriors(self.target_priors_.copy(), self.unknown_share_, low, high)

    def interval(
        self,
        proba_target: ArrayLike,
        score_target: ArrayLike,
        *,
        level: float = 0.95,
        n_boot: int = 200,
        random_state: int | None = 0,
        show: bool | None = None,
    ) -> PriorInterval:
        """Shares of the k known classes and, last, of the unknown (k + 1,), all among all new rows, with intervals.

        Rows of source, references and target are drawn again, and all three stages done anew. Not counted are how well
        references stand in for the unknown, and that unknown rows that pass for known count for the class they look
        like, which makes shares of rare classes too large.

        Parameters
        ----------
        proba_target : array (m, k)
        score_target : array (m,)
        level : float in (0, 1), default 0.95
        n_boot : int, default 200
        random_state : int or None, default 0
        show : bool, optional
            Progress; by default on terminals.
        """
        if not 0 < level < 1 or n_boot < 2:
            raise InputError(f"level={level!r} lies between 0 and 1, n_boot={n_boot!r} is at least 2")
        self.estimate(proba_target, score_target)
        probs, scores = self._target(proba_target, score_target)
        source, rng, again = self._source, np.random.default_rng(random_state), clone(self)
        groups = [np.flatnonzero(source[1] == c) for c in range(len(self.classes_))]
        drawn = np.empty((n_boot, len(self.classes_) + 1))
        with progress("bootstrap", total=n_boot, show=show) as tick, warnings.catch_warnings():
            warnings.simplefilter("ignore", DoubtfulInput)
            for b in range(n_boot):
                rows = np.concatenate([rng.choice(group, len(group)) for group in groups])
                again._learn(*(part[rows] for part in source[:3]), rng.choice(source[3], len(source[3])))
                some = rng.integers(len(probs), size=len(probs))
                again._estimate(probs[some], scores[some])
                drawn[b] = again._open
                tick()
        low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
        shares = self._open
        return PriorInterval(shares, np.minimum(low, shares), np.maximum(high, shares), level, "bootstrap")

    def correct(self, probs: ArrayLike, scores: ArrayLike) -> np.ndarray:
        """Probabilities (m, k + 1) of the known classes and, last, of none of them, under the estimated shares.

        Parameters
        ----------
        probs : array (m, k)
        scores : array (m,)
        """
        check_is_fitted(self, "weights_")
        rows, each = self._target(probs, scores)
        degree, share = self.detector_.degree(each), 1 - self.unknown_share_
        base = self.source_share_ if self.count == "curve" else 0.5
        known = self._calibrated(rows) * self.weights_
        joint = parts.extended(known, degree) * np.append(
            np.full(known.shape[1], share / base), self.unknown_share_ / (1 - base)
        )
        total = joint.sum(axis=1, keepdims=True)
        return np.where(total > 0, joint / np.maximum(total, 1e-300), parts.extended(rows, degree))

    def predict(self, probs: ArrayLike, scores: ArrayLike) -> np.ndarray:
        """The most probable class of each row, or `unknown`."""
        names = class_array([*self.classes_.tolist(), self.unknown])
        return names[self.correct(probs, scores).argmax(axis=1)]

    def _learn(self, probs: np.ndarray, codes: np.ndarray, near: np.ndarray, far: np.ndarray) -> None:
        """Draw the line, calibrate, and take the first stage."""
        self.calibrator_ = _calibrator(self.calibration, probs, codes)
        self._sizes = len(near), len(far)
        self.detector_ = detector(near, far, hard=self.count != "curve")
        said, counts = self.detector_.word(near), np.bincount(codes, minlength=probs.shape[1])
        self.source_priors_ = counts / counts.sum()
        self.inside_, self.outside_ = float(said.mean()), float(self.detector_.word(far).mean() / self.ease)
        share = parts.source_share(self.inside_, self.outside_)
        self.source_share_ = float(np.clip(share, LEAST, 1 - LEAST))
        self.source_bound_ = parts.source_bound(self.inside_, self.outside_, self._widths(2))
        self._passed = np.bincount(codes, said, minlength=len(counts)) / counts
        rows = self._calibrated(probs)
        passed = said if self.count == "class" else np.ones(len(said))
        self._believed = np.maximum(passed @ rows / max(passed.sum(), 1e-300), LEAST**2)

    def _estimate(self, probs: np.ndarray, scores: np.ndarray) -> None:
        """The second stage and the third."""
        word, k = self.detector_.word(scores), probs.shape[1]
        table, start = self._calibrated(probs), self._believed
        if self.count == "curve":
            share = self.source_share_
            table, start = parts.extended(table, word), np.append(share * start, 1 - share)
        else:  # a row is of a known class or of none, so that the shares of either follow by themselves
            table = table[word > 0]
        found = self._mixed(table, start)
        shares = found[:k] * self.source_priors_ / self._believed
        added = 1 + k * self.smoothing / len(probs)
        unknown = found[-1] * added if self.count == "curve" else 1 - word.mean()
        self.raw_unknown_ = float(np.clip(unknown, 0, 1))
        if shares.sum() < 1e-9:
            warnings.warn(
                f"all {len(probs)} rows are called unknown; the classes keep the shares of the source",
                DoubtfulInput,
                stacklevel=3,
            )
            shares = self.source_priors_
        self.target_priors_ = shares / shares.sum()
        self.weights_ = self.target_priors_ / self.source_priors_
        self._inside = float(self.target_priors_ @ self._passed) if self.count == "class" else self.inside_
        self.unknown_share_ = 1 - parts.target_share(1 - self.raw_unknown_, self._inside, self.outside_)

    def _mixed(self, table: np.ndarray, start: np.ndarray) -> np.ndarray:
        """The most probable shares, of the classes and where `table` has it of the unknown."""
        k, weights = len(self.source_priors_), None
        if self.smoothing:
            added = (1 - LEAST**2) * np.eye(k, table.shape[1]) + LEAST**2 / table.shape[1]
            weights = np.append(np.ones(len(table)), np.full(k, float(self.smoothing)))
            table = np.concatenate([table, added])
        if not len(table):
            self.n_iter_, self.converged_ = 0, True
            return np.zeros(k)
        table = np.ascontiguousarray(table)
        found = proportions(
            table, 1 / start, start=start, weights=weights, max_iter=self.max_iter, tol=self.tol
        )
        self.n_iter_, self.converged_ = found.n_iter, found.converged
        return found.proportions

    def _widths(self, means: int) -> tuple[float, float]:
        """How far chance may move what the detector says of known rows and of unknown ones, among `means` bounds."""
        near, far = (parts.reach(rows, self.delta / means) for rows in self._sizes)
        return near, far / self.ease

    @property
    def _open(self) -> np.ndarray:
        return np.append(self.target_priors_ * (1 - self.unknown_share_), self.unknown_share_)

    def _calibrated(self, probs: np.ndarray) -> np.ndarray:
        return probs if self.calibrator_ is None else np.asarray(self.calibrator_(probs))

    def _target(self, proba_target: ArrayLike, score_target: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        probs = table_of(proba_target, "proba_target")
        if probs.shape[1] != len(self.classes_) or not len(probs):
            raise InputError(
                f"proba_target has shape {probs.shape}; expected at least one row, and the {len(self.classes_)} "
                "columns of proba_source"
            )
        return checked(probs, "proba_target"), scores_of(score_target, "score_target", len(probs))

    def _check(self) -> None:
        for name, fits, wanted in (
            ("count", self.count in ("class", "line", "curve"), "'class', 'line' or 'curve'"),
            ("ease", self.ease >= 1, "at least 1"),
            ("smoothing", self.smoothing >= 0, "at least 0"),
            ("delta", 0 < self.delta < 1, "between 0 and 1"),
            ("max_iter", self.max_iter >= 1, "at least 1"),
            ("tol", self.tol > 0, "above 0"),
        ):
            if not fits:
                raise InputError(f"{name}={getattr(self, name)!r} must be {wanted}")


Curve = Callable[[np.ndarray], np.ndarray]


def _calibrator(calibration: Calibrate, probs: np.ndarray, codes: np.ndarray) -> Curve | None:
    if calibration is None:
        return None
    make = CALIBRATIONS.get(calibration) if isinstance(calibration, str) else calibration
    if not callable(make):
        raise InputError(
            f"calibration={calibration!r} must be one of {', '.join(map(repr, CALIBRATIONS))}, None, or a function"
        )
    return make(probs, Exact.from_codes(codes, range(probs.shape[1])))
