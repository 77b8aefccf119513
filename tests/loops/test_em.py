"""Expectation-maximisation: monotone where it must be, and equal to the algorithms it is known to be."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.datasets import load_iris, load_wine
from sklearn.linear_model import LogisticRegression

from labelwright import Candidates, Exact, InputError, Noisy, Together, Votes
from labelwright.loops import em, fit_soft, flat


def everyone(targets):
    """The M-step of a model that knows nothing of the items: their mean."""
    return np.tile(targets.mean(axis=0), (len(targets), 1))


def crowd(seed=0, n=120, k=3, a=5):
    rng = np.random.default_rng(seed)
    truth = rng.integers(k, size=n)
    skill = rng.uniform(0.4, 0.9, a)
    said = np.where(rng.random((n, a)) < skill, truth[:, None], rng.integers(k, size=(n, a)))
    return np.where(rng.random((n, a)) < 0.2, -1, said), truth


def dawid_skene(said, k, rounds):
    """Written out: posteriors from shares of votes, then priors and confusions, then posteriors."""
    n, a = said.shape
    confusion = np.full((a, k, k), 0.3 / (k - 1))
    confusion[:, range(k), range(k)] = 0.7
    prior = np.full(k, 1 / k)
    for _ in range(rounds + 1):
        targets = np.empty((n, k))
        for i in range(n):
            for y in range(k):
                targets[i, y] = prior[y] * np.prod(
                    [confusion[j, y, said[i, j]] for j in range(a) if said[i, j] >= 0]
                )
        targets /= targets.sum(axis=1, keepdims=True)
        prior = targets.mean(axis=0)
        for j in range(a):
            for y in range(k):
                counts = [targets[said[:, j] == s, y].sum() for s in range(k)]
                confusion[j, y] = np.array(counts) / np.sum(counts)
    return targets


def test_with_the_mean_as_model_it_is_dawid_and_skene():
    said, _ = crowd()
    found = em(Votes(said, range(3), smoothing=0.0), everyone, flat(120, 3), max_iter=15, tol=None)
    np.testing.assert_allclose(found.targets, dawid_skene(said, 3, 15), atol=1e-9)


def test_with_nothing_told_and_a_new_prior_it_is_saerens_and_colleagues():
    rng = np.random.default_rng(0)
    probs, old = rng.dirichlet([1, 1, 1], 200), np.full(3, 1 / 3)
    new = old.copy()
    for _ in range(30):
        moved = probs * new / old
        new = (moved / moved.sum(axis=1, keepdims=True)).mean(axis=0)

    def reprior(targets):
        moved = probs * targets.mean(axis=0) / old
        return moved / moved.sum(axis=1, keepdims=True)

    found = em(Exact([None] * 200, classes=range(3)), reprior, probs, max_iter=30, tol=None)
    np.testing.assert_allclose(found.probs.mean(axis=0), reprior(new[None])[:, :].mean(axis=0), atol=1e-6)


def soft_logistic(X, k):
    """A refit whose M-step is exact: logistic regression without a penalty, fitted to the end."""

    def refit(targets):
        model = LogisticRegression(C=1e6, max_iter=3000, tol=1e-9)
        return fit_soft(model, X, targets).predict_proba(X)

    return refit


def test_the_trace_never_falls_where_both_steps_are_exact():
    X, y = load_iris(return_X_y=True)
    X = ((X - X.mean(axis=0)) / X.std(axis=0))[
        :, :2
    ]  # two features: classes overlap, so the maximum is finite
    rng = np.random.default_rng(0)
    told = np.where(rng.random(150) < 0.3, (y + 1) % 3, y)
    said, _ = crowd(n=150)
    sources = {
        "noise": Noisy(Exact(told), 0.2, learn=True),
        "candidates": Candidates((rng.random((150, 3)) < 0.4) | np.eye(3, dtype=bool)[y]),
        "together": Together(
            [
                (np.arange(50), Exact(y[:50], classes=range(3))),
                (np.arange(50, 150), Noisy(Exact(told[50:]), 0.3, learn=True)),
            ]
        ),
    }
    for name, evidence in sources.items():
        trace = em(evidence, soft_logistic(X, 3), flat(150, 3), max_iter=12, tol=None).trace
        assert np.diff(trace).min() > -2e-4, (name, trace)  # shares below 0.001 are left out
        assert trace[-1] > trace[0] + 0.01
    votes = Votes(said, range(3), smoothing=0.0)
    trace = em(votes, everyone, flat(150, 3), max_iter=40, tol=None).trace
    assert np.diff(trace).min() > -1e-12


def test_it_stops_when_nothing_is_gained_and_says_so():
    said, _ = crowd()
    stopped = em(Votes(said, range(3)), everyone, flat(120, 3), max_iter=200, tol=1e-5)
    assert stopped.converged
    assert len(stopped.trace) < 200
    assert not em(Votes(said, range(3)), everyone, flat(120, 3), max_iter=2, tol=1e-9).converged
    np.testing.assert_allclose(stopped.targets, stopped.evidence.posterior(stopped.probs))
    assert stopped.trace[-1] == pytest.approx(stopped.evidence.log_evidence(stopped.probs).mean())


def test_no_rounds_are_refused():
    with pytest.raises(InputError, match="max_iter=0"):
        em(Exact([0, 1]), everyone, flat(2, 2), max_iter=0)


# Soft targets


def test_soft_targets_are_fitted_to_their_cross_entropy():
    """At the optimum of the cross-entropy the gradient vanishes, with the penalty's part."""
    X, _ = load_wine(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    targets = softmax(X[:, :3] * 1.5, axis=1)
    targets = np.where(targets < 1e-3, 0, targets)
    targets /= targets.sum(axis=1, keepdims=True)
    weights = np.random.default_rng(0).random(len(X))
    fitted = fit_soft(LogisticRegression(C=1.0, max_iter=5000, tol=1e-8), X, targets, weights)
    residual = (fitted.predict_proba(X) - targets) * weights[:, None]
    np.testing.assert_allclose(residual.T @ X + fitted.model.coef_, 0, atol=2e-3)


def test_a_pipeline_scales_by_items_not_by_copies():
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X = np.arange(6.0)[:, None]
    targets = np.array([[1, 0], [1, 0], [0.5, 0.5], [0.5, 0.5], [0, 1], [0, 1]])
    fitted = fit_soft(make_pipeline(StandardScaler(), LogisticRegression()), X, targets)
    assert fitted.model[0].mean_[0] == pytest.approx(2.5)
    np.testing.assert_allclose(fitted.predict_proba([[2.5]]), [[0.5, 0.5]], atol=1e-3)


def test_models_without_weights_take_hard_targets_only():
    from sklearn.neighbors import KNeighborsClassifier

    X, hard = np.arange(4.0)[:, None], np.eye(2)[[0, 0, 1, 1]]
    assert fit_soft(KNeighborsClassifier(1), X, hard).predict_proba(X).tolist() == hard.tolist()
    with pytest.raises(InputError, match="KNeighborsClassifier takes no sample_weight"):
        fit_soft(KNeighborsClassifier(1), X, hard * 0.8 + 0.1)


def test_classes_without_targets_get_nothing_and_one_class_needs_no_model():
    X = np.arange(4.0)[:, None]
    assert (
        fit_soft(LogisticRegression(), X, np.eye(3)[[0, 0, 2, 2]]).predict_proba(X)[:, 1].tolist() == [0] * 4
    )
    assert fit_soft(LogisticRegression(), X, np.eye(3)[[1] * 4]).predict_proba(X).tolist() == [[0, 1, 0]] * 4


@pytest.mark.parametrize("weights", [np.zeros(4), -np.ones(4), np.ones(3)])
def test_bad_weights(weights):
    with pytest.raises(InputError, match="weights of shape"):
        fit_soft(LogisticRegression(), np.arange(4.0)[:, None], np.eye(2)[[0, 0, 1, 1]], weights)


def test_lengths_must_match():
    with pytest.raises(InputError, match="X has 3 rows and targets 4"):
        fit_soft(LogisticRegression(), np.zeros((3, 1)), np.eye(2)[[0, 0, 1, 1]])
