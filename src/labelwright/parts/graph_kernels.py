"""Compiled loops of the neighbour search and of belief propagation."""

import numpy as np
from numba import njit

STEP = 32  # entries looked at together; the compiler makes them a vector comparison

compiled = njit(cache=True, nogil=True)


@compiled
def _any_above(values, floor, floors):
    hit = np.int32(0)
    for j in range(len(values)):
        hit |= np.int32(values[j] > floor) | np.int32(values[j] > floors[j])
    return hit


@compiled
def _keep(value, row, values, rows):
    """Sort a value into the largest ones, which stand in descending order; of equal ones the first to come stays."""
    j = len(values) - 1
    while j > 0 and values[j - 1] < value:
        values[j], rows[j] = values[j - 1], rows[j - 1]
        j -= 1
    values[j], rows[j] = value, row


@compiled
def keep_both(tile, row, column, row_scores, row_index, column_scores, column_index):
    """Sort a tile of a symmetric matrix into the largest scores of its rows and of its columns.

    `tile` (r, c) begins at (`row`, `column`) of the matrix; scores and indices are (r, k) and (c, k), in
    descending order.
    """
    last = row_scores.shape[1] - 1
    floors = column_scores[:, last].copy()
    for i in range(tile.shape[0]):
        floor = row_scores[i, last]
        for start in range(0, tile.shape[1], STEP):
            stop = min(start + STEP, tile.shape[1])
            if not _any_above(tile[i, start:stop], floor, floors[start:stop]):
                continue
            for j in range(start, stop):
                value = tile[i, j]
                if value > floor:
                    _keep(value, column + j, row_scores[i], row_index[i])
                    floor = row_scores[i, last]
                if value > floors[j]:
                    _keep(value, row + i, column_scores[j], column_index[j])
                    floors[j] = column_scores[j, last]


@compiled
def keep_rows(tile, column, scores, index):
    """Sort a tile that begins at `column` into the largest scores of its rows alone."""
    last = scores.shape[1] - 1
    for i in range(tile.shape[0]):
        for j in range(tile.shape[1]):
            if tile[i, j] > scores[i, last]:
                _keep(tile[i, j], column + j, scores[i], index[i])


@compiled
def sweep(left, right, agree, differ, messages, beliefs, damping):
    """Renew both messages of every edge from `beliefs` (n, k), the log-sums of all that each item hears.

    An edge weighs equal labels by `agree`, others by `differ` (m,). `messages` (m, 2, k) are logs: ``[e, 0]``
    what the left item hears, ``[e, 1]`` what the right one does.
    """
    k = beliefs.shape[1]
    fresh = np.empty((2, k), messages.dtype)
    for e in range(len(left)):
        total = np.log(agree[e] + (k - 1) * differ[e])
        for side in range(2):
            item = left[e] if side == 1 else right[e]  # the one that speaks
            top = -np.inf
            for c in range(k):
                fresh[side, c] = beliefs[item, c] - messages[e, 1 - side, c]
                top = max(top, fresh[side, c])
            mass = 0.0
            for c in range(k):
                fresh[side, c] = np.exp(fresh[side, c] - top)
                mass += fresh[side, c]
            for c in range(k):
                share = fresh[side, c] / mass
                fresh[side, c] = np.log(agree[e] * share + differ[e] * (1 - share)) - total
        for side in range(2):
            for c in range(k):
                messages[e, side, c] += (1 - damping) * (fresh[side, c] - messages[e, side, c])


@compiled
def gather(left, right, messages, received):
    """Add to `received` (n, k) all messages that each item hears."""
    for e in range(len(left)):
        for c in range(received.shape[1]):
            received[left[e], c] += messages[e, 0, c]
            received[right[e], c] += messages[e, 1, c]
