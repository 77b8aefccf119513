"""Sums and maxima over all allowed paths through many chains of states at once, in logs."""

from collections.abc import Sequence

import numpy as np

Segments = tuple[np.ndarray, np.ndarray, np.ndarray]


class Transitions:
    """Which state may follow which, arranged so that a step costs no more than the table has structure.

    States with the same predecessors share a pattern: a step adds up the predecessors once for each pattern. For
    BIO tags of k states that is O(k) and not O(k²).

    Parameters
    ----------
    follows : array (k, k) of bool
        ``[before, after]``. Every state follows some state and is followed by one.

    Examples
    --------
    >>> step = Transitions(np.array([[True, False], [True, True]]))
    >>> step.forward(np.log([[0.5, 0.25]])).round(3).tolist() == np.log([[0.75, 0.25]]).round(3).tolist()
    True
    """

    def __init__(self, follows: np.ndarray):
        self.follows = follows
        patterns: dict[bytes, int] = {}
        found = [patterns.setdefault(after.tobytes(), len(patterns)) for after in follows.T.copy()]
        self._pattern = np.array(found, dtype=np.intp)
        leads = follows[:, np.unique(self._pattern, return_index=True)[1]]  # (k, patterns)
        self._before = _segments(leads.T)
        self._alike = _segments(self._pattern == np.arange(len(patterns))[:, None])
        self._leads = _segments(leads)

    def forward(self, logs: np.ndarray) -> np.ndarray:
        """Log-sum over the states before, for each state after: (b, k) -> (b, k)."""
        return _log_sums(logs, self._before)[:, self._pattern]

    def backward(self, logs: np.ndarray) -> np.ndarray:
        """Log-sum over the states after, for each state before: (b, k) -> (b, k)."""
        return _log_sums(_log_sums(logs, self._alike), self._leads)

    def best(self, logs: np.ndarray) -> np.ndarray:
        """Largest of the states before, for each state after: (b, k) -> (b, k)."""
        members, starts, _ = self._before
        return np.maximum.reduceat(logs[:, members], starts, axis=1)[:, self._pattern]


def steps(starts: np.ndarray, lengths: np.ndarray, order: np.ndarray) -> list[np.ndarray]:
    """Items that stand at place 0, 1, ... of their chains, the longest chain first, so that nothing is padded.

    Parameters
    ----------
    starts, lengths : array (chains,) of int
        Where each chain lies in `order`.
    order : array (n,) of int
        Items, chain after chain.

    Examples
    --------
    >>> [s.tolist() for s in steps(np.array([0, 1]), np.array([1, 2]), np.arange(3))]
    [[1, 0], [2]]
    """
    longest = np.argsort(-lengths, kind="stable")
    active = len(lengths) - np.searchsorted(np.sort(lengths), np.arange(lengths.max(initial=0)), side="right")
    return [order[starts[longest[:m]] + t] for t, m in enumerate(active)]


def messages(
    logs: np.ndarray, first: np.ndarray, transitions: Transitions, places: Sequence[np.ndarray]
) -> np.ndarray:
    """Log-sum of the weights of all allowed paths through each state of each item, without its own weight.

    Parameters
    ----------
    logs : array (n, k)
        Log-weight of each state of each item, -inf where it is ruled out.
    first : array (k,) of bool
        States that a chain may begin with.
    transitions : Transitions
    places : list of arrays
        As `steps` returns.

    Returns
    -------
    ndarray (n, k)

    Examples
    --------
    >>> free = Transitions(np.ones((2, 2), dtype=bool))
    >>> messages(np.log([[0.5, 0.5], [0.2, 0.6]]), np.array([True, False]), free, [[0], [1]]).round(2).tolist()
    [[-0.22, -inf], [-0.69, -0.69]]
    """
    out = np.empty_like(logs)
    begin = np.where(first, 0.0, -np.inf)
    here = logs[:0]
    for t, rows in enumerate(places):
        ahead = (
            transitions.forward(here[: len(rows)]) if t else np.broadcast_to(begin, (len(rows), len(first)))
        )
        out[rows] = ahead
        here = ahead + logs[rows]
    here = logs[:0]
    for rows in reversed(places):
        behind = np.zeros((len(rows), len(first)))
        behind[: len(here)] = transitions.backward(here)
        out[rows] += behind
        here = behind + logs[rows]
    return out


def best_paths(
    logs: np.ndarray, first: np.ndarray, transitions: Transitions, places: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """The heaviest allowed path through each chain (Viterbi).

    Parameters
    ----------
    logs, first, transitions, places
        As in `messages`.

    Returns
    -------
    states : ndarray (n,) of int
        For each item.
    totals : ndarray (chains,)
        Log-weight of the path, -inf where none is possible; the longest chain first.

    Examples
    --------
    >>> free = Transitions(np.ones((2, 2), dtype=bool))
    >>> best_paths(np.log([[0.4, 0.6], [0.2, 0.6]]), np.array([True, False]), free, [[0], [1]])[0].tolist()
    [0, 1]
    """
    heaviest = np.empty_like(logs)
    for t, rows in enumerate(places):
        heaviest[rows] = logs[rows] + (
            transitions.best(heaviest[places[t - 1][: len(rows)]]) if t else np.where(first, 0.0, -np.inf)
        )
    states = np.zeros(len(logs), dtype=np.intp)
    totals = np.empty(len(places[0]) if places else 0)
    after = states[:0]
    for rows in reversed(places):
        open_, n = heaviest[rows], len(after)
        totals[n : len(rows)] = open_[n:].max(axis=1, initial=-np.inf)
        open_[:n] = np.where(transitions.follows.T[after], open_[:n], -np.inf)
        after = states[rows] = open_.argmax(axis=1)
    return states, totals


def _segments(members: np.ndarray) -> Segments:
    """Columns of each row of a table of bool, one row after the other; where each begins; the row of each."""
    rows, columns = np.nonzero(members)
    return columns, np.flatnonzero(np.diff(rows, prepend=-1)), rows


def _log_sums(logs: np.ndarray, segments: Segments) -> np.ndarray:
    members, starts, owner = segments
    values = logs[:, members]
    top = np.maximum.reduceat(values, starts, axis=1)
    top[np.isneginf(top)] = 0.0
    values -= top[:, owner]
    np.exp(values, out=values)
    with np.errstate(divide="ignore"):
        return np.log(np.add.reduceat(values, starts, axis=1)) + top
