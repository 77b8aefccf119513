"""The laws of counts behind `Bags`: one count by a slow oracle, the approximation by the exact count."""

import itertools
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax, logsumexp
from sklearn.datasets import load_digits, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from labelwright import Bags
from labelwright.evidence import counting
from labelwright.evidence.saddlepoint import possible, saddlepoint, tilt

SLOWLY = settings(derandomize=True, deadline=None, max_examples=40)
SEEDS = st.integers(0, 2**31 - 1)


def two(second):
    second = np.asarray(second, dtype=float)
    return np.stack([1 - second, second], axis=1)


def log_oracle(logs, low, high):
    """Log P(count within the limits | class of item), by forward-backward over all counts in logs."""
    m = len(logs)

    def sums(rows):
        laws = [np.array([0.0])]
        for q, p in rows:
            law = np.append(laws[-1] + q, -np.inf)
            law[1:] = np.logaddexp(law[1:], laws[-1] + p)
            laws.append(law)
        return laws

    before, after = sums(logs), sums(logs[::-1])
    out = np.full((m, 2), -np.inf)
    for i, y in itertools.product(range(m), (0, 1)):
        a, b = before[i], after[m - 1 - i]
        for s in range(max(low - y, 0), min(high - y, m - 1) + 1):
            taken = np.arange(max(0, s - len(b) + 1), min(i, s) + 1)
            out[i, y] = np.logaddexp(out[i, y], logsumexp(a[taken] + b[s - taken]))
    return out


def extreme(rng, m):
    """Probabilities (m, 2) of all kinds: moderate, certain, almost certain to 1e-300 on either side."""
    kind = rng.integers(5)
    if kind == 0:
        return two(rng.choice([1e-300, 1 - 1e-16, 0.5, 1e-10, 0.3, 0, 1], m))
    if kind == 1:
        return two(rng.beta(0.05, 0.05, m))
    if kind == 2:
        return two(np.full(m, rng.random()))
    odds = np.clip(rng.normal(0, rng.choice([1, 30, 300]), m), -690, 690)
    table = np.exp(np.stack([-np.logaddexp(0, odds), -np.logaddexp(0, -odds)], axis=1))
    if kind == 3:
        table[rng.random(m) < 0.3] = [1e-300, 1]
        table[rng.random(m) < 0.3] = [1, 1e-300]
    return table


@SLOWLY
@given(SEEDS, st.sampled_from([1, 2, 7, 30, 60]))
def test_two_classes_equal_the_log_domain_at_all_extremes(seed, m):
    rng = np.random.default_rng(seed)
    states = extreme(rng, m)
    low = int(rng.integers(0, m + 1))
    high = low if rng.random() < 0.6 else int(rng.integers(low, m + 1))
    with np.errstate(divide="ignore"):
        expected = log_oracle(np.log(states), low, high)
    found = Bags.between(np.zeros(m, int), [low], [high]).message(states)
    np.testing.assert_array_equal(np.isneginf(found), np.isneginf(expected))
    both = np.isfinite(expected)
    np.testing.assert_allclose(found[both], expected[both], rtol=1e-10, atol=1e-10)
    sure = both.all(axis=1)  # the posterior hangs on the difference alone
    difference = np.diff(found[sure], axis=1) - np.diff(expected[sure], axis=1)
    assert np.abs(difference).max(initial=0) < 1e-9


@pytest.mark.parametrize("seed", range(4))
def test_two_classes_equal_the_log_domain_in_larger_bags(seed):
    rng = np.random.default_rng(seed)
    states = extreme(rng, 300)
    count = int(rng.integers(300)) if seed % 2 else int(states[:, 1].sum())
    with np.errstate(divide="ignore"):
        expected, found = (
            log_oracle(np.log(states), count, count),
            Bags(np.zeros(300, int), [count]).message(states),
        )
    np.testing.assert_array_equal(np.isneginf(found), np.isneginf(expected))
    np.testing.assert_allclose(found[np.isfinite(found)], expected[np.isfinite(found)], rtol=1e-9, atol=1e-9)


