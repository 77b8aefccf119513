"""Rows that stand in a table twice."""

from typing import Any, NamedTuple

import numpy as np

from labelwright.data.simulate.checks import Labels, coded
from labelwright.data.simulate.checks import rate as checked


class Duplicated(NamedTuple):
    """Rows with copies appended.

    Attributes
    ----------
    items, labels : array, or list where a list was given
    copy_of : int array
        The row each row repeats; a row that repeats nothing has its own number.
    """

    items: Any
    labels: np.ndarray
    copy_of: np.ndarray


def duplicate_rows(
    items: Any, labels: Labels, share: float, rng: np.random.Generator, *, conflict: float = 0.5
) -> Duplicated:
    """Append copies of random rows, some with another label than their original.

    Known exactly: which row each copy repeats, and the number of copies and of conflicts, which are not left to chance.

    Breaks: that rows are independent: a copy in a held-out fold has been seen.

    Parameters
    ----------
    items : list, array or sparse matrix, n rows
        Whatever is to be copied.
    labels : array-like (n,) or Exact
        Clean labels.
    share : float in [0, 1]
        Copies per row; nothing is copied twice.
    rng : numpy.random.Generator
    conflict : float in [0, 1], default 0.5
        Share of the copies whose label differs from the original's.

    Examples
    --------
    >>> duplicate_rows(["a", "b"], [0, 1], 1.0, np.random.default_rng(0), conflict=1.0).labels.tolist()
    [0, 1, 1, 0]
    """
    codes, classes, kind = coded(labels)
    n = len(codes)
    count = round(checked(share) * n)
    which = np.sort(rng.choice(n, count, replace=False))
    step = np.zeros(count, int)
    differ = rng.choice(count, round(checked(conflict) * count), replace=False)
    step[differ] = rng.integers(1, len(classes), len(differ))
    copied = classes[(codes[which] + step) % len(classes)].astype(kind)
    rows = np.concatenate([np.arange(n), which])
    more = [items[i] for i in rows] if isinstance(items, (list, tuple)) else items[rows]
    return Duplicated(more, np.concatenate([classes[codes].astype(kind), copied]), rows)
