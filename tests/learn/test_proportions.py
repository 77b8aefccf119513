"""Labels of items from counts of bags: against the bag's share, and what the search may and may not see."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from labelwright import Bags, Candidates, Exact, InputError
from labelwright.learn import LLP
from labelwright.learn.proportions import SIMILARITIES, residuals
from labelwright.loops import fit_soft

FIXED = {"n_neighbors": 5, "metric": "euclidean", "similarity": 1.0, "rounds": 1}


def bagged(size, seed, load=load_breast_cancer):
    """Training items in random bags of `size`, and held-out items."""
    X, y = load(return_X_y=True)
    train, test, truth, answer = train_test_split(X, y, test_size=0.3, random_state=seed, stratify=y)
    bag = np.random.default_rng(seed).permutation(len(train)) // size
    counts = np.array([np.bincount(truth[bag == b], minlength=y.max() + 1) for b in range(bag.max() + 1)])
    return train, truth, Bags(bag, counts), test, answer


@pytest.mark.parametrize(("size", "least"), [(16, 0.95), (64, 0.9)])
def test_items_are_told_apart_far_better_than_by_the_share_of_their_bag(size, least):
    train, truth, told, test, answer = bagged(size, seed=0)
    fitted = LLP(rounds=1).fit(train, told)
    shares = (told.counts / told.sizes[:, None])[told.bag]
    student = make_pipeline(StandardScaler(), MLPClassifier((64, 64), random_state=0))
    naive = roc_auc_score(answer, fit_soft(student, train, shares).predict_proba(test)[:, 1])
    found = roc_auc_score(answer, fitted.predict_proba(test)[:, 1])
    assert found > max(least, naive + 0.1)
    assert roc_auc_score(truth, fitted.pseudo_[:, 1]) > least
    assert len(fitted.search_) == 8
    best = min(fitted.search_, key=lambda tried: tried.residual)
    assert best[1:4] == (fitted.metric_, fitted.n_neighbors_, fitted.similarity_)


def test_the_search_sees_counts_only_and_beats_most_of_what_it_tried():
    train, truth, told, _, _ = bagged(64, seed=1)
    chosen = roc_auc_score(truth, LLP(rounds=1).fit(train, told).pseudo_[:, 1])
    tried = [
        roc_auc_score(
            truth, LLP(n_neighbors=5, metric=m, similarity=s, rounds=1).fit(train, told).pseudo_[:, 1]
        )
        for m in ("cosine", "euclidean")
        for s in SIMILARITIES
    ]
    assert chosen > np.median(tried) + 0.1


def test_counts_hold_and_pure_bags_are_certain():
    train, truth, told, _, _ = bagged(8, seed=2)
    bag = told.bag.copy()
    bag[truth == 1] = np.where(np.arange((truth == 1).sum()) < 20, 900, bag[truth == 1])  # a pure bag
    names = np.unique(bag)
    told = Bags(bag, [np.bincount(truth[bag == b], minlength=2) for b in names])
    pseudo = LLP(**FIXED).fit(train, told).pseudo_
    np.testing.assert_array_equal(pseudo[bag == 900], np.tile([0.0, 1.0], (20, 1)))
    sums = np.array([pseudo[bag == b, 1].sum() for b in names])
    np.testing.assert_allclose(sums, told.counts[:, 1], atol=1e-6)


def test_several_classes_and_rounds():
    train, _, told, test, answer = bagged(8, seed=0, load=load_wine)
    fitted = LLP(**{**FIXED, "rounds": 2}).fit(train, told)
    assert fitted.score(test, answer) > 0.9
    assert fitted.search_ == []
    assert fitted.pseudo_.shape == (len(train), 3)


def test_every_round_is_searched_anew_on_the_hidden_layer():
    train, _, told, _, _ = bagged(16, seed=0)
    fitted = LLP(n_neighbors=5, metric="cosine", rounds=2).fit(train, told)
    assert [(t.turn, t.similarity) for t in fitted.search_] == [(r, s) for r in (0, 1) for s in SIMILARITIES]


def test_labels_that_are_all_told_need_no_graph():
    train, truth, _, test, _ = bagged(16, seed=0)
    fitted = LLP().fit(train, truth)
    assert fitted.search_ == []
    plain = LLP(**FIXED).fit(train, Exact(truth))
    np.testing.assert_array_equal(plain.predict_proba(test), fitted.predict_proba(test))
    np.testing.assert_array_equal(fitted.pseudo_, np.eye(2)[truth])


def test_a_few_labels_and_candidate_sets_are_carried_to_the_rest():
    X, y = load_wine(return_X_y=True)
    rng = np.random.default_rng(0)
    few = Exact([int(c) if i % 12 == 0 else None for i, c in enumerate(y)], classes=range(3))
    assert LLP(**FIXED).fit(X, few).score(X, y) > 0.93
    sets = Candidates((rng.random((len(y), 3)) < 0.7) | np.eye(3, dtype=bool)[y])
    fitted = LLP(rounds=1).fit(X, sets)
    assert fitted.score(X, y) > 0.93
    assert (fitted.pseudo_[~sets.allowed] == 0).all()


@pytest.mark.parametrize(
    "model", [LogisticRegression(), MLPClassifier((8,), "tanh", max_iter=2000, tol=1e-2)]
)
def test_any_classifier_may_learn_and_sparse_items_do(model):
    train, _, told, test, answer = bagged(8, seed=0)
    scale = StandardScaler().fit(train)
    train, test = scale.transform(train), scale.transform(test)
    fitted = LLP(model, **{**FIXED, "rounds": 2}).fit(train, told)
    assert roc_auc_score(answer, fitted.predict_proba(test)[:, 1]) > 0.95
    thin = LLP(model, **FIXED).fit(sparse.csr_matrix(train), told)
    assert roc_auc_score(answer, thin.predict_proba(sparse.csr_matrix(test))[:, 1]) > 0.95


def test_large_data_are_searched_on_a_sample_of_whole_groups(monkeypatch):
    train, _, told, _, _ = bagged(4, seed=0)
    monkeypatch.setattr("labelwright.learn.proportions.SEARCHED", 100)
    whole, cut = [], []
    real = LLP._off

    def watched(self, graph, similarity, evidence, *fold):
        whole.append(np.bincount(evidence.bag).max())
        cut.append(len(evidence))
        return real(self, graph, similarity, evidence, *fold)

    monkeypatch.setattr(LLP, "_off", watched)
    fitted = LLP(n_neighbors=5, metric="euclidean", rounds=1).fit(train, told)
    assert max(cut) <= 100
    assert set(whole) == {4}
    assert len(fitted.pseudo_) == len(train)


def test_residuals_are_squared_count_errors():
    told = Bags([0, 0, 0, 1, -1], [[1, 2], [1, 0]])
    probs = np.eye(2)[[1, 1, 1, 1, 0]]
    np.testing.assert_allclose(residuals(probs, told), [1, 1, 0], atol=0.01)
    np.testing.assert_allclose(residuals(np.eye(2)[[0, 1, 1, 0, 0]], told), 0, atol=0.01)
    np.testing.assert_allclose(residuals(np.eye(3)[[0, 1]], Exact([0, 2], range(3))), [0, 1], atol=0.01)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"n_neighbors": 398}, "n_neighbors=398 must be 'auto' or from 1 to 397"),
        ({"n_neighbors": 0}, "n_neighbors=0"),
        ({"similarity": -1.0}, "similarity=-1.0"),
        ({"metric": "l1"}, "metric='l1'"),
        ({"rounds": 0}, "rounds=0"),
        ({"damping": 1.0}, "damping=1.0"),
    ],
)
def test_settings_out_of_range_are_named(options, says):
    train, _, told, _, _ = bagged(8, seed=0)
    with pytest.raises(InputError, match=says):
        LLP(**{**FIXED, **options}).fit(train, told)


def test_evidence_that_tells_nothing_is_refused():
    train = bagged(8, seed=0)[0]
    with pytest.raises(InputError, match="tells nothing"):
        LLP().fit(train, Bags([-1] * len(train), np.zeros((0, 2), dtype=int)))
    with pytest.raises(InputError, match="must match"):
        LLP().fit(train, Bags([0, 0], [[1, 1]]))


def test_one_bag_alone_is_no_reason_to_stop():
    train, truth, _, _, _ = bagged(8, seed=0)
    fitted = LLP(rounds=1).fit(train, Bags([0] * len(train), [np.bincount(truth)]))
    assert fitted.search_ == []
