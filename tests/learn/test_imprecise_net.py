"""The network on any evidence: what it learns, what it takes, and that it goes on where it stopped."""

import pickle

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_wine
from sklearn.model_selection import train_test_split

torch = pytest.importorskip("torch", reason="torch is not installed")

from labelwright import Candidates, Exact, InputError, Noisy, Spans, Together  # noqa: E402
from labelwright.data import simulate  # noqa: E402
from labelwright.learn import ImpreciseNet  # noqa: E402
from labelwright.nets import SmallCNN  # noqa: E402


def net(**options):
    return ImpreciseNet(**({"epochs": 20, "device": "cpu", "show": False} | options))


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return train_test_split(X, y, test_size=0.4, random_state=0, stratify=y)


def test_candidate_sets_are_nearly_as_good_as_labels(digits):
    X, test, y, answer = digits
    told = simulate.candidates(y, 0.5, np.random.default_rng(0), n_classes=10).evidence
    fitted = net(epochs=40).fit(X, told)
    assert fitted.score(test, answer) > 0.93
    assert fitted.trace_[-1] > fitted.trace_[0]
    np.testing.assert_allclose(fitted.targets_.sum(axis=1), 1)
    assert (fitted.targets_[~told.allowed] == 0).all()


def test_a_flipping_channel_is_learned(digits):
    X, test, y, answer = digits
    wrong = simulate.pair_flip(y, 0.35, np.random.default_rng(0), n_classes=10).labels
    fitted = net(epochs=40).fit(X, Noisy(Exact(wrong), 0.3, learn=True))
    plain = net(epochs=40).fit(X, wrong)
    assert fitted.score(test, answer) > plain.score(test, answer) + 0.05
    off = np.eye(10)[(np.arange(10) + 1) % 10] == 1
    assert abs(fitted.evidence_.matrix[off].mean() - 0.35) < 0.12


def test_pictures_and_a_net_of_your_own(digits):
    X, test, y, answer = digits
    pictures, unseen = (a.reshape(-1, 1, 8, 8).astype(np.float32) for a in (X, test))
    fitted = net(net=lambda shape, k: SmallCNN(shape[0], k, shape[1]), epochs=6).fit(pictures, y)
    assert fitted.score(unseen, answer) > 0.9
    assert net(epochs=2).fit(pictures, y).predict_proba(unseen).shape == (len(test), 10)


def test_groups_stay_in_one_batch():
    rng = np.random.default_rng(0)
    told = Spans([5] * 30, [[(1, 3, "x")] if i % 2 else [] for i in range(30)], complete=[True, False] * 15)
    X = rng.normal(size=(150, 4))
    seen = []

    class Watched(Spans):
        def __getitem__(self, items):
            seen.append(np.asarray(items))
            return super().__getitem__(items)

    told.__class__ = Watched
    net(epochs=2, batch_size=20).fit(X, told)
    assert sum(len(rows) for rows in seen) == 300
    for rows in seen:
        assert (np.bincount(rows // 5, minlength=30)[np.unique(rows // 5)] == 5).all()


def test_the_same_seed_gives_the_same_net(digits):
    X, test, y, _ = digits
    one, two, other = (
        net(epochs=2, random_state=s).fit(X[:200], y[:200]).predict_proba(test) for s in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_a_pickled_net_predicts_the_same_without_its_items(digits):
    X, test, y, _ = digits
    fitted = net(epochs=2).fit(X, y)
    written = pickle.dumps(fitted)
    again = pickle.loads(written)
    np.testing.assert_array_equal(again.predict_proba(test), fitted.predict_proba(test))
    assert len(again.epoch_.X) == 0
    with pytest.raises(InputError, match="can only predict"):
        again.epoch_(np.zeros((0, 10)))


def test_labels_may_be_words_and_missing():
    X, y = load_wine(return_X_y=True)
    names = np.array(["rosso", "bianco", "rosato"], dtype=object)
    fitted = net(epochs=30, batch_size=16).fit(X, [None if i % 3 else names[c] for i, c in enumerate(y)])
    assert fitted.score(X, names[y]) > 0.85


def test_rows_of_five_kinds_train_one_net(digits):
    X, test, y, answer = digits
    mixed = simulate.mixture(
        y, {"exact": 0.1, "noisy": 0.3, "candidates": 0.3, "votes": 0.2, "missing": 0.1}, np.random.default_rng(0),
        n_classes=10,
    )  # fmt: skip
    assert net(epochs=30).fit(X, Together(mixed.pairs, n=len(y))).score(test, answer) > 0.9


@pytest.mark.parametrize(
    ("y", "says"),
    [
        (Exact([None] * 30, classes=range(3)), "all labels are missing"),
        (Candidates(np.ones((30, 3), dtype=bool)), "all labels are missing"),
        (Exact([0] * 30), "at least 2"),
        (Exact([0, 1]), "y speaks of 2 items"),
    ],
)
def test_bad_evidence_is_refused(y, says):
    with pytest.raises(InputError, match=says):
        net().fit(np.zeros((30, 2)), y)
