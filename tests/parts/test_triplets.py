from itertools import permutations

import numpy as np
import pytest

from labelwright import InputError
from labelwright.parts import triplets
from labelwright.parts.distances import kendall_tau

METHODS = triplets.METHODS


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("sources", [3, 4, 5, 8])
def test_exact_distances_are_solved_exactly(method, sources):
    rng = np.random.default_rng(sources)
    e = rng.uniform(0.1, 3, sources)
    np.testing.assert_allclose(triplets.expected_distance(e[:, None] + e, method=method), e)
    c = rng.uniform(0.1, 1, sources)
    found = triplets.expected_distance(0.7 * (1 - c[:, None] * c), chance=0.7, method=method)
    np.testing.assert_allclose(found, 0.7 * (1 - c), atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_sources_may_share_no_item(method):
    e = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    table = e[:, None] + e
    table[0, 1] = table[1, 0] = table[4, 5] = table[5, 4] = np.nan
    np.testing.assert_allclose(triplets.expected_distance(table, method=method), e)
    table[2] = table[:, 2] = np.nan
    found = triplets.expected_distance(table, method=method)
    assert np.isnan(found[2])


def test_order_of_sources_does_not_matter():
    rng = np.random.default_rng(0)
    noise = rng.uniform(0, 0.2, (7, 7))
    e = rng.uniform(0.5, 1, 7)
    table = e[:, None] + e + noise + noise.T
    order = rng.permutation(7)
    for method in METHODS:
        for chance in (None, 3.0):
            found = triplets.expected_distance(table, chance=chance, method=method)
            again = triplets.expected_distance(table[np.ix_(order, order)], chance=chance, method=method)
            np.testing.assert_allclose(again, found[order], atol=1e-6)


def test_least_squares_has_no_slope_left():
    rng = np.random.default_rng(1)
    table = rng.uniform(1, 2, (6, 6))
    table, weight = table + table.T, rng.integers(1, 9, (6, 6))
    weight = weight + weight.T
    np.fill_diagonal(weight, 0)
    e = triplets.expected_distance(table, weight)
    np.testing.assert_allclose((weight * (table - e[:, None] - e)).sum(axis=1), 0, atol=1e-9)


def test_the_median_ignores_a_pair_that_copies():
    e = np.linspace(1, 2, 9)
    table = e[:, None] + e
    table[0, 1] = table[1, 0] = 0.0
    found = triplets.expected_distance(table, method="median")
    np.testing.assert_allclose(found, e)
    assert abs(triplets.expected_distance(table) - e).max() > 0.1


def test_many_partners_are_cut_to_those_with_most_items(monkeypatch):
    e = np.linspace(1, 2, 12)
    table, shared = e[:, None] + e, np.ones((12, 12))
    table[:, :3] = table[:3] = 0.0  # wrong, but about few items
    shared[3:, 3:] = 50
    monkeypatch.setattr(triplets, "MOST_PARTNERS", 8)
    np.testing.assert_allclose(triplets.expected_distance(table, shared, method="median")[3:], e[3:])


def test_sources_by_chance_leave_the_others_alone():
    c = np.array([0.9, 0.8, 0, 0, 0, 0])
    found = triplets.expected_distance(0.5 * (1 - c[:, None] * c), chance=0.5)
    assert found[0] * 0 == 0
    assert (found[:2] < 0.1).all()
    assert (found[2:] > 0.49).all()


def test_nothing_to_tell_apart():
    assert triplets.expected_distance(np.zeros((3, 3)), chance=0.0).tolist() == [0, 0, 0]
    assert triplets.expected_distance(np.zeros((3, 3))).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("table", "options", "says"),
    [
        (np.zeros((2, 2)), {}, "between 2 sources"),
        (np.zeros((3, 4)), {}, r"shape \(3, 4\)"),
        (np.triu(np.ones((3, 3))), {}, "not symmetric"),
        (-np.ones((3, 3)), {}, "negative or infinite"),
        (np.full((3, 3), np.inf), {}, "negative or infinite"),
        (np.ones((3, 3)), {"method": "mean"}, "method='mean'"),
        (np.ones((3, 3)), {"shared": np.ones(3)}, "shared has shape"),
    ],
)
def test_bad_input(table, options, says):
    with pytest.raises(InputError, match=says):
        triplets.expected_distance(table, **options)


