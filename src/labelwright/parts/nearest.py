"""Search for the nearest rows: exact by tiles of the similarity matrix, approximate by faiss.

Both find rows by the largest score: the inner product of rows of unit length (cosine), or ``a b - (a a + b b) / 2``
(half the negative squared distance).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from scipy import sparse
from threadpoolctl import threadpool_limits

from labelwright.parts.graph_kernels import keep_both, keep_rows

GATHERED = 2_000_000  # numbers gathered at once to measure distances
ROUNDING = 1e-14
TILE = 512  # a tile of float32 similarities then fits the cache of one core
FLAT = 50_000  # rows up to which faiss compares all with all
ASKED = 256  # rows the recall of the approximate search is measured on
WANTED = 0.995
MOST = 20  # visiting more than this part of the lists takes longer than comparing all with all


class Found(NamedTuple):
    """Rows found and the share of the true nearest ones among them."""

    rows: np.ndarray
    recall: float


def prepare(table: Any, metric: str) -> tuple[Any, np.ndarray | None, np.ndarray | None]:
    """Rows in float32 to search by, half their squared lengths (Euclidean), and one over the lengths (cosine)."""
    largest = abs(table).max() if min(table.shape) else 0
    scale = float(largest) or 1.0  # in float32 the squares of small numbers would vanish
    thin = sparse.issparse(table)
    if metric == "cosine":
        lengths = np.sqrt(_squares(table))
        inverse = np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)
        unit = (
            (sparse.diags(inverse) @ table).tocsr() if thin else table * inverse[:, None].astype(table.dtype)
        )
        return unit.astype(np.float32, copy=False), None, inverse
    # Half a squared distance is a difference of products; around the mean it loses fewest digits.
    moved = (
        table / scale if thin else (table - table.mean(axis=0, dtype=np.float64).astype(table.dtype)) / scale
    )
    rows = moved.astype(np.float32, copy=False)
    return rows, (0.5 * _squares(rows)).astype(np.float32), None


def steps(rows: Any) -> int:
    """How often `exact` calls `tick`."""
    return -(-rows.shape[0] // _size(rows))


def nearest_first(
    table: Any, found: np.ndarray, k: int, inverse: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """The first `k` of the rows found, sorted by the distance in float64, and the distances in float32."""
    n, m = found.shape
    thin = sparse.issparse(table)
    index, distances = np.empty((n, k), dtype=np.int64), np.empty((n, k), dtype=np.float32)
    step = max(1, GATHERED // (m * max(1, 1 if thin else table.shape[1])))
    for start in range(0, n, step):
        others = np.sort(found[start : start + step], axis=1)
        mine = np.repeat(np.arange(start, start + len(others)), m)
        squares = _square_distances(table, mine, others.ravel(), inverse).reshape(others.shape)
        near = np.sqrt(squares) if inverse is None else squares / 2
        if (
            inverse is not None
        ):  # a row of zeros has no direction; by convention its cosine with all others is 0
            near[(inverse[start : start + step] == 0)[:, None] | (inverse[others] == 0)] = 1
        near[near < ROUNDING] = 0
        order = np.argsort(near, axis=1, kind="stable")[:, :k]
        index[start : start + step] = np.take_along_axis(others, order, axis=1)
        distances[start : start + step] = np.take_along_axis(near, order, axis=1)
    return index, distances


def _square_distances(
    table: Any, left: np.ndarray, right: np.ndarray, inverse: np.ndarray | None
) -> np.ndarray:
    """Squared distances of pairs of rows, in float64, after scaling rows by `inverse`."""

    def rows(places: np.ndarray) -> Any:
        part = table[places].astype(np.float64)
        if inverse is None:
            return part
        return sparse.diags(inverse[places]) @ part if sparse.issparse(part) else part * inverse[places, None]

    return _squares(rows(left) - rows(right))


def _squares(rows: Any) -> np.ndarray:
    """Squared lengths of rows, in float64."""
    if sparse.issparse(rows):
        return np.asarray(rows.astype(np.float64).power(2).sum(axis=1)).ravel()
    return np.einsum("nd,nd->n", rows, rows, dtype=np.float64)


def _size(rows: Any) -> int:
    # Sparse products cost by the tile more than by the entry.
    return 4 * TILE if sparse.issparse(rows) else TILE


def exact(
    vectors: Any, k: int, half: np.ndarray | None, n_jobs: int | None, tick: Callable[..., None]
) -> Found:
    """The `k` rows of largest score for every row, itself left out, in no order.

    Every tile of the similarity matrix is computed once and read both ways. The tiles ``(i, j)`` with the same
    ``i + j`` share no rows, so they may run at once without changing the result.

    Parameters
    ----------
    vectors : float32 array or csr matrix (n, d)
    k : int
    half : float32 array (n,), optional
        Half the squared length of each row, for the Euclidean score.
    n_jobs : int, optional
        Threads.
    tick : callable
        Is called after every block of rows.
    """
    n = vectors.shape[0]
    thin = sparse.issparse(vectors)
    size = _size(vectors)
    starts = range(0, n, size)
    parts = [vectors[s : s + size] for s in starts]
    turned = [part.T.tocsr() if thin else part.T for part in parts]
    scores = np.full((n, k), -np.inf, dtype=np.float32)
    index = np.zeros((n, k), dtype=np.int64)

    def tile(i: int, j: int) -> None:
        product = parts[i] @ turned[j]
        product = product.toarray() if thin else product
        rows, columns = slice(starts[i], starts[i] + size), slice(starts[j], starts[j] + size)
        if half is not None:
            product -= half[rows, None]
            product -= half[columns]
        if i == j:
            np.fill_diagonal(product, -np.inf)
            keep_rows(product, starts[j], scores[rows], index[rows])
        else:
            keep_both(
                product, starts[i], starts[j], scores[rows], index[rows], scores[columns], index[columns]
            )

    blocks = len(parts)
    with threadpool_limits(1), Parallel(n_jobs=n_jobs, prefer="threads") as pool:
        for total in range(blocks):
            pairs = [(i, (total - i) % blocks) for i in range(blocks)]
            pool(delayed(tile)(i, j) for i, j in pairs if i <= j)
            tick()
    return Found(index, 1.0)


def approximate(
    vectors: np.ndarray, k: int, half: np.ndarray | None, n_jobs: int | None, tick: Callable[..., None]
) -> Found:
    """The same by faiss: all with all up to 50,000 rows, above that an inverted file.

    The inverted file visits as many lists as give a recall of 0.995 on a sample of rows; the recall stated is
    that of the sample. Rows without structure need so many lists that `exact` is faster; it is then taken.
    """
    import faiss

    n, d = vectors.shape
    measure = faiss.METRIC_INNER_PRODUCT if half is None else faiss.METRIC_L2
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(effective_n_jobs(n_jobs))
    try:
        flat = faiss.IndexFlat(d, measure)
        if n <= FLAT:
            flat.add(vectors)
            return Found(_others(flat.search(vectors, k + 1)[1], np.arange(n)), 1.0)
        lists = int(4 * np.sqrt(n))
        index = faiss.IndexIVFFlat(flat, d, lists, measure)
        index.train(vectors[:: max(1, n // (40 * lists))])
        index.add(vectors)
        recall = _open(index, vectors, k, half, most=lists // MOST)
        if recall < WANTED:
            return exact(vectors, k, half, n_jobs, tick)
        found = index.search(vectors, k + 1)[1]
        short = np.flatnonzero((found < 0).any(axis=1))  # their lists hold fewer rows than were asked for
        if len(short):
            index.nprobe = lists
            found[short] = index.search(np.ascontiguousarray(vectors[short]), k + 1)[1]
        return Found(_others(found, np.arange(n)), recall)
    finally:
        faiss.omp_set_num_threads(threads)


def _open(index: Any, vectors: np.ndarray, k: int, half: np.ndarray | None, most: int) -> float:
    """Let the index visit more lists until a sample finds what it should, at most `most`; return its recall."""
    asked = np.random.default_rng(0).choice(len(vectors), ASKED, replace=False)
    truth = _brute(vectors, asked, k, half)
    index.nprobe = 4
    while True:
        found = _others(index.search(np.ascontiguousarray(vectors[asked]), k + 1)[1], asked)
        recall = float(np.mean([np.isin(t, f).mean() for t, f in zip(truth, found)]))
        if recall >= WANTED or index.nprobe >= most:
            return recall
        index.nprobe = min(most, 1 + index.nprobe * 3 // 2)


def _others(found: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """What was found for `rows` (m,) without the rows themselves: (m, k + 1) -> (m, k)."""
    own = found == rows[:, None]
    own[~own.any(axis=1), -1] = True  # more copies of a row than were asked for: the last one goes
    return found[~own].reshape(len(found), -1)


def _brute(vectors: np.ndarray, rows: np.ndarray, k: int, half: np.ndarray | None) -> np.ndarray:
    """The true nearest rows of a few."""
    scores = np.full((len(rows), k), -np.inf, dtype=np.float32)
    index = np.zeros((len(rows), k), dtype=np.int64)
    for start in range(0, len(vectors), 16 * TILE):
        part = slice(start, start + 16 * TILE)
        tile = vectors[rows] @ vectors[part].T
        if half is not None:
            tile -= half[part]
        inside = np.flatnonzero((rows >= start) & (rows < start + tile.shape[1]))
        tile[inside, rows[inside] - start] = -np.inf
        keep_rows(tile, start, scores, index)
    return index
