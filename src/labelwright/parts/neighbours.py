"""Who is near whom: nearest rows and the weights between them, cosines in blocks, pairs of nearly equal rows."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any, Literal, NamedTuple

import numpy as np
from scipy import sparse

from labelwright.errors import InputError, need
from labelwright.progress import progress

LARGEST = 1e18
LARGE = 100_000  # rows from which the approximate search is faster
SPARE = 4  # more rows than asked for are found in float32 and then sorted in float64
BLOCK = 4_000_000  # similarities held at once


class Neighbours(NamedTuple):
    """The nearest rows of every row.

    Attributes
    ----------
    rows : ndarray (n, k) of int
        Nearest first; of equally near ones the first row stands first. A row is never its own neighbour.
    distances : ndarray (n, k) of float32
        Their distances.
    recall : float
        Share of the true nearest rows among those found: 1 for the exact search, else measured on a sample.
    """

    rows: np.ndarray
    distances: np.ndarray
    recall: float


def knn(
    vectors: Any,
    k: int,
    *,
    metric: Literal["cosine", "euclidean"] = "cosine",
    backend: Literal["auto", "exact", "faiss"] = "auto",
    n_jobs: int | None = None,
    show: bool | None = None,
) -> Neighbours:
    """The `k` nearest other rows of every row.

    The search runs on float32, in blocks: memory grows with ``n * k`` beside one copy of the vectors. The
    rows it finds are then sorted by distances computed in float64. Equal rows are neighbours at distance 0;
    where more rows are equally near than there is room (also if only equal to float32: squared distances within a
    ten-millionth of the largest), which of them are kept is open, but the same in every run and for every `n_jobs`.

    Parameters
    ----------
    vectors : array or sparse matrix (n, d)
        Finite numbers.
    k : int in [1, n - 1]
    metric : {"cosine", "euclidean"}, default "cosine"
        Cosine distance is ``1 - cosine``, from 0 to 2; a row of zeros is at distance 1 from every other row.
    backend : {"auto", "exact", "faiss"}, default "auto"
        ``exact`` compares all with all. ``faiss`` does so up to 50,000 rows; above, it looks into as many
        parts of the space as give a recall of at least 0.995 on a sample of rows (in random rows without structure
        that takes longer than comparing all, which is then done). ``auto`` takes faiss for dense tables of
        100,000 rows or more if it is installed.
    n_jobs : int, optional
        Threads; -1 for all cores.
    show : bool, optional
        Whether to show progress; by default where standard error is a terminal.

    Raises
    ------
    InputError
        For vectors that are no table of finite numbers, and `k` out of range.
    MissingPackage
        For ``backend="faiss"`` without faiss.

    Examples
    --------
    >>> near = knn([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]], 1)
    >>> near.rows.ravel(), near.distances.ravel().round(3)
    (array([1, 0, 1]), array([0.005, 0.005, 0.9  ], dtype=float32))
    """
    table = _check_vectors(vectors)
    n = table.shape[0]
    if not isinstance(k, int | np.integer) or not 1 <= k < n:
        raise InputError(
            f"k={k!r} neighbours of each of {n} rows: it must be a whole number from 1 to n - 1; ask for fewer"
        )
    if metric not in ("cosine", "euclidean"):
        raise InputError(f"metric={metric!r} must be 'cosine' or 'euclidean'")
    if backend not in ("auto", "exact", "faiss"):
        raise InputError(f"backend={backend!r} must be 'auto', 'exact' or 'faiss'")
    thin = sparse.issparse(table)
    if thin and backend == "faiss":
        raise InputError("backend='faiss' takes no sparse vectors; use backend='exact' or make them dense")
    if backend == "faiss":
        need("faiss", extra="knn", purpose="backend='faiss'")
    fast = backend == "faiss" or (
        backend == "auto" and not thin and n >= LARGE and find_spec("faiss") is not None
    )
    from labelwright.parts import nearest

    scaled, half, inverse = nearest.prepare(table, metric)
    with progress("finding neighbours", total=nearest.steps(scaled), show=show) as tick:
        search = nearest.approximate if fast else nearest.exact
        found = search(scaled, min(int(k) + SPARE, n - 1), half, n_jobs, tick)
    rows, distances = nearest.nearest_first(table, found.rows, int(k), inverse)
    return Neighbours(rows, distances, found.recall)


def affinity(
    near: Neighbours,
    kernel: Literal["matern12", "gaussian", "binary"] = "matern12",
    *,
    length_scale: float | Literal["median"] = "median",
) -> sparse.csr_matrix:
    """Symmetric weights in (0, 1] between neighbours: two rows are joined if either is a neighbour of the other.

    With distance d and length scale s, ``matern12`` is ``exp(-d / s)``, ``gaussian`` ``exp(-d d / (2 s s))``,
    ``binary`` 1.

    Parameters
    ----------
    near : Neighbours
        From `knn`.
    kernel : {"matern12", "gaussian", "binary"}, default "matern12"
    length_scale : float or "median", default "median"
        In units of the distance; ``"median"`` is the median of all positive distances to neighbours.

    Returns
    -------
    csr_matrix (n, n) of float32
        Nothing on the diagonal. Distances beyond about 100 length scales give no edge.

    Examples
    --------
    >>> near = knn([[0.0], [1.0], [3.0]], 1, metric="euclidean")
    >>> affinity(near, "gaussian", length_scale=1.0).toarray().round(3)
    array([[0.   , 0.607, 0.   ],
           [0.607, 0.   , 0.135],
           [0.   , 0.135, 0.   ]], dtype=float32)
    """
    n, k = near.rows.shape
    distances = near.distances.astype(np.float32, copy=False)
    if isinstance(length_scale, str):
        if length_scale != "median":
            raise InputError(f"length_scale={length_scale!r} must be a number above 0 or 'median'")
        positive = distances[distances > 0]
        length_scale = float(np.median(positive)) if len(positive) else 1.0
    if not (np.isfinite(length_scale) and length_scale > 0):
        raise InputError(f"length_scale={length_scale!r} must be a number above 0 or 'median'")
    scaled = distances / np.float32(length_scale)
    if kernel == "matern12":
        weights = np.exp(-scaled)
    elif kernel == "gaussian":
        weights = np.exp(-0.5 * scaled**2)
    elif kernel == "binary":
        weights = np.ones_like(scaled)
    else:
        raise InputError(f"kernel={kernel!r} must be 'matern12', 'gaussian' or 'binary'")
    directed = sparse.csr_matrix(
        (weights.ravel(), near.rows.ravel(), np.arange(0, n * k + 1, k)), shape=(n, n)
    )
    joined = directed.maximum(directed.T).tocsr()
    joined.eliminate_zeros()
    joined.sort_indices()
    return joined


def _check_vectors(vectors: Any) -> Any:
    thin = sparse.issparse(vectors)
    table: Any = vectors.tocsr() if thin else np.asarray(vectors)
    if table.ndim != 2 or table.dtype.kind not in "biuf":
        raise InputError(
            f"vectors have shape {table.shape} and dtype {table.dtype}, expected a table of numbers (items, features)"
        )
    entries: Any = table.data if thin else table
    bad = ~np.isfinite(entries)
    if bad.any():
        place = int(np.flatnonzero(bad)[0])
        row = np.searchsorted(table.indptr, place, side="right") - 1 if thin else place // table.shape[1]
        raise InputError(
            f"vectors hold {bad.sum()} missing or infinite numbers (first: row {row}); fill them first"
        )
    if entries.size and max(entries.max(), -entries.min(initial=0)) > LARGEST:
        raise InputError(
            f"vectors reach beyond {LARGEST:.0e}, where squares leave the range of floats; scale them first"
        )
    return table if table.dtype in (np.float32, np.float64) else table.astype(np.float64)


def similarities(rows: Any, vectors: Any) -> Iterator[tuple[slice, np.ndarray]]:
    """Cosines of `rows` (m, d) with all `vectors` (n, d), both of unit length, in blocks of rows: (slice, (b, n))."""
    step = max(1, BLOCK // max(1, vectors.shape[0]))
    turned = vectors.T.tocsr() if sparse.issparse(vectors) else vectors.T
    for start in range(0, rows.shape[0], step):
        part = rows[start : start + step] @ turned
        yield slice(start, start + part.shape[0]), part.toarray() if sparse.issparse(part) else part


def alike(vectors: Any, codes: np.ndarray, threshold: float, *, random_state: int = 0) -> np.ndarray:
    """Pairs of rows with different codes and a cosine of at least `threshold`.

    Random hyperplanes hash the rows so that pairs at the threshold meet in at least one of the tables with a
    chance of 0.98 (more alike ones more often); every pair that meets is then checked exactly.

    Parameters
    ----------
    vectors : array or sparse matrix (n, d)
        Rows of unit length; rows of zeros match nothing.
    codes : array (n,) of int
        Labels; negative ones are left out.
    threshold : float in (0, 1)

    Returns
    -------
    ndarray of (int, int, float) with fields ``row``, ``twin``, ``similarity``
        Each pair once, ``row < twin``, most alike first.

    Examples
    --------
    >>> alike(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), np.array([0, 1, 1]), 0.9).tolist()
    [(0, 1, 1.0)]
    """
    n, d = vectors.shape
    rng = np.random.default_rng(random_state)
    bits = int(np.clip(np.ceil(np.log2(max(n, 2))), 8, 24))
    meet = (1 - np.arccos(threshold) / np.pi) ** bits
    tables = int(np.clip(np.ceil(np.log(0.02) / np.log1p(-meet)), 1, 120))
    found = [np.empty((0, 2), dtype=np.int64)]
    powers = 1 << np.arange(bits, dtype=np.int64)
    for _ in range(tables):
        planes = rng.standard_normal((d, bits)).astype(np.float32)
        found.append(_different(((vectors @ planes) > 0) @ powers, codes))
    pairs = np.unique(np.concatenate(found), axis=0)
    cosine = _cosines(vectors, pairs)
    close = cosine >= threshold
    order = np.lexsort((pairs[close, 1], pairs[close, 0], -cosine[close]))
    result = np.empty(len(order), dtype=[("row", np.int64), ("twin", np.int64), ("similarity", np.float64)])
    result["row"], result["twin"] = pairs[close][order].T
    result["similarity"] = np.minimum(cosine[close][order], 1.0)
    return result


def _different(keys: np.ndarray, codes: np.ndarray, most: int = 64) -> np.ndarray:
    """Pairs with equal keys and different codes. Of a crowd of equal keys each row meets the next `most` only."""
    order = np.lexsort((codes, keys))
    order = order[codes[order] >= 0]
    found = []
    for step in range(1, most + 1):
        left, right = order[:-step], order[step:]
        same = keys[left] == keys[right]
        if not same.any():
            break
        pick = same & (codes[left] != codes[right])
        found.append(np.sort(np.column_stack([left[pick], right[pick]]), axis=1))
    return np.concatenate(found) if found else np.empty((0, 2), dtype=np.int64)


def _cosines(vectors: Any, pairs: np.ndarray, step: int = 100_000) -> np.ndarray:
    cosine = np.empty(len(pairs))
    for start in range(0, len(pairs), step):
        left, right = vectors[pairs[start : start + step, 0]], vectors[pairs[start : start + step, 1]]
        product = left.multiply(right) if sparse.issparse(vectors) else left * right
        cosine[start : start + step] = np.asarray(product.sum(axis=1)).ravel()
    return cosine
