"""M-steps of label models: by hand, against scipy, and as sources are seen more."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import digamma

from labelwright.parts import confusions


def test_separate_is_counting():
    counts = np.array([[[8, 2], [1, 9]], [[0, 0], [0, 4]]])
    found = confusions.separate(counts, smoothing=0.5)
    np.testing.assert_allclose(found[0], [[8.5 / 11, 2.5 / 11], [1.5 / 11, 9.5 / 11]])
    np.testing.assert_allclose(found[1], [[0.5, 0.5], [0.1, 0.9]])


def test_alike_is_the_share_that_is_right():
    found = confusions.alike([[[8, 2], [1, 9]], [[3, 1], [2, 4]]])
    np.testing.assert_allclose(found[:, 0, 0], 24 / 30)
    np.testing.assert_allclose(found[:, 0, 1], 6 / 30)


@pytest.mark.parametrize("function", [confusions.one_coin, confusions.class_coins])
def test_coins_err_evenly(function):
    rng = np.random.default_rng(0)
    found = function(rng.poisson(5, (4, 3, 3)) + 8 * np.eye(3))
    off = found[:, ~np.eye(3, dtype=bool)].reshape(4, 3, 2)
    np.testing.assert_allclose(off[..., 0], off[..., 1])
    np.testing.assert_allclose(found.sum(axis=2), 1)


def test_one_coin_takes_right_votes_of_all_classes_together():
    found = confusions.one_coin(np.tile([[700.0, 300.0], [100.0, 900.0]], (3, 1, 1)))
    np.testing.assert_allclose(found[:, 0, 0], 0.8, atol=1e-3)
    np.testing.assert_allclose(found[:, 1, 1], 0.8, atol=1e-3)


@given(st.integers(0, 2**32 - 1), st.integers(2, 4))
def test_variational_is_the_expected_log_of_a_dirichlet(seed, k):
    counts = np.random.default_rng(seed).poisson(3, (2, k, k)).astype(float)
    found = confusions.variational(counts, right=4.0, wrong=1.0)
    for source in range(2):
        for true in range(k):
            full = counts[source, true] + np.where(np.arange(k) == true, 4.0, 1.0)
            np.testing.assert_allclose(found[source, true], np.exp(digamma(full) - digamma(full.sum())))
    assert (found.sum(axis=2) < 1).all()


def test_a_spammer_step_by_hand():
    """One step of MACE: right answers are luck by habit / (honest + habit)."""
    spam, habit = 0.4, np.array([0.25, 0.75])
    before = (1 - spam) * np.eye(2) + spam * habit
    counts = np.array([[30.0, 10.0], [5.0, 55.0]])
    luck = np.array([5 + 30 * spam * 0.25 / before[0, 0], 10 + 55 * spam * 0.75 / before[1, 1]])
    new_spam = (luck.sum() + 0.5) / (100 + 1)
    new_habit = (luck + 10) / (luck + 10).sum()
    expected = (1 - new_spam) * np.eye(2) + new_spam * new_habit
    np.testing.assert_allclose(confusions.spammer(counts[None], before[None])[0], expected, atol=1e-9)


def test_spammers_are_told_from_those_who_look():
    habit = np.array([0.2, 0.5, 0.3])
    looks, never = 100 * (0.9 * np.eye(3) + 0.1 * habit), 100 * np.tile(habit, (3, 1))
    counts, found = np.stack([looks, never]), None
    for _ in range(300):
        found = confusions.spammer(counts, found)
    assert found[0, 0, 0] > 0.85
    np.testing.assert_allclose(found[1], np.tile(habit, (3, 1)), atol=0.05)


def test_pooled_goes_from_all_to_each_as_votes_come_in():
    many = np.tile(np.array([[80.0, 20.0], [30.0, 70.0]]), (20, 1, 1))
    right = []
    for n in (0, 2, 20, 2000):
        counts = np.concatenate([many, n * np.array([[[0.99, 0.01], [0.01, 0.99]]])])
        right.append(confusions.pooled(counts)[-1, 0, 0])
    assert right[0] == pytest.approx(0.8, abs=0.05)
    assert right == sorted(right)
    assert right[-1] == pytest.approx(0.99, abs=0.01)


def test_against_and_unheard():
    table = np.array([[[0.6, 0.4], [0.45, 0.55]], [[0.6, 0.4], [0.65, 0.35]], [[0.5, 0.5], [0.5, 0.5]]])
    poor = confusions.against(table)
    assert poor.tolist() == [False, True, False]
    found = confusions.unheard(table, poor)
    np.testing.assert_array_equal(found[[0, 2]], table[[0, 2]])
    np.testing.assert_allclose(found[1, 0], found[1, 1])
    np.testing.assert_allclose(found[1, 0], [0.625, 0.375])
