"""What several sources said, reduced to the one label that a plain reader would be given."""

import numpy as np


def majority(item: np.ndarray, said: np.ndarray, n: int, k: int) -> np.ndarray:
    """Code of the class with most votes of each item; a tie goes to the one of its classes voted first.

    Parameters
    ----------
    item, said : int arrays (votes,)
        Item 0 to n - 1 and class 0 to k - 1 of each vote, in the order in which they were given.
    n, k : int
        Items, each with at least one vote, and classes.

    Examples
    --------
    >>> majority(np.array([0, 1, 1, 0, 0]), np.array([1, 1, 0, 0, 0]), n=2, k=2)
    array([0, 1])
    """
    counts = np.zeros((n, k), np.intp)
    np.add.at(counts, (item, said), 1)
    first = np.full((n, k), len(item))
    np.minimum.at(first, (item, said), np.arange(len(item)))
    return np.where(counts == counts.max(axis=1, keepdims=True), first, len(item) + 1).argmin(axis=1)


def same(texts: list[str]) -> np.ndarray:
    """Group number (n,) of each text: equal texts share one.

    Examples
    --------
    >>> same(["b", "a", "b"])
    array([1, 0, 1])
    """
    place = {text: number for number, text in enumerate(sorted(set(texts)))}
    return np.array([place[text] for text in texts])
