"""Find wrong labels from out-of-sample probabilities (Northcutt et al., 2021; Thyagarajan et al., 2022)."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

from labelwright.errors import InputError
from labelwright.evidence import Evidence, as_evidence
from labelwright.parts import noise
from labelwright.passes.confident import Sweep, sweep
from labelwright.passes.sources import source_of

Filter = Callable[[Sweep, np.ndarray], np.ndarray]


def prune_by_noise_rate(found: Sweep, joint: np.ndarray) -> np.ndarray:
    """Of each told class, as many items as were estimated to belong to each other class: those it leads by most."""
    return found.largest_margins(joint)


def prune_by_class(found: Sweep, joint: np.ndarray) -> np.ndarray:
    """Of each told class, as many items as were estimated to be wrong: those least probable to be of it."""
    quota = found.counts - np.diagonal(joint, axis1=-2, axis2=-1)
    return _lowest_by_class(found, quota) & ~found.agrees


def both(found: Sweep, joint: np.ndarray) -> np.ndarray:
    """What both prune rules flag."""
    return prune_by_noise_rate(found, joint) & prune_by_class(found, joint)


def confident_learning(found: Sweep, joint: np.ndarray) -> np.ndarray:
    """The items off the diagonal of the confident joint."""
    return found.off & ~found.agrees


def predicted_neq_given(found: Sweep, joint: np.ndarray) -> np.ndarray:
    """Every item whose most probable class is not the told one."""
    return ~found.agrees


def low_self_confidence(found: Sweep, joint: np.ndarray) -> np.ndarray:
    """As many items as `confident_learning` finds: those whose told class is least probable."""
    return _lowest(found.support, int(confident_learning(found, joint).sum()))


def low_normalized_margin(found: Sweep, joint: np.ndarray) -> np.ndarray:
    """As many items as `confident_learning` finds: those in which another class leads by most."""
    return _lowest(found.margins(), int(confident_learning(found, joint).sum()))


FILTERS: dict[str, Filter] = {
    rule.__name__: rule
    for rule in (
        prune_by_noise_rate, prune_by_class, both, confident_learning, predicted_neq_given,
        low_self_confidence, low_normalized_margin,
    )
}  # fmt: skip


class ConfidentLearning(BaseEstimator):
    """Flag the items whose label is probably wrong, from probabilities of a model that did not see them.

    Estimates how many items of each told class belong to each other class (the confident joint, scaled to the
    told class counts) and flags that many. For tags (`Marks`) every tag is a problem of its own with two
    classes.

    Parameters
    ----------
    filter_by : str or callable, default "prune_by_noise_rate"
        Which rule flags: ``prune_by_noise_rate``, ``prune_by_class``, ``both``, ``confident_learning``,
        ``predicted_neq_given``, ``low_self_confidence``, ``low_normalized_margin`` (see the functions of this
        module), or a function ``(sweep, joint) -> mask`` of your own.
    rank_by : {"self_confidence", "normalized_margin"}, default "self_confidence"
        What `ranking_` sorts the flagged items by.
    frac_noise : float in (0, 1], default 1.0
        Share of the estimated errors to flag; smaller is more precise.
    min_per_class : int, default 1
        Correct items each told class keeps at least.

    Attributes
    ----------
    issues_ : ndarray (n,) or (n, L) of bool
        Flagged items; for tags, flagged (item, tag) cells.
    ranking_ : ndarray of int
        Flagged items, most doubtful first; for tags by the least supported flagged tag.
    confident_joint_ : ndarray (k, k) or (L, 2, 2)
        Counts ``[told, confident]``.
    joint_ : ndarray
        The same, scaled to the told class counts: estimated counts ``[told, true]``.
    noise_matrix_ : ndarray
        ``[true, told]``, rows sum to 1.
    error_rate_ : float
        Share of items off the diagonal of `joint_`. Overlapping classes inflate it, often several times
        (`labelwright.audit.labels` estimates it with an interval instead).
    support_ : ndarray (n,) or (n, L)
        Probability of the told label.
    classes_ : ndarray (k,)

    Departs from the paper: ties at a cut go to the first rows; an item whose told class ties for the most
    probable is not flagged; items without a label are
    passed over; with tags, the rules that take the lowest scores pool the marks of all tags.

    Examples
    --------
    >>> probs = [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.05, 0.95]]
    >>> ConfidentLearning().fit(probs, ["cat", "cat", "dog", "dog", "cat"]).ranking_
    array([4])
    """

    cites = ("northcutt2021pervasive", "thyagarajan2022multilabel")

    def __init__(
        self,
        filter_by: str | Filter = "prune_by_noise_rate",
        *,
        rank_by: str = "self_confidence",
        frac_noise: float = 1.0,
        min_per_class: int = 1,
    ):
        self.filter_by, self.rank_by = filter_by, rank_by
        self.frac_noise, self.min_per_class = frac_noise, min_per_class

    def fit(
        self, probs: Any, labels: Evidence | ArrayLike, *, joint: ArrayLike | None = None
    ) -> "ConfidentLearning":
        """Estimate the errors and flag them.

        Parameters
        ----------
        probs : array (n, k) or path
            Out-of-sample probabilities, rows sum to 1 (for tags each from 0 to 1): an array, a memory map, or
            the path of an .npy or Parquet file, which is read in blocks.
        labels : Evidence or array
            `Exact` or `Marks`, or labels that become one of them.
        joint : array (k, k) or (L, 2, 2), optional
            Another estimate of the counts ``[told, true]`` to prune by.
        """
        rule = self._rule()
        source = source_of(probs)
        told = as_evidence(labels, source.shape[1])
        found = sweep(source, told)
        self.classes_, self.support_ = told.classes, found.support
        self.confident_joint_ = found.joint
        self.joint_ = noise.calibrate(found.joint, found.counts) if joint is None else np.asarray(joint)
        self.noise_matrix_ = noise.matrix(self.joint_)
        total = max(1, int(self.joint_.sum()))
        self.error_rate_ = 1 - float(np.diagonal(self.joint_, axis1=-2, axis2=-1).sum()) / total
        self.issues_ = rule(found, keep_some_right(self.joint_, self.min_per_class, self.frac_noise))
        self.ranking_ = self._rank(found)
        return self

    def _rule(self) -> Filter:
        if self.rank_by not in ("self_confidence", "normalized_margin"):
            raise InputError(f"rank_by={self.rank_by!r} must be 'self_confidence' or 'normalized_margin'")
        if not 0 < self.frac_noise <= 1:
            raise InputError(f"frac_noise={self.frac_noise!r} must lie in (0, 1]")
        if callable(self.filter_by):
            return self.filter_by
        if self.filter_by not in FILTERS:
            raise InputError(f"filter_by={self.filter_by!r} is not one of {', '.join(FILTERS)}")
        return FILTERS[self.filter_by]

    def _rank(self, found: Sweep) -> np.ndarray:
        quality = self.support_ if self.rank_by == "self_confidence" else found.margins()
        if quality.ndim == 2:
            quality = np.where(self.issues_, quality, np.inf).min(axis=1)
        rows = np.flatnonzero(self.issues_ if self.issues_.ndim == 1 else self.issues_.any(axis=1))
        return rows[np.argsort(quality[rows], kind="stable")]


def keep_some_right(joint: np.ndarray, least: int, share: float) -> np.ndarray:
    """Prune counts from a joint ``[told, true]``: `least` items stay right in every class, `share` of the rest goes.

    What a class lacks on the diagonal is taken in equal parts from its off-diagonal entries; nothing is
    pruned from a class with no more than `least` items.

    Examples
    --------
    >>> keep_some_right(np.array([[1, 4], [0, 5]]), least=3, share=1.0).tolist()
    [[3, 2], [0, 5]]
    """
    diagonal = np.arange(joint.shape[-1])
    right = joint[..., diagonal, diagonal]
    kept = np.maximum(right, least)
    cells = np.maximum(np.count_nonzero(joint, axis=-1) - 1, 1)
    pruned = np.maximum(joint - ((kept - right) / cells)[..., None], 0)
    pruned[..., diagonal, diagonal] = 0
    pruned[joint.sum(axis=-1) <= least] = 0
    fewer = (pruned * share).astype(np.int64)
    fewer[..., diagonal, diagonal] = kept + (pruned - fewer).sum(axis=-1).astype(np.int64)
    return fewer


def _lowest(quality: np.ndarray, n: int) -> np.ndarray:
    """Mask of the `n` smallest numbers; NaN never counts."""
    mask = np.zeros(quality.size, dtype=bool)
    mask[np.argsort(quality, axis=None, kind="stable")[:n]] = True
    return mask.reshape(quality.shape)


def _lowest_by_class(found: Sweep, quota: np.ndarray) -> np.ndarray:
    """Mask of the items with the least support, `quota` of each told class."""
    support = found.support
    columns = support[:, None] if support.ndim == 1 else support
    told = getattr(found, "marks", None)
    told = found.codes[:, None] if told is None else told  # type: ignore[attr-defined]
    wanted = quota[None] if quota.ndim == 1 else quota
    flags = np.zeros(columns.shape, dtype=bool)
    for t in range(columns.shape[1]):
        order = np.argsort(columns[:, t], kind="stable")
        for y in range(wanted.shape[1]):
            flags[order[told[order, t] == y][: max(0, int(wanted[t, y]))], t] = True
    return flags.reshape(support.shape)
