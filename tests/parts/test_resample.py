"""Bootstrap intervals against SciPy's, and the edges."""

import numpy as np
import pytest
from scipy import sparse, stats

from labelwright.parts.resample import bootstrap


def mean_of(sums):
    return sums[:, 1] / sums[:, 0]


def interval(x, draws=4000, level=0.9, seed=0, table=None):
    kinds, unit, times = np.unique(x, return_inverse=True, return_counts=True)
    rows = np.column_stack([np.ones(len(kinds)), kinds]) if table is None else table
    return bootstrap(
        rows, unit, times, mean_of, draws=draws, level=level, rng=np.random.default_rng(seed), show=False
    )


@pytest.mark.parametrize("kinds", [4, 10_000])
def test_ends_are_those_of_scipy(kinds):
    """Skewed numbers, of few kinds or all different: its bias-corrected and accelerated bootstrap says the same."""
    x = np.floor(np.random.default_rng(1).exponential(size=300) * kinds) / kinds
    found = interval(x)
    wanted = stats.bootstrap(
        (x,), np.mean, confidence_level=0.9, n_resamples=4000, method="BCa", rng=np.random.default_rng(2)
    ).confidence_interval
    assert found.value == pytest.approx(x.mean())
    assert (found.low, found.high) == pytest.approx(
        (wanted.low, wanted.high), abs=0.1 * (found.high - found.low)
    )
    plain = np.quantile(
        x[np.random.default_rng(3).integers(300, size=(4000, 300))].mean(axis=1), [0.05, 0.95]
    )
    assert found.low > plain[0]  # both ends move towards the long tail
    assert found.high > plain[1]


def test_few_items_have_wider_intervals_than_their_percentiles():
    """Intervals of the mean of six normal numbers hold it about as often as they say."""
    rng = np.random.default_rng(4)
    held = [
        (f := interval(rng.normal(size=6), draws=500, level=0.9, seed=s)).low <= 0 <= f.high
        for s in range(400)
    ]
    assert 0.86 <= np.mean(held) <= 0.96


def test_sparse_tables_pieces_and_workers_change_nothing(monkeypatch):
    x = np.random.default_rng(5).integers(6, size=80)
    whole = interval(x, draws=200)
    kinds = np.unique(x)
    thin = sparse.csr_matrix(np.column_stack([np.ones(len(kinds)), kinds]))
    assert interval(x, draws=200, table=thin) == pytest.approx(whole)
    monkeypatch.setattr("labelwright.parts.resample.CELLS", 20)
    assert interval(x, draws=200) == pytest.approx(whole)


def test_edges():
    assert interval(np.array([2.0, 2.0, 2.0])) == (2.0, 2.0, 2.0)
    none = interval(np.arange(5.0), draws=0)
    assert none.value == 2.0
    assert np.isnan([none.low, none.high]).all()
    lost = bootstrap(
        np.ones((2, 1)), np.arange(2), np.ones(2, dtype=int), lambda sums: np.full(len(sums), np.nan),
        draws=10, level=0.9, rng=np.random.default_rng(0),
    )  # fmt: skip
    assert np.isnan(lost).all()
    one = interval(np.array([3.0]))
    assert one == (3.0, 3.0, 3.0)
