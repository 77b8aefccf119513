"""What every classifier of this room checks: items, and what was told about them."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from labelwright.errors import InputError
from labelwright.evidence import Evidence, Marks, as_evidence
from labelwright.loops import flat
from labelwright.loops.cross_fit import n_rows


def check_fit(estimator: BaseEstimator, X: Any, y: Any, *, any_items: bool = False) -> tuple[Any, Evidence]:
    """Return the items as the model takes them, and what was told about them as evidence.

    Parameters
    ----------
    estimator : estimator being fitted
        Gets `n_features_in_` (and `feature_names_in_`), `classes_`.
    X : array, sparse matrix, frame, or anything where `any_items`
    y : Evidence or labels (n,)
        Labels become `Exact`; None and NaN are missing.
    any_items : bool, default False
        Whether lists of texts, frames and arrays of objects go to the model as they are.

    Raises
    ------
    InputError
        When lengths differ, the evidence is about tags, or tells nothing, or fewer than two classes are known of.
    """
    if y is None:
        raise InputError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is None; "
            "give labels, or evidence such as Candidates or Bags"
        )
    told = y if isinstance(y, Evidence) else as_evidence(_labels(y))
    if not (any_items and is_kept(X)):
        X = validate_data(estimator, X, accept_sparse="csr", dtype="numeric")
    if isinstance(told, Marks) or len(told.states) == 2:
        raise InputError(
            f"y holds {type(told).__name__}, several tags an item; {type(estimator).__name__} learns one class an item"
        )
    if n_rows(X) != len(told):
        raise InputError(f"X has {n_rows(X)} rows and y speaks of {len(told)} items; they must match")
    if told.n_classes < 2:
        raise InputError(
            f"y holds {told.n_classes} class ({told.classes.tolist()}); at least 2 are needed to tell items apart"
        )
    if not told.informed.any():
        raise InputError(
            f"y tells nothing about any of {len(told)} items: all labels are missing; label a few of each class"
        )
    estimator.classes_ = told.classes
    return X, told


def first_posterior(evidence: Evidence) -> np.ndarray:
    """Posterior (n, k) of equal probabilities, where methods without a random start begin.

    Raises
    ------
    InputError
        When what was told treats all classes alike, as bags of equal counts do.
    """
    start = flat(len(evidence), evidence.n_classes)
    told = evidence.posterior(start)
    if np.allclose(told, start):
        raise InputError(
            "y speaks of all classes alike (bags of equal counts, say), which gives no start to tell them apart; "
            "add a few labels, or take ImpreciseNet, which starts at random"
        )
    return told


def check_predict(estimator: BaseEstimator, X: Any) -> Any:
    """Return the items to predict, with as many features as were fitted."""
    check_is_fitted(estimator)
    if not hasattr(estimator, "n_features_in_"):
        return X
    return validate_data(estimator, X, accept_sparse="csr", dtype="numeric", reset=False)


def is_kept(X: Any) -> bool:
    """Whether items are no numeric array and go to the model as they are."""
    kind = getattr(getattr(X, "dtype", None), "kind", None)
    if getattr(X, "ndim", 2) > 2:
        return True
    return kind not in ("b", "i", "u", "f", "c") and not hasattr(X, "tocsr")


def _labels(y: Any) -> Any:
    """Labels as a vector; a column vector is taken with scikit-learn's usual warning."""
    from sklearn.utils import column_or_1d

    try:
        array = np.asarray(y)
    except ValueError:  # lists of different lengths, which as_evidence explains
        return y
    if array.ndim == 2 and array.shape[1] == 1:
        return column_or_1d(array, warn=True)
    if array.dtype.kind == "f":
        if np.isinf(array).any():
            raise InputError("Input y contains infinity; labels are class names, missing ones None or NaN")
        if (array[~np.isnan(array)] % 1).any():
            raise InputError(
                "Unknown label type: y is continuous; labels are class names, so pass such numbers as text"
            )
    return y if array.dtype.kind == "O" else array
