"""Compiled counting: how probable it is that a bag's counts are the told ones, with each item left out in turn."""

import numpy as np
from numba import njit

compiled = njit(cache=True, nogil=True)

NEGLIGIBLE = 1e-20  # share of what is read off below which a tail is not followed
SMALLEST = 5e-324  # a possible count whose probability underflows is not called impossible
SAFE = 1e-280  # linear results below it may have lost terms to underflow


@compiled
def two_classes(
    logs: np.ndarray, first: np.ndarray, low: np.ndarray, high: np.ndarray, out: np.ndarray
) -> None:
    """For each item: log P(its bag's count of the second class is told | class of the item), all bags in a row.

    Parameters
    ----------
    logs : array (n, 2)
        Log-weights of both classes; they need not sum to 1. Bag b holds rows ``first[b] .. first[b + 1] - 1``.
    low, high : array (B,) of int
        Fewest and most items of the second class.
    out : array (n, 2)
        Is filled.
    """
    for b in range(len(low)):
        rows = slice(first[b], first[b + 1])
        _one_bag(logs[rows], low[b], high[b], out[rows])


@compiled
def _one_bag(logs: np.ndarray, low: int, high: int, out: np.ndarray) -> None:
    """Set aside the items with only one possible class, count the others, and put both together."""
    m = len(logs)
    out[:] = -np.inf
    free = np.empty(m, np.int64)
    n, sure, nowhere, fixed = 0, 0, 0, 0.0
    for i in range(m):
        q, p = logs[i, 0], logs[i, 1]
        if q > -np.inf and p > -np.inf:
            free[n] = i
            n += 1
        elif p > -np.inf:
            sure += 1
            fixed += p
        elif q > -np.inf:
            fixed += q
        else:
            nowhere += 1
    free = free[:n]
    # From -1 to n + 1 no window loses a count that it or its two neighbours could hold.
    low, high = max(low - sure, -1), min(high - sure, n + 1)
    same, less, more = _free_items(logs, free, low, high, fixed, out)
    for i in range(m):
        q, p = logs[i, 0], logs[i, 1]
        possible = q > -np.inf or p > -np.inf
        if nowhere > 1 or (nowhere == 1 and possible):
            out[i] = -np.inf
        elif q == -np.inf and p > -np.inf:
            out[i, 0], out[i, 1] = more - p, same - p
        elif p == -np.inf:
            own = q if possible else 0.0
            out[i, 0], out[i, 1] = same - own, less - own


@compiled
def _free_items(
    logs: np.ndarray, free: np.ndarray, low: int, high: int, fixed: float, out: np.ndarray
) -> tuple[float, float, float]:
    """Fill the rows of the free items; return log P(count in the window), in the one below and in the one above.

    The law of the count is computed under odds multiplied by e^t, where the told count is the expected one, so
    that nothing near it underflows; given the count, that changes nothing.
    """
    n = len(free)
    odds = np.empty(n)
    for j in range(n):
        odds[j] = logs[free[j], 1] - logs[free[j], 0]
    order = np.argsort(-odds)
    centre, t = _tilt(odds[order], low, high)
    constant, own = fixed, np.empty(n)
    for place in range(n):
        j = order[place]
        x, q, p = odds[j] + t, logs[free[j], 0], logs[free[j], 1]
        soft = np.log1p(np.exp(-abs(x)))
        own[j] = (p + t if x > 0 else q) + soft  # log(q + p e^t)
        # The tilt of the expected count is taken off item by item: t * centre alone would swallow digits.
        constant += ((p if x > 0 else q - t) if place < centre else (p + t if x > 0 else q)) + soft
    weights = np.empty(max(high - low + 1, 0))
    for j in range(len(weights)):
        weights[j] = np.exp(min(-t * (low + j - centre), 700.0))
    law = _law(odds + t)
    _leave_one_out(law, odds + t, own, weights, low, t, constant, free, out)
    return (
        _window(law, weights, low) + constant,
        _window(law, weights, low - 1) + constant + t,
        _window(law, weights, low + 1) + constant - t,
    )


