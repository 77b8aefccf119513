"""How far raters agree beyond chance: counts (n, k) of what was said of each item -> a coefficient with an interval.

All coefficients are 1 where everybody agrees and 0 where agreement is what chance would give; below 0 there is less.
The intervals come from a bootstrap over items (`resample.bootstrap`), so they hold for items drawn alike from a larger
stock, judged by raters like these; where all agree on all items there is nothing to draw, and they are points.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from labelwright.errors import InputError
from labelwright.parts.resample import bootstrap

Scale = Literal["nominal", "ordinal", "interval", "ratio"]
Sums = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]  # sums (b, f) -> observed (b,), expected (b,)


class Agreement(NamedTuple):
    """A coefficient of agreement.

    Attributes
    ----------
    value : float
        At most 1; NaN where only one class was ever said, so that agreement by chance is certain.
    low, high : float
        Its bootstrap interval; NaN without draws.
    observed, expected : float
        Agreement that was seen, and by chance: ``value = (observed - expected) / (1 - expected)``. Of scales with
        distances, 1 minus the mean squared distance, which may be below 0.
    n : int
        Items that count: those with two votes or more.
    """

    value: float
    low: float
    high: float
    observed: float
    expected: float
    n: int


def krippendorff(
    counts: ArrayLike, *, scale: Scale = "nominal", values: ArrayLike | None = None, draws: int = 1000,
    level: float = 0.95, rng: np.random.Generator | None = None, show: bool | None = None,
) -> Agreement:  # fmt: skip
    """Krippendorff's alpha: agreement of any number of raters, some of whom may be silent on some items.

    ``alpha = 1 - D_o / D_e``, the mean squared distance of two votes about one item over that of any two votes
    (Krippendorff, 2004). An item with m votes counts m times; one with a single vote does not count.

    Parameters
    ----------
    counts : array (n, k) of int
        How many votes each class of each item has: `Votes.counts`. The order of the columns is the order of the
        classes on scales that have one.
    scale : {"nominal", "ordinal", "interval", "ratio"}, default "nominal"
        What differences mean: none are larger than others; those of ranks (by how many votes lie between); those of
        `values`; those of `values` in proportion to their sum.
    values : array (k,), optional
        What the classes stand for on the last two scales; by default 0 to k - 1.
    draws : int, default 1000
        Of the bootstrap; 0 for none.
    level : float in (0, 1), default 0.95
        Of the interval.
    rng : numpy.random.Generator, optional
        By default the same draws every time.
    show : bool, optional
        Whether to show the progress of the bootstrap; by default where standard error is a terminal.

    Raises
    ------
    InputError
        When no item has two votes, counts are negative or no whole numbers, or values do not fit.

    Examples
    --------
    >>> round(krippendorff([[2, 0], [2, 0], [1, 1], [0, 2]]).value, 3)
    0.533
    >>> krippendorff([[2, 0, 0], [0, 1, 1], [0, 0, 2]], scale="interval").value > 0.8
    True
    """
    table, k = _checked(counts), np.shape(counts)[1]
    table = table[table.sum(axis=1) >= 2]
    if scale not in ("nominal", "ordinal", "interval", "ratio"):
        raise InputError(f"scale={scale!r} must be 'nominal', 'ordinal', 'interval' or 'ratio'")
    if scale == "ordinal":
        return _bootstrap(table, _coincidences, _ordinal, len(table), draws, level, rng, show)
    squares = _distances(scale, k, values)

    def features(units: np.ndarray) -> np.ndarray:
        apart = ((units @ squares) * units).sum(axis=1) / (units.sum(axis=1) - 1)
        return np.column_stack([apart, units])

    def statistic(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        margins = sums[:, 1:]
        total = margins.sum(axis=1)
        apart = ((margins @ squares) * margins).sum(axis=1)
        return 1 - sums[:, 0] / total, 1 - apart / (total * (total - 1))

    return _bootstrap(table, features, statistic, len(table), draws, level, rng, show)


def fleiss(
    counts: ArrayLike, *, draws: int = 1000, level: float = 0.95, rng: np.random.Generator | None = None,
    show: bool | None = None,
) -> Agreement:  # fmt: skip
    """Fleiss' kappa: agreement of raters who need not be the same from item to item.

    ``(P - E) / (1 - E)`` with P the mean share of pairs of votes that agree and E the sum of squared shares of the
    classes (Fleiss, 1971). That asks for the same number of votes on every item. Where numbers differ, this is its
    generalised form (Gwet, 2014): items weigh the same whatever their votes, P is the mean over items with two votes
    or more, and shares of classes are means over items with at least one.

    Parameters, errors: as for `krippendorff`, without scales.

    Examples
    --------
    >>> round(fleiss([[2, 0], [2, 0], [1, 1], [0, 2]]).value, 3)
    0.467
    """
    table = _checked(counts)
    table = table[table.sum(axis=1) >= 1]

    def features(units: np.ndarray) -> np.ndarray:
        m = units.sum(axis=1)
        agree = ((units**2).sum(axis=1) - m) / np.maximum(m * (m - 1), 1)
        return np.column_stack([agree, m >= 2, units / m[:, None]])

    def statistic(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        shares = sums[:, 2:] / sums[:, 2:].sum(axis=1, keepdims=True)
        with np.errstate(invalid="ignore"):  # a draw without any item of two votes has no value
            return sums[:, 0] / sums[:, 1], (shares**2).sum(axis=1)

    paired = int((table.sum(axis=1) >= 2).sum())
    return _bootstrap(table, features, statistic, paired, draws, level, rng, show)


def cohen(
    first: ArrayLike, second: ArrayLike, *, weights: Literal["linear", "quadratic"] | None = None,
    n_classes: int | None = None, draws: int = 1000, level: float = 0.95, rng: np.random.Generator | None = None,
    show: bool | None = None,
) -> Agreement:  # fmt: skip
    """Cohen's kappa: agreement of two raters, each with shares of the classes of their own (Cohen, 1960).

    Parameters
    ----------
    first, second : int array (n,)
        Codes of the classes, -1 where a rater is silent; only items with both count.
    weights : {"linear", "quadratic"}, optional
        How much worse it is to be further apart (Cohen, 1968); by default all differences are alike. Codes must then
        stand in the order of the classes.
    n_classes : int, optional
        By default as many as the codes show. It matters to nothing but linear and quadratic weights' `observed` and
        `expected`, which are distances over the whole width of the scale.

    Other parameters, errors: as for `krippendorff`.

    Examples
    --------
    >>> round(cohen([0, 0, 1, 1, -1], [0, 0, 1, 0, 1]).value, 3)
    0.5
    """
    one, two = np.asarray(first), np.asarray(second)
    if one.ndim != 1 or one.shape != two.shape or one.dtype.kind not in "iu" or two.dtype.kind not in "iu":
        raise InputError(
            f"first and second are {one.dtype} {one.shape} and {two.dtype} {two.shape}, expected codes (n,) of the "
            "same items; encode(labels, classes) makes them of names"
        )
    k = int(max(one.max(initial=0), two.max(initial=0))) + 1
    if n_classes is not None and n_classes < k:
        raise InputError(f"a code is {k - 1}, but n_classes={n_classes} allows 0 to {n_classes - 1}")
    k = k if n_classes is None else n_classes
    apart = np.abs(np.subtract.outer(np.arange(k), np.arange(k))) / max(k - 1, 1)
    if weights not in (None, "linear", "quadratic"):
        raise InputError(f"weights={weights!r} must be None, 'linear' or 'quadratic'")
    agree = 1 - (apart > 0) if weights is None else 1 - apart ** (1 if weights == "linear" else 2)
    both = (one >= 0) & (two >= 0)
    cells = np.column_stack([one[both], two[both]])

    def features(pairs: np.ndarray) -> np.ndarray:
        codes = np.eye(k)
        return np.column_stack([agree[pairs[:, 0], pairs[:, 1]], codes[pairs[:, 0]], codes[pairs[:, 1]]])

    def statistic(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        total = sums[:, 1 : k + 1].sum(axis=1)
        chance = ((sums[:, 1 : k + 1] @ agree) * sums[:, k + 1 :]).sum(axis=1)
        return sums[:, 0] / total, chance / total**2

    return _bootstrap(cells, features, statistic, len(cells), draws, level, rng, show)


def _checked(counts: ArrayLike) -> np.ndarray:
    table = np.asarray(counts)
    if table.ndim != 2 or table.dtype.kind not in "iuf":
        raise InputError(
            f"counts have shape {table.shape} and dtype {table.dtype}, expected numbers of votes (n, k): one row per "
            "item, one column per class; Votes.counts is that"
        )
    wrong = np.flatnonzero((~np.isfinite(table) | (table < 0) | (table != np.floor(table))).any(axis=1))
    if len(wrong):
        raise InputError(
            f"counts of {len(wrong)} items are negative or no whole numbers (first: row {wrong[0]}, "
            f"{table[wrong[0]][:8].tolist()}); give how many votes each class has"
        )
    return table.astype(np.float64)


def _distances(scale: Scale, k: int, values: ArrayLike | None) -> np.ndarray:
    """Squared distances of the classes (k, k)."""
    if scale == "nominal":
        return 1 - np.eye(k)
    x = np.arange(k, dtype=float) if values is None else np.asarray(values)
    if x.dtype.kind not in "iuf" or x.shape != (k,) or not np.isfinite(x).all():
        raise InputError(
            f"values are {x.dtype} of shape {x.shape}, expected one finite number for each of {k} classes"
        )
    apart = np.subtract.outer(x, x)
    if scale == "interval":
        return apart**2
    if x.min() < 0:
        raise InputError(f"values hold {x.min():g}; a ratio scale starts at 0, so take scale='interval'")
    both = np.add.outer(x, x)
    return (apart / np.where(both > 0, both, 1)) ** 2


def _coincidences(units: np.ndarray) -> sparse.csr_matrix:
    """Pairs of votes about one item, over its votes less one: (u, k * k)."""
    u, k = units.shape
    rows, columns = np.nonzero(units)
    some = sparse.csr_matrix((units[rows, columns], (rows, columns)), shape=(u, k))
    per_row = np.diff(some.indptr)
    left = np.repeat(np.arange(some.nnz), per_row[rows])  # every told class of an item with every other of it
    offset = np.arange(len(left)) - np.repeat(np.cumsum(per_row[rows]) - per_row[rows], per_row[rows])
    right = some.indptr[rows[left]] + offset
    a, b = some.indices[left], some.indices[right]
    pairs = some.data[left] * (some.data[right] - (left == right)) / (units.sum(axis=1)[rows[left]] - 1)
    return sparse.csr_matrix((pairs, (rows[left], a * k + b)), shape=(u, k * k))


def _ordinal(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distances of ranks depend on the margins, so on the draw: squared differences of mean ranks (b, k)."""
    k = int(np.sqrt(sums.shape[1]))
    joint = sums.reshape(-1, k, k)
    margins = joint.sum(axis=2)
    total = margins.sum(axis=1)
    ranks = (np.cumsum(margins, axis=1) - margins / 2) / total[:, None]
    second, mean = (margins * ranks**2).sum(axis=1), (margins * ranks).sum(axis=1)
    apart = 2 * (second - np.einsum("bi,bij,bj->b", ranks, joint, ranks))
    return 1 - apart / total, 1 - 2 * (total * second - mean**2) / (total * (total - 1))


