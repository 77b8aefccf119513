"""What a space of answers must say about them."""

from typing import Any, Protocol

import numpy as np

from labelwright.combine.spaces.answers import Answers
from labelwright.parts.distances import BLOCK, Between, between_sources


class Space(Protocol):
    """A kind of answer: how far two are apart, and which answer is nearest to several.

    Any object with these four methods will do; `RealSpace` is the one to read.
    """

    def read(self, told: Any) -> Answers:
        """Check what was told and give its values as an array (v, ...) that the other methods take."""

    def distance(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Distance (m,) between answers (m, ...) and others (m, ...)."""

    def chance(self, answers: Answers) -> float | None:
        """Mean distance of unrelated answers, where distances to the truth multiply; None where they add up."""

    def theta(self, expected: np.ndarray) -> np.ndarray:
        """Precision (a,) of sources at a mean distance (a,) to the truth; 0 tells nothing."""

    def centre(self, answers: Answers, weight: np.ndarray) -> np.ndarray:
        """The answer (n, ...) with the least sum of weighted distances; `weight` (v,) is that of each answer."""


def between(space: Space, answers: Answers) -> Between:
    """Mean distances between sources, in the distance of a space."""
    value = answers.value
    return between_sources(
        answers.item,
        answers.source,
        lambda i, j: space.distance(value[i], value[j]),
        len(answers.sources),
    )


def unrelated(space: Space, answers: Answers, most: int = BLOCK) -> np.ndarray:
    """Distances (m,) between answers to different items, `most` of them or a few more.

    Each answer is paired with some that stand far off in the order of items; no chance is in it.

    Examples
    --------
    >>> from labelwright.combine.spaces import FiniteSpace
    >>> space = FiniteSpace.nominal("ab")
    >>> set(unrelated(space, space.read([["a", "a"], ["b", "b"]])).tolist())
    {1.0}
    """
    item, value, v = answers.item, answers.value, len(answers.item)
    left = np.arange(0, v, max(1, 4 * v // most))
    right = np.concatenate([(left + max(1, int(share * v))) % v for share in (0.5, 0.31, 0.17, 0.43)])
    left = np.tile(left, 4)
    apart = item[left] != item[right]
    return space.distance(value[left[apart]], value[right[apart]])


def by_chance(space: Space, answers: Answers, most: int = BLOCK) -> float:
    """Mean distance between answers to different items, 0 where there is one item only."""
    found = unrelated(space, answers, most)
    return float(found.mean()) if len(found) else 0.0


def sum_by_item(answers: Answers, table: np.ndarray) -> np.ndarray:
    """Sums (n, ...) of the rows (v, ...) of each item."""
    flat = table.reshape(len(table), -1)
    found = np.zeros((len(answers), flat.shape[1]))
    if len(table):
        starts = np.flatnonzero(np.diff(answers.item, prepend=-1))
        found[answers.item[starts]] = np.add.reduceat(flat, starts, axis=0)
    return found.reshape(len(answers), *table.shape[1:])
