"""What sources of votes have in common, two by two: agreement, and who copies whom (S101)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from labelwright import frames
from labelwright.combine.statistics import Told, told
from labelwright.evidence import Votes
from labelwright.parts.shares import Z95, wilson

PARTNERS = 3  # with fewer, what a source is like can be told from none of them
STEPS = 100
SWEEPS = 30
NEAR = (0.01, 1e-3, 1e-4)  # below this, distances count as squares; smaller and smaller


@dataclass(frozen=True)
class Pairs:
    """Tables (a, a), symmetric, one row and column per source; NaN where nothing can be said.

    Attributes
    ----------
    source : ndarray (a,)
    both : ndarray
        Items on which both vote.
    overlap : ndarray
        These as a share of the items on which either votes.
    agreement, expected : ndarray
        Share of them on which they say the same, and what that share would be by chance, each saying the
        classes as often as it does there.
    kappa, kappa_low, kappa_high : ndarray
        Cohen's, with a 95 % interval (Wilson's of the agreement, the expected one taken as known).
    against : ndarray
        Items on which both say the same while most of the others say something else, one and the same.
    copying, copying_low, copying_high : ndarray
        Agreement beyond what two sources like these would reach with nothing but the truth in common: about 0
        for independent ones, 1 where one says all that the other does; and a 95 % interval.
    """

    source: np.ndarray
    both: np.ndarray
    overlap: np.ndarray
    agreement: np.ndarray
    expected: np.ndarray
    kappa: np.ndarray
    kappa_low: np.ndarray
    kappa_high: np.ndarray
    against: np.ndarray
    copying: np.ndarray
    copying_low: np.ndarray
    copying_high: np.ndarray

    def __len__(self) -> int:
        return len(self.source) * (len(self.source) - 1) // 2

    def frame(self, like: Any = None) -> Any:
        """One row for each two sources that share an item, surest copies first, as a frame of the kind of `like`."""
        first, second = np.nonzero(np.triu(self.both > 0, 1))
        order = np.argsort(-np.nan_to_num(self.copying_low[first, second], nan=-np.inf), kind="stable")
        first, second = first[order], second[order]
        columns: dict[str, Any] = {"first": self.source[first], "second": self.source[second]}
        tables = {name: table[first, second] for name, table in vars(self).items() if name != "source"}
        return frames.make(columns | tables, like=like)


def pairs(votes: Votes) -> Pairs:
    """Compare every two sources on the items they share.

    Sources that know nothing but the truth still agree, the more so the better they are. How much, can be told
    without the truth: with two classes the correlation of independent sources is the product of two numbers, one for
    each source, and so are chance-corrected agreements of sources whose errors are spread evenly. These numbers
    are fitted to all pairs by least absolute deviations, so that a minority that copies does not bend them; what a
    pair agrees beyond their product is `copying`. The votes cannot show who copied from whom.

    Items that are hard for everybody make all agree in error; that is taken for skill, and what is left of it shows
    as a little copying everywhere. Among few sources, up to some seven, two who copy can pass for two who are good, and
    `copying`, ends included, is then too low. Where most sources copy the same one, it is the others that look odd.
    Items about which a source contradicts itself are left out for it. Memory is a few tables (a, a), one (n, k), and
    the votes.

    Returns
    -------
    Pairs
        `copying` is NaN for sources that share items with fewer than three others, or one of which says one class only
        there.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.integers(2, size=(400, 1))
    >>> said = np.where(rng.random((400, 5)) < 0.8, truth, 1 - truth)
    >>> said[:, 4] = said[:, 3]
    >>> found = pairs(Votes(said))
    >>> bool(found.copying[3, 4] > 0.95), bool(np.abs(found.copying[:3, :3])[np.triu_indices(3, 1)].max() < 0.15)
    (True, True)
    """
    said = told(votes)
    a, k = len(votes.sources), votes.n_classes
    same, both, chance, spread = _shared(said, len(votes), a, k)
    seen = np.bincount(said.source[said.clear], minlength=a)
    either = seen[:, None] + seen - both
    with np.errstate(invalid="ignore", divide="ignore"):
        share, expected = same / both, chance / both**2
        ends = (share, *wilson(same, both))
        kappas = [np.where(expected < 1, (p - expected) / (1 - expected), np.nan) for p in ends]
        # 1 - the sum of squared shares is the variance of what a source says; with two classes this is the correlation.
        width = np.sqrt((1 - spread / both**2) * (1 - spread.T / both**2))
        alike = [np.where(width > 0, (p - expected) / width, np.nan) for p in ends]
        skill = rank_one(alike[0], both)
        shared = np.multiply.outer(skill, skill)
        off = _doubt(skill, alike, both)
        low, high = -np.hypot(alike[1] - alike[0], off), np.hypot(alike[2] - alike[0], off)
        room = np.where(shared < 1, 1 - shared, np.nan)
        copying = [(alike[0] + by - shared) / room for by in (0, low, high)]
        copying[2] = np.minimum(copying[2], 1)
        tables = [both / either, share, expected, *kappas, _against(said, len(votes), a, k), *copying]
    for table in tables:
        np.fill_diagonal(table, np.nan)
    np.fill_diagonal(both, 0)
    return Pairs(votes.sources, both, *tables)


def rank_one(alike: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Numbers whose products are nearest to a table: least sum of ``weight * |alike[i, j] - r[i] r[j]|``, i not j.

    Medians source by source, then least squares, weighed again and again by one over what is still off: single pairs
    that are far off bend neither.

    Parameters
    ----------
    alike : array (a, a)
        NaN where unknown; the diagonal is not looked at.
    weight : array (a, a)

    Returns
    -------
    ndarray (a,)
        In [-1, 1], positive for most; NaN where fewer than three others are known.

    Examples
    --------
    >>> r = np.array([0.9, 0.8, 0.5, 0.7, 0.6])
    >>> table = np.outer(r, r)
    >>> table[0, 1] = table[1, 0] = 1.0  # the only pair with more in common
    >>> rank_one(table, np.ones((5, 5))).round(2).tolist()
    [0.9, 0.8, 0.5, 0.7, 0.6]
    """
    known = np.isfinite(alike) & (weight > 0) & ~np.eye(len(alike), dtype=bool)
    table, mass = np.where(known, alike, 0), np.where(known, weight, 0)
    skill = _medians(table, mass)
    for near in NEAR:
        for _ in range(STEPS):
            pull = mass / np.maximum(np.abs(table - np.multiply.outer(skill, skill)), near)
            fit = ((pull * table) @ skill) / np.maximum(pull @ skill**2, 1e-12)
            step = (skill + np.clip(fit, -1, 1)) / 2  # half a step of every source at once: whole steps swing
            still = np.abs(step - skill).max(initial=0) < near * 1e-3
            skill = step
            if still:
                break
    return np.where(known.sum(axis=1) >= PARTNERS, skill, np.nan)


