"""Compiled row sweeps of confident learning. Each adds a block of rows to running totals, so blocks can be split.

`probs` (n, k) or (n, L) contiguous floats; `codes` (n,) or `marks` (n, L), negative where nothing was told.
A fused sweep takes about as long as reading the table; plain NumPy takes five to ten times as long.
"""

import numpy as np
from numba import njit

compiled = njit(cache=True, nogil=True)


@compiled
def gather(probs, codes, sums, counts, support):
    """Add up the probability of the told class by class; keep it per row in `support`."""
    for i in range(len(codes)):
        y = codes[i]
        if y < 0:
            support[i] = np.nan
            continue
        p = probs[i, y]
        support[i] = p
        sums[y] += p
        counts[y] += 1


# The four loops over one row are functions of their own, written so that the compiler makes each a vector
# loop; inlining them here would lose that. Counters are 32 bits wide, like a float, for the same reason.


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz", "contract"})
def _sum(row):
    total = row.dtype.type(0)
    for j in range(len(row)):
        total += row[j]
    return total


@compiled
def _max(bits):
    best = bits[0]
    for j in range(len(bits)):
        best = max(best, bits[j])
    return best


@compiled
def _careful_max(row, bits):
    """The bits of the largest value and whether all values are numbers from 0 up.

    Only called where `_max` met a sign bit: a negative zero has one and is fine.
    """
    place = 0
    for j in range(len(row)):
        if not row[j] >= 0:
            return bits[0], False
        if row[j] > row[place]:
            place = j
    return bits[place], True


@compiled
def _reaching(row, thresholds):
    """How many classes reach their threshold, and the sum of their numbers (the class, if it is one)."""
    n, place = np.int32(0), np.int32(0)
    for j in range(len(row)):
        hit = np.int32(row[j] >= thresholds[j])
        n += hit
        place += hit * np.int32(j)
    return n, place


@compiled
def _first(bits, value):
    """Where `value` stands first."""
    n, place = np.int32(0), np.int32(0)
    for j in range(len(bits)):
        hit = np.int32(bits[j] == value)
        n += hit
        place += hit * np.int32(j)
    if n == 1:
        return place
    j = 0
    while bits[j] != value:
        j += 1
    return np.int32(j)


def bits_of(probs):
    """The floats read as unsigned integers: from 0 up they sort alike, negatives and NaN stand above all others.

    Only integer maxima are compiled to vector loops.
    """
    return probs.view(np.uint32 if probs.dtype.itemsize == 4 else np.uint64)


@compiled
def count(probs, bits, codes, thresholds, joint, agrees, off, tolerance, limit):
    """Count the confident joint ``[told, confident]``.

    Mark rows whose most probable class is the told one in `agrees`, rows off the diagonal of the joint in
    `off`.

    A row counts for the class whose threshold it reaches; for the most probable of all if it reaches several.
    `bits` are ``bits_of(probs)``, `limit` the bits of the largest float that still passes for 1. Returns the
    number of rows that are no probabilities and the first of them.
    """
    bad, first_bad = 0, -1
    one = probs.dtype.type(1)
    for i in range(len(codes)):
        row = probs[i]
        best = _max(bits[i])
        fine = True
        if best > limit:
            best, fine = _careful_max(row, bits[i])
        if not fine or best > limit or not (abs(_sum(row) - one) <= tolerance):
            bad += 1
            if first_bad < 0:
                first_bad = i
            continue
        y = codes[i]
        off[i] = False
        if y < 0:
            agrees[i] = True
            continue
        agrees[i] = best <= bits[i, y] <= limit  # a negative zero lies above the limit
        n, guess = _reaching(row, thresholds)
        if n == 0:
            continue
        if n > 1:
            guess = _first(bits[i], best)
        joint[y, guess] += 1
        off[i] = y != guess
    return bad, first_bad


@compiled
def _before(value, row, other_value, other_row):
    """Order of what to keep: larger values first, of equal ones the earlier row."""
    return value > other_value or (value == other_value and row < other_row)


@compiled
def _keep_first(values, rows, start, size, n):
    """Bring the `n` entries that come first in order to the front of ``start .. start + size`` (quickselect)."""
    low, high = start, start + size - 1
    want = start + n - 1
    while low < high:
        middle = (low + high) // 2
        value, row = values[middle], rows[middle]
        i, j = low, high
        while i <= j:
            while _before(values[i], rows[i], value, row):
                i += 1
            while _before(value, row, values[j], rows[j]):
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                rows[i], rows[j] = rows[j], rows[i]
                i += 1
                j -= 1
        if want <= j:
            high = j
        elif want >= i:
            low = i
        else:
            return


@compiled
def _halve(values, rows, start, quota):
    """Keep the first half of a full cell; return the smallest value kept."""
    _keep_first(values, rows, start, 2 * quota, quota)
    floor = values[start]
    for j in range(start, start + quota):
        floor = min(floor, values[j])
    return floor


