"""Judges that stand in for one: of recorded answers, and one that is noisy and favours a position, for tests."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from labelwright.audit.critic.prior import preferred
from labelwright.errors import InputError


class RecordedPairs:
    """Give answers that were recorded, one after the other.

    Parameters
    ----------
    answers : sequence of 1, 2 or 0.5
        In the order of the questions: with both orders of a pair, first that of (a, b), then that of (b, a).

    Examples
    --------
    >>> judge = RecordedPairs([1, 2])
    >>> judge.compare("item", "a", "b"), judge.compare("item", "b", "a")
    (1, 2)
    """

    name = "recorded"

    def __init__(self, answers: Sequence[float]):
        self.answers, self.asked = tuple(answers), 0

    def compare(self, item: Any, a: Any, b: Any) -> float:
        """The next answer.

        Raises
        ------
        InputError
            When there is none left.
        """
        if self.asked >= len(self.answers):
            raise InputError(f"the record holds {len(self.answers)} answers, and one more was asked for")
        self.asked += 1
        return self.answers[self.asked - 1]


class BiasedJudge:
    """Prefer the better of two candidates, but noisily and with a liking for the one shown first.

    ``quality(a) - quality(b) + bias + noise * normal > 0`` says 1; within the margin it stays open. To try out what a
    position costs, and whether showing both orders pays.

    Parameters
    ----------
    quality : callable ``(item, candidate) -> float``
        The higher the better.
    bias : float, default 0
        What standing first is worth, in units of quality; negative favours the second.
    noise : float, default 0
        Standard deviation, fresh for every question.
    margin : float, default 0
    random_state : int or None, default 0

    Examples
    --------
    >>> judge = BiasedJudge(lambda item, text: len(text), bias=5)
    >>> judge.compare("", "ab", "abcd"), judge.compare("", "abcd", "ab")
    (1, 1)
    """

    name = "biased"

    def __init__(
        self,
        quality: Callable[[Any, Any], float],
        *,
        bias: float = 0.0,
        noise: float = 0.0,
        margin: float = 0.0,
        random_state: int | None = 0,
    ):
        self.quality, self.bias, self.noise, self.margin = quality, bias, noise, margin
        self.random_state = random_state
        self._rng = np.random.default_rng(random_state)

    def compare(self, item: Any, a: Any, b: Any) -> float:
        """1, 2 or 0.5."""
        shift = self.bias + self.noise * self._rng.normal()
        return preferred(self.quality(item, a) + shift, self.quality(item, b), self.margin)
