"""Rankings of the same things: the centre is the weighted Kemeny ranking."""

from itertools import permutations
from typing import Any, Literal

import numpy as np

from labelwright.combine.spaces.answers import Answers, dense
from labelwright.combine.spaces.base import sum_by_item
from labelwright.errors import InputError
from labelwright.parts import triplets
from labelwright.parts.distances import pair_signs

MOST_EXACT = 7  # things of which every order is tried: 5,040
CELLS = 1 << 22


class RankingSpace:
    """Answers that rank `things` things, wholly or in part.

    Answers come as an array (n, a, m) of int: codes of the things, best first, -1 from where a ranking stops; a ranking
    without any place is no answer. Or as `Answers`, each a list of codes. (Rankings of the classes of an item, which
    speak of its one true class, are `labelwright.evidence.Rankings`.)

    The distance is the share of pairs in opposite orders (Kendall's tau distance), a pair that is not ordered in one
    counting half.

    Parameters
    ----------
    things : int
        Two or more.
    unranked : {"unknown", "last"}, default "unknown"
        Whether things that are not ranked tell nothing, or come after those that are, as in a list of the best.

    Notes
    -----
    Of up to seven things the centre is exact: all orders are tried, the first wins ties. Of more, things are
    ordered by their weighted wins (Borda) and neighbours changed as long as that helps.
    The likelihood ``exp(-theta * pairs in opposite order)`` is that of Mallows.

    Examples
    --------
    >>> space = RankingSpace(3)
    >>> answers = space.read([[[0, 1, 2], [0, 2, 1], [2, 1, 0]]])
    >>> space.centre(answers, np.array([1.0, 1.0, 3.0])).tolist()
    [[2, 1, 0]]
    """

    def __init__(self, things: int, *, unranked: Literal["unknown", "last"] = "unknown"):
        self.things, self.unranked = things, unranked

    def __repr__(self) -> str:
        return f"RankingSpace({self.things}, unranked={self.unranked!r})"

    def read(self, told: Any) -> Answers:
        """Values (v, pairs) of int8: which of each two comes first."""
        if self.things < 2 or self.unranked not in ("unknown", "last"):
            raise InputError(f"{self!r}: things must be at least 2, unranked 'unknown' or 'last'")
        if isinstance(told, Answers):
            orders = _padded(told)
            answers = told.valued(orders, orders[:, 0] >= 0)
        else:
            table = np.asarray(told)
            if table.ndim != 3 or table.dtype.kind not in "iu" or table.shape[2] < 1:
                raise InputError(
                    f"answers have shape {table.shape} and dtype {table.dtype}, expected integers (items, sources, "
                    "places), best first, with -1 from where a ranking stops"
                )
            answers = dense(table, table[:, :, 0] != -1)
        self._check(answers)
        return answers.valued(pair_signs(answers.value, self.things, unranked=self.unranked))

    def distance(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """``(1 - mean over pairs of the product of signs) / 2``."""
        return np.asarray((1 - (left * right).sum(axis=1, dtype=np.int32) / left.shape[1]) / 2)

    def chance(self, answers: Answers) -> float:
        """Unrelated rankings differ in half of the pairs."""
        return 0.5

    def theta(self, expected: np.ndarray) -> np.ndarray:
        """Precision in the Mallows model, a pair; exact for whole rankings."""
        return triplets.mallows(expected, self.things)

    def centre(self, answers: Answers, weight: np.ndarray) -> np.ndarray:
        """Codes (n, things), best first; -1 throughout where nobody answered."""
        wins = sum_by_item(answers, weight[:, None] * answers.value)
        found = _exact(wins, self.things) if self.things <= MOST_EXACT else _improved(wins, self.things)
        found[np.bincount(answers.item, minlength=len(answers)) == 0] = -1
        return found

    def _check(self, answers: Answers) -> None:
        orders = answers.value
        strange = np.flatnonzero(((orders < -1) | (orders >= self.things)).any(axis=1))
        if len(strange):
            raise InputError(
                f"{answers.where(strange[0])}: {orders[strange[0]].tolist()} must hold codes from 0 to "
                f"{self.things - 1}, or -1 from where the ranking stops"
            )
        sorted_ = np.sort(orders, axis=1)
        twice = ((sorted_[:, 1:] == sorted_[:, :-1]) & (sorted_[:, 1:] >= 0)).any(axis=1)
        gap = ((orders[:, :-1] < 0) & (orders[:, 1:] >= 0)).any(axis=1)
        wrong = np.flatnonzero(twice | gap)
        if len(wrong):
            raise InputError(
                f"{answers.where(wrong[0])}: {orders[wrong[0]].tolist()} is no ranking; each thing stands at one "
                "place, best first, and nothing follows a -1"
            )


def _padded(told: Answers) -> np.ndarray:
    rows = [np.asarray(v) for v in told.value]
    for row, order in enumerate(rows):
        if order.ndim != 1 or (order.size and order.dtype.kind not in "iu"):
            raise InputError(f"{told.where(row)}: {told.value[row]!r} is no list of codes, best first")
    table = np.full((len(rows), max([1, *map(len, rows)])), -1, dtype=np.intp)
    for row, order in enumerate(rows):
        table[row, : len(order)] = order
    return table


def _exact(wins: np.ndarray, things: int) -> np.ndarray:
    orders = np.array(list(permutations(range(things))))
    signs = pair_signs(orders, things).T.astype(np.float64)  # (pairs, orders)
    best = np.empty(len(wins), dtype=np.intp)
    step = max(1, CELLS // len(orders))
    for start in range(0, len(wins), step):
        best[start : start + step] = (wins[start : start + step] @ signs).argmax(axis=1)
    return orders[best]


def _improved(wins: np.ndarray, things: int) -> np.ndarray:
    first, second = np.triu_indices(things, 1)
    table = np.zeros(
        (len(wins), things, things)
    )  # [one, other]: weight that says one comes first, less the rest
    table[:, first, second], table[:, second, first] = wins, -wins
    order = np.argsort(-table.sum(axis=2), axis=1, kind="stable")
    rows, changed = np.arange(len(wins)), True
    while changed:
        changed = False
        for place in range(things - 1):
            one, other = order[:, place].copy(), order[:, place + 1].copy()
            better = table[rows, one, other] < -1e-12
            order[:, place], order[:, place + 1] = np.where(better, other, one), np.where(better, one, other)
            changed |= bool(better.any())
    return order
