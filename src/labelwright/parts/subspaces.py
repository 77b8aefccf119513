"""Orthonormal directions: what rows hold beside some of them, and more of them."""

import numpy as np

DEPENDENT = 1e-8  # a direction that keeps less of its length beside the others adds nothing to them


def beside(rows: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """What rows (n, D) hold outside the span of the orthonormal columns of `basis` (D, r): (n, D).

    Examples
    --------
    >>> beside(np.array([[3.0, 4.0]]), np.array([[1.0], [0.0]])).tolist()
    [[0.0, 4.0]]
    """
    return rows - (rows @ basis) @ basis.T


def extended(basis: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Columns of `basis` (D, r) and after them those of `directions` (D, m), made orthonormal one by one.

    A direction that lies in the span of those before it is left out, so that the result has at most D columns.

    Examples
    --------
    >>> start = np.array([[1.0], [0.0], [0.0]])
    >>> extended(start, np.array([[1.0, 2.0], [1.0, 2.0], [0.0, 0.0]])).round(3).tolist()
    [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
    """
    found = basis
    for direction in directions.T:
        length = np.linalg.norm(direction)
        if length == 0:
            continue
        left = direction / length
        for _ in range(2):  # once more, for what rounding left behind
            left = beside(left[None], found)[0]
        size = np.linalg.norm(left)
        if size > DEPENDENT:
            left = beside((left / size)[None], found)[0]
            found = np.column_stack([found, left / np.linalg.norm(left)])
    return found


def random_basis(dimensions: int, n_directions: int, rng: np.random.Generator) -> np.ndarray:
    """Orthonormal columns (D, d) without a preferred direction.

    Examples
    --------
    >>> basis = random_basis(5, 2, np.random.default_rng(0))
    >>> np.allclose(basis.T @ basis, np.eye(2))
    True
    """
    return extended(np.empty((dimensions, 0)), rng.normal(size=(dimensions, n_directions)))
