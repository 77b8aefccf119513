"""Rows that stand in for what was never seen, and a score that tells them from what was."""

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError

KINDS = ("blend", "noise", "shuffle")


def reference_rows(
    X: ArrayLike,
    y: Any = None,
    *,
    kind: Literal["blend", "noise", "shuffle"] = "blend",
    strength: float = 0.2,
    random_state: int | None = 0,
) -> np.ndarray:
    """Make rows that belong to no known class out of rows that do.

    What stands in for the unknown decides the estimate of its share. References must be about as hard to tell from
    known rows as the unknown ones are: those that are too easy (much noise) hide the unknown altogether, for
    the detector then draws its line far outside. Blends are the safest for rows of numbers and small pictures; plain
    means of two rows would lie nearer to all others than any row does.

    Parameters
    ----------
    X : array (n, ...)
        Rows the classifier was not trained on.
    y : array (n,), optional
        Their classes; blends are then of rows of different ones.
    kind : {"blend", "noise", "shuffle"}, default "blend"
        Two rows added such that mean and spread stay those of `X`, ``mean + (a - mean + b - mean) / sqrt(2)``; a row
        with `strength` parts of Gaussian noise of each feature's mean and spread; every feature drawn from another row.
    strength : float in (0, 1], default 0.2
        Of the noise.
    random_state : int or None, default 0

    Returns
    -------
    ndarray (up to n, ...) of float64
        For blends somewhat fewer rows than `X` has: pairs of one class are left out.

    Raises
    ------
    InputError
        When an option is out of range, lengths differ, or all rows are of one class.

    Notes
    -----
    Source: S059 (noise); blends depart from the paper.

    Examples
    --------
    >>> rows = reference_rows([[0.0, 1.0], [2.0, 1.0], [0.0, 5.0], [2.0, 5.0]], ["a", "b", "c", "d"])
    >>> rows.shape, reference_rows(np.zeros((50, 2)), kind="shuffle").shape
    ((3, 2), (50, 2))
    """
    rows = np.asarray(X, dtype=np.float64)
    if kind not in KINDS or not 0 < strength <= 1:
        raise InputError(
            f"kind={kind!r} must be one of {', '.join(map(repr, KINDS))}, strength={strength!r} above 0 and at most 1"
        )
    if rows.ndim < 2 or len(rows) < 2:
        raise InputError(f"X has shape {rows.shape}; references are made from two rows of numbers or more")
    rng = np.random.default_rng(random_state)
    if kind == "blend":
        return _blends(rows, y, rng)
    if kind == "noise":
        noise = rng.normal(rows.mean(axis=0), rows.std(axis=0), rows.shape)
        return (1 - strength) * rows + strength * noise
    flat = rows.reshape(len(rows), -1)
    return np.asarray(rng.permuted(flat, axis=0).reshape(rows.shape))


def nearness(seen: ArrayLike, X: ArrayLike, *, k: int = 10) -> np.ndarray:
    """Score how near rows stand to what was seen: minus the distance to the k-th nearest row of it, (n,).

    Score the rows that `OpenSetLabelShift.fit` gets against *other* rows, such as those that the classifier was trained
    on: a row is its own nearest one.

    Parameters
    ----------
    seen : array (m, d)
        Rows of known classes, features scaled alike.
    X : array (n, d)
    k : int in [1, m], default 10

    Raises
    ------
    InputError
        When `k` is out of range.

    Examples
    --------
    >>> nearness([[0.0], [1.0], [2.0]], [[0.0], [5.0]], k=2).tolist()
    [-1.0, -4.0]
    """
    from sklearn.neighbors import NearestNeighbors

    table = np.asarray(seen, dtype=np.float64)
    if not isinstance(k, int | np.integer) or not 1 <= k <= len(table):
        raise InputError(f"k={k!r} must be a whole number from 1 to the {len(table)} rows of seen")
    found, _ = NearestNeighbors(n_neighbors=k).fit(table).kneighbors(np.asarray(X, dtype=np.float64))
    return np.asarray(-found[:, -1])


def _blends(rows: np.ndarray, y: Any, rng: np.random.Generator) -> np.ndarray:
    left, right = rng.permutation(len(rows)), rng.permutation(len(rows))
    if y is None:
        apart = left != right
    else:
        from labelwright.evidence.classes import encode

        codes, names = encode(y)
        if len(codes) != len(rows):
            raise InputError(f"X has {len(rows)} rows and y {len(codes)} labels; they must match")
        if len(names) < 2:
            raise InputError("y holds one class; blends are of rows of different ones, so leave y out")
        while not (apart := codes[left] != codes[right]).any():
            right = rng.permutation(len(rows))
    centre = rows.mean(axis=0)
    return np.asarray(centre + (rows[left[apart]] + rows[right[apart]] - 2 * centre) / np.sqrt(2))
