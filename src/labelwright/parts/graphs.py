"""Targets carried along the edges of a graph: label propagation, label spreading, agreement, belief propagation.

Graphs are symmetric sparse matrices (n, n) of non-negative weights, such as `neighbours.affinity` gives; the diagonal
does not count. A row of targets that is all zeros says that nothing is known; a row that nothing reaches stays so.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.special import softmax

from labelwright.errors import InputError
from labelwright.progress import progress

STRONGEST = 50.0  # coupling times weight of an edge, in nats; beyond, two items are one anyway
FLOOR = 1e-12


def propagate(
    affinity: Any,
    targets: ArrayLike,
    *,
    known: ArrayLike | None = None,
    max_iter: int = 1000,
    tol: float = 1e-4,
    show: bool | None = None,
) -> np.ndarray:
    """Fill in what is not known: every unknown row becomes the weighted mean of its neighbours' targets.

    Solves ``F_i = sum_j W_ij F_j / sum_j W_ij`` for the unknown rows with the known ones held fast (the harmonic
    solution), by repeating that mean.

    Parameters
    ----------
    affinity : sparse matrix (n, n), symmetric
        Weights W of at least 0.
    targets : array (n, k)
        Rows of non-negative numbers. Unknown rows start from what stands there; zeros are fine.
    known : mask (n,) or positions, optional
        Rows held fast; by default those that are not all zeros.
    max_iter : int, default 1000
    tol : float, default 1e-4
        Stop when no number moves by more. Mass moves one edge a round, so along chains the result can still be
        some ten times `tol` away.

    Returns
    -------
    ndarray (n, k)
        Known rows as given; the others sum to 1. An unknown row that no path joins to a known one keeps what
        it came with (scaled to sum 1); all zeros stay all zeros.

    Departs from Zhu and Ghahramani (2002) in nothing but this last point.

    Examples
    --------
    >>> path = sparse.csr_matrix([[0, 1.0, 0, 0], [1.0, 0, 1.0, 0], [0, 1.0, 0, 0], [0, 0, 0, 0]])
    >>> propagate(path, [[1, 0], [0, 0], [0, 1], [0, 0]]).tolist()
    [[1.0, 0.0], [0.5, 0.5], [0.0, 1.0], [0.0, 0.0]]
    """
    filled, weights = _check(affinity, targets)
    held: np.ndarray = np.asarray(filled.any(axis=1)) if known is None else _mask(known, len(filled))
    filled[~held] = _normalised(filled[~held])
    open_rows = np.flatnonzero(~held & _reached(weights, held))
    step = _scaled(weights[open_rows], filled.dtype)
    with progress("propagating labels", total=None, show=show) as tick:
        for _ in range(max_iter):
            fresh = _normalised(step @ filled)
            moved = np.abs(fresh - filled[open_rows]).max(initial=0)
            filled[open_rows] = fresh
            tick()
            if moved <= tol:
                break
    return filled


def spread(
    affinity: Any,
    targets: ArrayLike,
    *,
    alpha: float = 0.9,
    max_iter: int = 1000,
    tol: float = 1e-4,
    show: bool | None = None,
) -> np.ndarray:
    """Smooth targets over a graph; what was told may itself be overruled by the neighbours.

    Gives ``(1 - alpha) (I - alpha S)^-1 Y`` with ``S = D^-1/2 W D^-1/2`` and D the sums of the weights of each row,
    each row then scaled to sum 1. Found by Chebyshev iteration: about ``2 / sqrt(1 - alpha)`` rounds for each
    digit, and one sparse product a round.

    Parameters
    ----------
    affinity : sparse matrix (n, n), symmetric
        Weights W of at least 0.
    targets : array (n, k)
        Y: rows of non-negative numbers, all zeros where nothing is known.
    alpha : float in [0, 1), default 0.9
        How much the neighbours count; 0 returns the targets.
    max_iter : int, default 1000
    tol : float, default 1e-4
        Stop when no row moves by more than this part of its sum.

    Returns
    -------
    ndarray (n, k)
        Rows sum to 1. An item without edges keeps its targets; a row that nothing reaches stays all zeros.

    Departs from Zhou et al. (2004): rows are scaled to sum 1, and another iteration for the same limit.

    Examples
    --------
    >>> path = sparse.csr_matrix([[0, 1.0, 0], [1.0, 0, 1.0], [0, 1.0, 0]])
    >>> spread(path, [[1, 0], [0, 0], [0, 1]], alpha=0.5).round(3).tolist()
    [[0.875, 0.125], [0.5, 0.5], [0.125, 0.875]]
    """
    told, weights = _check(affinity, targets)
    if not 0 <= alpha < 1:
        raise InputError(f"alpha={alpha!r} must lie in [0, 1)")
    degrees = np.asarray(weights.sum(axis=1)).ravel()
    root = np.divide(1, np.sqrt(degrees), out=np.zeros(len(degrees)), where=degrees > 0)
    ends = sparse.diags(root)
    step = (alpha * (ends @ weights @ ends)).tocsr().astype(told.dtype)
    told *= told.dtype.type(1 - alpha)
    before, now, omega = np.zeros_like(told), told.copy(), 1.0
    with progress("spreading labels", total=None, show=show) as tick:
        for turn in range(max_iter):
            # The eigenvalues of the step lie in [-alpha, alpha]; for that interval these weights are the best.
            omega = 1 / (1 - alpha**2 / 2) if turn == 0 else 1 / (1 - omega * alpha**2 / 4)
            fresh = step @ now
            fresh += told
            fresh -= before
            fresh *= told.dtype.type(omega)
            fresh += before
            before, now = now, fresh
            tick()
            if (np.abs(now - before).max(axis=1) <= tol * np.abs(now).sum(axis=1)).all():
                break
    return _normalised(np.maximum(now, 0, out=now))


class Beliefs(NamedTuple):
    """What belief propagation ends with.

    Attributes
    ----------
    marginals : ndarray (n, k)
        P(label) of every item; rows sum to 1.
    n_iter : int
        Rounds taken.
    converged : bool
        Whether the marginals came to rest within them.
    """

    marginals: np.ndarray
    n_iter: int
    converged: bool


def adjust(
    affinity: Any, targets: ArrayLike, *, strength: float = 1.0, max_iter: int = 100, tol: float = 1e-6
) -> np.ndarray:
    """Change probabilities as little as it takes for neighbours to agree (LAME; Boudiaf et al., 2022).

    Lowers ``sum_i KL(z_i || q_i) - strength / 2 * sum_ij W_ij z_i . z_j`` by repeating ``z_i`` proportional to
    ``q_i * exp(strength * sum_j W_ij z_j)``.

    Parameters
    ----------
    affinity : sparse matrix (n, n), symmetric
        Weights W of at least 0.
    targets : array (n, k)
        Probabilities q.
    strength : float, default 1.0
        0 changes nothing.
    max_iter : int, default 100
    tol : float, default 1e-6
        Stop when no number moves by more.

    Returns
    -------
    ndarray (n, k)
        Rows sum to 1.

    Departs from the paper: the graph is symmetric, two items are joined if either is a neighbour of the other.

    Examples
    --------
    >>> edge = sparse.csr_matrix([[0, 2.0], [2.0, 0]])
    >>> adjust(edge, [[0.95, 0.05], [0.45, 0.55]]).argmax(axis=1).tolist()
    [0, 0]
    """
    if not 0 <= strength < np.inf:
        raise InputError(f"strength={strength!r} must be a number of at least 0")
    given, weights = _check(affinity, targets)
    logs = np.log(np.maximum(_normalised(given), 1e-20))
    found = softmax(logs, axis=1)
    for _ in range(max_iter):
        fresh = softmax(logs + strength * (weights @ found), axis=1)
        moved = np.abs(fresh - found).max(initial=0)
        found = fresh
        if moved <= tol:
            break
    return np.asarray(found)


def loopy_bp(
    unary: ArrayLike,
    affinity: Any,
    coupling: float = 1.0,
    *,
    joint: Callable[[np.ndarray], np.ndarray] | None = None,
    max_iter: int = 100,
    damping: float = 0.5,
    tol: float = 1e-4,
    show: bool | None = None,
) -> Beliefs:
    """Marginals of labels that prefer to agree with their neighbours, by sum-product belief propagation.

    For ``P(y) ~ exp(sum_i unary[i, y_i] + coupling sum_edges W_ij [y_i = y_j])`` (a Potts model; for two classes an
    Ising model). Exact on trees; on graphs with cycles an approximation, often too sure of itself, and with
    strong coupling it may settle in one of several states.

    Parameters
    ----------
    unary : array (n, k)
        Log-potentials; only differences within a row count, ``-inf`` forbids a class. For two classes
        given as log-odds: ``np.column_stack([0 * odds, odds])``.
    affinity : sparse matrix (n, n), symmetric
        Weights W of at least 0.
    coupling : float, default 1.0
        Nats gained by agreeing along an edge of weight 1; negative ones reward differing.
    joint : callable, optional
        One more factor over all items together, given by its Bayes rule ``probs (n, k) -> posterior (n, k)``, such
        as `posterior` of any evidence. Its message to an item is ``posterior / probs`` at the beliefs without
        it, so a factor over groups of items is exact and costs what one posterior costs.
    max_iter : int, default 100
    damping : float in [0, 1), default 0.5
        Share of the old message (its logarithm) that stays; 0 is fastest, more helps where messages swing.
    tol : float, default 1e-4
        Stop when no marginal moves by more.

    Returns
    -------
    Beliefs
        With `joint`, marginals are its last posterior, so what it says for certain comes out as exactly 0 or 1.

    Source: Havaldar et al. (2024) (S084), who use it for two classes.

    Examples
    --------
    >>> pair = sparse.csr_matrix([[0, 1.0], [1.0, 0]])
    >>> loopy_bp(np.log([[0.9, 0.1], [0.5, 0.5]]), pair, np.log(3), damping=0.0).marginals.round(3).tolist()
    [[0.9, 0.1], [0.7, 0.3]]
    """
    start = _check_unary(unary)
    edges = _check_affinity(affinity, len(start))
    if not np.isfinite(coupling):
        raise InputError(f"coupling={coupling!r} must be a finite number")
    if not 0 <= damping < 1:
        raise InputError(f"damping={damping!r} must lie in [0, 1)")
    from labelwright.parts.graph_kernels import gather, sweep

    upper = sparse.triu(edges, k=1).tocoo()
    pull = np.clip(coupling * upper.data.astype(start.dtype), -STRONGEST, STRONGEST)
    agree, differ = np.exp(np.minimum(pull, 0)), np.exp(-np.maximum(pull, 0))
    messages = np.zeros((len(pull), 2, start.shape[1]), dtype=start.dtype)
    received = np.zeros_like(start)
    told, marginals = _hear(joint, start)
    with progress("passing messages", total=max_iter, show=show) as tick:
        for turn in range(1, max_iter + 1):
            sweep(upper.row, upper.col, agree, differ, messages, start + told + received, damping)
            received[:] = 0
            gather(upper.row, upper.col, messages, received)
            heard, fresh = _hear(joint, start + received)
            told = damping * told + (1 - damping) * heard
            moved = np.abs(fresh - marginals).max(initial=0)
            marginals = fresh
            tick()
            if moved <= tol:
                return Beliefs(marginals, turn, True)
    return Beliefs(marginals, max_iter, False)


def _hear(
    joint: Callable[[np.ndarray], np.ndarray] | None, logs: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The message of the joint factor to every item (log, n, k), and the marginals with it."""
    cavity = softmax(logs, axis=1)
    if joint is None:
        return np.zeros_like(cavity), cavity
    cavity = np.maximum(cavity, FLOOR)
    cavity /= cavity.sum(axis=1, keepdims=True)
    posterior = joint(cavity)
    return np.log(np.maximum(posterior, FLOOR)) - np.log(cavity), posterior


