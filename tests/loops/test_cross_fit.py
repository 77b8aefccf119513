"""Probabilities of a model that did not see the row: no leakage, no luck, any kind of input."""

from importlib import import_module

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from joblib import parallel_config
from scipy import sparse
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from labelwright import Candidates, Exact, InputError, Marks
from labelwright.loops import cross_fit
from labelwright.loops.cross_fit import assign_folds, seeded, take


def blobs(n=150, k=3, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(k, size=n)
    return 3 * np.eye(k, 5)[y] + rng.normal(size=(n, 5)), y


X, Y = blobs()
NEAREST = KNeighborsClassifier(1)


def test_no_row_sees_itself():
    rng = np.random.default_rng(0)
    features, labels = rng.normal(size=(2000, 4)), rng.integers(2, size=2000)
    assert (NEAREST.fit(features, labels).predict(features) == labels).all()  # it would, if it could
    probs = cross_fit(NEAREST, features, labels)
    assert abs((probs.argmax(axis=1) == labels).mean() - 0.5) < 0.05


def test_no_row_sees_its_own_tags():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(1500, 4))
    for marks in (rng.integers(0, 2, (1500, 2)), rng.integers(-1, 2, (1500, 2))):
        probs = cross_fit(NEAREST, features, Marks(marks))
        known = marks >= 0
        assert abs(((probs > 0.5) == marks)[known].mean() - 0.5) < 0.05


def test_copies_in_one_group_do_not_leak():
    rng = np.random.default_rng(0)
    features = np.repeat(rng.normal(size=(600, 4)), 2, axis=0)
    labels, groups = np.repeat(rng.integers(2, size=600), 2), np.repeat(np.arange(600), 2)
    leaky = cross_fit(NEAREST, features, labels)
    assert (leaky.argmax(axis=1) == labels).mean() > 0.7
    safe = cross_fit(NEAREST, features, labels, groups=groups)
    assert abs((safe.argmax(axis=1) == labels).mean() - 0.5) < 0.07


def test_it_equals_fitting_fold_by_fold():
    told = Exact.from_codes(np.where(np.arange(150) % 11 == 0, -1, Y), range(3))
    fold_of = assign_folds(told, 4)
    expected = np.empty((150, 3))
    for f in range(4):
        train = (fold_of != f) & told.known
        expected[fold_of == f] = GaussianNB().fit(X[train], told.codes[train]).predict_proba(X[fold_of == f])
    np.testing.assert_allclose(cross_fit(GaussianNB(), X, told, folds=4), expected, atol=1e-6)


FOREST = RandomForestClassifier(5, max_depth=4)


@pytest.mark.parametrize("told", [Exact(Y), Marks(np.eye(3, dtype=int)[Y])], ids=["classes", "tags"])
def test_workers_do_not_change_the_result(told):
    alone = cross_fit(FOREST, X, told, n_jobs=1)
    assert np.array_equal(cross_fit(FOREST, X, told, n_jobs=2), alone)
    with parallel_config("threading", n_jobs=3):
        assert np.array_equal(cross_fit(FOREST, X, told), alone)
    with parallel_config("sequential"):
        assert np.array_equal(cross_fit(FOREST, X, told), alone)


def test_the_order_of_the_folds_does_not_matter(monkeypatch):
    module = import_module("labelwright.loops.cross_fit")  # the name in the package is the function
    straight = cross_fit(FOREST, X, Y)

    def last_first(parallel, jobs):
        return [function(*args, **kwargs) for function, args, kwargs in reversed(list(jobs))]

    monkeypatch.setattr(module, "_as_they_come", last_first)
    assert np.array_equal(cross_fit(FOREST, X, Y), straight)


