"""Slices, orders and names commute with Bayes; nothing told changes nothing."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.evidence import small

from labelwright import Candidates, Exact, InputError, Marks, Noisy, Soft, Votes

SLOWLY = settings(derandomize=True, deadline=None, max_examples=80)


def posterior(case, probs):
    try:
        return case.evidence.posterior(probs)
    except InputError:
        assume(False)


@SLOWLY
@given(small.cases(), st.data())
def test_taking_items_commutes_with_bayes(drawn, data):
    case, probs = drawn
    whole, logs, n = posterior(case, probs), case.evidence.log_evidence(probs), case.n
    chosen = data.draw(
        st.one_of(
            st.slices(n),
            st.lists(st.booleans(), min_size=n, max_size=n).map(lambda m: np.array(m, dtype=bool)),
            st.lists(st.integers(-n, n - 1), max_size=7).map(lambda r: np.array(r, dtype=np.intp)),
            st.lists(st.integers(-n, n - 1), min_size=1, max_size=7),
            st.integers(-n, n - 1),
        )
    )
    rows = np.atleast_1d(np.arange(n)[chosen])
    part = case.evidence[chosen]
    assert type(part) is type(case.evidence)
    assert len(part) == len(rows)
    assert part.classes.tolist() == case.evidence.classes.tolist()
    np.testing.assert_allclose(part.posterior(probs[rows]), whole[rows], atol=1e-12)
    np.testing.assert_allclose(part.log_evidence(probs[rows]), logs[rows], atol=1e-12)


@SLOWLY
@given(small.cases(), small.SEEDS)
def test_taking_twice_is_taking_from_what_was_taken(drawn, seed):
    case, probs = drawn
    first = np.random.default_rng(seed).permutation(case.n)
    whole = posterior(case, probs)
    twice = case.evidence[first][::-1]
    np.testing.assert_allclose(twice.posterior(probs[first[::-1]]), whole[first[::-1]], atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_renaming_classes_commutes(seed):
    rng = np.random.default_rng(seed)
    n, k, a = 6, 4, 3
    probs, new = rng.dirichlet(np.ones(k), n), rng.permutation(k)
    place = np.append(np.argsort(new), -1)  # old code -> new code
    codes, said, allowed = rng.integers(-1, k, n), rng.integers(-1, k, (n, a)), rng.random((n, k)) < 0.6
    allowed[:, 0] = True
    targets, prior = rng.dirichlet(np.ones(k), n), rng.dirichlet(np.ones(k) * 5)
    matrix, confusion = rng.dirichlet(np.ones(k), k), rng.dirichlet(np.ones(k), (a, k))
    turned = matrix[np.ix_(new, new)]
    pairs = [
        (Exact.from_codes(codes, range(k)), Exact.from_codes(place[codes], range(k))),
        (Candidates(allowed), Candidates(allowed[:, new])),
        (Soft(targets, prior=prior), Soft(targets[:, new], prior=prior[new])),
        (
            Votes(said, range(k), confusion=confusion),
            Votes(place[said], range(k), confusion=confusion[:, new][:, :, new]),
        ),
        (
            Noisy(Exact.from_codes(codes, range(k)), matrix),
            Noisy(Exact.from_codes(place[codes], range(k)), turned),
        ),
    ]
    for old, renamed in pairs:
        np.testing.assert_allclose(renamed.posterior(probs[:, new]), old.posterior(probs)[:, new], atol=1e-12)
        np.testing.assert_allclose(renamed.log_evidence(probs[:, new]), old.log_evidence(probs), atol=1e-12)
    marks, yes = rng.integers(-1, 2, (n, k)), rng.random((n, k))
    np.testing.assert_allclose(
        Marks(marks[:, new]).posterior(yes[:, new]), Marks(marks).posterior(yes)[:, new]
    )


def test_nothing_told_gives_the_probabilities_back():
    probs = np.random.default_rng(0).dirichlet(np.ones(3), 4)
    flat = np.full((4, 3), 1 / 3)
    prior = np.array([0.6, 0.3, 0.1])
    silent = [
        Exact([None] * 4, classes="abc"),
        Candidates(np.ones((4, 3), dtype=bool)),
        Candidates.from_sets([[]] * 4, classes="abc"),
        Soft(flat),
        Soft(np.tile(prior, (4, 1)), prior=prior),
        Votes(np.full((4, 2), -1), classes="abc"),
        Noisy(Exact([None] * 4, classes="abc"), 0.3),
        Noisy(Exact([0, 1, 2, 0], classes=range(3)), 2 / 3),  # as often wrong as by chance
    ]
    for evidence in silent:
        np.testing.assert_allclose(evidence.posterior(probs), probs, atol=1e-12, err_msg=repr(evidence))
    np.testing.assert_allclose(Marks(-np.ones((4, 3), int)).posterior(probs), probs)
    np.testing.assert_allclose(Noisy(Marks(-np.ones((4, 3), int)), 0.2).posterior(probs), probs)
    np.testing.assert_allclose(Exact([None] * 4, classes="abc").log_evidence(probs), 0, atol=1e-12)


def test_exact_labels_are_one_hot():
    probs = np.random.default_rng(0).dirichlet(np.ones(3), 5)
    told = Exact(["c", "a", "b", "b", "c"])
    assert told.posterior(probs).tolist() == np.eye(3)[[2, 0, 1, 1, 2]].tolist()
    np.testing.assert_allclose(told.log_evidence(probs), np.log(probs[np.arange(5), told.codes]))
    assert Marks([[1, 0]]).posterior([[0.2, 0.9]]).tolist() == [[1.0, 0.0]]


def test_evidence_does_not_change_what_it_is_given():
    probs, marks = np.full((2, 2), 0.5), np.array([[1, -1], [0, 1]])
    kept = probs.copy()
    for evidence in (
        Exact([0, 1]),
        Soft(probs),
        Votes([[0, 1], [1, -1]]),
        Marks(marks),
        Noisy(Exact([0, 1]), 0.1),
    ):
        evidence.posterior(probs)
        evidence.log_evidence(probs)
        evidence.update(probs)
    assert np.array_equal(probs, kept)


def test_support_is_the_probability_of_what_was_told():
    probs = np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1], [0.1, 0.1, 0.8]])
    nan = np.nan
    np.testing.assert_allclose(Exact([1, None, 2], classes=range(3)).support(probs), [0.3, nan, 0.8])
    allowed = [[True, True, False], [True, True, True], [False, False, True]]
    np.testing.assert_allclose(Candidates(allowed).support(probs), [0.5, nan, 0.8])
    np.testing.assert_allclose(Marks([[1, 0, -1]]).support(probs[:1]), [[0.2, 0.7, nan]])
    np.testing.assert_allclose(
        Noisy(Exact([1, None, 2], classes=range(3)), 0.1).support(probs), [0.3, nan, 0.8]
    )
    for silent in (Votes([[0, 1]] * 3, classes=range(3)), Soft(probs)):
        with pytest.raises(InputError, match="tells no single label"):
            silent.support(probs)
