"""What any two sources say about the same items, counted, and fitted by sources that only have the truth in common.

Answers are numbered as in `Votes.codes`: source times k plus the class that was said.
"""

from collections.abc import Iterable

import numpy as np
from scipy import sparse

from labelwright.errors import InputError
from labelwright.evidence import Votes

MOST_PAIRS = 200_000_000  # 12 bytes each
MOST_SOURCES = 5_000  # of tables (a, a) that are not sparse


def pairs(votes: Votes) -> sparse.csr_matrix:
    """How often any two answers were given about the same item: (a * k, a * k), symmetric.

    The second moments of the indicator of answers, times n. One pass over the votes; memory is that of the votes and of
    the pairs that occur, at most (a k)**2.

    Raises
    ------
    InputError
        When there can be more than 200 million pairs.

    Examples
    --------
    >>> pairs(Votes([[0, 0], [0, 1], [-1, 1]])).toarray().astype(int).tolist()
    [[2, 0, 1, 1], [0, 0, 0, 0], [1, 0, 1, 0], [1, 0, 0, 2]]
    """
    told, answers = np.diff(votes.first).astype(np.float64), len(votes.sources) * votes.n_classes
    most = min(float(answers) ** 2, float((told**2).sum()))
    if most > MOST_PAIRS:
        raise InputError(
            f"{len(votes.sources)} sources and {votes.n_classes} classes can meet in {most:,.0f} pairs of answers, "
            f"more than {MOST_PAIRS:,}; take DawidSkene, which needs no pairs"
        )
    said = votes.indicator()
    return sparse.csr_matrix(said.T @ said)


def between(
    moments: sparse.csr_matrix, k: int, *, without: Iterable[tuple[int, int]] = ()
) -> sparse.csr_matrix:
    """The pairs of different sources only, and `without` those of some pairs of sources: the masked second moments.

    Parameters
    ----------
    moments : sparse array (a * k, a * k)
    k : int
        Classes.
    without : pairs of int
        Positions of sources.

    Examples
    --------
    >>> counted = pairs(Votes([[0, 0, 0], [0, 1, 1]]))
    >>> counted.nnz, between(counted, 2).nnz, between(counted, 2, without=[(1, 2)]).nnz
    (17, 12, 8)
    """
    table = moments.tocoo()
    one, other, a = table.row // k, table.col // k, moments.shape[0] // k
    keep = one != other
    hidden = np.array([(i, j) for i, j in without], dtype=np.int64).reshape(-1, 2)
    if len(hidden):
        hidden = np.concatenate([hidden, hidden[:, ::-1]])
        keep &= ~np.isin(one.astype(np.int64) * a + other, hidden[:, 0] * a + hidden[:, 1])
    return sparse.csr_matrix((table.data[keep], (table.row[keep], table.col[keep])), shape=moments.shape)


def disagreement(moments: sparse.csr_matrix, k: int, code: int) -> tuple[np.ndarray, np.ndarray]:
    """How often any two sources disagree about whether an item is of class `code`, and on how many items.

    Returns
    -------
    share : ndarray (a, a)
        Of the items both vote on; NaN where there is none.
    shared : ndarray (a, a)

    Raises
    ------
    InputError
        When there are more than 5,000 sources.

    Examples
    --------
    >>> share, shared = disagreement(pairs(Votes([[0, 0], [0, 1], [2, 1], [-1, 1]])), 3, 1)
    >>> round(float(share[0, 1]), 2), float(shared[0, 1])
    (0.67, 3.0)
    """
    table, a = moments.tocoo(), moments.shape[0] // k
    if a > MOST_SOURCES:
        raise InputError(
            f"{a:,} sources are too many to compare two by two (at most {MOST_SOURCES:,}); take DawidSkene"
        )
    (one, first), (other, second) = np.divmod(table.row, k), np.divmod(table.col, k)
    place = one.astype(np.int64) * a + other
    shared = np.bincount(place, table.data, minlength=a * a).reshape(a, a)
    apart = (first == code) != (second == code)
    differ = np.bincount(place[apart], table.data[apart], minlength=a * a).reshape(a, a)
    return np.where(shared > 0, differ / np.where(shared > 0, shared, 1), np.nan), shared


