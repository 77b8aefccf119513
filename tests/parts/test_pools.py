"""Pools against slow loops, with unknown tags."""

import math

import numpy as np
import pytest

from labelwright import InputError
from labelwright.parts import pools
from labelwright.testing import check_pool

ALL = [pools.worst, pools.mean, pools.median, pools.ema, pools.softmax]


def slow(pool, row, **options):
    known = sorted((s for s in row if not math.isnan(s)), reverse=True)
    if not known:
        return math.nan
    if pool is pools.worst:
        return known[0]
    if pool is pools.mean:
        return sum(known) / len(known)
    if pool is pools.median:
        return (known[(len(known) - 1) // 2] + known[len(known) // 2]) / 2
    if pool is pools.ema:
        alpha, value = options.get("alpha", 0.8), known[-1]
        for score in known[-2::-1]:
            value = alpha * score + (1 - alpha) * value
        return value
    weights = [math.exp(s / options.get("temperature", 0.1)) for s in known]
    return sum(w * s for w, s in zip(weights, known)) / sum(weights)


@pytest.mark.parametrize("pool", ALL, ids=lambda p: p.__name__)
def test_pools_keep_the_contract(pool):
    check_pool(pool)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    ("pool", "options"),
    [*((p, {}) for p in ALL), *((pools.ema, {"alpha": a}) for a in (0.1, 0.5, 1.0)),
     *((pools.softmax, {"temperature": t}) for t in (0.01, 1.0))],
    ids=lambda x: getattr(x, "__name__", str(x)),
)  # fmt: skip
def test_pools_equal_slow_loops(pool, options, dtype):
    rng = np.random.default_rng(0)
    table = rng.random((120, 7))
    table[rng.random(table.shape) < 0.4] = np.nan
    table[0] = np.nan
    table[1, 1:] = np.nan
    table[2] = 0.5
    expected = [slow(pool, row.tolist(), **options) for row in table]
    found = pool(table.astype(dtype), **options)
    np.testing.assert_allclose(found, expected, atol=1e-12 if dtype is np.float64 else 1e-6)


def test_a_cold_pool_is_the_worst_and_a_hot_one_the_mean():
    table = np.random.default_rng(0).random((20, 5))
    np.testing.assert_allclose(pools.softmax(table, 1e-4), pools.worst(table), atol=1e-3)
    np.testing.assert_allclose(pools.softmax(table, 1e4), pools.mean(table), atol=1e-3)
    np.testing.assert_allclose(pools.ema(table, 1.0), pools.worst(table))


def test_one_tag_and_no_items():
    for pool in ALL:
        assert pool([[0.3]]).tolist() == [0.3]
        assert pool(np.empty((0, 3))).shape == (0,)


@pytest.mark.parametrize("pool", ALL, ids=lambda p: p.__name__)
def test_wrong_shapes_are_named(pool):
    for table in ([0.1, 0.2], np.empty((3, 0)), np.zeros((1, 2, 3))):
        with pytest.raises(InputError, match=r"scores have shape .* expected \(items, tags\)"):
            pool(table)


@pytest.mark.parametrize("alpha", [0.0, -1, 1.1, float("nan")])
def test_bad_alpha_is_named(alpha):
    with pytest.raises(InputError, match=r"alpha=.* must lie in \(0, 1\]"):
        pools.ema([[0.1]], alpha)


@pytest.mark.parametrize("value", [0.0, -1, float("nan")])
def test_bad_temperature_is_named(value):
    with pytest.raises(InputError, match=r"temperature=.* must be positive"):
        pools.softmax([[0.1]], value)
