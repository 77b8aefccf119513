"""Which labels to look at again when only some can be: ranks that know how far apart classes are (S013)."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from labelwright import frames
from labelwright.errors import InputError
from labelwright.evidence import Exact
from labelwright.evidence.checks import check_probs
from labelwright.evidence.classes import decode
from labelwright.parts.label_tree import LabelTree

Strategy = Literal["expected_distance", "predicted_distance", "doubt"]


def expected_distance(probs: ArrayLike, labels: Exact | ArrayLike, tree: LabelTree) -> np.ndarray:
    """How far from the given label the true one is expected to be: ``sum over k of p[k] distance[given, k]``, (n,).

    Ranks all items, also those that the model calls as they are labelled: it finds errors that matter, for a slip
    between neighbours counts little. NaN where a label is missing.

    Parameters
    ----------
    probs : array (n, k)
        Of a model that did not see the label of the item.
    labels : Exact or array (n,)
        Given labels; as plain labels their classes are sorted, in the order of the columns.
    tree : LabelTree

    Examples
    --------
    >>> moods = LabelTree.from_paths(["neg/mild", "neg/strong", "pos/mild", "pos/strong"])
    >>> probs = [[0.1, 0.9, 0.0, 0.0], [0.1, 0.0, 0.9, 0.0]]
    >>> expected_distance(probs, ["neg/mild", "neg/mild"], moods).round(1).tolist()
    [1.8, 3.6]
    """
    table, told, apart = _given(probs, labels, tree)
    found = np.full(len(table), np.nan)
    known = told.codes >= 0
    found[known] = (table[known] * apart[told.codes[known]]).sum(axis=1)
    return found


def predicted_distance(
    probs: ArrayLike, labels: Exact | ArrayLike, tree: LabelTree, *, direction: Literal["far", "near"] = "far"
) -> np.ndarray:
    """Rank by how far the predicted class is from the given label; of equal ones the surest prediction first: (n,).

    Items that are predicted as they are labelled come last, the least sure first. Whether "far" or "near" finds more
    errors depends on how people err: they confuse neighbours, slips and bad rules go far.

    Parameters
    ----------
    probs, labels, tree
        As for `expected_distance`.
    direction : {"far", "near"}, default "far"

    Examples
    --------
    >>> moods = LabelTree.from_paths(["neg/mild", "neg/strong", "pos/mild", "pos/strong"])
    >>> probs = [[0.1, 0.9, 0.0, 0.0], [0.1, 0.0, 0.9, 0.0], [0.8, 0.2, 0.0, 0.0]]
    >>> np.argsort(-predicted_distance(probs, ["neg/mild"] * 3, moods)).tolist()
    [1, 0, 2]
    """
    if direction not in ("far", "near"):
        raise InputError(f"direction={direction!r} must be 'far' or 'near'")
    table, told, apart = _given(probs, labels, tree)
    found = np.full(len(table), np.nan)
    known = np.flatnonzero(told.codes >= 0)
    said, sure = table[known].argmax(axis=1), table[known].max(axis=1)
    away = apart[told.codes[known], said]
    if direction == "near":
        away = np.where(away > 0, apart.max() + 1 - away, 0)
    found[known] = np.where(said == told.codes[known], -sure, away + 0.999 * sure)
    return found


class BudgetCurve(NamedTuple):
    """What looking at the first items of a ranking finds.

    Attributes
    ----------
    budget : int array (b,)
        Items looked at.
    caught : float array (b,)
        Share of all errors among them.
    area : float
        Mean over all budgets, from 0.5 for a random order up to almost 1.
    """

    budget: np.ndarray
    caught: np.ndarray
    area: float


def budget_curve(ranking: ArrayLike, wrong: ArrayLike, budgets: Sequence[int] | None = None) -> BudgetCurve:
    """How many of the errors are caught by looking at the highest-ranked items first.

    Parameters
    ----------
    ranking : array (n,)
        The higher, the sooner; of equal ones the first comes first. NaN last.
    wrong : bool array (n,)
        Which labels are wrong, as somebody who looked found.
    budgets : sequence of int, optional
        By default every number from 1 to n.

    Examples
    --------
    >>> budget_curve([0.9, 0.1, 0.8, 0.2], [True, False, False, True], [1, 2]).caught.tolist()
    [0.5, 0.5]
    """
    scores, bad = np.asarray(ranking, dtype=np.float64), np.asarray(wrong, dtype=bool)
    if scores.shape != bad.shape or scores.ndim != 1:
        raise InputError(f"ranking has shape {scores.shape} and wrong {bad.shape}; expected one of each item")
    if not bad.any():
        raise InputError("no label is wrong; there is nothing to catch")
    order = np.argsort(-np.nan_to_num(scores, nan=-np.inf), kind="stable")
    share = np.cumsum(bad[order]) / bad.sum()
    at = np.arange(1, len(bad) + 1) if budgets is None else np.asarray(budgets, dtype=np.intp)
    if len(at) and not (at.min() >= 1 and at.max() <= len(bad)):
        raise InputError(f"budgets run from {at.min()} to {at.max()}, expected 1 to {len(bad)}")
    return BudgetCurve(at, share[at - 1], float(share.mean()))


def review_plan(
    probs: ArrayLike,
    labels: Exact | ArrayLike,
    budget: int,
    *,
    tree: LabelTree | None = None,
    strategy: Strategy | None = None,
    direction: Literal["far", "near"] = "far",
    like: Any = None,
) -> Any:
    """The labels to look at again, the most urgent first, when only `budget` of them can be.

    Parameters
    ----------
    probs, labels
        As for `expected_distance`.
    budget : int
        How many can be looked at.
    tree : LabelTree, optional
        Without it all errors count the same.
    strategy : {"expected_distance", "predicted_distance", "doubt"}, optional
        By default "expected_distance" with a tree, else "doubt", 1 less the probability of the given label.
    direction : {"far", "near"}, default "far"
        Of "predicted_distance".
    like : frame, optional
        The kind of frame that comes back.

    Returns
    -------
    frame
        `row`, `given`, `predicted`, `p_given`, `distance` (between given and predicted; 1 without a tree) and
        `urgency`, what rows are ordered by.

    Raises
    ------
    InputError
        When the budget is no number of items, or a class is not in the tree.

    Examples
    --------
    >>> plan = review_plan([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], ["a", "a", "b"], 2)
    >>> plan["row"].tolist()
    [1, 2]
    """
    flat = tree is None
    if tree is None:
        told = labels if isinstance(labels, Exact) else Exact(labels)
        tree = LabelTree(1.0 - np.eye(told.n_classes), told.classes)
    by = strategy or ("doubt" if flat else "expected_distance")
    table, told, apart = _given(probs, labels, tree)
    if not 0 <= budget <= len(table):
        raise InputError(f"budget={budget!r} must lie between 0 and the {len(table)} items")
    if by == "predicted_distance":
        urgency = predicted_distance(probs, told, tree, direction=direction)
    elif by in ("expected_distance", "doubt"):
        urgency = expected_distance(probs, told, tree if by == "expected_distance" else _flat(tree))
    else:
        raise InputError(f"strategy={by!r} must be 'expected_distance', 'predicted_distance' or 'doubt'")
    known = np.flatnonzero(~np.isnan(urgency))
    rows = known[np.argsort(-urgency[known], kind="stable")][:budget]
    said = table[rows].argmax(axis=1)
    return frames.make(
        {
            "row": rows,
            "given": decode(told.codes[rows], told.classes),
            "predicted": decode(said, told.classes),
            "p_given": table[rows, told.codes[rows]],
            "distance": apart[told.codes[rows], said],
            "urgency": urgency[rows],
        },
        like=like,
    )


def _flat(tree: LabelTree) -> LabelTree:
    return LabelTree(1.0 - np.eye(len(tree.classes)), tree.classes)


def _given(
    probs: ArrayLike, labels: Exact | ArrayLike, tree: LabelTree
) -> tuple[np.ndarray, Exact, np.ndarray]:
    """Checked probabilities, labels, and the distances of their classes."""
    table = np.asarray(probs)
    if table.ndim != 2:
        raise InputError(f"probs have shape {table.shape}, expected (items, classes)")
    if isinstance(labels, Exact):
        told = labels
    elif table.shape[1] == len(tree.classes):
        told = Exact(labels, classes=sorted(tree.classes.tolist(), key=str))
    else:
        told = Exact(labels)
    table = check_probs(table, len(told), told.n_classes, name="probs")
    return table.astype(np.float64, copy=False), told, tree.among(told.classes)


for _function in (expected_distance, predicted_distance, review_plan):
    _function.cites = ("parekh2021budget",)  # type: ignore[union-attr]
