"""How often a label is wrong, and which: what keeps the labels from agreeing with a model where it is surest.

Where the model is sure enough to be right, the only reason left for a label to disagree with it is that the label is
wrong. So agreement is fitted as a curve over the model's margin ``s``, the log-odds of its first choice over its
second,

    P(told = first choice | s) = (1 - e) pi + m (1 - pi),   pi = P(first choice is true | s) = sigmoid(a s ** p + b),

and the level at which it flattens gives the rate ``e`` of wrong labels; ``m`` is the chance that a wrong label happens
to be the first choice. Nothing else of the probabilities is used for the rate: how sure the model is of its third
choice is rarely meaningful, and a full channel behind all of them takes that for errors. Classes have their own
``a, b, e``, drawn from common normal distributions. Several powers ``p`` and spreads of the classes are fitted by
penalised likelihood and averaged by their evidence (Laplace): an estimate that hangs on one of them would state too
narrow an interval.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.optimize import brentq
from scipy.special import expit, logit, ndtr

from labelwright.errors import InputError
from labelwright.evidence import Evidence, Exact, Noisy, as_evidence

POWERS = (1.0, 0.8, 0.6, 0.45, 0.3)
# Standard deviations over the classes of log a, b and logit e: classes may or may not differ in slope and in rate.
SPREADS = ((0.01, 0.8, 0.2), (0.01, 0.8, 0.8), (0.3, 0.8, 0.2), (0.3, 0.8, 0.8))
# For single labels all classes share one curve. Class-wise rates widen the interval of the overall rate as they should,
# but they are too uncertain to order labels of different classes by: with two classes that made the order worse.
SHARED = (0.01, 0.01, 0.01)
# Prior of the common log a, b and logit e: mean and standard deviation. For powers below 1 the mean of log a is such
# that the model is still believed at the margin BELIEVED, where it claims 99 to 1.
PRIOR = np.array([[0.0, 1.0], [0.0, 1.0], [-3.0, 1.5]])
BELIEVED = np.log(99)
# Power of the evidence in the weights: every link is somewhat wrong, and with many rows one would take everything.
CAUTION = 0.6
CELLS = 4_000  # groups of rows of like margin that the curves are fitted to
FLOOR = 1e-5
SIZE = 2_000_000  # of the table the confusions are counted on; more rows are drawn from


Cells = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int]


@dataclass(frozen=True)
class Link:
    """One fitted curve.

    Attributes
    ----------
    power : float
    slope, shift, errs : ndarray (k,)
        ``a``, ``b`` and ``e`` of each class.
    log_evidence : float
        Log marginal likelihood of the agreements, in nats, up to a constant.
    error_rate, deviation : float
        Share of wrong labels, and the standard deviation of its logit.
    """

    power: float
    slope: np.ndarray
    shift: np.ndarray
    errs: np.ndarray
    log_evidence: float
    error_rate: float
    deviation: float


@dataclass(frozen=True)
class Channel:
    """What `fit` returns.

    Attributes
    ----------
    matrix : ndarray (k, k)
        Channel ``[true, told]``, rows sum to 1.
    error_rate : tuple of float
        Share of wrong labels among those told, and a 95 % interval for it.
    links : sequence of Link
        The curves, common to all classes, by which single labels are judged.
    weights : ndarray
        Weights of the links, which sum to 1.
    spread : float
        Power of the model's probabilities by which the classes other than its first choice share what is left.
    """

    matrix: np.ndarray
    error_rate: tuple[float, float, float]
    links: Sequence[Link] = field(repr=False)
    weights: np.ndarray = field(repr=False)
    spread: float

    def clean(self, probs: ArrayLike) -> np.ndarray:
        """Recalibrated P(true class | item), before the label is heard: (n, k)."""
        table = np.asarray(probs, dtype=np.float64)
        first, margin, _ = _margins(table)
        return _spread(table, first, self._sure(first, margin), self.spread)

    def posterior(self, probs: ArrayLike, told: Evidence | ArrayLike) -> np.ndarray:
        """P(true class | item, told label): (n, k)."""
        evidence = as_evidence(told, np.shape(probs)[1])
        return Noisy(evidence, self.matrix).posterior(self.clean(probs))  # type: ignore[arg-type]

    def _sure(self, first: np.ndarray, margin: np.ndarray) -> np.ndarray:
        return _sure(self.links, self.weights, first, margin)


def fit(probs: ArrayLike, told: Evidence | ArrayLike, *, rng: np.random.Generator | None = None) -> Channel:
    """Estimate how often which label was told for which.

    Assumes that (1) errors strike clear and unclear items of a class alike, and (2) where the model is surest it is
    right about the truth; it may be wrong about how sure it is. Where (1) fails because unclear items are mislabelled
    more often, as people do, the errors among them are taken for the model's own and the rate comes out low. Where (2)
    fails because the model is confidently wrong, on errors it shares with no label, the rate comes out high; where the
    model repeats the errors because they follow the features, they cannot be seen and it comes out low.

    Parameters
    ----------
    probs : array (n, k)
        Out-of-sample probabilities.
    told : Evidence or array (n,)
        `Exact`, missing labels allowed.
    rng : numpy Generator, optional
        Draws the rows on which confusions are counted where there are more than needed.

    Returns
    -------
    Channel
        The sum of ``1 - posterior[row, told]`` over the labelled rows is the error rate times their number.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> yes = 1 / (1 + np.exp(-4 * rng.standard_normal(2000)))
    >>> truth = rng.random(2000) < yes
    >>> told = truth ^ (rng.random(2000) < 0.1)
    >>> found = fit(np.stack([1 - yes, yes], axis=1), told.astype(int))
    >>> bool(found.error_rate[1] < (told != truth).mean() < found.error_rate[2])
    True
    """
    table = np.asarray(probs, dtype=np.float64)
    evidence = as_evidence(told, table.shape[1])
    if not isinstance(evidence, Exact):
        raise InputError(f"a channel needs one label per item (Exact), not {type(evidence).__name__}")
    if not evidence.known.any():
        raise InputError("no item has a label; a channel needs some")
    table, codes = table[evidence.known], evidence.codes[evidence.known]
    first, margin, _ = _margins(table)
    cells = _cells(first, margin, first == codes, table.shape[1])
    # Two classes are the two sides of one curve, so their slopes agree.
    rate = _rate(*_links(cells, SPREADS if table.shape[1] > 2 else SPREADS[:2]))
    links, weights = _links(cells, (SHARED,))
    sure = _sure(links, weights, first, margin)
    errs = weights @ np.stack([link.errs for link in links])
    matrix, spread = _confusions(table, codes, first, sure, errs, rng or np.random.default_rng(0))
    matrix = _scaled(matrix, _spread(table, first, sure, spread), codes, rate[0])
    return Channel(matrix, rate, links, weights, spread)


def _links(cells: Cells, structures: Sequence[tuple[float, ...]]) -> tuple[list[Link], np.ndarray]:
    """Fit a curve for each power and structure; the links and their weights."""
    links = []
    for power in POWERS:
        theta = None
        for spreads in structures:
            link, theta = _fit_link(_Curve(cells, power, spreads), theta)
            links.append(link)
    weights = np.array([link.log_evidence for link in links])
    weights = np.exp(CAUTION * (weights - weights.max()))
    return links, weights / weights.sum()


def _margins(table: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First choice, its log-odds over the second, and the second choice, of every row."""
    rows = np.arange(len(table))
    first = table.argmax(axis=1)
    rest = table.copy()
    rest[rows, first] = -1.0
    second = rest.argmax(axis=1)
    logs = np.log(np.clip([table[rows, first], table[rows, second]], FLOOR, 1.0))
    return first, logs[0] - logs[1], second