def _medians(table: np.ndarray, mass: np.ndarray) -> np.ndarray:
    """The same for one source after the other, which is a weighted median; this can come to rest too early."""
    partners = [np.flatnonzero(row) for row in mass]
    middle = [float(np.median(row[j])) if len(j) else 0.0 for row, j in zip(table, partners)]
    skill = np.sqrt(np.clip(middle, 0.01, 1))
    for _ in range(SWEEPS):
        before = skill.copy()
        for i, j in enumerate(partners):
            j = j[np.abs(skill[j]) > 1e-6]
            if len(j):
                ratio = table[i, j] / skill[j]
                order = np.argsort(ratio, kind="stable")
                counted = np.cumsum((mass[i, j] * np.abs(skill[j]))[order])
                skill[i] = np.clip(ratio[order[np.searchsorted(counted, counted[-1] / 2)]], -1, 1)
        if np.abs(skill - before).max(initial=0) < 1e-3:
            break
    return skill


def _doubt(skill: np.ndarray, ends: list[np.ndarray], both: np.ndarray) -> np.ndarray:
    """Half of a 95 % interval of ``skill[i] * skill[j]``: (a, a).

    What a pair tells of one source's skill is as good as its agreement is known, and counts by the skill of the other;
    least absolute deviations waste a third of it.
    """
    spread = (ends[2] - ends[1]) / (2 * Z95)
    known = np.isfinite(spread) & (both > 0) & np.isfinite(skill) & ~np.eye(len(skill), dtype=bool)
    told = np.where(known, np.nan_to_num(skill) ** 2 / np.where(known, spread, 1) ** 2, 0).sum(axis=1)
    variance = (np.pi / 2) / np.maximum(told, 1e-12)
    square = skill[:, None] ** 2 * variance
    return Z95 * np.sqrt(square + square.T)


def _shared(said: Told, n: int, a: int, k: int) -> tuple[np.ndarray, ...]:
    """Items on which both say the same, on which both vote, and sums over classes of what each says there, multiplied.

    The last table ``[i, j]`` is the sum of squares of how often i says each class on the items of j.
    """
    same, both, chance, spread = np.zeros((4, a, a))
    voted = _table(said, said.clear, n, a)
    for code in range(k):
        said_it = _table(said, said.clear & (said.code == code), n, a)
        same += (said_it.T @ said_it).toarray()
        often = (said_it.T @ voted).toarray()  # how often i says this class on the items of j
        both += often
        chance += often * often.T
        spread += often**2
    return same, both, chance, spread


def _against(said: Told, n: int, a: int, k: int) -> np.ndarray:
    """Items on which both say the same, while more of the others say one other thing."""
    cells = np.bincount(said.item[said.clear] * k + said.code[said.clear], minlength=n * k).reshape(n, k)
    best = cells.argmax(axis=1)
    most = cells[np.arange(n), best]
    cells[np.arange(n), best] = -1
    next_most = np.maximum(cells.max(axis=1), 0)
    cells[np.arange(n), best] = most
    rival = np.where(said.code == best[said.item], next_most[said.item], most[said.item])
    outvoted = said.clear & (rival > cells[said.item, said.code] - 2)
    found = np.zeros((a, a))
    for code in range(k):
        alone = _table(said, outvoted & (said.code == code), n, a)
        found += (alone.T @ alone).toarray()
    return found


def _table(said: Told, mask: np.ndarray, n: int, a: int) -> sparse.csr_matrix:
    return sparse.csr_matrix((np.ones(int(mask.sum())), (said.item[mask], said.source[mask])), shape=(n, a))
