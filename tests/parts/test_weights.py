"""Weights: against plain loops and what they are for; the contract of the role."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelwright import InputError
from labelwright.parts import weights
from labelwright.testing.gradients import check_weights

QUICK = settings(derandomize=True, deadline=None, max_examples=40)
NAN = np.nan


@pytest.mark.parametrize(
    "function",
    [
        partial(weights.threshold, most=0.5),
        partial(weights.small_loss, keep=0.6),
        partial(weights.small_loss, keep=0.6, codes=None),
        weights.soft_match,
        partial(weights.soft_match, centre=0.4, spread=0.2),
        partial(weights.soft_match, centre=0.4, spread=0.0),
        partial(weights.importance, prior=[0.1, 0.2, 0.3, 0.4], wanted=[0.25] * 4),
        partial(weights.effective_number, beta=0.9),
    ],
)
def test_weights_keep_the_contract(function):
    check_weights(function)


def test_small_loss_without_classes_keeps_the_contract():
    check_weights(lambda scores: weights.small_loss(scores, 0.6))


@st.composite
def scored(draw):
    n = draw(st.integers(0, 25))
    score = st.one_of(st.sampled_from([0.1, 0.5, NAN]), st.floats(0, 1))
    return np.array(draw(st.lists(score, min_size=n, max_size=n)), dtype=float), draw(st.integers(0, 10)) / 10


@QUICK
@given(scored())
def test_small_loss_equals_sorting(case):
    scores, keep = case
    known = [i for i in range(len(scores)) if not np.isnan(scores[i])]
    tenths = round(keep * 10) * len(known)
    kept = sorted(known, key=lambda i: (scores[i], i))[: -(-tenths // 10)]
    np.testing.assert_array_equal(weights.small_loss(scores, keep), np.isin(np.arange(len(scores)), kept))


@QUICK
@given(scored(), st.integers(0, 10**6))
def test_small_loss_by_class_is_small_loss_in_each_class(case, seed):
    scores, keep = case
    codes = np.random.default_rng(seed).integers(-1, 3, len(scores))
    found = weights.small_loss(scores, keep, codes=codes)
    assert not found[codes < 0].any()
    for code in range(3):
        np.testing.assert_array_equal(found[codes == code], weights.small_loss(scores[codes == code], keep))


def test_small_loss_rounds_up_what_floats_do_not():
    assert weights.small_loss(np.arange(10.0), 0.7).sum() == 7
    assert weights.small_loss(np.arange(10.0), 0.71).sum() == 8
    assert weights.small_loss([0.3], 0.01).tolist() == [1.0]
    assert weights.small_loss([0.3, 0.2], 0.0).tolist() == [0.0, 0.0]
    assert weights.small_loss([NAN, 0.2], 1.0).tolist() == [0.0, 1.0]


def test_small_loss_by_class_spares_the_hard_class():
    scores, codes = np.r_[np.linspace(0, 0.3, 50), np.linspace(0.4, 0.9, 50)], np.repeat([0, 1], 50)
    assert weights.small_loss(scores, 0.5)[codes == 1].sum() == 0
    assert weights.small_loss(scores, 0.5, codes=codes)[codes == 1].sum() == 25


def test_threshold_takes_the_border():
    assert weights.threshold([0.5, 0.51, NAN], 0.5).tolist() == [1.0, 0.0, 0.0]


@QUICK
@given(scored(), st.floats(0, 1), st.floats(0.01, 2))
def test_soft_match_equals_its_formula(case, centre, spread):
    scores, _ = case
    expected = [
        0.0 if np.isnan(s) else 1.0 if s <= centre else np.exp(-((s - centre) ** 2) / (2 * spread**2))
        for s in scores
    ]
    np.testing.assert_allclose(weights.soft_match(scores, centre, spread), expected, atol=1e-9)


def test_soft_match_finds_its_centre_and_spread():
    scores = np.array([0.1, 0.2, NAN, 0.6, 0.9])
    known = scores[[0, 1, 3, 4]]
    np.testing.assert_array_equal(
        weights.soft_match(scores), weights.soft_match(scores, known.mean(), known.std())
    )


@pytest.mark.parametrize("value", [0.0, 0.1, 0.3, 1e-200, 1e6])
def test_soft_match_of_equal_scores_is_one(value):
    """Their spread is 0, and their mean may lie a rounding error beside them."""
    assert (weights.soft_match(np.full(7, value)) == 1).all()


def test_soft_match_at_the_edges():
    assert weights.soft_match([0.1, 0.4, 0.41], centre=0.4, spread=0.0).tolist() == [1.0, 1.0, 0.0]
    assert weights.soft_match([NAN, NAN]).tolist() == [0.0, 0.0]
    assert weights.soft_match([]).tolist() == []
    assert weights.soft_match([0.1, np.inf]).tolist() == [1.0, 0.0]


def test_importance_turns_one_balance_into_the_other():
    rng = np.random.default_rng(0)
    prior, wanted = np.array([0.7, 0.2, 0.1]), np.array([0.2, 0.3, 0.5])
    codes = rng.permutation(np.repeat([0, 1, 2], [70, 20, 10]))
    found = weights.importance(codes, prior, wanted)
    assert found.max() == 1
    np.testing.assert_allclose(np.bincount(codes, found) / found.sum(), wanted)
    np.testing.assert_allclose((found * (wanted / prior).max()).mean(), 1)
    np.testing.assert_array_equal(weights.importance(codes[codes < 2], prior, wanted), found[codes < 2])


def test_importance_of_classes_nobody_has():
    found = weights.importance([0, -1, 2], [0.5, 0.0, 0.5], [0.5, 0.25, 0.25])
    assert found.tolist() == [1.0, 0.0, 0.5]


def test_effective_number_equals_its_formula():
    codes = np.repeat([0, 1, 3], [100, 10, 1])
    raw = {c: (1 - 0.9) / (1 - 0.9**n) for c, n in ((0, 100), (1, 10), (3, 1))}
    expected = np.array([raw[c] for c in codes]) / raw[3]
    np.testing.assert_allclose(weights.effective_number(codes, 0.9), expected)


def test_effective_number_between_all_alike_and_one_over_the_count():
    codes = np.r_[np.repeat([0, 1], [40, 4]), -1]
    assert weights.effective_number(codes, 0).tolist() == [1.0] * 44 + [0.0]
    np.testing.assert_allclose(weights.effective_number(codes, 1.0)[[0, 40, 44]], [0.1, 1, 0])
    np.testing.assert_allclose(
        weights.effective_number(codes, 1 - 1e-12), weights.effective_number(codes, 1.0), atol=1e-6
    )
    assert weights.effective_number(np.array([], dtype=int)).tolist() == []
    assert weights.effective_number([-1, -1]).tolist() == [0.0, 0.0]


def test_tensors_without_a_gradient_go_in():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    found = weights.small_loss(torch.tensor([0.3, 0.1]), 0.5, codes=torch.tensor([0, 0]))
    assert found.tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: weights.threshold([[0.1]], 0.5), r"scores have shape \(1, 1\).*parts.pools"),
        (lambda: weights.small_loss([0.1], 1.5), r"keep=1.5 must lie in \[0, 1\]"),
        (lambda: weights.small_loss([0.1], 0.5, codes=[0, 1]), r"codes have shape \(2,\).*\(1,\)"),
        (lambda: weights.small_loss([0.1], 0.5, codes=[0.0]), "dtype float64, expected integers"),
        (lambda: weights.soft_match([0.1], spread=-1.0), "spread=-1.0"),
        (
            lambda: weights.importance([0, 1], [1.0, 0.0], [0.5, 0.5]),
            r"1 items .* prior 0 \(first: row 1, class 1\)",
        ),
        (lambda: weights.importance([0, 5], [0.5, 0.5], [0.5, 0.5]), r"codes hold 5 \(row 1\).*2 classes"),
        (lambda: weights.importance([0], [0.5, 0.5], [1.0]), r"wanted has shape \(1,\)"),
        (lambda: weights.importance([0], [-0.5, 1.5], [0.5, 0.5]), ">= 0"),
        (lambda: weights.effective_number([0], beta=2), r"beta=2 must lie in \[0, 1\]"),
        (lambda: weights.effective_number([0, 3], n_classes=3), "only 3 classes"),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()
