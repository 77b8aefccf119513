"""When to slip a control site into a labeller's work (Estes et al., 2024)."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from labelwright.errors import InputError

SLACK = 1e-9  # ten rates of 0.1 make 1


class SiteClass(IntEnum):
    """Who labels a site; numbers as published (3, sites of several years, was given up).

    CONTROL sites have an expert's reference and are handed out to check labellers, SINGLE ones are labelled once,
    SEVERAL by three labellers or more, which makes a consensus and its risk.
    """

    CONTROL = 1
    SINGLE = 2
    SEVERAL = 4


@dataclass(frozen=True)
class ControlScheduler:
    """Say which of a labeller's assignments are control sites: many at first, fewer later, never at a foreseeable turn.

    Parameters
    ----------
    first, last : float, default 0.1 and 0.02
        Share of controls at the start and at the end: 1 in 10 falling to 1 in 50.
    over : int, default 500
        Assignments over which the share falls, linearly; then it stays at `last`.
    random_state : int, default 0

    Raises
    ------
    InputError
        At the first use, when shares are not ``0 < last <= first <= 1`` or `over` is below 1.

    Notes
    -----
    Source: S019 (estes2024regionwide). Departs from the paper: it gives the two rates, not the way between them; ours
    is linear. Whenever the sum of the rates passes a whole number a stretch of assignments ends; one of each stretch,
    every one as likely, is a control: the number of controls among the first n assignments differs from the sum of
    their rates by less than 2.

    Examples
    --------
    >>> controls = ControlScheduler().draw(1000)
    >>> int(controls[:100].sum()), int(controls[-500:].sum())
    (9, 10)
    """

    first: float = 0.1
    last: float = 0.02
    over: int = 500
    random_state: int = 0

    def rate(self, done: int) -> float:
        """Share of controls after `done` assignments."""
        self._check()
        if not done >= 0:
            raise InputError(f"done={done!r} must be at least 0")
        return float(self._rates(np.array([done]))[0])

    def draw(self, n: int, *, done: int = 0) -> np.ndarray:
        """Which of the next `n` assignments of a labeller who has done `done` are controls: (n,) of bool.

        The same `done` and `n` give the same answer, and taking a stretch in two parts gives the same as in one.
        """
        self._check()
        for name, number in (("n", n), ("done", done)):
            if not isinstance(number, int | np.integer) or number < 0:
                raise InputError(f"{name}={number!r} must be a whole number of at least 0")
        # As many more as are needed to see the end of the last stretch.
        rates = self._rates(np.arange(done + n + int(np.ceil(2 / self.last))))
        begins = np.cumsum(rates) - rates
        stretch = np.floor(begins + SLACK).astype(np.intp)
        first, length = np.unique(stretch, return_index=True, return_counts=True)[1:]
        chance = np.random.default_rng(self.random_state).random(len(first))
        controls = np.zeros(len(rates), dtype=bool)
        controls[first + (chance * length).astype(np.intp)] = True
        return controls[done : done + n]

    def _rates(self, done: np.ndarray) -> np.ndarray:
        return self.first + (self.last - self.first) * np.minimum(1.0, done / self.over)

    def _check(self) -> None:
        for name in ("first", "last", "over"):
            if not isinstance(getattr(self, name), int | float | np.number):
                raise InputError(f"{name}={getattr(self, name)!r} must be a number")
        if not 0 < self.last <= self.first <= 1:
            raise InputError(
                f"first={self.first!r} and last={self.last!r} must be shares, 0 < last <= first <= 1"
            )
        if not self.over >= 1:
            raise InputError(f"over={self.over!r} must be at least 1 assignment")
