"""Rules from a random forest: one leaf of each tree, which votes where it applies (S101)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from labelwright import frames
from labelwright.combine.rules import Rule, Said, one_class
from labelwright.combine.views import View, pick
from labelwright.errors import InputError
from labelwright.evidence import Exact, as_evidence


def forest_rules(
    X: Any, y: Exact | ArrayLike, n_rules: int = 10, *, max_depth: int = 3, per_class: int | None = 25,
    random_state: int | None = 0,
) -> list[Rule]:  # fmt: skip
    """Learn weak rules for a table of numbers from a few labels.

    A forest is fitted to a class-balanced sample, and one leaf of each tree, drawn from the deepest, becomes a rule: it
    says the majority class of the leaf where the conditions on the way to it hold, and abstains elsewhere, as where
    one of the numbers is missing. Rules that apply to the same rows of `X` are kept once. With ``max_depth=1`` they
    are stumps.

    Parameters
    ----------
    X : array (n, d) of numbers, or frame
        Of a frame, the names of columns become part of the rules.
    y : array (n,) or Exact
        Labels; rows without one are not learned from.
    n_rules : int, default 10
        Trees, and so rules at most.
    max_depth : int, default 3
    per_class : int or None, default 25
        Labelled rows of each class to learn from, at most those of the rarest; None for all rows.
    random_state : int or None, default 0

    Returns
    -------
    list of Rule
        Named by what they say, such as ``"x3 <= 0.5 and x7 > 2: yes"``.

    Raises
    ------
    InputError
        When fewer than two classes are labelled, lengths differ, or the columns are no numbers.

    Notes
    -----
    Source: S101 (`zhang2022survey`), whose benchmark makes rules for tables in this way.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> first = forest_rules(X, y, 5)[0]
    >>> sum(first(row) is not None for row in X) > 10
    True
    """
    from sklearn.ensemble import RandomForestClassifier

    told = as_evidence(y)
    if not isinstance(told, Exact):
        raise InputError(f"rules are learned from one label per item (Exact), not {type(told).__name__}")
    columns = frames.names(X) if frames.is_frame(X) else list(range(np.shape(X)[1] if np.ndim(X) == 2 else 0))
    try:
        table = np.stack([np.asarray(pick(X, c), dtype=np.float64) for c in columns], axis=1)
    except (TypeError, ValueError) as problem:
        raise InputError(f"X is no table of numbers ({problem}); select or encode its columns") from None
    if len(table) != len(told):
        raise InputError(f"X has {len(table)} rows and y has {len(told)} labels; they must match")
    if n_rules < 1 or max_depth < 1 or (per_class is not None and per_class < 1):
        raise InputError(
            f"n_rules={n_rules!r}, max_depth={max_depth!r} and per_class={per_class!r} must be at least 1"
        )
    rng = np.random.default_rng(random_state)
    rows = _balanced(told.codes, per_class, rng)
    forest = RandomForestClassifier(n_rules, max_depth=max_depth, random_state=int(rng.integers(2**31)))
    forest.fit(table[rows], told.codes[rows])
    found: dict[bytes, Rule] = {}
    names = [c if isinstance(c, str) else f"x{c}" for c in columns]
    for tree in forest.estimators_:
        steps, code = _leaf(tree.tree_, rng)
        said = told.classes.tolist()[int(forest.classes_[code])]
        leaf = Leaf(said, tuple((columns[c], below, limit) for c, below, limit in steps))
        applies = leaf.applies(table, columns)
        if steps and applies.any():
            text = " and ".join(
                f"{names[c]} {'<=' if below else '>'} {limit:.6g}" for c, below, limit in steps
            )
            found.setdefault(applies.tobytes(), Rule(f"{text}: {said}", leaf, (said,)))
    return list(found.values())


@dataclass(frozen=True)
class Leaf:
    """Says a class where all of some conditions ``(column, whether <=, limit)`` hold."""

    said: Any
    steps: tuple[tuple[Any, bool, float], ...]

    def __call__(self, view: View) -> Said:
        columns = list(dict.fromkeys(column for column, _, _ in self.steps))
        values = view.values
        if isinstance(values, list):
            values = np.asarray(values)
        table = np.stack([np.asarray(pick(values, c), dtype=np.float64) for c in columns], axis=1)
        return one_class(self.applies(table, columns), self.said)

    def applies(self, table: np.ndarray, columns: list[Any]) -> np.ndarray:
        """Mask (n,) of the rows of `table`, whose columns are called `columns`."""
        place = {column: i for i, column in enumerate(columns)}
        holds = np.ones(len(table), dtype=bool)
        for column, below, limit in self.steps:
            x = table[:, place[column]].astype(np.float32)  # as trees see it
            holds &= (x <= limit) if below else (x > limit)
        return holds


def _balanced(codes: np.ndarray, per_class: int | None, rng: np.random.Generator) -> np.ndarray:
    """Labelled rows to learn from, of each class equally many."""
    counts = np.bincount(codes[codes >= 0])
    if (counts > 0).sum() < 2:
        raise InputError("y has labels of fewer than two classes; rules need two to tell apart")
    if per_class is None:
        return np.flatnonzero(codes >= 0)
    size = min(per_class, counts[counts > 0].min())
    each = [rng.choice(np.flatnonzero(codes == c), size, replace=False) for c in np.flatnonzero(counts)]
    return np.sort(np.concatenate(each))


def _leaf(tree: Any, rng: np.random.Generator) -> tuple[list[tuple[int, bool, float]], int]:
    """Conditions on the way to one of the deepest leaves, and its majority class."""
    paths: list[tuple[int, list[tuple[int, bool, float]]]] = []
    waiting: list[tuple[int, list[tuple[int, bool, float]]]] = [(0, [])]
    while waiting:
        node, path = waiting.pop()
        if tree.children_left[node] < 0:
            paths.append((node, path))
            continue
        column, limit = int(tree.feature[node]), float(tree.threshold[node])
        waiting.append((int(tree.children_left[node]), [*path, (column, True, limit)]))
        waiting.append((int(tree.children_right[node]), [*path, (column, False, limit)]))
    depth = max(len(path) for _, path in paths)
    deepest = [(node, path) for node, path in paths if len(path) == depth]
    node, path = deepest[int(rng.integers(len(deepest)))]
    return path, int(tree.value[node][0].argmax())
