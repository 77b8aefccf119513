"""A small, deterministic version of bench/coverage.py: do 95 % intervals hold the realised share of wrong labels?"""

import numpy as np
import pytest
from scipy.stats import binom
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.preprocessing import StandardScaler

from labelwright import Exact
from labelwright.loops import cross_fit
from labelwright.parts import channel

SETS = 84


def simulated(seed, X, posterior):
    """Truth drawn from a posterior, spoiled labels, and probabilities of a model that saw only those."""
    rng = np.random.default_rng(seed)
    k = posterior.shape[1]
    truth = np.minimum((rng.random((len(X), 1)) > posterior.cumsum(axis=1)).sum(axis=1), k - 1)
    rates = np.full(k, (0.01, 0.03, 0.08, 0.15)[seed % 4])
    if seed % 3 == 0:
        rates = rates * rng.gamma(2.0, 0.5, k)
    step = 1 if seed % 3 == 1 else rng.integers(1, k, len(X))
    told = np.where(rng.random(len(X)) < rates[truth], (truth + step) % k, truth)
    evidence = Exact.from_codes(told, range(k))
    return cross_fit(LinearDiscriminantAnalysis(), X, evidence, random_state=seed, show=False), told, truth


@pytest.fixture(scope="module")
def intervals():
    """(low, high, realised share of wrong labels) of each set."""
    found = []
    for load in (load_breast_cancer, load_digits):
        X, y = load(return_X_y=True)
        X = StandardScaler().fit_transform(X[:, X.std(axis=0) > 0.5] if load is load_digits else X)
        model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.1)
        posterior = cross_fit(model, X, y, show=False)
        for seed in range(SETS // 2):
            probs, told, truth = simulated(seed, X, posterior)
            found.append((*channel.fit(probs, told).error_rate[1:], (told != truth).mean()))
    return np.array(found).T


def plausible(covered):
    """Whether so many covered sets can come from a coverage of 92 to 98 %, at a chance of 1 in 200 on either side."""
    return binom.ppf(0.005, len(covered), 0.92) <= covered.sum() <= binom.ppf(0.995, len(covered), 0.98)


@pytest.mark.slow
def test_intervals_cover(intervals):
    low, high, wrong = intervals
    assert plausible((low <= wrong) & (wrong <= high)), (
        f"{((low <= wrong) & (wrong <= high)).sum()} of {SETS}"
    )


@pytest.mark.slow
def test_intervals_half_as_wide_are_found_out(intervals):
    low, high, wrong = intervals
    middle, half = (low + high) / 2, (high - low) / 4
    assert not plausible(np.abs(wrong - middle) <= half), (
        f"{(np.abs(wrong - middle) <= half).sum()} of {SETS}"
    )


@pytest.mark.slow
def test_intervals_say_something(intervals):
    low, high, wrong = intervals
    assert np.median((high - low) / wrong) < 1.5
