"""Triplets by hand, on planted truth, and where they do not settle anything."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from labelwright import InputError, Votes
from labelwright.combine.majority import MajorityVote
from labelwright.combine.triplet import TripletModel
from labelwright.data.simulate import annotators
from labelwright.errors import DoubtfulInput


def coins(right, n=20_000, seed=0, k=2, silent=0.0):
    rng = np.random.default_rng(seed)
    truth = rng.integers(k, size=n)
    off = (truth[:, None] + rng.integers(1, k, (n, len(right)))) % k
    wide = np.where(rng.random((n, len(right))) < right, truth[:, None], off)
    wide[rng.random(wide.shape) < silent] = -1
    return wide, truth


def test_three_sources_by_hand():
    """Agreements 0.8, 0.7 and 0.6 of ten: E = 0.6, 0.4, 0.2, so c = sqrt(0.6 * 0.4 / 0.2) and so on, at most 1."""
    wide = np.zeros((10, 3), dtype=int)
    wide[:2, 1] = 1  # 0 and 1 differ on two
    wide[2:5, 2] = 1  # 0 and 2 differ on three; 1 and 2 on five
    wide[0, 2] = 1  # ... and now 0 and 2 on four, 1 and 2 on four
    model = TripletModel(min_shared=10).fit(Votes(wide, [0, 1]))
    e01, e02, e12 = 0.6, 0.2, 0.2
    skill = np.sqrt([e01 * e02 / e12, e01 * e12 / e02, e02 * e12 / e01])
    expected = (10 * (1 + np.minimum(skill, 1)) / 2 + 1) / 12
    np.testing.assert_allclose(model.right_, np.column_stack([expected, expected]))
    np.testing.assert_allclose(model.accuracy(), expected)


@pytest.mark.parametrize("silent", [0.0, 0.6])
def test_planted_accuracies_are_recovered(silent):
    right = np.array([0.9, 0.85, 0.75, 0.7, 0.6, 0.5])
    wide, truth = coins(right, silent=silent)
    model = TripletModel().fit(wide)
    assert np.abs(model.accuracy() - right).max() < 0.05
    assert (model.predict() == truth).mean() > (MajorityVote().fit(wide).predict() == truth).mean()


def test_the_posterior_is_bayes_for_two_classes():
    wide, _ = coins([0.9, 0.7, 0.6], n=500, silent=0.2)
    model = TripletModel(prior=[0.3, 0.7]).fit(wide)
    right = model.right_[:, 0]
    for row, probs in zip(wide[:50], model.predict_proba()):
        mass = np.array([0.3, 0.7])
        for source, said in enumerate(row):
            if said >= 0:
                mass[said] *= right[source]
                mass[1 - said] *= 1 - right[source]
        np.testing.assert_allclose(probs, mass / mass.sum())


def test_more_classes_are_asked_about_one_by_one():
    truth = load_digits().target
    crowd = annotators(truth, 8, np.random.default_rng(0), kind="one-coin", skill=(4, 3))
    model = TripletModel().fit(crowd.evidence)
    right = crowd.confusion[:, 0, 0]
    assert np.corrcoef(model.accuracy(), right)[0, 1] > 0.95
    assert model.right_.shape == (8, 10)
    theirs = (MajorityVote().fit(crowd.evidence).predict() == crowd.truth).mean()
    assert (model.predict() == crowd.truth).mean() > theirs


def test_many_votes_of_many_classes_do_not_underflow():
    wide, _ = coins(np.full(400, 0.97), n=30, k=3)
    wide[-1] = np.arange(400) % 3
    probs = TripletModel().fit(wide).predict_proba()
    assert np.isfinite(probs).all()
    np.testing.assert_allclose(probs.sum(axis=1), 1)


def test_order_and_names_do_not_matter():
    wide, _ = coins([0.9, 0.8, 0.7, 0.6, 0.6], n=2000, k=3, silent=0.3)
    rng = np.random.default_rng(1)
    items, sources, classes = rng.permutation(2000), rng.permutation(5), np.array([1, 2, 0])
    plain = TripletModel().fit(Votes(wide, ["a", "b", "c"]))
    moved = TripletModel().fit(
        Votes(np.where(wide >= 0, classes[wide], -1)[items][:, sources], ["c", "a", "b"])
    )
    np.testing.assert_allclose(moved.predict_proba()[:, classes], plain.predict_proba()[items])
    np.testing.assert_allclose(moved.accuracy(), plain.accuracy()[sources])


def test_unanimous_voters_win_and_nothing_said_gives_the_prior():
    wide, _ = coins([0.8, 0.7, 0.7], n=1000)
    wide = np.concatenate([wide, [[0, 0, 0], [1, 1, 1], [-1, -1, -1]]])
    probs = TripletModel(prior=[0.4, 0.6]).fit(wide).predict_proba()
    assert probs[-3, 0] > 0.9
    assert probs[-2, 1] > 0.9
    np.testing.assert_allclose(probs[-1], [0.4, 0.6])


def test_a_source_without_a_triplet_is_as_good_as_the_others():
    wide, _ = coins([0.9, 0.8, 0.7, 0.9, 0.9], n=3000)
    wide[100:, 3] = -1
    wide[:100, :3] = -1  # the fourth meets the fifth only
    wide[:, 4] = np.where(np.arange(3000) < 100, wide[:, 4], -1)
    with pytest.warns(DoubtfulInput, match=r"2 of 5 sources share too few items .*first: 3"):
        model = TripletModel().fit(wide)
    skill = 2 * model.accuracy()[:3] - 1
    expected = (100 * (1 + skill.mean()) / 2 + 1) / 102
    assert model.accuracy()[3] == pytest.approx(expected, abs=1e-3)


def test_a_source_that_agrees_less_than_by_chance_tells_nothing():
    wide, _ = coins([0.9, 0.8, 0.85, 0.1])
    assert TripletModel().fit(wide).accuracy()[3] == pytest.approx(0.5, abs=1e-6)


def test_nobody_is_infallible():
    wide = np.tile(np.arange(200)[:, None] % 2, 3)
    assert (TripletModel().fit(wide).accuracy() == 201 / 202).all()


def test_going_on_is_fitting_all_at_once():
    wide, _ = coins([0.9, 0.8, 0.7], n=600)
    votes = Votes(wide)
    model = TripletModel().partial_fit(votes[:300]).partial_fit(votes[300:])
    np.testing.assert_allclose(model.right_, TripletModel().fit(votes).right_)


@pytest.mark.parametrize(
    ("options", "wide", "message"),
    [
        ({}, [[0, 1]] * 20, "no three of 2 sources"),
        ({}, [[0, 1, 1]] * 9, "share 10 items"),
        ({}, [[0, 1, -1, -1], [-1, 1, 0, -1], [-1, -1, 1, 0]] * 20, "no three of 4 sources"),
        ({"min_shared": 0}, [[0, 1, 1]], "min_shared=0"),
        ({"prior": [1, -1]}, [[0, 1, 1]], "give 2 numbers"),
    ],
)
def test_what_cannot_be_used_is_said(options, wide, message):
    with pytest.raises(InputError, match=message):
        TripletModel(**options).fit(np.array(wide))
