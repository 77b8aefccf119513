"""Flags equal cleanlab's, and where they do not, by a rule that is known."""

import numpy as np
import pytest

pytest.importorskip("cleanlab", reason="cleanlab is installed in the environment of `make bench` only")

from bench.flags import compare

from labelwright import Exact, Marks

TIES = {
    "tie with the told class",
    "tie at the cut",
    "equal remainders",
    "rounded mean",
    "rounded margin",
    "tags together",
}


def table(rng, n, k, levels=None):
    """Probabilities of a model that is right most of the time; with `levels` on a grid, as a forest gives them."""
    truth = rng.integers(0, k, n)
    probs = rng.dirichlet(np.ones(k), n) + 2 * np.eye(k)[truth] * rng.random((n, 1))
    probs /= probs.sum(axis=1, keepdims=True)
    if levels:
        counts = np.floor(probs * levels)
        counts[np.arange(n), truth] += levels - counts.sum(axis=1)
        probs = counts / levels
    codes = np.where(rng.random(n) < 0.15, rng.integers(0, k, n), truth)
    codes[:k] = np.arange(k)
    return probs, Exact.from_codes(codes, range(k))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", [2, 5, 30])
def test_same_flags_without_ties(k, dtype):
    probs, told = table(np.random.default_rng(k), 2000, k)
    for found in compare("made", probs.astype(dtype), told):
        assert found.unexplained == 0
        if "equal remainders" not in found.rules:
            assert found.differ == 0, found


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", [2, 5, 30])
def test_ties_differ_by_known_rules(k, dtype):
    probs, told = table(np.random.default_rng(k), 2000, k, levels=20)
    found = compare("made", probs.astype(dtype), told)
    assert sum(c.differ for c in found) > 0
    assert all(c.unexplained == 0 and set(c.rules) <= TIES for c in found), found


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tags(dtype):
    rng = np.random.default_rng(0)
    truth = rng.random((1000, 6)) < 0.3
    probs = 1 / (1 + np.exp(-(rng.standard_normal((1000, 6)) + np.where(truth, 1.5, -1.5))))
    told = Marks((truth ^ (rng.random(truth.shape) < 0.05)).astype(np.int8))
    for found in compare("made", probs.astype(dtype), told):
        assert found.unexplained == 0
        if not found.filter.startswith("low_"):
            assert found.differ == 0, found
