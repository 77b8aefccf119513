"""Compiled sweeps over votes: what each item's label probably is, without a table of items by classes."""

import numpy as np
from numba import njit

compiled = njit(cache=True, nogil=True)

SMALL = (
    1e-140  # below it the product of an item's votes is scaled up, so that a thousand votes do not underflow
)


@compiled
def believe(
    codes: np.ndarray, start: int, stop: int, table: np.ndarray, prior: np.ndarray, out: np.ndarray
) -> float:
    """P(label | the votes ``codes[start:stop]``) of one item into `out` (k,); the log of its normaliser is returned.

    Parameters
    ----------
    codes : array (votes,) of int
        Source times k plus the class that was said.
    table : array (a * k, k)
        P(said | true) of each code; rows need not sum to 1.
    prior : array (k,)
        Likewise.
    """
    k = len(prior)
    for c in range(k):
        out[c] = prior[c]
    shift = 0.0
    for v in range(start, stop):
        row = table[codes[v]]
        top = 0.0
        for c in range(k):
            out[c] *= row[c]
            top = max(top, out[c])
        if 0.0 < top < SMALL:
            for c in range(k):
                out[c] /= top
            shift += np.log(top)
    total = 0.0
    for c in range(k):
        total += out[c]
    if total <= 0.0:
        return -np.inf
    for c in range(k):
        out[c] /= total
    return shift + np.log(total)


@compiled
def expect(
    first: np.ndarray,
    codes: np.ndarray,
    table: np.ndarray,
    prior: np.ndarray,
    weights: np.ndarray,
    hard: bool,
) -> tuple[np.ndarray, np.ndarray, float, int]:
    """Expected counts of one sweep: votes (a * k, k) by the true class, items (k,), log-evidence, a row ruled out.

    Parameters
    ----------
    first : array (n + 1,) of int
        Item i has the votes ``codes[first[i]:first[i + 1]]``.
    weights : array (n,), or (0,) for one each
        How much each item counts.
    hard : bool
        Whether the most probable class of each item takes all.

    Returns
    -------
    counts, items, log_evidence, impossible
        The last is the first row that no class explains, or -1.
    """
    k = len(prior)
    counts, items, told, impossible = np.zeros((len(table), k)), np.zeros(k), 0.0, -1
    belief = np.empty(k)
    for i in range(len(first) - 1):
        weight = weights[i] if len(weights) else 1.0
        if weight == 0.0:
            continue
        log = believe(codes, first[i], first[i + 1], table, prior, belief)
        if log == -np.inf:
            if impossible < 0:
                impossible = i
            continue
        told += weight * log
        if hard:
            best = belief.argmax()
            belief[:] = 0.0
            belief[best] = 1.0
        for c in range(k):
            belief[c] *= weight
            items[c] += belief[c]
        for v in range(first[i], first[i + 1]):
            row = counts[codes[v]]
            for c in range(k):
                row[c] += belief[c]
    return counts, items, told, impossible


@compiled
def share(first: np.ndarray, codes: np.ndarray, rows: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Counts like `expect`, where each class of an item is as probable as its share of the votes: where EM starts.

    Returns
    -------
    counts, items
        Votes (rows, k) by the true class, and items (k,) among those with votes.
    """
    counts, items = np.zeros((rows, k)), np.zeros(k)
    belief = np.empty(k)
    for i in range(len(first) - 1):
        start, stop = first[i], first[i + 1]
        if stop == start:
            continue
        belief[:] = 0.0
        for v in range(start, stop):
            belief[codes[v] % k] += 1.0 / (stop - start)
        for c in range(k):
            items[c] += belief[c]
        for v in range(start, stop):
            row = counts[codes[v]]
            for c in range(k):
                row[c] += belief[c]
    return counts, items


@compiled
def conditions(
    first: np.ndarray,
    codes: np.ndarray,
    table: np.ndarray,
    prior: np.ndarray,
    out: np.ndarray,
    logs: np.ndarray,
) -> None:
    """Fill `out` (n, k) with P(label | votes), `logs` (n,) with the log-evidence: -inf where no class explains it."""
    for i in range(len(first) - 1):
        logs[i] = believe(codes, first[i], first[i + 1], table, prior, out[i])


@compiled
def surprises(
    first: np.ndarray, codes: np.ndarray, table: np.ndarray, prior: np.ndarray, out: np.ndarray
) -> None:
    """Fill `out` (votes,) with log P(each vote | the other votes of its item)."""
    k = len(prior)
    belief, others, rest = np.empty(k), np.empty(k), np.empty(0, codes.dtype)
    for i in range(len(first) - 1):
        start, stop = first[i], first[i + 1]
        sure = believe(codes, start, stop, table, prior, belief) > -np.inf
        for v in range(start, stop):
            row = table[codes[v]]
            # P(others) / P(all) = E[1 / P(vote | label)] over the posterior, unless a zero hides what the others say.
            inverse = 0.0
            whole = sure
            for c in range(k):
                if row[c] > 0.0:
                    inverse += belief[c] / row[c]
                else:
                    whole = False
            if whole:
                out[v] = -np.log(inverse)
                continue
            rest = np.concatenate((codes[start:v], codes[v + 1 : stop]))
            out[v] = -np.inf
            if believe(rest, 0, len(rest), table, prior, others) > -np.inf:
                said = 0.0
                for c in range(k):
                    said += others[c] * row[c]
                if said > 0.0:
                    out[v] = np.log(said)


@compiled
def draw(
    first: np.ndarray,
    codes: np.ndarray,
    table: np.ndarray,
    prior: np.ndarray,
    chance: np.ndarray,
    total: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw every item's label given its votes and count: votes (a * k, k) by the label drawn, items (k,).

    Parameters
    ----------
    chance : array (n,)
        Uniform draws from [0, 1).
    total : array (n, k), or (0, k)
        P(label | votes) of each item is added to it.
    """
    k = len(prior)
    counts, items = np.zeros((len(table), k)), np.zeros(k)
    belief = np.empty(k)
    for i in range(len(first) - 1):
        believe(codes, first[i], first[i + 1], table, prior, belief)
        label, reached = 0, belief[0]
        while reached <= chance[i] and label < k - 1:
            label += 1
            reached += belief[label]
        if len(total):
            total[i] += belief
        items[label] += 1
        for v in range(first[i], first[i + 1]):
            counts[codes[v], label] += 1
    return counts, items
