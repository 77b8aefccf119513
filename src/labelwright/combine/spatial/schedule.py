"""When to slip a control site into a labeller's work (Estes et al., 2024)."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from labelwright.errors import InputError


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
    is linear, and the gaps are as even as chance at a hidden phase allows: the number of controls among the first n
    assignments differs from the sum of their rates by less than 2.

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
        if not 0 < self.last <= self.first <= 1:
            raise InputError(
                f"first={self.first!r} and last={self.last!r} must be shares, 0 < last <= first <= 1"
            )
        if self.over < 1 or done < 0:
            raise InputError(f"over={self.over!r} must be at least 1, and done={done!r} at least 0")
        return self.first + (self.last - self.first) * min(1.0, done / self.over)

    def draw(self, n: int, *, done: int = 0) -> np.ndarray:
        """Which of the next `n` assignments of a labeller who has done `done` are controls: (n,) of bool.

        The same `done` and `n` give the same answer, and taking a stretch in two parts gives the same as in one.
        """
        if n < 0:
            raise InputError(f"n={n!r} must be at least 0")
        rates = np.array([self.rate(i) for i in range(done + n)], dtype=np.float64)
        # Stretch t of the summed rates, [t, t + 1), holds one control, at a place of its own.
        at = np.random.default_rng(self.random_state).random(int(rates.sum()) + 2)
        reached = np.searchsorted(np.arange(len(at)) + at, np.cumsum(rates), side="right")
        return np.diff(reached, prepend=0)[done:] > 0
