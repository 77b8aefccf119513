"""Spoil clean labels in ways whose answer is known."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError


class Spoiled(NamedTuple):
    """Labels after spoiling.

    Attributes
    ----------
    labels : array
        Same shape and type as the clean ones.
    wrong : bool array
        Where they differ from the clean ones.
    matrix : float array (k, k) or None
        ``matrix[truth, given]``, rows sum to 1, where it is known and the same for all items. Rows and
        columns follow ``np.unique(labels)``, or 0..n_classes-1.
    """

    labels: np.ndarray
    wrong: np.ndarray
    matrix: np.ndarray | None


class Duplicated(NamedTuple):
    """Rows with copies appended.

    Attributes
    ----------
    items, labels : array, or list where a list was given
    copy_of : int array
        The row each row repeats; a row that repeats nothing has its own number.
    """

    items: Any
    labels: np.ndarray
    copy_of: np.ndarray


def symmetric(
    labels: ArrayLike, rate: float, rng: np.random.Generator, n_classes: int | None = None
) -> Spoiled:
    """Flip each label with probability `rate` to any other class, all equally likely.

    Parameters
    ----------
    labels : array-like (n,)
        Clean labels, of any sortable type; whole numbers below `n_classes` where that is given.
    rate : float in [0, 1]
    rng : numpy.random.Generator
    n_classes : int, optional
        Number of classes, where not every class occurs.

    Examples
    --------
    >>> clean = np.arange(1000) % 4
    >>> spoiled = symmetric(clean, 0.3, np.random.default_rng(0))
    >>> float(spoiled.wrong.mean()), spoiled.matrix[0].round(2).tolist()
    (0.31, [0.7, 0.1, 0.1, 0.1])
    """
    k = len(_coded(labels, n_classes)[1])
    off = _rate(rate) / (k - 1)
    return class_dependent(labels, np.full((k, k), off) + (1 - rate - off) * np.eye(k), rng, n_classes)


def pair_flip(
    labels: ArrayLike, rate: float, rng: np.random.Generator, n_classes: int | None = None
) -> Spoiled:
    """Flip each label with probability `rate` to the next class, the last one to the first.

    Parameters are those of `symmetric`.

    Examples
    --------
    >>> pair_flip(["a", "b", "c"], 1.0, np.random.default_rng(0)).labels.tolist()
    ['b', 'c', 'a']
    """
    k = len(_coded(labels, n_classes)[1])
    stay = np.eye(k)
    return class_dependent(labels, (1 - _rate(rate)) * stay + rate * np.roll(stay, 1, axis=1), rng, n_classes)


def class_dependent(
    labels: ArrayLike, matrix: ArrayLike, rng: np.random.Generator, n_classes: int | None = None
) -> Spoiled:
    """Draw each given label from the row of `matrix` that belongs to its clean one.

    Parameters
    ----------
    labels : array-like (n,)
    matrix : array-like (k, k)
        ``matrix[truth, given]``; rows sum to 1.
    rng : numpy.random.Generator
    n_classes : int, optional
        As in `symmetric`.
    """
    codes, classes, kind = _coded(labels, n_classes)
    chances = np.asarray(matrix, float)
    k = len(classes)
    if chances.shape != (k, k):
        raise InputError(
            f"matrix has shape {chances.shape}, but there are {k} classes; it must be ({k}, {k})"
        )
    if not (
        np.isfinite(chances).all() and (chances >= 0).all() and np.allclose(chances.sum(axis=1), 1, atol=1e-6)
    ):
        raise InputError("matrix must hold probabilities: no negative number, and every row sums to 1")
    given = _pick(_edges(chances), codes, rng.random(len(codes)))
    return Spoiled(classes[given].astype(kind), given != codes, chances)


def instance_dependent(
    probs: ArrayLike, labels: ArrayLike, rate: float, rng: np.random.Generator, *, sharpness: float = 4.0
) -> Spoiled:
    """Flip labels of doubtful items more often, and to classes that look likely.

    An item flips with probability min(1, c · exp(-sharpness · margin)), where its margin is the probability
    of its own class minus that of the best other one, and c makes the mean over all items equal `rate`. The
    new class is drawn in proportion to the probabilities of the other classes.

    Parameters
    ----------
    probs : array-like (n, k)
        How likely each class looks, from any model: see `boundary_probs`. Columns follow
        ``np.unique(labels)``, or 0..k-1 where the labels are whole numbers below k.
    labels : array-like (n,)
    rate : float in [0, 1]
    rng : numpy.random.Generator
    sharpness : float, default 4
        0 makes all items equally likely to flip.
    """
    chances = np.asarray(probs, float)
    if chances.ndim != 2 or not np.isfinite(chances).all() or (chances < 0).any():
        raise InputError("probs must be a table (n, k) of probabilities without negative or missing numbers")
    k = chances.shape[1]
    whole = np.asarray(labels).dtype.kind in "iu"
    codes, classes, kind = _coded(labels, k if whole else None)
    if len(classes) != k or len(codes) != len(chances):
        raise InputError(
            f"probs has shape {chances.shape}, but there are {len(codes)} labels of {len(classes)} classes"
        )
    rows = np.arange(len(codes))
    others = chances.copy()
    others[rows, codes] = 0
    weight = np.exp(-sharpness * (chances[rows, codes] - others.max(axis=1, initial=0)))
    flips = rng.random(len(codes)) < _scaled(weight, _rate(rate))
    others[others.sum(axis=1) == 0] = 1  # a model that is certain still errs somewhere: anywhere else
    others[rows, codes] = 0
    # The own class has probability zero, so its edge equals the one before: never the first above a draw.
    given = np.where(flips, _pick(_edges(others), rows, rng.random(len(codes))), codes)
    return Spoiled(classes[given].astype(kind), given != codes, None)


def boundary_probs(X: Any, labels: ArrayLike, rng: np.random.Generator) -> np.ndarray:
    """Probabilities (n, k) of a logistic regression for rows it has not seen, for `instance_dependent`.

    Parameters
    ----------
    X : array or sparse matrix (n, d)
    labels : array-like (n,)
        Each class at least twice.
    rng : numpy.random.Generator
    """
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    given = np.asarray(labels)
    counts = np.unique(given, return_counts=True)[1]
    if len(counts) < 2 or counts.min() < 2:
        raise InputError("labels must hold at least two classes, each of them at least twice")
    folds = StratifiedKFold(int(min(5, counts.min())), shuffle=True, random_state=_seed(rng))
    probs: np.ndarray = cross_val_predict(_linear(rng), X, given, cv=folds, method="predict_proba")
    return probs


def systematic_annotator(X: Any, labels: ArrayLike, n_seen: int, rng: np.random.Generator) -> Spoiled:
    """Let somebody who saw only `n_seen` clean examples label everything: errors that repeat, as people's do.

    Parameters
    ----------
    X : array or sparse matrix (n, d)
    labels : array-like (n,)
    n_seen : int
        At least one a class; the examples are drawn class by class, as evenly as possible.
    rng : numpy.random.Generator

    Returns
    -------
    Spoiled
        Without a matrix: errors depend on the item.
    """
    codes, classes, kind = _coded(labels, None)
    if not len(classes) <= n_seen <= len(codes):
        raise InputError(
            f"n_seen={n_seen} must lie between {len(classes)} (the classes) and {len(codes)} (the items)"
        )
    order = rng.permutation(len(codes))
    turn = np.empty(len(codes), int)  # the how-manieth of its class each item is
    for code in range(len(classes)):
        mine = order[codes[order] == code]
        turn[mine] = np.arange(len(mine))
    seen = order[np.argsort(turn[order], kind="stable")][:n_seen]
    given = _linear(rng).fit(X[seen], codes[seen]).predict(X)
    return Spoiled(classes[given].astype(kind), given != codes, None)


def flip_marks(marks: ArrayLike, rate: float | tuple[float, float], rng: np.random.Generator) -> Spoiled:
    """Flip each known mark of a many-label table, yes to no and no to yes; unknown ones (-1) stay.

    Parameters
    ----------
    marks : array-like (n, L)
        1 yes, 0 no, -1 unknown.
    rate : float or (float, float)
        Probability that a yes becomes no, and that a no becomes yes.
    rng : numpy.random.Generator

    Returns
    -------
    Spoiled
        ``matrix`` is (2, 2): rows and columns no, yes.

    Examples
    --------
    >>> flip_marks([[1, 0, -1]], (1.0, 0.0), np.random.default_rng(0)).labels.tolist()
    [[0, 0, -1]]
    """
    clean = np.asarray(marks)
    if clean.ndim != 2 or not np.isin(clean, (-1, 0, 1)).all():
        raise InputError("marks must be a table (n, L) of 1 (yes), 0 (no) and -1 (unknown)")
    yes, no = rate if isinstance(rate, tuple) else (rate, rate)
    chance = np.select([clean == 1, clean == 0], [_rate(yes), _rate(no)], 0.0)
    wrong = rng.random(clean.shape) < chance
    spoiled = np.where(wrong, 1 - clean, clean).astype(clean.dtype)
    return Spoiled(spoiled, wrong, np.array([[1 - no, no], [yes, 1 - yes]]))


def duplicate_rows(
    items: Any, labels: ArrayLike, share: float, rng: np.random.Generator, *, conflict: float = 0.5
) -> Duplicated:
    """Append copies of random rows, some with another label than their original.

    Parameters
    ----------
    items : list, array or sparse matrix, n rows
    labels : array-like (n,)
    share : float in [0, 1]
        Copies per row; nothing is copied twice.
    rng : numpy.random.Generator
    conflict : float in [0, 1], default 0.5
        Share of the copies whose label differs from the original's.

    Examples
    --------
    >>> duplicate_rows(["a", "b"], [0, 1], 1.0, np.random.default_rng(0), conflict=1.0).labels.tolist()
    [0, 1, 1, 0]
    """
    codes, classes, kind = _coded(labels, None)
    n = len(codes)
    count = round(_rate(share) * n)
    which = np.sort(rng.choice(n, count, replace=False))
    step = np.zeros(count, int)
    differ = rng.choice(count, round(_rate(conflict) * count), replace=False)
    step[differ] = rng.integers(1, len(classes), len(differ))
    copied = classes[(codes[which] + step) % len(classes)].astype(kind)
    rows = np.concatenate([np.arange(n), which])
    more = [items[i] for i in rows] if isinstance(items, (list, tuple)) else items[rows]
    return Duplicated(more, np.concatenate([classes[codes].astype(kind), copied]), rows)


def _coded(labels: ArrayLike, n_classes: int | None) -> tuple[np.ndarray, np.ndarray, np.dtype]:
    """Class numbers, classes, and the type the labels came in."""
    given = np.asarray(labels)
    if given.ndim != 1 or not len(given):
        raise InputError(f"labels has shape {given.shape}; give one label per item, and at least one item")
    if n_classes is None:
        classes, codes = np.unique(given, return_inverse=True)
    else:
        if given.dtype.kind not in "iu" or given.min() < 0 or given.max() >= n_classes:
            raise InputError(
                f"labels must be whole numbers from 0 to {n_classes - 1} where n_classes={n_classes} is given"
            )
        classes, codes = np.arange(n_classes), given.astype(np.intp)
    if len(classes) < 2:
        raise InputError(
            f"labels holds one class only ({classes[0]!r}); spoiling needs another one to flip to"
        )
    return codes, classes, given.dtype


def _rate(rate: float) -> float:
    if not 0 <= rate <= 1:
        raise InputError(f"a rate must lie between 0 and 1, not {rate}")
    return float(rate)


def _edges(chances: np.ndarray) -> np.ndarray:
    """Upper edges of the intervals of [0, 1) that belong to each class, row by row."""
    total = chances.cumsum(axis=1)
    # Divided by the last, so that the last possible class ends at exactly 1: rounding leaves no gap.
    edges: np.ndarray = total / total[:, -1:]
    return edges


def _pick(edges: np.ndarray, rows: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """First column whose edge lies above the draw, row by row."""
    picked = np.empty(len(rows), np.intp)
    for start in range(0, len(rows), 2**14):  # in blocks: (n, k) comparisons need not exist at once
        part = slice(start, start + 2**14)
        picked[part] = (draws[part, None] < edges[rows[part]]).argmax(axis=1)
    return picked


def _scaled(weight: np.ndarray, rate: float) -> np.ndarray:
    """Probabilities min(1, c * weight) with mean `rate`."""
    low, high = 0.0, 1 / weight.min()
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if np.minimum(1, middle * weight).mean() < rate else (low, middle)
    return np.minimum(1, high * weight)


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))


def _linear(rng: np.random.Generator) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MaxAbsScaler

    # MaxAbsScaler keeps sparse matrices sparse.
    return make_pipeline(MaxAbsScaler(), LogisticRegression(C=10.0, max_iter=1000, random_state=_seed(rng)))
