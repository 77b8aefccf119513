"""How common each class is, and how many rows are of none of them (Ye et al., 2025)."""

import warnings
from collections.abc import Hashable, Sequence
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from labelwright.errors import DoubtfulInput, InputError
from labelwright.evidence.classes import class_array
from labelwright.parts import open_set as parts
from labelwright.progress import progress
from labelwright.shift.base import Calibrate, PriorInterval, checked, codes_of, table_of
from labelwright.shift.open_set_detector import scores_of
from labelwright.shift.open_set_stages import Options, learned, shares


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
        self._sizes = len(known), len(far)
        self.__dict__.pop("weights_", None)
        self._learned = found = learned(*self._source, self._options())
        self.detector_, self.source_priors_ = found.detector, found.priors
        self.inside_, self.outside_, self.source_share_ = found.inside, found.outside, found.share
        self.source_bound_ = parts.source_bound(found.inside, found.outside, self._widths(2))
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
        found = shares(self._learned, probs, scores, self._options())
        self.target_priors_, self.weights_ = found.priors, found.priors / self.source_priors_
        self.unknown_share_, self.raw_unknown_ = found.unknown, found.raw
        self.n_iter_, self.converged_ = found.n_iter, found.converged
        low = high = np.nan
        if self.count != "curve":
            one, zero = self._widths(3)
            one *= float(np.sqrt(self.source_priors_ @ self.weights_**2)) if self.count == "class" else 1.0
            means = 1 - found.raw, found.inside, self.outside_
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
        point = np.append(self.target_priors_ * (1 - self.unknown_share_), self.unknown_share_)
        probs, scores = self._target(proba_target, score_target)
        options, source, rng = self._options(), self._source, np.random.default_rng(random_state)
        groups = [np.flatnonzero(source[1] == c) for c in range(len(self.classes_))]
        drawn = np.empty((n_boot, len(self.classes_) + 1))
        with progress("bootstrap", total=n_boot, show=show) as tick, warnings.catch_warnings():
            warnings.simplefilter("ignore", DoubtfulInput)
            for b in range(n_boot):
                rows = np.concatenate([rng.choice(group, len(group)) for group in groups])
                far = rng.choice(source[3], len(source[3]))
                again = learned(source[0][rows], source[1][rows], source[2][rows], far, options)
                some = rng.integers(len(probs), size=len(probs))
                drawn[b] = shares(again, probs[some], scores[some], options).all
                tick()
        low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0, method="weibull")
        return PriorInterval(point, np.minimum(low, point), np.maximum(high, point), level, "bootstrap")

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
        known = self._learned.calibrated(rows) * self.weights_
        joint = parts.extended(known, degree) * np.append(
            np.full(known.shape[1], share / base), self.unknown_share_ / (1 - base)
        )
        total = joint.sum(axis=1, keepdims=True)
        return np.where(total > 0, joint / np.maximum(total, 1e-300), parts.extended(rows, degree))

    def predict(self, probs: ArrayLike, scores: ArrayLike) -> np.ndarray:
        """The most probable class of each row, or `unknown`."""
        names = class_array([*self.classes_.tolist(), self.unknown])
        return names[self.correct(probs, scores).argmax(axis=1)]

    def _options(self) -> Options:
        return Options(self.count, self.ease, self.calibration, self.smoothing, self.max_iter, self.tol)

    def _widths(self, means: int) -> tuple[float, float]:
        """How far chance may move what the detector says of known rows and of unknown ones, among `means` bounds."""
        near, far = (parts.reach(rows, self.delta / means) for rows in self._sizes)
        return near, far / self.ease

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
