"""What the votes about each item make of its label, summed over all items in one sweep."""

from typing import Any, NamedTuple, Self

import numpy as np

from labelwright.errors import InputError
from labelwright.evidence import Votes


class Expected(NamedTuple):
    """Expected counts of one sweep.

    Attributes
    ----------
    votes : ndarray (a, k, k)
        ``[source, true, said]``: how often, as far as the votes let us know what is true.
    items : ndarray (k,)
        Items of each class.
    log_evidence : float
        Of all votes, in nats.
    n_votes : int
        Votes swept over.
    """

    votes: np.ndarray
    items: np.ndarray
    log_evidence: float
    n_votes: int


class VoteCounts:
    """Expected counts of votes by the true class: a summary to `update` block by block and to `merge`.

    The posterior of an item is used where it arises and not kept: memory is that of the confusions. One core sweeps
    over about 80 million votes a second with two classes, 100 million cells (votes x classes) with many.

    Parameters
    ----------
    table : array (a, k, k)
        ``[source, true, said]``; rows need not sum to 1.
    prior : array (k,)
        How common each class is.
    hard : bool, default False
        Whether the most probable class of an item takes all.

    Examples
    --------
    >>> votes = Votes([[0, 0], [1, 0]])
    >>> sums = VoteCounts(votes.confusion, [0.5, 0.5]).update(votes).result()
    >>> sums.items.round(2).tolist(), sums.n_votes
    ([1.34, 0.66], 4)
    """

    def __init__(self, table: np.ndarray, prior: Any, *, hard: bool = False):
        self.shape = np.shape(table)
        self.columns, self.prior = columns(table), class_prior(prior, self.shape[-1])
        self.hard = hard
        self.sums: Expected | None = None

    def update(self, votes: Votes, weights: np.ndarray | None = None) -> Self:
        """Sweep over a block of items, each counted `weights` (n,) times.

        Raises
        ------
        InputError
            When no class explains the votes of an item, or the table is about other sources.
        """
        if self.shape[:2] != (len(votes.sources), votes.n_classes):
            raise InputError(
                f"the confusions are those of {self.shape[0]} sources and {self.shape[1]} classes, "
                f"the votes have {len(votes.sources)} and {votes.n_classes}"
            )
        from labelwright.evidence import sweeps

        each = np.empty(0) if weights is None else np.asarray(weights, dtype=np.float64)
        counts, items, told, row = sweeps.expect(
            votes.first, votes.codes, self.columns, self.prior, each, self.hard
        )
        if row >= 0:
            raise InputError(f"no class explains the votes of an item (row {row}); smooth the confusions")
        a, k, _ = self.shape
        return self._add(Expected(counts.reshape(a, k, k).transpose(0, 2, 1), items, told, votes.n_votes))

    def merge(self, other: Self) -> Self:
        """Add what another one, of other items, has summed up."""
        return self if other.sums is None else self._add(other.sums)

    def result(self) -> Expected:
        """The sums over all blocks so far."""
        if self.sums is None:
            a, k, _ = self.shape
            return Expected(np.zeros((a, k, k)), np.zeros(k), 0.0, 0)
        return self.sums

    def _add(self, more: Expected) -> Self:
        mine = self.result()
        self.sums = Expected(
            mine.votes + more.votes,
            mine.items + more.items,
            mine.log_evidence + more.log_evidence,
            mine.n_votes + more.n_votes,
        )
        return self


def columns(table: Any) -> np.ndarray:
    """Confusions ``[source, true, said]`` as the sweeps look them up: (a * k, k), a row for each source and answer."""
    table = np.asarray(table, dtype=np.float64)
    return np.ascontiguousarray(table.transpose(0, 2, 1).reshape(-1, table.shape[-1]))


def class_prior(prior: Any, k: int) -> np.ndarray:
    """Check how common each class is: (k,), not negative; it need not sum to 1."""
    array = np.asarray(prior, dtype=np.float64)
    if array.shape != (k,) or not (array >= 0).all() or not array.any() or not np.isfinite(array).all():
        raise InputError(
            f"prior is {array.tolist()}; give {k} numbers, one a class, none negative, not all 0"
        )
    return array


def shares(votes: Votes) -> Expected:
    """Expected counts where each class of an item is as probable as its share of the votes: where a climb starts.

    Examples
    --------
    >>> shares(Votes([[0, 0], [0, 1]])).items.tolist()
    [1.5, 0.5]
    """
    from labelwright.evidence import sweeps

    a, k = len(votes.sources), votes.n_classes
    counts, items = sweeps.share(votes.first, votes.codes, a * k, k)
    return Expected(counts.reshape(a, k, k).transpose(0, 2, 1), items, float("nan"), votes.n_votes)


def posterior(votes: Votes, table: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """P(label | votes) of each item (n, k); an item without votes has the prior.

    Examples
    --------
    >>> votes = Votes([[0, 0], [-1, -1]], classes=["a", "b"], confusion=0.2)
    >>> posterior(votes, votes.confusion, np.array([0.5, 0.5])).round(2).tolist()
    [[0.94, 0.06], [0.5, 0.5]]
    """
    from labelwright.evidence import sweeps

    out, logs = np.empty((len(votes), len(prior))), np.empty(len(votes))
    sweeps.conditions(
        votes.first, votes.codes, columns(table), class_prior(prior, votes.n_classes), out, logs
    )
    if np.isneginf(logs).any():
        row = int(np.flatnonzero(np.isneginf(logs))[0])
        raise InputError(f"no class explains the votes of an item (row {row}); smooth the confusions")
    return out


def surprise(votes: Votes, table: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """-log P(each vote | the other votes about its item), in nats: (votes,), in the order of ``votes.codes``.

    Examples
    --------
    >>> votes = Votes([[0, 0, 1]], confusion=0.2)
    >>> surprise(votes, votes.confusion, np.array([0.5, 0.5])).round(2).tolist()
    [0.69, 0.69, 1.45]
    """
    from labelwright.evidence import sweeps

    out = np.empty(votes.n_votes)
    sweeps.surprises(votes.first, votes.codes, columns(table), class_prior(prior, votes.n_classes), out)
    return -out


def draw(
    votes: Votes,
    table: np.ndarray,
    prior: np.ndarray,
    rng: np.random.Generator,
    total: np.ndarray | None = None,
) -> Expected:
    """Counts of one draw of all labels from their posterior: what a Gibbs sampler goes on from.

    Parameters
    ----------
    votes : Votes
    table : array (a, k, k)
    prior : array (k,)
    rng : numpy.random.Generator
    total : ndarray (n, k) of float64, optional
        The posterior of each item is added to it.

    Examples
    --------
    >>> votes = Votes([[0, 0, 0, 1]] * 5, confusion=0.2)
    >>> draw(votes, votes.confusion, np.array([0.5, 0.5]), np.random.default_rng(0)).items.sum()
    np.float64(5.0)
    """
    from labelwright.evidence import sweeps

    a, k = len(votes.sources), votes.n_classes
    counts, items = sweeps.draw(
        votes.first, votes.codes, columns(table), class_prior(prior, votes.n_classes), rng.random(len(votes)),
        np.empty((0, k)) if total is None else total,
    )  # fmt: skip
    return Expected(counts.reshape(a, k, k).transpose(0, 2, 1), items, float("nan"), votes.n_votes)
