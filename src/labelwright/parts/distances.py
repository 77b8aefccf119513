"""How far two answers are apart: rankings, numbers, nodes of trees and graphs, texts; and how far sources are.

Every function takes arrays of answers and is vectorised over them. Spaces of answers in `labelwright.combine.spaces`
use them to weigh sources whose answers are not plain classes.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from labelwright.errors import InputError

BLOCK = 1 << 16  # pairs of answers looked at together


class Between(NamedTuple):
    """Mean distances between sources.

    Attributes
    ----------
    distance : ndarray (a, a)
        Mean over the items that both answered, NaN where there is none and on the diagonal.
    shared : ndarray (a, a) of int
        How many pairs of answers each mean is over, 0 on the diagonal.
    """

    distance: np.ndarray
    shared: np.ndarray


def squared(left: ArrayLike, right: ArrayLike) -> np.ndarray:
    """Squared Euclidean distance along the last axis.

    Examples
    --------
    >>> squared([[0.0, 0.0]], [[3.0, 4.0]]).tolist()
    [25.0]
    """
    return np.asarray(((np.asarray(left) - np.asarray(right)) ** 2).sum(axis=-1))


def absolute(left: ArrayLike, right: ArrayLike) -> np.ndarray:
    """Sum of the absolute differences along the last axis.

    Examples
    --------
    >>> absolute([[0.0, 0.0]], [[3.0, -4.0]]).tolist()
    [7.0]
    """
    return np.asarray(np.abs(np.asarray(left) - np.asarray(right)).sum(axis=-1))


def pair_signs(
    orders: ArrayLike, things: int | None = None, *, unranked: Literal["unknown", "last"] = "unknown"
) -> np.ndarray:
    """For every pair of things, which comes first: 1 the one of smaller code, -1 the other, 0 not said.

    Parameters
    ----------
    orders : array (..., m) of int
        Codes of the things, best first, -1 from where a ranking stops.
    things : int, optional
        How many there are, by default one more than the largest code.
    unranked : {"unknown", "last"}, default "unknown"
        Whether things that are not ranked tell nothing, or all come after those that are (a list of the best).

    Returns
    -------
    ndarray (..., things * (things - 1) / 2) of int8
        Pairs in the order (0, 1), (0, 2), ..., (1, 2), ...

    Examples
    --------
    >>> pair_signs([[2, 0, 1], [1, -1, -1]], unranked="last").tolist()
    [[1, -1, -1], [-1, 0, 1]]
    """
    table = np.asarray(orders)
    d = int(table.max(initial=-1)) + 1 if things is None else things
    flat = table.reshape(-1, table.shape[-1])
    place = np.full((len(flat), d + 1), d, dtype=np.int32)  # the last column takes the -1
    np.put_along_axis(
        place, np.where(flat < 0, d, flat), np.arange(flat.shape[1], dtype=np.int32)[None], axis=1
    )
    first, second = np.triu_indices(d, 1)
    one, other = place[:, first], place[:, second]
    signs = np.sign(other - one).astype(np.int8)
    if unranked == "unknown":
        signs[(one == d) | (other == d)] = 0
    return signs.reshape(*table.shape[:-1], len(first))


def kendall_tau(
    left: ArrayLike,
    right: ArrayLike,
    *,
    things: int | None = None,
    penalty: float = 0.5,
    unranked: Literal["unknown", "last"] = "unknown",
) -> np.ndarray:
    """Share of the pairs of things that two rankings put in opposite orders.

    Parameters
    ----------
    left, right : array (..., m) of int
        Codes of the things, best first, -1 from where a ranking stops.
    things : int, optional
        How many there are, by default one more than the largest code.
    penalty : float in [0, 1], default 0.5
        What a pair counts that only one of the two orders. Pairs that neither orders count nothing. From 0.5 on this is
        a metric (Fagin et al., 2004).
    unranked : {"unknown", "last"}, default "unknown"
        As in `pair_signs`.

    Returns
    -------
    ndarray (...,) in [0, 1]

    Examples
    --------
    >>> kendall_tau([[0, 1, 2], [0, 1, 2]], [[2, 1, 0], [0, 2, 1]]).round(2).tolist()
    [1.0, 0.33]
    """
    tables = [np.asarray(left), np.asarray(right)]
    d = max(int(t.max(initial=-1)) + 1 for t in tables) if things is None else things
    one, other = (pair_signs(t, d, unranked=unranked) for t in tables)
    opposite = (one * other == -1).sum(axis=-1)
    half_told = ((one == 0) != (other == 0)).sum(axis=-1)
    return np.asarray((opposite + penalty * half_told) / max(1, d * (d - 1) // 2))


def graph(
    edges: Iterable[tuple[Any, ...]], nodes: Sequence[Hashable] | np.ndarray | None = None
) -> tuple[np.ndarray, list[Hashable]]:
    """Length of the shortest path between all nodes of an undirected graph.

    Parameters
    ----------
    edges : iterable of (node, node) or (node, node, length)
        Lengths are above 0, by default 1.
    nodes : sequence (k,), optional
        Order of the nodes, by default that of their first mention.

    Returns
    -------
    distances : ndarray (k, k)
        Infinite between parts that are not connected.
    nodes : list (k,)

    Raises
    ------
    InputError
        When an edge names no known node, or its length is not above 0.

    Examples
    --------
    >>> graph([("a", "b"), ("b", "c", 2.5)])
    (array([[0. , 1. , 3.5],
           [1. , 0. , 2.5],
           [3.5, 2.5, 0. ]]), ['a', 'b', 'c'])
    """
    from scipy.sparse.csgraph import shortest_path

    listed = [tuple(edge) for edge in edges]
    for row, edge in enumerate(listed):
        if len(edge) not in (2, 3) or (len(edge) == 3 and not edge[2] > 0):
            raise InputError(f"edge {row} is {edge!r}, expected (node, node) or (node, node, length above 0)")
    names = list(dict.fromkeys(n for e in listed for n in e[:2])) if nodes is None else list(nodes)
    code = {name: i for i, name in enumerate(names)}
    strange = next((n for e in listed for n in e[:2] if n not in code), None)
    if strange is not None:
        raise InputError(
            f"an edge names {strange!r}, which is not among the {len(names)} nodes; add it there"
        )
    ends = np.array([(code[e[0]], code[e[1]]) for e in listed], dtype=np.intp).reshape(-1, 2)
    lengths = np.array([e[2] if len(e) == 3 else 1.0 for e in listed], dtype=np.float64)
    table = np.full((len(names), len(names)), np.inf)
    np.minimum.at(table, (ends[:, 0], ends[:, 1]), lengths)
    table = np.minimum(table, table.T)
    table[~np.isfinite(table)] = 0  # no edge, to csgraph
    return np.asarray(shortest_path(sparse.csr_matrix(table), directed=False)), names


def tree(
    parents: Mapping[Hashable, Hashable | None] | Iterable[str], *, separator: str = "/"
) -> tuple[np.ndarray, list[Hashable]]:
    """Number of steps between all nodes of a tree or forest.

    Parameters
    ----------
    parents : mapping, or iterable of str
        The parent of each node, None for a root; or paths such as ``"animal/dog/poodle"``, each of which brings the
        nodes above it. Several roots are joined by a node without a name.
    separator : str, default "/"
        Between the steps of a path.

    Returns
    -------
    distances : ndarray (k, k)
    nodes : list (k,)

    Raises
    ------
    InputError
        When nodes are above each other in a circle.

    Examples
    --------
    >>> distances, nodes = tree(["a/b", "a/c", "d"])
    >>> nodes, distances[1].tolist()
    (['a', 'a/b', 'a/c', 'd'], [1.0, 0.0, 2.0, 3.0])
    """
    above: dict[Hashable, Hashable | None] = {}
    if isinstance(parents, Mapping):
        for child, parent in parents.items():
            above[child] = parent
            if parent is not None:
                above.setdefault(parent, None)
    else:
        for path in parents:
            steps = path.split(separator)
            for i in range(len(steps)):
                here = separator.join(steps[: i + 1])
                above[here] = separator.join(steps[:i]) if i else None
    code = {name: i + 1 for i, name in enumerate(above)}  # 0 is the node above all roots
    up = np.array([0] + [0 if p is None else code[p] for p in above.values()], dtype=np.intp)
    lineage = np.zeros((len(up), len(up)))  # [node, node above it or itself]
    node = np.arange(len(up))
    at = node
    for _ in up:
        lineage[node, at] = 1
        at = up[at]
        if not at.any():
            break
    else:
        circle = list(above)[int(np.flatnonzero(at)[0]) - 1]
        raise InputError(
            f"parents go round in a circle (through {circle!r}); a tree has a root, whose parent is None"
        )
    lineage[:, 0] = 1
    depth = lineage.sum(axis=1)
    return (depth[:, None] + depth - 2 * lineage @ lineage.T)[1:, 1:], list(above)


def edit_ratio(
    left: Sequence[str], right: Sequence[str], *, unit: Literal["characters", "words"] = "characters"
) -> np.ndarray:
    """Fewest insertions, deletions and replacements that turn one text into the other, by the length of the longer.

    Parameters
    ----------
    left, right : sequence (m,) of str
    unit : {"characters", "words"}, default "characters"
        What is inserted, deleted or replaced; words stand between blanks, their case does not matter.

    Returns
    -------
    ndarray (m,) in [0, 1]
        0 for equal texts, two empty ones among them.

    Examples
    --------
    >>> edit_ratio(["kitten", "a b c"], ["sitting", "a B d"]).round(2).tolist()
    [0.43, 0.4]
    >>> edit_ratio(["a b c"], ["a B d"], unit="words").round(2).tolist()
    [0.33]
    """
    tokens: dict[str, int] = {}
    known: dict[str, np.ndarray] = {}
    for text in (*left, *right):
        if text not in known:
            parts = text.lower().split() if unit == "words" else list(text)
            known[text] = np.array([tokens.setdefault(p, len(tokens)) for p in parts], dtype=np.int32)
    found = np.empty(len(left))
    sizes = np.array([len(known[a]) * len(known[b]) for a, b in zip(left, right, strict=True)], dtype=np.intp)
    order = np.argsort(sizes, kind="stable")  # texts of like length together waste little padding
    for at in range(0, len(order), 1 << 11):
        rows = order[at : at + (1 << 11)]
        found[rows] = _edits([known[left[r]] for r in rows], [known[right[r]] for r in rows])
    return found


def _edits(left: list[np.ndarray], right: list[np.ndarray]) -> np.ndarray:
    """Edits by the length of the longer, row by row of the table of all prefixes, for many pairs at once."""
    one, n = _padded(left, -1)
    other, m = _padded(right, -2)
    column = np.arange(other.shape[1] + 1, dtype=np.int32)
    row = np.tile(column, (len(left), 1))
    ends = np.where(n == 0, m, 0)
    for i in range(one.shape[1]):
        best = np.empty_like(row)
        best[:, 0] = i + 1
        np.minimum(row[:, 1:] + 1, row[:, :-1] + (other != one[:, i, None]), out=best[:, 1:])
        best -= (
            column  # an insertion costs 1 a column: the running minimum of what is left after taking that off
        )
        np.minimum.accumulate(best, axis=1, out=best)
        best += column
        row = best
        done = n == i + 1
        ends[done] = row[done, m[done]]
    return np.asarray(ends / np.maximum(1, np.maximum(n, m)))


def _padded(texts: list[np.ndarray], filler: int) -> tuple[np.ndarray, np.ndarray]:
    lengths = np.array([len(t) for t in texts], dtype=np.intp)
    table = np.full((len(texts), int(lengths.max(initial=0))), filler, dtype=np.int32)
    if table.size:
        table[np.arange(table.shape[1]) < lengths[:, None]] = np.concatenate(texts)
    return table, lengths


def pairs_within(item: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Every pair of answers to the same item once, in blocks of positions (left, right), left before right.

    Parameters
    ----------
    item : array (v,) of int, sorted
        The item of each answer.

    Examples
    --------
    >>> [(left.tolist(), right.tolist()) for left, right in pairs_within(np.array([0, 0, 0, 1]))]
    [([0, 1], [1, 2]), ([0], [2])]
    """
    lag, left = 1, np.arange(max(0, len(item) - 1))
    while len(left := left[item[left] == item[left + lag]]):
        for at in range(0, len(left), BLOCK):
            block = left[at : at + BLOCK]
            yield block, block + lag
        lag += 1
        left = left[left + lag < len(item)]