@compiled
def _tilt(odds: np.ndarray, low: int, high: int) -> tuple[int, float]:
    """The count to centre on and the tilt t that makes it the expected one; `odds` are logs, largest first."""
    n = len(odds)
    mean = 0.0
    for j in range(n):
        mean += 1 / (1 + np.exp(-odds[j]))
    if n == 0 or (low < high and low <= mean <= high):
        return int(min(max(round(mean), 0), n)), 0.0
    centre = min(max(low if mean < low else high, 0), n)
    # At the ends t would be infinite; half an item off is as good.
    spare_in, spare_out = 0.5 * (centre == n), 0.5 * (centre == 0)
    span = np.log(2.0 * n) + 1
    least, most = -odds[0] - span, -odds[-1] + span
    t = 0.5 * (least + most) if centre in (0, n) else -0.5 * (odds[centre - 1] + odds[centre])
    for _ in range(200):
        # In balance, the first `centre` items lack as much as the others have too much. Compared by their logs
        # this decides also where both are far below rounding.
        lacks, excess, slope_lacks, slope_excess = spare_out, spare_in, 0.0, 0.0
        for j in range(n):
            small = np.exp(-abs(odds[j] + t))
            large = 1 / (1 + small)
            small *= large
            p, q = (large, small) if odds[j] + t > 0 else (small, large)
            if j < centre:
                lacks += q
                slope_lacks += p * q
            else:
                excess += p
                slope_excess += p * q
        off = np.log(excess) - np.log(lacks)
        if abs(off) < 1e-6:
            break
        if off > 0:
            most = t
        else:
            least = t
        t -= off / max(slope_excess / excess + slope_lacks / lacks, 1e-300)
        if not least < t < most:
            t = 0.5 * (least + most)
    return centre, t


@compiled
def _law(odds: np.ndarray) -> np.ndarray:
    """P(count) for 0 to n under log-odds; 0 more than twelve standard deviations and 30 items from the mean."""
    n, mean, spread = len(odds), 0.0, 0.0
    for j in range(n):
        p = 1 / (1 + np.exp(-odds[j]))
        spread += p * (1 - p)
    reach = 12 * np.sqrt(spread) + 30
    law = np.zeros(n + 2)  # kept from its end, so that each round reads ahead of what it writes
    law[n] = 1.0
    for j in range(n):
        p, q = 1 / (1 + np.exp(-odds[j])), 1 / (1 + np.exp(odds[j]))
        mean += p
        start, stop = max(int(mean - reach), 0), min(int(mean + reach) + 1, j + 1)
        # Unsigned places spare the compiler its test for negative ones: four times as quick.
        for s in range(np.uint64(n - stop), np.uint64(n - start + 1)):
            law[s] = law[s] * q + law[s + np.uint64(1)] * p
        law[n - start + 1] = 0.0  # the mean moves by at most 1 a round
    return law[: n + 1][::-1].copy()


@compiled
def _leave_one_out(
    law: np.ndarray, odds: np.ndarray, own: np.ndarray, weights: np.ndarray, low: int, t: float,
    constant: float, free: np.ndarray, out: np.ndarray,
) -> None:  # fmt: skip
    """Divide each item out of the law, from the end on which its own probability damps rounding errors."""
    n, high = len(odds), low + len(weights) - 1
    bottom, top = max(low - 1, 0), min(high, n - 1)
    if bottom > top:
        return
    first, last = bottom, top + 1
    while first > 0 and law[first] > NEGLIGIBLE * law[bottom]:
        first -= 1
    while last < n and law[last] > NEGLIGIBLE * law[top + 1]:
        last += 1
    rest = np.zeros(n + 1)
    for j in range(n):
        ratio = np.exp(-abs(odds[j]))
        scale, value = 1 + ratio, 0.0
        if odds[j] <= 0:
            for s in range(first, top + 1):
                value = law[s] * scale - ratio * value
                rest[s] = value
        else:
            for s in range(last, bottom, -1):
                value = law[s] * scale - ratio * value
                rest[s - 1] = value
        base = constant - own[j]
        out[free[j], 0] = _window(rest[:n], weights, low) + base
        out[free[j], 1] = _window(rest[:n], weights, low - 1) + base + t