@compiled
def collect(probs, codes, agrees, leading, offset, first, others, place, quota, values, rows, sizes, floor):
    """Feed each cell (told, other) with the margins ``p[other] - p[told]`` of its rows, keeping the largest.

    Cells of told class y are ``first[y] .. first[y + 1]``, `others` their other class; cell c has room for
    ``2 * quota[c]`` entries from ``place[c]``. With `leading` only rows in which the other class leads are
    fed, without it only the rest, and only to cells that are not yet full. Row i is remembered as ``offset +
    i``.
    """
    # Unsigned places spare the compiler its test for negative ones, a quarter of the time here.
    for i in range(len(codes)):
        if codes[i] < 0 or (leading and agrees[i]):
            continue
        row, y = probs[i], np.uint64(codes[i])
        own = row[y]
        for c in range(np.uint64(first[y]), np.uint64(first[y + np.uint64(1)])):
            gap = row[np.uint64(others[c])] - own
            if (gap > 0) != leading:
                continue
            # An entry no larger than the floor has a full quota of larger or earlier ones before it.
            size = sizes[c]
            if size >= quota[c] and (gap <= floor[c] or (not leading and floor[c] > 0)):
                continue
            free = np.uint64(place[c] + size)
            values[free] = gap
            rows[free] = offset + i
            sizes[c] = size + 1
            if size + 1 == 2 * quota[c]:  # rare, and a call of its own keeps this loop small
                floor[c] = _halve(values, rows, place[c], quota[c])
                sizes[c] = quota[c]


@compiled
def settle(place, quota, values, rows, sizes, floor):
    """Bring the entries each cell keeps to its front and cut it to its quota."""
    for c in range(len(quota)):
        if sizes[c] > quota[c]:
            _keep_first(values, rows, place[c], sizes[c], quota[c])
            sizes[c] = quota[c]
            floor[c] = 1


@compiled
def flag(place, sizes, rows, flags):
    """Mark the rows that the cells keep."""
    for c in range(len(place)):
        for j in range(place[c], place[c] + sizes[c]):
            flags[rows[j]] = True


@compiled
def count_left(codes, agrees, flags, left):
    """Count, told class by told class, the rows that are not flagged though another class leads."""
    for i in range(len(codes)):
        if not (agrees[i] or flags[i]):
            left[codes[i]] += 1


# The two loops over tags have no branches, so that the compiler makes them vector loops; what does not count adds 0.


@compiled
def gather_tags(probs, marks, sums, counts):
    """Add up, per tag, the probability of what was told: sums and counts (L, 2) for no and yes; return bad rows."""
    bad, first_bad = 0, -1
    tags = marks.shape[1]
    no_sum, yes_sum = sums[:, 0].copy(), sums[:, 1].copy()
    no_count, yes_count = np.zeros(tags, np.int32), np.zeros(tags, np.int32)
    for i in range(marks.shape[0]):
        strange = np.int32(0)
        for t in range(tags):
            p, m = probs[i, t], marks[i, t]
            strange |= np.int32(not ((p >= 0) & (p <= 1)))
            yes_sum[t] += p if m == 1 else 0.0
            no_sum[t] += 1 - p if m == 0 else 0.0
            yes_count[t] += np.int32(m == 1)
            no_count[t] += np.int32(m == 0)
        if strange:
            bad += 1
            if first_bad < 0:
                first_bad = i
    sums[:, 0], sums[:, 1] = no_sum, yes_sum
    counts[:, 0] += no_count
    counts[:, 1] += yes_count
    return bad, first_bad


@compiled
def count_tags(probs, marks, thresholds, joint, agrees, off):
    """Count the confident joint ``[tag, told, confident]``; mark agreement and cells off the diagonal."""
    one = probs.dtype.type(1)
    tags = marks.shape[1]
    no_limit, yes_limit = thresholds[:, 0].copy(), thresholds[:, 1].copy()
    found = np.zeros((4, tags), np.int32)
    for i in range(marks.shape[0]):
        for t in range(tags):
            p, m = probs[i, t], marks[i, t]
            q = one - p
            no, yes = q >= no_limit[t], p >= yes_limit[t]
            told_no, told_yes = m == 0, m == 1
            guess = yes & ((p > q) | (not no))
            other = (no | yes) & (not guess)
            agrees[i, t] = (m < 0) | (told_yes & (p >= q)) | (told_no & (q >= p))
            off[i, t] = (told_no & guess) | (told_yes & other)
            found[0, t] += np.int32(told_no & other)
            found[1, t] += np.int32(told_no & guess)
            found[2, t] += np.int32(told_yes & other)
            found[3, t] += np.int32(told_yes & guess)
    for t in range(tags):
        joint[t, 0, 0] += found[0, t]
        joint[t, 0, 1] += found[1, t]
        joint[t, 1, 0] += found[2, t]
        joint[t, 1, 1] += found[3, t]


@compiled
def collect_tags(probs, marks, agrees, leading, offset, place, quota, values, rows, sizes, floor):
    """Feed cell ``2 * tag + told`` with the margins of the other answer, as `collect` does; keeps ``row * L + tag``."""
    one = probs.dtype.type(1)
    tags = marks.shape[1]
    for i in range(marks.shape[0]):
        for t in range(tags):
            m = marks[i, t]
            if m < 0 or (leading and agrees[i, t]):
                continue
            c = 2 * t + m
            if quota[c] == 0:
                continue
            p = probs[i, t]
            gap = (one - p) - p if m == 1 else p - (one - p)
            if (gap > 0) != leading:
                continue
            size = sizes[c]
            if size >= quota[c] and (gap <= floor[c] or (not leading and floor[c] > 0)):
                continue
            values[place[c] + size] = gap
            rows[place[c] + size] = (offset + i) * tags + t
            sizes[c] = size + 1
            if size + 1 == 2 * quota[c]:
                floor[c] = _halve(values, rows, place[c], quota[c])
                sizes[c] = quota[c]
