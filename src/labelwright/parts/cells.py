"""Groups that mix the same classes in different shares: how often each cell of items occurs where, taken apart."""

import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError


class Factors(NamedTuple):
    """A table of cells by groups as a product.

    Attributes
    ----------
    cells : ndarray (m, k)
        P(cell | class); columns sum to 1.
    classes : ndarray (k, r)
        P(class | group); columns sum to 1.
    error : float
        Of the product, relative to the table (Frobenius).
    """

    cells: np.ndarray
    classes: np.ndarray
    error: float


class Matched(NamedTuple):
    """Found classes and true ones, paired so that most items agree.

    Attributes
    ----------
    order : int array (k,)
        True class of each found one.
    accuracy : float
        Share of items that agree then.
    """

    order: np.ndarray
    accuracy: float


def shares(cell: ArrayLike, group: ArrayLike, m: int, r: int) -> np.ndarray:
    """Share of each cell in each group: codes (n,) and (n,) -> (m, r); columns of groups that occur sum to 1.

    Examples
    --------
    >>> shares([0, 0, 1, 1], [0, 0, 0, 1], 2, 2).round(2).tolist()
    [[0.67, 0.0], [0.33, 1.0]]
    """
    where = np.asarray(cell, dtype=np.intp) * r + np.asarray(group, dtype=np.intp)
    table = np.bincount(where, minlength=m * r).reshape(m, r).astype(float)
    return np.asarray(table / np.maximum(table.sum(axis=0), 1))


def factors(
    table: ArrayLike,
    k: int,
    *,
    restarts: int = 10,
    start: Factors | None = None,
    random_state: int | None = 0,
) -> Factors:
    """Take shares of cells apart into k classes, ``P(cell | group) = sum of P(cell | class) P(class | group)``.

    By non-negative matrix factorisation, the best of several random starts. The classes are found up to their order,
    and are those of the items if every class has a cell of its own and the groups mix them in k independent ways. Where
    no group lacks any class, other products fit as well, and shares tend to come out more extreme than they are.

    Parameters
    ----------
    table : array (m, r)
        Columns sum to 1.
    k : int
        At most m and r.
    restarts : int, default 10
    start : Factors, optional
        Begin there, once, so that the classes keep their order.
    random_state : int or None, default 0

    Raises
    ------
    InputError
        When the table is negative or smaller than k by k.

    Examples
    --------
    >>> cells = np.array([[0.9, 0.0], [0.1, 0.2], [0.0, 0.8]])
    >>> mixes = np.array([[1.0, 0.3, 0.0], [0.0, 0.7, 1.0]])
    >>> found = factors(cells @ mixes, 2)
    >>> np.sort(found.classes[:, 1]).round(2).tolist()
    [0.3, 0.7]
    """
    given = np.asarray(table, dtype=float)
    if given.ndim != 2 or min(given.shape) < k or k < 1:
        raise InputError(
            f"a table of shape {given.shape} cannot be taken apart into {k} classes; it must have at least {k} rows "
            f"and {k} columns"
        )
    if not (given >= 0).all():
        raise InputError("the table holds negative or missing numbers; give shares of cells by group")
    from sklearn.decomposition import non_negative_factorization
    from sklearn.exceptions import ConvergenceWarning

    best, rng = None, np.random.RandomState(random_state)
    options: dict = {"n_components": k, "solver": "cd", "max_iter": 1000}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for _ in range(1 if start else restarts):
            if start:
                # An entry of exactly 0 would stay there.
                options |= {"W": start.classes.T + 1e-3, "H": start.cells.T + 1e-3, "init": "custom"}
                options["W"], options["H"] = map(np.ascontiguousarray, (options["W"], options["H"]))
            else:
                options |= {"init": "random", "random_state": rng}
            groups, cells, _ = non_negative_factorization(given.T.copy(), **options)
            found = _scaled(given, cells.T, groups.T)
            best = found if best is None or found.error < best.error else best
    assert best is not None
    return best


