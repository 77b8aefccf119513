"""Means over control sites with their intervals."""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np

from labelwright.errors import InputError


class LabellerSkill(NamedTuple):
    """What control sites show of each labeller, and how surely.

    Attributes
    ----------
    sources : list (a,)
        Who.
    sites : ndarray (a,) of int
        Control sites of each.
    score, score_low, score_high : ndarray (a,)
        Mean score and its interval.
    recall, recall_low, recall_high : ndarray (a, k)
        Mean recall of each class over the sites that show it, and its interval; NaN where none does.

    Examples
    --------
    >>> from labelwright.combine.spatial import LabellerRegistry
    >>> registry = LabellerRegistry()
    >>> for score in (0.6, 0.7, 0.8):
    ...     registry.update("ann", score, [[0, 1]], [[0, 1]])
    >>> found = registry.skill()
    >>> found.score.round(2).tolist(), found.score_low.round(2).tolist(), found.score_high.round(2).tolist()
    ([0.7], [0.45], [0.95])
    """

    sources: list[Hashable]
    sites: np.ndarray
    score: np.ndarray
    score_low: np.ndarray
    score_high: np.ndarray
    recall: np.ndarray
    recall_low: np.ndarray
    recall_high: np.ndarray


def mean_interval(rows: np.ndarray, level: float = 0.95) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean of each column of shares, (n, m), without its NaN, and the ends of its interval by Student's t: (m,) each.

    Sites are few, and t then holds what it promises where a bootstrap falls short. Ends are cut at 0 and 1; they are
    NaN for fewer than two numbers.

    Examples
    --------
    >>> mean, low, high = mean_interval(np.array([[0.4, 0.9], [0.5, np.nan], [0.6, np.nan]]))
    >>> mean.round(2).tolist(), low.round(2).tolist(), high.round(2).tolist()
    ([0.5, 0.9], [0.25, nan], [0.75, nan])
    """
    from scipy import stats

    if not (isinstance(level, float | np.floating) and 0 < level < 1):
        raise InputError(f"level={level!r} must lie between 0 and 1, such as 0.95")
    known = ~np.isnan(rows)
    n = known.sum(axis=0)
    mean = np.where(n > 0, np.where(known, rows, 0).sum(axis=0) / np.maximum(n, 1), np.nan)
    square = np.where(known, (rows - mean) ** 2, 0).sum(axis=0)
    free = np.maximum(n - 1, 1)
    far = np.where(
        n > 1, stats.t.ppf(0.5 + level / 2, free) * np.sqrt(square / free / np.maximum(n, 1)), np.nan
    )
    return mean, np.maximum(mean - far, 0), np.minimum(mean + far, 1)


def table(
    sources: Sequence[Hashable], scores: list[np.ndarray], recalls: list[np.ndarray], level: float
) -> LabellerSkill:
    """Put the scores (sites,) and recalls (sites, k) of each labeller together."""
    means = [mean_interval(np.column_stack([s, r]), level) for s, r in zip(scores, recalls)]
    mean, low, high = (np.stack(part) for part in zip(*means))
    return LabellerSkill(
        list(sources),
        np.array([len(s) for s in scores]),
        mean[:, 0], low[:, 0], high[:, 0],
        mean[:, 1:], low[:, 1:], high[:, 1:],
    )  # fmt: skip
