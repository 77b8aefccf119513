"""Small evidence of every type for hypothesis, each with its likelihood written out slowly and independently.

`Case.likelihood(item, state)` is P(what was told about the item | its label), for tags of one (item, tag) cell.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from labelwright import Candidates, Exact, Marks, Noisy, Soft, Votes
from labelwright.evidence import RowEvidence


@dataclass
class Case:
    kind: str
    evidence: RowEvidence
    likelihood: Callable[..., float]
    tags: bool = False

    @property
    def n(self) -> int:
        return len(self.evidence)

    @property
    def k(self) -> int:
        return self.evidence.n_classes


SIZES = st.tuples(st.integers(1, 5), st.integers(1, 4))
SEEDS = st.integers(0, 2**31 - 1)


def rows(rng, *shape):
    """Rows that sum to 1, now and then with zeros and certainties."""
    table = rng.dirichlet(np.ones(shape[-1]), shape[:-1])
    if rng.random() < 0.3:
        table = np.where(table < 0.2, 0, table) + np.where(
            table == table.max(axis=-1, keepdims=True), 1e-9, 0
        )
    return table / table.sum(axis=-1, keepdims=True)


def exact(rng, n, k):
    codes = rng.integers(-1, k, n)
    names = np.array(list("dacb"))[:k]
    told = Exact([None if c < 0 else names[c] for c in codes], classes=names)
    return Case("exact", told, lambda i, s: 1.0 if codes[i] in (-1, s) else 0.0)


def soft(rng, n, k):
    targets, prior = rows(rng, n, k), rng.dirichlet(np.ones(k)) * 0.9 + 0.1 / k
    given = prior if rng.random() < 0.5 else np.full(k, 1 / k)
    told = Soft(targets, prior=given if given is prior else None)
    return Case("soft", told, lambda i, s: targets[i, s] / given[s] * given.min())


def candidates(rng, n, k):
    allowed = rng.random((n, k)) < 0.5
    allowed[~allowed.any(axis=1)] = True
    return Case("candidates", Candidates(allowed), lambda i, s: float(allowed[i, s]))


def votes_wide(rng, n, k, a=3):
    said, confusion = rng.integers(-1, k, (n, a)), rows(rng, a, k, k) * 0.95 + 0.05 / k
    told = Votes(said, classes=range(k), confusion=confusion)

    def likelihood(i, s):
        return float(np.prod([confusion[j, s, said[i, j]] for j in range(a) if said[i, j] >= 0]))

    return Case("votes_wide", told, likelihood)


def votes_long(rng, n, k, a=2):
    m = rng.integers(0, 3 * n + 1)
    item, source = rng.integers(n, size=m), rng.integers(a, size=m)
    label = rng.integers(-1, k, m)  # duplicates: a source may speak about an item again
    item = np.concatenate([item, np.arange(n)])  # every item is named, if only by an abstention
    source = np.concatenate([source, np.arange(n) % a, np.arange(a)])
    item, label = np.concatenate([item, np.zeros(a, int)]), np.concatenate([label, np.full(n + a, -1)])
    shuffle = rng.permutation(len(item))
    item, source, label = item[shuffle], source[shuffle], label[shuffle]
    sources = np.unique(source)
    confusion = rows(rng, len(sources), k, k) * 0.9 + 0.1 / k
    told = Votes.from_long(
        [f"item {i}" for i in item], [f"who {s}" for s in source], [None if y < 0 else int(y) for y in label],
        classes=range(k), confusion=confusion,
    )  # fmt: skip

    def likelihood(i, s):
        spoken = [(source[v], label[v]) for v in range(len(item)) if item[v] == i and label[v] >= 0]
        return float(np.prod([confusion[list(sources).index(who), s, what] for who, what in spoken]))

    return Case("votes_long", told, likelihood)


def heard(case, matrix):
    def likelihood(i, s):
        return sum(matrix[s, told] * case.likelihood(i, told) for told in range(len(matrix)))

    return likelihood


def noisy(rng, n, k, base=None):
    base = base or (exact, soft, candidates, votes_wide, votes_long)[rng.integers(5)](rng, n, k)
    if rng.random() < 0.3 and k > 1:
        rate = rng.uniform(0, 0.9)
        matrix = np.full((k, k), rate / (k - 1))
        np.fill_diagonal(matrix, 1 - rate)
        told = base.evidence.noisy(rate)
    else:
        matrix = rows(rng, k, k)
        told = Noisy(base.evidence, matrix)
    return Case(f"noisy {base.kind}", told, heard(base, matrix))


def noisy_twice(rng, n, k):
    return noisy(rng, n, k, noisy(rng, n, k))


def marks(rng, n, tags):
    table = rng.integers(-1, 2, (n, tags))
    return Case("marks", Marks(table), lambda i, t, s: 1.0 if table[i, t] in (-1, s) else 0.0, tags=True)


def noisy_marks(rng, n, tags):
    base, each = marks(rng, n, tags), rng.random() < 0.5
    matrix = rows(rng, tags, 2, 2) if each else rows(rng, 2, 2)

    def likelihood(i, t, s):
        table = matrix[t] if each else matrix
        return sum(table[s, told] * base.likelihood(i, t, told) for told in (0, 1))

    return Case(f"noisy marks {matrix.shape}", Noisy(base.evidence, matrix), likelihood, tags=True)


ONE_CLASS = (exact, soft, candidates, votes_wide, votes_long, noisy, noisy_twice)
TAGS = (marks, noisy_marks)


@st.composite
def cases(draw, kinds=ONE_CLASS + TAGS):
    """A case and probabilities for it, some of them zero."""
    kind = draw(st.sampled_from(kinds))
    n, k = draw(SIZES)
    if kind in TAGS:
        n, k = min(n, 3), min(k, 3)
    rng = np.random.default_rng(draw(SEEDS))
    case = kind(rng, n, k)
    probs = rng.random((n, k)) if case.tags else rows(rng, n, k)
    if case.tags and rng.random() < 0.3:
        probs = np.round(probs)
    return case, probs