def test_seeds():
    assert np.array_equal(cross_fit(FOREST, X, Y, random_state=3), cross_fit(FOREST, X, Y, random_state=3))
    assert not np.array_equal(
        cross_fit(FOREST, X, Y, random_state=3), cross_fit(FOREST, X, Y, random_state=4)
    )
    fresh = [cross_fit(FOREST, X, Y, random_state=None) for _ in range(2)]
    assert not np.array_equal(*fresh)
    assert fresh[0].shape == (150, 3)


def test_the_callers_random_numbers_are_left_alone():
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    cross_fit(FOREST, X, Y)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_models_and_data_are_left_alone():
    model, kept = DecisionTreeClassifier(), X.copy()
    cross_fit(model, X, Y)
    assert not hasattr(model, "tree_")
    assert model.random_state is None
    assert np.array_equal(X, kept)


def test_every_random_state_inside_is_seeded():
    nested = make_pipeline(StandardScaler(), CalibratedClassifierCV(FOREST, cv=2))
    ready = seeded(nested, 5)
    states = [v for name, v in ready.get_params().items() if name.endswith("random_state")]
    assert None not in states
    others = seeded(nested, 6).get_params()
    assert states != [v for name, v in others.items() if name.endswith("random_state")]
    assert seeded(nested, 2**32 - 1).fit(X, Y)  # seeds stay in the range that models take
    assert cross_fit(nested, X, Y, folds=2).tolist() == cross_fit(nested, X, Y, folds=2).tolist()


def test_rows_sum_to_one_in_the_order_of_the_classes():
    words = np.array(["c", "a", "b"])[Y]
    probs = cross_fit(GaussianNB(), X, words)
    assert probs.dtype == np.float32
    np.testing.assert_allclose(probs.sum(axis=1), 1, atol=1e-6)
    assert (np.unique(words)[probs.argmax(axis=1)] == words).mean() > 0.9
    by_code = cross_fit(GaussianNB(), X, Exact(words, classes=["c", "a", "b"]))
    np.testing.assert_allclose(by_code[:, [1, 2, 0]], probs, atol=1e-6)


def test_unlabelled_rows_are_predicted_but_teach_nothing():
    codes = Y.copy()
    codes[::3] = -1
    told = Exact.from_codes(codes, range(3))
    probs = cross_fit(GaussianNB(), X, told)
    assert (probs[::3].argmax(axis=1) == Y[::3]).mean() > 0.9
    far = X.copy()
    far[codes < 0] += 1000
    np.testing.assert_allclose(cross_fit(GaussianNB(), far, told)[codes >= 0], probs[codes >= 0])


def test_a_class_that_a_fold_cannot_learn():
    codes = np.append(Y, 3)  # one item of class 3, and class 4 never occurs
    probs = cross_fit(GaussianNB(), np.vstack([X, X[:1]]), Exact.from_codes(codes, range(5)))
    np.testing.assert_allclose(probs.sum(axis=1), 1, atol=1e-5)
    assert (probs[:, 4] > 0).all()
    assert (probs[:, 4] < 0.01).all()
    train = (
        151
        - (
            assign_folds(Exact.from_codes(codes, range(5)), 5)
            == assign_folds(Exact.from_codes(codes, range(5)), 5)[150]
        ).sum()
    )
    np.testing.assert_allclose(probs[150, 3], 1 / (train + 5), rtol=1e-5)


def test_classes_that_are_all_smaller_than_the_folds():
    codes = np.arange(12) // 2
    probs = cross_fit(KNeighborsClassifier(2), X[:12], codes, folds=4)
    assert probs.shape == (12, 6)
    np.testing.assert_allclose(probs.sum(axis=1), 1, atol=1e-5)
    groups = np.arange(12) // 2 % 5
    assert cross_fit(KNeighborsClassifier(1), X[:12], codes, folds=4, groups=groups).shape == (12, 6)


TEXTS = [f"{'good fine nice' if y else 'bad awful poor'} {i % 7}" for i, y in enumerate(Y > 0)]
READER = make_pipeline(TfidfVectorizer(), LogisticRegression())


