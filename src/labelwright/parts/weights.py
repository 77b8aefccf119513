"""How much each item counts: scores (n,) -> (n,) in [0, 1]; the more doubtful an item, the less it weighs.

Scores are those of `parts.scores`, or losses: higher = more doubtful. Where nothing was told (score NaN, code -1) the
weight is 0. NumPy only: weights are facts about the data, and no gradient should flow through them; a tensor on the CPU
without a gradient goes in as it is.
"""

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError


def threshold(scores: ArrayLike, most: float) -> np.ndarray:
    """1 for items whose score is at most `most`, 0 for the others.

    Examples
    --------
    >>> threshold([0.1, 0.9, np.nan], most=0.5).tolist()
    [1.0, 0.0, 0.0]
    """
    return (_scores(scores) <= most).astype(np.float64)


def small_loss(scores: ArrayLike, keep: float, *, codes: ArrayLike | None = None) -> np.ndarray:
    """1 for the share `keep` of the items with the smallest scores, 0 for the others.

    The share is of the items with a score, rounded up, so that a small class keeps one; of equals the first are kept.

    Parameters
    ----------
    scores : array (n,)
    keep : float in [0, 1]
        Such as 1 - the rate of wrong labels (Co-teaching; Han et al., 2018).
    codes : array (n,) of int, optional
        Keep this share of each class instead of all together, where easy classes would crowd out hard ones. Items of
        code -1 weigh 0.

    Examples
    --------
    >>> small_loss([0.1, 0.9, 0.2, 0.3], keep=0.5).tolist()
    [1.0, 0.0, 1.0, 0.0]
    >>> small_loss([0.1, 0.9, 0.2, 0.3], keep=0.5, codes=[0, 1, 0, 1]).tolist()
    [1.0, 0.0, 0.0, 1.0]
    """
    if not 0 <= keep <= 1:
        raise InputError(f"keep={keep!r} must lie in [0, 1]: the share of items to keep")
    table = _scores(scores)
    groups = np.zeros(len(table), dtype=np.intp) if codes is None else _codes(codes, len(table))
    known = np.flatnonzero(~np.isnan(table) & (groups >= 0))
    order = known[np.lexsort((table[known], groups[known]))]
    size = np.bincount(groups[known])
    rank = np.arange(len(order)) - (np.cumsum(size) - size)[groups[order]]
    # 0.7 * 10 is a little above 7, and must not be rounded up to 8.
    kept = np.ceil(keep * size - 1e-9)
    weights = np.zeros(len(table))
    weights[order] = rank < kept[groups[order]]
    return weights


def soft_match(scores: ArrayLike, centre: float | None = None, spread: float | None = None) -> np.ndarray:
    """1 up to the centre, then falling like a bell: ``exp(-(score - centre) ** 2 / (2 spread ** 2))``.

    The truncated Gaussian of SoftMatch (Chen et al., 2023): no item is thrown away, and none needs a threshold.

    Parameters
    ----------
    scores : array (n,)
    centre, spread : float, default the mean and standard deviation of the scores
        In training pass running means. The authors' code uses half the standard deviation. A spread of 0 is
        `threshold`. An infinite score weighs 0.

    Examples
    --------
    >>> soft_match([0.1, 0.5, 0.9], centre=0.5, spread=0.4).round(3).tolist()
    [1.0, 1.0, 0.607]
    """
    table = _scores(scores)
    known = np.isfinite(table)
    if not known.any():
        return np.zeros(len(table))
    centre = float(table[known].mean()) if centre is None else centre
    spread = float(table[known].std()) if spread is None else spread
    if not spread >= 0:
        raise InputError(f"spread={spread!r} must be at least 0")
    beyond = np.where(known, table, centre) - centre
    # The mean of equal scores may lie a rounding error below them, and their spread is 0.
    beyond[beyond <= 1e-12 * abs(centre)] = 0
    with np.errstate(over="ignore"):
        return np.where(known, np.exp(-((beyond / max(spread, 1e-300)) ** 2) / 2), 0.0)


