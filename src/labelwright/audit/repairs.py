"""After the judges: how precise their flags are, how many labels are wrong, and labels to train with (S090)."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from labelwright.audit.ensemble import Flags
from labelwright.audit.result import Estimate
from labelwright.errors import InputError
from labelwright.evidence import decode
from labelwright.evidence.classes import encode
from labelwright.parts.shares import clopper_pearson

DRAWS = 4000


class Bin(NamedTuple):
    """Flagged labels of like confidence.

    Attributes
    ----------
    low, high : float
        Confidence, from above `low` to `high`; the first bin holds `low` too.
    n : int
        Flagged labels in it.
    reviewed : int
        Those of which the truth is known.
    wrong : int
        Reviewed labels that were indeed wrong.
    corrected : int
        Reviewed labels of which the suggestion is the truth.
    precision : float
        Share of the reviewed that were wrong; NaN where none was.
    precision_low, precision_high : float
        Its 95 % interval (Clopper and Pearson).
    """

    low: float
    high: float
    n: int
    reviewed: int
    wrong: int
    corrected: int
    precision: float
    precision_low: float
    precision_high: float


def confidence_bins(
    flags: Flags, gold: ArrayLike | Mapping[int, Any] | None = None, bins: int | Sequence[float] = 5
) -> list[Bin]:
    """Count flags by how sure the judges were and, where the truth is known, how often they were right.

    Bins of equal width from the least possible confidence (1 / classes) to 1, whether anything falls into them or not:
    an empty bin says ``n=0`` and has no precision.

    Parameters
    ----------
    flags : Flags
    gold : array (n,), or mapping of row to label, optional
        True labels; None where not reviewed.
    bins : int, or increasing edges, default 5

    Returns
    -------
    list of Bin
        The least confident first.

    Examples
    --------
    >>> from labelwright.audit import FunctionJudge, JudgeEnsemble
    >>> judge = FunctionJudge(lambda items: [[p, 1 - p] for p in items], ["good", "bad"])
    >>> flags = JudgeEnsemble([judge]).flag([0.55, 0.95, 0.97], ["bad", "bad", "bad"])
    >>> [(b.n, b.precision) for b in confidence_bins(flags, ["bad", "good", "good"], bins=2)]
    [(1, 0.0), (2, 1.0)]
    """
    edges = _edges(bins, len(flags.classes))
    truth = _truth(flags, gold)
    place = _place(flags.confidence, edges)
    found = []
    for b in range(len(edges) - 1):
        here = flags.flagged & (place == b)
        seen = here & (truth >= 0)
        n, m = int(here.sum()), int(seen.sum())
        wrong = int((flags.given[seen] != truth[seen]).sum())
        right = int((flags.suggested[seen] == truth[seen]).sum())
        low, high = (float(end) for end in clopper_pearson(wrong, m))
        share = wrong / m if m else np.nan
        found.append(Bin(float(edges[b]), float(edges[b + 1]), n, m, wrong, right, share, low, high))
    return found


def review_sample(
    flags: Flags, each: int, *, bins: int | Sequence[float] = 5, random_state: int = 0
) -> np.ndarray:
    """Rows to review: so many of each bin of the flagged, and as many of those not flagged; shuffled.

    Shuffled and without what the judges said, so that a reviewer cannot tell which rows were flagged.

    Parameters
    ----------
    flags : Flags
    each : int
        Rows of each bin; all of them where it has fewer.
    bins : int or increasing edges, default 5
    random_state : int, default 0

    Examples
    --------
    >>> from labelwright.audit import FunctionJudge, JudgeEnsemble
    >>> judge = FunctionJudge(lambda items: [[p, 1 - p] for p in items], ["good", "bad"])
    >>> flags = JudgeEnsemble([judge]).flag([0.55, 0.95, 0.97, 0.1], ["bad"] * 4)
    >>> review_sample(flags, 1, bins=2).shape
    (3,)
    """
    if each < 1:
        raise InputError(f"each={each!r} must be at least 1")
    rng = np.random.default_rng(random_state)
    strata = _strata(flags, bins)
    some = [
        rng.permutation(np.flatnonzero(strata == s))[:each] for s in np.unique(strata[strata >= 0]).tolist()
    ]
    return rng.permutation(np.concatenate(some)) if some else np.array([], dtype=np.intp)


def estimate_error_rate(
    flags: Flags,
    reviewed: ArrayLike | Mapping[int, Any],
    *,
    bins: int | Sequence[float] = 5,
    random_state: int = 0,
) -> Estimate:
    """Share of the given labels that are wrong, from a review of some rows of every bin and of rows not flagged.

    Each bin, and all rows that were not flagged, are a stratum; its errors are those seen and as many of the rest as a
    draw says. Draws are from Jeffreys' posterior of the stratum's rate, so a stratum without a known error is not taken
    for free of errors.

    Parameters
    ----------
    flags : Flags
    reviewed : mapping of row to true label, or array (n,) with None where not reviewed
    bins : int or increasing edges, default 5
    random_state : int, default 0

    Returns
    -------
    Estimate
        With a 95 % interval.

    Raises
    ------
    InputError
        When a bin, or the rows not flagged, holds rows but none of them was reviewed.

    Departs from the paper: the stratified bootstrap draws rates from Jeffreys' posterior in place of resampled reviews,
    for these never leave 0 where no error was seen; rows not flagged are a stratum too.

    Examples
    --------
    >>> from labelwright.audit import FunctionJudge, JudgeEnsemble
    >>> judge = FunctionJudge(lambda items: [[p, 1 - p] for p in items], ["good", "bad"])
    >>> flags = JudgeEnsemble([judge]).flag([0.9] * 4 + [0.1] * 96, ["bad"] * 100)
    >>> rate = estimate_error_rate(flags, {0: "good", 1: "good", 50: "bad", 51: "bad", 52: "bad"})
    >>> round(rate.value, 3), rate.low < 0.05 < rate.high
    (0.04, True)
    """
    rng = np.random.default_rng(random_state)
    truth = _truth(flags, reviewed)
    strata = _strata(flags, bins)
    total = int((strata >= 0).sum())
    if not total:
        raise InputError("flags holds no labelled row; there is no rate to estimate")
    value, draws, unseen = 0.0, np.zeros(DRAWS), []
    for s in np.unique(strata[strata >= 0]).tolist():
        here = strata == s
        seen = here & (truth >= 0)
        size, m = int(here.sum()), int(seen.sum())
        if not m:
            unseen.append((s, size))
            continue
        wrong = int((flags.given[seen] != truth[seen]).sum())
        value += size * wrong / m
        rate = rng.beta(wrong + 0.5, m - wrong + 0.5, DRAWS)
        draws += wrong + rng.binomial(size - m, rate)
    if unseen:
        edges = _edges(bins, len(flags.classes))
        s, size = unseen[0]
        where = (
            "rows not flagged" if s == 0 else f"flags with confidence {edges[s - 1]:.2f} to {edges[s]:.2f}"
        )
        raise InputError(
            f"reviewed holds none of the {size} {where}; review some of every bin and of the rows not flagged "
            "(review_sample draws them), or take fewer bins"
        )
    low, high = np.quantile(draws / total, [0.025, 0.975])
    value /= total
    return Estimate(float(value), float(min(low, value)), float(max(high, value)))


class Repaired(NamedTuple):
    """Labels to train with.

    Attributes
    ----------
    labels : ndarray (n,) of object
        None where there was none.
    kept : ndarray of int
        Rows to train on.
    weights : ndarray (n,)
        Weight of each row, 0 for those not kept.
    changed : int
        Rows that were dropped, changed or weighed down.
    """

    labels: np.ndarray
    kept: np.ndarray
    weights: np.ndarray
    changed: int


def repair(
    flags: Flags, mode: Literal["filter", "flip", "weight"] = "filter", threshold: float = 0.5
) -> Repaired:
    """Drop, change or weigh down the labels that judges contradict with at least `threshold`.

    Parameters
    ----------
    flags : Flags
    mode : {"filter", "flip", "weight"}, default "filter"
        Leave the row out; put the suggested label in its place; or weigh it by the probability that the judges leave
        the given label, over that of the suggested one.
    threshold : float in [0, 1], default 0.5
        The paper tries 0.5 to 0.95.

    Examples
    --------
    >>> from labelwright.audit import FunctionJudge, JudgeEnsemble
    >>> judge = FunctionJudge(lambda items: [[p, 1 - p] for p in items], ["good", "bad"])
    >>> flags = JudgeEnsemble([judge]).flag([0.6, 0.9], ["bad", "bad"])
    >>> repair(flags, "flip", 0.8).labels.tolist(), repair(flags, "filter", 0.8).kept.tolist()
    (['bad', 'good'], [0])
    """
    if mode not in ("filter", "flip", "weight"):
        raise InputError(f"mode={mode!r} must be 'filter', 'flip' or 'weight'")
    if not 0 <= threshold <= 1:
        raise InputError(f"threshold={threshold!r} must lie in [0, 1]; it is a probability")
    change = flags.flagged & (flags.confidence >= threshold)
    codes = np.where(change, flags.suggested, flags.given) if mode == "flip" else flags.given
    weights = (flags.given >= 0).astype(float)
    if mode == "filter":
        weights[change] = 0.0
    if mode == "weight":
        weights[change] = flags.probs[change, flags.given[change]] / flags.confidence[change]
    return Repaired(decode(codes, flags.classes), np.flatnonzero(weights > 0), weights, int(change.sum()))


def _edges(bins: int | Sequence[float], k: int) -> np.ndarray:
    if isinstance(bins, (int, np.integer)) and not isinstance(bins, bool):
        if bins < 1:
            raise InputError(f"bins={bins!r} must be at least 1")
        return np.linspace(1 / k, 1, int(bins) + 1)
    edges = np.asarray(bins, dtype=float).ravel()
    if len(edges) < 2 or (np.diff(edges) <= 0).any() or edges[0] < 0 or edges[-1] < 1:
        raise InputError(
            f"bins={edges.tolist()} must be a number, or edges that increase from 0 or more to 1"
        )
    return edges


def _place(confidence: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Bin of each row; what lies below the first edge is -1."""
    place = np.searchsorted(edges, confidence - 1e-12, side="left") - 1
    return np.where((place < 0) & (confidence >= edges[0] - 1e-9), 0, np.minimum(place, len(edges) - 2))


