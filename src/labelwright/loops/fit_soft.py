"""Fit a scikit-learn classifier to soft targets."""

from collections.abc import Callable
from typing import Any

import numpy as np

from labelwright.errors import InputError
from labelwright.evidence import Evidence
from labelwright.loops.cross_fit import n_rows, take
from labelwright.loops.em import flat

FLOOR = 1e-3  # shares of a target below this are not worth a row of their own


class SoftFit:
    """A classifier fitted to soft targets; it knows all k classes, whichever of them it saw."""

    def __init__(self, model: Any, seen: np.ndarray, k: int):
        self.model, self.seen, self.k = model, seen, k

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities (n, k); a class that no target spoke for gets 0."""
        if len(self.seen) == 1:
            probs = np.zeros((n_rows(X), self.k))
            probs[:, self.seen[0]] = 1.0
            return probs
        part = self.model.predict_proba(X)
        if not np.isfinite(part).all():
            raise InputError(
                f"{type(self.model).__name__} predicts NaN or infinite probabilities; scale the features"
            )
        if len(self.seen) == self.k:
            return np.asarray(part)
        probs = np.zeros((len(part), self.k))
        probs[:, self.seen] = part
        return probs


def fit_soft(model: Any, X: Any, targets: np.ndarray, weights: np.ndarray | None = None) -> SoftFit:
    """Fit a clone of `model` to targets (n, k) that may lie between the classes.

    Each item enters once for every class that its target gives a share of at least 0.001, weighed by that share; that
    is exactly the cross-entropy against the targets for models that minimise a weighted loss. The steps of a pipeline
    before the last see every item once.

    Parameters
    ----------
    model : scikit-learn classifier or pipeline
        Its `fit` takes `sample_weight`, unless every target is a single class and every weight 0 or 1.
    X : array, sparse matrix, frame or list (n, ...)
    targets : array (n, k)
        Rows sum to 1; columns are the codes of the classes.
    weights : array (n,), optional
        How much each item counts; items of weight 0 are left out.

    Raises
    ------
    InputError
        When lengths differ, everything has weight 0, or the model takes no weights where it must.

    Examples
    --------
    >>> from sklearn.naive_bayes import GaussianNB
    >>> X = np.array([[0.0], [0.1], [0.9], [1.0]])
    >>> fitted = fit_soft(GaussianNB(), X, np.array([[1, 0], [0.9, 0.1], [0.1, 0.9], [0, 1]]))
    >>> fitted.predict_proba(X).argmax(axis=1).tolist()
    [0, 0, 1, 1]
    """
    from sklearn.base import clone
    from sklearn.pipeline import Pipeline

    table = np.asarray(targets, dtype=float)
    n, k = table.shape
    if n_rows(X) != n:
        raise InputError(f"X has {n_rows(X)} rows and targets {n}; they must match")
    each = np.ones(n) if weights is None else np.asarray(weights, dtype=float)
    if each.shape != (n,) or not (each >= 0).all() or not each.any():
        raise InputError(f"weights of shape {each.shape} must be {n} numbers of at least 0, not all 0")
    kept = (table >= FLOOR) & (each > 0)[:, None]
    rows, codes = np.nonzero(kept)
    share = table[rows, codes] * each[rows]
    seen = np.unique(codes)
    fresh = clone(model)
    if len(seen) == 1:
        return SoftFit(fresh, seen, k)
    if isinstance(fresh, Pipeline) and len(fresh.steps) > 1:
        counted = np.flatnonzero(each > 0)
        before = fresh[:-1].fit(take(X, counted), table[counted].argmax(axis=1))
        _fit(fresh[-1], take(before.transform(X), rows), codes, share)
    else:
        last = fresh[-1] if isinstance(fresh, Pipeline) else fresh
        _fit(last, take(X, rows), codes, share)
    return SoftFit(fresh, seen, k)


def learner(model: Any, X: Any) -> Callable[[Evidence], np.ndarray]:
    """Return ``learn(evidence) -> probs``: fits `model` to the items of which something is known, predicts all.

    An item counts where the evidence moves equal probabilities; with one label an item that is plain fitting.
    `labelwright.learn.ImpreciseEM` also learns from the others.

    Parameters
    ----------
    model : scikit-learn classifier or pipeline
    X : array, sparse matrix, frame or list (n, ...)

    Examples
    --------
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from labelwright import Exact
    >>> learn = learner(GaussianNB(), np.array([[0.0], [0.1], [1.0], [0.9], [0.2]]))
    >>> learn(Exact([0, 0, 1, 1, None])).argmax(axis=1).tolist()
    [0, 0, 1, 1, 0]
    """

    def learn(evidence: Evidence) -> np.ndarray:
        start = flat(len(evidence), evidence.n_classes)
        targets = evidence.posterior(start)
        known = np.abs(targets - start).max(axis=1) > 1e-9
        if not known.any():
            raise InputError("evidence tells nothing about any item; label a few of each class first")
        return fit_soft(model, X, targets, known.astype(float)).predict_proba(X)

    return learn


def _fit(model: Any, X: Any, codes: np.ndarray, share: np.ndarray) -> None:
    from sklearn.utils.validation import has_fit_parameter

    if (share == 1).all():
        model.fit(X, codes)
    elif has_fit_parameter(model, "sample_weight"):
        model.fit(X, codes, sample_weight=share)
    else:
        raise InputError(
            f"{type(model).__name__} takes no sample_weight, which soft targets need; take a model that does "
            "(LogisticRegression, a forest, gradient boosting)"
        )