def _check(affinity: Any, targets: ArrayLike) -> tuple[np.ndarray, Any]:
    """A copy of the targets as floats, and the weights."""
    table = np.array(targets, dtype=np.result_type(np.asarray(targets).dtype, np.float32))
    if table.ndim != 2:
        raise InputError(f"targets have shape {table.shape}, expected (items, classes)")
    if not (np.isfinite(table).all() and table.min(initial=0) >= 0):
        row = int(np.flatnonzero(~(np.isfinite(table) & (table >= 0)).all(axis=1))[0])
        raise InputError(
            f"targets hold negative or missing numbers (first: row {row}); use zeros for not known"
        )
    return table, _check_affinity(affinity, len(table))


def _check_affinity(affinity: Any, n: int) -> Any:
    weights = sparse.csr_matrix(affinity)
    if weights.shape != (n, n):
        raise InputError(
            f"affinity has shape {weights.shape}, expected ({n}, {n}), one row and column for each item"
        )
    if (
        weights.dtype.kind not in "biuf"
        or not np.isfinite(weights.data).all()
        or weights.data.min(initial=0) < 0
    ):
        raise InputError("affinity must hold finite weights of at least 0; map distances to weights first")
    if weights.dtype.kind != "f":
        weights = weights.astype(np.float32)
    if weights.nnz and abs(weights - weights.T).max() > 1e-5 * weights.data.max():
        raise InputError("affinity must be symmetric; take affinity.maximum(affinity.T)")
    if weights.diagonal().any():
        weights = (weights - sparse.diags(weights.diagonal())).tocsr()
    return weights