def _strata(flags: Flags, bins: int | Sequence[float]) -> np.ndarray:
    """0 for rows not flagged, 1, 2, ... for bins of the flagged, -1 without a label."""
    place = np.maximum(_place(flags.confidence, _edges(bins, len(flags.classes))), 0)
    return np.where(flags.given < 0, -1, np.where(flags.flagged, place + 1, 0))


def _truth(flags: Flags, gold: ArrayLike | Mapping[int, Any] | None) -> np.ndarray:
    """Codes of the true labels (n,), -1 where not known; labels that no judge knows come after the classes."""
    labels: Any
    if gold is None:
        return np.full(len(flags), -1)
    if isinstance(gold, Mapping):
        rows = list(gold)
        strange = [r for r in rows if not isinstance(r, (int, np.integer)) or not 0 <= r < len(flags)]
        if strange:
            raise InputError(f"reviewed names row {strange[0]!r}; rows are 0 to {len(flags) - 1}")
        labels = np.full(len(flags), None, dtype=object)
        for row in rows:
            labels[int(row)] = gold[row]
    else:
        labels = gold
    known = flags.classes.tolist()
    found, names = encode(labels)
    if len(found) != len(flags):
        raise InputError(f"gold has {len(found)} labels for {len(flags)} flags; they must match")
    others = [c for c in names.tolist() if c not in known]
    order = {c: i for i, c in enumerate([*known, *others])}
    code = np.array([order[c] for c in names.tolist()] + [-1])
    return code[found]
