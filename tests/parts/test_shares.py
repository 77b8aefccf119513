"""Intervals of shares against scipy's."""

import numpy as np
import pytest
from scipy.stats import binomtest

from labelwright.parts.shares import clopper_pearson, wilson


def test_wilson_is_that_of_scipy_at_the_ends_too():
    low, high = wilson([0, 5, 10, 0], [10, 10, 10, 0])
    for i, right in enumerate((0, 5, 10)):
        wanted = binomtest(right, 10).proportion_ci(method="wilson")
        assert (low[i], high[i]) == pytest.approx((wanted.low, wanted.high))
    assert np.isnan([low[3], high[3]]).all()


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_clopper_pearson_is_that_of_scipy_at_the_ends_too(level):
    hits, n = np.array([0, 1, 5, 9, 10, 0, 0, 1]), np.array([10, 10, 10, 10, 10, 0, 1, 1])
    low, high = clopper_pearson(hits, n, level)
    for i in np.flatnonzero(n):
        wanted = binomtest(hits[i], n[i]).proportion_ci(confidence_level=level, method="exact")
        assert (low[i], high[i]) == pytest.approx((wanted.low, wanted.high))
    assert np.isnan([low[5], high[5]]).all()
