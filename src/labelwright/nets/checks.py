"""Arrays that a net can take: items, targets, weights and groups."""

import warnings
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from labelwright.errors import InputError

BLOCK = 1 << 16  # rows looked at at once


def as_items(X: Any) -> Tensor:
    """Return X as a tensor of float32 (measurements) or int64 (ids), without a copy where it has that type.

    Parameters
    ----------
    X : array or Tensor (n, ...)
        Memory-mapped arrays of float32 stay on disk.

    Raises
    ------
    InputError
        When it holds anything but finite numbers, or pixels as bytes, which would be taken for ids.

    Examples
    --------
    >>> as_items(np.zeros((2, 3))).dtype, as_items([3, 1]).dtype
    (torch.float32, torch.int64)
    """
    if not isinstance(X, Tensor):
        if hasattr(X, "toarray"):
            raise InputError(
                "X is a sparse matrix, and nets take arrays; give X.toarray(), or fewer features"
            )
        table = np.asarray(X)
        if table.dtype.kind not in "fiub":
            raise InputError(
                f"X holds {table.dtype} values, expected numbers (for texts see nets.WordTokens)"
            )
        if table.ndim:
            X = _shared(table)
    if np.ndim(X) == 0:
        raise InputError("X is a single number, expected one row per item")
    if X.dtype == torch.uint8:
        raise InputError("X holds bytes; scale pixels first: X.astype('float32') / 255")
    if not X.is_floating_point() and X.dtype != torch.bool:
        return X.to(torch.int64)
    X = X.to(torch.float32)
    for start in range(0, len(X), BLOCK):
        fine = torch.isfinite(X[start : start + BLOCK].reshape(min(BLOCK, len(X) - start), -1)).all(dim=1)
        if not fine.all():
            row = start + int((~fine).nonzero()[0])
            raise InputError(f"X is not finite in row {row}; drop or fill such rows")
    return X


def as_targets(targets: ArrayLike, n: int) -> np.ndarray:
    """Targets (n, k) of float32; NaN goes through, since some losses take it for unknown.

    Examples
    --------
    >>> as_targets([[1, 0]], 1)
    array([[1., 0.]], dtype=float32)
    """
    table = np.asarray(targets, dtype=np.float32)
    if table.ndim != 2 or len(table) != n:
        raise InputError(
            f"targets have shape {table.shape}, expected ({n}, classes): a row of probabilities for each item"
        )
    return table


def as_weights(weights: ArrayLike | None, n: int) -> np.ndarray:
    """Weights (n,) of float32 that average 1 over the rows that have any; without weights all are 1.

    Examples
    --------
    >>> as_weights([0, 1, 3], 3).tolist()
    [0.0, 0.5, 1.5]
    """
    found = np.ones(n) if weights is None else np.asarray(weights, dtype=np.float64)
    if found.shape != (n,):
        raise InputError(f"weights have shape {found.shape}, expected ({n},)")
    wrong = np.flatnonzero(~(np.isfinite(found) & (found >= 0)))
    if len(wrong):
        raise InputError(f"weights[{wrong[0]}] is {found[wrong[0]]}, expected a finite number of at least 0")
    if not found.any():
        raise InputError(f"all {n} weights are 0, so there is nothing to learn from; leave at least one row")
    return (found / found[found > 0].mean()).astype(np.float32)


def as_groups(groups: ArrayLike | None, n: int) -> np.ndarray | None:
    """Groups (n,) of int64, or None.

    Examples
    --------
    >>> as_groups([4, 4, -1], 3).tolist()
    [4, 4, -1]
    """
    if groups is None:
        return None
    found = np.asarray(groups)
    if found.shape != (n,) or found.dtype.kind not in "iu":
        raise InputError(
            f"groups have shape {found.shape} and dtype {found.dtype}, expected ({n},) whole numbers; "
            "for names use numpy.unique(groups, return_inverse=True)[1]"
        )
    return found.astype(np.int64)


def _shared(table: np.ndarray) -> Tensor:
    with warnings.catch_warnings():  # nothing here writes into the array
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(np.ascontiguousarray(table))
