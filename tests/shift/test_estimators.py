"""What every estimator of priors keeps: on the simplex, no shift out of no shift, names and order do not matter."""

import warnings

import numpy as np
import pytest

from labelwright import Exact, InputError
from labelwright.data import simulate
from labelwright.errors import DoubtfulInput
from labelwright.shift import METHODS, MLLS, method

NAMES = sorted(METHODS)
K = 3


def drawn(n, rng, k=K, sure=1.0):
    """Calibrated posteriors and labels; `sure` above 1 makes the classifier too sure of itself."""
    probs = rng.dirichlet(np.full(k, 0.3), n)
    codes = (rng.random((n, 1)) > probs.cumsum(axis=1)).sum(axis=1).clip(0, k - 1)
    probs = probs**sure
    return probs / probs.sum(axis=1, keepdims=True), codes


@pytest.mark.parametrize("name", NAMES)
def test_known_priors_are_found(name):
    rng = np.random.default_rng(1)
    probs, codes = drawn(4000, rng)
    pool, labels = drawn(20_000, rng)
    shifted = simulate.label_shift(labels, rng, prior=[0.1, 0.2, 0.7], n=4000)
    found = method(name).fit(probs, codes)
    np.testing.assert_allclose(found.estimate(pool[shifted.rows]), shifted.realised, atol=0.04)
    np.testing.assert_allclose(found.weights_, found.target_priors_ / found.source_priors_)
    assert found.target_priors_.min() >= 0
    assert found.target_priors_.sum() == pytest.approx(1)
    if hasattr(found, "converged_"):
        assert found.converged_


@pytest.mark.parametrize("name", NAMES)
def test_no_shift_in_is_no_shift_out(name):
    probs, codes = drawn(2000, np.random.default_rng(2), sure=1.5)
    found = method(name).fit(probs, codes)
    off = (
        0.03 if name in ("kdey", "dys", "hdy") else 2e-3
    )  # densities of the same rows may mix better otherwise
    np.testing.assert_allclose(found.estimate(probs), found.source_priors_, atol=off)


@pytest.mark.parametrize("name", NAMES)
def test_a_perfect_classifier_counts(name):
    codes = np.arange(90) % K
    found = method(name).fit(np.eye(K)[codes], codes)
    wanted = np.array([0.5, 0.0, 0.5])
    off = 0.12 if name == "rlls" else 1e-3  # draws towards no shift by design
    np.testing.assert_allclose(found.estimate(np.eye(K)[[0, 2] * 20]), wanted, atol=off)


@pytest.mark.parametrize("name", NAMES)
def test_names_of_classes_and_order_of_rows_do_not_matter(name):
    rng = np.random.default_rng(3)
    probs, codes = drawn(600, rng)
    new = drawn(300, rng)[0]
    plain = method(name).fit(probs, codes).estimate(new)
    names = np.array(["c", "a", "b"])
    columns, rows = np.argsort(names), rng.permutation(600)
    renamed = method(name).fit(probs[rows][:, columns], names[codes[rows]])
    np.testing.assert_array_equal(renamed.classes_, ["a", "b", "c"])
    np.testing.assert_allclose(renamed.estimate(new[::-1][:, columns]), plain[columns], atol=2e-4)
    np.testing.assert_allclose(
        method(name).fit(probs, [("x", int(c)) for c in codes], [("x", 0), ("x", 1), ("x", 2)]).estimate(new),
        plain, atol=1e-9,
    )  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_classes_missing_in_source_or_target_give_no_nan(name):
    rng = np.random.default_rng(4)
    probs, codes = drawn(400, rng)
    new, labels = drawn(400, rng)
    with pytest.warns(DoubtfulInput, match="no row of 1 classes"):
        found = method(name).fit(probs[codes != 1], codes[codes != 1], [0, 1, 2])
    priors = found.estimate(new)
    assert np.isfinite(priors).all()
    assert priors[1] == 0
    assert np.isfinite(found.correct(new)).all()
    assert np.isfinite(np.stack(found.interval(new, n_boot=3)[:3])).all()
    found = method(name).fit(probs, codes)
    priors = found.estimate(new[labels != 1])
    assert np.isfinite(priors).all()
    assert priors[1] < 0.08
    one = found.estimate(new[:1])
    assert np.isfinite(one).all()
    assert one.sum() == pytest.approx(1)


@pytest.mark.parametrize("name", NAMES)
def test_rows_of_zeros_and_ones_and_few_rows_give_no_nan(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DoubtfulInput)
        found = method(name).fit(np.eye(2)[[0, 1, 1, 0]], [0, 1, 1, 1])
        for new in ([[1.0, 0.0]], [[0.0, 1.0], [0.5, 0.5]]):
            assert np.isfinite(found.estimate(new)).all()
            assert np.isfinite(found.correct(new)).all()
        alike = np.full((10, 2), 0.5)  # tells nothing
        assert np.isfinite(method(name).fit(alike, [0, 1] * 5).estimate(alike)).all()


