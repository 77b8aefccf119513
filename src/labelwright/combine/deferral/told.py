"""From answers in class names to what the nets take: codes, who was right, and padded contexts."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from labelwright.combine.deferral.experts import Context, answer_table
from labelwright.errors import InputError
from labelwright.evidence.classes import encode


class Told(NamedTuple):
    """A training set in codes.

    Attributes
    ----------
    y : ndarray (n,)
        Codes of the true classes.
    said : ndarray (n, E)
        Codes of the answers, -1 where there is none.
    right : ndarray (n, E)
        1 where the expert was right, 0 where wrong, NaN where there is no answer.
    classes : ndarray (k,)
    """

    y: np.ndarray
    said: np.ndarray
    right: np.ndarray
    classes: np.ndarray


def told(X: np.ndarray, y: Any, answers: Any) -> Told:
    """Read true classes (n,) and answers (n, E); answers must be among the true classes.

    Raises
    ------
    InputError
        When shapes differ, a true class is missing, there are fewer than two classes, or an expert has answered fewer
        than two items.

    Examples
    --------
    >>> told(np.zeros((2, 1)), ["a", "b"], [["a"], ["a"]]).right.tolist()
    [[1.0], [0.0]]
    """
    codes, classes = encode(y)
    if len(codes) != len(X):
        raise InputError(f"X has {len(X)} rows and y {len(codes)} labels; they must match")
    if (codes < 0).any():
        raise InputError(
            f"y is missing in row {int(np.flatnonzero(codes < 0)[0])}; only experts' answers may be missing"
        )
    if len(classes) < 2:
        raise InputError(f"y holds {len(classes)} class; at least 2 are needed")
    table = answer_table(answers, len(codes))
    said = encode_answers(table.ravel(), classes, "answers").reshape(table.shape)
    few = np.flatnonzero((said >= 0).sum(axis=0) < 2)
    if len(few):
        raise InputError(
            f"expert {few[0]} has answered fewer than 2 items, one for a context and one to learn from; leave it out"
        )
    return Told(codes, said, np.where(said >= 0, said == codes[:, None], np.nan), classes)


def encode_answers(values: Any, classes: np.ndarray, name: str) -> np.ndarray:
    """Codes of class names, -1 where missing; names of no class are refused."""
    try:
        return encode(values, classes)[0]
    except InputError as problem:
        raise InputError(f"{name} hold a class that y of fit does not: {problem}") from None


def read_context(context: Context, classes: np.ndarray, scale: Callable[[Any], np.ndarray]) -> tuple:
    """Items, codes and who was right of one context, checked."""
    X, y, answers = context
    if not len(X):
        raise InputError("a context is empty; an expert is known by at least one answer")
    items = scale(X)
    codes = encode_answers(y, classes, "the context's y")
    said = encode_answers(answers, classes, "the context's answers")
    if not len(items) == len(codes) == len(said):
        raise InputError(
            f"a context has {len(items)} items, {len(codes)} true classes and {len(said)} answers; they must match"
        )
    if min(codes.min(), said.min()) < 0:
        row = int(np.flatnonzero((codes < 0) | (said < 0))[0])
        raise InputError(f"a context misses a class or an answer in row {row}; leave such rows out")
    return items, codes, (codes == said)


def as_points(parts: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> Any:
    """Pad items, codes and who was right of E experts to one length, as tensors."""
    import torch

    from labelwright.combine.deferral._nets import Points

    e, c = len(parts), max(len(codes) for _, codes, _ in parts)
    x = np.zeros((e, c, parts[0][0].shape[1]), dtype=np.float32)
    y, right = np.zeros((2, e, c), dtype=np.int64)
    seen = np.zeros((e, c), dtype=bool)
    for i, (items, codes, hit) in enumerate(parts):
        m = len(codes)
        x[i, :m], y[i, :m], right[i, :m], seen[i, :m] = items, codes, hit, True
    return Points(*(torch.from_numpy(part) for part in (x, y, right, seen)))


def split(right: np.ndarray, most: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Rows of each expert's context: at most half of those answered, and at most `most`.

    What is in the context must not be asked in the same epoch, or a net would learn to look it up.

    Examples
    --------
    >>> [rows.tolist() for rows in split(np.array([[1.0], [np.nan], [0.0]]), 5, np.random.default_rng(0))]
    [[0]]
    """
    found = []
    for column in right.T:
        rows = rng.permutation(np.flatnonzero(~np.isnan(column)))
        found.append(rows[: max(1, min(most, len(rows) // 2))])
    return found


def shown(X: np.ndarray, have: Told, rows: Sequence[np.ndarray]) -> Any:
    """The contexts that these rows of the training set make."""
    return as_points([(X[r], have.y[r], have.right[r, e] == 1) for e, r in enumerate(rows)])


def hidden(right: np.ndarray, rows: Sequence[np.ndarray]) -> np.ndarray:
    """`right` without what the contexts show."""
    left = right.copy()
    for e, r in enumerate(rows):
        left[r, e] = np.nan
    return left
