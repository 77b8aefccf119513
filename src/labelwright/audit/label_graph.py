"""Relations between labels put to work: what marks imply, contradict, and how near a wrong label is (S058)."""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from labelwright.audit.label_space import Relation
from labelwright.errors import InputError


class Cleaned(NamedTuple):
    """Marks after relations were applied, and how to get back.

    Attributes
    ----------
    marks : int8 array (n, L)
    added : bool array (n, L)
        Marks that a relation added; ``marks - added`` are the marks as they were.
    conflicts : int array (c, 3)
        Item, and two labels on it that exclude each other.
    """

    marks: np.ndarray
    added: np.ndarray
    conflicts: np.ndarray

    def undo(self) -> np.ndarray:
        """The marks before: (n, L)."""
        return np.where(self.added, 0, self.marks).astype(np.int8)


class LabelGraph:
    """What labels imply and exclude, as a person accepted it.

    Parameters
    ----------
    names : sequence (L,)
    relations : iterable of Relation
        "identical" works both ways, "implies" one way, "exclusive" forbids both on one item; "uncertain" is only used
        for how near labels are.

    Raises
    ------
    InputError
        When a relation names no label, or labels that are not identical imply each other in a circle.

    Examples
    --------
    >>> graph = LabelGraph(["lamp", "lamps", "street lamp"], [
    ...     Relation("identical", "lamp", "lamps", 1.0, ""), Relation("implies", "street lamp", "lamp", 1.0, "")])
    >>> graph.apply([[0, 0, 1]]).marks.tolist()
    [[1, 1, 1]]
    """

    cites = ("nguyen2021cleaning",)

    def __init__(self, names: Sequence[Hashable], relations: Iterable[Relation]):
        self.names, self.relations = list(names), list(relations)
        place = {name: i for i, name in enumerate(self.names)}
        k = len(self.names)
        same, up = np.eye(k, dtype=bool), np.zeros((k, k), dtype=bool)
        self._near, self._apart = np.zeros((k, k), dtype=bool), np.zeros((k, k), dtype=bool)
        for it in self.relations:
            lost = [name for name in (it.label, it.other) if name not in place]
            if lost:
                raise InputError(f"a relation names {lost[0]!r}, which is no label")
            i, j = place[it.label], place[it.other]
            if it.kind == "exclusive":
                self._apart[i, j] = self._apart[j, i] = True
                continue
            self._near[i, j] = self._near[j, i] = True
            if it.kind == "identical":
                same[i, j] = same[j, i] = True
            elif it.kind == "implies":
                up[i, j] = True
        same = _closure(same)
        self.implied = _closure(same | up)
        circle = self.implied & self.implied.T & ~same
        if circle.any():
            i, j = np.argwhere(circle)[0]
            raise InputError(
                f"{self.names[i]!r} and {self.names[j]!r} imply each other, though they are not called identical; "
                "say that they are, or drop one relation"
            )

    def __repr__(self) -> str:
        return f"LabelGraph(labels={len(self.names)}, relations={len(self.relations)})"

    def apply(self, marks: ArrayLike) -> Cleaned:
        """Add what the marks imply; nothing is taken away, unknown marks (-1) become known where implied.

        Parameters
        ----------
        marks : array (n, L)

        Examples
        --------
        >>> graph = LabelGraph(["a", "b"], [Relation("exclusive", "a", "b", 1.0, "")])
        >>> graph.apply([[1, 1], [1, 0]]).conflicts.tolist()
        [[0, 0, 1]]
        """
        table = np.asarray(marks).astype(np.int8)
        if table.ndim != 2 or table.shape[1] != len(self.names):
            raise InputError(f"marks have shape {table.shape}, expected (items, {len(self.names)})")
        reached = (table > 0).astype(np.float32) @ self.implied.astype(np.float32) > 0
        added = reached & (table <= 0)
        after = np.where(reached, 1, table).astype(np.int8)
        pairs = np.argwhere(np.triu(self._apart, 1))
        clash = [
            np.column_stack([rows, np.full(len(rows), i), np.full(len(rows), j)])
            for i, j in pairs
            if len(rows := np.flatnonzero((after[:, i] > 0) & (after[:, j] > 0)))
        ]
        return Cleaned(after, added, np.concatenate(clash) if clash else np.empty((0, 3), dtype=np.intp))

    def likeness(self) -> np.ndarray:
        """``1 / (1 + steps)`` between labels along relations, 0 where no way leads: (L, L)."""
        from scipy.sparse import csr_matrix
        from scipy.sparse.csgraph import shortest_path

        steps = shortest_path(csr_matrix(self._near.astype(float)), directed=False, unweighted=True)
        return np.where(np.isfinite(steps), 1 / (1 + np.where(np.isfinite(steps), steps, 0)), 0.0)


