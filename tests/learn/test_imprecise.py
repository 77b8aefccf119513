"""Estimators that take any evidence: what they equal, what they accept, what they refuse."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris, load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from labelwright import Bags, Candidates, Exact, InputError, Marks, Noisy, Together, Votes
from labelwright.learn import ImpreciseEM
from labelwright.loops import em, fit_soft, flat, possible


@pytest.fixture(scope="module")
def wine():
    X, y = load_wine(return_X_y=True)
    return (X - X.mean(axis=0)) / X.std(axis=0), y


def some_sets(y, extra=0.5, seed=0):
    rng = np.random.default_rng(seed)
    return Candidates((rng.random((len(y), 3)) < extra) | np.eye(3, dtype=bool)[y])


def test_with_believed_labels_it_is_the_plain_model(wine):
    X, y = wine
    model = LogisticRegression(max_iter=500)
    np.testing.assert_allclose(
        ImpreciseEM(model).fit(X, y).predict_proba(X), clone(model).fit(X, y).predict_proba(X), atol=1e-6
    )


def test_it_is_the_loop_with_a_classifier(wine):
    X, y = wine
    told, model = some_sets(y), LogisticRegression(max_iter=500)

    def refit(targets):
        return possible(fit_soft(model, X, targets).predict_proba(X))

    found = em(told, refit, flat(len(y), 3), max_iter=20, tol=1e-4)
    fitted = ImpreciseEM(model).fit(X, told)
    np.testing.assert_allclose(fitted.targets_, found.targets)
    assert fitted.trace_ == found.trace
    assert (fitted.n_iter_, fitted.converged_) == (len(found.trace) - 1, found.converged)


def test_a_table_told_about_in_many_ways_beats_its_labelled_part():
    X, y = load_digits(return_X_y=True)
    rng, order = np.random.default_rng(0), np.random.default_rng(1).permutation(len(y))
    train, test = order[:300], order[300:]
    truth, eye = y[train], np.eye(10, dtype=bool)
    flipped = np.where(rng.random(100) < 0.3, rng.integers(10, size=100), truth[140:240])
    votes = np.where(rng.random((60, 3)) < 0.6, truth[240:, None], rng.integers(10, size=(60, 3)))
    told = Together(
        [
            (np.arange(20), Exact(truth[:20], classes=range(10))),
            (np.arange(20, 140), Candidates((rng.random((120, 10)) < 0.3) | eye[truth[20:140]])),
            (np.arange(140, 240), Noisy(Exact(flipped, range(10)), 0.3)),
            (np.arange(240, 300), Votes(votes, range(10))),
        ]
    )
    everything = ImpreciseEM().fit(X[train], told).score(X[test], y[test])
    labels = ImpreciseEM().fit(X[train[:20]], Exact(truth[:20], classes=range(10))).score(X[test], y[test])
    assert everything > labels + 0.1


def test_classes_may_be_words_and_labels_may_be_missing(wine):
    X, y = wine
    names = np.array(["rosso", "bianco", "rosato"], dtype=object)
    labels = [None if i % 3 else names[c] for i, c in enumerate(y)]
    fitted = ImpreciseEM().fit(X, labels)
    assert set(fitted.predict(X)) <= set(names)
    assert fitted.score(X, names[y]) > 0.9
    numbers = np.where(np.arange(len(y)) % 3 == 0, y, np.nan)
    assert ImpreciseEM().fit(X, numbers).score(X, y) > 0.9


def test_texts_and_frames_go_to_the_model_as_they_are(wine):
    texts = ["good fine", "bad poor", "fine good", "poor awful", "good", "awful bad"]
    told = Candidates.from_sets([{"+"}, {"-"}, {"+", "-"}, {"+", "-"}, {"+"}, {"-"}])
    model = make_pipeline(TfidfVectorizer(), LogisticRegression())
    assert ImpreciseEM(model).fit(texts, told).predict(texts).tolist() == ["+", "-", "+", "-", "+", "-"]
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(wine[0]).rename(columns=str)
    fitted = ImpreciseEM().fit(frame, wine[1])
    assert fitted.feature_names_in_.tolist() == frame.columns.tolist()
    assert ImpreciseEM(LogisticRegression()).fit(frame, some_sets(wine[1])).score(frame, wine[1]) > 0.9


def test_folds_keep_a_forest_from_believing_itself():
    X, y = load_iris(return_X_y=True)
    rng = np.random.default_rng(0)
    told = Noisy(Exact(np.where(rng.random(150) < 0.4, rng.integers(3, size=150), y)), 0.3)
    forest = RandomForestClassifier(50, random_state=0)
    alone = ImpreciseEM(forest, max_iter=8).fit(X, told)
    apart = ImpreciseEM(forest, max_iter=8, folds=5).fit(X, told)
    right = [np.mean(f.targets_.argmax(axis=1) == y) for f in (alone, apart)]
    assert right[1] > right[0] + 0.05


def test_the_same_seed_gives_the_same_result(wine):
    X, y = wine
    told, forest = some_sets(y), RandomForestClassifier(10)
    one, two, other = (
        ImpreciseEM(forest, folds=3, max_iter=3, random_state=s).fit(X, told).targets_ for s in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_what_the_evidence_learned_is_kept(wine):
    X, y = wine
    rng = np.random.default_rng(0)
    said = np.where(rng.random((len(y), 3)) < [0.9, 0.9, 0.3], y[:, None], rng.integers(3, size=(len(y), 3)))
    fitted = ImpreciseEM().fit(X, Votes(said, range(3)))
    skill = fitted.evidence_.confusion[:, range(3), range(3)].mean(axis=1)
    assert skill[2] < skill[:2].min() - 0.2


@pytest.mark.parametrize(
    ("y", "says"),
    [
        (Marks(np.zeros((178, 2), int)), "several tags an item"),
        ([0] * 178, "at least 2"),
        ([0, 1], "y speaks of 2 items"),
        ([None] * 178, "at least 2"),
        (Exact([None] * 178, classes=range(3)), "all labels are missing"),
        (np.linspace(0, 1, 178), "continuous"),
        (None, "target y is None"),
        (Bags(np.arange(178) // 2, [[1, 1]] * 89), "all classes alike"),
    ],
)
def test_bad_labels_are_refused(wine, y, says):
    with pytest.raises(InputError, match=says):
        ImpreciseEM().fit(wine[0], y)


def test_bad_folds_are_refused(wine):
    with pytest.raises(InputError, match="folds=1"):
        ImpreciseEM(folds=1).fit(*wine)
