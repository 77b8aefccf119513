"""Mix the densities of the classes among posteriors until the new rows are most probable (Moreo et al., 2025)."""

from typing import NamedTuple

import numpy as np

from labelwright.errors import InputError
from labelwright.shift.base import Calibrate, PriorEstimator, checked
from labelwright.shift.mixture import proportions

BLOCK = (256, 1024)  # new rows and source rows whose distances are held at once: a megabyte


class KDEy(PriorEstimator):
    """Estimate shifted priors by maximum likelihood with kernel densities of each class (KDEy-ML).

    ``max over the simplex of mean over new rows of log(sum over j of q[j] f[j](x))``, with f[j] the Gaussian kernel
    density of the posteriors of source rows of class j. Needs no calibrated classifier and uses more than means do;
    the time grows with source rows times new rows.

    Parameters
    ----------
    bandwidth : float > 0, default 0.1
    max_rows : int or None, default 20_000
        More source or new rows than that are sampled; None for all.
    random_state : int or None, default 0
        Seeds the sampling.
    calibration : {"ts", "bcts", "vs"}, function or None, default None
        Calibrates the probabilities on the source first.

    Attributes
    ----------
    classes_ : ndarray (k,)
    source_priors_, target_priors_, weights_ : ndarray (k,)
    n_iter_ : int
    converged_ : bool

    Notes ----- Departs from the paper: the optimum by `mixture.proportions`; instead of a least density, densities
    are relative to the nearest source row, so that a row far from all of them counts for the classes it is nearest
    to.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> probs = rng.dirichlet([1, 1], 500)
    >>> labels = (rng.random(500) < probs[:, 1]).astype(int)
    >>> found = KDEy().fit(probs, labels).estimate(probs)
    >>> bool(abs(found[1] - labels.mean()) < 0.02)
    True
    """

    cites = ("moreo2025kernel",)

    def __init__(
        self,
        *,
        bandwidth: float = 0.1,
        max_rows: int | None = 20_000,
        random_state: int | None = 0,
        calibration: Calibrate = None,
    ):
        self.bandwidth, self.max_rows = bandwidth, max_rows
        self.random_state, self.calibration = random_state, calibration

    def _learn(self, probs: np.ndarray, codes: np.ndarray) -> None:
        if not self.bandwidth > 0 or (self.max_rows is not None and not self.max_rows >= 1):
            raise InputError(
                f"bandwidth={self.bandwidth!r} must be above 0 and max_rows={self.max_rows!r} at least 1 or None"
            )
        rows = self._sample(len(probs), codes)
        order = rows[np.argsort(codes[rows], kind="stable")]
        checked(probs, "proba_source")
        self._sorted = _Sorted(
            np.ascontiguousarray(probs[order], dtype=np.float32),
            np.append(0, np.cumsum(np.bincount(codes[order], minlength=probs.shape[1]))),
        )

    def _estimate(self, probs: np.ndarray) -> np.ndarray:
        rows = self._sample(len(checked(probs, "proba_target")))
        table = densities(self._sorted, np.ascontiguousarray(probs[rows], dtype=np.float32), self.bandwidth)
        found = proportions(table)
        self.n_iter_, self.converged_ = found.n_iter, found.converged
        return found.proportions

    def _sample(self, n: int, codes: np.ndarray | None = None) -> np.ndarray:
        """Positions of the rows that are used; one of each class at least."""
        if self.max_rows is None or n <= self.max_rows:
            return np.arange(n)
        rng = np.random.default_rng(self.random_state)
        rows = rng.choice(n, self.max_rows, replace=False)
        if codes is not None:
            rows = np.union1d(rows, np.unique(codes, return_index=True)[1])
        return np.sort(rows)


class _Sorted(NamedTuple):
    """Source rows sorted by class; those of class c are ``first[c]:first[c + 1]``."""

    probs: np.ndarray
    first: np.ndarray


def densities(source: _Sorted, target: np.ndarray, bandwidth: float) -> np.ndarray:
    """Kernel density of each new row under each class, up to a factor of the row: (m, k) of float64."""
    from labelwright.shift._sweeps import kernels

    probs, first = source
    k = len(first) - 1
    here, there = ((rows * rows).sum(axis=1) for rows in (probs, target))
    out, scale = np.zeros((len(target), k)), np.float32(0.5 / bandwidth**2)
    few, many = BLOCK
    room = np.empty(BLOCK, np.float32)
    for t in range(0, len(target), few):
        new = target[t : t + few]
        held = np.full(len(new), -1e30, np.float32)
        for s in range(0, len(probs), many):
            old = probs[s : s + many]
            dots = (
                room[: len(new), : len(old)]
                if len(old) == many
                else np.empty((len(new), len(old)), np.float32)
            )
            np.matmul(new, old.T, out=dots)
            ends = np.clip(first - s, 0, len(old))
            kernels(dots, here[s : s + many], there[t : t + few], scale, ends, held, out[t : t + few])
    return out / np.diff(first)
