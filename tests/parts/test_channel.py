import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelwright import Exact, Noisy
from labelwright.errors import InputError
from labelwright.parts import channel


def simulated(seed=0, n=1500, k=3, rate=0.1, strength=3.0):
    """Truth drawn from calibrated probabilities, labels wrong at `rate`: probs, told, truth."""
    rng = np.random.default_rng(seed)
    logits = strength * rng.standard_normal((n, k))
    probs = np.exp(logits - logits.max(axis=1, keepdims=True))
    probs /= probs.sum(axis=1, keepdims=True)
    truth = np.minimum((rng.random((n, 1)) > probs.cumsum(axis=1)).sum(axis=1), k - 1)
    told = np.where(rng.random(n) < rate, (truth + rng.integers(1, k, n)) % k, truth)
    return probs, told, truth


def p_wrong(found, probs, told):
    return 1 - found.posterior(probs, told)[np.arange(len(told)), told]


@pytest.mark.parametrize("k", [2, 3, 7, 30])
def test_what_it_promises_for_any_number_of_classes(k):
    probs, told, truth = simulated(k, k=k)
    found = channel.fit(probs, told)
    value, low, high = found.error_rate
    assert 0 < low < value < high < 1
    assert low <= (told != truth).mean() <= high
    assert found.matrix.shape == (k, k)
    assert found.matrix.min() >= 0
    np.testing.assert_allclose(found.matrix.sum(axis=1), 1)
    np.testing.assert_allclose(found.weights.sum(), 1)
    np.testing.assert_allclose(found.posterior(probs, told).sum(axis=1), 1)
    np.testing.assert_allclose(p_wrong(found, probs, told).mean(), value, atol=1e-7)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.integers(0, 2**31), st.integers(2, 5), st.sampled_from([0.0, 0.05, 0.3]), st.integers(20, 200))
def test_sum_of_doubts_is_the_rate_on_any_small_set(seed, k, rate, n):
    probs, told, _ = simulated(seed, n=n, k=k, rate=rate)
    found = channel.fit(probs, told)
    np.testing.assert_allclose(p_wrong(found, probs, told).mean(), found.error_rate[0], atol=1e-6)
    np.testing.assert_allclose(found.matrix.sum(axis=1), 1)


def test_posterior_is_noisy_evidence_on_recalibrated_probabilities():
    probs, told, _ = simulated()
    found = channel.fit(probs, told)
    clean = found.clean(probs)
    np.testing.assert_allclose(clean.sum(axis=1), 1)
    by_hand = clean[:3] * found.matrix[:, told[:3]].T
    by_hand /= by_hand.sum(axis=1, keepdims=True)
    got = found.posterior(probs[:3], told[:3])
    np.testing.assert_allclose(got, by_hand)
    evidence = Exact.from_codes(told[:3], range(3))
    np.testing.assert_allclose(got, Noisy(evidence, found.matrix).posterior(clean[:3]))


def test_clean_probabilities_by_hand():
    link = channel.Link(
        0.5, np.array([2.0, 1.0, 1.0]), np.array([0.1, 0.0, 0.0]), np.full(3, 0.1), 0.0, 0.1, 1.0
    )
    found = channel.Channel(np.eye(3), (0.1, 0.05, 0.2), [link], np.ones(1), 1.0)
    sure = 1 / (1 + np.exp(-(2.0 * np.log(0.6 / 0.3) ** 0.5 + 0.1)))
    np.testing.assert_allclose(
        found.clean([[0.6, 0.3, 0.1]]), [[sure, (1 - sure) * 0.75, (1 - sure) * 0.25]], atol=1e-12
    )


def test_renaming_classes_commutes():
    probs, told, _ = simulated(k=4)
    order = np.array([2, 0, 3, 1])
    old, new = channel.fit(probs, told), channel.fit(probs[:, order], np.argsort(order)[told])
    np.testing.assert_allclose(new.error_rate, old.error_rate, rtol=1e-4)
    np.testing.assert_allclose(new.matrix, old.matrix[np.ix_(order, order)], atol=1e-4)


def test_order_of_rows_does_not_matter():
    probs, told, _ = simulated(k=3)
    probs = probs.round(2) / probs.round(2).sum(axis=1, keepdims=True)  # ties
    order = np.random.default_rng(1).permutation(len(told))
    old, new = channel.fit(probs, told), channel.fit(probs[order], told[order])
    np.testing.assert_allclose(new.error_rate, old.error_rate, rtol=1e-6)
    np.testing.assert_allclose(new.matrix, old.matrix, atol=1e-6)