@compiled
def _window(law: np.ndarray, weights: np.ndarray, low: int) -> float:
    """Log of the weighted sum of ``law[low], law[low + 1], ...``; -inf only where none of them exists."""
    start, stop = max(-low, 0), min(len(weights), len(law) - low)
    if start >= stop:
        return -np.inf
    total = 0.0
    for j in range(start, stop):
        total += weights[j] * law[low + j]
    return np.log(max(total, SMALLEST))


@compiled
def several_classes(logs: np.ndarray, low: np.ndarray, high: np.ndarray, out: np.ndarray) -> None:
    """For each item of one bag: log P(all counts of its bag are told | class of the item), by forward-backward.

    The states passed through are the counts of all classes but the last, which has the rest. Plain numbers are
    six times as quick as logs and are right unless they underflow; then all is done again in logs.

    Parameters
    ----------
    logs : array (m, k)
        Log-weights of the classes; they need not sum to 1.
    low, high : array (k,) of int
        Fewest and most items of each class.
    out : array (m, k)
        Is filled.
    """
    _sweep(np.exp(logs), low, high, False, out)
    if (out < SAFE).any():
        _sweep(logs, low, high, True, out)
    else:
        out[:] = np.log(out)


@compiled
def _add(total: float, a: float, b: float, logs: bool) -> float:
    """``total + a * b``, or the same in logs."""
    if not logs:
        return total + a * b
    term = a + b
    if total < term:
        total, term = term, total
    return total if term == -np.inf else total + np.log1p(np.exp(term - total))


@compiled
def _cells(high: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Width of each step through the cells of counts ``0 .. high``, the counts of each cell, and their sum."""
    k = len(high)
    steps = np.ones(k, np.int64)
    for j in range(1, k):
        steps[j] = steps[j - 1] * (high[j - 1] + 1)
    size = steps[-1] * (high[-1] + 1)
    counts, used = np.zeros((size, k), np.int64), np.zeros(size, np.int64)
    for v in range(size):
        for j in range(k):
            counts[v, j] = v // steps[j] % (high[j] + 1)
            used[v] += counts[v, j]
    return steps, counts, used


@compiled
def _sweep(weights: np.ndarray, low: np.ndarray, high: np.ndarray, logs: bool, out: np.ndarray) -> None:
    (m, k), zero = weights.shape, -np.inf if logs else 0.0
    rest = k - 1
    steps, counts, used = _cells(high[:rest])
    size = len(used)
    forward = np.full((m + 1, size), zero)
    forward[0, 0] = 0.0 if logs else 1.0
    for i in range(m):
        for v in range(size):
            a = forward[i, v]
            if a == zero:
                continue
            for j in range(rest):
                if counts[v, j] < high[j]:
                    to = v + steps[j]
                    forward[i + 1, to] = _add(forward[i + 1, to], a, weights[i, j], logs)
            if i - used[v] < high[rest]:
                forward[i + 1, v] = _add(forward[i + 1, v], a, weights[i, rest], logs)
    backward, before = np.full(size, zero), np.empty(size)
    for v in range(size):
        inside = low[rest] <= m - used[v] <= high[rest]
        for j in range(rest):
            inside &= low[j] <= counts[v, j]
        if inside:
            backward[v] = 0.0 if logs else 1.0
    out[:] = zero
    for i in range(m - 1, -1, -1):
        before[:] = zero
        for v in range(size):
            if used[v] > i:
                continue
            a = forward[i, v]
            for j in range(k):
                if j < rest:
                    to = v + steps[j] if counts[v, j] < high[j] else -1
                else:
                    to = v if i - used[v] < high[rest] else -1
                if to >= 0 and backward[to] != zero:
                    out[i, j] = _add(out[i, j], a, backward[to], logs)
                    before[v] = _add(before[v], weights[i, j], backward[to], logs)
        backward, before = before, backward
