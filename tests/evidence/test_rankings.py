"""Rankings: Plackett-Luce by its definition, sums to one, and the learned strength."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelwright import InputError
from labelwright.evidence.rankings import STRONGEST, Rankings
from labelwright.testing import check_evidence, enumerate_labels

SLOWLY = settings(derandomize=True, deadline=None, max_examples=40)
SEEDS = st.integers(0, 2**31 - 1)


def slow(ranking, label, k, strength):
    """P(ranking | label), place by place."""
    worth = [strength if c == label else 1.0 for c in range(k)]
    left, chance = set(range(k)), 1.0
    for c in ranking:
        chance *= worth[c] / sum(worth[other] for other in left)
        left.remove(c)
    return chance


def draw(rng, n, k):
    return [rng.permutation(k)[: rng.integers(0, k + 1)].tolist() for _ in range(n)]


def padded(rankings, width):
    rows = [r + [-1] * (width - len(r)) for r in rankings]
    return np.array(rows, dtype=int).reshape(len(rows), width)


@SLOWLY
@given(SEEDS)
def test_posterior_and_log_evidence_equal_enumeration(seed):
    rng = np.random.default_rng(seed)
    n, k = rng.integers(1, 5), rng.integers(1, 5)
    rankings, strength = draw(rng, n, k), np.exp(rng.uniform(0.01, 5))
    told = Rankings(padded(rankings, k), range(k), strength=strength)
    probs, total, mass = rng.dirichlet(np.ones(k), n), 0.0, np.zeros((n, k))
    for labels in itertools.product(range(k), repeat=n):
        given_labels = np.prod([slow(r, y, k, strength) for r, y in zip(rankings, labels)])
        assert told.likelihood_of(labels) == pytest.approx(given_labels)
        weight = given_labels * np.prod(probs[np.arange(n), labels])
        total += weight
        mass[np.arange(n), labels] += weight
    np.testing.assert_allclose(told.posterior(probs), mass / total, atol=1e-9)
    np.testing.assert_allclose(told.log_evidence(probs).sum(), np.log(total), atol=1e-9)
    posterior, log_evidence = enumerate_labels(told, probs)
    np.testing.assert_allclose(posterior, mass / total, atol=1e-9)
    assert log_evidence == pytest.approx(np.log(total))


@pytest.mark.parametrize(("k", "length"), [(1, 1), (3, 0), (3, 1), (3, 2), (3, 3), (5, 3), (5, 5)])
def test_all_rankings_of_a_length_sum_to_one(k, length):
    every = padded([list(r) for r in itertools.permutations(range(k), length)], length)
    logs = Rankings(every, range(k), strength=3.7).log_likelihood()
    np.testing.assert_allclose(np.exp(logs).sum(axis=0), np.ones(k))


def test_the_true_class_comes_first_as_documented():
    told = Rankings([[0]], range(4), strength=6)
    np.testing.assert_allclose(np.exp(told.log_likelihood()), [[6 / 9, 1 / 9, 1 / 9, 1 / 9]])
    assert Rankings([[0]], range(40)).strength == 40
    assert Rankings([[0]]).strength == 2


def test_a_reordered_model_and_a_reordered_ranking_agree():
    rng = np.random.default_rng(0)
    names, ranked = list("dacb"), [["b", "a"], ["c"], None, ["d", "b", "a", "c"]]
    probs = rng.dirichlet(np.ones(4), 4)
    order = rng.permutation(4)
    one = Rankings.from_lists(ranked, names, strength=5).posterior(probs)
    other = Rankings.from_lists(ranked, [names[i] for i in order], strength=5).posterior(probs[:, order])
    np.testing.assert_allclose(one[:, order], other)
    np.testing.assert_allclose(one[2], probs[2])


def test_the_contract():
    for told in (
        Rankings([[0, 2], [-1, -1], [1, -1], [2, 1]], strength=4),
        Rankings.from_lists([["b", "a", "c"], ["c"]], learn=True),
        Rankings(np.empty((2, 0), dtype=int), ["yes", "no"]),
    ):
        check_evidence(told)
        check_evidence(told.noisy(0.2))


@SLOWLY
@given(SEEDS)
def test_the_m_step_is_exact(seed):
    rng = np.random.default_rng(seed)
    n, k = 6, int(rng.integers(2, 5))
    rankings, targets = [*draw(rng, n - 1, k), [0]], rng.dirichlet(np.ones(k) * 0.3, n)
    learned = Rankings(padded(rankings, k), range(k), learn=True).update(targets).strength

    def expected(strength):
        return sum(
            targets[i, y] * np.log(slow(r, y, k, strength)) for i, r in enumerate(rankings) for y in range(k)
        )

    assert 1 <= learned <= STRONGEST
    for near in (0.999, 0.9, 0.1, 1.001, 1.1, 10):
        assert expected(max(learned * near, 1.0)) <= expected(learned) + 1e-9


@pytest.mark.parametrize("seed", range(5))
def test_em_learns_the_strength_and_never_lowers_the_log_evidence(seed):
    rng = np.random.default_rng(seed)
    n, k, strength = 1500, 5, 8.0
    truth = rng.integers(k, size=n)
    worth = np.where(np.arange(k) == truth[:, None], strength, 1.0)
    order = np.argsort(-(np.log(worth) + rng.gumbel(size=(n, k))), axis=1)  # the winner of each place
    ranks = np.where(np.arange(k) < rng.integers(0, k + 1, n)[:, None], order, -1)
    probs = rng.dirichlet(np.ones(k), n) * 0.6 + 0.4 * np.eye(k)[truth]
    told, trace = Rankings(ranks, range(k), strength=1.5, learn=True), []
    for _ in range(30):
        trace.append(told.log_evidence(probs).sum())
        told = told.update(told.posterior(probs))
    assert (np.diff(trace) > -1e-9).all()
    assert trace[-1] > trace[0] + 1
    # The model's probabilities above are not calibrated; with the truth as target the strength is found.
    assert told.update(np.eye(k)[truth]).strength == pytest.approx(strength, rel=0.15)


def test_strength_at_its_ends_and_when_nothing_is_learned():
    always_first = Rankings([[0], [1]], learn=True)
    assert always_first.update(np.eye(2)).strength == STRONGEST
    always_last = always_first.update(np.eye(2)[::-1])
    assert always_last.strength == 1.0
    np.testing.assert_allclose(always_last.posterior([[0.3, 0.7]] * 2), [[0.3, 0.7]] * 2)
    full = Rankings([[0, 1, 2]], learn=True)
    assert full.update([[0, 0, 1]]).strength == 1.0  # the last place of a full ranking was never a choice
    fixed, empty = Rankings([[0], [1]]), Rankings([[-1]], range(2), learn=True)
    assert fixed.update(np.eye(2)) is fixed
    assert empty.update([[0.5, 0.5]]) is empty


def test_a_thousand_classes_and_probabilities_of_1e_300():
    k = 1000
    told = Rankings(np.stack([np.arange(k), np.arange(k)[::-1]]), strength=50)
    probs = np.full((2, k), 1e-300)
    probs[:, -1] = 1.0
    posterior = told.posterior(probs)
    assert np.isfinite(posterior).all()
    assert np.isfinite(told.log_evidence(probs)).all()
    np.testing.assert_allclose(posterior[:, -1], 1.0)
    np.testing.assert_allclose(
        posterior[1, 0], 1e-300 * np.exp(told.log_likelihood()[1] @ (np.eye(k)[0] - np.eye(k)[-1]))
    )


def test_slices_and_no_items():
    told = Rankings([[2, 0], [1, -1], [-1, -1]], strength=3, learn=True)
    assert told[-1].ranks.tolist() == [[-1, -1]]
    assert told[[1, 0, 1]].ranks.tolist() == [[1, -1], [2, 0], [1, -1]]
    none = told[:0]
    assert none.posterior(np.empty((0, 3))).shape == (0, 3)
    assert none.update(np.empty((0, 3))).strength == 3
    assert none.strength == 3
    assert "n=0" in repr(none)
    assert len(Rankings.from_lists([])) == 0
    assert Rankings.from_lists([[(1, 2), "a"]], ["a", (1, 2)]).ranks.tolist() == [[1, 0]]


@pytest.mark.parametrize(
    ("go_wrong", "says"),
    [
        (lambda: Rankings([0, 1]), r"ranks have shape \(2,\).*from_lists"),
        (lambda: Rankings([["a", "b"]]), "ranks have shape .*<U1.*from_lists"),
        (lambda: Rankings([[0, 1], [2, 0]], "ab"), "row 1, place 0 holds 2"),
        (lambda: Rankings([[0, -2]]), "row 0, place 1 holds -2"),
        (lambda: Rankings([[0, 1], [-1, 1]]), "row 1 goes on after a -1 at place 0"),
        (lambda: Rankings([[0, 1], [1, 1]]), "row 1 ranks class 1 twice.*ties"),
        (lambda: Rankings([[0, 1]], strength=1), r"strength=1 must be above 1"),
        (lambda: Rankings([[0, 1]], strength=float("nan")), "strength=nan must be above 1"),
        (lambda: Rankings.from_lists([["a"], ["a", ["b", "c"]]]), r"row 1 has \['b', 'c'\] at place 1.*ties"),
        (lambda: Rankings.from_lists([["a", None]]), "row 0 has None at place 1"),
        (lambda: Rankings.from_lists([["a"], ["z"]], "ab"), "'z'"),
        (lambda: Rankings([[0, 1]]).support([[0.5, 0.5]]), "Rankings tells no single label"),
        (lambda: Rankings([[0, 1]], learn=True).update([[0.5]]), r"targets have shape \(1, 1\)"),
    ],
)
def test_errors_say_what_and_where(go_wrong, says):
    with pytest.raises(InputError, match=says):
        go_wrong()
