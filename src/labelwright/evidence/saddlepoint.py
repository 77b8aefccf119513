"""How probable a bag's counts of many classes are, approximately, where counting them all would take too long."""

import numpy as np
from scipy.special import log_softmax, logsumexp

WHOLE = 1 / 12  # variance of rounding to whole numbers (Sheppard), added so that few doubtful items do no harm
LONGEST = 5.0  # most that one Newton step may change a log


def saddlepoint(logs: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """For each item of one bag: about log P(all counts are told | class of the item); see `Bags` for the errors.

    The classes are tilted until the expected counts are the told ones, ``P~(y) ∝ P(y) e^t_y``. What is left is the
    probability of the counts under the tilted law: a normal law for how the counts hang together, times, class by
    class, the exact law of one count over its normal law (a copula with exact margins). The messages are then tilted
    once more, so that the posteriors of each class add up to the told count, as the exact ones do.

    Parameters
    ----------
    logs : array (m, k)
        Log-weights of the classes, k > 2; they need not sum to 1.
    low, high : array (k,) of int
        Fewest and most items of each class.

    Returns
    -------
    message : array (m, k)
    """
    never = np.full(logs.shape, -np.inf)
    nowhere = np.isneginf(logs).all(axis=1)
    if nowhere.sum() > 1:
        return never
    logs = np.where(nowhere[:, None], 0.0, logs)  # its own weights play no part in its message
    if not possible(logs, low, high):
        return never
    t = tilt(logs, low, high)
    scale = logsumexp(logs + t, axis=1)
    tilted = logs + t - scale[:, None]
    margins, told = _margins(tilted, t, low, high)
    between, joint = _normal(np.exp(tilted), t, low, high)
    weights = margins + between
    with np.errstate(invalid="ignore"):
        weights += tilt(tilted + weights, low, high)
        message = weights + t - scale[:, None] - logsumexp(tilted + weights, axis=1)[:, None]
    message += scale.sum() + told + joint
    message[np.isnan(message)] = -np.inf
    if nowhere.any():
        message[~nowhere] = -np.inf
    return message


def tilt(logs: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The logs t by which classes must be weighted so that the expected counts lie in ``low .. high``.

    Among all laws with such counts the tilted one is the nearest to the untilted (in Kullback-Leibler divergence): t is
    above 0 only where the count is `low`, below 0 only where it is `high`. Newton's method; scaling of the
    counts, which always improves, where that does not improve.
    """
    k = logs.shape[1]
    t, tolerance = np.zeros(k), 1e-11 * len(logs)
    cost, probs, counts = _dual(logs, t, low, high)
    for _ in range(200):
        goal = _goal(t, counts, low, high)
        active = (t != 0) | (goal != np.exp(counts))
        if np.abs(goal - np.exp(counts))[active].max(initial=0.0) <= tolerance:
            break
        with np.errstate(divide="ignore"):
            scaled = _clip(t + np.log(low) - counts, t + np.log(high) - counts)
        tries = [scaled, _newton(t, probs, counts, goal, active, low, high)]
        found = [(*_dual(logs, step, low, high), step) for step in tries]
        best = min(found, key=lambda f: f[0])
        if not best[0] < cost and np.array_equal(best[3], t):
            break
        cost, probs, counts, t = best
    return t
