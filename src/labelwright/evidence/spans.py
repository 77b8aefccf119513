"""Spans of tokens, such as names in sentences, marked completely or in part."""

from collections.abc import Hashable, Iterable, Sequence
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError
from labelwright.evidence.base import Evidence, whole_groups
from labelwright.evidence.chains import best_paths, messages, steps
from labelwright.evidence.checks import check_probs
from labelwright.evidence.classes import is_missing, ordered
from labelwright.evidence.schemes import Scheme, bio

Span = tuple[int, int, Any]


class Spans(Evidence):
    """Spans marked in sequences of tokens; the items are the tokens, one sequence after the other.

    The classes are tags: ``O`` outside, ``B-x`` for the first and ``I-x`` for every further token of a span of
    kind x (BIO). ``P(told | tags) = 1`` if the tags of the sequence are valid (``I-x`` stands only after ``B-x`` or
    ``I-x``) and agree with what was told, else 0. In a complete sequence all tokens outside the told spans are
    ``O``. In a partial one they are unknown, but the told spans are exactly there: the token after one is not ``I-x``.
    A sequence of which nothing was told still says that its tags are valid.

    Parameters
    ----------
    lengths : array (s,) of int
        Number of tokens of each sequence; they add up to n.
    spans : sequence (s,) of lists of (start, end, kind)
        Tokens ``start`` to ``end - 1`` of the sequence, counted from 0. Spans do not overlap.
    kinds : sequence, optional
        Names of the kinds; by default those in `classes`, or else those that occur, sorted.
    complete : bool or array (s,) of bool, default True
        Whether every span of the sequence was marked.
    classes : sequence (k,), optional
        All tags in the order of the columns of the model's `probs`; by default ``O`` and then ``B-x``, ``I-x`` of
        one kind after the other.

    Attributes
    ----------
    told : ndarray (n,) of int
        Code of the tag of each token, -1 where it is unknown.
    barred : ndarray (n,) of int
        Code of a tag that an unknown token does not have (it stands behind a told span), -1 for none.
    sequence, position : ndarray (n,) of int
        Number of each token's sequence, and the token's place in it.
    lengths : ndarray (s,) of int
    kinds : ndarray

    Notes
    -----
    Bayes is exact (forward-backward in logs), in O(n k) time and memory for n tokens and k tags.

    Examples
    --------
    >>> told = Spans([3], [[(0, 1, "name")]], complete=False)
    >>> told.classes.tolist()
    ['O', 'B-name', 'I-name']
    >>> told.posterior([[0.2, 0.4, 0.4]] * 3).round(2).tolist()
    [[0.0, 1.0, 0.0], [0.23, 0.77, 0.0], [0.23, 0.46, 0.31]]
    """

    unit = "sequence"

    def __init__(
        self,
        lengths: ArrayLike,
        spans: Iterable[Iterable[Span]],
        kinds: Sequence[Any] | np.ndarray | None = None,
        *,
        complete: bool | ArrayLike = True,
        classes: Sequence[str] | np.ndarray | None = None,
    ):
        sizes, listed = np.asarray(lengths), [list(s) for s in spans]
        if sizes.ndim != 1 or (sizes.size and (sizes.dtype.kind not in "iu" or sizes.min() < 0)):
            raise InputError(
                "lengths must hold the number of tokens of each sequence, whole numbers from 0 up"
            )
        sizes = sizes.astype(np.intp)
        if len(listed) != len(sizes):
            raise InputError(
                f"spans are given for {len(listed)} sequences, but there are {len(sizes)} lengths"
            )
        whole = np.asarray(complete)
        if whole.dtype.kind != "b" or whole.shape not in ((), sizes.shape):
            raise InputError(
                f"complete must be True or False, once or for each of the {len(sizes)} sequences"
            )
        _check_spans(listed, sizes)
        if kinds is None and classes is None:
            kinds = ordered(kind for row in listed for *_, kind in row)
        scheme = bio(kinds, classes)
        told, barred = _tags(listed, sizes, whole, scheme)
        self._build(sizes, told, barred, scheme)

    @classmethod
    def from_tags(
        cls,
        tags: Iterable[Iterable[str | None]],
        kinds: Sequence[Any] | np.ndarray | None = None,
        *,
        classes: Sequence[str] | np.ndarray | None = None,
    ) -> Self:
        """Build from one list of BIO tags per sequence, None where the tag of a token is unknown.

        Examples
        --------
        >>> Spans.from_tags([["O", "B-name", None], ["B-name", "I-name"]]).told.tolist()
        [0, 1, -1, 1, 2]
        """
        rows = [list(row) for row in tags]
        sizes = np.array([len(row) for row in rows], dtype=np.intp)
        flat = [tag for row in rows for tag in row]
        if kinds is None and classes is None:
            kinds = ordered(t[2:] for t in flat if isinstance(t, str) and t[:2] in ("B-", "I-"))
        scheme = bio(kinds, classes)
        code = {tag: i for i, tag in enumerate(scheme.classes.tolist())}
        told = np.array([-1 if is_missing(t) else code.get(t, -2) for t in flat], dtype=np.intp)
        spans = cls.__new__(cls)
        spans._build(sizes, told, np.full(len(told), -1, dtype=np.intp), scheme)
        if (told == -2).any():
            row = int(np.flatnonzero(told == -2)[0])
            raise InputError(
                f"tag {flat[row]!r} of {spans._where(row)} is not among the tags {scheme.classes.tolist()[:9]}; write "
                "spans as O, B-kind and I-kind, and None where a tag is unknown"
            )
        spans._refuse_invalid(told, "tags")
        return spans

    @classmethod
    def from_offsets(
        cls,
        offsets: Iterable[ArrayLike],
        spans: Iterable[Iterable[Span]],
        kinds: Sequence[Any] | np.ndarray | None = None,
        *,
        complete: bool | ArrayLike = True,
        classes: Sequence[str] | np.ndarray | None = None,
    ) -> Self:
        """Build from spans counted in characters: a span takes every token that shares a character with it.

        Parameters
        ----------
        offsets : list of arrays (tokens, 2)
            Where each token of the text begins and ends (exclusive), as tokenisers return it.
        spans : sequence of lists of (start, end, kind)
            In characters of the text.

        Examples
        --------
        >>> Spans.from_offsets([[(0, 3), (4, 7), (7, 9)]], [[(4, 9, "name")]]).told.tolist()
        [0, 1, 2]
        """
        places = [np.asarray(o, dtype=np.intp).reshape(-1, 2) for o in offsets]
        listed = [list(s) for s in spans]
        if len(listed) != len(places):
            raise InputError(f"spans are given for {len(listed)} texts, but there are {len(places)} offsets")
        moved: list[list[Span]] = []
        for s, (place, row) in enumerate(zip(places, listed)):
            moved.append([])
            for start, end, kind in row:
                inside = np.flatnonzero((place[:, 0] < end) & (place[:, 1] > start))
                if not len(inside):
                    raise InputError(
                        f"span {(start, end, kind)!r} of text {s} holds no character of any token"
                    )
                moved[-1].append((int(inside[0]), int(inside[-1]) + 1, kind))
        return cls([len(p) for p in places], moved, kinds, complete=complete, classes=classes)

    def _build(self, lengths: np.ndarray, told: np.ndarray, barred: np.ndarray, scheme: Scheme) -> None:
        self.lengths, self.told, self.barred, self._scheme = lengths, told, barred, scheme
        self.classes, self.kinds = scheme.classes, scheme.kinds
        self.sequence = np.repeat(np.arange(len(lengths)), lengths)
        starts = np.cumsum(self.lengths) - self.lengths
        self.position = np.arange(len(told)) - np.repeat(starts, lengths)

    def __len__(self) -> int:
        return len(self.told)

    def __getitem__(self, items: Any) -> Self:
        rows = whole_groups(self, items)
        taken, first, number = np.unique(self.sequence[rows], return_index=True, return_inverse=True)
        order = np.argsort(first)  # sequences are numbered as they come
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.told, other.barred, other.position = self.told[rows], self.barred[rows], self.position[rows]
        other.lengths, other.sequence = self.lengths[taken[order]], np.argsort(order)[number]
        return other

    def __repr__(self) -> str:
        known = (self.told >= 0).mean() if len(self) else 0.0
        return (
            f"Spans(n={len(self)}, sequences={len(self.lengths)}, kinds={len(self.kinds)}, known={known:.3g})"
        )

    @property
    def groups(self) -> np.ndarray:
        return self.sequence

    def message(self, states: np.ndarray) -> np.ndarray:
        table = messages(self._logs(states), self._scheme.first, self._scheme.transitions, self._steps())
        return self._rule_out(table)

    def likelihood_of(self, labels: ArrayLike) -> float:
        tags = np.asarray(labels, dtype=np.intp)
        agrees = ((self.told < 0) | (tags == self.told)) & ((self.barred < 0) | (tags != self.barred))
        return float(agrees.all() and self._first_invalid(tags) is None)

    def support(self, probs: ArrayLike) -> np.ndarray:
        table = check_probs(probs, len(self), self.n_classes)
        tag = np.take_along_axis(table, np.maximum(self.told, 0)[:, None], axis=1)[:, 0]
        return np.where(self.told >= 0, tag, np.nan)

    def best(self, probs: ArrayLike) -> np.ndarray:
        """Codes (n,) of the most probable tags that are valid and agree with what was told (Viterbi).

        The most probable tag of each token (``posterior(probs).argmax(axis=1)``) need not be valid.

        Examples
        --------
        >>> told = Spans([2], [[]], ["name"], complete=False)
        >>> told.best([[0.6, 0.4, 0.0], [0.1, 0.1, 0.8]]).tolist()
        [1, 2]
        """
        places = self._steps()
        tags, totals = best_paths(
            self._logs(self._to_states(probs)), self._scheme.first, self._scheme.transitions, places
        )
        by_sequence = np.zeros(len(self.lengths))
        if places:
            by_sequence[self.sequence[places[0]]] = totals
        self._refuse_impossible(by_sequence[self.sequence])
        return tags

    def decode(self, labels: ArrayLike) -> list[list[Span]]:
        """Spans of each sequence, from the codes (n,) of valid tags.

        Raises
        ------
        InputError
            When the tags are not valid; `best` gives valid ones.

        Examples
        --------
        >>> Spans([3, 1], [[], []], ["name"]).decode([1, 2, 1, 0])
        [[(0, 2, 'name'), (2, 3, 'name')], []]
        """
        tags = np.asarray(labels)
        if tags.shape != (len(self),) or (tags.size and tags.dtype.kind not in "iu"):
            raise InputError(f"labels have shape {tags.shape}, expected {(len(self),)}: one code per token")
        if tags.size and not 0 <= tags.min() <= tags.max() < self.n_classes:
            raise InputError(f"labels must be codes from 0 to {self.n_classes - 1}")
        tags = tags.astype(np.intp)
        self._refuse_invalid(tags, "labels")
        order = self._order()
        tag = tags[order]
        goes_on = np.isin(tag, self._scheme.inside)
        stops = np.append(np.flatnonzero(~goes_on | (self.position[order] == 0)), len(tag))
        first = np.flatnonzero(np.isin(tag, self._scheme.begin))
        size = stops[np.searchsorted(stops, first, side="right")] - first
        names = self.kinds.tolist()
        found: list[list[Span]] = [[] for _ in self.lengths]
        for row, length in zip(first.tolist(), size.tolist()):
            item = order[row]
            start = int(self.position[item])
            found[self.sequence[item]].append((start, start + length, names[self._scheme.kind[tag[row]]]))
        return found

    def _order(self) -> np.ndarray:
        """Items by sequence and place in it; slices may have mixed them."""
        return np.lexsort((self.position, self.sequence))

    def _steps(self) -> list[np.ndarray]:
        return steps(np.cumsum(self.lengths) - self.lengths, self.lengths, self._order())

    def _logs(self, states: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore"):
            return self._rule_out(np.log(states))

    def _rule_out(self, table: np.ndarray) -> np.ndarray:
        known = np.flatnonzero(self.told >= 0)
        kept = table[known, self.told[known]]
        table[known] = -np.inf
        table[known, self.told[known]] = kept
        after = np.flatnonzero(self.barred >= 0)
        table[after, self.barred[after]] = -np.inf
        return table

    def _first_invalid(self, tags: np.ndarray) -> int | None:
        """The first item whose tag cannot follow the one before; -1 is an unknown tag."""
        order = self._order()
        tag, start = tags[order], self.position[order] == 0
        before = np.roll(tag, 1)
        fine = np.where(start, self._scheme.first[tag], self._scheme.transitions.follows[before, tag])
        wrong = np.flatnonzero((tag >= 0) & ~fine & (start | (before >= 0)))
        return int(order[wrong[0]]) if len(wrong) else None

    def _refuse_invalid(self, tags: np.ndarray, name: str) -> None:
        row = self._first_invalid(tags)
        if row is not None:
            raise InputError(
                f"{name} are not valid BIO: {self._where(row)} is {str(self.classes[tags[row]])!r}, but no span has "
                "begun there; take evidence.best(probs) for valid tags, or begin the span with B-"
            )

    def _where(self, row: int) -> str:
        return f"token {self.position[row]} of sequence {self.sequence[row]}"


def _tags(
    spans: list[list[Span]], lengths: np.ndarray, complete: np.ndarray, scheme: Scheme
) -> tuple[np.ndarray, np.ndarray]:
    """The tag of each token, and the tag that each unknown one does not have; -1 where there is none."""
    number, start, end = _columns(spans)
    names = [kind for row in spans for *_, kind in row]
    place = {kind: i for i, kind in enumerate(scheme.kinds.tolist())}
    for i, name in enumerate(names):
        if name not in place:
            raise InputError(
                f"a span of sequence {number[i]} is of kind {name!r}, which is not among the kinds "
                f"{scheme.kinds.tolist()[:9]}; add it to kinds"
            )
    kind = np.array([place[name] for name in names], dtype=np.intp)
    told = np.repeat(np.where(np.broadcast_to(complete, lengths.shape), scheme.outside, -1), lengths)
    barred = np.full_like(told, -1)
    offset, size = np.cumsum(lengths) - lengths, end - start
    first, behind = offset[number] + start, end < lengths[number]
    barred[(first + size)[behind]] = scheme.inside[kind[behind]]
    each = np.repeat(np.arange(len(size)), size)
    told[first[each] + np.arange(len(each)) - (np.cumsum(size) - size)[each]] = scheme.inside[kind[each]]
    told[first] = scheme.begin[kind]
    return told, np.where(told < 0, barred, -1)


def _columns(spans: list[list[Span]]) -> np.ndarray:
    """Sequence, start and end of all spans: (3, spans)."""
    flat = [(s, start, end) for s, row in enumerate(spans) for start, end, _ in row]
    return np.array(flat, dtype=np.intp).reshape(-1, 3).T


def _check_spans(spans: list[list[Span]], lengths: np.ndarray) -> None:
    for s, row in enumerate(spans):
        for span in row:
            whole = len(span) == 3 and all(isinstance(edge, Integral) for edge in span[:2])
            if not whole or not _is_name(span[2]) or not 0 <= span[0] < span[1] <= lengths[s]:
                raise InputError(
                    f"span {span!r} of sequence {s} must be (start, end, kind) with 0 <= start < end <= {lengths[s]}, "
                    "the number of its tokens; end is the token after the span"
                )
    number, start, end = _columns(spans)
    order = np.lexsort((start, number))
    number, start, end = number[order], start[order], end[order]
    over = np.flatnonzero((number[1:] == number[:-1]) & (start[1:] < end[:-1]))
    if len(over):
        i = over[0]
        raise InputError(
            f"spans {int(start[i])} to {int(end[i])} and {int(start[i + 1])} to {int(end[i + 1])} of sequence "
            f"{number[i]} overlap; a token has one tag, so drop one of them"
        )


def _is_name(kind: Any) -> bool:
    return isinstance(kind, Hashable) and not is_missing(kind)