@pytest.mark.parametrize("name", NAMES)
def test_another_target_leaves_the_source_alone(name):
    rng = np.random.default_rng(5)
    probs, codes = drawn(300, rng)
    first, second = drawn(200, rng)[0], drawn(100, rng)[0]
    before = probs.copy()
    found = method(name).fit(probs, codes)
    once = found.estimate(first)
    found.estimate(second)
    np.testing.assert_array_equal(found.estimate(first), once)
    np.testing.assert_array_equal(probs, before)


@pytest.mark.parametrize("name", NAMES)
def test_single_precision_is_read_as_it_is(name):
    rng = np.random.default_rng(6)
    probs, codes = drawn(500, rng)
    new = drawn(300, rng)[0]
    double = method(name).fit(probs, codes).estimate(new)
    single = method(name).fit(probs.astype(np.float32), codes).estimate(new.astype(np.float32))
    np.testing.assert_allclose(single, double, atol=5e-3 if name in ("dys", "hdy") else 1e-3)


def test_missing_labels_are_left_out_and_exact_is_taken():
    rng = np.random.default_rng(7)
    probs, codes = drawn(300, rng)
    new = drawn(200, rng)[0]
    some = [int(c) if i % 3 else None for i, c in enumerate(codes)]
    rows = np.arange(300) % 3 > 0
    plain = MLLS().fit(probs[rows], codes[rows]).estimate(new)
    for labels in (some, Exact(some, classes=range(3)), np.where(rows, codes, np.nan)):
        found = MLLS().fit(probs, labels)
        assert found.n_source_ == rows.sum()
        np.testing.assert_allclose(found.estimate(new), plain)


def test_corrected_probabilities_are_bayes():
    rng = np.random.default_rng(8)
    probs, codes = drawn(2000, rng)
    found = METHODS["mlls-plain"]().fit(probs, codes)
    found.estimate(probs[codes != 0])
    wanted = probs * found.target_priors_ / found.source_priors_
    np.testing.assert_allclose(found.correct(probs), wanted / wanted.sum(axis=1, keepdims=True))
    assert found.correct(np.empty((0, 3))).shape == (0, 3)
    found.weights_ = np.array([0.0, 1.0, 1.0])
    np.testing.assert_array_equal(found.correct([[1.0, 0.0, 0.0]]), [[1.0, 0.0, 0.0]])


BAD = np.array([[0.5, 0.5], [0.9, 0.2]])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("probs", "says"),
    [
        (BAD, "do not sum to 1"),
        (np.array([[0.5, 0.5], [np.nan, 1.0]]), "are NaN"),
        (np.array([[0.5, 0.5], [1.5, -0.5]]), "outside"),
    ],
)
def test_bad_probabilities_are_named(name, probs, says):
    good = np.array([[0.8, 0.2], [0.3, 0.7]])
    with pytest.raises(InputError, match=f"proba_source .*{says}"):
        method(name).set_params(calibration=None).fit(probs, [0, 1])
    found = method(name).fit(np.tile(good, (20, 1)), [0, 1] * 20)
    with pytest.raises(InputError, match=f"(proba_target|probs) .*{says}"):
        found.estimate(probs)


def test_bad_input_is_named():
    good = np.array([[0.8, 0.2], [0.3, 0.7]])
    found = METHODS["bbse"]().fit(good, [0, 1])
    for call, says in (
        (lambda: METHODS["bbse"]().fit(good, [0, 1, 1]), "2 rows and y_source 3"),
        (lambda: METHODS["bbse"]().fit(good, [0, 0]), "1 of 2 classes"),
        (lambda: METHODS["bbse"]().fit(good, ["a", "b"], ["a", "b", "c"]), "3 classes for 2 columns"),
        (lambda: METHODS["bbse"]().fit(good[:, :1], [0, 1]), "one column per class, two or more"),
        (lambda: found.estimate(np.full((2, 3), 1 / 3)), "3 columns, proba_source had 2"),
        (lambda: found.estimate(np.empty((0, 2))), "no rows"),
        (lambda: found.correct(good), "not fitted yet"),
        (lambda: found.interval(good, level=1.0), "level=1.0"),
        (lambda: found.interval(good, kind="exact"), "kind='exact'"),
        (lambda: METHODS["kdey"]().fit(good, [0, 1]).interval(good, kind="analytic"), "no analytic interval"),
        (lambda: METHODS["kdey"]().fit(good, [0, 1]).covariance(good), "no covariance"),
        (lambda: MLLS(calibration="platt").fit(good, [0, 1]), "calibration='platt'"),
        (lambda: MLLS(max_iter=0).fit(good, [0, 1]), "max_iter=0"),
        (lambda: method("em"), "no estimator 'em'"),
    ):
        with pytest.raises((InputError, AttributeError, ValueError), match=says):
            call()
