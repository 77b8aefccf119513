"""Free text, or any objects with a distance: the centre is one of the answers."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from labelwright.combine.spaces.answers import Answers
from labelwright.combine.spaces.base import by_chance
from labelwright.errors import InputError
from labelwright.parts import triplets
from labelwright.parts.distances import edit_ratio, pairs_within

SAMPLED = 4000  # pairs of unrelated texts by which chance is measured


class TextSpace:
    """Answers in free text; the truth is taken to be like the one nearest to all others (the weighted medoid).

    Answers come as `Answers` (see `Answers.from_long`) or a table (n, a), None where a source did not answer.

    Parameters
    ----------
    distance : {"characters", "words"} or callable, default "characters"
        Edit distance by the length of the longer text; or ``distance(left, right) -> (m,)`` for two object arrays (m,),
        symmetric and not negative, of texts or of any other objects.

    Notes
    -----
    Sources agree beyond chance, as chance agreement counts that of answers to different items. Precision is one over
    the expected distance.

    Examples
    --------
    >>> space = TextSpace()
    >>> answers = space.read([["a small cat", "a small cart", "the dog"]])
    >>> space.centre(answers, np.ones(3)).tolist()
    ['a small cat']
    """

    def __init__(
        self,
        distance: Literal["characters", "words"]
        | Callable[[np.ndarray, np.ndarray], np.ndarray] = "characters",
    ):
        self.between = distance

    def __repr__(self) -> str:
        return f"TextSpace({self.between!r})"

    def read(self, told: Any) -> Answers:
        """Values (v,) of object dtype."""
        answers = Answers.of(told)
        if not callable(self.between):
            if self.between not in ("characters", "words"):
                raise InputError(f"distance={self.between!r} must be 'characters', 'words' or a function")
            strange = [row for row, value in enumerate(answers.value) if not isinstance(value, str)]
            if strange:
                row = strange[0]
                raise InputError(
                    f"{answers.where(row)}: {answers.value[row]!r} is no text; give a distance for other objects"
                )
        return answers

    def distance(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """As the space was told to measure."""
        if callable(self.between):
            found = np.asarray(self.between(left, right), dtype=np.float64)
            if found.shape != (len(left),) or not (found >= 0).all():
                raise InputError(
                    f"the distance function gave shape {found.shape} for {len(left)} pairs, or values that are "
                    "negative or NaN"
                )
            return found
        return edit_ratio(_texts(left), _texts(right), unit=self.between)

    def chance(self, answers: Answers) -> float:
        """Mean distance between answers to different items."""
        return by_chance(self, answers, most=SAMPLED)

    def theta(self, expected: np.ndarray) -> np.ndarray:
        """One over the expected distance."""
        return triplets.inverse(expected)

    def centre(self, answers: Answers, weight: np.ndarray) -> np.ndarray:
        """The answers (n,) nearest to all others, the first given where several are; None where nobody answered."""
        found = np.full(len(answers), None, dtype=object)
        choice = self.choice(answers, weight)
        found[choice >= 0] = answers.value[choice[choice >= 0]]
        return found

    def choice(self, answers: Answers, weight: np.ndarray) -> np.ndarray:
        """Positions (n,) of the chosen answers, -1 where nobody answered."""
        cost = np.zeros(len(answers.item))
        for left, right in pairs_within(answers.item):
            apart = self.distance(answers.value[left], answers.value[right])
            np.add.at(cost, left, weight[right] * apart)
            np.add.at(cost, right, weight[left] * apart)
        order = np.lexsort((np.round(cost, 12), answers.item))
        choice = np.full(len(answers), -1, dtype=np.intp)
        first = order[np.flatnonzero(np.diff(answers.item[order], prepend=-1))]
        choice[answers.item[first]] = first
        return choice


def _texts(values: np.ndarray) -> Sequence[str]:
    return list(values)
