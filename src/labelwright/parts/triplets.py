"""How far each source is from the truth, from how far sources are from each other: no truth is needed.

Two relations tie the two together, when sources err independently of each other:

- sum: ``D[a, b] = e[a] + e[b]``, exact for squared distances and errors of mean zero;
- product: ``1 - D[a, b] / chance = c[a] c[b]`` with ``e[a] = (1 - c[a]) chance``, exact where answers agree with the
  truth to the degree c and otherwise no more than by chance.

Any three sources settle both. `expected_distance` joins all of them; the backward maps turn distances into the
precisions theta of ``p(answer | truth) ~ exp(-theta * distance)``. Source: Shin et al. (2022).
"""

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError

Method = Literal["least_squares", "median", "disjoint"]
METHODS = ("least_squares", "median", "disjoint")
MOST_PARTNERS = 150  # of a source in the median: those it shares most items with
MOST_THETA = 20.0
MOST_LEVELS = 1000  # different distances that a finite space is told apart by


def expected_distance(
    distance: ArrayLike,
    shared: ArrayLike | None = None,
    *,
    chance: float | None = None,
    method: Method = "least_squares",
) -> np.ndarray:
    """Mean distance of each source to the truth that nobody saw.

    Parameters
    ----------
    distance : array (a, a)
        Mean distance between sources over the items that both answered, NaN where there is none. The diagonal is
        not looked at.
    shared : array (a, a), optional
        How many items each mean is over; by default all alike.
    chance : float, optional
        Mean distance between unrelated answers. With it, the relation is the product, without it the sum.
    method : {"least_squares", "median", "disjoint"}, default "least_squares"
        Join all pairs by least squares, weighed by shared items; take the median over all triplets; or one triplet for
        each source, from the pairs furthest apart on (any other source completes a triplet of fewer than three).

    Returns
    -------
    ndarray (a,)
        NaN where the relation settles nothing. Sampling and dependent sources can make some negative with the
        sum; with the product they lie in [0, chance].

    Raises
    ------
    InputError
        When the matrix is not square, not symmetric, negative, or of fewer than three sources.

    Notes
    -----
    Source: S063. Triplets: ``e[a] = (D[a, b] + D[a, c] - D[b, c]) / 2``, and for the product
    ``c[a] = sqrt(A[a, b] A[a, c] / A[b, c])`` with ``A = 1 - D / chance``. Departs from the paper: least squares is
    the default. With the product it is a rank-one fit, which holds where most sources answer by
    chance; their triplets divide by almost nothing.

    Examples
    --------
    >>> e = np.array([1.0, 2.0, 4.0])
    >>> expected_distance(e[:, None] + e).round(6).tolist()
    [1.0, 2.0, 4.0]
    >>> c = np.array([0.9, 0.5, 0.2])
    >>> expected_distance(0.5 * (1 - c[:, None] * c), chance=0.5).round(3).tolist()
    [0.05, 0.25, 0.4]
    """
    table, weight = _checked(distance, shared)
    if method not in METHODS:
        raise InputError(f"method={method!r} must be one of {', '.join(METHODS)}")
    if chance is None:
        return (
            _sum_least_squares(table, weight)
            if method == "least_squares"
            else _triplets(table, weight, method)
        )
    if not chance > 0:
        return np.zeros(len(table))  # all answers are alike: whoever answers is right
    agreement = 1 - table / chance
    if method == "least_squares":
        skill = _rank_one(agreement, weight)
    else:
        with np.errstate(divide="ignore"):
            # Triplets of the product are triplets of the sum of logarithms; none is settled by agreement below chance.
            cost = np.where(agreement > 0, -np.log(np.maximum(agreement, 1e-300)), np.nan)
        skill = np.exp(-_triplets(cost, np.where(agreement > 0, weight, 0), method))
        skill = np.where(np.isnan(skill) & (weight.sum(axis=1) > 0), 0.0, skill)
    return (1 - np.clip(skill, 0, 1)) * chance


