"""How each source confuses classes, from counts of what it said by what was true: the M-steps of label models.

All take ``counts[source, true, said]`` (a, k, k), not negative, and the confusions `before` of the same shape (most do
not look at them), and give confusions whose rows sum to 1. They differ in what they let sources have in common.
"""

import numpy as np
from numpy.typing import ArrayLike

from labelwright.parts import skill

SMALLEST = 1e-6  # no answer is impossible


def separate(counts: ArrayLike, before: ArrayLike | None = None, *, smoothing: float = 0.01) -> np.ndarray:
    """Each source by itself: its counts and `smoothing` pseudo-votes in every cell (dawid1979maximum).

    Examples
    --------
    >>> separate([[[8, 2], [0, 0]]], smoothing=0.0).round(2).tolist()
    [[[0.8, 0.2], [0.5, 0.5]]]
    """
    return skill.rows(np.asarray(counts, dtype=np.float64) + smoothing)


def alike(counts: ArrayLike, before: ArrayLike | None = None) -> np.ndarray:
    """One error rate for all: the posterior's order is then that of majority vote.

    Examples
    --------
    >>> alike([[[8, 2], [1, 9]], [[5, 5], [4, 6]]])[0].round(2).tolist()
    [[0.7, 0.3], [0.3, 0.7]]
    """
    counts = np.asarray(counts, dtype=np.float64)
    right = np.trace(counts.sum(axis=0)) / max(counts.sum(), 1e-300)
    return _coins(np.full(len(counts), right), counts.shape[-1])


def kept(counts: ArrayLike, before: ArrayLike | None = None) -> np.ndarray:
    """Confusions as they were: nothing is learned of the sources, where agreement cannot show anything.

    Examples
    --------
    >>> kept([[[8, 2], [1, 9]]], [[[0.7, 0.3], [0.3, 0.7]]]).tolist()
    [[[0.7, 0.3], [0.3, 0.7]]]
    """
    counts = np.asarray(counts, dtype=np.float64)
    start = _coins(np.full(len(counts), 0.7), counts.shape[-1]) if before is None else before
    return np.array(np.broadcast_to(start, counts.shape))


def one_coin(counts: ArrayLike, before: ArrayLike | None = None) -> np.ndarray:
    """Each source is right with one probability, and errs evenly; little-seen sources lean on all others.

    Examples
    --------
    >>> one_coin([[[80, 20], [20, 80]], [[1, 0], [0, 0]]])[:, 0, 0].round(2).tolist()
    [0.8, 0.8]
    """
    counts = np.asarray(counts, dtype=np.float64)
    right = np.trace(counts, axis1=1, axis2=2)
    answers = np.stack([right, counts.sum(axis=(1, 2)) - right], axis=-1)[:, None]
    return _coins(skill.lean(answers, np.array([[2.0, 1.0]]))[:, 0, 0], counts.shape[-1])


def class_coins(counts: ArrayLike, before: ArrayLike | None = None) -> np.ndarray:
    """Each source is right with one probability for every true class, and errs evenly.

    Examples
    --------
    >>> class_coins([[[90, 10], [40, 60]]])[0].round(1).tolist()
    [[0.9, 0.1], [0.4, 0.6]]
    """
    counts = np.asarray(counts, dtype=np.float64)
    k = counts.shape[-1]
    right = np.diagonal(counts, axis1=1, axis2=2)
    answers = np.stack([right, counts.sum(axis=2) - right], axis=-1)
    chance = skill.lean(answers, np.tile([2.0, 1.0], (k, 1)))[:, :, :1]
    return np.where(np.eye(k, dtype=bool), chance, (1 - chance) / max(k - 1, 1)).clip(SMALLEST)


def pooled(counts: ArrayLike, before: ArrayLike | None = None) -> np.ndarray:
    """Each source has confusions of its own that lean on its skill and on the errors of all, where it is seen little.

    `parts.skill.expected` says how.

    Examples
    --------
    >>> counts = [[[90, 10], [10, 90]], [[80, 20], [20, 80]], [[0, 1], [0, 0]]]
    >>> pooled(counts)[2].round(1).tolist()
    [[0.7, 0.3], [0.2, 0.8]]
    """
    counts = np.asarray(counts, dtype=np.float64)
    return skill.rows(counts + skill.expected(counts))


