"""Second moments against plain loops, the loss against tables written out, and MeTaL against planted truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import load_digits, load_wine

from labelwright import InputError, Votes
from labelwright.combine.majority import MajorityVote
from labelwright.combine.metal import MeTaL, balance
from labelwright.data.simulate import annotators, stump_rules, weak_rules
from labelwright.parts import moments


def some(seed, n=12, a=4, k=3, silent=0.4):
    rng = np.random.default_rng(seed)
    wide = rng.integers(k, size=(n, a))
    wide[rng.random(wide.shape) < silent] = -1
    return Votes(wide, list(range(k)))


def fires(truth, classes, right, wrong, rng):
    """Rules that only ever say one class: P(fires | that class), P(fires | another)."""
    chance = np.where(truth[:, None] == classes, right, wrong)
    return np.where(rng.random(chance.shape) < chance, classes, -1)


def accuracy(model, votes, truth):
    return (model.fit(votes).predict() == truth).mean()


@given(st.integers(0, 2**32 - 1), st.integers(2, 4))
def test_pairs_are_what_plain_loops_count(seed, k):
    votes = some(seed, k=k)
    wide, counted = votes.wide(), moments.pairs(votes).toarray()
    expected = np.zeros_like(counted)
    for row in wide:
        for i, one in enumerate(row):
            for j, other in enumerate(row):
                if one >= 0 and other >= 0:
                    expected[i * k + one, j * k + other] += 1
    np.testing.assert_array_equal(counted, expected)
    masked = moments.between(moments.pairs(votes), k, without=[(2, 0)]).toarray()
    for i in range(4):
        for j in range(4):
            block = np.s_[i * k : (i + 1) * k, j * k : (j + 1) * k]
            hidden = i == j or {i, j} == {0, 2}
            np.testing.assert_array_equal(masked[block], 0 if hidden else expected[block])


@given(st.integers(0, 2**32 - 1))
def test_disagreement_is_what_plain_loops_count(seed):
    votes = some(seed)
    wide, counted = votes.wide(), moments.pairs(votes)
    for code in range(3):
        share, shared = moments.disagreement(counted, 3, code)
        for i in range(4):
            for j in range(4):
                both = (wide[:, i] >= 0) & (wide[:, j] >= 0)
                assert shared[i, j] == both.sum()
                if both.any():
                    differ = (wide[both, i] == code) != (wide[both, j] == code)
                    assert share[i, j] == pytest.approx(differ.mean())
                else:
                    assert np.isnan(share[i, j])


def test_moments_that_would_not_fit_are_refused_before_they_are_made(monkeypatch):
    monkeypatch.setattr(moments, "MOST_PAIRS", 10)
    with pytest.raises(InputError, match=r"4 sources and 3 classes can meet in .* DawidSkene"):
        moments.pairs(some(0))
    monkeypatch.setattr(moments, "MOST_SOURCES", 3)
    with pytest.raises(InputError, match="4 sources are too many"):
        moments.disagreement(moments.between(some(0).indicator().T @ some(0).indicator(), 3), 3, 0)


def matched(missing, pull=0.3, n=40):
    votes = some(1, n=n)
    both = moments.between(moments.pairs(votes), 3, without=[(1, 3)]) / n
    says = np.bincount(votes.codes, minlength=12) / n
    prior = np.array([0.5, 0.3, 0.2])
    found = moments.Match(both, says, prior, without=[(1, 3)], missing=missing, pull=pull)
    return found, both.toarray(), says, prior


@pytest.mark.parametrize("missing", [False, True])
def test_the_loss_is_that_of_the_tables_written_out(missing):
    match, both, says, prior = matched(missing)
    rng = np.random.default_rng(0)
    mu, start = rng.random((2, 12, 3))
    match.start = match.unit * start
    voted = says.reshape(4, 3).sum(axis=1)
    loss = told = 0.0
    for i in range(4):
        for j in range(4):
            if i == j or {i, j} == {1, 3}:
                continue
            here, there = np.s_[3 * i : 3 * i + 3], np.s_[3 * j : 3 * j + 3]
            lift = both[here, there].sum() / (voted[i] * voted[j]) if missing else 1.0
            each = np.outer(says[here], says[there])
            off = both[here, there] / lift - (mu[here] * prior) @ mu[there].T
            loss += lift * (off**2 / each).sum()
            told += (both[here, there] ** 2 / each).sum() / lift
    loss += ((mu @ prior - says) ** 2 / says).sum() + 0.3 * (
        (prior * (mu - start) / says[:, None]) ** 2
    ).sum()
    assert match((match.unit * mu).ravel())[0] == pytest.approx(loss / (told + says.sum()))


@pytest.mark.parametrize("missing", [False, True])
def test_the_slope_is_that_of_the_loss(missing):
    match, *_ = matched(missing)
    at = np.random.default_rng(0).random(36)
    slope = match(at)[1]
    for j in range(36):
        step = np.zeros(36)
        step[j] = 1e-6
        assert slope[j] == pytest.approx((match(at + step)[0] - match(at - step)[0]) / 2e-6, abs=1e-6)


@pytest.mark.parametrize(("k", "per_item"), [(2, None), (2, 3), (3, None), (5, 3)])
def test_planted_confusions_are_recovered(k, per_item):
    truth = np.tile(load_digits().target % k, 6)
    prior = np.bincount(truth) / len(truth)
    crowd = annotators(truth, 8, np.random.default_rng(k), per_item=per_item)
    model = MeTaL(prior=prior).fit(crowd.evidence)
    said = model.mu_ / model.mu_.sum(axis=2, keepdims=True)
    assert np.abs(said - crowd.confusion).mean() < 0.03
    assert model.converged_
    assert model.loss_ < 0.05
    right = np.diagonal(crowd.confusion, axis1=1, axis2=2) @ prior
    assert np.abs(model.accuracy() - right).max() < 0.06
    assert accuracy(model, crowd.evidence, crowd.truth) > accuracy(
        MajorityVote(), crowd.evidence, crowd.truth
    )


def test_rules_for_one_class_are_judged_by_when_they_are_silent():
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=60_000)
    classes = np.array([0, 0, 0, 1, 1, 1])
    right, wrong = np.array([0.3, 0.2, 0.3, 0.1, 0.4, 0.2]), np.array([0.1, 0.1, 0.02, 0.08, 0.1, 0.02])
    model = MeTaL(silence="auto").fit(Votes(fires(truth, classes, right, wrong, rng)))
    rules = np.arange(6)
    assert np.abs(model.mu_[rules, classes, classes] - right).max() < 0.03
    assert np.abs(model.mu_[rules, 1 - classes, classes] - wrong).max() < 0.03
    assert (model.mu_[rules, :, 1 - classes] < 1e-3).all()  # what a rule never says


def test_rules_that_cannot_name_every_class_on_a_real_table():
    """A stump knows two of three classes, so that one class is always taken for another."""
    X, y = load_wine(return_X_y=True)
    found = []
    for seed in range(1001, 1006):
        told = stump_rules(X, y, 10, np.random.default_rng(seed), coverage=1.0, n_seen=4)
        found.append([accuracy(m, told.evidence, told.truth) for m in (MeTaL(), MajorityVote())])
    ours, theirs = np.mean(found, axis=0)
    assert ours > theirs + 0.05


def test_silence_says_nothing_where_answers_are_missing_by_design():
    """Two teams that never meet: with silence taken for an answer, the teams are found and not the truth."""
    rng = np.random.default_rng(0)
    truth, right = rng.integers(2, size=4000), rng.uniform(0.6, 0.95, 12)
    wide = np.where(rng.random((4000, 12)) < right, truth[:, None], 1 - truth[:, None])
    wide[:2000, :6] = wide[2000:, 6:] = -1
    model = MeTaL().fit(Votes(wide))
    assert np.abs(model.accuracy() - right).max() < 0.05
    assert (model.predict() == truth).mean() > 0.93
    assert (MeTaL(silence="tells").fit(Votes(wide)).predict() == truth).mean() < 0.8


def test_items_nobody_was_asked_about_change_nothing_where_silence_is_missing():
    crowd = annotators(load_digits().target % 2, 6, np.random.default_rng(3), per_item=4)
    wide = crowd.evidence.wide()
    more = np.concatenate([wide, np.full((1000, 6), -1)])
    probs = MeTaL(silence="missing").fit(Votes(wide)).predict_proba()
    np.testing.assert_allclose(
        MeTaL(silence="missing").fit(Votes(more)).predict_proba()[: len(wide)], probs, atol=1e-3
    )


def test_an_edge_keeps_a_copier_from_passing_for_a_witness():
    rng = np.random.default_rng(2)
    truth = rng.integers(2, size=5000)
    right = np.array([0.6, 0.7, 0.75, 0.8])
    said = np.where(rng.random((5000, 4)) < right, truth[:, None], 1 - truth[:, None])
    votes = Votes(np.column_stack([said, said[:, 0]]), [0, 1], ["a", "b", "c", "d", "copy"])
    alone, told = MeTaL().fit(votes), MeTaL(edges=[("copy", "a")]).fit(votes)
    off = np.abs(told.accuracy() - [*right, 0.6])
    assert off.max() < 0.04
    assert np.abs(alone.accuracy() - [*right, 0.6]).max() > 0.1
    both = MeTaL(edges=[("copy", "a"), ("a", "copy"), ("copy", "a")]).fit(votes)
    np.testing.assert_array_equal(both.mu_, told.mu_)  # an edge counts once


def test_more_correlated_rules_are_no_worse_with_their_edges():
    told = weak_rules(load_digits().target % 2, 6, np.random.default_rng(5), coverage=0.8, accuracy=0.75)
    wide = np.column_stack([told.evidence.wide(), *[told.evidence.wide()[:, 0]] * 2])
    votes = Votes(wide, [0, 1])
    edges = [(0, 6), (0, 7), (6, 7)]
    off = [np.abs(m.fit(votes).accuracy()[:6] - 0.75).mean() for m in (MeTaL(edges=edges), MeTaL())]
    assert off[0] < off[1]


def test_order_and_names_of_items_sources_and_classes_do_not_matter():
    crowd = annotators(load_digits().target % 3, 7, np.random.default_rng(4), per_item=4)
    wide = crowd.evidence.wide()
    rng = np.random.default_rng(0)
    items, sources, classes = rng.permutation(len(wide)), rng.permutation(7), np.array([2, 0, 1])
    plain = MeTaL().fit(Votes(wide, ["a", "b", "c"]))
    renamed = np.where(wide >= 0, classes[wide], -1)[items][:, sources]
    moved = MeTaL().fit(Votes(renamed, ["b", "c", "a"]))
    np.testing.assert_allclose(moved.predict_proba()[:, classes], plain.predict_proba()[items], atol=1e-3)
    np.testing.assert_allclose(moved.accuracy(), plain.accuracy()[sources], atol=1e-3)


def test_unanimous_voters_win_and_nothing_said_gives_the_prior():
    crowd = annotators(load_digits().target % 2, 5, np.random.default_rng(6))
    wide = np.concatenate([crowd.evidence.wide(), [[0] * 5, [1] * 5, [-1] * 5]])
    probs = MeTaL(prior=[0.3, 0.7]).fit(Votes(wide)).predict_proba()
    assert probs[-3, 0] > 0.95
    assert probs[-2, 1] > 0.95
    np.testing.assert_allclose(probs[-1], [0.3, 0.7])
    np.testing.assert_allclose(probs.sum(axis=1), 1)


def test_going_on_is_fitting_all_at_once():
    crowd = annotators(load_digits().target % 2, 5, np.random.default_rng(7)).evidence
    first, second = crowd[:900], crowd[900:]
    model = MeTaL().partial_fit(first).partial_fit(second)
    np.testing.assert_allclose(model.mu_, clone(model).fit(crowd).mu_, atol=1e-9)
    np.testing.assert_allclose(model.predict_proba(second), model.predict_proba()[900:])


def test_class_shares_as_given_or_of_the_votes():
    votes = Votes([[0, 0, 1], [1, 1, -1], [-1, -1, -1]], ["a", "b"])
    assert balance(None, votes).tolist() == [0.5, 0.5]
    assert balance([1, 3], votes).tolist() == [0.25, 0.75]
    assert balance("majority", votes).round(3).tolist() == [0.333, 0.667]
    assert MeTaL(prior="majority").fit(votes).prior_.round(3).tolist() == [0.333, 0.667]


@pytest.mark.parametrize(
    ("options", "wide", "message"),
    [
        ({}, [[0, 1, -1], [1, 1, -1]], "2 sources share items"),
        ({}, [[0, -1, -1], [-1, 1, -1], [-1, -1, 0]], "0 sources share items"),
        ({}, [[-1, -1, -1]], "nobody said anything"),
        ({}, [[0, 0, 0]], "all votes say 0"),
        ({"prior": [0.5, 0.2, 0.3]}, [[0, 1, 1]], "give 2 numbers"),
        ({"prior": "votes"}, [[0, 1, 1]], "'majority'"),
        ({"precision": 0.5}, [[0, 1, 1]], "precision=0.5"),
        ({"spread": 0}, [[0, 1, 1]], "spread=0"),
        ({"silence": "golden"}, [[0, 1, 1]], "silence='golden'"),
        ({"max_iter": 0}, [[0, 1, 1]], "max_iter=0"),
        ({"edges": [(0, 9)]}, [[0, 1, 1]], "edges name 9"),
        ({"edges": [(0, 0)]}, [[0, 1, 1]], "pair of two different sources"),
        ({"edges": [(0, 1, 2)]}, [[0, 1, 1]], "pair of two different sources"),
    ],
)
def test_what_cannot_be_used_is_said(options, wide, message):
    with pytest.raises(InputError, match=message):
        MeTaL(**options).fit(np.array(wide))


def test_too_many_numbers_are_refused(monkeypatch):
    monkeypatch.setattr("labelwright.combine.metal.MOST_NUMBERS", 10)
    with pytest.raises(InputError, match=r"12 numbers to learn .* DawidSkene"):
        MeTaL().fit(np.array([[0, 1, 1]]))
