"""Several pieces as one: the rows each speaks of, products, and belief propagation between groups that share items."""

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelwright import Bags, Candidates, Exact, InputError, Noisy, Together, Votes
from labelwright.errors import DoubtfulInput
from labelwright.evidence import Evidence
from labelwright.evidence.base import whole_groups
from labelwright.testing import check_evidence, enumerate_labels

SLOWLY = settings(derandomize=True, deadline=None, max_examples=60)


class Sum(Evidence):
    """Test evidence: the codes of each group add up to a told number; its message goes through all labelings."""

    unit = "sum"

    def __init__(self, group, totals, k):
        self.group, self.totals, self.classes = np.asarray(group), np.asarray(totals), np.arange(k)

    @property
    def groups(self):
        return self.group

    def __len__(self):
        return len(self.group)

    def __getitem__(self, items):
        rows = whole_groups(self, items)
        found, group = np.unique(self.group[rows], return_inverse=True)
        return Sum(group, self.totals[found], self.n_classes)

    def message(self, states):
        told = np.zeros(states.shape)
        for i in range(len(self)):
            others = [j for j in np.flatnonzero(self.group == self.group[i]) if j != i]
            for y in range(self.n_classes):
                told[i, y] = sum(
                    np.prod([states[j, c] for j, c in zip(others, codes)])
                    for codes in itertools.product(range(self.n_classes), repeat=len(others))
                    if sum(codes) + y == self.totals[self.group[i]]
                )
        with np.errstate(divide="ignore"):
            return np.log(told)

    def likelihood_of(self, labels):
        found = np.bincount(self.group, weights=np.asarray(labels), minlength=len(self.totals))
        return float((found == self.totals).all())


def sums(rng, truth, group, k):
    group = np.unique(group, return_inverse=True)[1]
    return Sum(group, np.bincount(group, weights=truth).astype(int), k)


@SLOWLY
@given(st.integers(0, 2**31 - 1))
def test_rows_candidates_votes_noise_and_groups_in_one_equal_enumeration(seed):
    rng = np.random.default_rng(seed)
    n, k = 6, rng.integers(2, 4)
    truth, probs = rng.integers(k, size=n), rng.dirichlet(np.ones(k), n)
    order = rng.permutation(n)
    allowed = rng.random((2, k)) < 0.5
    allowed[[0, 1], truth[order[:2]]] = True
    pieces = [
        (order[:2], Candidates(allowed)),
        (order[1:3], Noisy(Exact(truth[order[1:3]], classes=range(k)), 0.2)),
        (order[2:], sums(rng, truth[order[2:]], rng.integers(2, size=4), k)),
        (order[:1], Votes(rng.integers(-1, k, (1, 3)), classes=range(k))),
    ]
    told = Together([pieces[i] for i in rng.permutation(4)], n=n)
    posterior, log_evidence = enumerate_labels(told, probs)
    np.testing.assert_allclose(told.posterior(probs), posterior, atol=1e-9)
    np.testing.assert_allclose(told.log_evidence(probs).sum(), log_evidence, atol=1e-9)
    check_evidence(told)


@SLOWLY
@given(st.integers(0, 2**31 - 1))
def test_groups_that_share_items_without_a_loop_are_exact(seed):
    rng = np.random.default_rng(seed)
    k = 2
    truth, probs = rng.integers(k, size=7), rng.dirichlet(np.ones(k), 7) * 0.98 + 0.01
    chain = Together(
        [([0, 1, 2, 4, 5], sums(rng, truth[[0, 1, 2, 4, 5]], [0, 0, 0, 1, 1], k)),
         ([2, 3, 4, 6], sums(rng, truth[[2, 3, 4, 6]], [0, 0, 0, 1], k))], n=7,
    )  # fmt: skip
    assert len(np.unique(chain.groups)) == 2  # one chain of three groups, and item 6
    posterior, log_evidence = enumerate_labels(chain, probs)
    np.testing.assert_allclose(chain.posterior(probs), posterior, atol=1e-7)
    np.testing.assert_allclose(chain.log_evidence(probs).sum(), log_evidence, atol=1e-6)


def test_groups_that_close_loops_are_closer_than_either_grouping_alone():
    """Nine items, counted by row and by column: the hardest case, since every pair of groups is joined by loops."""
    rng, found = np.random.default_rng(0), {"both": [], "rows": [], "columns": []}
    for _ in range(30):
        truth, probs = rng.integers(2, size=9), rng.dirichlet(np.ones(2), 9) * 0.8 + 0.1
        rows, columns = sums(rng, truth, np.arange(9) // 3, 2), sums(rng, truth, np.arange(9) % 3, 2)
        grid = Together([rows, columns])
        exact = enumerate_labels(grid, probs)[0]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DoubtfulInput)
            for name, told in (("both", grid), ("rows", rows), ("columns", columns)):
                found[name].append(np.abs(told.posterior(probs) - exact).mean())
    mean = {name: np.mean(errors) for name, errors in found.items()}
    assert mean["both"] < 0.1
    assert mean["both"] < 0.6 * min(mean["rows"], mean["columns"])


