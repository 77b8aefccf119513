"""Simulators that vote: annotators and rules."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_digits
from tests.data.chance import gen, near

from labelwright.data import simulate
from labelwright.errors import InputError

CELLS, BENIGN = load_breast_cancer(return_X_y=True)
DIGITS, DIGIT = load_digits(return_X_y=True)
LONG = np.arange(30_000) % 3


@pytest.mark.parametrize("kind", ["confusion", "one-coin"])
def test_votes_follow_the_confusions(kind):
    crowd = simulate.annotators(LONG, 4, gen(), kind=kind)
    votes = crowd.evidence.wide()
    np.testing.assert_allclose(crowd.confusion.sum(axis=2), 1)
    for a in range(4):
        for t in range(3):
            for said in range(3):
                assert near((votes[t == LONG, a] == said).sum(), 10_000, crowd.confusion[a, t, said])
    off = crowd.confusion[:, 0, 1] - crowd.confusion[:, 0, 2]
    assert (np.abs(off) < 1e-12).all() is np.bool_(kind == "one-coin")
    few = simulate.annotators(DIGIT[:20], 3, gen(), kind=kind)
    assert few.oracle.likelihood_of(few.truth) > 0


def test_skills_are_draws_from_the_beta():
    crowd = simulate.annotators([0, 1], 4000, gen(), skill=(2, 6), kind="one-coin")
    right = crowd.confusion[:, 0, 0]
    assert abs(right.mean() - 0.25) < 0.01
    assert abs(right.var() - 2 * 6 / (8**2 * 9)) < 0.003


@given(st.integers(1, 40), st.integers(1, 9), st.data())
@settings(derandomize=True, deadline=None, max_examples=60)
def test_loads_are_even(n, a, data):
    m = data.draw(st.integers(1, a))
    labels = np.arange(n) % 2
    votes = simulate.annotators(labels, a, gen(n), per_item=m, n_classes=2).evidence.wide()
    assert ((votes >= 0).sum(axis=1) == m).all()
    load = (votes >= 0).sum(axis=0)
    assert load.max() - load.min() <= 1


def test_everybody_meets_everybody():
    voted = simulate.annotators(LONG, 6, gen(), per_item=2).evidence.wide() >= 0
    together = (voted.T.astype(int) @ voted)[~np.eye(6, dtype=bool)]
    assert together.min() > 0.8 * together.mean()


def test_spammers_do_not_look():
    crowd = simulate.annotators(LONG, 8, gen(), spammers=0.25)
    assert crowd.spammer.sum() == 2
    assert (crowd.confusion[crowd.spammer] == crowd.confusion[crowd.spammer][:, :1]).all()
    right = (crowd.evidence.wide() == LONG[:, None]).mean(axis=0)
    assert right[~crowd.spammer].min() > 0.4
    assert np.abs(right[crowd.spammer] - 1 / 3).max() < 0.02


@pytest.mark.parametrize("per_item", [None, 4])
def test_copiers_say_what_their_leader_says(per_item):
    crowd = simulate.annotators(LONG, 6, gen(), copy=0.5, per_item=per_item)
    follower = crowd.leader != np.arange(6)
    assert follower.sum() == 3
    assert not follower[crowd.leader].any(), "nobody copies a copier"
    votes = crowd.evidence.wide()
    agree = {}
    for j in range(6):
        for i in range(j):
            both = (votes[:, i] >= 0) & (votes[:, j] >= 0)
            agree[i, j] = (votes[both, i] == votes[both, j]).mean()
            assert (agree[i, j] == 1) == (crowd.leader[i] == crowd.leader[j])
        seen = votes[:, j] >= 0
        right = (votes[seen, j] == LONG[seen]).mean()
        assert abs(right - np.diag(crowd.confusion[j]).mean()) < 0.02
    assert (
        simulate.annotators(LONG[:9], 3, gen(), copy=1.0)
        .leader.tolist()
        .count(simulate.annotators(LONG[:9], 3, gen(), copy=1.0).leader[0])
        == 3
    ), "one is left to be copied"


def test_the_evidence_does_not_know_the_confusions():
    crowd = simulate.annotators(LONG[:30], 3, gen())
    np.testing.assert_allclose(
        crowd.evidence.confusion[0], [[0.7, 0.15, 0.15], [0.15, 0.7, 0.15], [0.15, 0.15, 0.7]]
    )
    np.testing.assert_array_equal(crowd.oracle.confusion, crowd.confusion)
    np.testing.assert_array_equal(crowd.oracle.wide(), crowd.evidence.wide())


# Rules


def test_weak_rules_have_the_stated_coverage_and_accuracy():
    coverage, accuracy = np.array([0.1, 0.5, 1.0]), np.array([0.5, 0.9, 1.0])
    told = simulate.weak_rules(LONG, 3, gen(), coverage=coverage, accuracy=accuracy, correlation=0.5)
    votes = told.evidence.wide()
    applies = (votes >= 0).sum(axis=0)
    assert near(applies, len(LONG), coverage)
    assert near((votes == LONG[:, None]).sum(axis=0), applies, accuracy)
    wrong = (votes[:, 0] >= 0) & (votes[:, 0] != LONG)
    assert near(((votes[:, 0] - LONG)[wrong] % 3 == 1).sum(), wrong.sum(), 0.5), "errors are spread evenly"
    np.testing.assert_array_equal(told.coverage, coverage)
    np.testing.assert_array_equal(told.accuracy, accuracy)
    assert np.isnan(told.correlation[2]).all()


@pytest.mark.parametrize("correlation", [0.0, 0.3, 1.0])
def test_weak_rules_have_the_stated_correlation(correlation):
    accuracy = [0.7, 0.7, 0.9]
    told = simulate.weak_rules(LONG, 3, gen(), coverage=0.8, accuracy=accuracy, correlation=correlation)
    assert abs(told.correlation[0, 1] - correlation) < 1e-12
    expected = correlation * (0.7 - 0.63) / np.sqrt(0.21 * 0.09)
    assert abs(told.correlation[0, 2] - expected) < 1e-12
    votes = told.evidence.wide()
    for i, j in ((0, 1), (0, 2)):
        both = (votes[:, [i, j]] >= 0).all(axis=1)
        right = votes[both] == LONG[both, None]
        assert abs(np.corrcoef(right[:, i], right[:, j])[0, 1] - told.correlation[i, j]) < 0.03
    apply_ = (votes >= 0).astype(float)
    assert np.abs(np.corrcoef(apply_.T)[~np.eye(3, dtype=bool)]).max() < 0.03
    if correlation == 1:
        assert (votes[:, 0] == votes[:, 1])[(votes[:, :2] >= 0).all(axis=1)].all(), "they also err alike"


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
def test_stumps_are_real_rules(form):
    names = np.array(["malignant", "benign"])[BENIGN]
    told = simulate.stump_rules(form(CELLS), names, 30, gen(), coverage=0.4, n_seen=16)
    votes = told.evidence.wide()
    truth = told.truth
    np.testing.assert_array_equal(told.evidence.classes[truth], names)
    for j in range(30):
        seen = votes[:, j] >= 0
        assert told.coverage[j] == seen.mean()
        assert abs(told.accuracy[j] - (votes[seen, j] == truth[seen]).mean()) < 1e-12
        assert abs(told.coverage[j] - 0.4) < 0.02
        values = [CELLS[seen, c] for c in range(30)]
        assert any(
            v[votes[seen, j] == 0].max(initial=-1) < v[votes[seen, j] == 1].min(initial=1e9)
            or v[votes[seen, j] == 1].max(initial=-1) < v[votes[seen, j] == 0].min(initial=1e9)
            for v in values
        ), "one column and one threshold decide"
    assert np.median(told.accuracy) > 0.85
    i, j = 3, 11
    both = (votes[:, i] >= 0) & (votes[:, j] >= 0)
    right = votes[both] == truth[both, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        slow = np.corrcoef(right[:, i], right[:, j])[0, 1]
    np.testing.assert_allclose(told.correlation[i, j], slow)
    np.testing.assert_allclose(told.correlation, told.correlation.T)


def test_stumps_get_better_with_more_rows():
    few, many = (simulate.stump_rules(DIGITS, DIGIT, 40, gen(), n_seen=n).accuracy.mean() for n in (10, 400))
    assert many > few + 0.03


def test_a_stump_that_sees_no_difference_abstains():
    X = np.zeros((50, 1))
    told = simulate.stump_rules(X, np.arange(50) % 2, 2, gen())
    assert told.evidence.n_votes == 0
    assert told.coverage.tolist() == [0, 0]
    assert np.isnan(told.accuracy).all()


Y = np.array([0, 1, 2] * 4)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda rng: simulate.annotators(Y, 0, rng), "n=0 must be a whole number at least 1"),
        (
            lambda rng: simulate.annotators(Y, 3, rng, per_item=4),
            "per_item=4 must be a whole number from 1 to 3",
        ),
        (lambda rng: simulate.annotators(Y, 3, rng, kind="two-coin"), "kind='two-coin'"),
        (lambda rng: simulate.annotators(Y, 3, rng, skill=(1, 0)), "two positive parameters"),
        (lambda rng: simulate.annotators(Y, 3, rng, spammers=2), "spammers must lie"),
        (lambda rng: simulate.annotators(Y, 3, rng, copy=-1), "copy must lie"),
        (lambda rng: simulate.weak_rules(Y, 2, rng, coverage=[0.1, 0.2, 0.3]), r"coverage has shape \(3,\)"),
        (lambda rng: simulate.weak_rules(Y, 2, rng, accuracy=1.2), "accuracy must lie"),
        (lambda rng: simulate.weak_rules(Y, 2, rng, correlation=-0.1), "correlation must lie"),
        (lambda rng: simulate.weak_rules(Y, 1.5, rng), "n_rules=1.5"),
        (lambda rng: simulate.stump_rules(np.ones((12, 2)), Y, 2, rng, n_seen=2), "n_seen=2"),
        (lambda rng: simulate.stump_rules(np.ones((5, 2)), Y, 2, rng), "X has shape"),
        (lambda rng: simulate.stump_rules(np.full((12, 2), np.nan), Y, 2, rng), "missing or infinite"),
        (
            lambda rng: simulate.stump_rules(np.ones((12, 2)), Y, 2, rng, coverage=0),
            "coverage must lie above 0",
        ),
    ],
)
def test_bad_input(call, says):
    with pytest.raises(InputError, match=says):
        call(gen())
