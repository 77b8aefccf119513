"""Accuracies, ranks, curves and crossings from counts: against slow oracles, and by what must not change them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelwright.audit.standings import standings
from labelwright.audit.strata import error_rate
from labelwright.errors import InputError


def made(seed, n=400, m=4, k=3, rate=0.15):
    """Predictions, given labels, corrected ones of which some are none; models copy errors to different degrees."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, n)
    told = np.where(rng.random(n) < rate, (truth + 1) % k, truth)
    said = np.empty((n, m), dtype=int)
    for j in range(m):
        right = np.where(rng.random(n) < 0.9 - 0.05 * j, truth, rng.integers(0, k, n))
        said[:, j] = np.where(rng.random(n) < 0.8 - 0.2 * j, np.where(told != truth, told, right), right)
    corrected = np.where(rng.random(n) < 0.03, -1, truth)
    return said, told, corrected


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.integers(2, 6))
def test_counts_say_what_rows_say(seed, m):
    said, told, corrected = made(seed, m=m)
    found = standings(said, told, corrected, draws=0)
    kept = corrected >= 0
    wrong = kept & (corrected != told)
    assert found.accuracy("given")[0] == pytest.approx((said == told[:, None]).mean(axis=0))
    right = said[kept] == corrected[kept, None]
    assert found.accuracy("corrected")[0] == pytest.approx(right.mean(axis=0))
    assert (found.clean[0], found.wrong[0], found.left_out[0]) == (
        (kept & ~wrong).sum(),
        wrong.sum(),
        (~kept).sum(),
    )
    assert np.isnan(found.ranks("given")[1:]).all()
    curve = found.curve([found.prevalence, 1.0])
    assert curve.corrected[0, 0] == pytest.approx(found.accuracy("corrected")[0])  # as it is
    assert curve.given[0, 0] == pytest.approx((said == told[:, None])[kept].mean(axis=0))
    assert curve.corrected[0, 1] == pytest.approx(
        (said == corrected[:, None])[wrong].mean(axis=0)
    )  # all wrong
    assert curve.given[0, 1] == pytest.approx((said == told[:, None])[wrong].mean(axis=0))


def test_the_curve_is_the_mean_of_taking_right_rows_away():
    said, told, corrected = made(3)
    found = standings(said, told, corrected, draws=0)
    rng = np.random.default_rng(0)
    kept = corrected >= 0
    wrong, clean = np.flatnonzero(kept & (corrected != told)), np.flatnonzero(kept & (corrected == told))
    left = len(wrong)  # as many right as wrong ones: half
    drawn = []
    for _ in range(3000):
        rows = np.concatenate([wrong, rng.choice(clean, left, replace=False)])
        drawn.append((said[rows] == corrected[rows, None]).mean(axis=0))
    assert found.curve([0.5]).corrected[0, 0] == pytest.approx(np.mean(drawn, axis=0), abs=0.003)


@pytest.mark.parametrize("order", [[1, 0, 2, 3], [3, 2, 1, 0]])
def test_swapping_the_models_swaps_the_answers(order):
    said, told, corrected = made(1)
    one = standings(said, told, corrected, draws=300)
    other = standings(said[:, order], told, corrected, draws=300)
    for kind in ("given", "corrected"):
        assert (one.accuracy(kind)[:, order] == other.accuracy(kind)).all()
        assert (one.ranks(kind)[:, order] == other.ranks(kind)).all()
        assert (one.first(kind)[order] == other.first(kind)).all()
    grid = np.linspace(0, 1, 7)
    assert (one.curve(grid).corrected[..., order] == other.curve(grid).corrected).all()
    named = [(order[it.model], order[it.other], it.prevalence, it.low, it.high) for it in other.crossings()]
    assert sorted(named) == sorted(
        (it.model, it.other, it.prevalence, it.low, it.high) for it in one.crossings()
    )


def test_renaming_the_classes_changes_nothing():
    said, told, corrected = made(2)
    names = np.array([2, 0, 1, -1])
    one, other = standings(said, told, corrected), standings(names[said], names[told], names[corrected])
    assert (one.values("corrected") == other.values("corrected")).all()


def test_more_models_than_bits():
    rng = np.random.default_rng(0)
    said, told, corrected = rng.integers(0, 2, (60, 100)), rng.integers(0, 2, 60), rng.integers(-1, 2, 60)
    found = standings(said, told, corrected, draws=5)
    assert found.accuracy("given")[0] == pytest.approx((said == told[:, None]).mean(axis=0))
    kept = corrected >= 0
    assert found.accuracy("corrected")[0] == pytest.approx((said == corrected[:, None])[kept].mean(axis=0))


