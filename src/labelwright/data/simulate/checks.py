"""Are these labels, rates and tables that a simulator can work on?"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from labelwright.errors import InputError
from labelwright.evidence import Exact

Labels = ArrayLike | Exact


class Coded(NamedTuple):
    """Labels as class numbers (n,), the classes (k,), and the type the labels came in."""

    codes: np.ndarray
    classes: np.ndarray
    kind: np.dtype


def coded(labels: Labels, n_classes: int | None = None) -> Coded:
    """Class numbers of clean labels; `Exact` labels keep their classes, also those that do not occur."""
    if isinstance(labels, Exact):
        if n_classes not in (None, labels.n_classes):
            raise InputError(
                f"n_classes={n_classes}, but the labels have {labels.n_classes} classes; leave it out"
            )
        found = Coded(labels.codes, labels.classes, labels.classes.dtype)
        if not labels.known.all():
            raise InputError(_missing(np.flatnonzero(~labels.known)))
    else:
        found = _from_array(np.asarray(labels), n_classes)
    if not len(found.codes):
        raise InputError("labels are empty; give at least one item")
    if len(found.classes) < 2:
        raise InputError(
            f"labels holds one class only ({found.classes[0]!r}); a simulator needs another one. Where not every "
            "class occurs, give codes and n_classes, or Exact(labels, classes=[...])"
        )
    return found


def _from_array(given: np.ndarray, n_classes: int | None) -> Coded:
    if given.ndim != 1 or not len(given):
        raise InputError(f"labels has shape {given.shape}; give one label per item, and at least one item")
    if n_classes is None:
        if given.dtype.kind == "f" and np.isnan(given).any():
            raise InputError(_missing(np.flatnonzero(np.isnan(given))))
        try:
            classes, codes = np.unique(given, return_inverse=True)
        except TypeError as problem:
            raise InputError(
                f"labels cannot be sorted ({problem}); give classes of one type and no missing label"
            ) from None
        return Coded(codes, classes, given.dtype)
    if given.dtype.kind not in "iu" or given.min() < 0 or given.max() >= n_classes:
        raise InputError(
            f"labels must be whole numbers from 0 to {n_classes - 1} where n_classes={n_classes} is given"
        )
    return Coded(given.astype(np.intp), np.arange(n_classes), given.dtype)


def _missing(rows: np.ndarray) -> str:
    return f"{len(rows)} labels are missing (first: row {rows[0]}); simulators start from clean labels: drop those rows"


def rate(value: float, name: str = "a rate") -> float:
    """A probability."""
    if not 0 <= value <= 1:
        raise InputError(f"{name} must lie between 0 and 1, not {value}")
    return float(value)


def rates(value: ArrayLike, length: int, name: str) -> np.ndarray:
    """Probabilities (length,), one number standing for all of them."""
    array = np.asarray(value, float)
    if array.shape not in ((), (length,)):
        raise InputError(f"{name} has shape {array.shape}; give one number, or {length} of them")
    if not ((array >= 0) & (array <= 1)).all():
        raise InputError(f"{name} must lie between 0 and 1, not {array}")
    return np.broadcast_to(array, (length,))


def whole(value: Any, name: str, low: int, high: int | None = None) -> int:
    """A whole number from `low` to `high`."""
    if not isinstance(value, (int, np.integer)) or value < low or (high is not None and value > high):
        range_ = f"at least {low}" if high is None else f"from {low} to {high}"
        raise InputError(f"{name}={value!r} must be a whole number {range_}")
    return int(value)


def choice(value: str, name: str, options: tuple[str, ...]) -> str:
    """One of a few words."""
    if value not in options:
        raise InputError(f"{name}={value!r} is none of {', '.join(map(repr, options))}")
    return value


def table(X: Any, n: int, name: str = "X") -> Any:
    """Features (n, d) or one column (n,) of finite numbers; sparse matrices stay sparse."""
    if X is None:
        raise InputError(f"{name} is missing; give the features (n, d), or one column (n,)")
    if sparse.issparse(X):
        found, values = X.tocsr(), X.data
    else:
        try:
            found = values = np.asarray(X, float)
        except (TypeError, ValueError) as problem:
            raise InputError(f"{name} must hold numbers ({problem})") from None
    if found.ndim not in (1, 2) or found.shape[0] != n:
        raise InputError(f"{name} has shape {found.shape}, but there are {n} labels; give one row per label")
    if not np.isfinite(values).all():
        raise InputError(f"{name} holds missing or infinite numbers; fill them in or drop those rows")
    return found
