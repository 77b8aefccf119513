"""How often a label is wrong, and which: a noisy channel behind a recalibrated model, by maximum likelihood.

The model's probabilities of the *true* class, once recalibrated (`adjust.bend`), pass through a channel
``[true, told]``; what comes out must fit the labels that were told. How strongly the classifier is over-confident is
unknown, so several powers of its log-probabilities are tried and averaged by how well they fit: an estimate that hangs
on one of them would state too narrow an interval.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize
from scipy.special import expit, logit, logsumexp

from labelwright.errors import InputError
from labelwright.evidence import Evidence, Exact, Noisy, as_evidence
from labelwright.parts import adjust

POWERS = (1.0, 0.8, 0.6, 0.45, 0.3)
CELLS = 2_000_000  # of the table the channel is fitted on; more rows are drawn from


@dataclass(frozen=True)
class Link:
    """One recalibration and the channel that goes with it.

    Attributes
    ----------
    slope, power : float
    shift : ndarray (k,)
        Parameters of `adjust.bend`.
    matrix : ndarray (k, k)
        ``[true, told]``, rows sum to 1.
    log_likelihood : float
        Of all labels told, in nats.
    error_rate, deviation : float
        Share of the labels that are wrong, and its standard deviation.
    """

    slope: float
    power: float
    shift: np.ndarray
    matrix: np.ndarray
    log_likelihood: float
    error_rate: float
    deviation: float


@dataclass(frozen=True)
class Channel:
    """A weighted set of links, as `fit` returns it."""

    links: tuple[Link, ...]
    weights: np.ndarray

    @property
    def matrix(self) -> np.ndarray:
        """Channel ``[true, told]`` (k, k), averaged over the links."""
        return np.einsum("l,lij->ij", self.weights, np.stack([link.matrix for link in self.links]))

    @property
    def error_rate(self) -> tuple[float, float, float]:
        """Share of wrong labels among those told, and a 95 % interval for it."""
        rates = np.array([link.error_rate for link in self.links])
        deviations = np.array([link.deviation for link in self.links])
        rate = float(np.clip(self.weights @ rates, 1e-9, 1 - 1e-9))
        spread = np.sqrt(self.weights @ (deviations**2 + (rates - rate) ** 2))
        low, high = expit(logit(rate) + np.array([-1.96, 1.96]) * spread / (rate * (1 - rate)))
        return rate, float(low), float(high)

    def posterior(self, probs: ArrayLike, told: Evidence | ArrayLike) -> np.ndarray:
        """P(true class | item, told label): (n, k)."""
        table = np.asarray(probs, dtype=np.float64)
        evidence = as_evidence(told, table.shape[1])
        mixed = np.zeros(table.shape)
        for weight, link in zip(self.weights, self.links):
            if weight > 1e-3:
                clean = adjust.bend(table, link.slope, link.power, link.shift)
                mixed += weight * Noisy(evidence, link.matrix).posterior(clean)  # type: ignore[arg-type]
        return mixed / mixed.sum(axis=1, keepdims=True)


def fit(
    probs: ArrayLike, told: Evidence | ArrayLike, *, powers: tuple[float, ...] = POWERS, rng: np.random.Generator | None = None
) -> Channel:
    """Estimate how often which label was told for which.

    Assumes that errors strike clear and unclear items of a class alike, and that where the model is surest it is
    right about the truth (it may be wrong about how sure it is). Errors that follow the difficulty of the item are in
    part taken for difficulty, so the rate then comes out low; a model that is confidently wrong makes it come out high.

    Parameters
    ----------
    probs : array (n, k)
        Out-of-sample probabilities.
    told : Evidence or array (n,)
        `Exact`, missing labels allowed.
    powers : tuple of float
        Powers of the log-probabilities to average over.
    rng : numpy Generator, optional
        Draws the rows to fit on where there are more than needed.
    """
    table = np.asarray(probs, dtype=np.float64)
    evidence = as_evidence(told, table.shape[1])
    if not isinstance(evidence, Exact):
        raise InputError(f"a channel needs one label per item (Exact), not {type(evidence).__name__}")
    rows = np.flatnonzero(evidence.known)
    most = max(1000, CELLS // table.shape[1])
    n = len(rows)
    if n > most:
        rows = np.sort((rng or np.random.default_rng(0)).choice(rows, most, replace=False))
    rows = rows[np.argsort(evidence.codes[rows], kind="stable")]
    codes = evidence.codes[rows]
    start: np.ndarray | None = None
    links = []
    for power in powers:
        link, start = _fit_link(adjust.bent(table[rows], power), codes, power, start, n)
        links.append(link)
    fits = np.array([link.log_likelihood for link in links])
    weights = np.exp(fits - fits.max())
    return Channel(tuple(links), weights / weights.sum())


def _fit_link(
    logs: np.ndarray, codes: np.ndarray, power: float, start: np.ndarray | None, n: int
) -> tuple[Link, np.ndarray]:
    """Maximise the likelihood of sorted `codes` over slope, shift and channel; standard deviation by the delta method."""
    problem = _Likelihood(logs, codes)
    best = minimize(
        problem, problem.start if start is None else start, jac=True, method="L-BFGS-B",
        options={"maxiter": 300, "ftol": 1e-9, "gtol": 1e-6},
    )  # fmt: skip
    slope, shift, matrix = problem.unpack(best.x)
    rate, deviation = problem.error_rate(best.x, n)
    return Link(slope, power, shift, matrix, -float(best.fun) * len(codes), rate, deviation), best.x


class _Likelihood:
    """Penalised mean negative log-likelihood and its gradient in (log slope, shift, logits of the channel).

    The penalties are half a pseudo-label per true class spread over the wrong ones, and wide normal priors on log slope
    and shift; they matter only where the data say nothing.
    """

    def __init__(self, logs: np.ndarray, codes: np.ndarray):
        self.logs, self.codes = logs, codes
        self.n, self.k = logs.shape
        self.off = ~np.eye(self.k, dtype=bool)
        self.pseudo = 0.5 / max(1, self.k - 1) * self.off
        self.counts = np.bincount(codes, minlength=self.k)
        self.told = np.flatnonzero(self.counts)
        self.first = np.searchsorted(codes, self.told)
        wrong = np.full(self.k * (self.k - 1), np.log(0.05 / max(1, self.k - 1) / 0.95))
        self.start = np.concatenate([[0.5], np.zeros(self.k), wrong])

    def unpack(self, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        shift = theta[1 : 1 + self.k]
        logits = np.zeros((self.k, self.k))
        logits[self.off] = theta[1 + self.k :]
        matrix = np.exp(logits - logsumexp(logits, axis=1, keepdims=True))
        return float(np.exp(theta[0])), shift - shift.mean(), matrix

    def posterior(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Clean probabilities (n, k), posterior of the truth (n, k), likelihood of each label told (n,)."""
        slope, shift, matrix = self.unpack(theta)
        clean = slope * self.logs + shift
        clean -= clean.max(axis=1, keepdims=True)
        np.exp(clean, out=clean)
        clean /= clean.sum(axis=1, keepdims=True)
        truth = clean * matrix.T[self.codes]
        told = truth.sum(axis=1)
        truth /= told[:, None]
        return clean, truth, told

    def __call__(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        slope, _, matrix = self.unpack(theta)
        clean, truth, told = self.posterior(theta)
        counts = np.zeros((self.k, self.k))
        counts[self.told] = np.add.reduceat(truth, self.first, axis=0)
        counts = counts.T + self.pseudo
        d_logits = counts - counts.sum(axis=1, keepdims=True) * matrix
        d_clean = truth - clean
        d_shift = d_clean.sum(axis=0)
        d_shift -= d_shift.mean()
        d_slope = np.vdot(d_clean, self.logs) * slope
        shift = theta[1 : 1 + self.k]
        value = (
            np.log(told).sum() + (self.pseudo * np.log(matrix)).sum() - theta[0] ** 2 / 8 - 5e-4 * (shift**2).sum()
        )
        gradient = np.concatenate([[d_slope - theta[0] / 4], d_shift - 1e-3 * shift, d_logits[self.off]])
        return -value / self.n, -gradient / self.n

    def error_rate(self, theta: np.ndarray, n: int) -> tuple[float, float]:
        """Share of wrong labels, and its deviation from parameters and from which labels happen to be wrong.

        Parameters of the information matrix are the log slope, the shifts and one error rate per true class.
        """
        slope, _, matrix = self.unpack(theta)
        clean, truth, _ = self.posterior(theta)
        rows, k = np.arange(self.n), self.k
        right = truth[rows, self.codes]
        errs = np.clip(1 - np.diagonal(matrix), 1e-4, 1 - 1e-4)
        by_rate = truth / errs
        by_rate[rows, self.codes] = -right / (1 - errs[self.codes])
        by_slope = slope * ((truth - clean) * self.logs).sum(axis=1)
        scores = np.column_stack([by_slope, (truth - clean)[:, 1:], by_rate])
        information = scores.T @ scores
        information[np.diag_indices(2 * k)] += np.concatenate([[0.25], np.full(k - 1, 1e-3), np.ones(k)])
        expected = (truth * self.logs).sum(axis=1)
        d_slope = slope * (right * (self.logs[rows, self.codes] - expected)).sum()
        d_shift = np.bincount(self.codes, right, k) - right @ truth
        d_rate = np.bincount(self.codes, -right / (1 - errs[self.codes]), k) - right @ by_rate
        d_right = np.concatenate([[d_slope], d_shift[1:], d_rate]) / self.n
        variance = d_right @ np.linalg.solve(information, d_right) + (right * (1 - right)).mean() / n
        return float(1 - right.mean()), float(np.sqrt(variance))
