"""Several pieces of evidence as one: about the same items, or each about some of them."""

import warnings
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from labelwright.errors import DoubtfulInput, InputError
from labelwright.evidence.base import Evidence, whole_groups

SWEEPS = 200
TOLERANCE = 1e-10


class Piece(NamedTuple):
    """Evidence, and the rows (m,) of the whole that its items are."""

    rows: np.ndarray
    evidence: Evidence


class Together(Evidence):
    """What several pieces of evidence say together, each about all items or about some rows only.

    One object for a table in which some rows have a label, some a set of candidates, some votes, and some
    only stand in a bag whose counts are known; of rows in no piece nothing is known. Pieces about the same row
    are taken to be told independently of each other given the labels (``a & b``), so their likelihoods multiply.

    Where grouped pieces (bags, spans) share items, the posterior comes from belief propagation between the
    groups, each of which is conditioned as by itself. That is exact where the groups form no loop (two groups share
    at most one item, and no chain of groups closes); with loops it is an approximation, and log_evidence is Bethe's.

    Parameters
    ----------
    pieces : sequence of Evidence, or of (rows, Evidence)
        Without rows a piece is about all items. `rows` are positions (m,) or a mask (n,).
    n : int, optional
        Number of items; by default the length of a piece without rows or of a mask, else the last row named + 1.

    Raises
    ------
    InputError
        When lengths or classes differ, or a piece names a row twice.

    Examples
    --------
    >>> from labelwright import Candidates, Exact
    >>> told = Together([([0], Exact(["a"], classes="abc")), ([2], Candidates([[True, True, False]], classes="abc"))])
    >>> told.posterior([[0.2, 0.2, 0.6]] * 3)
    array([[1. , 0. , 0. ],
           [0.2, 0.2, 0.6],
           [0.5, 0.5, 0. ]])
    """

    def __init__(self, pieces: Sequence[Evidence | tuple[ArrayLike, Evidence]], n: int | None = None):
        placed = [_placed(piece) for piece in pieces]
        if not placed:
            raise InputError("pieces is empty; give at least one piece of evidence")
        self._n = _length(placed, n)
        self.pieces: tuple[Piece, ...] = tuple(
            found
            for rows, evidence in placed
            for found in _flat(_positions(rows, evidence, self._n), evidence)
        )
        first = self.pieces[0].evidence
        self.classes = first.classes
        for _, evidence in self.pieces:
            if evidence.classes.tolist() != first.classes.tolist() or evidence.states != first.states:
                raise InputError(
                    f"pieces speak of different classes ({_named(first)} and {_named(evidence)}); "
                    "build each with classes=[...], the same for all"
                )
        units = {p.evidence.unit for p in self._joint}
        self.unit = "item" if not units else units.pop() if len(units) == 1 else "group"
        self._groups = self._components() if self._joint else np.arange(self._n)

    @classmethod
    def stack(cls, pieces: Iterable[Evidence]) -> Self:
        """Put evidence about different items below each other: the rows of the first piece, then the second's ...

        Examples
        --------
        >>> from labelwright import Exact
        >>> Together.stack([Exact([0], classes=[0, 1]), Exact([1, None], classes=[0, 1])])
        Together(n=3, classes=2, pieces=[Exact of 1, Exact of 2])
        """
        pieces = list(pieces)
        ends = np.cumsum([len(e) for e in pieces])
        return cls([(np.arange(end - len(e), end), e) for e, end in zip(pieces, ends)], n=int(ends[-1]))

    @property
    def groups(self) -> np.ndarray:
        return self._groups

    @property
    def states(self) -> tuple[int, ...]:
        return self.pieces[0].evidence.states

    def __len__(self) -> int:
        return self._n

    def __getitem__(self, items: Any) -> Self:
        rows = np.atleast_1d(np.arange(self._n)[items])
        if self._joint:
            rows = whole_groups(self, items)
        kept = []
        for piece, place in zip(self.pieces, self._places):
            inside = place[rows]
            kept.append((np.flatnonzero(inside >= 0), piece.evidence[inside[inside >= 0]]))
        return type(self)(kept, n=len(rows))

    def __repr__(self) -> str:
        said = ", ".join(f"{type(p.evidence).__name__} of {len(p.rows)}" for p in self.pieces)
        return f"Together(n={self._n}, classes={self.n_classes}, pieces=[{said}])"

    def message(self, states: np.ndarray) -> np.ndarray:
        alone = np.zeros((self._n, *self.states))
        for rows, evidence in self.pieces:
            if evidence.unit == "item":
                alone[rows] += evidence.message(states[rows])
        return alone if not self._joint else self._propagate(states, alone)

    def likelihood_of(self, labels: ArrayLike) -> float:
        codes = np.asarray(labels, dtype=np.intp)
        return float(np.prod([evidence.likelihood_of(codes[rows]) for rows, evidence in self.pieces]))

    def update(self, targets: ArrayLike) -> "Together":
        """Every piece re-learns its own parameters from the soft labels of its rows."""
        table = np.asarray(targets)
        return Together([(rows, e.update(table[rows])) for rows, e in self.pieces], n=self._n)

    @cached_property
    def _places(self) -> list[np.ndarray]:
        """For every piece, where each row of the whole stands in it, -1 for nowhere; batches ask again and again."""
        places = []
        for rows, _ in self.pieces:
            place = np.full(self._n, -1)
            place[rows] = np.arange(len(rows))
            places.append(place)
        return places

    @property
    def _joint(self) -> tuple[Piece, ...]:
        return tuple(p for p in self.pieces if p.evidence.unit != "item")

    def _components(self) -> np.ndarray:
        """Items that a chain of groups connects."""
        from scipy.sparse.csgraph import connected_components

        ends, start = [], self._n
        for rows, evidence in self._joint:
            groups = np.unique(evidence.groups, return_inverse=True)[1]
            ends.append((rows, start + groups))
            start += groups.max(initial=-1) + 1
        left, right = (np.concatenate(side) for side in zip(*ends))
        graph = sparse.coo_matrix((np.ones(len(left), np.int8), (left, right)), shape=(start, start))
        return np.asarray(connected_components(graph, directed=False)[1][: self._n], dtype=np.intp)

    def _propagate(self, states: np.ndarray, alone: np.ndarray) -> np.ndarray:
        """Belief propagation between the groups; `alone` is what rows say by themselves."""
        with np.errstate(divide="ignore"):
            prior = np.log(states) + alone
        local = _log_sum(prior)
        self._refuse_impossible(local)
        prior = prior - local[..., None]
        told = [np.zeros((len(rows), *self.states)) for rows, _ in self._joint]
        scale = [np.zeros(len(rows)) for rows, _ in self._joint]
        shared = len(self._joint) > 1 and np.bincount(np.concatenate([p.rows for p in self._joint])).max() > 1
        for sweep in range(SWEEPS if shared else 1):
            moved = 0.0
            for j, (rows, evidence) in enumerate(self._joint):
                cavity = _normalised((prior + self._sum(told, without=j))[rows])
                fresh, scale[j] = self._heard(rows, evidence, cavity)
                if (
                    sweep
                ):  # two parts of new to one of old: loops of hard counts would otherwise swing for ever
                    fresh = np.log((2 * np.exp(fresh) + np.exp(told[j])) / 3)
                moved = max(moved, float(np.abs(np.exp(fresh) - np.exp(told[j])).max(initial=0)))
                told[j] = fresh
            if moved < TOLERANCE:
                break
        else:
            if shared:
                warnings.warn(
                    f"belief propagation between groups that share items still moved by {moved:.1g} after {SWEEPS} "
                    "sweeps; the posterior is rough where they overlap", DoubtfulInput, stacklevel=4,
                )  # fmt: skip
        heard = self._sum(told)
        beliefs = _log_sum(prior + heard)  # each 0 where only one group speaks of the item
        per_item = local + beliefs
        for (rows, evidence), z in zip(self._joint, scale):
            per_item[rows] += z / np.bincount(evidence.groups)[evidence.groups]
        total = np.bincount(self._groups, weights=per_item)[self._groups]
        return alone + heard + (total - local - beliefs)[:, None]

    def _heard(
        self, rows: np.ndarray, evidence: Evidence, cavity: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """A piece's messages, scaled so that they sum to 1 under the cavity, and the logs of those sums."""
        told = evidence.message(cavity)
        with np.errstate(divide="ignore"):
            total = _log_sum(np.log(cavity) + told)
        lost = np.full(self._n, 0.0)
        lost[rows] = total
        self._refuse_impossible(lost)
        return told - total[:, None], total

    def _sum(self, told: list[np.ndarray], without: int | None = None) -> np.ndarray:
        total = np.zeros((self._n, *self.states))
        for j, (rows, _) in enumerate(self._joint):
            if j != without:
                total[rows] += told[j]
        return total


def _placed(piece: Evidence | tuple[ArrayLike, Evidence]) -> tuple[np.ndarray | None, Evidence]:
    rows, evidence = piece if isinstance(piece, tuple) and len(piece) == 2 else (None, piece)
    if not isinstance(evidence, Evidence):
        raise InputError(
            f"pieces hold a {type(evidence).__name__}, expected evidence or (rows, evidence); "
            "plain labels become evidence by Exact(labels, classes=[...])"
        )
    return None if rows is None else np.asarray(rows), evidence


def _length(placed: list[tuple[np.ndarray | None, Evidence]], n: int | None) -> int:
    if n is not None:
        return n
    whole = [
        len(e) if rows is None else len(rows) for rows, e in placed if rows is None or rows.dtype == bool
    ]
    return (
        max(whole) if whole else max(int(rows.max(initial=-1)) + 1 for rows, _ in placed if rows is not None)
    )


def _positions(rows: np.ndarray | None, evidence: Evidence, n: int) -> np.ndarray:
    places = (
        np.arange(len(evidence)) if rows is None else np.flatnonzero(rows) if rows.dtype == bool else rows
    )
    if places.ndim != 1 or len(places) != len(evidence) or (rows is None and len(places) != n):
        raise InputError(
            f"{type(evidence).__name__} speaks of {len(evidence)} items, but it is given {len(places)} rows of {n}; "
            "they must match"
        )
    if len(places) and (places.dtype.kind not in "iu" or places.min() < 0 or places.max() >= n):
        raise InputError(f"rows of {type(evidence).__name__} must be positions from 0 to {n - 1}")
    if len(np.unique(places)) < len(places):
        raise InputError(f"rows of {type(evidence).__name__} name a row twice; take two pieces for that")
    return places.astype(np.intp)


def _flat(rows: np.ndarray, evidence: Evidence) -> list[Piece]:
    if isinstance(evidence, Together):
        return [Piece(rows[p.rows], p.evidence) for p in evidence.pieces]
    return [Piece(rows, evidence)]


def _named(evidence: Evidence) -> str:
    return f"{type(evidence).__name__} of {evidence.classes.tolist()[:4]}"


def _log_sum(logs: np.ndarray) -> np.ndarray:
    top = logs.max(axis=-1, keepdims=True, initial=-np.inf)
    safe = np.where(np.isneginf(top), 0, top)
    with np.errstate(divide="ignore"):
        return np.log(np.exp(logs - safe).sum(axis=-1)) + safe[..., 0]


def _normalised(logs: np.ndarray) -> np.ndarray:
    weights = np.exp(logs - logs.max(axis=-1, keepdims=True, initial=-np.inf))
    return weights / weights.sum(axis=-1, keepdims=True)
