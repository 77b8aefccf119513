"""Intervals of shares against scipy's."""

import numpy as np
import pytest
from scipy.stats import binomtest

from labelwright.parts.shares import wilson


def test_wilson_is_that_of_scipy_at_the_ends_too():
    low, high = wilson([0, 5, 10, 0], [10, 10, 10, 0])
    for i, right in enumerate((0, 5, 10)):
        wanted = binomtest(right, 10).proportion_ci(method="wilson")
        assert (low[i], high[i]) == pytest.approx((wanted.low, wanted.high))
    assert np.isnan([low[3], high[3]]).all()
