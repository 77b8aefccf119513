"""How probable a bag's counts of many classes are, approximately, where counting them all would take too long."""

import numpy as np
from scipy.special import logsumexp

# Variance of rounding to whole numbers (Sheppard). Without it a count with hardly any spread ruins the normal law.
WHOLE = 1 / 12
LONGEST = 5.0  # most that one step of Newton's method changes a log
CLOSE = 1e-9  # how near the expected counts must come to the told ones


def saddlepoint(logs: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """For each item of one bag: about log P(all counts are told | class of the item); `Bags` states the errors.

    The classes are tilted until the expected counts are the told ones, ``P~(y) ∝ P(y) exp(t[y])``. The counts
    under the tilted law are approximated by a normal copula with exact margins: a normal law for how they hang
    together, times, class by class, the exact law of one count over its normal law. The messages are tilted once
    more, so that the posteriors of a class add up to its count, as the exact ones do.

    Parameters
    ----------
    logs : array (m, k)
        Log-weights of the classes, k > 2; they need not sum to 1.
    low, high : array (k,) of int
        Fewest and most items of each class, 0 <= low <= high > 0.

    Returns
    -------
    message : array (m, k)
    """
    never = np.full(logs.shape, -np.inf)
    nowhere = (logs == -np.inf).all(axis=1)
    if nowhere.sum() > 1 or ((logs > -np.inf).sum(axis=0) + nowhere.sum() < low).any():
        return never
    logs = np.where(nowhere[:, None], 0.0, logs)  # an item's own weights play no part in its message
    t, off = tilt(logs, low, high)
    if off > CLOSE and not possible(logs > -np.inf, low, high):
        return never
    scale = logsumexp(logs + t, axis=1)
    tilted = logs + t - scale[:, None]
    weights, told = _margins(tilted, t, low, high)
    between, joint = _between(np.exp(tilted), t, low, high)
    weights += between
    again = np.where(np.isneginf(weights), -np.inf, tilted + weights)
    if np.isneginf(again).all(axis=1).any():
        return never
    weights += tilt(again, low, high)[0]
    message = weights + t - scale[:, None] - logsumexp(tilted + weights, axis=1)[:, None]
    message += scale.sum() + told + joint
    if nowhere.any():
        message[~nowhere] = -np.inf
    return message


def tilt(logs: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, float]:
    """The logs t (k,) by which classes are weighted so that the expected counts lie in ``low .. high``.

    Of all laws with such counts the tilted one is nearest to the untilted (in Kullback-Leibler divergence): t is
    above 0 only where the expected count is `low`, below 0 only where it is `high`. Each round takes the better of
    a scaling of the classes, which always improves, and a step of Newton's method. Also returns how far the
    expected counts are off.
    """
    t, off = np.zeros(logs.shape[1]), np.inf
    for _ in range(300):
        scale = logsumexp(logs + t, axis=1)
        tilted = logs + t - scale[:, None]
        probs, counts = np.exp(tilted), np.exp(logsumexp(tilted, axis=0))
        goal = np.where(t > 0, low, np.where(t < 0, high, np.clip(counts, low, high)))
        goal = np.where(low == high, low, goal)
        off = float(np.abs(goal - counts).max())
        if off < CLOSE:
            break
        with np.errstate(divide="ignore"):
            scaled = _nearest_to_0(t + np.log(low) - np.log(counts), t + np.log(high) - np.log(counts))
        newton = t + _newton(probs, counts, goal, (t != 0) | (goal != counts))
        newton = np.where((low < high) & (newton * t < 0), 0.0, newton)
        rises = [_rise(logs, probs, scale, t, step, low, high) for step in (scaled, newton)]
        if not min(rises) < 0:
            break
        t = (scaled, newton)[int(np.argmin(rises))]
    return t, off


def _nearest_to_0(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return np.maximum(low, np.minimum(high, 0.0))


def _newton(probs: np.ndarray, counts: np.ndarray, goal: np.ndarray, active: np.ndarray) -> np.ndarray:
    """Step towards the expected counts `goal`, no class by more than LONGEST."""
    table = probs[:, active]
    curvature = np.diag(counts[active]) - table.T @ table
    size = np.sqrt(np.maximum(curvature.diagonal(), 1e-300))
    curvature /= size[:, None] * size
    # Weighting all classes alike changes nothing: that direction has no curvature of its own.
    curvature += 1e-12 * np.eye(len(size)) + (size[:, None] * size / (size @ size) if active.all() else 0.0)
    step = np.zeros(len(counts))
    step[active] = np.linalg.solve(curvature, (goal - counts)[active] / size) / size
    return step * min(1.0, LONGEST / max(np.abs(step).max(), 1e-300))


def _rise(
    logs: np.ndarray, probs: np.ndarray, scale: np.ndarray, t: np.ndarray, step: np.ndarray,
    low: np.ndarray, high: np.ndarray,
) -> float:  # fmt: skip
    """Change of the dual ``sum(log scale) - t . told`` from t to `step`; it is least at the wanted tilt."""
    change = step - t
    told = np.where(np.minimum(step, t) >= 0, low * change, high * change)
    crosses = step * t < 0
    told[crosses] = np.where(step > 0, low * step - high * t, high * step - low * t)[crosses]
    if np.abs(change).max() > 0.1:
        return float((logsumexp(logs + step, axis=1) - scale).sum() - told.sum())
    return float(np.log1p(probs @ np.expm1(change)).sum() - told.sum())  # exact also for the last small steps


def possible(allowed: np.ndarray, low: np.ndarray, high: np.ndarray) -> bool:
    """Whether the items can take allowed classes (m, k) so that all counts fit: does a flow through them all exist?"""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import maximum_flow

    (m, k), (item, y) = allowed.shape, np.nonzero(allowed)
    items, classes, spare, end = 1 + np.arange(m), 1 + m + np.arange(k), 1 + m + k, 2 + m + k
    # Beyond `low` a class passes on through `spare`, which is just wide enough if every class has its fewest.
    start = [np.zeros(m), items[item], classes, classes, [spare]]
    stop = [items, classes[y], np.full(k, end), np.full(k, spare), [end]]
    room = [np.ones(m), np.ones(len(item)), low, high - low, [m - low.sum()]]
    places = (np.concatenate(start).astype(np.int32), np.concatenate(stop).astype(np.int32))
    arcs = coo_matrix((np.concatenate(room).astype(np.int32), places), shape=(end + 1, end + 1))
    return bool(maximum_flow(arcs.tocsr(), 0, end).flow_value == m)


def _margins(
    tilted: np.ndarray, t: np.ndarray, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, float]:
    """Sum over the classes of log P(its count is told | class of the item), and of log P(its count is told)."""
    from labelwright.evidence.counting import two_classes

    m, k = tilted.shape
    probs, top = np.exp(tilted), tilted.argmax(axis=1)
    probs[np.arange(m), top] = 0.0
    with np.errstate(divide="ignore"):
        lack = np.log(probs.sum(axis=1))  # log(1 - p) of the first class, without cancellation
        others = np.log1p(-probs)
    first, pair, out = np.array([0, m]), np.empty((m, 2)), np.empty((m, 2))
    weights, absent, never, told = np.empty((m, k)), np.zeros((m, k)), np.zeros((m, k), dtype=bool), 0.0
    for y in range(k):
        pair[:, 0] = np.where(top == y, lack, others[:, y])
        pair[:, 1] = tilted[:, y] - t[y]  # an interval counts untilted
        two_classes(pair, first, low[y : y + 1], high[y : y + 1], out)
        told += np.logaddexp(*(out + pair).T).max()
        weights[:, y] = out[:, 1] - t[y]
        absent[:, y], never[:, y] = np.where(np.isneginf(out[:, 0]), 0.0, out[:, 0]), np.isneginf(out[:, 0])
    weights += absent.sum(axis=1, keepdims=True) - absent
    weights[never.sum(axis=1, keepdims=True) > never] = -np.inf
    return weights, told


def _between(probs: np.ndarray, t: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, float]:
    """What the joint normal law of the counts adds to its margins: for each item and class, and for the bag.

    What was told of a count is itself made normal, with the mean and variance it has by the tilted law; leaving an
    item out is done to first order.
    """
    k = probs.shape[1]
    counts = probs.sum(axis=0)
    spread = np.diag(counts) - probs.T @ probs + WHOLE * (np.eye(k) - 1 / k)
    own = spread.diagonal()
    noise, shift = _heard(counts, own, t, low, high)
    told = np.isfinite(noise)
    kept = told.copy()
    if told.all() and noise.sum() < 1 / (2 * np.pi):
        kept[-1] = False  # its count follows from the others'
    inverse = np.zeros((k, k))
    matrix = spread[np.ix_(kept, kept)] + np.diag(noise[kept])
    inverse[np.ix_(kept, kept)] = np.linalg.inv(matrix)
    gap = shift - probs
    a = gap @ inverse
    square = inverse.diagonal() + 2 * a + (gap * a).sum(axis=1, keepdims=True)
    mean = probs @ inverse + (probs * a).sum(axis=1, keepdims=True)
    square += (
        probs @ inverse**2 + 2 * (probs * a) @ inverse + (probs * a * a).sum(axis=1, keepdims=True) - mean**2
    )
    with np.errstate(divide="ignore"):
        precision = 1 / (own + noise)
    alone = (1 + 2 * gap) * precision * (1 + probs * (1 - probs) * precision)
    joint = _log_normal(shift[kept], matrix)
    margins = sum(
        _log_normal(shift[j : j + 1], np.atleast_2d(own[j] + noise[j])) for j in np.flatnonzero(told)
    )
    return 0.5 * (alone - square), joint - margins


def _heard(
    counts: np.ndarray, own: np.ndarray, t: np.ndarray, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Variance and mean (less the expected count) of the normal likelihood that stands for what was told of a count.

    No variance where one count was told, an infinite one where the interval hardly narrows the count down.
    """
    noise, shift = np.zeros(len(counts)), np.zeros(len(counts))
    for j in np.flatnonzero(low < high):
        reach = int(10 * np.sqrt(own[j])) + 2
        whole = np.arange(min(low[j], int(counts[j]) - reach), max(high[j], int(counts[j]) + reach) + 1)
        v = whole - counts[j]
        before = _moments(v, -0.5 * v * v / own[j])  # of whole numbers, as what is told is
        v = v[(low[j] <= whole) & (whole <= high[j])]
        after = _moments(v, -0.5 * v * v / own[j] - t[j] * v)
        share = before[1] / after[1]
        if share > 1 + 1e-6:
            noise[j] = own[j] / (share - 1)
            shift[j] = (before[0] - after[0] * share) / (share - 1)
        else:
            noise[j] = np.inf
    return noise, shift


def _moments(v: np.ndarray, logs: np.ndarray) -> tuple[float, float]:
    """Mean and variance (at least 1e-9) of the numbers v under weights given by their logs."""
    weights = np.exp(logs - logs.max())
    weights /= weights.sum()
    mean = float(weights @ v)
    return mean, max(float(weights @ (v - mean) ** 2), 1e-9)


def _log_normal(x: np.ndarray, variance: np.ndarray) -> float:
    return float(-0.5 * (x @ np.linalg.solve(variance, x) + np.linalg.slogdet(2 * np.pi * variance)[1]))