def test_a_crossing_is_where_the_curves_meet():
    said, told, corrected = made(4, n=3000)
    found = standings(said, told, corrected, draws=500)
    crossings = found.crossings()
    assert crossings
    for it in crossings:
        at = found.curve([it.prevalence]).corrected[0, 0]
        assert at[it.model] == pytest.approx(at[it.other])
        before = found.curve([found.prevalence]).corrected[0, 0]
        assert before[it.model] > before[it.other]
        assert it.low <= it.prevalence <= it.high
        assert 0 < it.share <= 1
    ends = found.curve([found.prevalence, 1.0]).corrected[0]
    swaps = {
        (a, b) for a in range(4) for b in range(4) if ends[0, a] > ends[0, b] and ends[1, a] < ends[1, b]
    }
    assert {(it.model, it.other) for it in crossings} == swaps
    assert [it.prevalence for it in crossings] == sorted(it.prevalence for it in crossings)


def test_models_that_are_equal_share_a_rank():
    said = np.array([[0, 0, 1], [1, 1, 1]])
    found = standings(said, [0, 1], [0, 1], draws=20)
    assert found.ranks("given")[0].tolist() == [1.5, 1.5, 3.0]
    assert found.first("given")[0] == found.first("given")[1]
    assert not found.crossings()


def test_intervals_of_differences_cover():
    """Of 200 test sets out of one population, 88 to 99 % of the intervals hold the difference in that population."""
    said, told, corrected = made(7, n=200_000)
    whole = standings(said, told, corrected, draws=0)
    target = whole.difference(0, 3, "corrected")[0]
    shared = whole.curve([0.5]).corrected[0, 0, 0]
    rng, inside, held = np.random.default_rng(0), 0, 0
    for i in range(200):
        rows = rng.choice(len(told), 600, replace=False)
        found = standings(said[rows], told[rows], corrected[rows], draws=300, random_state=i)
        _, low, high = found.difference(0, 3, "corrected")
        inside += low <= target <= high
        _, low, high = found.curve([0.5]).corrected[:, 0, 0]
        held += low <= shared <= high
    assert 176 <= inside <= 198
    assert 176 <= held <= 198


@pytest.mark.parametrize(("rate", "caught"), [(0.02, 0.5), (0.06, 0.7), (0.1, 0.3)])
def test_the_stated_error_rate_covers(rate, caught):
    """A test set of 3,000, flagged rows looked at in full or in part, 150 of the others: 95 % in 92 to 99 of 100."""
    rng, inside, wide = np.random.default_rng(int(1000 * rate)), 0, []
    for _ in range(400):
        wrong = rng.random(3000) < rate
        flagged = np.where(wrong, rng.random(3000) < caught, rng.random(3000) < 0.03)
        rows = np.concatenate(
            [np.flatnonzero(flagged), rng.choice(np.flatnonzero(~flagged), 150, replace=False)]
        )
        seen = rng.random(len(rows)) < rng.choice([0.6, 1.0])
        sizes = (int(flagged.sum()), int((~flagged).sum()))
        found = error_rate(wrong[rows], flagged[rows], seen, sizes)
        inside += found.low <= wrong.mean() <= found.high
        wide.append(found.high - found.low)
    assert 0.92 <= inside / 400 <= 0.99
    assert np.mean(wide) < 0.12


def test_a_stratum_has_the_posterior_of_scipy():
    from scipy import stats

    wrong = np.arange(60) < 7
    found = error_rate(wrong, np.zeros(60, bool), np.ones(60, bool), (0, 900))
    rest = stats.betabinom(840, 7.5, 53.5)
    assert found.low == pytest.approx((7 + rest.ppf(0.025)) / 900)
    assert found.high == pytest.approx((7 + rest.ppf(0.975)) / 900)


def test_a_set_looked_at_in_full_has_no_doubt():
    wrong, flagged = np.array([True, False, False, True]), np.array([True, True, False, False])
    found = error_rate(wrong, flagged, np.ones(4, bool), (2, 2))
    assert found == (0.5, 0.5, 0.5)
    assert np.isnan(error_rate(wrong, flagged, flagged, (2, 2)).value)  # nobody looked at the others
    assert error_rate(wrong[:2], flagged[:2], flagged[:2], (2, 0)).value == 0.5


@pytest.mark.parametrize(
    ("said", "told", "corrected", "message"),
    [
        (np.zeros((2, 2)), [0, 1, 1], [0, 1, 1], "one row per item"),
        (np.zeros(2), [0, 1], [0, 1], "one row per item"),
        (np.zeros((2, 2)), [0, 1], [-1, -1], "nothing can be ranked"),
    ],
)
def test_what_cannot_be_counted(said, told, corrected, message):
    with pytest.raises(InputError, match=message):
        standings(said, told, corrected)
