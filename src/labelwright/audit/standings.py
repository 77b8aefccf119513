"""Where models stand on given and on corrected test labels, from counts of items alike (Northcutt et al., 2021)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError

CELLS = 4_000_000  # numbers held at once while drawing
BITS = 40  # models told apart in one code before it is made smaller


class Curve(NamedTuple):
    """Accuracies of every model as the share of originally mislabelled items grows.

    Attributes
    ----------
    prevalence : ndarray (g,)
        Share of the items whose given label is wrong, 0 to 1.
    given, corrected : ndarray (3, g, m)
        Accuracy on the given and on the corrected labels: value, low end and high end of its interval.
    """

    prevalence: np.ndarray
    given: np.ndarray
    corrected: np.ndarray


class Crossing(NamedTuple):
    """Where one model overtakes another on the corrected labels.

    Attributes
    ----------
    model, other : int
        Who leads where fewer labels are wrong, and who overtakes.
    prevalence, low, high : float
        Share of wrong labels at which they swap, with its interval; 1 as high end says that they may never do.
    share : float
        Of the draws, in how many they swap somewhere above the share there is now.
    """

    model: int
    other: int
    prevalence: float
    low: float
    high: float
    share: float


@dataclass(frozen=True)
class Standings:
    """Sums over items for m models: the first row as counted, the others drawn with replacement.

    All that follows (accuracies, ranks, curves, crossings) is a function of these sums, so a draw costs as much as
    there are *kinds* of items, not items: two items are of one kind when the same models are right about both.

    Attributes
    ----------
    clean, wrong, left_out : ndarray (b,)
        Items whose label was right, those that were corrected, and those that have no one right label.
    clean_hits, wrong_hits, corrected_hits, left_out_hits : ndarray (b, m)
        For how many of them each model says the given label, and of the second kind the corrected one.
    level : float
        Of the intervals.

    Examples
    --------
    >>> said = np.array([[0, 0], [0, 0], [1, 1], [1, 0]])
    >>> found = standings(said, [0, 0, 1, 1], [0, 0, 1, 0], draws=100, random_state=0)
    >>> found.accuracy("given")[0].tolist(), found.accuracy("corrected")[0].tolist()
    ([1.0, 0.75], [0.75, 1.0])
    >>> [(it.model, it.other, it.prevalence) for it in found.crossings(start=0.0)]
    []
    """

    clean: np.ndarray
    wrong: np.ndarray
    left_out: np.ndarray
    clean_hits: np.ndarray
    wrong_hits: np.ndarray
    corrected_hits: np.ndarray
    left_out_hits: np.ndarray
    level: float = 0.95

    @property
    def prevalence(self) -> float:
        """Share of the kept items whose given label is wrong."""
        return float(self.wrong[0] / (self.clean[0] + self.wrong[0]))

    def values(self, labels: str) -> np.ndarray:
        """Accuracies (b, m), draw by draw: on ``"given"`` labels, all items; on ``"corrected"`` ones, those kept."""
        if labels == "given":
            hits = self.clean_hits + self.wrong_hits + self.left_out_hits
            return _share(hits, (self.clean + self.wrong + self.left_out)[:, None])
        return _share(self.clean_hits + self.corrected_hits, (self.clean + self.wrong)[:, None])

    def accuracy(self, labels: str) -> np.ndarray:
        """Accuracy of each model with its interval, (3, m): value, low, high."""
        return self.interval(self.values(labels))

    def ranks(self, labels: str) -> np.ndarray:
        """Rank of each model with its interval, (3, m); 1 is best, equals share the mean of their ranks."""
        return self.interval(_ranks(self.values(labels)))

    def first(self, labels: str) -> np.ndarray:
        """In which share of the draws each model is first (m,); equals share the place."""
        values = self.values(labels)[1:]
        if not len(values):
            return np.full(values.shape[1], np.nan)
        top = values == values.max(axis=1, keepdims=True)
        return np.asarray((top / top.sum(axis=1, keepdims=True)).mean(axis=0))

    def difference(self, model: int, other: int, labels: str) -> np.ndarray:
        """How far `model` is ahead of `other`, from items that both are asked about: value, low, high."""
        values = self.values(labels)
        return self.interval(values[:, model] - values[:, other])

    def swapped(self, model: int, other: int) -> float:
        """In which share of the draws the two stand the other way round on the corrected labels."""
        given, corrected = (self.values(labels)[1:] for labels in ("given", "corrected"))
        if not len(given):
            return float("nan")
        one = np.sign(given[:, model] - given[:, other])
        return float((one * np.sign(corrected[:, model] - corrected[:, other]) < 0).mean())

    def curve(self, prevalence: ArrayLike) -> Curve:
        """Accuracies if correctly labelled items were removed at random until the wrong ones make up a share.

        ``accuracy(N) = N * accuracy on the wrong + (1 - N) * accuracy on the others``, its mean over what is removed.
        """
        share = np.asarray(prevalence, dtype=float)[:, None]
        right = _share(self.clean_hits, self.clean[:, None])[:, None]

        def over(hits: np.ndarray) -> np.ndarray:
            return self.interval(share * _share(hits, self.wrong[:, None])[:, None] + (1 - share) * right)

        return Curve(np.asarray(prevalence, dtype=float), over(self.wrong_hits), over(self.corrected_hits))

    def crossings(self, *, start: float | None = None) -> list[Crossing]:
        """Pairs that swap on the corrected labels at a share of wrong labels from `start` (now) to 1, soonest first."""
        start = self.prevalence if start is None else start
        right = _share(self.clean_hits, self.clean[:, None])
        wrong = _share(self.corrected_hits, self.wrong[:, None])
        if not self.wrong[0] or not self.clean[0]:
            return []
        now = (1 - start) * right[0] + start * wrong[0]
        found = []
        for a in range(len(now)):
            for b in range(len(now)):
                if now[a] > now[b] and wrong[0, a] < wrong[0, b]:
                    at = _meet(right[:, a] - right[:, b], wrong[:, a] - wrong[:, b])
                    known = at[1:][~np.isnan(at[1:])]
                    low, high = self.interval(at)[1:]
                    share = float(((known > start) & (known < 1)).mean()) if len(known) else float("nan")
                    found.append(Crossing(a, b, float(at[0]), float(low), float(high), share))
        return sorted(found, key=lambda it: it.prevalence)

    def interval(self, values: np.ndarray) -> np.ndarray:
        """Value, low end, high end along a new first axis; draws without a value are left out, without any: NaN."""
        if len(values) < 2:
            return np.stack([values[0], np.full(values.shape[1:], np.nan), np.full(values.shape[1:], np.nan)])
        tails = [(1 - self.level) / 2, (1 + self.level) / 2]
        known = values[1:][~np.isnan(values[1:].reshape(len(values) - 1, -1)).any(axis=1)]
        if not len(known):
            return np.stack([values[0], np.full(values.shape[1:], np.nan), np.full(values.shape[1:], np.nan)])
        return np.concatenate([values[:1], np.quantile(known, tails, axis=0)])


def standings(
    said: np.ndarray,
    given: ArrayLike,
    corrected: ArrayLike,
    *,
    draws: int = 2000,
    level: float = 0.95,
    random_state: int = 0,
) -> Standings:
    """Count who is right where, and draw the counts again and again.

    Parameters
    ----------
    said : int array (n, m)
        Class each model predicts.
    given : int array (n,)
    corrected : int array (n,)
        -1 for items that have no one right label; they count on the given labels only.
    draws : int, default 2000
    level : float, default 0.95
    random_state : int

    Raises
    ------
    InputError
        When lengths differ or nothing is left.

    Examples
    --------
    >>> found = standings(np.array([[0, 1], [1, 1], [1, 1]]), [0, 1, 1], [0, 1, -1])
    >>> found.accuracy("corrected")[0].tolist(), int(found.left_out[0])
    ([1.0, 0.5], 1)
    """
    said, given, corrected = np.asarray(said), np.asarray(given), np.asarray(corrected)
    if said.ndim != 2 or said.shape[0] != len(given) or len(given) != len(corrected):
        raise InputError(
            f"said has shape {said.shape} for {len(given)} given and {len(corrected)} corrected labels; "
            "give one row per item, one column per model"
        )
    if not (corrected >= 0).any():
        raise InputError("no item is left with a label that is known to be right; nothing can be ranked")
    m = said.shape[1]
    wrong = (corrected >= 0) & (corrected != given)
    changed = np.flatnonzero(wrong)
    code = _patterns((said[:, j] == given for j in range(m)), len(given))
    code *= 3  # what kind of item it is joins the code; a corrected one also has who says the corrected label
    code += np.where(wrong, 1, np.where(corrected < 0, 2, 0))
    fixed = _patterns((said[changed, j] == corrected[changed] for j in range(m)), len(changed))
    if len(changed):
        both = np.unique(np.column_stack([code[changed], fixed]), axis=0, return_inverse=True)[1].ravel()
        code[changed] = code.max() + 1 + both
    # In order of first appearance: renaming or reordering the models gives the same draws.
    _, first, times = np.unique(code, return_index=True, return_counts=True)
    order = np.argsort(first)
    first, times = first[order], times[order]
    hits = said[first] == given[first, None]
    kind = np.where(wrong[first], 1, np.where(corrected[first] < 0, 2, 0))
    right = said[first] == corrected[first, None]
    kinds = [(kind == v)[:, None] for v in range(3)]
    table = np.concatenate(
        [*kinds, hits & kinds[0], hits & kinds[1], right & kinds[1], hits & kinds[2]], axis=1
    )
    sums = np.concatenate(
        [(times @ table.astype(np.int64))[None], *_drawn(table, times, draws, np.random.default_rng(random_state))]
    )  # fmt: skip
    hits_of = [sums[:, 3 + i * m : 3 + (i + 1) * m] for i in range(4)]
    return Standings(
        clean=sums[:, 0], wrong=sums[:, 1], left_out=sums[:, 2], clean_hits=hits_of[0], wrong_hits=hits_of[1],
        corrected_hits=hits_of[2], left_out_hits=hits_of[3], level=level,
    )  # fmt: skip


def _patterns(columns: Iterable[np.ndarray], n: int) -> np.ndarray:
    """One number for each row of yes and no."""
    code, bits = np.zeros(n, dtype=np.int64), 0
    for column in columns:
        if bits >= BITS:
            code = np.unique(code, return_inverse=True)[1].astype(np.int64)
            bits = int(code.max(initial=1)).bit_length()
        code = 2 * code + column
        bits += 1
    return code


def _drawn(
    table: np.ndarray, times: np.ndarray, draws: int, rng: np.random.Generator
) -> Iterable[np.ndarray]:
    size, n = max(1, CELLS // len(times)), int(times.sum())
    as_float = table.astype(np.float64)
    for start in range(0, draws, size):
        yield rng.multinomial(n, times / n, size=min(size, draws - start)).astype(np.float64) @ as_float


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(whole > 0, part / np.where(whole > 0, whole, 1), np.nan))


def _ranks(values: np.ndarray) -> np.ndarray:
    above = (values[:, None, :] > values[:, :, None]).sum(axis=2)
    equal = (values[:, None, :] == values[:, :, None]).sum(axis=2)
    return 1 + above + (equal - 1) / 2


def _meet(right: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Share of wrong labels at which a lead is used up: 0 where there is none from the start, 1 where it never is."""
    with np.errstate(invalid="ignore", divide="ignore"):
        at = right / (right - wrong)
    at = np.where((wrong >= 0) & (right > 0), 1.0, np.where(right <= 0, 0.0, at))
    return np.where(np.isnan(right + wrong), np.nan, np.clip(at, 0.0, 1.0))
