"""A classifier that follows the balance of the classes in the data it is used on."""

from typing import Any, Literal, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from labelwright.errors import InputError
from labelwright.evidence import Exact
from labelwright.evidence.classes import encode
from labelwright.loops import cross_fit
from labelwright.loops.cross_fit import n_rows, seeded, take
from labelwright.shift.base import PriorEstimator
from labelwright.shift.methods import method

GONE = (
    1e-6  # least weight of a row when a model is fitted anew: many models break where a class weighs nothing
)


class LabelShiftClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Fit a classifier, and move it to the balance of unlabelled data with `adapt`.

    Until `adapt` is called it predicts as the model does. `adapt` estimates how common each class is in new data, and
    either corrects the probabilities or trains again with source rows weighted. It may be called again for other data.

    Parameters
    ----------
    model : scikit-learn classifier or pipeline with `predict_proba`, optional
        By default logistic regression. With ``cv="prefit"`` already fitted, on other rows than those that `fit` gets.
    priors : PriorEstimator or str, default "mlls"
        Estimates the priors, and calibrates if it is told to: `MLLS`, ``"elsa"``, ``BBSE(calibration="vs")`` ...
    cv : int or "prefit", default 5
        Folds in which the model is fitted to get probabilities of rows it did not see; or the rows given to `fit` are
        such rows, and the model stays as it is.
    mode : {"adjust", "reweight"}, default "adjust"
        Correct the probabilities, or fit the model anew with each row weighted by how much more common its class
        became. "reweight" takes a model whose `fit` has `sample_weight`.
    weight_clip : float, optional
        Largest weight of a row in "reweight".
    random_state : int or None, default 0

    Attributes
    ----------
    classes_ : ndarray (k,)
    model_ : fitted model
    priors_ : PriorEstimator
        Fitted; ``priors_.interval(probs)`` says how sure it is.
    target_priors_, weights_ : ndarray (k,)
        After `adapt`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> from sklearn.naive_bayes import GaussianNB
    >>> model = LabelShiftClassifier(GaussianNB()).fit(X[::2], y[::2])
    >>> new = np.concatenate([X[1:50:2], X[101:150:2]])  # no class 1
    >>> model.adapt(new).target_priors_.round(1).tolist()
    [0.5, 0.0, 0.5]
    """

    cites = ("alexandari2020maximum", "lipton2018detecting")

    def __init__(
        self,
        model: Any = None,
        priors: PriorEstimator | str = "mlls",
        *,
        cv: int | Literal["prefit"] = 5,
        mode: Literal["adjust", "reweight"] = "adjust",
        weight_clip: float | None = None,
        random_state: int | None = 0,
    ):
        self.model, self.priors, self.cv, self.mode = model, priors, cv, mode
        self.weight_clip, self.random_state = weight_clip, random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Fit the model and learn what it says of each class; rows without a label (None, NaN) are left out.

        Parameters
        ----------
        X : array, sparse matrix, frame or list (n, ...)
            What the model takes. With ``cv="prefit"`` rows that the model did not see.
        y : array (n,) or Exact

        Raises
        ------
        InputError
            When lengths differ, fewer than two classes occur, or an option does not fit.
        """
        self._check()
        X = self._rows(X, reset=True)
        codes, names = class_codes(self, y, self.model.classes_ if self.cv == "prefit" else None)
        if n_rows(X) != len(codes):
            raise InputError(f"X has {n_rows(X)} rows and y {len(codes)} labels; they must match")
        if len(names) < 2:
            raise InputError(
                f"y holds {len(names)} class ({names.tolist()}); at least 2 are needed to tell rows apart"
            )
        if (codes < 0).any():
            X, codes = take(X, np.flatnonzero(codes >= 0)), codes[codes >= 0]
        if not len(codes):
            raise InputError("y tells nothing: all labels are missing; label a few rows of each class")
        self.classes_ = names
        self.__dict__.pop("weights_", None)
        self.__dict__.pop("target_priors_", None)
        if self.cv == "prefit":
            self.model_ = self.model
            probs = self._plain(X)
        else:
            base = self._base()
            told = Exact.from_codes(codes, range(len(names)))
            folds = max(2, min(self.cv, len(codes)))
            probs = cross_fit(base, X, told, folds=folds, random_state=self.random_state, show=False)
            self.model_ = seeded(base, 0 if self.random_state is None else self.random_state).fit(X, codes)
            if self.mode == "reweight":
                self._seen = X, codes
        self._first = self.model_  # as fitted to the source
        self.priors_ = method(self.priors).fit(probs, codes, range(len(names)))
        return self

    def adapt(self, X: Any) -> Self:
        """Move to the balance of new, unlabelled rows (m, ...); nothing that was learned from the source changes."""
        check_is_fitted(self, "priors_")
        X = self._rows(X)
        self.priors_.estimate(self._plain(X, self._first))
        self.target_priors_, self.weights_ = self.priors_.target_priors_, self.priors_.weights_
        if self.mode == "reweight":
            self.model_ = self._again()
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """P(class | row): (m, k); after `adapt` under the balance of the data it was given."""
        check_is_fitted(self, "priors_")
        probs = self._plain(self._rows(X))
        if self.mode == "adjust" and hasattr(self, "weights_"):
            return self.priors_.correct(probs)
        return probs

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each row."""
        probs = self.predict_proba(X)
        return np.asarray(self.classes_[probs.argmax(axis=1)])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _check(self) -> None:
        if self.mode not in ("adjust", "reweight"):
            raise InputError(f"mode={self.mode!r} must be 'adjust' or 'reweight'")
        if self.cv != "prefit" and not (isinstance(self.cv, int | np.integer) and self.cv >= 2):
            raise InputError(f"cv={self.cv!r} must be 'prefit' or a whole number, 2 or more")
        if self.cv == "prefit" and self.mode == "reweight":
            raise InputError("mode='reweight' fits the model anew, which cv='prefit' forbids; take cv=5")
        if self.cv == "prefit" and not hasattr(self.model, "classes_"):
            raise InputError(f"cv='prefit' needs a fitted model with classes_, not {self.model!r}")
        if self.weight_clip is not None and not self.weight_clip > 0:
            raise InputError(f"weight_clip={self.weight_clip!r} must be above 0")

    def _rows(self, X: Any, *, reset: bool = False) -> Any:
        """Numbers are checked; texts, frames and other things the model may take go on as they are."""
        if hasattr(X, "__array__") and not hasattr(X, "columns") and not isinstance(X, np.ndarray):
            X = np.asarray(X)
        if isinstance(X, list) and X and np.ndim(X[0]) == 1:
            X = np.asarray(X)
        if not sparse.issparse(X) and not isinstance(X, np.ndarray):
            return X
        if not sparse.issparse(X) and (X.ndim > 2 or (X.dtype.kind in "OSU" and X.ndim == 1)):
            return X
        if reset or hasattr(self, "n_features_in_"):
            return validate_data(self, X, accept_sparse="csr", dtype="numeric", reset=reset)
        return X

    def _plain(self, X: Any, model: Any = None) -> np.ndarray:
        """What the model says, in the order of `classes_`; a class it never saw gets 0."""
        model = self.model_ if model is None else model
        said = np.asarray(model.predict_proba(X), dtype=np.float64)
        if self.cv == "prefit":
            return said
        seen = np.asarray(model.classes_)
        if len(seen) == len(self.classes_):
            return said
        probs = np.zeros((len(said), len(self.classes_)))
        probs[:, seen] = said
        return probs

    def _base(self) -> Any:
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression() if self.model is None else self.model

    def _again(self) -> Any:
        """The model fitted anew, rows weighted by their class."""
        from sklearn.utils.validation import has_fit_parameter

        X, codes = self._seen
        weights = np.maximum(self.weights_, GONE)[codes]
        if self.weight_clip is not None:
            weights = np.minimum(weights, self.weight_clip)
        fresh = seeded(self._base(), 0 if self.random_state is None else self.random_state)
        if hasattr(fresh, "steps"):
            return fresh.fit(X, codes, **{f"{fresh.steps[-1][0]}__sample_weight": weights})
        if not has_fit_parameter(fresh, "sample_weight"):
            raise InputError(
                f"{type(fresh).__name__} takes no sample_weight; take mode='adjust', or another model"
            )
        return fresh.fit(X, codes, sample_weight=weights)


def class_codes(estimator: Any, y: Any, classes: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """Code of each label, -1 where missing, and the names of the classes: `classes`, or those that occur."""
    if y is None:
        raise InputError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is None; give labels"
        )
    if isinstance(y, Exact):
        return encode([None if c < 0 else y.classes[c] for c in y.codes], classes)
    from sklearn.utils import column_or_1d

    array = np.asarray(y) if not hasattr(y, "to_pylist") else y
    if getattr(array, "ndim", 1) == 2 and array.shape[1] == 1:
        array = column_or_1d(array, warn=True)
    if getattr(array, "dtype", np.dtype(object)).kind == "f":
        known = array[~np.isnan(array)]
        if np.isinf(known).any():
            raise InputError("Input y contains infinity; labels are class names, missing ones None or NaN")
        if (known % 1).any():
            raise InputError("Unknown label type: y is continuous; labels are class names")
    return encode(array, classes)
