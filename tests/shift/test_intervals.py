"""Intervals of shifted priors hold the truth; bench/priors.py counts that on real tables."""

import numpy as np
import pytest

from labelwright.data import load
from labelwright.shift import METHODS, method


def drawn(n, q, rng, spread=1.1):
    """Rows of classes drawn from q, and what a classifier says that is too sure of itself by half."""
    codes = rng.choice(len(q), n, p=q)
    logits = -0.5 * ((rng.normal(size=(n, 2)) + 1.5 * CENTRES[codes])[:, None] - 1.5 * CENTRES) ** 2
    probs = np.exp(spread * logits.sum(axis=2))
    return probs / probs.sum(axis=1, keepdims=True), codes


CENTRES = np.array([[0.0, 1.0], [1.0, -0.6], [-1.0, -0.6]])
P, Q = np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.35, 0.55])


@pytest.mark.parametrize(
    "name", ["mlls", "mlls-plain", "mlls-vs", "elsa", "bbse", "bbse-hard", "rlls", "acc", "pacc"]
)
def test_analytic_intervals_cover(name):
    held = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        probs, codes = drawn(300, P, rng, spread=1.8)
        found = method(name).fit(probs, codes).interval(drawn(250, Q, rng, spread=1.8)[0], level=0.9)
        assert found.kind == "analytic"
        assert (found.low <= found.priors).all()
        assert (found.priors <= found.high).all()
        held += ((found.low <= Q) & (found.high >= Q)).tolist()
    assert 0.84 <= np.mean(held) <= 0.96


@pytest.mark.parametrize("name", ["pacc", "mlls-plain", "dys"])
def test_bootstrap_intervals_cover(name):
    held = []
    for seed in range(25):
        rng = np.random.default_rng(seed)
        probs, codes = drawn(300, P, rng, spread=1.0)
        new = drawn(250, Q, rng, spread=1.0)[0]
        found = (
            method(name).fit(probs, codes).interval(new, level=0.9, n_boot=60, kind="bootstrap", show=False)
        )
        assert found.kind == "bootstrap"
        held += ((found.low <= Q) & (found.high >= Q)).tolist()
    assert 0.8 <= np.mean(held) <= 0.99


@pytest.mark.parametrize("name", sorted(METHODS))
def test_the_same_seed_gives_the_same_interval_and_leaves_the_estimate(name):
    rng = np.random.default_rng(0)
    probs, codes = drawn(120, P, rng)
    new = drawn(80, Q, rng)[0]
    fitted = method(name).fit(probs, codes)
    once = fitted.interval(new, n_boot=4, kind="bootstrap", random_state=1)
    again = fitted.interval(new, n_boot=4, kind="bootstrap", random_state=1)
    np.testing.assert_array_equal(once.low, again.low)
    np.testing.assert_allclose(fitted.estimate(new), once.priors)
    assert ((once.low >= 0) & (once.high <= 1)).all()


def test_a_class_that_was_not_seen_may_have_been_missed():
    codes = np.arange(300) % 3
    found = method("pacc").fit(np.eye(3)[codes], codes).interval(np.eye(3)[[0, 1] * 50])
    assert found.priors[2] == pytest.approx(0, abs=1e-6)
    assert 0.015 < found.high[2] < 0.06  # three in a hundred may be missed


def test_more_rows_are_surer():
    rng = np.random.default_rng(0)
    probs, codes = drawn(4000, P, rng)
    new = drawn(4000, Q, rng)[0]
    for name in ("mlls", "elsa", "pacc"):
        wide = method(name).fit(probs[:400], codes[:400]).interval(new[:400])
        narrow = method(name).fit(probs, codes).interval(new)
        ratio = (wide.high - wide.low) / (narrow.high - narrow.low)
        assert (ratio > 2).all()
        assert (ratio < 5).all()


def test_covariance_sums_to_nothing_but_for_what_may_be_missed():
    rng = np.random.default_rng(0)
    probs, codes = drawn(500, P, rng)
    found = method("pacc").fit(probs, codes).covariance(drawn(400, Q, rng)[0])
    np.testing.assert_allclose(found - 2 / 400**2 * np.eye(3), found.T - 2 / 400**2 * np.eye(3))
    np.testing.assert_allclose((found - 2 / 400**2 * np.eye(3)).sum(axis=1), 0, atol=1e-12)


def test_a_real_table_is_covered():
    from sklearn.naive_bayes import GaussianNB

    digits = load("digits")
    X, y = np.asarray(digits.items, float).reshape(len(digits.labels), -1), np.asarray(digits.labels)
    rng = np.random.default_rng(1001)
    order = rng.permutation(len(y))
    model = GaussianNB(var_smoothing=1e-2).fit(X[order[:500]], y[order[:500]])
    probs, codes = model.predict_proba(X[order[500:]]), y[order[500:]]
    held = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        q = rng.dirichlet(np.ones(10))
        source, labels = rng.integers(len(codes), size=800), rng.choice(10, 600, p=q)
        new = [rng.choice(np.flatnonzero(codes == c)) for c in labels]
        found = method("mlls").fit(probs[source], codes[source]).interval(probs[new])
        held += ((found.low <= q) & (q <= found.high)).tolist()
    assert np.mean(held) > 0.87  # of 120; naive Bayes is far too sure of itself