def test_an_item_of_neither_class_leaves_a_message_to_itself_alone():
    states = np.array([[0.3, 0.7], [0.0, 0.0], [0.6, 0.4]])
    message = Bags([0, 0, 0], [1]).message(states)
    assert np.isneginf(message[[0, 2]]).all()
    np.testing.assert_allclose(np.exp(message[1]), [0.3 * 0.4 + 0.7 * 0.6, 0.3 * 0.6])
    states[2] = 0.0
    assert np.isneginf(Bags([0, 0, 0], [1]).message(states)).all()


def exactly(probs, low, high):
    """Posterior and log-evidence by forward-backward, however long it takes."""
    order = np.argsort(high, kind="stable")
    logs, found = np.log(np.maximum(probs, 1e-300)), np.empty(probs.shape)
    message = np.empty(probs.shape)
    counting.several_classes(np.ascontiguousarray(logs[:, order]), low[order], high[order], found)
    message[:, order] = found
    joint = logs + message
    return np.exp(log_softmax(joint, axis=1)), logsumexp(joint, axis=1).mean()


@SLOWLY
@given(SEEDS)
def test_counting_in_logs_and_in_plain_numbers_agree(seed):
    rng = np.random.default_rng(seed)
    m = int(rng.integers(3, 30))
    probs = rng.dirichlet(np.ones(3), m)
    counts = np.sort(np.bincount(rng.integers(3, size=m), minlength=3))
    logs, plain, scaled = np.log(probs), np.empty((m, 3)), np.empty((m, 3))
    counting.several_classes(logs, counts, counts, plain)
    shift = np.array([-300.0, 20.0, -5.0])  # makes plain numbers underflow
    counting.several_classes(logs + shift, counts, counts, scaled)
    np.testing.assert_allclose(scaled, plain + shift @ counts - shift, rtol=1e-9, atol=1e-9)


@cache
def classifiers():
    """Held-out probabilities and labels of wine and of four digits, with noisy features; two models each."""
    found = []
    for load, keep in ((load_wine, range(3)), (load_digits, (3, 5, 8, 9))):
        X, y = load(return_X_y=True)
        rows = np.isin(y, keep)
        X, y = X[rows], np.searchsorted(keep, y[rows])
        X = X + np.random.default_rng(0).normal(0, 1.5 * X.std(axis=0) + 1e-9, X.shape)
        for model in (LogisticRegression(), GaussianNB()):
            pipe = make_pipeline(StandardScaler(), model)
            found.append((cross_val_predict(pipe, X, y, cv=5, method="predict_proba"), y))
    return found


def measured_cases(sizes, each, seed=0):
    """Probabilities and the counts of labels drawn with them (Dirichlet) or of the true labels (classifiers)."""
    rng = np.random.default_rng(seed)
    for m in sizes:
        for probs, y in classifiers():
            for _ in range(each):
                rows = rng.choice(len(y), m, replace=False)
                yield m, probs[rows], np.bincount(y[rows], minlength=probs.shape[1])
        for alpha, k in itertools.product((0.2, 1.0, 5.0), (3, 4)):
            for _ in range(each):
                probs = rng.dirichlet(np.full(k, alpha), m)
                y = (np.log(probs + 1e-300) + rng.gumbel(size=probs.shape)).argmax(axis=1)
                yield m, probs, np.bincount(y, minlength=k)


def errors(probs, low, high):
    """Largest and mean error of the approximate posterior, and the error of the log-evidence, of one bag."""
    expected, told = exactly(probs, low, high)
    logs = np.log(np.maximum(probs, 1e-300))
    joint = logs + saddlepoint(logs, low, high)
    off = np.abs(np.exp(log_softmax(joint, axis=1)) - expected)
    return off.max(), off.mean(), abs(logsumexp(joint, axis=1)[0] - told)