def between_sources(
    item: np.ndarray,
    source: np.ndarray,
    distance: Callable[[np.ndarray, np.ndarray], np.ndarray],
    n_sources: int,
) -> Between:
    """Mean distance between the answers of every two sources over the items that both answered.

    Time grows with the pairs of answers to the same item, memory with the square of the number of sources.

    Parameters
    ----------
    item : array (v,) of int, sorted
    source : array (v,) of int
        Codes below `n_sources`.
    distance : callable
        ``distance(left, right)`` for two arrays of positions of answers.
    n_sources : int

    Returns
    -------
    Between

    Examples
    --------
    >>> said = np.array([1.0, 3.0, 2.0, 2.0])
    >>> item, source = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    >>> between_sources(item, source, lambda i, j: abs(said[i] - said[j]), 2).distance
    array([[nan,  1.],
           [ 1., nan]])
    """
    total, shared = np.zeros(n_sources**2), np.zeros(n_sources**2, dtype=np.intp)
    for left, right in pairs_within(item):
        cell = source[left] * n_sources + source[right]
        np.add.at(total, cell, distance(left, right))
        np.add.at(shared, cell, 1)
    sums, counts = (t.reshape(n_sources, n_sources) for t in (total, shared))
    sums, counts = sums + sums.T, counts + counts.T
    np.fill_diagonal(counts, 0)
    return Between(np.where(counts > 0, sums / np.maximum(counts, 1), np.nan), counts)