def test_noise_over_groups_equals_enumeration():
    rng = np.random.default_rng(1)
    truth, probs = rng.integers(3, size=5), rng.dirichlet(np.ones(3), 5)
    matrix = [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4]]
    noisy = Noisy(sums(rng, truth, [0, 0, 0, 1, 1], 3), matrix)
    assert noisy.unit == "sum"
    posterior, log_evidence = enumerate_labels(noisy, probs)
    np.testing.assert_allclose(noisy.posterior(probs), posterior, atol=1e-9)
    np.testing.assert_allclose(noisy.log_evidence(probs).sum(), log_evidence)
    slow = 0.0  # P(told sums | labels) by going through what may have been told
    labels = [0, 1, 2, 2, 0]
    for heard in itertools.product(range(3), repeat=5):
        slow += noisy.evidence.likelihood_of(heard) * np.prod([matrix[y][s] for y, s in zip(labels, heard)])
    assert noisy.likelihood_of(labels) == pytest.approx(slow)


def test_and_adds_what_both_say():
    told = Candidates([[True, True, False]]) & Noisy(Exact([0], classes=range(3)), 0.2)
    np.testing.assert_allclose(told.posterior([[1 / 3] * 3]), [[0.8 / 0.9, 0.1 / 0.9, 0]])
    assert len((told & told).pieces) == 4
    with pytest.raises(TypeError):
        told & 3


def test_pieces_learn_from_their_own_rows():
    votes = Votes([[0, 1], [1, 1]], classes=range(2))
    told = Together([([0, 1], votes), ([2], Exact([1], classes=range(2)))])
    targets = np.eye(2)[[0, 1, 1]]
    learned = told.update(targets)
    np.testing.assert_allclose(learned.pieces[0].evidence.confusion, votes.update(targets[:2]).confusion)


def test_impossible_groups_are_named_by_row_of_the_whole():
    told = Together([([1, 2], Sum([0, 0], [2], 2)), ([0], Exact([0], classes=range(2)))])
    with pytest.raises(InputError, match=r"2 items \(by sums: 1\) .*first: row 1"):
        told.posterior([[0.5, 0.5], [1.0, 0.0], [0.5, 0.5]])
    with pytest.raises(InputError, match="first: row 0"):
        told.posterior([[0.0, 1.0], [0.5, 0.5], [0.5, 0.5]])


@pytest.mark.parametrize(
    ("pieces", "says"),
    [
        ([], "pieces is empty"),
        ([["a"]], "hold a list"),
        ([Exact([0, 1]), Exact([0, 1, 1])], "speaks of 2 items, but it is given 2 rows of 3"),
        ([Exact([0, 1]), Exact([0, 2])], r"different classes \(Exact of \[0, 1\] and Exact of \[0, 2\]"),
        ([([0, 0], Exact([0, 1]))], "name a row twice"),
        ([([0, -1], Exact([0, 1]))], "positions from 0 to"),
        ([([0], Exact([0, 1]))], "speaks of 2 items, but it is given 1 rows"),
    ],
)
def test_bad_pieces(pieces, says):
    with pytest.raises(InputError, match=says):
        Together(pieces)


def test_a_mask_says_how_many_items_there_are():
    told = Together([(np.array([False, True, False]), Exact([1], classes=range(2)))])
    assert len(told) == 3
    assert told[[2, 1]].posterior([[0.5, 0.5]] * 2).tolist() == [[0.5, 0.5], [0, 1]]


def test_tiny_probabilities_and_a_thousand_classes_do_not_underflow():
    probs = np.full((6, 2), [1e-300, 1.0])
    told = Together([Bags([0, 0, 0, 1, 1, 1], [[1, 2], [0, 3]]), ([0], Exact([0], classes=range(2)))])
    np.testing.assert_allclose(told.posterior(probs)[:, 0], [1, 0, 0, 0, 0, 0], atol=1e-12)
    assert told.log_evidence(probs).sum() == pytest.approx(np.log(1e-300))
    shared = Together([Bags([0, 0, 1, 1], [[1, 1], [1, 1]]), Bags([0, 1, 1, 0], [[1, 1], [1, 1]])])
    np.testing.assert_allclose(shared.posterior(probs[:4]), 0.5)  # a loop, and alike from all sides
    wide = np.full((4, 1000), 1e-300)
    wide[:, -1] = 1.0
    counts = np.zeros((1, 1000), dtype=int)
    counts[0, [3, 999]] = 1
    both = Together([([0, 1], Bags([0, 0], counts)), ([2], Exact([7], classes=range(1000)))], n=4)
    posterior = both.posterior(wide)
    assert np.isfinite(posterior).all()
    np.testing.assert_allclose(posterior[:2, 3], 0.5)
    np.testing.assert_allclose(both.log_evidence(wide).sum(), np.log(2) + 2 * np.log(1e-300))


def test_informed_items_are_those_something_was_told_about():
    told = Together(
        [
            ([0, 1], Exact([1, None], classes=range(2))),
            ([2, 3], Bags([0, 0], [[1, 1]])),  # flat for each, but not nothing
            ([4, 5], Bags([0, -1], [[1, 0]])),  # a bag of one, and an item in no bag
        ],
        n=7,
    )
    assert told.informed.tolist() == [True, False, True, True, True, False, False]
    assert Noisy(Exact([1, None], classes=range(2)), 0.3).informed.tolist() == [True, False]
