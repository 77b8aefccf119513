"""Match the mean of something over new rows by a mixture of its means over each class; how sure the answer is."""

import numpy as np

from labelwright.shift.base import Linear

RARE = (
    2.0  # rows of a class that may have been missed by chance: an interval around none of m reaches to 3 / m
)


def class_means(values: np.ndarray, codes: np.ndarray, k: int) -> np.ndarray:
    """Mean of `values` (n, d) over each class: (d, k).

    Examples
    --------
    >>> class_means(np.array([[1.0], [3.0], [5.0]]), np.array([0, 0, 1]), 2).tolist()
    [[2.0, 5.0]]
    """
    sums = np.zeros((k, values.shape[1]))
    np.add.at(sums, codes, values)
    return (sums / np.bincount(codes, minlength=k)[:, None]).T


def on_simplex(means: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Shares q that bring ``means @ q`` nearest to `wanted`: (d, k), (d,) -> (k,), not negative, sums to 1.

    Least squares, with the sum as one more equation of great weight.

    Examples
    --------
    >>> on_simplex(np.array([[0.9, 0.2], [0.1, 0.8]]), np.array([0.55, 0.45])).round(6).tolist()
    [0.5, 0.5]
    """
    from scipy.optimize import nnls

    heavy = 1e3 * max(float(np.abs(means).max()), 1e-300)
    found, _ = nnls(np.vstack([means, np.full((1, means.shape[1]), heavy)]), np.append(wanted, heavy))
    return found / found.sum()


def matching(
    source: np.ndarray, codes: np.ndarray, target: np.ndarray, priors: np.ndarray, *, rcond: float = 1e-10
) -> Linear:
    """The shares that match moments best, bounds aside, and the covariance of their error, to first order.

    With M the class means of the values and A the map from their errors to the shares, it is ``A (cov(target) / m + sum
    over classes of priors^2 cov(class) / n of the class) A'``.

    Parameters
    ----------
    source : array (n, d)
    codes : array (n,) of int
        Every class occurs.
    target : array (m, d)
    priors : array (k,)
        Estimated shares, which weigh the classes.
    """
    k = len(priors)
    counts = np.bincount(codes, minlength=k)
    means = class_means(source, codes, k)
    wanted = target.mean(axis=0)
    free = np.linalg.qr(np.vstack([np.ones(k), np.eye(k)[:-1]]).T)[0][
        :, 1:
    ]  # directions in which shares keep their sum
    back = free @ np.linalg.pinv(means @ free, rcond=rcond)
    flat = np.full(k, 1 / k)
    centre = flat + back @ (wanted - means @ flat)
    error = covariance_of_mean(target)
    spare = np.where(counts > 1, counts / np.maximum(counts - 1, 1), 1.0)  # n / (n - 1)
    scaled = (source - means.T[codes]) * (np.sqrt(spare) * priors / counts)[codes][:, None]
    rare = RARE / len(target) ** 2 * np.eye(k)
    return Linear(centre, back @ (error + scaled.T @ scaled) @ back.T + rare)


def smoothed(priors: np.ndarray, rows: int) -> np.ndarray:
    """Shares (k,) as if each class had been seen once more, so that none is 0.

    Examples
    --------
    >>> smoothed(np.array([1.0, 0.0]), 8).tolist()
    [0.9, 0.1]
    """
    return (priors * rows + 1) / (rows + len(priors))


def covariance_of_mean(values: np.ndarray) -> np.ndarray:
    """Covariance (d, d) of the mean of rows (m, d)."""
    centred = values - values.mean(axis=0)
    return centred.T @ centred / max(len(values) - 1, 1) / len(values)
