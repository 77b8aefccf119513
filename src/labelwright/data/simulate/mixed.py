"""One table whose rows were told about in different ways."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from labelwright.data.simulate.checks import Labels, coded
from labelwright.data.simulate.crowd import annotators
from labelwright.data.simulate.draws import shared_out
from labelwright.data.simulate.groups import bags
from labelwright.data.simulate.noise import symmetric
from labelwright.data.simulate.sets import candidates
from labelwright.errors import InputError
from labelwright.evidence import Evidence, Exact

KINDS = ("exact", "noisy", "candidates", "votes", "bags", "missing")


class Mixed(NamedTuple):
    """Evidence of several kinds, each about some of the rows.

    Attributes
    ----------
    pairs : list of (int array (m,), Evidence)
        Rows and what was told about them; every row stands in one pair, and all have the same classes.
    truth : int array (n,)
        Position of the true class of each row in the classes.
    kind : str array (n,)
        The kind of evidence each row has.
    made : mapping of str to record
        What the simulator of a kind returned, with its parameters: ``made["votes"].confusion``.
    """

    pairs: list[tuple[np.ndarray, Evidence]]
    truth: np.ndarray
    kind: np.ndarray
    made: Mapping[str, Any]


def mixture(
    labels: Labels,
    shares: Mapping[str, float],
    rng: np.random.Generator,
    *,
    rate: float = 0.2,
    extra: float = 0.3,
    n_annotators: int = 3,
    bag_size: int = 8,
    n_classes: int | None = None,
) -> Mixed:
    """Split the rows at random among kinds of evidence: some labels told exactly, some in bags, some not at all ...

    Known exactly: the truth, which kind each row has, and what the simulator of that kind knows.

    Keeps: which kind of evidence a row has tells nothing about its class.

    Source: chen2024imprecise (S012) mixes partial, noisy and missing labels.

    Parameters
    ----------
    labels : array-like (n,) or Exact
        Clean labels, of any sortable type; whole numbers below `n_classes` where that is given.
    shares : mapping of str to float
        Share of the rows that have each kind, which sum to 1: ``"exact"``; ``"noisy"`` (`symmetric`, heard through its
        true matrix); ``"candidates"``; ``"votes"`` (`annotators`); ``"bags"`` by chance; ``"missing"``. Numbers of
        rows are the nearest whole ones; a kind without rows is left out.
    rng : numpy.random.Generator
    rate : float in [0, 1), default 0.2
        Chance of a wrong label where they are noisy.
    extra : float in [0, 1], default 0.3
        Chance that a wrong class is a candidate.
    n_annotators : int, default 3
        Votes an item.
    bag_size : int, default 8
        Items a bag.
    n_classes : int, optional
        Number of classes, where not every class occurs.

    Examples
    --------
    >>> mixed = mixture(["a", "b", "c"] * 10, {"exact": 0.2, "bags": 0.5, "missing": 0.3}, np.random.default_rng(0))
    >>> [(len(rows), evidence.classes.tolist()) for rows, evidence in mixed.pairs]
    [(6, ['a', 'b', 'c']), (15, ['a', 'b', 'c']), (9, ['a', 'b', 'c'])]
    """
    codes, classes, _ = coded(labels, n_classes)
    kinds = list(shares)
    strange = [kind for kind in kinds if kind not in KINDS]
    if strange:
        raise InputError(f"shares names {strange[0]!r}; the kinds of evidence are {', '.join(KINDS)}")
    wanted = np.array([shares[kind] for kind in kinds], float)
    if not (wanted >= 0).all() or abs(wanted.sum() - 1) > 1e-6:
        raise InputError(f"shares must be at least 0 and sum to 1; they sum to {wanted.sum():.4g}")
    if not 0 <= rate < 1:
        raise InputError(f"rate must lie in [0, 1), not {rate}")
    kind = np.repeat(np.array(kinds), shared_out(len(codes), wanted))
    kind = kind[rng.permutation(len(codes))]
    makers: dict[str, Callable[[Exact], Any]] = {
        "noisy": lambda clean: symmetric(clean, rate, rng),
        "candidates": lambda clean: candidates(clean, extra, rng),
        "votes": lambda clean: annotators(clean, n_annotators, rng),
        "bags": lambda clean: bags(clean, bag_size, rng),
    }
    pairs, made = [], {}
    for name in kinds:
        rows = np.flatnonzero(kind == name)
        if len(rows):
            clean = Exact.from_codes(codes[rows], classes)
            if name in makers:
                made[name] = makers[name](clean)
            pairs.append((rows, _evidence(name, clean, made.get(name))))
    return Mixed(pairs, codes, kind, made)


def _evidence(kind: str, clean: Exact, made: Any) -> Evidence:
    if kind == "missing":
        return Exact.from_codes(np.full(len(clean), -1), clean.classes)
    if kind == "noisy":
        return Exact(made.labels, clean.classes).noisy(made.matrix)
    told: Evidence = clean if made is None else made.evidence
    return told