def shuffled_series(values):
    return pd.Series(values, index=np.random.default_rng(0).permutation(len(values)))


@pytest.mark.parametrize(
    "form",
    [list, tuple, np.array, lambda t: np.array(t, dtype=object), pd.Series, shuffled_series, pl.Series],
    ids=["list", "tuple", "array", "objects", "pandas", "pandas shuffled index", "polars"],
)
def test_texts(form):
    probs = cross_fit(READER, form(TEXTS), Y > 0)
    assert ((probs[:, 1] > 0.5) == (Y > 0)).all()
    np.testing.assert_allclose(probs, cross_fit(READER, TEXTS, Y > 0), atol=1e-6)


@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.coo_matrix, sparse.csc_array])
def test_sparse_rows(form):
    positive = np.abs(np.round(X))
    probs = cross_fit(LogisticRegression(), form(positive), Y)
    np.testing.assert_allclose(probs, cross_fit(LogisticRegression(), positive, Y), atol=1e-4)


NAMES = list("abcde")


@pytest.mark.parametrize(
    "form",
    [
        lambda t: pd.DataFrame(t, columns=NAMES),
        lambda t: pd.DataFrame(t, columns=NAMES, index=np.random.default_rng(0).permutation(len(t))),
        lambda t: pl.DataFrame(t, schema=NAMES),
        lambda t: pa.table(dict(zip(NAMES, t.T))),
    ],
    ids=["pandas", "pandas shuffled index", "polars", "arrow"],
)
def test_frames(form):
    frame = form(X)
    probs = cross_fit(make_pipeline(StandardScaler(), GaussianNB()), frame, Y)
    np.testing.assert_allclose(
        probs, cross_fit(make_pipeline(StandardScaler(), GaussianNB()), X, Y), atol=1e-5
    )


def test_models_see_the_kind_of_frame_they_were_given():
    seen = set()

    class Curious(GaussianNB):
        def fit(self, X, y):
            seen.add((type(X), tuple(X.columns)))
            return super().fit(X, y)

    cross_fit(Curious(), pd.DataFrame(X, columns=NAMES), Y)
    assert seen == {(pd.DataFrame, tuple(NAMES))}


def tagged(unknown=0.0, seed=0):
    rng = np.random.default_rng(seed)
    marks = np.stack([Y > 0, Y == 2, X[:, 4] > 0], axis=1).astype(int)
    return np.where(rng.random(marks.shape) < unknown, -1, marks), marks


@pytest.mark.parametrize(
    "model",
    [
        GaussianNB(),
        LogisticRegression(),
        OneVsRestClassifier(LogisticRegression()),
        RandomForestClassifier(20),  # gives one table per tag
        KNeighborsClassifier(5),
        DecisionTreeClassifier(max_depth=3),
        make_pipeline(StandardScaler(), OneVsRestClassifier(LogisticRegression())),
        make_pipeline(StandardScaler(), LogisticRegression()),
    ],
    ids=lambda m: repr(m)[:40],
)
@pytest.mark.parametrize("unknown", [0.0, 0.3])
def test_tags(model, unknown):
    marks, truth = tagged(unknown)
    probs = cross_fit(model, X, Marks(marks))
    assert probs.shape == (150, 3)
    assert ((probs >= 0) & (probs <= 1)).all()
    assert ((probs > 0.5) == truth).mean() > 0.85
    assert np.array_equal(probs, cross_fit(model, X, Marks(marks)))


def test_one_versus_rest_is_one_model_per_tag():
    marks, _ = tagged()
    whole = cross_fit(OneVsRestClassifier(LogisticRegression()), X, Marks(marks))
    for t in range(3):
        fold_of = assign_folds(Marks(marks), 5)
        for f in range(5):
            train, test = fold_of != f, fold_of == f
            alone = LogisticRegression().fit(X[train], marks[train, t]).predict_proba(X[test])[:, 1]
            np.testing.assert_allclose(whole[test, t], alone, atol=1e-6)


