"""Compiled sweeps over rows of probabilities; nothing of the size of the table is made, float32 is read as it is."""

import numpy as np
from numba import njit

compiled = njit(cache=True, nogil=True)
vector = njit(cache=True, nogil=True, fastmath={"reassoc", "nsz", "contract", "arcp"})

LOG2E = np.float32(1.4426950408889634)
STAKE = 0.9  # of a bet in the stream; what is kept back bounds the loss of one row


@vector
def _sums(row: np.ndarray) -> tuple[float, float]:
    total, size = 0.0, 0.0
    for j in range(len(row)):
        total += row[j]
        size += abs(row[j])
    return total, size


@compiled
def suspect(probs: np.ndarray, tolerance: float) -> int:
    """First row of `probs` (n, k) that holds no probabilities, or -1; NaN fails every comparison."""
    for i in range(len(probs)):
        total, size = _sums(probs[i])
        if not abs(total - 1) <= tolerance or not size - total <= 1e-6:
            return i
    return -1


@vector
def _add(row: np.ndarray, out: np.ndarray) -> None:
    for j in range(len(row)):
        out[j] += row[j]


@compiled
def _best(row: np.ndarray) -> int:
    best, place = row[0], 0
    for j in range(1, len(row)):
        if row[j] > best:
            best, place = row[j], j
    return place


@compiled
def totals(probs: np.ndarray, codes: np.ndarray, hard: bool, out: np.ndarray, tolerance: float) -> int:
    """Add each row of `probs` (or, where `hard`, 1 for its most probable class) to the row of `out` its code names.

    Codes below 0 are left out; with no codes at all everything goes to the first row. The first row that holds
    no probabilities is returned, or -1.
    """
    for i in range(len(probs)):
        code = codes[i] if len(codes) else 0
        if code < 0:
            continue
        row = probs[i]
        total, size = _sums(row)
        if not abs(total - 1) <= tolerance or not size - total <= 1e-6:
            return i
        if hard:
            out[code, _best(row)] += 1.0
        else:
            _add(row, out[code])
    return -1


@vector
def _dot(row: np.ndarray, ratio: np.ndarray) -> float:
    total = 0.0
    for j in range(len(row)):
        total += row[j] * ratio[j]
    return total


@vector
def _add_scaled(row: np.ndarray, scale: float, out: np.ndarray) -> None:
    for j in range(len(row)):
        out[j] += row[j] * scale


@compiled
def climb(table: np.ndarray, ratio: np.ndarray, weights: np.ndarray, slope: np.ndarray) -> float:
    """Sum of ``weights * log(table @ ratio)``, and into `slope` (k,) that of ``weights * table / (table @ ratio)``.

    `weights` (n,), or (0,) for one each. Rows that the ratio rules out count as 1e-300.
    """
    value = 0.0
    slope[:] = 0.0
    product, held = 1.0, 0
    for i in range(len(table)):
        mixed = max(_dot(table[i], ratio), 1e-300)
        if len(weights):
            weight = weights[i]
            value += weight * np.log(mixed)
            _add_scaled(table[i], weight / mixed, slope)
        else:  # one logarithm of a product of several rows
            if 1e-30 < mixed < 1e30:
                product *= mixed
                held += 1
            else:
                value += np.log(mixed)
            if held == 8:
                value += np.log(product)
                product, held = 1.0, 0
            _add_scaled(table[i], 1.0 / mixed, slope)
    return value + np.log(product)


@vector
def _exponents(dots: np.ndarray, norms: np.ndarray, norm: np.float32, scale: np.float32) -> np.float32:
    """Turn products into exponents ``-|s - t|^2 * scale``, in place; the largest is returned."""
    best = np.float32(-3e38)
    for s in range(len(dots)):
        x = (np.float32(2.0) * dots[s] - norms[s] - norm) * scale
        x = x if x < np.float32(0.0) else np.float32(0.0)
        dots[s] = x
        best = best if best > x else x
    return best


@vector
def _exp(values: np.ndarray, best: np.float32, bits: np.ndarray) -> None:
    """``exp(values - best)`` in place for values up to best: 2 ** whole by bits, 2 ** rest by a polynomial (2e-7)."""
    powers = bits.view(np.float32)
    for s in range(len(values)):
        x = (values[s] - best) * LOG2E
        x = x if x > np.float32(-120.0) else np.float32(-120.0)
        whole = np.int32(x - np.float32(0.5))
        bits[s] = (whole + np.int32(127)) << np.int32(23)
        r = (x - np.float32(whole)) * np.float32(0.6931471805599453)
        values[s] = np.float32(1.0) + r * (
            np.float32(1.0)
            + r
            * (
                np.float32(0.5)
                + r
                * (
                    np.float32(1.0 / 6)
                    + r * (np.float32(1.0 / 24) + r * (np.float32(1.0 / 120) + r * np.float32(1.0 / 720)))
                )
            )
        )
    for s in range(len(values)):
        values[s] *= powers[s]


