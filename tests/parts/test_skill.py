"""What sources have in common: planted populations are found, and little-seen sources lean on all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import expit, gammaln

from labelwright.parts import skill


def evidence(counts, mean, s):
    """Log-probability of counts under Dirichlet(s * mean), with the prior Gamma(2, 20) on the scale of log s."""
    base = s * mean
    log = gammaln(counts + base) - gammaln(base)
    return (log.sum(axis=-1) + gammaln(s) - gammaln(counts.sum(axis=-1) + s)).sum() + 2 * np.log(s) - s / 20


@pytest.mark.parametrize("planted", [1.0, 5.0, 30.0])
def test_strength_is_where_the_evidence_is_highest(planted):
    rng = np.random.default_rng(int(planted))
    mean = np.array([0.5, 0.3, 0.2])
    counts = rng.multinomial(30, rng.dirichlet(planted * mean, 60))
    best = minimize_scalar(
        lambda log: -evidence(counts, mean, np.exp(log)), bounds=(-2, 6), method="bounded"
    ).x
    assert np.log(skill.strength(counts[:, None], mean[None])[0]) == pytest.approx(best, abs=0.02)


def test_strength_has_an_end_where_sources_are_identical_or_unseen():
    same = np.tile([[8.0, 2.0]], (50, 1, 1))
    assert skill.strength(same, [[0.8, 0.2]])[0] > 50
    assert np.isfinite(skill.strength(np.zeros((3, 1, 2)), [[0.5, 0.5]])).all()


def test_lean_is_a_weighted_mean_of_own_and_common():
    counts = np.array([[[9.0, 1.0]], [[5.0, 5.0]], [[0.0, 0.0]]])
    found, common = skill.lean(counts, [[1.0, 1.0]]), np.array([15, 7]) / 22
    np.testing.assert_allclose(found[2, 0], common, atol=1e-9)
    assert common[0] < found[0, 0, 0] < 0.9
    assert 0.5 < found[1, 0, 0] < common[0]


@given(st.integers(0, 2**32 - 1))
def test_rows_sum_to_one(seed):
    counts = np.random.default_rng(seed).poisson(0.5, (3, 2, 4)).astype(float)
    found = skill.rows(counts)
    np.testing.assert_allclose(found.sum(axis=-1), 1)
    told = counts.sum(axis=-1) > 0
    np.testing.assert_allclose(found[told], counts[told] / counts[told].sum(axis=-1, keepdims=True))


def test_planted_skills_are_found_and_drawn_around():
    rng = np.random.default_rng(0)
    true = rng.normal(0, 0.8, 40)
    right = rng.binomial(200, expit(1 + true)[:, None], (40, 2)).astype(float)
    wrong, level, hold = 200 - right, np.ones(2), np.full(2, 1e3)
    found, spread = skill.skills(right, wrong, level, hold, 1.0, None)
    assert np.corrcoef(found, true)[0, 1] > 0.97
    assert spread == pytest.approx(0.8, abs=0.25)
    drawn = np.array([skill.skills(right, wrong, level, hold, 1.0, rng)[0] for _ in range(50)])
    np.testing.assert_allclose(drawn.mean(axis=0), found, atol=0.12)
    assert drawn.std(axis=0).min() > 0.02


def test_expected_is_pseudo_votes_in_the_right_order():
    rng = np.random.default_rng(0)
    chance = np.array([0.95, 0.8, 0.6])
    counts = np.array([[[c * 50, (1 - c) * 50], [(1 - c) * 50, c * 50]] for c in chance]) + rng.random(
        (3, 2, 2)
    )
    found = skill.expected(counts)
    assert found.shape == counts.shape
    assert (found > 0).all()
    right = np.diagonal(found, axis1=1, axis2=2) / found.sum(axis=2)
    assert (np.diff(right, axis=0) < 0).all()