def graph_fbeta(
    true: ArrayLike, predicted: ArrayLike, graph: LabelGraph, *, beta: float = 2.0,
    variant: Literal["nearest", "published"] = "nearest",
) -> float:  # fmt: skip
    """F-beta in which a near miss counts in part, over all items together.

    Each true label counts as found by as much as its nearest prediction is like it. With "nearest" each prediction is
    wrong by as much as it differs from its nearest true label; "published" is the authors' code, in which a prediction
    that is *like* another true label counts against.

    Parameters
    ----------
    true, predicted : array (n, L)
    graph : LabelGraph
    beta : float, default 2
        How much finding labels counts beside not inventing them.
    variant : {"nearest", "published"}, default "nearest"

    Examples
    --------
    >>> graph = LabelGraph(["lamp", "street lamp", "cat"], [Relation("implies", "street lamp", "lamp", 1.0, "")])
    >>> near = graph_fbeta([[1, 0, 0]], [[0, 1, 0]], graph)
    >>> near, graph_fbeta([[1, 0, 0]], [[0, 0, 1]], graph)
    (0.5, 0.0)
    """
    told, said = np.asarray(true) > 0, np.asarray(predicted) > 0
    if told.shape != said.shape or told.ndim != 2 or told.shape[1] != len(graph.names):
        raise InputError(
            f"true has shape {told.shape} and predicted {said.shape}, expected (items, {len(graph.names)})"
        )
    if variant not in ("nearest", "published") or not beta > 0:
        raise InputError(f"variant={variant!r} must be 'nearest' or 'published', and beta={beta!r} above 0")
    like = graph.likeness()
    hit = missed = false = 0.0
    for t, p in zip(map(np.flatnonzero, told), map(np.flatnonzero, said)):
        table = like[np.ix_(t, p)]
        best = table.max(axis=1, initial=0.0)
        hit += best.sum()
        missed += (1 - best).sum()
        if variant == "nearest":
            false += (1 - table.max(axis=0, initial=0.0)).sum()
        else:
            others = np.where(t[:, None] == p, 0.0, table).sum()
            false += others if others > 0 else float(len(p) if not best.any() else 0)
    weight = beta**2
    whole = (1 + weight) * hit + weight * missed + false
    return float((1 + weight) * hit / whole) if whole else 1.0


def _closure(table: np.ndarray) -> np.ndarray:
    """All that is reached in any number of steps, oneself included."""
    reached = table | np.eye(len(table), dtype=bool)
    while True:
        more = (reached.astype(np.float32) @ reached.astype(np.float32)) > 0
        if (more == reached).all():
            return reached
        reached = more


def read_plan(plan: Any) -> list[Relation]:
    """Relations of a reviewed frame: rows whose `accept` is true.

    Examples
    --------
    >>> import pyarrow as pa
    >>> columns = {"accept": [True, False], "kind": ["implies"] * 2, "label": ["b", "c"], "other": ["a", "a"]}
    >>> read_plan(pa.table({**columns, "score": [1.0, 1.0], "why": ["", ""]}))[0].label
    'b'
    """
    from labelwright import frames

    names = ("accept", *Relation._fields)
    columns = {name: frames.column(plan, name, argument="plan") for name in names}
    chosen = [str(v).strip().lower() in ("true", "1", "yes", "x") for v in columns["accept"].tolist()]
    rows = zip(*(columns[name].tolist() for name in Relation._fields))
    return [Relation(*row) for keep, row in zip(chosen, rows) if keep]
