"""Ability and difficulty: the climb, planted values, and the posterior against a plain loop."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.base import clone
from sklearn.datasets import load_digits

from labelwright import InputError, Votes
from labelwright.combine.glad import GLAD
from labelwright.combine.majority import MajorityVote
from labelwright.data.simulate import annotators


def planted(n=3000, a=20, k=2, seed=0, silent=0.0):
    rng = np.random.default_rng(seed)
    truth, ability, easiness = rng.integers(k, size=n), rng.normal(1, 1, a), rng.normal(0, 1, n)
    right = rng.random((n, a)) < expit(ability * np.exp(easiness)[:, None])
    wide = np.where(right, truth[:, None], (truth[:, None] + rng.integers(1, k, (n, a))) % k)
    wide[rng.random(wide.shape) < silent] = -1
    return Votes(wide, list(range(k))), truth, ability, easiness


@given(st.integers(0, 2**32 - 1), st.integers(2, 4), st.booleans())
def test_the_climb_never_descends_and_ends(seed, k, even):
    rng = np.random.default_rng(seed)
    votes = Votes(rng.integers(-1, k, (15, 4)), list(range(k)))
    if votes.n_votes:
        model = GLAD(prior=None if even else rng.dirichlet(np.ones(k))).fit(votes)
        assert (np.diff(model.trace_) > -1e-9).all()
        assert model.converged_


def test_the_value_and_the_posterior_are_those_of_a_plain_loop():
    votes, *_ = planted(n=40, a=5, k=3, silent=0.3)
    prior = np.array([0.2, 0.3, 0.5])
    model = GLAD(prior=prior, tol=1e-12, max_iter=2000).fit(votes)
    easiness, value = -np.log(model.difficulty_), 0.0
    for row, easy, probs in zip(votes.wide(), easiness, model.predict_proba()):
        mass = prior.copy()
        for ability, said in zip(model.ability_, row):
            if said >= 0:
                chance = expit(ability * np.exp(easy))
                mass *= np.where(np.arange(3) == said, chance, (1 - chance) / 2)
        np.testing.assert_allclose(probs, mass / mass.sum(), atol=1e-12)
        value += np.log(mass.sum())
    value -= ((model.ability_ - 1) ** 2).sum() / 2 + (easiness**2).sum() / 2
    assert model.trace_[-1] == pytest.approx(value / votes.n_votes, abs=1e-9)


def test_where_it_ends_is_a_top():
    """No small change of any ability or easiness raises the log-posterior."""
    from labelwright.combine.glad import Learned, _Table

    votes, *_ = planted(n=30, a=4, k=3, silent=0.2)
    model = GLAD(tol=1e-14, max_iter=5000).fit(votes)
    table, at = _Table(votes, model.prior_), (model.ability_, -np.log(model.difficulty_))
    best = table.expect(Learned(*at))[1]
    rng = np.random.default_rng(0)
    for _ in range(50):
        near = Learned(*(x + 1e-3 * rng.normal(size=len(x)) for x in at))
        assert table.expect(near)[1] <= best


@pytest.mark.parametrize("k", [2, 4])
def test_planted_abilities_and_difficulties_are_recovered(k):
    votes, truth, ability, easiness = planted(k=k)
    model = GLAD().fit(votes)
    assert np.corrcoef(model.ability_, ability)[0, 1] > 0.97
    assert np.corrcoef(-np.log(model.difficulty_), easiness)[0, 1] > 0.6
    ours, theirs = ((m.fit(votes).predict() == truth).mean() for m in (GLAD(), MajorityVote()))
    assert ours > theirs


def test_annotators_of_real_digits():
    crowd = annotators(load_digits().target, 12, np.random.default_rng(1), per_item=5, kind="one-coin")
    model = GLAD().fit(crowd.evidence)
    assert np.corrcoef(model.accuracy(), crowd.confusion[:, 0, 0])[0, 1] > 0.9
    theirs = (MajorityVote().fit(crowd.evidence).predict() == crowd.truth).mean()
    assert (model.predict() == crowd.truth).mean() > theirs


def test_who_is_always_wrong_is_believed_the_other_way_round():
    rng = np.random.default_rng(3)
    truth = rng.integers(2, size=800)
    right = rng.random((800, 5)) < [0.9, 0.85, 0.9, 0.8, 0.05]
    model = GLAD().fit(np.where(right, truth[:, None], 1 - truth[:, None]))
    assert model.ability_[4] < -1
    assert (model.ability_[:4] > 1).all()


def test_order_and_names_do_not_matter():
    votes, *_ = planted(n=300, a=8, k=3, silent=0.4)
    wide, rng = votes.wide(), np.random.default_rng(1)
    items, sources, classes = rng.permutation(300), rng.permutation(8), np.array([1, 2, 0])
    plain = GLAD().fit(Votes(wide, ["a", "b", "c"]))
    moved = GLAD().fit(Votes(np.where(wide >= 0, classes[wide], -1)[items][:, sources], ["c", "a", "b"]))
    np.testing.assert_allclose(moved.predict_proba()[:, classes], plain.predict_proba()[items], atol=1e-8)
    np.testing.assert_allclose(moved.difficulty_, plain.difficulty_[items], atol=1e-8)


def test_unanimous_voters_win_and_nothing_said_gives_the_prior():
    votes, *_ = planted(n=500, a=6)
    wide = np.concatenate([votes.wide(), [[0] * 6, [1] * 6, [-1] * 6]])
    model = GLAD(prior=[0.4, 0.6]).fit(wide)
    probs = model.predict_proba()
    assert probs[-3, 0] > 0.9
    assert probs[-2, 1] > 0.9
    np.testing.assert_allclose(probs[-1], [0.4, 0.6])
    assert model.difficulty_[-1] == 1
    assert np.isnan(GLAD().fit(Votes([[0, 1, -1]], [0, 1])).accuracy()[2])


def test_other_items_are_as_hard_as_those_fitted_on_average():
    votes, *_ = planted(n=400, a=6)
    model = GLAD().fit(votes)
    same = Votes(votes.wide(), [0, 1])
    np.testing.assert_array_equal(model.predict_proba(same), model.predict_proba())
    usual = np.exp(-np.log(model.difficulty_).mean())
    log = (np.where(votes.wide()[:5] == 1, 1, -1) * model.ability_ * usual).sum(axis=1)
    np.testing.assert_allclose(model.predict_proba(votes[:5])[:, 1], expit(log))


def test_going_on_is_fitting_all_at_once():
    votes, *_ = planted(n=400, a=6)
    model = GLAD(tol=1e-12, max_iter=2000).partial_fit(votes[:200])
    rounds = len(clone(model).fit(votes).trace_)
    model.partial_fit(votes[200:])
    assert len(model.trace_) <= rounds
    np.testing.assert_allclose(model.predict_proba(), clone(model).fit(votes).predict_proba(), atol=1e-3)
    grown = model.partial_fit(Votes.from_long([0, 1], ["new", "new"], [1, 2], classes=[0, 1, 2]))
    assert grown.predict_proba().shape == (400, 3)
    assert len(grown.ability_) == 7


def test_what_cannot_be_used_is_said():
    with pytest.raises(InputError, match="give 2 numbers"):
        GLAD(prior=[1, 2, 3]).fit([[0, 1]])
    with pytest.raises(InputError, match="max_iter=0"):
        GLAD(max_iter=0).fit([[0, 1]])
    with pytest.raises(InputError, match="nobody said anything"):
        GLAD().fit([[-1, -1]])
