"""The quality of sources from any three of them, in closed form."""

import warnings
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from labelwright.combine.base import LabelModel
from labelwright.combine.metal import balance
from labelwright.errors import DoubtfulInput, InputError
from labelwright.evidence import Votes
from labelwright.parts import moments
from labelwright.parts.triplets import expected_distance


class TripletModel(LabelModel):
    """Tell how good each source is from how often it, a second and a third one agree with each other.

    With answers of -1 and 1, sources that err independently agree by ``E[i j] = c[i] c[j]``, so that
    ``c[i] = sqrt(E[i j] E[i k] / E[j k])`` and the chance to be right is ``(1 + c) / 2``; the median over all triplets
    counts. Of more than two classes, each is asked about against the rest. FlyingSquid is of this kind.

    Parameters
    ----------
    prior : array (k,) or "majority", optional
        How common each class is; by default all alike. "majority" takes the mean share of the votes about an item.
    min_shared : int, default 10
        Items that two sources must share to be compared.

    Attributes
    ----------
    right_ : ndarray (a, k)
        Chance of each source to be right about whether an item is of the class, at least about 1/2.
    prior_ : ndarray (k,)

    Notes
    -----
    Source: fu2020fast. A source is taken to err as often about one class as about the other, and to be no worse than
    chance; rules that only ever say one class seem to be always right or are not settled at all. Departs from the
    paper: moments are those of items both vote on; pairs that agree less than by chance settle nothing, where the
    paper takes their absolute value; of more than 150 partners the 150 with most shared items count; one pseudo-vote is
    right and one wrong, so that nobody is infallible; independence only, no graph.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.integers(0, 2, 5000)
    >>> right = rng.random((5000, 4)) < [0.9, 0.8, 0.7, 0.6]
    >>> votes = np.where(right, truth[:, None], 1 - truth[:, None])
    >>> TripletModel().fit(votes).accuracy().round(1).tolist()
    [0.9, 0.8, 0.7, 0.6]
    """

    cites = ("zhang2022survey", "fu2020fast")

    def __init__(self, *, prior: ArrayLike | Literal["majority"] | None = None, min_shared: int = 10):
        self.prior, self.min_shared = prior, min_shared

    def _learn(self, votes: Votes, *, warm: bool) -> None:
        if self.min_shared < 1:
            raise InputError(f"min_shared={self.min_shared!r} must be at least 1")
        a, k = len(votes.sources), votes.n_classes
        self.prior_ = balance(self.prior, votes)
        skill = self._skill(moments.pairs(votes), a, k)
        alone = np.isnan(skill).any(axis=1)
        if alone.all():
            raise InputError(
                f"no three of {a} sources share {self.min_shared} items, two by two; lower min_shared, or take "
                "MajorityVote or DawidSkene"
            )
        if alone.any():
            warnings.warn(
                f"{alone.sum()} of {a} sources share too few items with two others to be judged (first: "
                f"{votes.sources[alone].tolist()[0]!r}); they are taken to be as good as the others are on average",
                DoubtfulInput,
                stacklevel=4,
            )
            skill[alone] = skill[~alone].mean(axis=0)
        said = np.bincount(votes.source, minlength=a)[:, None]
        self.right_ = (said * (1 + skill) / 2 + 1) / (said + 2)

    def _skill(self, counted: sparse.csr_matrix, a: int, k: int) -> np.ndarray:
        """Correlation of each source with the truth about each class, (a, k); NaN where no two others share items."""
        skill = np.empty((k, a))
        for c in range(k):
            if k == 2 and c == 1:
                skill[1] = skill[0]
                break
            share, shared = moments.disagreement(counted, k, c)
            known = (shared >= self.min_shared) & ~np.eye(a, dtype=bool)
            judged, apart = _in_triplets(known), np.full(a, np.nan)
            if judged.any():
                apart = expected_distance(np.where(known, share, np.nan), shared, chance=0.5, method="median")
            skill[c] = np.where(judged, 1 - 2 * np.nan_to_num(apart, nan=0.5), np.nan)
        return skill.T

    def _posterior(self, votes: Votes) -> np.ndarray:
        a, k = self.right_.shape
        weight = np.log(self.right_) - np.log1p(-self.right_)
        signs = 2 * np.eye(k) - 1
        prior = self.prior_.clip(1e-300, 1 - 1e-16)
        odds = np.log(prior) - np.log1p(-prior)
        odds = odds + votes.indicator() @ (signs * weight[:, None]).reshape(a * k, k)
        log = -np.logaddexp(0, -odds)  # of P(this class | votes), each class against the rest
        probs = np.exp(log - log.max(axis=1, keepdims=True))
        return np.asarray(probs / probs.sum(axis=1, keepdims=True))

    def accuracy(self) -> np.ndarray:
        """Chance of each source to name the true class: (a,). Of more than two classes, each error counts for two."""
        return np.asarray(1 - (1 - self.right_).sum(axis=1) / 2)


def _in_triplets(known: np.ndarray) -> np.ndarray:
    """Whether each source is one of three that are all linked: (a, a) -> (a,)."""
    return np.array([any((row & known[j]).any() for j in np.flatnonzero(row)) for row in known])