def test_missing_labels_tell_nothing():
    probs, told, _ = simulated()
    some = told.copy()
    some[::3] = -1
    found = channel.fit(probs, Exact.from_codes(some, range(3)))
    kept = some >= 0
    alone = channel.fit(probs[kept], told[kept])
    assert found.error_rate == alone.error_rate
    posterior = found.posterior(probs, Exact.from_codes(some, range(3)))
    np.testing.assert_allclose(posterior[~kept], found.clean(probs)[~kept])


def test_class_that_is_never_told():
    probs, told, _ = simulated(k=3)
    some = told != 2
    found = channel.fit(probs[some], Exact.from_codes(told[some], range(3)))
    assert np.isfinite(found.matrix).all()
    assert np.isfinite(found.posterior(probs[some], Exact.from_codes(told[some], range(3)))).all()


@pytest.mark.parametrize(("k", "rate"), [(2, 0.05), (2, 0.3), (10, 0.02), (10, 0.2)])
def test_perfect_classifier_recovers_the_rate(k, rate):
    rng = np.random.default_rng(k)
    truth = rng.integers(0, k, 3000)
    told = np.where(rng.random(3000) < rate, (truth + rng.integers(1, k, 3000)) % k, truth)
    found = channel.fit(np.eye(k)[truth], told)
    wrong = (told != truth).mean()
    assert found.error_rate[0] == pytest.approx(wrong, abs=0.003)
    assert found.error_rate[1] <= wrong <= found.error_rate[2]
    assert (p_wrong(found, np.eye(k)[truth], told) > 0.5).tolist() == (told != truth).tolist()


def test_matrix_finds_which_class_is_told_for_which():
    probs, _, truth = simulated(n=6000, k=4, strength=6.0)
    rng = np.random.default_rng(5)
    told = np.where(rng.random(len(truth)) < 0.15, (truth + 1) % 4, truth)  # each class for the one before
    matrix = channel.fit(probs, told).matrix
    next_one = matrix[np.arange(4), (np.arange(4) + 1) % 4]
    np.testing.assert_allclose(next_one, 0.15, atol=0.06)
    assert (matrix.sum(axis=1) - np.diagonal(matrix) - next_one).max() < 0.02


def test_other_rows_than_those_fitted_on():
    probs, told, truth = simulated(n=4000)
    found = channel.fit(probs[:2000], told[:2000])
    doubt = p_wrong(found, probs[2000:], told[2000:])
    assert doubt.mean() == pytest.approx((told != truth)[2000:].mean(), abs=0.03)
    assert (told != truth)[2000:][np.argsort(-doubt)[:50]].mean() > 0.8


@pytest.mark.parametrize("k", [2, 4])
def test_slopes_equal_finite_differences(k):
    probs, told, _ = simulated(k=k, n=400)
    first, margin, _ = channel._margins(probs)
    cells = channel._cells(first, margin, first == told, k)
    curve = channel._Curve(cells, 0.6, (0.3, 0.8, 0.8))
    theta = curve.start + 0.3 * np.random.default_rng(0).standard_normal(len(curve.start))
    step = 1e-5 * np.eye(len(theta))

    def differences(function):
        return np.array([(function(theta + s) - function(theta - s)) / 2e-5 for s in step])

    np.testing.assert_allclose(curve.slopes(theta)[0], differences(curve.value), rtol=1e-5, atol=1e-4)
    by_theta = curve.error_rate(theta)[1]
    np.testing.assert_allclose(by_theta, differences(lambda t: curve.error_rate(t)[0]), rtol=1e-5, atol=1e-8)


def test_cells_keep_every_row():
    probs, told, _ = simulated(k=3, n=1000)
    first, margin, _ = channel._margins(probs)
    classes, mean, rows, agree, _ = channel._cells(first, margin, first == told, 3)
    assert rows.sum() == 1000
    assert agree.sum() == (first == told).sum()
    np.testing.assert_allclose(rows @ mean, margin.sum())
    assert np.bincount(classes, rows).tolist() == np.bincount(first).tolist()
    assert np.bincount(classes).max() <= 100


def test_many_rows_of_many_classes_are_drawn_from(monkeypatch):
    monkeypatch.setattr(channel, "SIZE", 3000)
    probs, told, _ = simulated(n=3000)
    one, two = (channel.fit(probs, told, rng=np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(one.matrix, two.matrix)
    np.testing.assert_allclose(p_wrong(one, probs, told).mean(), one.error_rate[0], atol=1e-7)


def test_refuses_what_is_no_single_label():
    probs, told, _ = simulated()
    with pytest.raises(InputError, match="one label per item"):
        channel.fit(probs, Exact.from_codes(told, range(3)).noisy(0.1))
    with pytest.raises(InputError, match="no item has a label"):
        channel.fit(probs, Exact.from_codes(np.full(len(told), -1), range(3)))
