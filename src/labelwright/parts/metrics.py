"""How good probabilities are, given what was told: (probs, told) -> float. Rows of which nothing was told are left out.

Lower is better for errors, losses and risks, higher for `precision_at` and `ndcg_at`. Ties count as if they were
broken at random, on average, so neither the order of the items nor of the classes matters. What scikit-learn
measures on labels alone (ROC curves, average precision, F1) is not repeated here.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError
from labelwright.evidence import Evidence, Exact, Marks, Soft, as_evidence
from labelwright.evidence.checks import check_probs, check_table

Told = Evidence | ArrayLike

LEAST = np.finfo(np.float64).eps  # a probability of 0 costs 36 nats, not infinitely many


def expected_calibration_error(
    probs: ArrayLike, told: Told, bins: int = 15, *, adaptive: bool = True
) -> float:
    """How far the model's sureness of its first choice is from how often that choice is right.

    ``sum over bins of share * |accuracy - mean top probability|`` (Naeini et al., 2015), 0 to 1. With few items a
    bin it lies above the truth even for a calibrated model: about ``0.4 * sqrt(bins / n)`` at an accuracy of one
    half, less for better models.

    Parameters
    ----------
    probs : array (n, k)
    told : array (n,), `Exact` or `Soft`
        Of `Soft` every row counts, and the told chance of the first choice as its share of right answers.
    bins : int, default 15
    adaptive : bool, default True
        Bins of equally many items; items of the same top probability stay together, so there may be fewer bins.
        Otherwise bins of equal width (Guo et al., 2017), closed above.

    Raises
    ------
    InputError
        When nothing was told, or what was told is no label (tags, candidates, votes).

    Examples
    --------
    >>> round(expected_calibration_error([[0.9, 0.1]] * 10, [0] * 8 + [1] * 2), 3)
    0.1
    """
    table, targets = _labelled(probs, told)
    top = table == table.max(axis=1, keepdims=True)
    right = (targets * top).sum(axis=1) / top.sum(axis=1)
    return _gap(table.max(axis=1), right, bins, adaptive)


def classwise_calibration_error(
    probs: ArrayLike, told: Told, bins: int = 15, *, adaptive: bool = True
) -> float:
    """How far the probability of a class is from how often the class is true, on average over the classes.

    ``mean over classes of sum over bins of share * |how often true - mean probability|`` (Kull et al., 2019), 0 to 1.
    Other than `expected_calibration_error` it sees second choices, and with many classes it is small for
    every model, most probabilities being near 0.

    Parameters, errors: as for `expected_calibration_error`; bins are made for each class.

    Examples
    --------
    >>> round(classwise_calibration_error([[0.9, 0.1]] * 10, [0] * 8 + [1] * 2), 3)
    0.1
    """
    table, targets = _labelled(probs, told)
    gaps = [_gap(column, wanted, bins, adaptive) for column, wanted in zip(table.T, targets.T)]
    return sum(gaps) / len(gaps)


def brier(probs: ArrayLike, told: Told) -> float:
    """Mean squared distance between probabilities and labels, summed over the classes: 0 to 2 (Brier, 1950).

    For two classes twice the binary score of scikit-learn. `Soft` labels are taken as they are.

    Parameters, errors: as for `expected_calibration_error`.

    Examples
    --------
    >>> brier([[0.5, 0.5], [1.0, 0.0]], [0, 0])
    0.25
    """
    table, targets = _labelled(probs, told)
    return float(((table - targets) ** 2).sum(axis=1).mean())


def log_loss(probs: ArrayLike, told: Told) -> float:
    """Mean surprise at what was told, in nats an item: minus the mean log-evidence, for any evidence.

    For labels the cross-entropy, for candidate sets minus the log of the probability of the set, for tags the sum over
    the told tags of an item. A probability below 2e-16 counts as 2e-16.

    Parameters
    ----------
    probs : array (n, k), or (n, L) for tags
    told : Evidence or array

    Raises
    ------
    InputError
        When nothing was told.

    Examples
    --------
    >>> round(log_loss([[0.5, 0.5], [0.5, 0.5], [0.1, 0.9]], ["a", "b", None]), 4)
    0.6931
    """
    evidence = as_evidence(told, np.shape(probs)[-1])
    table = check_table(probs, len(evidence), evidence.n_classes).astype(np.float64)
    most = 1 - LEAST if len(evidence.states) == 2 else 1.0  # the absence of a tag needs the floor too
    rows = _some(evidence.informed)
    return float(-evidence.log_evidence(table.clip(LEAST, most))[rows].mean())


class RiskCoverage(NamedTuple):
    """Risk (m,) among the items kept, at each coverage (m,): the share of items kept, surest first."""

    coverage: np.ndarray
    risk: np.ndarray


def risk_coverage(doubt: ArrayLike, wrong: ArrayLike) -> RiskCoverage:
    """What the error rate is when only the surest items are kept, for every share kept (El-Yaniv and Wiener, 2010).

    Parameters
    ----------
    doubt : array (n,), or probs (n, k)
        Scores, higher = more doubtful, as from `labelwright.parts.scores`; or probabilities, whose doubt is one
        minus the largest. Items that are NaN here or in `wrong` are left out.
    wrong : array (n,)
        Whether the model errs, or any loss.

    Returns
    -------
    RiskCoverage
        One entry per item: coverage 1/m to 1, and the mean of `wrong` over the items kept.

    Raises
    ------
    InputError
        When shapes differ or no item is left.

    Examples
    --------
    >>> risk_coverage([0.1, 0.9, 0.2, 0.5], [False, True, False, True]).risk.round(2).tolist()
    [0.0, 0.0, 0.33, 0.5]
    """
    scores, losses = _doubts(doubt, wrong)
    kept = np.arange(1, len(scores) + 1)
    return RiskCoverage(kept / len(scores), np.cumsum(_ranked(-scores[None], losses[None])[0]) / kept)


def aurc(doubt: ArrayLike, wrong: ArrayLike) -> float:
    """Area under the risk-coverage curve: the mean error rate over all shares kept (Geifman et al., 2019).

    It falls with better ranking and with fewer errors; `excess_aurc` takes the errors out.

    Parameters, errors: as for `risk_coverage`.

    Examples
    --------
    >>> aurc([0.1, 0.9, 0.2, 0.5], [False, True, False, False])
    0.0625
    """
    return float(risk_coverage(doubt, wrong).risk.mean())


def excess_aurc(doubt: ArrayLike, wrong: ArrayLike) -> float:
    """How much `aurc` lies above that of the best ranking of the same errors: 0 is perfect (Geifman et al., 2019).

    Parameters, errors: as for `risk_coverage`.

    Examples
    --------
    >>> excess_aurc([0.1, 0.9, 0.2, 0.5], [False, True, False, False])
    0.0
    """
    scores, losses = _doubts(doubt, wrong)
    return max(0.0, aurc(scores, losses) - aurc(losses, losses))


def precision_at(probs: ArrayLike, marks: Told, k: int) -> float:
    """Share of right tags among the k most probable, on average over the items.

    Tags of which nothing was told are left out of the ranking; where fewer than k are known, all of those count.

    Parameters
    ----------
    probs : array (n, L)
        Probabilities or any relevance, higher = more probable.
    marks : `Marks` or array (n, L)
        1 yes, 0 no, -1 unknown.
    k : int from 1 to L

    Raises
    ------
    InputError
        When nothing was told, shapes differ, or k is out of range.

    Examples
    --------
    >>> precision_at([[0.9, 0.8, 0.1]], [[1, 0, 1]], k=2)
    0.5
    """
    gains, known, _ = _top(probs, marks, k)
    return float((gains.sum(axis=1) / np.minimum(known, k)).mean())


def ndcg_at(probs: ArrayLike, marks: Told, k: int) -> float:
    """How near the top the right tags stand: gain ``1 / log2(1 + rank)`` of the first k over the best possible.

    Tags of which nothing was told are left out of the ranking, and items without a right tag from the mean
    (scikit-learn counts those as 0).

    Parameters, errors: as for `precision_at`; also when no item has a right tag.

    Examples
    --------
    >>> round(ndcg_at([[0.9, 0.8, 0.1]], [[0, 1, 0]], k=2), 4)  # 1 / log2(3)
    0.6309
    """
    gains, _, yes = _top(probs, marks, k)
    if not yes.any():
        raise InputError("marks hold no yes, so there is no best ranking to compare with")
    discount = 1 / np.log2(np.arange(k) + 2)
    best = np.append(0.0, np.cumsum(discount))[np.minimum(yes, k)]
    return float(((gains @ discount)[yes > 0] / best[yes > 0]).mean())


def _labelled(probs: ArrayLike, told: Told) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities and labels as a distribution, both (m, k), of the rows with a label."""
    evidence = as_evidence(told, np.shape(probs)[-1])
    if not isinstance(evidence, Exact | Soft):
        raise InputError(
            f"told is {type(evidence).__name__}, which holds no label per item to compare with (Exact or Soft); "
            "log_loss takes any evidence"
        )
    table = check_probs(probs, len(evidence), evidence.n_classes).astype(np.float64)
    if isinstance(evidence, Soft):
        _some(np.ones(len(evidence), dtype=bool))
        return table, evidence.targets
    rows = _some(evidence.known)
    return table[rows], np.eye(evidence.n_classes)[evidence.codes[rows]]