def importance(codes: ArrayLike, prior: ArrayLike, wanted: ArrayLike) -> np.ndarray:
    """Let a sample of one class balance stand for another: ``wanted[y] / prior[y]``, over the largest such ratio.

    Parameters
    ----------
    codes : array (n,) of int
        Class of each item; -1 weighs 0.
    prior, wanted : array (k,)
        Balance of the sample and of the population it stands for. The largest ratio is taken over the classes, so a
        batch is weighted as the whole would be; multiply by ``(wanted / prior).max()`` for ratios that average 1.

    Raises
    ------
    InputError
        When an item is of a class whose prior is 0, or outside the k classes.

    Examples
    --------
    >>> importance([0, 1, 1], prior=[0.25, 0.75], wanted=[0.5, 0.5]).round(3).tolist()
    [1.0, 0.333, 0.333]
    """
    old, new = np.asarray(prior, dtype=np.float64), np.asarray(wanted, dtype=np.float64)
    for name, share in (("prior", old), ("wanted", new)):
        if share.ndim != 1 or share.shape != old.shape or not (share >= 0).all():
            raise InputError(
                f"{name} has shape {share.shape}; prior and wanted need one share >= 0 per class"
            )
    places = _codes(codes, n_classes=len(old))
    lost = np.flatnonzero((places >= 0) & (old[places] == 0))
    if len(lost):
        raise InputError(
            f"{len(lost)} items are of a class with prior 0 (first: row {lost[0]}, class {places[lost[0]]}); "
            "count the prior from the same items, or drop them"
        )
    return _by_class(places, np.divide(new, old, out=np.zeros_like(old), where=old > 0))


def effective_number(codes: ArrayLike, beta: float = 0.999, n_classes: int | None = None) -> np.ndarray:
    """Let rare classes count more: ``(1 - beta) / (1 - beta ** items of the class)``, the rarest class 1.

    Class-balanced weights (Cui et al., 2019).

    Parameters
    ----------
    codes : array (n,) of int
        Class of each item; -1 weighs 0.
    beta : float in [0, 1], default 0.999
        0 weighs all alike, 1 weighs by one over the count.
    n_classes : int, optional
        Only to refuse codes that are no class.

    Departs from the paper: scaled to a maximum of 1, not to a sum of k.

    Examples
    --------
    >>> effective_number([0, 0, 1], beta=0.5).round(3).tolist()
    [0.667, 0.667, 1.0]
    """
    if not 0 <= beta <= 1:
        raise InputError(f"beta={beta!r} must lie in [0, 1]")
    places = _codes(codes, n_classes=n_classes)
    counts = np.bincount(places[places >= 0], minlength=1).astype(np.float64)
    if beta == 0:
        effective = np.minimum(counts, 1)
    elif beta == 1:
        effective = counts
    else:
        effective = -np.expm1(counts * np.log(beta))
    return _by_class(places, np.divide(1, effective, out=np.zeros_like(counts), where=counts > 0))


def _scores(scores: ArrayLike) -> np.ndarray:
    table = np.asarray(scores, dtype=np.float64)
    if table.ndim != 1:
        raise InputError(
            f"scores have shape {table.shape}, expected (items,); for tags pool them first (parts.pools)"
        )
    return table


def _codes(codes: ArrayLike, n: int | None = None, *, n_classes: int | None = None) -> np.ndarray:
    places = np.asarray(codes)
    if places.ndim != 1 or places.dtype.kind not in "iu" or (n is not None and len(places) != n):
        expected = "integers (items,)" if n is None else f"integers ({n},)"
        raise InputError(f"codes have shape {places.shape} and dtype {places.dtype}, expected {expected}")
    if n_classes is not None and (places >= n_classes).any():
        row = int(np.flatnonzero(places >= n_classes)[0])
        raise InputError(f"codes hold {places[row]} (row {row}), but there are only {n_classes} classes")
    return places.astype(np.intp, copy=False)


def _by_class(places: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Each item the weight of its class, over the largest; 0 for code -1."""
    scaled = np.append(weight / max(weight.max(initial=0), 1e-300), 0)
    return scaled[np.where(places < 0, len(weight), places)]