def p_fewer(
    table: ArrayLike, sizes: ArrayLike, k: int, *, draws: int = 200, random_state: int | None = 0
) -> float:
    """Whether groups mix fewer than k classes: chance of a table as rich as this one if they did, in (0, 1].

    The k-th singular value of the table is compared with those of tables drawn from its factorisation into k - 1
    classes. A small value says that there are k classes at least.

    Parameters
    ----------
    table : array (m, r)
        Shares of cells; columns sum to 1. Cells must not have been made to tell these very rows' groups apart.
    sizes : int array (r,)
        Items behind each column.
    k : int >= 2
    draws : int, default 200
    random_state : int or None, default 0

    Examples
    --------
    >>> cells = np.array([[0.5, 0.0], [0.5, 0.5], [0.0, 0.5]])
    >>> p_fewer(cells @ [[0.9, 0.5, 0.1], [0.1, 0.5, 0.9]], [500] * 3, 2) < 0.01
    True
    """
    given, count = np.asarray(table, dtype=float), np.asarray(sizes)
    found = factors(given, k - 1, random_state=random_state)
    fewer = (found.cells @ found.classes).T
    fewer /= fewer.sum(axis=1, keepdims=True)
    rng = np.random.default_rng(random_state)
    seen = np.linalg.svd(given, compute_uv=False)[k - 1]
    drawn = [
        np.linalg.svd(rng.multinomial(count, fewer).T / count, compute_uv=False)[k - 1] for _ in range(draws)
    ]
    return float((1 + (np.array(drawn) >= seen).sum()) / (1 + draws))


def unmix(probs: ArrayLike, groups: ArrayLike) -> np.ndarray:
    """From P(group | item) to P(class | item), groups being equally common: (n, r) -> (n, k).

    Solves ``P(group | item) = sum over classes of P(group | class) P(class | item)`` by least squares; what comes out
    negative is 0, and rows are normalised (those of which nothing is left get equal shares).

    Parameters
    ----------
    probs : array (n, r)
    groups : array (r, k)
        P(group | class); columns sum to 1.

    Examples
    --------
    >>> groups = np.array([[0.8, 0.1], [0.2, 0.9]])
    >>> unmix([[0.8, 0.2], [0.45, 0.55]], groups).round(2).tolist()
    [[1.0, 0.0], [0.5, 0.5]]
    """
    solved = np.maximum(np.asarray(probs, dtype=float) @ np.linalg.pinv(np.asarray(groups, dtype=float)).T, 0)
    total = solved.sum(axis=1, keepdims=True)
    return np.where(total > 0, solved / np.maximum(total, 1e-300), 1 / solved.shape[1])


def matching(found: ArrayLike, truth: ArrayLike, k: int) -> Matched:
    """Pair found classes (n,) with true ones (n,), both codes below k, such that most items agree (Hungarian method).

    It only measures: with a truth at hand nothing needs to be found.

    Examples
    --------
    >>> matching([0, 0, 1, 1, 2], [2, 2, 0, 0, 0], 3)
    Matched(order=array([2, 0, 1]), accuracy=0.8)
    """
    from scipy.optimize import linear_sum_assignment

    said, true = np.asarray(found, dtype=np.intp), np.asarray(truth, dtype=np.intp)
    if said.shape != true.shape or said.ndim != 1 or not len(said):
        raise InputError(
            f"found has shape {said.shape} and truth {true.shape}; expected (n,) both, n at least 1"
        )
    if min(said.min(), true.min()) < 0 or max(said.max(), true.max()) >= k:
        raise InputError(f"found and truth must be codes from 0 to {k - 1}")
    table = np.bincount(said * k + true, minlength=k * k).reshape(k, k)
    rows, columns = linear_sum_assignment(-table)
    return Matched(columns, float(table[rows, columns].sum() / len(said)))


def _scaled(table: np.ndarray, cells: np.ndarray, groups: np.ndarray) -> Factors:
    """Columns of both factors sum to 1; those of which nothing is left become even."""
    error = float(np.linalg.norm(table - cells @ groups)) / max(float(np.linalg.norm(table)), 1e-300)
    size = cells.sum(axis=0)
    cells = np.where(size > 0, cells / np.maximum(size, 1e-300), 1 / len(cells))
    groups = groups * size[:, None]
    total = groups.sum(axis=0)
    return Factors(cells, np.where(total > 0, groups / np.maximum(total, 1e-300), 1 / len(groups)), error)
