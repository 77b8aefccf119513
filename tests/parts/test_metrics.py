"""Metrics of probabilities: known values, plain loops, scikit-learn where it measures the same, order, edges."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, ndcg_score
from sklearn.metrics import log_loss as peer_log_loss

from labelwright import Candidates, Exact, InputError, Marks, Soft, Votes
from labelwright.parts import metrics
from labelwright.testing.maps import check_metric

FEW = settings(derandomize=True, deadline=None, max_examples=40)
SEEDS = st.integers(0, 2**31 - 1)


def labelled(seed, n=40, k=3, digits=1):
    """Probabilities with ties, and labels of which some are missing."""
    rng = np.random.default_rng(seed)
    probs = np.round(rng.dirichlet(np.ones(k), n), digits)
    probs[:, -1] = np.abs(np.round(1 - probs[:, :-1].sum(axis=1), digits))
    codes = rng.integers(-1, k, n)
    codes[0] = 0
    return probs / probs.sum(axis=1, keepdims=True), Exact.from_codes(codes, np.arange(k))


LABELS = {
    "ece": (metrics.expected_calibration_error, False),
    "ece equal width": (partial(metrics.expected_calibration_error, adaptive=False), False),
    "classwise": (metrics.classwise_calibration_error, False),
    "brier": (metrics.brier, False),
    "log loss": (metrics.log_loss, False),
    "aurc": (lambda p, y: metrics.aurc(p, _misses(p, y)), False),
    "precision": (partial(metrics.precision_at, k=2), True),
    "ndcg": (partial(metrics.ndcg_at, k=3), True),
}


def _misses(probs, told):
    if not isinstance(told, Exact):
        raise InputError("told holds no labels")
    return np.where(told.known, probs.argmax(axis=1) != told.codes, np.nan)


@pytest.mark.parametrize("name", LABELS)
def test_contract(name):
    metric, higher = LABELS[name]
    check_metric(metric, higher_is_better=higher)


def test_calibration_errors_by_hand():
    probs = [[0.9, 0.1]] * 4 + [[0.4, 0.6]] * 4
    told = [0, 0, 0, 1, 1, 1, 0, 0]
    # Sure 0.9 and right 3 of 4; sure 0.6 and right 2 of 4.
    for adaptive in (True, False):
        ece = metrics.expected_calibration_error(probs, told, bins=2, adaptive=adaptive)
        assert ece == pytest.approx((0.15 + 0.1) / 2 if adaptive else (0.9 + 0.6) / 2 - 5 / 8)
        assert metrics.classwise_calibration_error(probs, told, bins=2) == pytest.approx((0.15 + 0.1) / 2)
    assert metrics.expected_calibration_error(np.eye(2)[[0, 1, 1]], [0, 1, 1]) == 0
    assert metrics.expected_calibration_error(np.eye(2)[[0, 1, 1]], [1, 0, 0]) == 1
    assert metrics.expected_calibration_error(
        [[0.7, 0.3]] * 2, Soft([[0.7, 0.3], [0.5, 0.5]])
    ) == pytest.approx(0.1)


def slow_gap(sure, right, bins, adaptive):
    edges = np.quantile(sure, np.arange(1, bins) / bins) if adaptive else np.arange(1, bins) / bins
    total = 0.0
    for b in range(bins):
        low = edges[b - 1] if b else -1.0
        high = edges[b] if b < bins - 1 else 2.0
        inside = [i for i in range(len(sure)) if low < sure[i] <= high]
        if inside:
            accuracy = sum(right[i] for i in inside) / len(inside)
            total += len(inside) / len(sure) * abs(accuracy - sum(sure[i] for i in inside) / len(inside))
    return total


@FEW
@given(SEEDS, st.integers(1, 20), st.booleans())
def test_calibration_errors_equal_plain_loops(seed, bins, adaptive):
    probs, told = labelled(seed, digits=3)
    rows = np.flatnonzero(told.known)
    right = []
    for i in rows:
        top = [j for j in range(3) if probs[i, j] == max(probs[i])]
        right.append((told.codes[i] in top) / len(top))
    found = metrics.expected_calibration_error(probs, told, bins, adaptive=adaptive)
    assert found == pytest.approx(slow_gap([max(probs[i]) for i in rows], right, bins, adaptive), abs=1e-12)
    each = [
        slow_gap([probs[i, j] for i in rows], [told.codes[i] == j for i in rows], bins, adaptive)
        for j in range(3)
    ]
    found = metrics.classwise_calibration_error(probs, told, bins, adaptive=adaptive)
    assert found == pytest.approx(np.mean(each), abs=1e-12)


@pytest.mark.parametrize("adaptive", [True, False])
def test_calibration_error_of_a_calibrated_model_vanishes_as_stated(adaptive):
    errors = {}
    for n in (300, 3000, 30_000):
        found = []
        for seed in range(10):
            rng = np.random.default_rng(seed)
            p = 0.5 + rng.random(n) * 0.02
            yes = rng.random(n) < p
            probs = np.stack([p, 1 - p], axis=1)
            found.append(metrics.expected_calibration_error(probs, 1 - yes, adaptive=adaptive))
        errors[n] = np.mean(found)
    assert errors[30_000] < 0.02 < errors[300]
    if adaptive:
        for n, error in errors.items():
            assert error == pytest.approx(0.4 * np.sqrt(15 / n), rel=0.25)
    overconfident = np.stack([p**0.1, 1 - p**0.1], axis=1)
    assert metrics.expected_calibration_error(overconfident, 1 - yes, adaptive=adaptive) > 0.4


def test_ties_share_a_bin_whatever_their_number():
    probs, told = np.array([[0.7, 0.3]] * 20 + [[0.9, 0.1]]), [0] * 10 + [1] * 11
    for bins in (1, 5, 50):
        found = metrics.expected_calibration_error(probs, told, bins)
        assert found == pytest.approx(abs(0.5 - 0.7) * 20 / 21 + 0.9 / 21)


@FEW
@given(SEEDS)
def test_brier_and_log_loss_agree_with_scikit_learn(seed):
    for k in (2, 4):
        probs, told = labelled(seed, k=k, digits=2)
        rows = told.known
        codes = told.codes[rows]
        one_hot = np.eye(k)[codes]
        assert metrics.brier(probs, told) == pytest.approx(((probs[rows] - one_hot) ** 2).sum(axis=1).mean())
        expected = peer_log_loss(codes, probs[rows], labels=np.arange(k))
        assert metrics.log_loss(probs, told) == pytest.approx(expected)
    probs, told = labelled(seed, k=2)
    rows = told.known
    expected = brier_score_loss(told.codes[rows] == 1, probs[rows, 1], pos_label=True)
    assert metrics.brier(probs, told) / 2 == pytest.approx(expected)


def test_log_loss_of_other_evidence():
    probs = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8], [0.2, 0.2, 0.6]])
    sets = Candidates([[True, True, False], [False, False, True], [True, True, True]])
    assert metrics.log_loss(probs, sets) == pytest.approx(-(np.log(0.8) + np.log(0.8)) / 2)
    heard = Exact([0, None, 2], classes=range(3)).noisy(0.2)
    chance = [0.8 * 0.5 + 0.1 * 0.5, 0.8 * 0.6 + 0.1 * 0.4]
    assert metrics.log_loss(probs, heard) == pytest.approx(-np.log(chance).mean())
    tags = np.array([[0.9, 0.2, 0.5], [0.3, 0.3, 0.3]])
    marks = Marks([[1, 0, -1], [-1, -1, -1]])
    assert metrics.log_loss(tags, marks) == pytest.approx(-np.log(0.9) - np.log(0.8))
    assert metrics.log_loss([[1.0]], [[0]]) == pytest.approx(-np.log(metrics.LEAST))
    assert metrics.log_loss(np.eye(2, dtype=np.float32), [1, 0]) == pytest.approx(-np.log(metrics.LEAST))


def slow_curve(doubt, wrong, rng, rounds):
    """Risk at every coverage, ties broken at random over and over."""
    total = np.zeros(len(doubt))
    for _ in range(rounds):
        order = sorted(range(len(doubt)), key=lambda i: (doubt[i], rng.random()))
        total += [sum(wrong[i] for i in order[: m + 1]) / (m + 1) for m in range(len(order))]
    return total / rounds


def test_risk_coverage_equals_a_plain_loop():
    rng = np.random.default_rng(0)
    doubt, wrong = rng.random(30), rng.random(30) < 0.3
    curve = metrics.risk_coverage(doubt, wrong)
    np.testing.assert_allclose(curve.risk, slow_curve(doubt, wrong, rng, 1))
    np.testing.assert_allclose(curve.coverage, np.arange(1, 31) / 30)
    assert metrics.aurc(doubt, wrong) == pytest.approx(curve.risk.mean())
    ties = np.round(doubt, 1)
    np.testing.assert_allclose(
        metrics.risk_coverage(ties, wrong).risk, slow_curve(ties, wrong, rng, 4000), atol=0.03
    )


def test_risk_coverage_takes_probabilities_and_leaves_unknown_items_out():
    probs = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.5, 0.5]])
    wrong = np.array([0, 1, np.nan, 0])
    found = metrics.risk_coverage(probs, wrong)
    np.testing.assert_allclose(found.risk, [0, 0.5, 1 / 3])
    np.testing.assert_allclose(found.risk, metrics.risk_coverage([0.1, 0.4, np.nan, 0.5], wrong).risk)
    np.testing.assert_allclose(metrics.risk_coverage([0.1, 0.2], [0.5, 1.5]).risk, [0.5, 1.0])  # any loss


@FEW
@given(SEEDS, st.integers(0, 12))
def test_excess_is_zero_for_the_best_ranking_and_positive_for_others(seed, errors):
    rng = np.random.default_rng(seed)
    wrong = rng.permutation(np.arange(12) < errors)
    assert metrics.excess_aurc(wrong + 0.0, wrong) == 0
    doubt = rng.random(12)
    excess = metrics.excess_aurc(doubt, wrong)
    best = np.mean([max(0, m - (12 - errors)) / m for m in range(1, 13)])
    assert excess == pytest.approx(metrics.aurc(doubt, wrong) - best)
    assert excess >= 0
    flat = metrics.aurc(np.zeros(12), wrong)
    assert flat == pytest.approx(errors / 12)
    assert metrics.aurc(1.0 - wrong, wrong) >= flat - 1e-12


@FEW
@given(SEEDS, st.integers(1, 6))
def test_rankings_agree_with_scikit_learn_and_plain_loops(seed, k):
    rng = np.random.default_rng(seed)
    scores, marks = np.round(rng.random((20, 6)), 1), rng.integers(0, 2, (20, 6))
    marks[0] = 1
    some = marks.any(axis=1)
    assert metrics.ndcg_at(scores, marks, k) == pytest.approx(ndcg_score(marks[some], scores[some], k=k))
    untied = scores + rng.random((20, 6)) * 1e-6
    hits = [
        sum(marks[i, j] for j in sorted(range(6), key=lambda j: -untied[i, j])[:k]) / k for i in range(20)
    ]
    assert metrics.precision_at(untied, marks, k) == pytest.approx(np.mean(hits))
    broken = [metrics.precision_at(scores + rng.random((20, 6)) * 1e-6, marks, k) for _ in range(200)]
    assert metrics.precision_at(scores, marks, k) == pytest.approx(np.mean(broken), abs=0.02)


def test_unknown_tags_are_left_out_of_the_ranking():
    scores, marks = [[0.9, 0.8, 0.7, 0.1]], [[-1, 1, 0, -1]]
    assert metrics.precision_at(scores, marks, 1) == 1
    assert metrics.precision_at(scores, marks, 4) == 0.5  # two are known
    assert metrics.ndcg_at(scores, marks, 4) == 1
    both = [[0.9, 0.8, 0.7, 0.1], [0.5, 0.5, 0.5, 0.5]]
    assert metrics.precision_at(both, [*marks, [-1] * 4], 1) == 1
    assert metrics.ndcg_at(both, [*marks, [0] * 4], 2) == 1  # no right tag: nothing to rank
    assert metrics.precision_at(both, [*marks, [0] * 4], 2) == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: metrics.brier([[0.5, 0.5]], Exact([None], classes=[0, 1])), "nothing about any of 1 items"),
        (
            lambda: metrics.log_loss([[0.5, 0.5]], Exact([None], classes=[0, 1])),
            "nothing about any of 1 items",
        ),
        (lambda: metrics.brier([[0.5, 0.5]], Candidates([[True, False]])), "told is Candidates"),
        (lambda: metrics.expected_calibration_error([[0.5, 0.5]], [[0, 1]]), "told is Marks"),
        (
            lambda: metrics.classwise_calibration_error([[0.5, 0.5]], Votes([[0]], classes=range(2))),
            "told is Votes",
        ),
        (lambda: metrics.expected_calibration_error([[0.5, 0.5]], [0], bins=0), "bins=0"),
        (lambda: metrics.log_loss([[0.5, np.nan]], [0]), "NaN in 1 rows"),
        (lambda: metrics.log_loss([[-0.5, 1.5]], [0]), r"outside \[0, 1\]"),
        (lambda: metrics.brier([[0.2, 0.2]], [0]), "sum to 1"),
        (lambda: metrics.brier([[0.5, 0.5]] * 2, [0]), "shape"),
        (lambda: metrics.aurc([0.1, 0.2], [True]), "doubt has shape"),
        (lambda: metrics.aurc([np.nan], [True]), "nothing about any of 1 items"),
        (lambda: metrics.excess_aurc([], []), "nothing about any of 0 items"),
        (lambda: metrics.precision_at([[0.5, 0.5]], [0], 1), "marks are Exact"),
        (lambda: metrics.precision_at([[0.5, 0.5]], [[0, 1, 1]], 1), "that of the marks"),
        (lambda: metrics.precision_at([[0.5, 0.5]], [[0, 1]], 3), "k=3"),
        (lambda: metrics.precision_at([[0.5, 0.5]], [[0, 1]], 0), "k=0"),
        (
            lambda: metrics.precision_at([[0.5, np.nan]], [[0, 1]], 1),
            r"NaN or infinite values \(first: row 0\)",
        ),
        (lambda: metrics.ndcg_at([[0.5, 0.5]], [[-1, -1]], 1), "nothing about any of 1 items"),
        (lambda: metrics.ndcg_at([[0.5, 0.5]], [[0, 0]], 1), "no yes"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(InputError, match=message):
        call()
