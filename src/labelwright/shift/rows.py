"""Labelled rows of numbers, as the estimators of this room that look at items take them."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from labelwright.errors import InputError
from labelwright.evidence.classes import encode


def labelled_rows(
    estimator: BaseEstimator, X: Any, y: Any, *, reset: bool, classes: Any = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows (n, D) that have a label, their codes (n,), and the classes; checked.

    Parameters
    ----------
    estimator : estimator being fitted
        Gets or has `n_features_in_`.
    X : array (n, D)
    y : array (n,)
        Any hashable names, missing ones None or NaN.
    reset : bool
        Whether these rows decide the number of features.
    classes : array (k,), optional
        The names that labels may have.

    Raises
    ------
    InputError
        When lengths differ, or fewer than two classes occur.
    """
    name = type(estimator).__name__
    if y is None:
        raise InputError(f"{name} requires y to be passed, but the target y is None; give labels")
    X = validate_data(estimator, X, dtype=np.float64, reset=reset)
    array = np.asarray(y) if not hasattr(y, "to_pylist") else y
    if getattr(array, "ndim", 1) == 2 and array.shape[1] == 1:
        from sklearn.utils import column_or_1d

        array = column_or_1d(array, warn=True)
    if getattr(array, "dtype", np.dtype(object)).kind == "f":
        told = array[~np.isnan(array)]
        if np.isinf(told).any() or (told % 1).any():
            raise InputError("Unknown label type: y is continuous; labels are class names, so pass text")
    codes, names = encode(array, classes)
    if len(codes) != len(X):
        raise InputError(f"X has {len(X)} rows and y {len(codes)} labels; they must match")
    known = codes >= 0
    if len(np.unique(codes[known])) < 2:
        only = [names.tolist()[c] for c in np.unique(codes[known])]
        raise InputError(
            f"y holds {len(only)} class ({only}) in {int(known.sum())} labelled rows; give rows of at least 2 classes"
        )
    return X[known], codes[known], names
