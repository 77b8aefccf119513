"""The classes of an item in the order of how likely somebody holds them."""

from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError
from labelwright.evidence.base import RowEvidence
from labelwright.evidence.checks import check_probs
from labelwright.evidence.classes import class_array, encode, is_missing

STRONGEST = 1e9


class Rankings(RowEvidence):
    """For each item, some classes from the most to the least likely, as somebody ordered them.

    Places are filled one after the other, best first, each with chances in proportion to a worth w that is `strength`
    for the true class and 1 for every other (Plackett-Luce):
    ``P(ranking | label) = product over places j of w[r_j] / sum of w over the classes not yet placed``. So the true
    class comes first with chance ``strength / (strength + k - 1)``. A ranking may stop early; one without any place
    tells nothing. Ties are not supported.

    Parameters
    ----------
    ranks : array (n, m) of int
        Codes of the classes, best first, -1 from where the ranking stops. For names use `from_lists`.
    classes : sequence (k,), optional
        Class names; by default 0 to the largest code. Classes that nobody ranked count too.
    strength : float above 1 and at most 1e9, optional
        Worth of the true class. By default k (2 for a single class), which puts it first about every second time.
    learn : bool, default False
        Whether `update` re-estimates `strength`.

    Attributes
    ----------
    ranks : ndarray (n, m) of int
    strength : float

    Notes
    -----
    The choice model is that of Luce (1959) and Plackett (1975), here with one parameter.

    Examples
    --------
    >>> told = Rankings.from_lists([["cat", "dog"], []], classes=["cat", "cow", "dog"], strength=4)
    >>> told.posterior([[0.3, 0.5, 0.2]] * 2).round(2).tolist()
    [[0.7, 0.12, 0.19], [0.3, 0.5, 0.2]]
    """

    def __init__(
        self,
        ranks: ArrayLike,
        classes: Sequence[Any] | np.ndarray | None = None,
        *,
        strength: float | None = None,
        learn: bool = False,
    ):
        table = np.asarray(ranks)
        if table.ndim != 2 or (table.size and table.dtype.kind not in "iu"):
            raise InputError(
                f"ranks have shape {table.shape} and dtype {table.dtype}, expected integers (items, places), "
                "best first, with -1 from where a ranking stops; for class names use Rankings.from_lists"
            )
        k = int(table.max(initial=-1)) + 1 if classes is None else len(classes)
        self.classes = class_array(range(k) if classes is None else list(classes))
        self.lengths = (table >= 0).sum(axis=1)
        _check_ranks(table, self.lengths, k)
        self.ranks = table[:, : self.lengths.max(initial=0)].astype(np.intp)
        self.strength = max(2.0, float(k)) if strength is None else float(strength)
        if not 1 < self.strength <= STRONGEST:
            raise InputError(
                f"strength={strength!r} must be above 1 and at most {STRONGEST:g}: it says how many times likelier the "
                "true class is to be placed next than another one"
            )
        self.learn = learn

    @classmethod
    def from_lists(
        cls,
        lists: Iterable[Iterable[Any] | None],
        classes: Sequence[Any] | np.ndarray | None = None,
        *,
        strength: float | None = None,
        learn: bool = False,
    ) -> Self:
        """Build from one list of class names per item, best first; an empty list or None tells nothing.

        Examples
        --------
        >>> Rankings.from_lists([["b", "a"], ["c"], None]).ranks.tolist()
        [[1, 0], [2, -1], [-1, -1]]
        """
        rows = [[] if is_missing(row) else list(row) for row in lists]  # type: ignore[arg-type]
        for i, row in enumerate(rows):
            for place, name in enumerate(row):
                if is_missing(name) or isinstance(name, list | set):
                    raise InputError(
                        f"row {i} has {name!r} at place {place}; every place takes one class name, "
                        "ties are not supported"
                    )
        codes, names = encode([name for row in rows for name in row], classes)
        lengths = np.array([len(row) for row in rows], dtype=np.intp)
        ranks = np.full((len(rows), lengths.max(initial=0)), -1, dtype=np.intp)
        ranks[np.arange(ranks.shape[1]) < lengths[:, None]] = codes
        return cls(ranks, names, strength=strength, learn=learn)

    def __len__(self) -> int:
        return len(self.ranks)

    def __getitem__(self, items: Any) -> Self:
        return self._replace(
            ranks=np.atleast_2d(self.ranks[items]), lengths=np.atleast_1d(self.lengths[items])
        )

    def __repr__(self) -> str:
        mean = self.lengths.mean() if len(self) else 0.0
        return (
            f"Rankings(n={len(self)}, classes={self.n_classes}, mean_length={mean:.3g}, "
            f"strength={self.strength:.4g})"
        )

    def log_likelihood(self) -> np.ndarray:
        place = np.arange(self.ranks.shape[1])
        # Sums of logged denominators over the first places: with the true class still to come, and with it gone.
        waiting = np.concatenate([[0.0], np.cumsum(np.log(self.n_classes - 1 - place + self.strength))])
        gone = np.concatenate([[0.0], np.cumsum(np.log(self.n_classes - place))])
        table = np.repeat(-waiting[self.lengths, None], self.n_classes, axis=1)
        row, at = np.nonzero(self.ranks >= 0)
        after = gone[self.lengths[row]] - gone[at + 1]
        table[row, self.ranks[row, at]] = np.log(self.strength) - waiting[at + 1] - after
        return table

    def update(self, targets: ArrayLike) -> Self:
        """Return the rankings with `strength` re-learned from soft labels (the M-step), if it is to be learned.

        The expected log-likelihood is concave in ``log(strength)``; its maximum on [1, 1e9] is found to twelve
        digits. At 1 rankings tell nothing; where nothing is ranked `strength` stays.
        """
        table = check_probs(targets, len(self), self.n_classes, name="targets")
        if not self.learn or not self.ranks.size:
            return self
        known = self.ranks >= 0
        here = np.where(known, np.take_along_axis(table, np.maximum(self.ranks, 0), axis=1), 0.0)
        open_ = np.where(known, np.maximum(1.0 - here.cumsum(axis=1) + here, here), 0.0)
        return self._replace(strength=_strongest(here.sum(axis=0), open_.sum(axis=0), self.n_classes))