@vector
def _sum(values: np.ndarray) -> np.float32:
    total = np.float32(0.0)
    for s in range(len(values)):
        total += values[s]
    return total


@compiled
def kernels(
    dots: np.ndarray,
    source_norms: np.ndarray,
    target_norms: np.ndarray,
    scale: np.float32,
    first: np.ndarray,
    held: np.ndarray,
    out: np.ndarray,
) -> None:
    """Add Gaussian kernels of a block of source rows, which are sorted by class, to the densities of target rows.

    Parameters
    ----------
    dots : float32 array (targets, sources)
        Inner products; overwritten.
    source_norms, target_norms : float32 arrays
        Squared lengths.
    scale : float32
        1 / (2 bandwidth^2).
    first : int array (k + 1,)
        Rows of class c in this block are ``first[c]:first[c + 1]``.
    held : float32 array (targets,)
        Exponent that the densities of each target row are held relative to; raised where a nearer source turns up, so
        that far rows do not vanish.
    out : float64 array (targets, k)
    """
    bits = np.empty(dots.shape[1], np.int32)
    for t in range(len(dots)):
        best = _exponents(dots[t], source_norms, target_norms[t], scale)
        if best > held[t]:
            out[t] *= np.exp(held[t] - best)
            held[t] = best
        _exp(dots[t], held[t], bits)
        for c in range(len(first) - 1):
            if first[c + 1] > first[c]:
                out[t, c] += _sum(dots[t, first[c] : first[c + 1]])


@compiled
def divided(
    probs: np.ndarray, codes: np.ndarray, mix: np.ndarray, least: float, out: np.ndarray, sizes: np.ndarray
) -> None:
    """Add ``row / max(row @ mix, least)`` to the row of `out` that its code names, and the inverse to `sizes`.

    With no codes at all everything goes to the first row.
    """
    for i in range(len(probs)):
        code = codes[i] if len(codes) else 0
        scale = 1.0 / max(_dot(probs[i], mix), least)
        _add_scaled(probs[i], scale, out[code])
        sizes[code] += scale


@compiled
def bets(
    probs: np.ndarray,
    mean: np.ndarray,
    error: np.ndarray,
    sure: float,
    reference: np.ndarray,
    now: np.ndarray,
    held: np.ndarray,
    margins: np.ndarray,
    sums: np.ndarray,
    memories: np.ndarray,
    age: int,
    least: float,
) -> tuple[int, int]:
    """Move running priors and Shiryaev-Roberts sums row by row until the mean of the sums reaches `least`.

    Parameters
    ----------
    probs : array (n, k)
    mean, error : arrays (k,), (k, k)
        Mean probabilities of the source, and the covariance of its error.
    sure : float
        Standard errors by which that mean may be wrong, in whichever direction a bet goes.
    reference : array (k,)
        The balance that is bet against; empty for that of the source.
    now : array (b + 1, k)
        Running priors, changed in place; the last is the estimate and does not bet.
    held, margins, sums : arrays (b, k), (b,), (b,)
        What is bet on, what a bet is divided by, and the sums; changed in place.
    memories : array (b + 1,)
    age : int
        Rows since bets were last set.

    Returns
    -------
    row, age
        The row at which the mean of the sums reached `least`, or -1.
    """
    n, k = probs.shape
    ratio = np.empty(k)
    for i in range(n):
        row = probs[i]
        if age % 20 == 0:  # a bet is kept for some rows, as its margin costs k * k
            for b in range(len(sums)):
                for j in range(k):
                    held[b, j] = STAKE * now[b, j] + (1.0 - STAKE) * (
                        reference[j] if len(reference) else mean[j]
                    )
                    ratio[j] = held[b, j] / mean[j] - 1.0
                spread = 0.0
                for j in range(k):
                    spread += ratio[j] * _dot(error[j], ratio)
                margins[b] = 1.0 if len(reference) else 1.0 + sure * np.sqrt(max(spread, 0.0))
        age += 1
        under = 1.0
        if len(reference):
            under = 0.0
            for j in range(k):
                under += row[j] * reference[j] / mean[j]
        total = 0.0
        for b in range(len(now)):
            if b < len(sums):
                factor = 0.0
                for j in range(k):
                    factor += row[j] * held[b, j] / mean[j]
                sums[b] = (sums[b] + 1.0) * factor / max(under, 1e-300) / margins[b]
                total += sums[b]
            mixed = 0.0
            for j in range(k):
                ratio[j] = row[j] * now[b, j] / mean[j]
                mixed += ratio[j]
            if mixed > 0.0:
                for j in range(k):
                    now[b, j] += (ratio[j] / mixed - now[b, j]) / memories[b]
        if total >= least * len(sums):
            return i, age
    return -1, age
