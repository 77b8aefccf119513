"""The quality of sources from how often they say what together, without going over the votes again."""

from collections.abc import Hashable, Iterable
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from labelwright.combine.base import LabelModel
from labelwright.errors import InputError
from labelwright.evidence import Votes
from labelwright.parts import moments
from labelwright.passes.votes import class_prior, posterior
from labelwright.progress import progress

MOST_NUMBERS = 2_000_000  # to be learned; L-BFGS-B holds some 25 copies
ONE_WORD = 0.99  # share of its votes from which on a source is taken to say one class only
Silence = Literal["auto", "tells", "missing"]


class MeTaL(LabelModel):
    """Match what every two sources say together to what sources with nothing but the truth in common would say.

    ``P(i says l and j says m) = sum over y of prior[y] mu[i, y, l] mu[j, y, m]``, and ``P(i says l) = sum over y of
    prior[y] mu[i, y, l]``, fitted to the shares of all items by least squares. One pass over the votes, then the time
    depends on sources and classes only. Snorkel's label model is of this kind.

    Parameters
    ----------
    edges : iterable of (source, source), optional
        Names of sources that have more in common than the truth; what they say together is left out of the fit. When
        labels are computed, each still counts in full.
    prior : array (k,) or "majority", optional
        How common each class is; by default all alike, and not learned: two sources at a time do not show it.
        "majority" takes the mean share of the votes about an item.
    silence : {"auto", "tells", "missing"}, default "auto"
        What an abstention means. A rule that looks at all items says something by being silent ("tells"); of an
        annotator who was not asked the answer is missing, and who is asked with whom says nothing about the truth.
        "auto" takes it for missing if most votes come from sources that say several classes: of rules that only
        ever say one, silence is all there is to go by.
    precision : float in (1/k, 1), default 0.7
        What is expected of a vote before it is compared with others: its chance to be right, were all classes alike.
    spread : float, default 0.2
        Standard deviation of ``P(true | said)`` around that; it matters where votes seldom meet. ``np.inf`` leaves all
        to the moments.
    max_iter : int, default 500
        Steps of L-BFGS-B.
    show : bool, optional
        Progress; by default on terminals.

    Attributes
    ----------
    mu_ : ndarray (a, k, k)
        ``[source, true, said]``: P(says it | true); what is missing to 1 is the chance to abstain.
    prior_ : ndarray (k,)
    loss_ : float
        What is left of the (weighed) squares: 0 where the model explains all moments, 1 where none.
    converged_ : bool

    Notes
    -----
    Source: ratner2019training, in the form of Snorkel's code (where silence tells). With "tells", annotators who are
    given the same items seem to agree, and what is found can be who works with whom instead of the truth. Second
    moments settle the confusions of two classes, up to which is which; of more, what is found depends on the start.
    Departs from the paper: silence may be missing; L-BFGS-B with bounds instead of stochastic gradients and
    clamping; squares are weighed by one over the variance that each share would have by chance, so that rare answers
    count; the start is not random, and little-seen sources stay near it; tables are sparse, and what is masked is
    subtracted in closed form.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.integers(0, 2, 5000)
    >>> right = rng.random((5000, 4)) < [0.9, 0.8, 0.7, 0.6]
    >>> votes = np.where(right, truth[:, None], 1 - truth[:, None])
    >>> MeTaL().fit(votes).accuracy().round(1).tolist()
    [0.9, 0.8, 0.7, 0.6]
    """

    cites = ("zhang2022survey", "ratner2019training")

    def __init__(
        self,
        *,
        edges: Iterable[tuple[Hashable, Hashable]] = (),
        prior: ArrayLike | Literal["majority"] | None = None,
        silence: Silence = "auto",
        precision: float = 0.7,
        spread: float = 0.2,
        max_iter: int = 500,
        show: bool | None = None,
    ):
        self.edges, self.prior, self.silence = edges, prior, silence
        self.precision, self.spread = precision, spread
        self.max_iter, self.show = max_iter, show

    def _learn(self, votes: Votes, *, warm: bool) -> None:
        a, k, n = len(votes.sources), votes.n_classes, len(votes)
        self._check(a, k)
        self.prior_ = balance(self.prior, votes)
        edges = _positions(self.edges, votes.sources)
        both = moments.between(moments.pairs(votes), k, without=edges)
        met = np.unique(both.indices // k)
        if len(met) < 3:
            raise InputError(
                f"{len(met)} sources share items with others; to judge them takes three or more: take MajorityVote"
            )
        says = np.bincount(votes.codes, minlength=a * k) / n
        pull = 2 / (n * self.spread**2)
        missing = self.silence == "missing" or (self.silence == "auto" and _several(says.reshape(a, k)))
        fit = moments.Match(both / n, says, self.prior_, without=edges, missing=missing, pull=pull)
        least = min(0.01, 10.0 ** -np.ceil(np.log10(n)))  # about one vote
        mu = self._climb(fit, says, least).reshape(a, k, k).transpose(0, 2, 1)
        mu = mu / np.maximum(mu.sum(axis=2, keepdims=True), 1)
        self.mu_ = mu[:, _order(mu, self.prior_)]

    def _climb(self, fit: moments.Match, says: np.ndarray, least: float) -> np.ndarray:
        """P(each answer | true), (a * k, k)."""
        from scipy.optimize import minimize

        k = len(self.prior_)
        skill = (self.precision - 1 / k) / (1 - 1 / k)
        truth = (1 - skill) * self.prior_ + skill * np.tile(np.eye(k), (len(says) // k, 1))
        known = self.prior_ > 0
        start = says[:, None] * np.divide(truth, self.prior_, where=known, out=np.ones_like(truth))
        said = says[:, None] > 0
        low, high = (np.where(said, end, 0) * fit.unit for end in (least, 1 - least))
        fit.start = np.clip(start * fit.unit, low, high)
        bounds = np.column_stack([low.ravel(), high.ravel()])
        with progress("how good each source is", total=self.max_iter, show=self.show) as tick:
            found = minimize(
                fit, fit.start.ravel(), jac=True, method="L-BFGS-B", bounds=bounds, callback=lambda _: tick(),
                options={"maxiter": self.max_iter, "maxfun": 2 * self.max_iter, "ftol": 1e-13, "gtol": 1e-10},
            )  # fmt: skip
        self.loss_, self.converged_ = float(found.fun), bool(found.success)
        mu = np.divide(found.x.reshape(-1, k), fit.unit, where=fit.unit > 0, out=np.zeros_like(fit.unit))
        return np.clip(mu, least, 1 - least)

    def _check(self, a: int, k: int) -> None:
        if not 1 / k < self.precision < 1:
            raise InputError(f"precision={self.precision!r} must lie above 1/{k} (chance) and below 1")
        if self.silence not in get_args(Silence):
            raise InputError(f"silence={self.silence!r} must be one of 'auto', 'tells', 'missing'")
        if not self.spread > 0:
            raise InputError(f"spread={self.spread!r} must be above 0")
        if self.max_iter < 1:
            raise InputError(f"max_iter={self.max_iter!r} must be at least 1")
        if a * k * k > MOST_NUMBERS:
            raise InputError(
                f"{a} sources with {k} classes have {a * k * k:,} numbers to learn from pairs, more than "
                f"{MOST_NUMBERS:,}; take DawidSkene"
            )

    def _posterior(self, votes: Votes) -> np.ndarray:
        return posterior(votes, self.mu_, self.prior_)

    def accuracy(self) -> np.ndarray:
        """Chance of each vote of a source to be right: (a,)."""
        right = np.diagonal(self.mu_, axis1=1, axis2=2) @ self.prior_
        return np.asarray(right / (self.mu_.sum(axis=2) @ self.prior_))


def balance(prior: ArrayLike | Literal["majority"] | None, votes: Votes) -> np.ndarray:
    """How common each class is, (k,), summing to 1: as given, from the votes, or all alike.

    Examples
    --------
    >>> balance("majority", Votes([[0, 0], [0, 1], [-1, -1]])).tolist()
    [0.75, 0.25]
    """
    k = votes.n_classes
    if isinstance(prior, str):
        if prior != "majority":
            raise InputError(f"prior={prior!r} must be numbers, one a class, or 'majority'")
        counts = votes.counts[np.diff(votes.first) > 0]
        return np.asarray((counts / counts.sum(axis=1, keepdims=True)).mean(axis=0))
    given = class_prior(np.ones(k) if prior is None else prior, k)
    return np.asarray(given / given.sum())


def _several(says: np.ndarray) -> bool:
    """Whether most votes come from sources that say several classes, from how often each says each, (a, k)."""
    voted = says.sum(axis=1)
    return bool(voted[says.max(axis=1) < ONE_WORD * voted].sum() > voted.sum() / 2)


def _positions(edges: Iterable[tuple[Hashable, Hashable]], sources: np.ndarray) -> list[tuple[int, int]]:
    """Positions of the sources of each edge, each edge once."""
    place = {name: i for i, name in enumerate(sources.tolist())}
    found = set()
    for edge in edges:
        ends = list(edge)
        if len(ends) != 2 or ends[0] == ends[1]:
            raise InputError(f"edges hold {edge!r}; each is a pair of two different sources")
        for name in ends:
            if name not in place:
                some = ", ".join(map(repr, sources.tolist()[:5]))
                raise InputError(f"edges name {name!r}, which is not among the sources ({some})")
        one, other = sorted(place[name] for name in ends)
        found.add((one, other))
    return sorted(found)


def _order(mu: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Which column stands for each class: of classes that are equally common the moments do not say which is which."""
    from scipy.optimize import linear_sum_assignment

    own = mu.sum(axis=0).T  # [said, true]
    mass = own.sum(axis=0, keepdims=True)
    alike = np.isclose(prior[:, None], prior)
    gain = np.where(alike, own / np.where(mass > 0, mass, 1), -1e6)
    return np.asarray(linear_sum_assignment(gain, maximize=True)[1])
