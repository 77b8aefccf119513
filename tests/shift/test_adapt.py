"""The everyday function: frames, arrays, features and a model, and what it says of them."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.datasets import load_wine
from sklearn.naive_bayes import GaussianNB

from labelwright import InputError
from labelwright.shift import BBSE, adapt, method

CLASSES = np.array(["bird", "cat", "dog"])


def drawn(n, q, rng):
    """A frame of probabilities and the label, of classes drawn from q."""
    codes = rng.choice(3, n, p=q)
    logits = rng.normal(size=(n, 3)) + 2.0 * np.eye(3)[codes]
    probs = np.exp(1.2 * logits)
    probs /= probs.sum(axis=1, keepdims=True)
    return probs, CLASSES[codes]


def frame(probs, labels=None, prefix=""):
    columns = {"id": np.arange(len(probs)), **{f"{prefix}{c}": probs[:, j] for j, c in enumerate(CLASSES)}}
    return pd.DataFrame(columns if labels is None else {**columns, "label": labels})


EVEN, OTHER = np.full(3, 1 / 3), np.array([0.1, 0.1, 0.8])


@pytest.fixture(scope="module")
def moved():
    rng = np.random.default_rng(0)
    return *drawn(900, EVEN, rng), *drawn(800, OTHER, rng)


def test_the_balance_is_found_and_the_predictions_are_better(moved):
    probs, labels, new, truth = moved
    found = adapt(frame(probs, labels), frame(new, truth), label="label")
    assert list(found.priors.columns) == ["class", "source", "target", "low", "high"]
    assert found.priors["class"].tolist() == CLASSES.tolist()
    assert ((found.priors["low"] <= OTHER) & (found.priors["high"] >= OTHER)).all()
    assert found.shift.verdict == "label"
    assert found.measured.n == 800
    assert found.measured.after > found.measured.before + 0.03
    seen = found.accuracy
    assert seen.before_low < found.measured.before < seen.before_high
    assert seen.after_low < found.measured.after < seen.after_high
    assert seen.gain_low > 0
    assert seen.gain == pytest.approx(seen.after - seen.before)
    assert found.predictions["label"].tolist() == CLASSES[found.probs.argmax(axis=1)].tolist()
    assert found.predictions["before"].tolist() == CLASSES[new.argmax(axis=1)].tolist()
    np.testing.assert_allclose(found.probs.sum(axis=1), 1)
    assert any("cannot be told from one" in note for note in found.notes)
    assert found.summary()["shift"] == "label"
    assert "label" in repr(found)


@pytest.mark.parametrize("kind", [pl.DataFrame, pa.Table.from_pandas])
def test_any_frame_comes_back_as_it_came(moved, kind):
    probs, labels, new, _ = moved
    plain = adapt(frame(probs, labels), frame(new), label="label")
    found = adapt(kind(frame(probs, labels)), kind(frame(new)), label="label")
    assert type(found.priors) is type(kind(frame(new)))
    np.testing.assert_allclose(np.asarray(found.priors["target"]), plain.priors["target"])
    assert plain.measured is None


def test_arrays_prefixes_and_guessed_columns_say_the_same(moved):
    probs, labels, new, _ = moved
    plain = adapt(frame(probs, labels), frame(new), label="label").probs
    np.testing.assert_allclose(adapt(probs, new, label=labels).probs, plain)
    np.testing.assert_allclose(adapt(frame(probs), frame(new), label=labels).probs, plain)
    guessed = adapt(frame(probs, labels, "p_"), frame(new, prefix="p_"))
    np.testing.assert_allclose(guessed.probs, plain)
    assert guessed.notes[0] == "column 'label' was taken for the label"
    columns = [2, 0, 1]
    turned = adapt(probs[:, columns], new[:, columns], label=labels, classes=CLASSES[columns])
    np.testing.assert_allclose(turned.probs, plain[:, columns], atol=1e-5)


def test_a_class_that_no_label_names_is_found_by_its_column(moved):
    probs, labels, new, _ = moved
    kept = labels != "bird"
    found = adapt(frame(probs[kept], labels[kept]), frame(new), label="label")
    assert found.classes.tolist() == ["cat", "dog", "bird"]
    assert found.priors["target"].tolist()[2] == 0
    assert np.isfinite(found.probs).all()
    assert any("1 class has no source row (bird)" in line for line in found.warnings)


def test_features_and_a_model():
    X, y = load_wine(return_X_y=True, as_frame=True)
    rng = np.random.default_rng(0)
    order = rng.permutation(178)
    model = GaussianNB().fit(X.iloc[order[:80]], y.iloc[order[:80]])
    rest = order[80:]
    source, target = X.iloc[rest[:50]].assign(kind=y.iloc[rest[:50]]), X.iloc[rest[50:]]
    target = target[y.loc[target.index] != 0]
    found = adapt(source, target, label="kind", model=model)
    assert found.priors["target"][0] < 0.1
    assert found.classes.tolist() == [0, 1, 2]
    assert not any("give features too" in limit for limit in found.shift.limits)
    same = adapt(source.drop(columns="kind"), target, label=source["kind"].to_numpy(), model=model)
    np.testing.assert_allclose(same.probs, found.probs)


def test_no_change_is_said_and_moves_little():
    rng = np.random.default_rng(3)
    (probs, labels), (new, _) = drawn(800, EVEN, rng), drawn(800, EVEN, rng)
    found = adapt(probs, new, label=labels)
    assert found.shift.verdict == "none"
    assert any("no change of the balance is seen" in note for note in found.notes)
    assert ((found.priors["low"] <= EVEN) & (found.priors["high"] >= EVEN)).all()
    assert abs(found.accuracy.gain) < 0.02


def test_any_estimator_and_missing_labels(moved):
    probs, labels, new, _ = moved
    some = [None if i % 4 == 0 else str(name) for i, name in enumerate(labels)]
    for how in ("elsa", "dys", BBSE(hard=True)):
        found = adapt(probs, new, label=some, method=how, kind="auto", show=False)
        np.testing.assert_allclose(found.priors["target"], OTHER, atol=0.08)
        assert found.estimator.n_source_ == 675
        assert found.estimator.classes_.tolist() == CLASSES.tolist()
    wanted = method("bbse-hard").fit(probs, some, CLASSES).estimate(new)
    np.testing.assert_allclose(found.priors["target"], wanted)


def test_bad_input_is_named(moved):
    probs, labels, new, _ = moved
    for call, says in (
        (lambda: adapt(probs, new), "label must hold the labels"),
        (lambda: adapt(frame(probs, labels), frame(new), label="kind"), "label='kind' is not a column"),
        (lambda: adapt(frame(probs), frame(new)), "no column that looks like the label"),
        (
            lambda: adapt(frame(probs, labels).drop(columns="cat"), frame(new), label="label"),
            "the class 'cat'",
        ),
        (
            lambda: adapt(frame(probs, labels), frame(new).drop(columns="cat"), label="label"),
            "target has no column 'cat'",
        ),
        (lambda: adapt(frame(probs, labels), new, label="label"), "target is no frame"),
        (lambda: adapt(probs, new[:, :2], label=labels), "both must be"),
        (lambda: adapt(probs, new * 2, label=labels), "outside|sum to 1"),
        (lambda: adapt(probs, new, label=labels, model=GaussianNB()), "fitted classifier"),
        (lambda: adapt(probs, new, label=labels, method="em"), "no estimator 'em'"),
    ):
        with pytest.raises(InputError, match=says):
            call()
