"""In which proportions do known densities mix? The most probable proportions, exactly."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

CURVATURE_ROWS = 16_384  # rows that the curvature is taken from, or 8 per class if that is more
CELLS = 40_000  # numbers of a block of rows, a third of a megabyte
RIDGE = 1e-9  # relative to each class's own curvature, which may differ by twenty orders of magnitude
STARVED = 10.0  # slope from which on a class is so short of what it needs that Newton's steps would creep
GAP = 1e-4  # by how much the log-likelihood may at most be short of the best


class Mixed(NamedTuple):
    """Proportions, and how they were reached.

    Attributes
    ----------
    proportions : ndarray (k,)
        They sum to 1.
    log_likelihood : float
        Mean over rows, in nats.
    n_iter : int
        Sweeps over the table.
    converged : bool
        Whether the last step was below the tolerance; False where the sweeps ran out.
    """

    proportions: np.ndarray
    log_likelihood: float
    n_iter: int
    converged: bool


def proportions(
    table: np.ndarray,
    scale: np.ndarray | None = None,
    *,
    start: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    max_iter: int = 100,
    tol: float = 1e-6,
) -> Mixed:
    """Maximise ``mean over rows of log(sum over j of q[j] scale[j] table[i, j])`` over the simplex.

    What expectation-maximisation creeps towards, a concave problem, is reached by Newton's steps in some ten sweeps.
    At the optimum the multiplier of ``sum q = 1`` is 1, so that only ``q >= 0`` is left to keep; the curvature is taken
    from a sample of evenly spaced rows, the slope from all. Nothing of the size of the table is made.

    Parameters
    ----------
    table : contiguous float array (n, k)
        Not negative: densities of each row under each class, up to a factor of the row; or posteriors, where `scale`
        divides by the priors they hold.
    scale : array (k,), optional
    start : array (k,), optional
        Proportions to begin with, all above 0; by default all alike. It does not move the optimum.
    weights : array (n,), optional
        How much each row counts.
    max_iter : int, default 100
    tol : float, default 1e-6
        Stop when a step is shorter (sum of absolute changes), and the optimum near by the bound of the slopes.

    Examples
    --------
    >>> table = np.array([[0.9, 0.1]] * 3 + [[0.1, 0.9]])
    >>> proportions(table).proportions.round(4)
    array([0.8125, 0.1875])
    """
    from labelwright.shift._sweeps import climb

    n, k = table.shape
    scale = np.ones(k) if scale is None else np.asarray(scale, float)
    mass = np.empty(0) if weights is None else np.asarray(weights, float)
    total = float(n if weights is None else mass.sum())
    slope = np.empty(k)

    def look(q: np.ndarray) -> tuple[float, np.ndarray]:
        value = climb(table, q * scale, mass, slope) / total
        return value, slope * scale / total

    q = np.full(k, 1 / k) if start is None else np.asarray(start, float) / np.sum(start)
    value, gain = look(q)
    sweeps, converged = 1, k == 1
    while not converged and sweeps < max_iter:
        if gain.max() > STARVED:
            q = np.maximum(q, 1e-2 / (n * k))
            _, gain = look(q)
            q = q * gain  # one step of expectation-maximisation; its sum is 1
            value, gain = look(q)
            sweeps += 2
            continue
        step = _newton(curvature(table, q * scale, scale, mass), q, gain) - q
        value, gain, q, length, used = _advance(look, q, step, value, gain)
        sweeps += used
        converged = length < tol and gain.max() < 1 + GAP
    return Mixed(q / q.sum(), value, sweeps, converged)


def curvature(table: np.ndarray, ratio: np.ndarray, scale: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean of the outer products of ``scale * table / (table @ ratio)``, from evenly spaced rows: (k, k)."""
    n, k = table.shape
    every = max(1, n // max(CURVATURE_ROWS, 8 * k))
    seen = table[::every]
    mass = weights[::every] if len(weights) else None
    found, rows = np.zeros((k, k)), max(1, CELLS // k)
    for at in range(0, len(seen), rows):
        block = seen[at : at + rows].astype(np.float64)
        block /= np.maximum(block @ ratio, 1e-300)[:, None]
        found += (block.T if mass is None else block.T * mass[at : at + rows]) @ block
    return found * np.outer(scale, scale) / (len(seen) if mass is None else max(mass.sum(), 1e-300))


def _newton(bend: np.ndarray, q: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """Where the quadratic of value less ``sum q``, kept at ``q >= 0``, has its top."""
    bend = bend + np.diag(RIDGE * np.maximum(np.diag(bend), 1e-12))
    return not_negative(bend, bend @ q + gain - 1, q > 0)


def _advance(
    look: Callable[[np.ndarray], tuple[float, np.ndarray]],
    q: np.ndarray,
    step: np.ndarray,
    value: float,
    gain: np.ndarray,
) -> tuple[float, np.ndarray, np.ndarray, float, int]:
    """Go along the step as far as the value rises; where it does not, one step of expectation-maximisation."""
    uphill, share = float((gain - 1) @ step), 1.0
    length = float(np.abs(step).sum())
    for tried in range(1, 7):
        there = q + share * step
        height, slope = look(there)
        rise = height - there.sum() - value + q.sum()
        if rise >= 1e-4 * share * uphill - 1e-13 or length < 1e-12:
            return height, slope, there, share * length, tried
        share /= 4
    there = q * gain
    there /= there.sum()
    height, slope = look(there)
    return height, slope, there, float(np.abs(there - q).sum()), tried + 1


def not_negative(bend: np.ndarray, pull: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Minimise ``x @ bend @ x / 2 - pull @ x`` over ``x >= 0``, by block principal pivoting (Kim and Park, 2011).

    Parameters
    ----------
    bend : array (k, k)
        Positive definite.
    pull : array (k,)
    free : bool array (k,)
        Which entries are expected to be above 0; the nearer, the fewer rounds.

    Examples
    --------
    >>> not_negative(np.eye(2), np.array([1.0, -1.0]), np.array([True, True]))
    array([1., 0.])
    """
    k = len(pull)
    free, least, lives = free.copy(), k + 1, 3
    x = np.zeros(k)
    for _ in range(20 * k + 20):
        x[:] = 0
        if free.any():
            x[free] = np.linalg.solve(bend[np.ix_(free, free)], pull[free])
        dual = bend @ x - pull
        eps = 1e-12 * max(1.0, float(np.abs(pull).max()))
        wrong = np.where(free, x < 0, dual < -eps)
        count = int(wrong.sum())
        if count == 0:
            break
        if count < least:
            least, lives = count, 3
        else:
            lives -= 1
        if lives < 0:  # one at a time cannot go round in circles
            wrong = np.arange(k) == np.flatnonzero(wrong)[-1]
        free ^= wrong
    return np.maximum(x, 0)
