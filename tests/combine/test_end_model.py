"""From votes to a classifier: what the two steps equal, what they take, and what learning both at once finds."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from labelwright import Candidates, Exact, InputError, Votes
from labelwright.combine.crowd_learning import LearnFromCrowds
from labelwright.combine.dawid_skene import DawidSkene
from labelwright.combine.end_model import WeaklySupervised
from labelwright.combine.majority import MajorityVote
from labelwright.loops import em, fit_soft, flat, possible


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return (X - X.mean(axis=0)) / X.std(axis=0), y


def crowd(y, skill, spoke=1.0, k=3, seed=0):
    rng = np.random.default_rng(seed)
    shape = (len(y), len(skill))
    wrong = (y[:, None] + rng.integers(1, k, shape)) % k
    said = np.where(rng.random(shape) < skill, y[:, None], wrong)
    return np.where(rng.random(shape) < spoke, said, -1)


def test_it_is_the_two_steps(iris):
    X, y = iris
    votes = Votes(crowd(y, [0.9, 0.7, 0.6], 0.4), ["a", "b", "c"])
    covered = np.diff(votes.first) > 0
    assert 0 < covered.sum() < len(y)
    model = WeaklySupervised(MajorityVote(), GaussianNB()).fit(X, votes)
    targets = MajorityVote().fit(votes).predict_proba()
    by_hand = fit_soft(GaussianNB(), X[covered], targets[covered])
    np.testing.assert_allclose(model.predict_proba(X), by_hand.predict_proba(X))
    np.testing.assert_allclose(model.targets_, targets)
    np.testing.assert_array_equal(model.covered_, covered)
    kept = WeaklySupervised(MajorityVote(), GaussianNB(), uncovered="keep").fit(X, votes)
    np.testing.assert_allclose(kept.predict_proba(X), fit_soft(GaussianNB(), X, targets).predict_proba(X))


@pytest.mark.parametrize("kind", [WeaklySupervised, LearnFromCrowds])
def test_plain_labels_are_believed(iris, kind):
    X, y = iris
    names = np.array(["x", "z", "y"], dtype=object)
    plain = GaussianNB().fit(X, names[y])
    option = {"end_model": GaussianNB()} if kind is WeaklySupervised else {"model": GaussianNB()}
    for labels in (names[y], Exact(names[y])):
        np.testing.assert_allclose(
            kind(**option).fit(X, labels).predict_proba(X), plain.predict_proba(X), atol=1e-5
        )
    some = [None if i % 4 == 0 else name for i, name in enumerate(names[y])]
    kept = np.arange(len(y)) % 4 > 0
    np.testing.assert_allclose(
        kind(**option).fit(X, some).predict_proba(X),
        GaussianNB().fit(X[kept], names[y][kept]).predict_proba(X),
        atol=1e-5,
    )


def test_the_label_model_depends_on_what_agreement_shows(iris):
    X, y = iris
    assert isinstance(WeaklySupervised().fit(X, crowd(y, [0.9, 0.8, 0.7])).label_model_, DawidSkene)
    one_word = np.where(crowd(y, [0.8] * 6) == np.arange(6) % 3, np.arange(6) % 3, -1)
    assert isinstance(WeaklySupervised().fit(X, one_word).label_model_, MajorityVote)
    assert isinstance(WeaklySupervised().fit(X, crowd(y, [0.9, 0.8]).clip(max=1)).label_model_, MajorityVote)


def test_it_knows_about_items_without_votes(iris):
    X, y = iris
    votes = crowd(y, [0.85, 0.8, 0.75, 0.7])
    votes[::2] = -1
    assert WeaklySupervised().fit(X, votes).score(X[::2], y[::2]) > 0.85
    assert LearnFromCrowds().fit(X, votes).score(X[::2], y[::2]) > 0.85


@pytest.mark.parametrize("kind", [WeaklySupervised, LearnFromCrowds])
def test_texts_sparse_tables_and_frames(kind):
    import pyarrow as pa

    pd = pytest.importorskip("pandas")
    texts = ["win money now", "win a big prize", "lunch at noon", "see you at lunch"] * 5
    votes = Votes([[1, 1, 0], [1, 1, 1], [0, 0, 0], [0, 1, 0]] * 5, ["ham", "spam"])
    for items in (
        texts,
        np.array(texts),
        np.array(texts, dtype=object),
        pd.Series(texts, index=range(20)[::-1]),
    ):
        model = kind().fit(items, votes)
        assert model.predict(["money prize", "at lunch"]).tolist() == ["spam", "ham"]
    words = TfidfVectorizer().fit(texts)
    table = words.transform(texts)
    assert sparse.issparse(table)
    assert kind().fit(table, votes).predict(words.transform(["win prize", "noon"])).tolist() == [
        "spam",
        "ham",
    ]

    def column(frame):
        return [str(v) for v in np.asarray(frame["text"]).tolist()]

    from sklearn.preprocessing import FunctionTransformer

    own = make_pipeline(FunctionTransformer(column), TfidfVectorizer(), LogisticRegression())
    option = {"end_model": own} if kind is WeaklySupervised else {"model": own}
    for frame in (pd.DataFrame({"text": texts}), pa.table({"text": texts})):
        assert kind(**option).fit(frame, votes).predict(frame)[:4].tolist() == ["spam", "spam", "ham", "ham"]


@pytest.mark.parametrize("kind", [WeaklySupervised, LearnFromCrowds])
def test_order_and_names_do_not_matter(iris, kind):
    X, y = iris
    told = crowd(y, [0.9, 0.7, 0.6], 0.7)
    order = np.random.default_rng(1).permutation(len(y))
    probs = kind().fit(X, told).predict_proba(X)
    np.testing.assert_allclose(kind().fit(X[order], told[order]).predict_proba(X), probs, atol=2e-3)
    turned = np.where(told < 0, -1, 2 - told)
    renamed = kind().fit(X, Votes(turned, ["c", "b", "a"]))
    np.testing.assert_allclose(renamed.predict_proba(X)[:, ::-1], probs, atol=2e-3)
    assert set(renamed.predict(X)) <= {"a", "b", "c"}


def test_random_state_decides_the_forest(iris):
    X, y = iris
    votes = crowd(y, [0.8, 0.7, 0.6])
    forest = RandomForestClassifier(5)
    one, same, other = (
        WeaklySupervised(None, forest, random_state=s).fit(X, votes).predict_proba(X) for s in (3, 3, 4)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_crowds_are_the_loop_with_a_classifier(iris):
    X, y = iris
    votes = Votes(crowd(y, [0.9, 0.5, 0.6], 0.6), range(3))
    rows = np.flatnonzero(np.diff(votes.first) > 0)

    def refit(targets):
        return possible(fit_soft(GaussianNB(), X[rows], targets).predict_proba(X[rows]))

    found = em(votes[rows], refit, flat(len(rows), 3), max_iter=20, tol=1e-4)
    fitted = LearnFromCrowds(GaussianNB()).fit(X, votes)
    np.testing.assert_allclose(fitted.targets_[rows], found.targets)
    np.testing.assert_allclose(fitted.confusion_, found.evidence.confusion)
    assert fitted.trace_ == found.trace
    assert fitted.n_iter_ == len(found.trace) - 1


def test_one_vote_an_item_is_enough_for_the_classifier_to_see_who_errs(iris):
    X, y = iris
    told = crowd(y, [0.95, 0.9, 0.4])
    told[np.arange(3) != (np.arange(len(y)) % 3)[:, None]] = -1
    model = LearnFromCrowds().fit(X, told)
    right = np.diagonal(model.confusion_, axis1=1, axis2=2).mean(axis=1)
    assert right[:2].min() > right[2] + 0.2
    assert model.score(X, y) > 0.9


@pytest.mark.parametrize("kind", [WeaklySupervised, LearnFromCrowds])
def test_what_cannot_be_learned_from(iris, kind):
    X, y = iris
    told = crowd(y, [0.9, 0.8, 0.7])
    for votes, message in (
        (told[:-1], "X has 150 rows and votes speak of 149"),
        (np.full((150, 2), -1), "nobody said anything"),
        (np.zeros((150, 2), dtype=int), "all votes say 0"),
        (told + 0.5, "expected integers"),
        ([None] * 150, "all of 150 labels are missing"),
        (["a"] * 150, "y names 1 class"),
        (Candidates(np.ones((150, 3), dtype=bool)), "ImpreciseEM any evidence"),
        (None, "requires y"),
    ):
        with pytest.raises(InputError, match=message):
            kind().fit(X, votes)


def test_settings_and_models_that_do_not_fit(iris):
    X, y = iris
    told = crowd(y, [0.9, 0.8, 0.7])
    with pytest.raises(InputError, match="uncovered='guess' must be 'drop' or 'keep'"):
        WeaklySupervised(uncovered="guess").fit(X, told)
    with pytest.raises(InputError, match="KNeighborsClassifier takes no sample_weight"):
        WeaklySupervised(None, KNeighborsClassifier()).fit(X, told)