def _cells(first: np.ndarray, margin: np.ndarray, agree: np.ndarray, k: int) -> Cells:
    """Rows grouped by first choice and margin: class, mean margin, rows, agreements of each cell; number of classes."""
    order = np.lexsort((agree, margin, first))
    first, margin, agree = first[order], margin[order], agree[order]
    size = np.bincount(first, minlength=k)
    rank = np.arange(len(first)) - (np.cumsum(size) - size)[first]
    most = max(20, min(100, CELLS // k))
    name = first * most + rank * np.minimum(size, most)[first] // size[first]
    start = np.flatnonzero(np.diff(name, prepend=-1))
    rows = np.diff(start, append=len(name)).astype(np.float64)
    margin = np.add.reduceat(margin, start) / rows
    return first[start], margin, rows, np.add.reduceat(agree.astype(np.float64), start), k


class _Curve:
    """Penalised log-likelihood of the agreements in theta = (common log a, b, logit e; each class's departure)."""

    def __init__(self, cells: Cells, power: float, spreads: tuple[float, ...]):
        self.first, margin, self.rows, self.agree, self.k = cells
        self.power, self.scale = power, margin**power
        self.members = _one_hot(self.first, self.k)
        self.start = np.concatenate([PRIOR[:, 0], np.zeros(3 * self.k)])
        self.start[0] = (1 - power) * np.log(BELIEVED)
        self.precision = np.concatenate([PRIOR[:, 1], np.repeat(spreads, self.k)]) ** -2

    def local(self, theta: np.ndarray) -> tuple[np.ndarray, ...]:
        """Slope, shift, error rate e and chance m of a wrong label to say this class: (k,) each."""
        log_a, b, odds = theta[:3, None] + theta[3:].reshape(3, self.k)
        errs = expit(odds)
        return np.exp(log_a), b, errs, (errs.sum() - errs) / (self.k - 1) ** 2

    def agreement(self, theta: np.ndarray) -> tuple[np.ndarray, ...]:
        """Probabilities pi and P(agree) of each cell, with its a, e, m."""
        a, b, e, m = (x[self.first] for x in self.local(theta))
        sure = expit(a * self.scale + b)
        return sure, np.clip((1 - e) * sure + m * (1 - sure), 1e-9, 1 - 1e-9), a, e, m

    def value(self, theta: np.ndarray) -> float:
        agrees = self.agreement(theta)[1]
        penalty = (self.precision * (theta - self.start) ** 2).sum() / 2
        return float(self.agree @ np.log(agrees) + (self.rows - self.agree) @ np.log1p(-agrees) - penalty)

    def slopes(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Gradient of `value`, and the expected information plus the prior's."""
        sure, agrees, a, e, m = self.agreement(theta)
        bend = (1 - e - m) * sure * (1 - sure)
        local = np.stack([a * self.scale * bend, bend, -sure, 1 - sure], axis=1)
        variance = agrees * (1 - agrees)
        gradient = self.members @ (local * ((self.agree - self.rows * agrees) / variance)[:, None])
        pairs = np.einsum("ni,nj,n->nij", local, local, self.rows / variance)
        blocks = (self.members @ pairs.reshape(-1, 16)).reshape(-1, 4, 4)
        jacobian = self.jacobian(theta)
        inner = np.matmul(blocks, jacobian).reshape(-1, len(theta))
        flat = jacobian.reshape(-1, len(theta))
        information = flat.T @ inner
        information[np.diag_indices_from(information)] += self.precision
        return gradient.ravel() @ flat - self.precision * (theta - self.start), information

    def jacobian(self, theta: np.ndarray) -> np.ndarray:
        """Of each class's (log a, b, e, m) in theta: (k, 4, len(theta))."""
        k, errs = self.k, self.local(theta)[2]
        steps, own = errs * (1 - errs), np.arange(k)
        table = np.zeros((k, 4, 3 + 3 * k))
        for i in range(3):
            table[own, i, i] = table[own, i, 3 + i * k + own] = steps if i == 2 else 1.0
        table[:, 3, 3 + 2 * k :] = steps / (k - 1) ** 2
        table[own, 3, 3 + 2 * k + own] = 0.0
        table[:, 3, 2] = table[:, 3, 3:].sum(axis=1)
        return table

    def error_rate(self, theta: np.ndarray) -> tuple[float, np.ndarray, float]:
        """Mean chance of a wrong label, its gradient, and its variance given theta."""
        sure, agrees, a, e, m = self.agreement(theta)
        n, others, apart = self.rows.sum(), 1 - (self.k - 1) * m, 1 - agrees
        wrong = (1 - sure) * m / agrees  # where the label agrees
        right = (1 - sure) * others / apart  # where it does not
        agree, differ = self.agree / n, (self.rows - self.agree) / n
        by_logit = sure * (1 - sure) * (-agree * m * (1 - e) / agrees**2 + differ * others * e / apart**2)
        by_e = (1 - sure) * sure * (agree * m / agrees**2 + differ * others / apart**2)
        by_m = agree * sure * (1 - e) / agrees**2 + differ * (
            (self.k - 1) / apart - (1 - sure) * others / apart**2
        )
        local = np.stack([by_logit * a * self.scale, by_logit, by_e, (1 - sure) * by_m], axis=1)
        variance = (agree @ (wrong * (1 - wrong)) + differ @ (right * (1 - right))) / n
        mean = agree @ wrong + differ @ (1 - right)
        jacobian = self.jacobian(theta).reshape(-1, len(theta))
        return float(mean), (self.members @ local).ravel() @ jacobian, float(variance)


def _fit_link(curve: _Curve, theta: np.ndarray | None) -> tuple[Link, np.ndarray]:
    """Climb by Fisher scoring; the deviation of the error rate by the delta method."""
    theta = curve.start if theta is None else theta
    value = curve.value(theta)
    for _ in range(100):
        gradient, information = curve.slopes(theta)
        step = np.linalg.solve(information, gradient)
        step /= max(1.0, np.abs(step).max() / 3)
        while (higher := curve.value(theta + step)) < value and np.abs(step).max() > 1e-9:
            step /= 2
        if higher < value + 1e-4:
            break
        theta, value = theta + step, higher
    mean, by_theta, given_theta = curve.error_rate(theta)
    rate = min(max(mean, 1e-7), 1 - 1e-7)
    variance = given_theta + by_theta @ np.linalg.solve(information, by_theta)
    evidence = value + (np.log(curve.precision).sum() - np.linalg.slogdet(information)[1]) / 2
    deviation = float(np.sqrt(variance) / (rate * (1 - rate)))
    slope, shift, errs, _ = curve.local(theta)
    return Link(curve.power, slope, shift, errs, float(evidence), rate, deviation), theta


def _rate(links: Sequence[Link], weights: np.ndarray) -> tuple[float, float, float]:
    """Mean and central 95 % of the weighted mixture of logit-normal distributions."""
    rates = np.array([link.error_rate for link in links])
    middle, deviation = logit(rates), np.array([link.deviation for link in links])
    ends = (middle - 9 * deviation).min(), (middle + 9 * deviation).max()
    low, high = (
        float(expit(brentq(lambda x, share=share: weights @ ndtr((x - middle) / deviation) - share, *ends)))
        for share in (0.025, 0.975)
    )
    return float(np.clip(weights @ rates, low, high)), low, high


def _sure(links: Sequence[Link], weights: np.ndarray, first: np.ndarray, margin: np.ndarray) -> np.ndarray:
    """P(first choice is the truth), averaged over the links: (n,)."""
    sure = np.zeros(len(first))
    for weight, link in zip(weights, links):
        if weight > 1e-4:
            sure += weight * expit(link.slope[first] * margin**link.power + link.shift[first])
    return sure / weights[weights > 1e-4].sum()


def _spread(table: np.ndarray, first: np.ndarray, sure: np.ndarray, power: float) -> np.ndarray:
    """Give each first choice its chance and let the other classes share the rest by their probabilities."""
    rows = np.arange(len(table))
    clean = np.clip(table, FLOOR, 1.0) ** power
    clean[rows, first] = 0.0
    clean *= ((1 - sure) / clean.sum(axis=1))[:, None]
    clean[rows, first] = sure
    return clean


def _confusions(
    table: np.ndarray,
    codes: np.ndarray,
    first: np.ndarray,
    sure: np.ndarray,
    errs: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, float]:
    """Channel (k, k) with these error rates, and the power for `_spread`, under which the labels are most probable.

    Which wrong label is told starts out as any alike, worth one error of each class, and is learned by
    expectation-maximisation.
    """
    n, k = table.shape
    if n * k > SIZE:
        rows = np.sort(rng.choice(n, max(1000, SIZE // k), replace=False))
        table, codes, first, sure = table[rows], codes[rows], first[rows], sure[rows]
    off = (1 - np.eye(k)) / (k - 1)
    matrix = np.diag(1 - errs) + errs[:, None] * off
    best = -np.inf
    for power in (1.0, 0.75, 0.5, 0.25) if k > 2 else (1.0,):
        joint = _spread(table, first, sure, power)
        fit_of_power = np.log((joint * matrix.T[codes]).sum(axis=1)).sum()
        if fit_of_power > best:
            best, spread, clean = fit_of_power, power, joint
    told = _one_hot(codes, k)
    for _ in range(10 if k > 2 else 0):
        truth = clean * matrix.T[codes]
        truth /= truth.sum(axis=1, keepdims=True)
        counts = (told @ truth).T * (off > 0) + off
        matrix = np.diag(1 - errs) + errs[:, None] * counts / counts.sum(axis=1, keepdims=True)
    return matrix, spread


def _one_hot(codes: np.ndarray, k: int) -> sparse.csr_array:
    return sparse.csr_array((np.ones(len(codes)), (codes, np.arange(len(codes)))), (k, len(codes)))


def _scaled(matrix: np.ndarray, clean: np.ndarray, codes: np.ndarray, rate: float) -> np.ndarray:
    """Scale the odds of an error, in all classes alike, until the mean chance of a wrong label is `rate`."""
    rows, right = np.arange(len(codes)), np.diag(np.diagonal(matrix))

    def scaled(log_odds: float) -> np.ndarray:
        table = right + np.exp(log_odds) * (matrix - right)
        return table / table.sum(axis=1, keepdims=True)

    def gap(log_odds: float) -> float:
        channel = scaled(log_odds)
        told = np.einsum("nk,nk->n", clean, channel.T[codes])
        return float(1 - (clean[rows, codes] * channel[codes, codes] / told).mean() - rate)

    return scaled(brentq(gap, -25.0, 25.0, xtol=1e-9))
