"""A classifier that follows the balance: better after a shift, the same without one."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from labelwright import Exact, InputError
from labelwright.data import simulate
from labelwright.shift import BBSE, ELSA, LabelShiftClassifier

MODEL = GaussianNB(var_smoothing=1e-2)


@pytest.fixture(scope="module")
def digits():
    """Noisy digits: training rows, and rows of another balance."""
    X, y = load_digits(return_X_y=True)
    X = X + np.random.default_rng(0).normal(0, 6, X.shape)
    seen, rest, labels, truth = train_test_split(X, y, test_size=0.5, random_state=0, stratify=y)
    shifted = simulate.label_shift(truth, np.random.default_rng(1), long_tail=30.0, n=600, replace=True)
    return seen, labels, rest[shifted.rows], truth[shifted.rows], shifted.realised


@pytest.mark.parametrize("mode", ["adjust", "reweight"])
@pytest.mark.parametrize("priors", ["mlls", ELSA(calibration="bcts"), BBSE()])
def test_adapting_helps(digits, mode, priors):
    X, y, new, truth, balance = digits
    model = LabelShiftClassifier(MODEL, priors, mode=mode).fit(X, y)
    before = model.score(new, truth)
    np.testing.assert_allclose(model.adapt(new).target_priors_, balance, atol=0.06)
    assert model.score(new, truth) > before
    once = model.predict_proba(new)
    model.adapt(X)
    np.testing.assert_allclose(model.target_priors_, model.priors_.source_priors_, atol=0.06)
    np.testing.assert_allclose(model.adapt(new).predict_proba(new), once, atol=1e-9)


def test_prefit_takes_held_out_rows_and_any_names(digits):
    X, y, new, truth, balance = digits
    names = np.array([f"digit {c}" for c in range(10)])
    base = make_pipeline(StandardScaler(), LogisticRegression(C=0.01)).fit(X[:400], names[y[:400]])
    model = LabelShiftClassifier(base, cv="prefit").fit(X[400:], names[y[400:]])
    np.testing.assert_array_equal(model.predict(new), base.predict(new))
    np.testing.assert_array_equal(model.predict_proba(new), base.predict_proba(new))
    np.testing.assert_allclose(model.adapt(new).target_priors_, balance, atol=0.06)
    assert model.score(new, names[truth]) > base.score(new, names[truth])


def test_it_stands_in_a_pipeline(digits):
    X, y, new, truth, _ = digits
    pipe = make_pipeline(StandardScaler(), LabelShiftClassifier(LogisticRegression(C=0.01))).fit(X, y)
    before = pipe.score(new, truth)
    pipe[-1].adapt(pipe[:-1].transform(new))
    assert pipe.score(new, truth) > before


def test_reweighting_reaches_into_a_pipeline_and_weights_can_be_clipped(digits):
    X, y, new, truth, _ = digits
    inner = make_pipeline(StandardScaler(), LogisticRegression(C=0.01))
    model = LabelShiftClassifier(inner, mode="reweight").fit(X, y)
    before = model.score(new, truth)
    assert model.adapt(new).score(new, truth) > before
    flat = LabelShiftClassifier(MODEL, mode="reweight", weight_clip=1e-9).fit(X, y).adapt(new)
    even = clone(MODEL).fit(X, y, sample_weight=np.full(len(y), 1e-9))
    np.testing.assert_allclose(flat.predict_proba(new), even.predict_proba(new))


def test_missing_labels_and_texts():
    texts = ["good film", "fine film", "bad film", "awful film"] * 20
    labels = ["+", "+", "-", "-"] * 20
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import MultinomialNB

    model = LabelShiftClassifier(make_pipeline(CountVectorizer(), MultinomialNB()), "pacc")
    some = [label if i % 5 else None for i, label in enumerate(labels)]
    for told in (some, Exact(some)):
        fitted = model.fit(texts, told).adapt(["good film"] * 9 + ["bad film"])
        assert fitted.target_priors_[0] > 0.8  # "+" comes before "-"
        assert fitted.predict(["fine film"]).tolist() == ["+"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"mode": "shift"}, "mode='shift'"),
        ({"cv": 1}, "cv=1"),
        ({"cv": "prefit"}, "fitted model"),
        ({"cv": "prefit", "mode": "reweight"}, "cv='prefit' forbids"),
        ({"weight_clip": 0}, "weight_clip=0"),
        ({"priors": "em"}, "no estimator 'em'"),
    ],
)
def test_options_that_do_not_fit_are_named(digits, options, says):
    with pytest.raises(InputError, match=says):
        LabelShiftClassifier(MODEL, **options).fit(digits[0], digits[1])


def test_labels_that_do_not_fit_are_named(digits):
    X, y = digits[:2]
    with pytest.raises(InputError, match="must match"):
        LabelShiftClassifier(MODEL).fit(X, y[:-1])
    with pytest.raises(InputError, match="1 class"):
        LabelShiftClassifier(MODEL).fit(X, np.zeros(len(X), int))
    with pytest.raises(InputError, match="takes no sample_weight"):
        LabelShiftClassifier(KNeighborsClassifier(), mode="reweight").fit(X, y).adapt(X)