@pytest.mark.parametrize("things", [2, 3, 5])
def test_mallows_expectation_is_that_of_all_orders(things):
    orders = np.array(list(permutations(range(things))))
    apart = kendall_tau(orders, np.arange(things), things=things)
    theta = np.array([0.0, 1e-5, 0.01, 0.5, 2.0, 8.0])
    mass = np.exp(-theta[:, None] * apart * things * (things - 1) / 2)
    found = triplets.mallows_expected(theta, things)
    np.testing.assert_allclose(found, (mass @ apart) / mass.sum(axis=1), atol=1e-4)
    assert (np.diff(found) <= 0).all()


def test_mallows_map_goes_back():
    theta = np.array([0.05, 0.5, 2.0, 6.0])
    np.testing.assert_allclose(triplets.mallows(triplets.mallows_expected(theta, 6), 6), theta, rtol=1e-6)
    assert triplets.mallows([0.5, 0.7], 6).tolist() == [0, 0]
    assert triplets.mallows([0.0], 6)[0] == pytest.approx(triplets.MOST_THETA)


def test_mallows_samples_are_as_probable_as_the_model_says():
    rng = np.random.default_rng(0)
    centre = np.array([2, 0, 3, 1])
    found = triplets.mallows_sample(np.tile(centre, (40_000, 1)), 0.7, rng)
    assert (np.sort(found, axis=1) == np.arange(4)).all()
    orders = np.array(list(permutations(range(4))))
    mass = np.exp(-0.7 * 6 * kendall_tau(orders, centre))
    share = (found[:, None] == orders).all(axis=2).mean(axis=0)
    np.testing.assert_allclose(share, mass / mass.sum(), atol=0.01)


def test_gibbs_expectation_is_the_plain_sum():
    points = np.random.default_rng(0).normal(size=(12, 2))
    table = np.sqrt(((points[:, None] - points) ** 2).sum(axis=-1))
    for theta in (0.0, 0.3, 2.0):
        means = [(np.exp(-theta * row) * row).sum() / np.exp(-theta * row).sum() for row in table]
        assert triplets.gibbs_expected(theta, table) == pytest.approx(np.mean(means))
    np.testing.assert_allclose(triplets.gibbs(triplets.gibbs_expected([0.3, 2.0], table), table), [0.3, 2.0])


def test_gibbs_of_plain_classes_is_the_log_odds_and_scales():
    rate = np.array([0.1, 0.3, 0.9])
    found = triplets.gibbs(rate, 1 - np.eye(4))
    np.testing.assert_allclose(found[:2], np.log(3 * (1 - rate[:2]) / rate[:2]))
    assert found[2] == 0
    np.testing.assert_allclose(triplets.gibbs(5 * rate, 5 * (1 - np.eye(4))), found / 5)


def test_many_different_distances_are_rounded(monkeypatch):
    points = np.random.default_rng(0).uniform(size=100)
    table = np.abs(points[:, None] - points)
    exact = triplets.gibbs([0.1, 0.2], table)
    monkeypatch.setattr(triplets, "MOST_LEVELS", 500)
    np.testing.assert_allclose(triplets.gibbs([0.1, 0.2], table), exact, rtol=0.02)


def test_normal_errors():
    assert triplets.gaussian([2.0], size=4).tolist() == [1.0]
    assert np.isfinite(triplets.inverse([0.0])).all()


def test_the_better_of_two_minima_is_found():
    agreement = np.full((5, 5), -0.5)
    agreement[:2, :2], agreement[2:, 2:] = 0.8, 0.1
    found = triplets.expected_distance(1 - agreement, chance=1.0)
    np.testing.assert_allclose(found, [1 - np.sqrt(0.8)] * 2 + [1] * 3, atol=1e-6)
