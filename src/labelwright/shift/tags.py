"""How common is each tag in new data, where items carry several tags?"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from labelwright.errors import InputError
from labelwright.evidence import Marks
from labelwright.evidence.checks import check_table
from labelwright.progress import progress
from labelwright.shift.base import PriorEstimator
from labelwright.shift.methods import method


class TagShares(NamedTuple):
    """Estimated shares of items that carry each tag.

    Attributes
    ----------
    shares, low, high : ndarray (L,)
    level : float
    """

    shares: np.ndarray
    low: np.ndarray
    high: np.ndarray
    level: float


class TagPriors(BaseEstimator):
    """Estimate how common each tag is in unlabelled data, each tag by itself.

    For each tag a two-class estimator of priors looks at P(yes) and P(no). That assumes that items with the tag, and
    items without it, are as they were; where tags come together and another of them became more common, items without
    this one are no longer quite as they were, and its share is off by what the classifier mixes up.

    Parameters
    ----------
    priors : PriorEstimator or str, default "mlls"

    Attributes
    ----------
    classes_ : ndarray (L,)
        Names of the tags.
    estimators_ : list of PriorEstimator or None
        One a tag; None where the source does not show it both ways.
    source_shares_, shares_ : ndarray (L,)
        Shares of items with each tag, in the source and (after `estimate`) in the new rows; NaN where there is no
        estimate.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> probs = rng.random((400, 2))
    >>> marks = (rng.random((400, 2)) < probs).astype(int)
    >>> found = TagPriors().fit(probs, marks)
    >>> bool(np.abs(found.estimate(probs) - marks.mean(axis=0)).max() < 1e-3)
    True
    """

    cites = ("saerens2002adjusting",)

    def __init__(self, priors: PriorEstimator | str = "mlls"):
        self.priors = priors

    def fit(self, proba_source: ArrayLike, marks: Any, classes: Sequence[Any] | None = None) -> Self:
        """Learn from P(yes) of held-out rows and their marks.

        Parameters
        ----------
        proba_source : array (n, L)
            In [0, 1]; rows need not sum to anything.
        marks : Marks or array (n, L)
            1 yes, 0 no, -1 unknown, which is left out.
        classes : sequence (L,), optional
            Names of the tags.

        Raises
        ------
        InputError
            When shapes differ, or no tag is shown both ways.
        """
        told = marks if isinstance(marks, Marks) else Marks(marks, classes)
        probs = check_table(proba_source, *told.marks.shape, name="proba_source")
        self.classes_, self.estimators_ = told.classes, []
        self.source_shares_ = np.full(told.n_classes, np.nan)
        for t in range(told.n_classes):
            known = told.marks[:, t] >= 0
            yes = (told.marks[known, t] == 1).astype(int)
            if known.any():
                self.source_shares_[t] = yes.mean()
            both = known.any() and 0 < yes.sum() < len(yes)
            fitted = method(self.priors).fit(_two(probs[known, t]), yes, [0, 1]) if both else None
            self.estimators_.append(fitted)
        if all(fitted is None for fitted in self.estimators_):
            raise InputError(
                "marks show no tag both ways (some yes, some no), so there is nothing to learn from"
            )
        return self

    def estimate(self, proba_target: ArrayLike) -> np.ndarray:
        """Shares (L,) of new rows (m, L) that carry each tag; NaN for tags that the source did not show both ways."""
        probs = self._new(proba_target)
        self.shares_ = np.array(
            [
                np.nan if fitted is None else fitted.estimate(_two(probs[:, t]))[1]
                for t, fitted in enumerate(self.estimators_)
            ]
        )
        return self.shares_.copy()

    def interval(
        self, proba_target: ArrayLike, *, level: float = 0.95, show: bool | None = None, **options: Any
    ) -> TagShares:
        """Estimate with an interval for each tag; options as for `PriorEstimator.interval`."""
        probs = self._new(proba_target)
        found = np.full((3, len(self.classes_)), np.nan)
        with progress("intervals of tags", total=len(self.classes_), show=show) as tick:
            for t, fitted in enumerate(self.estimators_):
                if fitted is not None:
                    one = fitted.interval(_two(probs[:, t]), level=level, show=False, **options)
                    found[:, t] = one.priors[1], one.low[1], one.high[1]
                tick()
        self.shares_ = found[0].copy()
        return TagShares(found[0], found[1], found[2], level)

    def correct(self, probs: ArrayLike) -> np.ndarray:
        """P(yes) (m, L) under the estimated shares; tags without an estimate stay as they are."""
        check_is_fitted(self, "shares_")
        found = self._new(probs).astype(np.float64)
        for t, fitted in enumerate(self.estimators_):
            if fitted is not None:
                found[:, t] = fitted.correct(_two(found[:, t]))[:, 1]
        return found

    def _new(self, probs: ArrayLike) -> np.ndarray:
        check_is_fitted(self, "estimators_")
        return check_table(probs, len(np.asarray(probs)), len(self.classes_), name="proba_target")


def _two(yes: np.ndarray) -> np.ndarray:
    """P(no) and P(yes)."""
    yes = np.clip(yes, 0, 1)
    return np.stack([1 - yes, yes], axis=1)
