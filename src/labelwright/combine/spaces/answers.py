"""What several sources answered, whatever kind of thing an answer is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from labelwright import frames
from labelwright.errors import InputError
from labelwright.evidence.classes import encode, is_missing


@dataclass(frozen=True, repr=False, eq=False)
class Answers:
    """Answers of `a` sources about `n` items, one a row, items in order; who is missing did not answer.

    Attributes
    ----------
    item : ndarray (v,) of int
        Sorted.
    source : ndarray (v,) of int
    value : ndarray (v, ...)
        The answers, of object dtype until a space has read them.
    items : ndarray (n,)
        Names of the items.
    sources : ndarray (a,)
        Names of the sources.

    Examples
    --------
    >>> Answers.from_wide([["a cat", None], ["a dog", "dogs"]])
    Answers(n=2, sources=2, answers=3)
    """

    item: np.ndarray
    source: np.ndarray
    value: np.ndarray
    items: np.ndarray
    sources: np.ndarray

    @classmethod
    def from_long(
        cls,
        item: ArrayLike | Sequence[Any],
        source: ArrayLike | Sequence[Any],
        answer: ArrayLike | Sequence[Any],
    ) -> Self:
        """Build from one answer per row: three columns of equal length; missing answers are left out.

        Items stand in sorted order; `items` keeps their names.

        Examples
        --------
        >>> answers = Answers.from_long(["y", "x", "x"], ["ann", "ann", "bob"], [0.5, 2.0, 3.0])
        >>> answers.items.tolist(), answers.value.tolist()
        (['x', 'y'], [2.0, 3.0, 0.5])
        """
        rows, items = encode(item)
        columns, sources = encode(source)
        values = _objects(list(answer))  # type: ignore[arg-type]
        if not len(rows) == len(columns) == len(values):
            raise InputError(
                f"item, source and answer have {len(rows)}, {len(columns)} and {len(values)} rows; they must match"
            )
        lost = np.flatnonzero((rows < 0) | (columns < 0))
        if len(lost):
            raise InputError(f"{len(lost)} answers have no item or no source (first: row {lost[0]})")
        told = np.array([not is_missing(v) for v in values], dtype=bool)
        order = np.flatnonzero(told)[np.argsort(rows[told], kind="stable")]
        return cls(rows[order], columns[order], values[order], items, sources)

    @classmethod
    def from_wide(cls, table: Any, sources: Sequence[Any] | None = None) -> Self:
        """Build from a table (n, a) of answers, None or NaN where there is none; a frame has a column a source.

        Examples
        --------
        >>> Answers.from_wide([[1.0, float("nan")]], sources=["ann", "bob"]).sources.tolist()
        ['ann', 'bob']
        """
        if frames.is_frame(table):
            columns = frames.names(table)
            rows = list(zip(*(frames.column(table, name).tolist() for name in columns)))
            return cls.from_wide(rows, columns if sources is None else sources)
        listed = [list(row) for row in table]
        wide = {len(row) for row in listed}
        if len(wide) != 1:
            raise InputError(
                f"answers have rows of {sorted(wide) or 'no'} sources; every row needs as many, None where one "
                "did not answer. For one answer per row use Answers.from_long"
            )
        a = wide.pop()
        values = _objects([value for row in listed for value in row])
        told = np.flatnonzero([not is_missing(v) for v in values])
        names = np.arange(a) if sources is None else np.asarray(sources)
        if len(names) != a:
            raise InputError(f"there are {len(names)} sources for {a} columns of answers")
        return cls(told // a, told % a, values[told], np.arange(len(listed)), names)

    @classmethod
    def of(cls, told: Any) -> Self:
        """`told` itself where it is answers, else the table it is."""
        return told if isinstance(told, cls) else cls.from_wide(told)

    def __len__(self) -> int:
        return len(self.items)

    def __repr__(self) -> str:
        return f"Answers(n={len(self)}, sources={len(self.sources)}, answers={len(self.item)})"

    def valued(self, value: np.ndarray, keep: np.ndarray | None = None) -> Self:
        """The same answers in other terms, or some of them."""
        if keep is None:
            return replace(self, value=value)
        return replace(self, item=self.item[keep], source=self.source[keep], value=value[keep])

    def where(self, row: int) -> str:
        """Item and source of one answer, for messages."""
        return f"item {self.items[self.item[row]]}, source {self.sources[self.source[row]]}"


def dense(value: np.ndarray, present: np.ndarray, sources: Sequence[Any] | None = None) -> Answers:
    """Answers from an array (n, a, ...) that a space has read already, and where there is one (n, a)."""
    item, source = np.nonzero(present)
    n, a = present.shape
    return Answers(
        item,
        source,
        value[item, source],
        np.arange(n),
        np.arange(a) if sources is None else np.asarray(sources),
    )


def _objects(values: list[Any]) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