def _bootstrap(
    rows: np.ndarray, features: Callable[[np.ndarray], np.ndarray | sparse.csr_matrix], sums: Sums, n: int,
    draws: int, level: float, rng: np.random.Generator | None, show: bool | None,
) -> Agreement:  # fmt: skip
    """The coefficient of all items, and its interval."""
    if not n:
        raise InputError("no item has two votes; agreement needs items that several raters judged")
    if draws < 0 or not 0 < level < 1:
        raise InputError(f"draws={draws!r} must be at least 0 and level={level!r} between 0 and 1")
    units, unit, times = _different(rows)
    table = features(units)
    observed, expected = (float(x[0]) for x in sums(np.atleast_2d(times @ table)))

    def statistic(some: np.ndarray) -> np.ndarray:
        seen, chance = sums(some)
        room = 1 - chance
        known = room > 1e-12
        return np.where(known, 1 - (1 - seen) / np.where(known, room, 1), np.nan)

    rng = np.random.default_rng(0) if rng is None else rng
    found = bootstrap(table, unit, times, statistic, draws=draws, level=level, rng=rng, show=show)
    return Agreement(found.value, found.low, found.high, observed, expected, n)


def _different(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The different rows in order, which of them each row is, and how often each occurs.

    Rows of small counts are the digits of one number: sorting numbers takes a tenth of the time of sorting rows.
    """
    base, k = float(rows.max(initial=0)) + 1, rows.shape[1]
    if not (base**k < 2**62 and rows.min(initial=0) >= 0 and np.array_equal(rows, np.rint(rows))):
        units, unit, times = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
        return units, unit.ravel(), times
    digits = int(base) ** np.arange(k - 1, -1, -1)
    codes = rows.astype(np.int64) @ digits
    found, times = np.unique(codes, return_counts=True)
    return ((found[:, None] // digits) % int(base)).astype(rows.dtype), np.searchsorted(found, codes), times