def _check_unary(unary: ArrayLike) -> np.ndarray:
    table = np.asarray(unary)
    table = table.astype(np.result_type(table.dtype, np.float32), copy=False)
    if table.ndim != 2 or table.shape[1] < 1:
        raise InputError(
            f"unary has shape {table.shape}, expected (items, classes); two columns for log-odds"
        )
    top = table.max(axis=1)
    if not np.isfinite(top).all():
        row = int(np.flatnonzero(~np.isfinite(top))[0])
        raise InputError(f"unary allows no class, or holds NaN or inf (first: row {row})")
    return table - top[:, None]


def _mask(known: ArrayLike, n: int) -> np.ndarray:
    given = np.asarray(known)
    if given.dtype == bool and given.shape != (n,):
        raise InputError(f"known has shape {given.shape}, expected ({n},)")
    mask = np.zeros(n, dtype=bool)
    mask[given] = True
    return mask


def _reached(weights: Any, held: np.ndarray) -> np.ndarray:
    """Mask of the rows that a path of edges joins to a held one."""
    _, group = sparse.csgraph.connected_components(weights, directed=False)
    return np.isin(group, np.unique(group[held]))


def _scaled(weights: Any, dtype: np.dtype) -> Any:
    """Rows scaled to sum 1; rows of zeros stay."""
    sums = np.asarray(weights.sum(axis=1)).ravel()
    scale = np.divide(1, sums, out=np.zeros(len(sums), dtype=dtype), where=sums > 0)
    step = weights.astype(dtype)
    step.data *= np.repeat(scale, np.diff(step.indptr))
    return step


def _normalised(rows: np.ndarray) -> np.ndarray:
    """Rows scaled in place to sum 1; rows of zeros stay."""
    sums = rows.sum(axis=1, keepdims=True)
    return np.divide(rows, sums, out=rows, where=sums > 0)