def _some(rows: ArrayLike) -> np.ndarray:
    """Positions of the rows that are true, of which there must be one."""
    if not np.any(rows):
        raise InputError(
            f"told says nothing about any of {np.size(rows)} items, so there is nothing to measure by"
        )
    return np.flatnonzero(rows)


def _gap(sure: np.ndarray, right: np.ndarray, bins: int, adaptive: bool) -> float:
    """Mean over items of their bin's |mean of `right` - mean of `sure`|."""
    if bins < 1:
        raise InputError(f"bins={bins!r} must be at least 1")
    if adaptive:  # by value and not by rank, so that ties share a bin
        place = np.searchsorted(np.quantile(sure, np.arange(1, bins) / bins), sure)
    else:
        place = np.clip(np.ceil(sure * bins).astype(np.intp) - 1, 0, bins - 1)
    return float(np.abs(np.bincount(place, right - sure)).sum() / len(sure))


def _doubts(doubt: ArrayLike, wrong: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Doubt and loss (m,) of the items where both are known."""
    scores, losses = np.asarray(doubt, dtype=np.float64), np.asarray(wrong, dtype=np.float64)
    if scores.ndim == 2:
        scores = np.asarray(1 - scores.max(axis=1, initial=0.0))
    if scores.ndim != 1 or scores.shape != losses.shape:
        raise InputError(
            f"doubt has shape {np.shape(doubt)} and wrong {losses.shape}; expected (n,), or probs (n, k), and (n,)"
        )
    known = _some(~np.isnan(scores + losses))
    return scores[known], losses[known]


def _top(probs: ArrayLike, marks: Told, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gains (m, k) of the best k known tags of each item, how many tags are known (m,), how many are a yes (m,)."""
    scores, evidence = np.asarray(probs, dtype=np.float64), as_evidence(marks)
    if not isinstance(evidence, Marks):
        raise InputError(
            f"marks are {type(evidence).__name__}, expected a table (n, L) of 1, 0 and -1 or Marks"
        )
    if scores.shape != evidence.marks.shape:
        raise InputError(
            f"probs have shape {scores.shape}, expected that of the marks: {evidence.marks.shape}"
        )
    if not np.isfinite(scores).all():
        row = int(np.flatnonzero(~np.isfinite(scores).all(axis=1))[0])
        raise InputError(f"probs hold NaN or infinite values (first: row {row}); drop or fill those rows")
    if not 1 <= k <= scores.shape[1]:
        raise InputError(f"k={k!r} must lie between 1 and the number of tags, {scores.shape[1]}")
    rows = _some(evidence.known.any(axis=1))
    known, yes = evidence.known[rows], evidence.marks[rows] == 1
    gains = _ranked(np.where(known, scores[rows], -np.inf), yes.astype(np.float64))
    return gains[:, :k], known.sum(axis=1), yes.sum(axis=1)


def _ranked(scores: np.ndarray, gains: np.ndarray) -> np.ndarray:
    """Gains (m, L) of each row from its highest score down; those of equal scores are replaced by their mean."""
    order = np.argsort(-scores, axis=1)
    scores, gains = np.take_along_axis(scores, order, axis=1), np.take_along_axis(gains, order, axis=1)
    fresh = np.ones(scores.shape, dtype=bool)
    fresh[:, 1:] = scores[:, 1:] != scores[:, :-1]
    group = np.cumsum(fresh).reshape(scores.shape) - 1
    sizes = np.bincount(group.ravel())
    return (np.bincount(group.ravel(), gains.ravel()) / sizes)[group]