def test_constant_and_unknown_tags():
    marks, _ = tagged()
    marks = np.column_stack([marks, np.zeros(150), np.ones(150), -np.ones(150)]).astype(int)
    probs = cross_fit(OneVsRestClassifier(LogisticRegression()), X, Marks(marks))
    np.testing.assert_allclose(probs[:, 3], 1 / 122)
    np.testing.assert_allclose(probs[:, 4], 121 / 122)
    np.testing.assert_allclose(probs[:, 5], 1 / 2)
    np.testing.assert_allclose(
        probs[:, :3], cross_fit(OneVsRestClassifier(LogisticRegression()), X, Marks(marks[:, :3])), atol=0.15
    )


def test_a_table_of_marks_needs_no_wrapping():
    marks, _ = tagged()
    assert np.array_equal(cross_fit(GaussianNB(), X, marks), cross_fit(GaussianNB(), X, Marks(marks)))


def test_progress_never_writes_to_stdout(capfd, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes the captured stream for a terminal
    cross_fit(GaussianNB(), X, Y, show=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert "cross-fitting GaussianNB" in err
    cross_fit(GaussianNB(), X, Y)  # no terminal, no bar
    assert capfd.readouterr() == ("", "")


def test_take_gives_rows_of_anything():
    rows = np.array([2, 0])
    assert take(list("abc"), rows) == ["c", "a"]
    assert take(np.arange(3), rows).tolist() == [2, 0]
    assert take(pd.Series(list("abc"), index=[0, 2, 1]), rows).tolist() == ["c", "a"]
    assert take(pd.DataFrame({"x": [7, 8, 9]}), rows)["x"].tolist() == [9, 7]
    assert take(sparse.coo_matrix(np.eye(3)), rows).toarray().tolist() == np.eye(3)[[2, 0]].tolist()


class Undecided(GaussianNB):
    def predict_proba(self, X):
        return np.full((len(X), 3), np.nan)


BAD = {
    "lengths": (lambda: cross_fit(GaussianNB(), X, Y[:9]), "X has 150 rows and y has 9 labels"),
    "one class": (lambda: cross_fit(GaussianNB(), X, Y * 0), "1 class .*at least two are needed"),
    "no labels": (
        lambda: cross_fit(GaussianNB(), X, Exact([None] * 150, classes="ab")),
        "0 classes.*at least two",
    ),
    "few labels": (
        lambda: cross_fit(GaussianNB(), X, Exact([0, 1] + [None] * 148)),
        "only 2 rows are labelled; 5 folds",
    ),
    "no tags known": (
        lambda: cross_fit(GaussianNB(), X, Marks(-np.ones((150, 2), int))),
        "0 rows are labelled",
    ),
    "folds": (lambda: cross_fit(GaussianNB(), X, Y, folds=1), "folds=1 must be at least 2"),
    "group lengths": (lambda: cross_fit(GaussianNB(), X, Y, groups=[1, 2]), "groups has 2 rows, y has 150"),
    "few groups": (lambda: cross_fit(GaussianNB(), X, Y, groups=Y), "groups has 3 distinct values; 5 folds"),
    "regressor": (
        lambda: cross_fit(LinearRegression(), X, Y),
        "LinearRegression.* is not a scikit-learn classifier",
    ),
    "a string": (lambda: cross_fit("forest", X, Y), "model='forest' is not"),
    "no probabilities": (lambda: cross_fit(LinearSVC(), X, Y), r"CalibratedClassifierCV\(LinearSVC\(\)\)"),
    "other evidence": (lambda: cross_fit(GaussianNB(), X[:1], Candidates([[True, False]])), "not Candidates"),
    "NaN out": (lambda: cross_fit(Undecided(), X, Y), "Undecided predicts NaN"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_named(what):
    go_wrong, message = BAD[what]
    with pytest.raises(InputError, match=message):
        go_wrong()