@pytest.mark.parametrize(
    ("m", "largest", "mean", "log_evidence"),
    [(10, 0.08, 0.003, 0.2), (20, 0.06, 0.0012, 0.15), (60, 0.01, 1e-4, 0.03)],
)
def test_the_approximation_is_as_near_as_the_docstring_says(m, largest, mean, log_evidence):
    found = [errors(p, c, c) for _, p, c in measured_cases([m], each=5) if (c > 0).all()]
    assert len(found) > 20
    assert max(f[0] for f in found) < largest
    assert np.mean([f[1] for f in found]) < mean
    assert max(f[2] for f in found) < log_evidence


def test_the_approximation_of_intervals_is_as_near_as_the_docstring_says():
    found = []
    for m, probs, counts in measured_cases([20, 60], each=4):
        told = Bags.between(
            np.zeros(m, int), np.maximum(counts - 1, 0)[None], np.minimum(counts + 1, m)[None]
        )
        if (counts > 0).all():
            found.append(errors(probs, told.low[0], told.high[0]))
    assert len(found) > 40
    assert max(f[0] for f in found) < 0.09
    assert np.mean([f[1] for f in found]) < 0.003
    assert max(f[2] for f in found) < 0.15


def almost_certain(rng, m, doubt):
    """Two pairs of classes that are hardly ever mistaken; now and then the counts say that one item was."""
    y = rng.integers(4, size=m)
    probs, other = np.full((m, 4), 1e-9), doubt * rng.random(m)
    probs[np.arange(m), y], probs[np.arange(m), y ^ 1] = 1 - other, other
    probs /= probs.sum(axis=1, keepdims=True)
    said = np.where(rng.random(m) < other, y ^ 1, y)
    said[0] ^= rng.random() < 0.5
    return probs, np.bincount(said, minlength=4)


@pytest.mark.parametrize("doubt", [1e-12, 1e-3, 0.05, 0.2])
def test_the_approximation_bears_items_that_are_almost_certain(doubt):
    rng = np.random.default_rng(0)
    cases = [almost_certain(rng, m, doubt) for m in (10, 20, 40) for _ in range(5)]
    found = [errors(probs, counts, counts) for probs, counts in cases if (counts > 0).all()]
    assert max(f[0] for f in found) < 0.08
    assert max(f[2] for f in found) < 0.9


@SLOWLY
@given(SEEDS)
def test_tilted_counts_are_the_told_ones_and_slack_limits_leave_all_as_it_is(seed):
    rng = np.random.default_rng(seed)
    m, k = int(rng.integers(5, 80)), int(rng.integers(2, 7))
    logs = log_softmax(rng.normal(0, rng.choice([1, 10, 100]), (m, k)), axis=1)
    counts = np.bincount(rng.integers(k, size=m), minlength=k) + 1
    m, logs = m + k, np.vstack([logs, np.zeros((k, k))])
    low, high = np.maximum(counts - rng.integers(0, 4, k), 1), np.minimum(counts + rng.integers(0, 4, k), m)
    t, off = tilt(logs, low, high)
    expected = np.exp(log_softmax(logs + t, axis=1)).sum(axis=0)
    assert off < 1e-8
    assert (expected > low - 1e-7).all()
    assert (expected < high + 1e-7).all()
    inside = (low + 1e-6 < expected) & (expected < high - 1e-6)
    assert (t[inside] == 0).all()


@SLOWLY
@given(SEEDS)
def test_whether_counts_are_possible_equals_trying_all(seed):
    rng = np.random.default_rng(seed)
    m, k = rng.integers(1, 6), rng.integers(2, 4)
    allowed = rng.random((m, k)) < 0.6
    counts = np.bincount(rng.integers(k, size=m), minlength=k)
    low, high = np.maximum(counts - rng.integers(0, 2, k), 0), counts + rng.integers(0, 2, k)
    tried = False
    for labels in itertools.product(range(k), repeat=int(m)):
        found = np.bincount(labels, minlength=k)
        tried |= bool(allowed[np.arange(m), labels].all() and (low <= found).all() and (found <= high).all())
    assert possible(allowed, low, high) == tried