def _strongest(here: np.ndarray, open_: np.ndarray, k: int) -> float:
    """Maximise ``sum over places of here * log s - open * log(others + s)`` over s in [1, 1e9].

    `here` and `open_` (m,) count the items whose true class stands at a place, and has not stood before it.
    """
    others = k - 1.0 - np.arange(len(here))

    def slope(log_strength: float) -> float:
        return float((here - open_ + open_ * others / (others + np.exp(log_strength))).sum())

    low, high = 0.0, float(np.log(STRONGEST))
    if slope(high) >= 0:
        return STRONGEST
    if slope(low) <= 0:
        return 1.0
    while high - low > 1e-12:  # the slope falls steadily
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    return float(np.exp((low + high) / 2))


def _check_ranks(ranks: np.ndarray, lengths: np.ndarray, k: int) -> None:
    wrong = np.argwhere((ranks < -1) | (ranks >= k))
    if len(wrong):
        row, place = wrong[0]
        raise InputError(
            f"ranks must be codes from 0 to {k - 1}, or -1; row {row}, place {place} holds {ranks[row, place]}"
        )
    gap = np.argwhere((ranks >= 0) != (np.arange(ranks.shape[1]) < lengths[:, None]))
    if len(gap):
        raise InputError(
            f"row {gap[0, 0]} goes on after a -1 at place {gap[0, 1]}; a ranking ends at its first -1"
        )
    sorted_ = np.sort(ranks, axis=1)
    twice = np.argwhere((sorted_[:, 1:] == sorted_[:, :-1]) & (sorted_[:, 1:] >= 0))
    if len(twice):
        row, place = twice[0]
        raise InputError(
            f"row {row} ranks class {sorted_[row, place]} twice; each class stands at one place, ties are not supported"
        )