class Match:
    """How badly P(answer | true) explains masked second moments, and the slope of that: what to minimise.

    Of ``z = unit * P(answer | true)``, (a * k, k): the sum over ordered pairs of sources i, j of
    ``w[i, j] |T[i, j] / w[i, j] - z[i] z[j]'|**2``, plus ``|z sqrt(prior) - m|**2``. T and m are the shares of pairs
    and of single answers, scaled so that all vary by about 1 / sqrt(n) where answers are independent; w is 1, or how
    often two sources meet over how often they would meet by chance. Squares of z are summed as
    ``w[i, j] tr(z[i]' z[i] z[j]' z[j])``: nothing of the size (a k)**2 arises.

    Parameters
    ----------
    both : sparse array (a * k, a * k)
        Shares of all items, as `between` masks them.
    says : array (a * k,)
        Share of all items on which each answer is given.
    prior : array (k,)
    without : pairs of int
        What `between` left out.
    missing : bool, default False
        Whether who answers is no answer in itself, so that only what two sources say where they meet counts.
    pull : float, default 0.0
        Weight of ``(P(true | answer) - start)**2``. As each pair stands there twice, 2 / n over the expected square of
        that makes the minimum the most probable one.

    Attributes
    ----------
    unit : ndarray (a * k, k)
    start : ndarray (a * k, k)
        In terms of z; to be set.

    Examples
    --------
    >>> votes = Votes([[0, 0, 0]] * 9 + [[1, 1, 1]] * 9 + [[0, 0, 1], [1, 1, 0]])
    >>> share = np.bincount(votes.codes, minlength=6) / 20
    >>> match = Match(between(pairs(votes), 2) / 20, share, np.array([0.5, 0.5]))
    >>> right = np.array([[1, 0], [0, 1], [1, 0], [0, 1], [0.9, 0.1], [0.1, 0.9]])
    >>> abs(round(match((match.unit * right).ravel())[0], 9)), round(match((match.unit / 2).ravel())[0], 2)
    (0.0, 0.34)
    """

    def __init__(
        self,
        both: sparse.csr_matrix,
        says: np.ndarray,
        prior: np.ndarray,
        *,
        without: Iterable[tuple[int, int]] = (),
        missing: bool = False,
        pull: float = 0.0,
    ):
        scale = 1 / np.sqrt(np.where(says > 0, says, 1))
        rescale = sparse.diags_array(scale)
        self.pairs = sparse.csr_matrix(rescale @ both @ rescale)
        self.root, self.single = np.sqrt(prior), says * scale
        self.unit = scale[:, None] * self.root
        self.start = np.zeros_like(self.unit)
        self.pull = pull * np.outer(np.where(says > 0, scale**2, 0), prior)
        met = np.ones(both.nnz)
        self.weight, self.whole = _hidden(without, len(says) // len(prior)), not missing
        if missing:
            self.weight, met = _met(both.tocoo(), says.reshape(-1, len(prior)).sum(axis=1))
        self.told = float((self.pairs.data**2 / met).sum() + (self.single**2).sum())

    def __call__(self, flat: np.ndarray) -> tuple[float, np.ndarray]:
        """Loss, as a share of what there is to explain, and its slope by z: flat (a * k * k,) both ways."""
        k = len(self.root)
        z = flat.reshape(-1, k)
        blocks = z.reshape(-1, k, k)
        own = np.einsum("asy,asz->ayz", blocks, blocks).reshape(-1, k * k)
        seen = self.weight @ own + (own.sum(axis=0) if self.whole else 0)
        met, off, away = self.pairs @ z, z @ self.root - self.single, z - self.start
        loss = self.told - 2 * (z * met).sum() + (own * seen).sum()
        loss += (off**2).sum() - (self.single**2).sum() + (self.pull * away**2).sum()
        slope = (blocks @ seen.reshape(-1, k, k)).reshape(-1, k) - met
        slope = 4 * slope + 2 * off[:, None] * self.root + 2 * self.pull * away
        return float(loss / self.told), slope.ravel() / self.told


def _met(both: sparse.coo_matrix, voted: np.ndarray) -> tuple[sparse.csr_matrix, np.ndarray]:
    """How often two sources meet, over chance: of all sources (a, a), and of each pair of answers."""
    a = len(voted)
    k = both.shape[0] // a
    place, back = np.unique((both.row // k).astype(np.int64) * a + both.col // k, return_inverse=True)
    one, other = np.divmod(place, a)
    lift = np.bincount(back, both.data, minlength=len(place)) / (voted[one] * voted[other])
    return sparse.csr_matrix((lift, (one, other)), shape=(a, a)), lift[back]


def _hidden(without: Iterable[tuple[int, int]], a: int) -> sparse.csr_matrix:
    """-1 for what is masked: every source with itself, and `without`."""
    ends = np.array(list(without), dtype=np.int64).reshape(-1, 2)
    one, other = np.concatenate([np.tile(np.arange(a), (2, 1)).T, ends, ends[:, ::-1]]).T
    return sparse.csr_matrix((np.full(len(one), -1.0), (one, other)), shape=(a, a))