def _checked(distance: ArrayLike, shared: ArrayLike | None) -> tuple[np.ndarray, np.ndarray]:
    table = np.array(distance, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] != table.shape[1]:
        raise InputError(f"distance has shape {table.shape}, expected (sources, sources)")
    if len(table) < 3:
        raise InputError(
            f"distance is between {len(table)} sources; two cannot say who of them is wrong, three or more can"
        )
    np.fill_diagonal(table, np.nan)
    if not np.allclose(table, table.T, equal_nan=True):
        raise InputError("distance is not symmetric; that from a to b must be that from b to a")
    if (table < 0).any() or np.isinf(table).any():
        raise InputError(
            "distance holds negative or infinite values; take NaN where two sources share no item"
        )
    weight = np.ones_like(table) if shared is None else np.array(shared, dtype=np.float64)
    if weight.shape != table.shape:
        raise InputError(f"shared has shape {weight.shape}, expected {table.shape} as distance has")
    weight[np.isnan(table)] = 0
    return np.where(np.isnan(table), 0, table), weight


def _sum_least_squares(table: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Minimise ``sum of weight * (D[a, b] - e[a] - e[b])**2``; of many minima that of the least norm."""
    system = weight + np.diag(weight.sum(axis=1))
    found = np.linalg.lstsq(system, (weight * table).sum(axis=1), rcond=None)[0]
    return np.where(weight.sum(axis=1) > 0, found, np.nan)


def _rank_one(agreement: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Minimise ``sum of weight * (A[a, b] - c[a] c[b])**2`` over c in [0, 1], from two starts."""
    told = weight.sum(axis=1)
    mean = (weight * agreement).sum(axis=1) / np.maximum(told, 1e-300)
    one, other = np.unravel_index((agreement * np.sqrt(weight)).argmax(), weight.shape)
    pair = (weight[one] * agreement[one] + weight[other] * agreement[other]) / np.maximum(
        weight[one] + weight[other], 1e-300
    )
    best = float(np.sqrt(np.clip(agreement[one, other], 1e-2, 1)))
    pair = np.clip(pair / best, 0, 1)
    pair[[one, other]] = best
    # Where a crowd and a few others agree among themselves but not with each other, there are several minima.
    found = [_descend(start, agreement, weight) for start in (np.sqrt(np.clip(mean, 1e-2, 1)), pair)]
    loss = [(weight * (agreement - np.outer(c, c)) ** 2).sum() for c in found]
    return np.where(told > 0, found[int(loss[1] < loss[0] * (1 - 1e-9))], np.nan)


def _descend(
    skill: np.ndarray, agreement: np.ndarray, weight: np.ndarray, most: int = 500, tol: float = 1e-9
) -> np.ndarray:
    known = weight * agreement
    for _ in range(most):
        # Half a step of every source at once: whole steps swing.
        step = (skill + np.clip(known @ skill / np.maximum(weight @ skill**2, 1e-12), 0, 1)) / 2
        still = np.abs(step - skill).max() < tol
        skill = step
        if still:
            break
    return skill


def _triplets(table: np.ndarray, weight: np.ndarray, method: Method) -> np.ndarray:
    if method == "median":
        return np.array([_median(table, weight, source) for source in range(len(table))])
    return _disjoint(table, weight)


def _median(table: np.ndarray, weight: np.ndarray, source: int) -> float:
    partners = np.flatnonzero(weight[source] > 0)
    if len(partners) > MOST_PARTNERS:
        most = np.argsort(-weight[source, partners], kind="stable")[:MOST_PARTNERS]
        partners = np.sort(partners[most])
    one, other = np.triu_indices(len(partners), 1)
    b, c = partners[one], partners[other]
    both = weight[b, c] > 0
    b, c = b[both], c[both]
    if not len(b):
        return float("nan")
    return float(np.median((table[source, b] + table[source, c] - table[b, c]) / 2))


def _disjoint(table: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Triplets without a common source, begun by the pairs furthest apart; what is left over takes any third."""
    found = np.full(len(table), np.nan)
    one, other = np.triu_indices(len(table), 1)
    for pair in np.argsort(-table[one, other], kind="stable"):
        a, b = one[pair], other[pair]
        if weight[a, b] == 0 or not np.isnan(found[[a, b]]).all():
            continue
        thirds = np.flatnonzero((weight[a] > 0) & (weight[b] > 0))
        if not len(thirds):
            continue
        free = thirds[np.isnan(found[thirds])]
        thirds = free if len(free) else thirds
        c = thirds[(table[a, thirds] + table[b, thirds]).argmax()]
        for x, y, z in ((a, b, c), (b, a, c), (c, a, b)):
            if np.isnan(found[x]):
                found[x] = (table[x, y] + table[x, z] - table[y, z]) / 2
    for left in np.flatnonzero(np.isnan(found)):
        partners = np.flatnonzero(weight[left] > 0)
        fits = np.argwhere(np.triu(weight[np.ix_(partners, partners)] > 0, 1))
        if len(fits):
            b, c = partners[fits[(table[left, partners][fits]).sum(axis=1).argmax()]]
            found[left] = (table[left, b] + table[left, c] - table[b, c]) / 2
    return found


def inverse(expected: ArrayLike) -> np.ndarray:
    """Precision as one over the expected distance.

    Examples
    --------
    >>> inverse([0.5, 2.0]).tolist()
    [2.0, 0.5]
    """
    return 1 / np.maximum(np.asarray(expected, dtype=np.float64), 1e-300)


def gaussian(expected: ArrayLike, size: int = 1) -> np.ndarray:
    """Precision of a normal error with this mean squared distance: ``size / (2 * expected)``.

    Parameters
    ----------
    expected : array (a,)
        Mean squared distances.
    size : int, default 1
        Coordinates of an answer.

    Examples
    --------
    >>> gaussian([0.5, 2.0]).tolist()
    [1.0, 0.25]
    """
    return size / 2 * inverse(expected)


def mallows_expected(theta: ArrayLike, things: int) -> np.ndarray:
    """Mean Kendall distance of a Mallows ranking to its centre, as a share of all pairs.

    ``p(ranking) ~ exp(-theta * pairs in the opposite order)``.

    Parameters
    ----------
    theta : array of float, at least 0
    things : int
        How many things are ranked, two or more.

    Examples
    --------
    >>> mallows_expected([0.0, 2.0], 5).round(3).tolist()
    [0.5, 0.058]
    """
    given = np.asarray(theta, dtype=np.float64)
    t = np.maximum(given, 1e-4)[..., None]
    # The j-th thing placed jumps over 0 to j of those before it, each further one exp(-theta) as probable.
    j = np.arange(1, things)
    with np.errstate(over="ignore"):
        jumps = 1 / np.expm1(t) - (j + 1) / np.expm1((j + 1) * t)
    pairs = things * (things - 1) / 2
    return np.where(given < 1e-4, 0.5, jumps.sum(axis=-1) / pairs)


def mallows(expected: ArrayLike, things: int) -> np.ndarray:
    """Precision of the Mallows model whose rankings of so many things have this mean distance to their centre.

    Parameters
    ----------
    expected : array (a,)
        Mean Kendall distances as shares of all pairs; from 0.5 on the precision is 0.
    things : int

    Returns
    -------
    ndarray (a,) in [0, 20]
        In units of one pair in the opposite order.

    Examples
    --------
    >>> mallows(mallows_expected([0.5, 2.0], 5), 5).round(6).tolist()
    [0.5, 2.0]
    """
    return _solve(expected, lambda theta: mallows_expected(theta, things), 0.5)


def mallows_sample(centre: ArrayLike, theta: float, rng: np.random.Generator) -> np.ndarray:
    """Draw one Mallows ranking around each centre: ``p(ranking) ~ exp(-theta * pairs in the opposite order)``.

    Parameters
    ----------
    centre : array (n, d) of int
        Codes, best first.
    theta : float, at least 0
        0 draws all rankings alike.
    rng : numpy Generator

    Returns
    -------
    ndarray (n, d) of int

    Examples
    --------
    >>> mallows_sample([[2, 0, 1]], 50.0, np.random.default_rng(0)).tolist()
    [[2, 0, 1]]
    """
    table = np.asarray(centre)
    n, d = table.shape
    found = np.empty_like(table)
    rows = np.arange(n)
    for j in range(d):  # put the j-th in before the last 0 to j of those that stand there
        chance = np.exp(-theta * np.arange(j + 1))
        jump = np.searchsorted(np.cumsum(chance / chance.sum()), rng.random(n)).clip(0, j)
        for place in range(j, 0, -1):
            moves = jump > j - place
            found[moves, place] = found[moves, place - 1]
        found[rows, j - jump] = table[:, j]
    return found


def gibbs_expected(theta: ArrayLike, distances: ArrayLike) -> np.ndarray:
    """Mean distance to the truth of answers with ``p(answer) ~ exp(-theta * distance)``, mean over all truths alike.

    Parameters
    ----------
    theta : array (a,)
    distances : array (k, k)

    Examples
    --------
    >>> gibbs_expected([0.0, np.log(9)], [[0, 1], [1, 0]]).round(3).tolist()
    [0.5, 0.1]
    """
    return _mean_of_rows(np.atleast_1d(np.asarray(theta, dtype=np.float64)), *_levels(distances))


def _levels(distances: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Different distances (u,), how many of each a row has (r, u), and how many rows (r,) are alike in that."""
    table = np.asarray(distances, dtype=np.float64)
    level, code = np.unique(np.round(table, 12), return_inverse=True)
    if len(level) > MOST_LEVELS:
        step = table.max() / MOST_LEVELS
        level, code = np.unique(np.maximum(np.round(table / step), table > 0), return_inverse=True)
        level = level * step
    k, u = len(table), len(level)
    cell = np.arange(k)[:, None] * u + code.reshape(k, k)
    counts, rows = np.unique(
        np.bincount(cell.ravel(), minlength=k * u).reshape(k, u), axis=0, return_counts=True
    )
    return level, counts.astype(np.float64), rows.astype(np.float64)


def _mean_of_rows(theta: np.ndarray, level: np.ndarray, counts: np.ndarray, rows: np.ndarray) -> np.ndarray:
    mass = np.exp(-theta[:, None] * level)  # that of distance 0 is 1, so no row sums to 0
    means = ((mass * level) @ counts.T) / (mass @ counts.T)
    return np.asarray(means @ rows / rows.sum())


def gibbs(expected: ArrayLike, distances: ArrayLike) -> np.ndarray:
    """Precision at which answers from a finite space have this mean distance to the truth.

    Parameters
    ----------
    expected : array (a,)
    distances : array (k, k)
        0 on the diagonal. More than 1,000 different ones are rounded to thousandths of the largest.

    Returns
    -------
    ndarray (a,)
        From 0 (no nearer than any answer) to 20 over the smallest distance.

    Examples
    --------
    >>> gibbs([0.1, 0.5], [[0, 1], [1, 0]]).round(6).tolist()  # log(0.9 / 0.1)
    [2.197225, 0.0]
    """
    table = np.asarray(distances, dtype=np.float64)
    apart = table[table > 0]
    unit = float(apart.min()) if apart.size else 1.0
    level, counts, rows = _levels(table / unit)
    most = table.mean() / unit
    return _solve(np.asarray(expected) / unit, lambda t: _mean_of_rows(t, level, counts, rows), most) / unit


def _solve(expected: ArrayLike, forward: Callable[[np.ndarray], np.ndarray], most: float) -> np.ndarray:
    """Theta in [0, 20] at which the falling `forward` gives what is expected, by halving; 0 from `most` on."""
    wanted = np.atleast_1d(np.asarray(expected, dtype=np.float64))
    low, high = np.zeros_like(wanted), np.full_like(wanted, MOST_THETA)
    for _ in range(50):
        middle = (low + high) / 2
        above = forward(middle) > wanted
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.where(wanted >= most, 0.0, (low + high) / 2)
