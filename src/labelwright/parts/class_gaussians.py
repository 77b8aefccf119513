"""Classes as Gaussians in a space of features, and how far rows are from each (Mahalanobis)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError

LEAST = 1e-12  # variance of features that do not vary at all


class ClassGaussians(NamedTuple):
    """One Gaussian a class.

    Attributes
    ----------
    means : ndarray (k, d)
    whiten : ndarray (k, d, d)
        ``(x - mean) @ whiten[c]`` has unit covariance in class c.
    counts : ndarray (k,) of int
    """

    means: np.ndarray
    whiten: np.ndarray
    counts: np.ndarray


def class_gaussians(
    features: ArrayLike,
    codes: ArrayLike,
    k: int,
    *,
    shrinkage: float = 1e-3,
    pooled_rows: float = 0.0,
) -> ClassGaussians:
    """Mean and covariance of each class.

    ``C_c = (n_c S_c + m S) / (n_c + m)`` and then ``C_c + shrinkage * trace(C_c) / d``, with S_c the covariance of
    class c (divided by n_c), S that of all rows about the mean of their class, and m = `pooled_rows`.

    Parameters
    ----------
    features : array (n, d)
    codes : array (n,) of int
        Negative rows are left out.
    k : int
    shrinkage : float >= 0, default 1e-3
        Keeps a covariance of fewer rows than features, or of constant ones, from being singular.
    pooled_rows : float >= 0, default 0
        As how many rows the common covariance counts in each class; infinite, all classes have that one.

    Raises
    ------
    InputError
        When a class has fewer than two rows, or a feature is not finite.

    Examples
    --------
    >>> rows = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]])
    >>> found = class_gaussians(np.vstack([rows, rows + 9]), [0] * 4 + [1] * 4, 2, shrinkage=0)
    >>> mahalanobis([[1.0, 1.0], [4.0, 5.0]], found).round(2).tolist()
    [[0.0, 12.73], [5.0, 7.81]]
    """
    rows, which = np.asarray(features, dtype=np.float64), np.asarray(codes)
    if rows.ndim != 2 or not np.isfinite(rows).all():
        raise InputError(f"features have shape {rows.shape}; give finite numbers (n, d)")
    if not shrinkage >= 0 or not pooled_rows >= 0:
        raise InputError(f"shrinkage={shrinkage!r} and pooled_rows={pooled_rows!r} must be at least 0")
    rows, which = rows[which >= 0], which[which >= 0]
    counts = np.bincount(which, minlength=k)
    if counts.min() < 2:
        raise InputError(
            f"class {int(counts.argmin())} has {int(counts.min())} rows, and a covariance needs 2; add rows of it or "
            "leave the class out"
        )
    d = rows.shape[1]
    means = np.stack([rows[which == c].mean(axis=0) for c in range(k)])
    centred = rows - means[which]
    common = centred.T @ centred / len(rows)
    whiten = np.empty((k, d, d))
    for c in range(k):
        own = centred[which == c]
        share = 1.0 if np.isinf(pooled_rows) else pooled_rows / (counts[c] + pooled_rows)
        covariance = (1 - share) * own.T @ own / counts[c] + share * common
        covariance += np.eye(d) * max(shrinkage * np.trace(covariance) / d, LEAST)
        whiten[c] = np.linalg.inv(np.linalg.cholesky(covariance)).T
    return ClassGaussians(means, whiten, counts)


def mahalanobis(features: ArrayLike, classes: ClassGaussians) -> np.ndarray:
    """Distance of rows (n, d) to each class: (n, k), in standard deviations; of a class's own rows about sqrt(d)."""
    rows = np.asarray(features, dtype=np.float64)
    found = np.empty((len(rows), len(classes.means)))
    for c, (mean, whiten) in enumerate(zip(classes.means, classes.whiten, strict=True)):
        found[:, c] = np.linalg.norm((rows - mean) @ whiten, axis=1)
    return found


def gap(distances: ArrayLike) -> np.ndarray:
    """How much nearer the nearest class is than the next: (n, k) -> (n,), at least 0.

    Examples
    --------
    >>> gap([[5.0, 1.0, 4.0]]).tolist()
    [3.0]
    """
    two = np.partition(np.asarray(distances, dtype=np.float64), 1, axis=1)
    return np.asarray(two[:, 1] - two[:, 0])


def added(classes: ClassGaussians, features: ArrayLike, *, shrinkage: float = 1e-3) -> ClassGaussians:
    """The same classes and one more, with the mean of these rows (m, d) and the covariance around it.

    The mean of the other classes' covariances counts as d rows.

    Examples
    --------
    >>> one = class_gaussians(np.eye(3), [0, 0, 0], 1)
    >>> added(one, np.eye(3) + 7).means.shape
    (2, 3)
    """
    rows = np.asarray(features, dtype=np.float64)
    d, mean = rows.shape[1], rows.mean(axis=0)
    shapes = np.linalg.inv(classes.whiten @ classes.whiten.transpose(0, 2, 1))
    covariance = ((rows - mean).T @ (rows - mean) + d * shapes.mean(axis=0)) / (len(rows) + d)
    covariance += np.eye(d) * max(shrinkage * np.trace(covariance) / d, LEAST)
    whiten = np.linalg.inv(np.linalg.cholesky(covariance)).T
    return ClassGaussians(
        np.vstack([classes.means, mean]),
        np.concatenate([classes.whiten, whiten[None]]),
        np.append(classes.counts, len(rows)),
    )


def sampled(classes: ClassGaussians, n: int, rng: np.random.Generator) -> np.ndarray:
    """Rows (k * n, d) drawn from the Gaussians, n of each class.

    Examples
    --------
    >>> one = class_gaussians(np.eye(3), [0, 0, 0], 1)
    >>> sampled(one, 5, np.random.default_rng(0)).shape
    (5, 3)
    """
    k, d = classes.means.shape
    noise = rng.normal(size=(k, n, d)) @ np.linalg.inv(classes.whiten)
    return np.asarray((classes.means[:, None] + noise).reshape(k * n, d))
