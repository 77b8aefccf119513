"""What sources of labels have in common: their skills and errors as draws from one population (empirical Bayes)."""

import numpy as np
from numpy.typing import ArrayLike

SMALLEST = 1e-6  # no answer is impossible
STEPS = 8
NUDGE = 1e-3
GRID = np.linspace(-3.6, 3.6, 25)  # standard deviations of skill
ROUNDS = 2


def expected(counts: ArrayLike, rng: np.random.Generator | None = None) -> np.ndarray:
    """Pseudo-votes that stand for what one expects of each source before it is seen: (a, k, k) -> (a, k, k).

    ``logit P(source names true class t) = common[t] + skill[source]``, errors go where all errors of that class go.
    Each source's rows are Dirichlet draws around this, with a strength for each true class; skills are normal.
    Population values are re-estimated from `counts`.

    Parameters
    ----------
    counts : array (a, k, k)
        ``[source, true, said]``.
    rng : numpy.random.Generator, optional
        With it, skills are drawn from their posterior; without, they are its mean.

    Examples
    --------
    A source that is good at the classes seen is expected to be good at another:

    >>> seen = [[[99, 1, 0], [2, 98, 0], [0, 0, 0]], [[50, 50, 0], [45, 55, 0], [0, 0, 0]], [[6, 2, 2]] * 3]
    >>> pseudo = expected(seen)
    >>> (pseudo[:2, 2, 2] / pseudo[:2, 2].sum(axis=1)).round(1).tolist()
    [0.7, 0.1]
    """
    counts = np.asarray(counts, dtype=np.float64)
    k = counts.shape[-1]
    one = np.eye(k, dtype=bool)
    common = rows(counts.sum(axis=0) + np.eye(k) + 1 / k).clip(SMALLEST)
    right = np.diagonal(counts, axis1=1, axis2=2)
    wrong = np.maximum(counts.sum(axis=2) - right, 0)
    level = np.log(common[one] / np.maximum(1 - common[one], SMALLEST))
    errors = rows(np.where(one, 0, common))
    hold, spread, mean = np.full(k, 4.0), 1.0, np.broadcast_to(common, counts.shape)
    for _ in range(ROUNDS):
        skill, spread = skills(right, wrong, level, hold, spread, rng)
        chance = _expit(level + skill[:, None]).clip(SMALLEST, 1 - SMALLEST)
        mean = np.where(one, chance[:, :, None], (1 - chance)[:, :, None] * errors).clip(SMALLEST)
        hold = strength(counts, mean, start=hold)
    return np.asarray(mean * hold[:, None])


def skills(
    right: np.ndarray,
    wrong: np.ndarray,
    level: np.ndarray,
    hold: np.ndarray,
    spread: float,
    rng: np.random.Generator | None,
) -> tuple[np.ndarray, float]:
    """Skill of each source, as a shift of the logit of being right, and the spread of skills.

    Parameters
    ----------
    right, wrong : array (a, k)
        Votes by the true class.
    level : array (k,)
        Logit of being right, at skill 0.
    hold : array (k,)
        Strength with which the chance of a source to be right is held near what its skill says.
    spread : float
        Standard deviation of skills; a new one is returned.
    rng : numpy.random.Generator or None
        Draws each skill, or takes its posterior mean.

    Returns
    -------
    skill : ndarray (a,)
    spread : float
    """
    from scipy.special import gammaln

    grid = spread * GRID
    chance = _expit(level + grid[:, None]).clip(SMALLEST, 1 - SMALLEST)  # (g, k)
    up, down = hold * chance, hold * (1 - chance)
    told = (
        gammaln(right[:, None] + up) + gammaln(wrong[:, None] + down) - gammaln(up) - gammaln(down)
    )  # (a, g, k)
    log = told.sum(axis=2) - GRID**2 / 2
    weight = np.exp(log - log.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    second = float(((weight @ grid**2).sum() + 1) / (len(right) + 1))  # one pseudo-source of spread 1
    if rng is None:
        return weight @ grid, second**0.5
    place = (weight.cumsum(axis=1) < rng.random(len(right))[:, None]).sum(axis=1).clip(max=len(grid) - 1)
    skill = grid[place] + (rng.random(len(right)) - 0.5) * (grid[1] - grid[0])
    return skill, float(((skill**2).sum() + 1) / rng.chisquare(len(right) + 1)) ** 0.5


def lean(counts: ArrayLike, start: ArrayLike) -> np.ndarray:
    """Shares of each row that lean on the mean of all sources, row by row: (a, r, m) -> (a, r, m).

    Parameters
    ----------
    counts : array (a, r, m)
        Of `a` sources, m answers in each of r situations.
    start : array (r, m)
        Pseudo-counts of the mean.

    Examples
    --------
    >>> lean([[[90, 10]], [[10, 90]], [[0, 0]]], [[0.1, 0.1]]).round(1).tolist()
    [[[0.9, 0.1]], [[0.1, 0.9]], [[0.5, 0.5]]]
    """
    counts = np.asarray(counts, dtype=np.float64)
    mean = rows(counts.sum(axis=0) + np.asarray(start, dtype=np.float64)).clip(SMALLEST)
    return rows(counts + mean * strength(counts, mean)[:, None])


def strength(counts: ArrayLike, mean: ArrayLike, *, start: ArrayLike | None = None) -> np.ndarray:
    """How much sources have in common, row by row: the Dirichlet strength that explains their counts best, (r,).

    ``argmax_s sum over sources log DirichletMultinomial(counts | s * mean)``, by Newton steps on log s, with a
    Gamma(2, 20) prior, so that a single source has one too.

    Parameters
    ----------
    counts : array (a, r, m)
    mean : array (r, m), or (a, r, m) where each source has one of its own
        Rows sum to 1, above 0.
    start : array (r,), optional
        Where the climb starts.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> rows = rng.dirichlet([8.0, 2.0], 2000)[:, None]
    >>> counts = rng.multinomial(50, rows)
    >>> strength(counts, [[0.8, 0.2]]).round(0).tolist()
    [10.0]
    """
    from scipy.special import digamma

    counts, mean = np.asarray(counts, dtype=np.float64), np.asarray(mean, dtype=np.float64)
    totals = counts.sum(axis=-1)

    def slope(s: np.ndarray) -> np.ndarray:
        """Of the log-posterior over log s."""
        base = s[:, None] * mean
        cells, whole = digamma(counts + base) - digamma(base), digamma(totals + s) - digamma(s)
        return np.asarray(s * ((mean * cells).sum(axis=(0, 2)) - whole.sum(axis=0)) + 2 - s / 20)

    s = np.full(counts.shape[1], 4.0) if start is None else np.asarray(start, dtype=np.float64)
    for _ in range(STEPS):
        up = slope(s)
        down = (slope(s * np.exp(NUDGE)) - up) / NUDGE  # cheaper than the trigamma function
        step = np.where(down < 0, -up / np.where(down < 0, down, -1), np.sign(up)).clip(-1.5, 1.5)
        s = np.clip(s * np.exp(step), 0.1, 1e4)
        if np.abs(step).max(initial=0) < 1e-2:
            break
    return s


def rows(counts: np.ndarray) -> np.ndarray:
    """Counts as shares that sum to 1 over the last axis; equal shares where nothing was counted.

    Examples
    --------
    >>> rows(np.array([[3, 1], [0, 0]])).tolist()
    [[0.75, 0.25], [0.5, 0.5]]
    """
    total = counts.sum(axis=-1, keepdims=True)
    return np.asarray(np.where(total > 0, counts / np.where(total > 0, total, 1), 1 / counts.shape[-1]))


def _expit(x: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-x)))
