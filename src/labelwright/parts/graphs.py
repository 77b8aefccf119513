"""Who is near whom: exact cosine neighbours in blocks, and pairs of nearly equal rows by hashing."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import sparse

BLOCK = 4_000_000  # similarities held at once


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
