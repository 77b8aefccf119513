"""Rows drawn so that the classes have another balance."""

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_wine
from tests.data.chance import gen, near

from labelwright.data import simulate
from labelwright.errors import InputError

DIGIT = load_digits().target
GRAPE = load_wine().target
GRAPE_NAME = np.array(["barbera", "dolcetto", "nebbiolo"])[GRAPE]


@pytest.mark.parametrize("replace", [False, True])
def test_a_wanted_balance_is_met(replace):
    wanted = np.array([0.6, 0.1, 0.3])
    shifted = simulate.label_shift(GRAPE_NAME, gen(), prior=wanted, replace=replace)
    m = len(shifted.rows)
    np.testing.assert_array_equal(shifted.wanted, wanted)
    np.testing.assert_array_equal(shifted.truth, GRAPE[shifted.rows])
    np.testing.assert_allclose(shifted.realised, np.bincount(shifted.truth, minlength=3) / m)
    assert np.abs(shifted.realised - wanted).max() <= 1 / m
    np.testing.assert_allclose(shifted.weights, shifted.realised / (np.bincount(GRAPE) / 178))
    assert m == (178 if replace else int(59 / 0.6))
    assert (len(np.unique(shifted.rows)) == m) is not replace


def test_shares_by_dirichlet_and_long_tail():
    tail = simulate.label_shift(DIGIT, gen(), long_tail=50.0)
    counts = np.bincount(tail.truth)
    assert abs(tail.wanted[0] / tail.wanted[-1] - 50) < 1e-9
    assert (np.diff(counts) <= 0).all()
    assert np.argmax(simulate.label_shift(DIGIT, gen(), long_tail=0.02).realised) == 9
    draws = [
        simulate.label_shift(DIGIT, gen(s), dirichlet=0.5, n=100, replace=True).wanted for s in range(300)
    ]
    np.testing.assert_allclose(np.mean(draws, axis=0), 0.1, atol=0.03)
    np.testing.assert_allclose(np.var(draws, axis=0).mean(), 0.1 * 0.9 / (10 * 0.5 + 1), rtol=0.2)


def test_any_size_that_the_table_allows_can_be_had():
    for seed in range(20):
        shifted = simulate.label_shift(GRAPE, gen(seed), dirichlet=1.0)
        most = len(shifted.rows)
        with pytest.raises(InputError, match=f"take n={most} at most"):
            simulate.label_shift(GRAPE, gen(), prior=shifted.wanted, n=most + 50)


def test_rows_of_a_class_are_equally_likely():
    drawn = [
        simulate.label_shift([0] * 4 + [1] * 4, gen(s), prior=[0.25, 0.75], n=4).rows for s in range(800)
    ]
    hits = np.bincount(np.concatenate(drawn), minlength=8)
    assert near(hits[:4], 800, 1 / 4)
    assert near(hits[4:], 800, 3 / 4)
