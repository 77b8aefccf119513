"""Experts: what is known of one, and simulated ones who know some classes and guess at others."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError
from labelwright.evidence.classes import class_array, encode


class Context(NamedTuple):
    """What is known of one expert: items, their true classes, and what the expert said.

    Attributes
    ----------
    X : array (c, d)
    y : array (c,)
        True classes.
    answers : array (c,)
        The expert's, none missing.

    Examples
    --------
    >>> Context([[0.0], [1.0]], ["cat", "dog"], ["cat", "cat"]).answers
    ['cat', 'cat']
    """

    X: Any
    y: Any
    answers: Any


def contexts(X: ArrayLike, y: Any, answers: Any) -> list[Context]:
    """Return what a table of answers says of each expert: the items that expert has answered.

    Parameters
    ----------
    X : array (n, d)
    y : array (n,)
        True classes, none missing.
    answers : array (n, E)
        What each expert said of each item, None or NaN where nothing.

    Examples
    --------
    >>> first, second = contexts([[0.0], [1.0]], [0, 1], [[0, None], [0, 1]])
    >>> len(first.y), second.answers.tolist()
    (2, [1])
    """
    items, truth, said = np.asarray(X), np.asarray(y), answer_table(answers, len(y))
    codes, names = encode(said.ravel())
    codes = codes.reshape(said.shape)
    rows = [np.flatnonzero(column >= 0) for column in codes.T]
    return [Context(items[r], truth[r], names[codes[r, e]]) for e, r in enumerate(rows)]


@dataclass(frozen=True)
class SyntheticExpert:
    """Someone who knows some classes.

    Parameters
    ----------
    strong : tuple
        Classes that the expert knows.
    p_in, p_out : float in [0, 1], default 1.0 and 0.1
        Chance of the right answer for those classes and for all others; a wrong answer is any other class.

    Examples
    --------
    >>> expert = SyntheticExpert(strong=("cat",), p_out=0.0)
    >>> expert.answer(["cat", "dog"], ["cat", "dog"], np.random.default_rng(0)).tolist()
    ['cat', 'cat']
    """

    strong: tuple[Hashable, ...]
    p_in: float = 1.0
    p_out: float = 0.1

    def __post_init__(self) -> None:
        for name in ("p_in", "p_out"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name}={getattr(self, name)} must lie in [0, 1]")

    def answer(self, y: Any, classes: Sequence[Any] | np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Say something about each of the items of true classes `y` (n,)."""
        codes, names = encode(y, classes)
        known, _ = encode(list(self.strong), classes)
        if (codes < 0).any():
            raise InputError("y has missing classes; an expert is simulated from the true ones")
        right = rng.random(len(codes)) < np.where(np.isin(codes, known), self.p_in, self.p_out)
        return names[np.where(right, codes, other_class(codes, len(names), rng))]


def draw_experts(
    n: int,
    classes: Sequence[Any] | np.ndarray,
    rng: np.random.Generator,
    *,
    strong: tuple[int, int] = (3, 4),
    p_in: float = 1.0,
    p_out: float = 0.1,
) -> list[SyntheticExpert]:
    """Draw experts who know between ``strong[0]`` and ``strong[1]`` random classes each.

    Examples
    --------
    >>> found = draw_experts(5, range(10), np.random.default_rng(0))
    >>> sorted({len(expert.strong) for expert in found})
    [3, 4]
    """
    low, high = strong
    names = class_array(classes)
    if not 0 <= low <= high <= len(names):
        raise InputError(f"strong={strong} must be two rising counts of at most {len(names)} classes")
    counts = rng.integers(low, high + 1, n)
    chosen = [tuple(names[np.sort(rng.choice(len(names), size, replace=False))].tolist()) for size in counts]
    return [SyntheticExpert(known, p_in, p_out) for known in chosen]


def other_class(codes: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """A class that is not this one, each as likely."""
    return (codes + rng.integers(1, k, codes.shape)) % k


def answer_table(answers: Any, n: int) -> np.ndarray:
    """Answers (n, E), or (n,) of one expert as (n, 1)."""
    table = np.asarray(answers)
    if table.dtype.kind in "US":
        table = np.asarray(answers, dtype=object)  # NumPy makes text of a None among texts
    table = table[:, None] if table.ndim == 1 else table
    if table.ndim != 2 or len(table) != n or not table.shape[1]:
        raise InputError(
            f"answers have shape {table.shape}, expected ({n}, experts), missing ones None or NaN"
        )
    return table
