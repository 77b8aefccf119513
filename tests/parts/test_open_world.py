"""Classes as Gaussians, pairs, pseudo-labels and one more output, against slow and known answers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import mahalanobis as scipy_mahalanobis
from sklearn.covariance import EmpiricalCovariance
from sklearn.linear_model import LogisticRegression

from labelwright.errors import InputError
from labelwright.parts import class_gaussians as gaussians
from labelwright.parts import contrastive, losses, self_training


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    codes = np.repeat([0, 1, 2], [60, 30, 3])
    return rng.normal(size=(93, 4)) @ rng.normal(size=(4, 4)) + 3 * codes[:, None], codes


def test_distances_are_those_of_the_covariance_of_each_class(rows):
    X, codes = rows
    found = gaussians.class_gaussians(X, codes, 3, shrinkage=0, pooled_rows=2)
    far = gaussians.mahalanobis(X, found)
    centred = X - np.stack([X[codes == c].mean(axis=0) for c in range(3)])[codes]
    common = centred.T @ centred / len(X)
    for c in range(3):
        n = (codes == c).sum()
        own = np.cov(X[codes == c].T, bias=True)
        inverse = np.linalg.inv((n * own + 2 * common) / (n + 2))
        slow = [scipy_mahalanobis(x, X[codes == c].mean(axis=0), inverse) for x in X]
        np.testing.assert_allclose(far[:, c], slow, rtol=1e-8)


def test_without_shrinking_they_are_those_of_scikit_learn(rows):
    X, codes = rows
    far = gaussians.mahalanobis(X, gaussians.class_gaussians(X[:60], codes[:60], 1, shrinkage=0))
    other = EmpiricalCovariance().fit(X[:60]).mahalanobis(X)
    np.testing.assert_allclose(far[:, 0] ** 2, other)
    assert np.mean(far[:60] ** 2) == pytest.approx(4)  # d, for the rows they were learned from


def test_a_map_of_the_features_that_can_be_undone_changes_no_distance(rows):
    X, codes = rows
    turn = np.random.default_rng(1).normal(size=(4, 4))
    for pooled in (5.0, np.inf):
        here, there = (
            gaussians.mahalanobis(Z, gaussians.class_gaussians(Z, codes, 3, shrinkage=0, pooled_rows=pooled))
            for Z in (X, X @ turn + 7)
        )
        np.testing.assert_allclose(here, there, rtol=1e-6)


def test_few_rows_and_constant_features_are_held_by_shrinking(rows):
    X, codes = rows
    flat = np.column_stack([X, np.ones(len(X))])
    far = gaussians.mahalanobis(flat, gaussians.class_gaussians(flat, codes, 3))
    assert np.isfinite(far).all()
    same = gaussians.class_gaussians(np.ones((4, 2)), [0, 0, 1, 1], 2)
    assert np.isfinite(gaussians.mahalanobis(np.ones((1, 2)), same)).all()
    with pytest.raises(InputError, match="class 1 has 1 rows"):
        gaussians.class_gaussians(X[:3], [0, 0, 1], 2)
    with pytest.raises(InputError, match="finite"):
        gaussians.class_gaussians(X * np.nan, codes, 3)
    with pytest.raises(InputError, match="at least 0"):
        gaussians.class_gaussians(X, codes, 3, shrinkage=-1)


def test_rows_that_are_drawn_have_the_moments_of_their_class(rows):
    X, codes = rows
    found = gaussians.class_gaussians(X[:90], codes[:90], 2, shrinkage=0)
    drawn = gaussians.sampled(found, 40_000, np.random.default_rng(0))
    again = gaussians.class_gaussians(drawn, np.repeat([0, 1], 40_000), 2, shrinkage=0)
    np.testing.assert_allclose(again.means, found.means, atol=0.1)
    np.testing.assert_allclose(gaussians.mahalanobis(X, again), gaussians.mahalanobis(X, found), rtol=0.05)


def test_one_more_class_leaves_the_others_alone(rows):
    X, codes = rows
    before = gaussians.class_gaussians(X[:90], codes[:90], 2)
    after = gaussians.added(before, X[90:])
    np.testing.assert_array_equal(gaussians.mahalanobis(X, after)[:, :2], gaussians.mahalanobis(X, before))
    assert gaussians.mahalanobis(X[90:], after).argmin(axis=1).tolist() == [2, 2, 2]


def test_the_gap_is_between_the_two_nearest():
    far = np.random.default_rng(0).random((20, 5))
    ordered = np.sort(far, axis=1)
    np.testing.assert_allclose(gaussians.gap(far), ordered[:, 1] - ordered[:, 0])


# Pairs


@given(st.floats(0, 10), st.floats(0.1, 5))
@settings(deadline=None)
def test_pairs_of_one_class_cost_their_distance_and_others_what_is_missing(far, margin):
    assert contrastive.pull_apart(np.array([far]), [1], margin=margin)[0] == far
    apart = contrastive.pull_apart(np.array([far]), [0], margin=margin)[0]
    assert apart == pytest.approx(max(0.0, margin - far))


def test_the_loss_of_pairs_is_its_sum_and_the_same_from_either_side():
    rng = np.random.default_rng(0)
    one, two, far = rng.normal(size=(6, 3)), rng.normal(size=(6, 3)), rng.random(6)
    codes = rng.integers(3, size=(2, 6))
    hot, same = np.eye(3)[codes], (codes[0] == codes[1]).astype(float)
    wanted = 0.4 * (losses.cross_entropy(one, hot[0]) + losses.cross_entropy(two, hot[1]))
    wanted = wanted + 0.6 * np.where(same, far, np.maximum(0, 2 - far))
    left, right = np.column_stack([one, two, far]), np.column_stack([two, one, far])
    np.testing.assert_allclose(contrastive.of_pairs(left, np.column_stack([*hot, same]), margin=2.0), wanted)
    np.testing.assert_allclose(
        contrastive.of_pairs(right, np.column_stack([*hot[::-1], same]), margin=2.0), wanted
    )


def test_the_loss_of_pairs_in_torch_has_the_slope_of_differences():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    outputs = np.column_stack([rng.normal(size=(4, 4)), [0.2, 0.7, 1.5, 0.3]])
    targets = np.column_stack([np.eye(2)[[0, 1, 0, 1]], np.eye(2)[[0, 0, 1, 1]], [1, 0, 0, 1]])
    tensor = torch.tensor(outputs, requires_grad=True)
    contrastive.of_pairs(tensor, targets).sum().backward()
    slow = np.empty_like(outputs)
    for at in np.ndindex(outputs.shape):
        step = np.zeros_like(outputs)
        step[at] = 1e-6
        up, down = (contrastive.of_pairs(outputs + s * step, targets).sum() for s in (1, -1))
        slow[at] = (up - down) / 2e-6
    np.testing.assert_allclose(tensor.grad.numpy(), slow, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: contrastive.pull_apart(np.ones(2), [1, 0], margin=0), "margin=0"),
        (lambda: contrastive.of_pairs(np.ones((2, 5)), np.ones((2, 5)), lam=2), "lam=2"),
        (lambda: contrastive.of_pairs(np.ones((2, 4)), np.ones((2, 4))), r"2 k \+ 1"),
        (lambda: self_training.inverse_shares([0, 0], 1), "at least 2 classes"),
        (lambda: self_training.pseudo_labels([[1, 0]], [[1, 0, 2]], trust=1, nearer=1), "must match"),
    ],
)
def test_what_cannot_be_used_is_said(call, says):
    with pytest.raises(InputError, match=says):
        call()


# Learning from one's own word


@given(st.lists(st.integers(0, 4), min_size=2, max_size=40))
@settings(deadline=None)
def test_partners_are_drawn_the_other_way_round(codes):
    chances = self_training.inverse_shares(codes, 5)
    counts = np.bincount(codes, minlength=5)
    assert chances.sum() == pytest.approx(1)
    assert (np.diff(chances[np.argsort(counts)]) <= 1e-12).all()


@given(st.integers(1, 30), st.integers(2, 6), st.integers(0, 1000))
@settings(deadline=None)
def test_a_batch_is_exactly_like_itself_and_less_like_others(n, k, seed):
    rng = np.random.default_rng(seed)
    one, two = rng.dirichlet(np.ones(k), n), rng.dirichlet(np.ones(k), n)
    assert self_training.alike(one, one) == 1.0
    means = one.mean(axis=0), two.mean(axis=0)
    cosine = means[0] @ means[1] / np.linalg.norm(means[0]) / np.linalg.norm(means[1])
    assert self_training.alike(one, two) == pytest.approx(cosine)
    order = rng.permutation(k)
    assert self_training.alike(one[:, order], two[:, order]) == pytest.approx(cosine)


def test_pseudo_labels_by_a_plain_loop():
    rng = np.random.default_rng(0)
    probs, far = rng.dirichlet(np.ones(3), 200), rng.random((200, 3)) * 4
    found = self_training.pseudo_labels(probs, far, trust=0.7, nearer=1.0)
    for p, d, code in zip(probs, far, found):
        near = np.sort(d)
        if -(p * np.log(p)).sum() < 0.7:
            assert code == p.argmax()
        elif near[1] - near[0] >= 1.0:
            assert code == d.argmin()
        else:
            assert code == -1
    assert len(np.unique(found)) == 4


def test_one_more_output_beside_a_single_one_is_logistic_regression():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 3))
    inside = X[:, 0] + rng.normal(size=80) > 0.5
    weights, bias = self_training.new_output(X, inside, np.zeros((80, 1)), C=2.0)
    model = LogisticRegression(C=2.0, tol=1e-8).fit(X, inside)
    np.testing.assert_allclose(weights, model.coef_[0], atol=1e-3)
    assert bias == pytest.approx(model.intercept_[0], abs=1e-3)


def test_one_more_output_says_on_average_how_many_are_inside():
    rng = np.random.default_rng(0)
    X, logits = rng.normal(size=(200, 4)), rng.normal(size=(200, 3)) * 3
    inside = rng.random(200) < 0.3
    weights, bias = self_training.new_output(X, inside, logits)
    all_logits = np.column_stack([logits, X @ weights + bias])
    probs = np.exp(all_logits - np.logaddexp.reduce(all_logits, axis=1, keepdims=True))
    assert probs[:, 3].sum() == pytest.approx(inside.sum(), rel=1e-3)  # the bias is free
