"""Is this a table of probabilities?"""

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError

TOLERANCE = 1e-2


def check_table(probs: ArrayLike, n: int, k: int, *, name: str = "probs") -> np.ndarray:
    """Return `probs` as a float array (n, k) of values in [0, 1]; say what is wrong otherwise."""
    table = np.asarray(probs)
    if table.dtype.kind not in "fiub":
        raise InputError(f"{name} hold {table.dtype} values, expected numbers in [0, 1]")
    if table.dtype.kind != "f":
        table = table.astype(np.float64)
    if table.ndim != 2 or table.shape != (n, k):
        raise InputError(
            f"{name} have shape {table.shape}, expected ({n}, {k}): one row per item, one column per class"
        )
    if table.size == 0:
        return table
    low, high = table.min(), table.max()  # NaN propagates through both
    if np.isnan(low) or np.isnan(high):
        rows = np.flatnonzero(np.isnan(table).any(axis=1))
        raise InputError(
            f"{name} are NaN in {len(rows)} rows (first: row {rows[0]}); drop or fill those rows"
        )
    if low < 0 or high > 1 + TOLERANCE:
        row = int(np.flatnonzero(((table < 0) | (table > 1 + TOLERANCE)).any(axis=1))[0])
        raise InputError(
            f"{name} lie outside [0, 1] (row {row} holds {table[row].min():.4g} to {table[row].max():.4g}); "
            "if these are logits, pass their softmax"
        )
    return table


def check_probs(probs: ArrayLike, n: int, k: int, *, name: str = "probs") -> np.ndarray:
    """Return `probs` as a float array (n, k) whose rows sum to 1 within 0.01; say what is wrong otherwise."""
    table = check_table(probs, n, k, name=name)
    off = np.abs(table.sum(axis=1) - 1)
    if off.size and off.max() > TOLERANCE:
        row = int(np.flatnonzero(off > TOLERANCE)[0])
        raise InputError(
            f"{name} do not sum to 1 in {int((off > TOLERANCE).sum())} rows (first: row {row} sums to "
            f"{table[row].sum():.4g}); normalise them, or use Marks(...) if an item can have several labels"
        )
    return table