def spammer(counts: ArrayLike, before: ArrayLike | None = None) -> np.ndarray:
    """Each source now and then does not look and says what it likes to say (hovy2013learning, MACE).

    ``confusion = (1 - spam) * identity + spam * habit``: an answer that was right may have been luck, and counts as
    habit by as much as `before` says. Spam has a prior of Beta(1/2, 1/2), habits one of Dirichlet(10).

    Examples
    --------
    >>> never_looks = [[[50, 50], [50, 50]]]
    >>> found = [[[0.7, 0.3], [0.3, 0.7]]]
    >>> for _ in range(200):
    ...     found = spammer(never_looks, found)
    >>> found.round(1).tolist()
    [[[0.5, 0.5], [0.5, 0.5]]]
    """
    counts = np.asarray(counts, dtype=np.float64)
    a, k, _ = counts.shape
    start = (
        np.broadcast_to(_coins(np.full(1, 0.7), k), counts.shape) if before is None else np.asarray(before)
    )
    one = np.eye(k, dtype=bool)
    habit = np.where(one, np.inf, start).min(axis=1) if k > 1 else np.zeros((a, 1))  # spam * habit, by answer
    right, wrong = np.diagonal(counts, axis1=1, axis2=2), np.where(one, 0, counts).sum(axis=1)
    luck = wrong + right * habit / np.maximum(np.diagonal(start, axis1=1, axis2=2), SMALLEST)
    spam = (luck.sum(axis=1) + 0.5) / (counts.sum(axis=(1, 2)) + 1)
    habit = skill.rows(luck + 10) * np.minimum(spam, 1 - SMALLEST)[:, None]
    return np.where(one, 1 - habit.sum(axis=1)[:, None, None], 0) + habit[:, None, :]


def variational(
    counts: ArrayLike, before: ArrayLike | None = None, *, right: float = 4.0, wrong: float = 1.0
) -> np.ndarray:
    """Each source by itself, as its uncertainty lets it count (kim2012bayesian, IBCC).

    ``exp E[log confusion]`` under the Dirichlet posterior with `right` pseudo-votes on the diagonal and `wrong`
    elsewhere; rows sum to less than 1, by more for sources little seen.

    Examples
    --------
    >>> variational([[[8, 2], [0, 0]]]).round(2).tolist()
    [[[0.79, 0.17], [0.12, 0.78]]]
    """
    from scipy.special import digamma

    counts = np.asarray(counts, dtype=np.float64)
    full = counts + np.where(np.eye(counts.shape[-1], dtype=bool), right, wrong)
    return np.exp(digamma(full) - digamma(full.sum(axis=-1, keepdims=True)))


def against(confusion: ArrayLike) -> np.ndarray:
    """Which sources are worse than chance: (a, k, k) -> (a,) of bool.

    Where the mean chance to name the true class, over classes, is below 1 in k.

    Examples
    --------
    >>> against([[[0.9, 0.1], [0.2, 0.8]], [[0.2, 0.8], [0.7, 0.3]]]).tolist()
    [False, True]
    """
    table = np.asarray(confusion, dtype=np.float64)
    right = np.diagonal(table, axis1=1, axis2=2) / table.sum(axis=2)
    return np.asarray(right.mean(axis=1) < 1 / table.shape[-1] - 1e-9)


def unheard(confusion: ArrayLike, sources: ArrayLike) -> np.ndarray:
    """The same confusions, but what some sources say tells nothing: their rows are all the mean row.

    Examples
    --------
    >>> unheard([[[0.9, 0.1], [0.2, 0.8]], [[0.2, 0.8], [0.6, 0.4]]], [False, True]).round(2).tolist()
    [[[0.9, 0.1], [0.2, 0.8]], [[0.4, 0.6], [0.4, 0.6]]]
    """
    table = np.asarray(confusion, dtype=np.float64)
    return np.where(np.asarray(sources)[:, None, None], table.mean(axis=1, keepdims=True), table)


def _coins(right: np.ndarray, k: int) -> np.ndarray:
    right = np.clip(right, SMALLEST, 1 - SMALLEST)[:, None, None]
    return np.where(np.eye(k, dtype=bool), right, (1 - right) / max(k - 1, 1))
