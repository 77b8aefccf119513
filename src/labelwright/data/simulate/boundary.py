"""Wrong labels where the item itself is hard to judge."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from labelwright.data.simulate.checks import Labels, coded
from labelwright.data.simulate.checks import rate as checked
from labelwright.data.simulate.draws import edges, even_sample, linear, pick, scaled, seed
from labelwright.data.simulate.noise import Spoiled
from labelwright.errors import InputError
from labelwright.evidence import Exact


def instance_dependent(
    probs: ArrayLike, labels: Labels, rate: float, rng: np.random.Generator, *, sharpness: float = 4.0
) -> Spoiled:
    """Flip labels of doubtful items more often, and to classes that look likely.

    An item flips with probability min(1, c · exp(-sharpness · margin)), where its margin is the probability
    of its own class minus that of the best other one, and c makes the mean over all items equal `rate`. The
    new class is drawn in proportion to the probabilities of the other classes.

    Known exactly: which labels are wrong.

    Breaks: that errors depend on the true class alone; no matrix describes them.

    Parameters
    ----------
    probs : array-like (n, k)
        How likely each class looks, from any model: see `boundary_probs`. Columns follow
        ``np.unique(labels)``, or 0..k-1 where the labels are whole numbers below k.
    labels : array-like (n,) or Exact
        Clean labels.
    rate : float in [0, 1]
        Mean chance of a wrong label.
    rng : numpy.random.Generator
    sharpness : float, default 4
        0 makes all items equally likely to flip.

    Examples
    --------
    >>> probs = np.array([[0.99, 0.01], [0.51, 0.49]] * 500)
    >>> spoiled = instance_dependent(probs, np.zeros(1000, int), 0.2, np.random.default_rng(0))
    >>> bool(spoiled.wrong[1::2].mean() > 10 * spoiled.wrong[::2].mean())
    True
    """
    chances = np.asarray(probs, float)
    if chances.ndim != 2 or not np.isfinite(chances).all() or (chances < 0).any():
        raise InputError("probs must be a table (n, k) of probabilities without negative or missing numbers")
    k = chances.shape[1]
    whole = not isinstance(labels, Exact) and np.asarray(labels).dtype.kind in "iu"
    codes, classes, kind = coded(labels, k if whole else None)
    if len(classes) != k or len(codes) != len(chances):
        raise InputError(
            f"probs has shape {chances.shape}, but there are {len(codes)} labels of {len(classes)} classes"
        )
    rows = np.arange(len(codes))
    others = chances.copy()
    others[rows, codes] = 0
    margin = chances[rows, codes] - others.max(axis=1, initial=0)
    flips = rng.random(len(codes)) < scaled(-sharpness * margin, checked(rate))
    others[others.sum(axis=1) == 0] = 1  # a model that is certain still errs somewhere: anywhere else
    others[rows, codes] = 0
    # The own class has probability zero, so its edge equals the one before: never the first above a draw.
    given = np.where(flips, pick(edges(others), rows, rng.random(len(codes))), codes)
    return Spoiled(classes[given].astype(kind), given != codes, None)


def boundary_probs(X: Any, labels: ArrayLike, rng: np.random.Generator) -> np.ndarray:
    """Probabilities (n, k) of a logistic regression for rows it has not seen, for `instance_dependent`.

    Parameters
    ----------
    X : array or sparse matrix (n, d)
    labels : array-like (n,)
        Each class at least twice.
    rng : numpy.random.Generator

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> X, y = load_wine(return_X_y=True)
    >>> probs = boundary_probs(X, y, np.random.default_rng(0))
    >>> probs.shape, bool((probs.argmax(axis=1) == y).mean() > 0.9)
    ((178, 3), True)
    """
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    given = np.asarray(labels)
    counts = np.unique(given, return_counts=True)[1]
    if len(counts) < 2 or counts.min() < 2:
        raise InputError("labels must hold at least two classes, each of them at least twice")
    folds = StratifiedKFold(int(min(5, counts.min())), shuffle=True, random_state=seed(rng))
    probs: np.ndarray = cross_val_predict(linear(rng), X, given, cv=folds, method="predict_proba")
    return probs


def systematic_annotator(X: Any, labels: Labels, n_seen: int, rng: np.random.Generator) -> Spoiled:
    """Let somebody who saw only `n_seen` clean examples label everything: errors that repeat, as people's do.

    Known exactly: which labels are wrong.

    Breaks: that errors depend on the true class alone, and that they are drawn anew for each item: the same
    item is labelled the same way again.

    Source: northcutt2021pervasive looks for such errors; the annotator is ours.

    Parameters
    ----------
    X : array or sparse matrix (n, d)
        What she looks at.
    labels : array-like (n,) or Exact
        Clean labels.
    n_seen : int
        At least one a class; the examples are drawn class by class, as evenly as possible.
    rng : numpy.random.Generator

    Returns
    -------
    Spoiled
        Without a matrix: errors depend on the item.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> X, y = load_wine(return_X_y=True)
    >>> spoiled = systematic_annotator(X, y, 6, np.random.default_rng(0))
    >>> bool(0 < spoiled.wrong.mean() < 0.5)
    True
    """
    codes, classes, kind = coded(labels)
    if not len(classes) <= n_seen <= len(codes):
        raise InputError(
            f"n_seen={n_seen} must lie between {len(classes)} (the classes) and {len(codes)} (the items)"
        )
    seen = even_sample(codes, len(classes), n_seen, rng)
    given = linear(rng).fit(X[seen], codes[seen]).predict(X)
    return Spoiled(classes[given].astype(kind), given != codes, None)
