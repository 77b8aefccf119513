"""How common each class is: (probs, ...) -> (k,); of positives among partly labelled data, their share and more.

`classify_and_count` and `mean` need only a model's probabilities. `elkan_noto` and `best_bin` are for data in which
some positives are labelled and everything else is unlabelled (PU): a model of *labelled or not* gives the scores, and
what is wanted is how many positives hide among the rest. `degree` and `tempered` put balances on a line through that of
the source and its reverse.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError
from labelwright.evidence.checks import check_probs


class PositiveShare(NamedTuple):
    """What partly labelled positives say: the share of positives, and the chance that one of them is labelled.

    The two hang together: ``share * chance`` is the share of items that are labelled.
    """

    share: float
    chance: float


def classify_and_count(probs: ArrayLike) -> np.ndarray:
    """Count how often each class is the most probable: (n, k) -> (k,), sums to 1; ties are shared.

    Biased towards the balance the model was trained on, and the more the worse the model is; it is the naive
    rival of every other estimate.

    Raises
    ------
    InputError
        When there is no item, or `probs` hold no probabilities.

    Examples
    --------
    >>> classify_and_count([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.5, 0.5]]).tolist()
    [0.625, 0.375]
    """
    table = _table(probs)
    top = table == table.max(axis=1, keepdims=True)
    return (top / top.sum(axis=1, keepdims=True)).mean(axis=0)


def mean(probs: ArrayLike) -> np.ndarray:
    """Average the probabilities: (n, k) -> (k,), sums to 1 (probabilistic classify and count).

    Right where the model is calibrated on these very data; after a shift of the balance it stays between the old
    balance and the new one.

    Raises
    ------
    InputError
        When there is no item, or `probs` hold no probabilities.

    Examples
    --------
    >>> mean([[0.9, 0.1], [0.6, 0.4]]).round(2).tolist()
    [0.75, 0.25]
    """
    table = _table(probs)
    return (table / table.sum(axis=1, keepdims=True)).mean(axis=0)


def degree(priors: ArrayLike, source: ArrayLike) -> float:
    """How far a balance leans towards that of the source: 1 at the source, 0 at equal shares, -1 at its reverse.

    ``<clr(priors), clr(source)> / |clr(source)| ** 2``, with ``clr(p) = log p - mean(log p)``, cut off at 1.5 either
    way (for S014; the map is ours). The reverse has shares in proportion to ``1 / source``. A uniform source gives 0.

    Parameters
    ----------
    priors, source : array (k,)
        Above 0, sums of 1.

    Raises
    ------
    InputError
        When shares are 0 or less, or do not sum to 1.

    Examples
    --------
    >>> source = np.array([0.7, 0.2, 0.1])
    >>> [round(degree(tempered(source, t), source), 3) for t in (1, 0, -1, 0.5)]
    [1.0, 0.0, -1.0, 0.5]
    """
    here, there = (_centred(_shares(p, name)) for p, name in ((priors, "priors"), (source, "source")))
    if len(here) != len(there):
        raise InputError(f"priors hold {len(here)} shares and source {len(there)}; they must match")
    size = float(there @ there)
    return float(np.clip(here @ there / size, -1.5, 1.5)) if size > 1e-20 else 0.0


def tempered(source: ArrayLike, degree: ArrayLike) -> np.ndarray:
    """The balance on the line from the reverse of the source to the source: ``source ** degree``, normalised.

    Parameters
    ----------
    source : array (k,)
    degree : float or array (n,)
        1 is the source, 0 uniform, -1 the reverse.

    Returns
    -------
    ndarray (k,) or (n, k)

    Examples
    --------
    >>> tempered([0.8, 0.2], [1, 0, -1]).round(2).tolist()
    [[0.8, 0.2], [0.5, 0.5], [0.2, 0.8]]
    """
    logs = np.asarray(degree, dtype=float)[..., None] * np.log(_shares(source, "source"))
    found = np.exp(logs - logs.max(axis=-1, keepdims=True))
    return np.asarray(found / found.sum(axis=-1, keepdims=True))


def elkan_noto(probs: ArrayLike, labelled: ArrayLike) -> PositiveShare:
    """Share of positives from the mean probability of the labelled ones (Elkan and Noto, 2008).

    ``chance = mean of P(labelled | x) over the labelled``, ``share = share of labelled / chance``. Assumes that
    positives were labelled completely at random (SCAR), that the classes do not overlap (``P(positive | x) = 1`` for
    every positive), and that the probabilities are calibrated and out of fold. Where the classes overlap, or the
    model is shrunk or poor, the chance comes out too small and the share **too large**; probabilities of
    rows that the model was trained on err the other way.

    Parameters
    ----------
    probs : array (n,)
        Out-of-fold P(labelled | x) of all items.
    labelled : array (n,) of bool
        Which items are labelled positives.

    Returns
    -------
    PositiveShare
        The share lies between the share of labelled and 1.

    Raises
    ------
    InputError
        When shapes differ, probabilities lie outside [0, 1] or are NaN, or none or all items are labelled.

    Examples
    --------
    >>> elkan_noto([0.5, 0.5, 0.5, 0.5, 0.0, 0.0, 0.0, 0.0], [True, True, False, False] + [False] * 4)
    PositiveShare(share=0.5, chance=0.5)
    """
    scores, known = _scores(probs, labelled)
    if scores.min() < 0 or scores.max() > 1:
        row = int(np.flatnonzero((scores < 0) | (scores > 1))[0])
        raise InputError(
            f"probs lie outside [0, 1] (row {row} holds {scores[row]:.4g}); scores are for best_bin"
        )
    return _positives(known.mean() / max(scores[known].mean(), 1e-300), known)


def best_bin(
    scores: ArrayLike, labelled: ArrayLike, *, delta: float = 0.1, gamma: float = 0.01
) -> PositiveShare:
    """Share of positives from the purest top of the ranking: best bin estimation (Garg et al., 2021).

    Above a threshold where only positives stand, unlabelled items are as many times rarer than labelled ones (each
    relative to their own number) as positives are rare among the unlabelled. The threshold is the one at which
    that ratio of the upper tails, plus an upper confidence bound of its error, is least::

        ratio(t) = P(score >= t | unlabelled) / P(score >= t | labelled)
        bound(t) = (1 + gamma) / P(score >= t | labelled) * (sqrt(log(4 / delta) / 2u) + sqrt(log(4 / delta) / 2p))

    with u unlabelled and p labelled items. Assumes that positives were labelled completely at random (SCAR) and that
    **some** threshold has nearly only positives above it; the classes may overlap below, and scores need no
    calibration. Where there is no such threshold the share comes out too large.

    Parameters
    ----------
    scores : array (n,)
        Out-of-fold P(labelled | x), or anything that rises with it.
    labelled : array (n,) of bool
        Which items are labelled positives.
    delta : float in (0, 1), default 0.1
        Chance that the bound is allowed to fail.
    gamma : float >= 0, default 0.01

    Returns
    -------
    PositiveShare
        The share is that among all items, labelled ones included.

    Raises
    ------
    InputError
        When shapes differ, scores are NaN, none or all items are labelled, or an option is out of range.

    Examples
    --------
    >>> scores, labelled = np.tile([0.9, 0.9, 0.8, 0.1, 0.1], 40), np.tile([True, False, True, False, False], 40)
    >>> best_bin(scores, labelled).share  # a third of the 120 unlabelled score as the 80 labelled do
    0.6
    """
    values, known = _scores(scores, labelled)
    if not 0 < delta < 1 or not gamma >= 0:
        raise InputError(f"delta={delta!r} must lie in (0, 1) and gamma={gamma!r} must be at least 0")
    p, u = int(known.sum()), int((~known).sum())
    thresholds = np.unique(values[known])  # between two of them the higher is always better
    tail_p = 1 - np.searchsorted(np.sort(values[known]), thresholds) / p
    tail_u = 1 - np.searchsorted(np.sort(values[~known]), thresholds) / u
    width = np.sqrt(np.log(4 / delta) / 2) * (u**-0.5 + p**-0.5)
    best = np.argmin((tail_u + (1 + gamma) * width) / tail_p)
    hidden = min(1.0, tail_u[best] / tail_p[best])
    return _positives((p + hidden * u) / len(values), known)


def _positives(share: float, known: np.ndarray) -> PositiveShare:
    share = float(np.clip(share, known.mean(), 1.0))
    return PositiveShare(share, float(known.mean() / share))


def _shares(priors: ArrayLike, name: str) -> np.ndarray:
    shares = np.asarray(priors, dtype=np.float64)
    if shares.ndim != 1 or len(shares) < 2 or not np.isfinite(shares).all():
        raise InputError(f"{name} has shape {shares.shape}; expected (k,), a finite share of each class")
    if shares.min() <= 0:
        raise InputError(
            f"{name}[{shares.argmin()}] is {shares.min():g}; shares must be above 0, so smooth them first"
        )
    if abs(shares.sum() - 1) > 1e-3:
        raise InputError(f"{name} sums to {shares.sum():.4g}; shares sum to 1")
    return shares / shares.sum()


def _centred(shares: np.ndarray) -> np.ndarray:
    logs = np.log(shares)
    return np.asarray(logs - logs.mean())


def _table(probs: ArrayLike) -> np.ndarray:
    shape = np.shape(probs)
    if len(shape) != 2 or 0 in shape:
        raise InputError(f"probs have shape {shape}, expected (n, k) with at least one item and one class")
    return check_probs(probs, *shape).astype(np.float64)


def _scores(scores: ArrayLike, labelled: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    values, known = np.asarray(scores, dtype=np.float64), np.asarray(labelled)
    if values.ndim != 1 or values.shape != known.shape:
        raise InputError(
            f"scores have shape {values.shape} and labelled {known.shape}; expected (n,) both, the scores being "
            "P(labelled | x), one column of predict_proba"
        )
    if np.isnan(values).any():
        rows = np.flatnonzero(np.isnan(values))
        raise InputError(
            f"scores are NaN in {len(rows)} rows (first: row {rows[0]}); drop or fill those rows"
        )
    if not np.isin(known, (0, 1)).all():
        raise InputError("labelled must be true for labelled positives and false for all other items")
    known = known.astype(bool)
    if not known.any() or known.all():
        raise InputError(
            f"labelled marks {int(known.sum())} of {len(known)} items; both labelled positives and unlabelled items "
            "are needed"
        )
    return values, known
