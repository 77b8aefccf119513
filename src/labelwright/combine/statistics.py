"""What each source of votes is like: coverage, conflict, accuracy, and how far all of them agree (S101)."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from labelwright import frames
from labelwright.errors import InputError
from labelwright.evidence import Evidence, Exact, Votes
from labelwright.evidence.classes import encode
from labelwright.parts.agreement import Agreement, Scale, krippendorff
from labelwright.parts.shares import wilson


@dataclass(frozen=True)
class Sources:
    """One entry per source, in the order of `Votes.sources`; shares are of all items.

    Attributes
    ----------
    source : ndarray (a,)
    n : int array (a,)
        Items it votes on.
    coverage, overlap, conflict : ndarray (a,)
        Share of all items on which it votes, on which it and another source do, and on which another one says
        something else.
    says : tuple of tuples
        The classes it ever says (its polarity).
    constant : bool array (a,)
        Whether it says the same on two items or more: a rule for one class does, an annotator who does has not looked.
    accuracy, low, high : ndarray (a,)
        Share of right votes among those on items of known truth, and Wilson's 95 % interval; NaN without any.
    n_gold : int array (a,)
        Votes that could be checked.
    """

    source: np.ndarray
    n: np.ndarray
    coverage: np.ndarray
    overlap: np.ndarray
    conflict: np.ndarray
    says: tuple[tuple[Any, ...], ...]
    constant: np.ndarray
    accuracy: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n_gold: np.ndarray

    def __len__(self) -> int:
        return len(self.source)

    def frame(self, like: Any = None) -> Any:
        """One row per source, as a frame of the kind of `like`; the classes it says as text."""
        columns = dict(vars(self))
        columns["says"] = [", ".join(map(str, names)) for names in self.says]
        return frames.make(columns, like=like)


class Duplicates(NamedTuple):
    """How often each source spoke more than once about an item.

    Attributes
    ----------
    repeated : int array (a,)
        Items about which it said the same again.
    contradicted : int array (a,)
        Items about which it said different things.
    """

    repeated: np.ndarray
    contradicted: np.ndarray


def sources(votes: Votes, gold: Evidence | ArrayLike | None = None) -> Sources:
    """Describe every source of votes.

    Memory is in proportion to the votes. On an item about which a source contradicts itself (`duplicates` counts
    these) it covers, overlaps and conflicts, but is neither right nor wrong.

    Parameters
    ----------
    votes : Votes
    gold : array (n,) or Exact, optional
        The truth where it is known, None or NaN elsewhere.

    Raises
    ------
    InputError
        When `gold` has another length, or shares no class with the votes.

    Examples
    --------
    >>> votes = Votes.from_wide([["a", "a"], ["a", "b"], ["a", None]], sources=["ann", "bob"])
    >>> found = sources(votes, gold=["a", "b", None])
    >>> found.coverage.round(2).tolist(), found.conflict.round(2).tolist(), found.accuracy.tolist()
    ([1.0, 0.67], [0.33, 0.33], [0.5, 1.0])
    >>> found.says, found.constant.tolist()
    ((('a',), ('a', 'b')), [True, False])
    """
    said = told(votes)
    n, k, a = len(votes), votes.n_classes, len(votes.sources)
    begins = np.diff(said.item * a + said.source, prepend=-1) != 0  # the first of each source on each item
    many = np.bincount(said.item[begins], minlength=n) > 1
    differ = np.zeros(n, dtype=bool)
    if len(said.item):
        starts = np.flatnonzero(np.diff(said.item, prepend=-1))
        differ[said.item[starts]] = np.minimum.reduceat(said.code, starts) < np.maximum.reduceat(
            said.code, starts
        )

    def count(mask: np.ndarray) -> np.ndarray:
        return np.bincount(said.source[mask], minlength=a)

    spoke = count(begins)
    truth = _truth(votes, gold)
    checked = said.clear & (truth[said.item] >= 0)
    n_gold, right = count(checked), count(checked & (truth[said.item] == said.code))
    low, high = wilson(right, n_gold)
    ever = np.bincount(said.source * k + said.code, minlength=a * k).reshape(a, k) > 0
    return Sources(
        votes.sources, spoke, spoke / max(n, 1), count(begins & many[said.item]) / max(n, 1),
        count(begins & (many & differ)[said.item]) / max(n, 1),
        tuple(tuple(votes.classes[row].tolist()) for row in ever), (ever.sum(axis=1) == 1) & (spoke > 1),
        np.where(n_gold > 0, right / np.maximum(n_gold, 1), np.nan), low, high, n_gold,
    )  # fmt: skip


def duplicates(votes: Votes) -> Duplicates:
    """Count the items about which a source spoke more than once.

    Examples
    --------
    >>> votes = Votes.from_long([1, 1, 2, 2], ["ann"] * 4, ["a", "b", "a", "a"])
    >>> [found.tolist() for found in duplicates(votes)]
    [[1], [1]]
    """
    said = told(votes)
    a = len(votes.sources)
    torn = ~said.clear & (np.diff(said.item * a + said.source, prepend=-1) != 0)
    again = said.clear & (said.times > 1)
    return Duplicates(*(np.bincount(said.source[mask], minlength=a) for mask in (again, torn)))


def agreement(
    votes: Votes, *, scale: Scale = "nominal", values: ArrayLike | None = None, draws: int = 1000,
    random_state: int | None = 0, show: bool | None = None,
) -> Agreement:  # fmt: skip
    """Krippendorff's alpha of all sources, with a 95 % bootstrap interval.

    Options are those of `labelwright.parts.agreement.krippendorff`, beside which `fleiss` and `cohen` stand. On other
    scales than the nominal one the classes of the votes must stand in their order; `values` says what they are worth.

    Examples
    --------
    >>> votes = Votes([[0, 0, 0], [1, 1, -1], [0, 0, 1], [1, 1, 1]])
    >>> found = agreement(votes, draws=200)
    >>> round(found.value, 2), found.n
    (0.67, 4)
    """
    rng = np.random.default_rng(random_state)
    return krippendorff(votes.counts, scale=scale, values=values, draws=draws, rng=rng, show=show)


class Told(NamedTuple):
    """Votes, each source's on each item at most once per class, item by item.

    Attributes
    ----------
    item, source, code : int array (v,)
    times : int array (v,)
        How often this was said.
    clear : bool array (v,)
        Whether the source says nothing else about the item.
    """

    item: np.ndarray
    source: np.ndarray
    code: np.ndarray
    times: np.ndarray
    clear: np.ndarray


def told(votes: Votes) -> Told:
    """List the votes by item, source and class, with repeated ones counted.

    Examples
    --------
    >>> told(Votes.from_long([1, 1, 1], ["ann", "ann", "bob"], ["a", "b", "b"])).clear.tolist()
    [False, False, True]
    """
    a, k = len(votes.sources), votes.n_classes
    place = (votes.item.astype(np.int64) * a + votes.source) * k + votes.said
    if len(place) < 2 or (np.diff(place) > 0).all():
        times = np.ones(len(place), dtype=np.intp)
    else:
        place, times = np.unique(place, return_counts=True)
    who, code = np.divmod(place, max(k, 1))
    item, source = np.divmod(who, max(a, 1))
    again = np.diff(who, prepend=-1) == 0
    torn = again.copy()
    torn[:-1] |= again[1:]
    return Told(item, source, code, times, ~torn)


def _truth(votes: Votes, gold: Evidence | ArrayLike | None) -> np.ndarray:
    """Codes of the truth among the classes of the votes: -1 unknown, k a class that nobody says."""
    if gold is None:
        return np.full(len(votes), -1)
    codes, names = (gold.codes, gold.classes) if isinstance(gold, Exact) else encode(gold)  # type: ignore[arg-type]
    if len(codes) != len(votes):
        raise InputError(f"gold has {len(codes)} rows for {len(votes)} items; they must match")
    place = {name: code for code, name in enumerate(votes.classes.tolist())}
    theirs = np.array([*(place.get(name, votes.n_classes) for name in names.tolist()), -1], dtype=np.intp)
    told = theirs[np.unique(codes[codes >= 0])]
    if len(told) and (told == votes.n_classes).all():
        raise InputError(
            f"gold has the classes {names.tolist()[:5]}, the votes have {votes.classes.tolist()[:5]}; none is the same "
            "(text and numbers differ)"
        )
    return theirs[codes]
