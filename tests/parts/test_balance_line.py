"""Balances on a line, the loss whose minimum is the posterior, classes that are left out, neighbours that agree."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.special import softmax

from labelwright.errors import InputError
from labelwright.parts import graphs, losses, priors, shifted_losses

simplex = st.integers(0, 10_000).map(
    lambda seed: np.random.default_rng(seed).dirichlet(np.full(5, 2.0)) + 1e-3
)


@settings(max_examples=30, deadline=None)
@given(simplex, st.floats(-1.4, 1.4))
def test_the_degree_undoes_the_line(source, t):
    source = source / source.sum()
    assert priors.degree(priors.tempered(source, t), source) == pytest.approx(t, abs=1e-9)
    assert priors.degree(source, source) == pytest.approx(1)
    assert priors.degree(np.full(5, 0.2), source) == pytest.approx(0, abs=1e-9)
    reverse = 1 / source
    assert priors.degree(reverse / reverse.sum(), source) == pytest.approx(-1)


@settings(max_examples=30, deadline=None)
@given(simplex, simplex)
def test_the_degree_is_bounded_and_blind_to_the_order_of_classes(now, source):
    now, source = now / now.sum(), source / source.sum()
    order = np.array([3, 0, 4, 1, 2])
    found = priors.degree(now, source)
    assert -1.5 <= found <= 1.5
    assert priors.degree(now[order], source[order]) == pytest.approx(found)


def test_a_uniform_source_has_no_direction():
    assert priors.degree([0.7, 0.3], [0.5, 0.5]) == 0


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ([1.0, 0.0], "must be above 0"),
        ([0.5, 0.6], "sums to 1.1"),
        ([[0.5, 0.5]], "expected"),
        ([0.2, 0.3, 0.5], "must match"),
    ],
)
def test_shares_that_are_none(shares, message):
    with pytest.raises(InputError, match=message):
        priors.degree(shares, [0.4, 0.6])


def test_the_adjusted_loss_is_least_at_the_posterior_under_the_new_balance():
    rng = np.random.default_rng(0)
    source, target = rng.dirichlet(np.ones(4)), rng.dirichlet(np.ones(4))
    truth = rng.dirichlet(np.ones(4), 3)  # P(y | x) under the source
    moved = truth * target / source
    best = np.log(moved / moved.sum(axis=1, keepdims=True))
    least = shifted_losses.logit_adjusted(best, truth, source=source, target=target)
    np.testing.assert_allclose(least, -(truth * np.log(truth)).sum(axis=1))
    for _ in range(20):
        other = shifted_losses.logit_adjusted(
            best + rng.normal(size=(3, 4)), truth, source=source, target=target
        )
        assert (other > least).all()
    rows = shifted_losses.logit_adjusted(best, truth, source=source, target=np.tile(target, (3, 1)))
    np.testing.assert_allclose(rows, least)
    with pytest.raises(InputError, match="share of 0"):
        shifted_losses.logit_adjusted(best, truth, source=source, target=[1.0, 0, 0, 0])
    with pytest.raises(InputError, match="expected"):
        shifted_losses.logit_adjusted(best, truth, source=source[:3], target=target)


def test_among_is_cross_entropy_of_the_allowed_columns():
    rng = np.random.default_rng(1)
    logits = 5 * rng.normal(size=(6, 5))
    allowed = np.array([[1, 1, 0, 0, 0]] * 3 + [[0, 0, 1, 1, 1]] * 3, dtype=bool)
    targets = np.where(allowed, rng.random((6, 5)), 0)
    targets /= targets.sum(axis=1, keepdims=True)
    found = shifted_losses.among(logits, targets, allowed=allowed)
    for i in range(6):
        inside = allowed[i]
        expected = losses.cross_entropy(logits[i : i + 1, inside], targets[i : i + 1, inside])
        np.testing.assert_allclose(found[i], expected[0])
    shaken = np.where(allowed, logits, 1e6 * rng.normal(size=(6, 5)))
    np.testing.assert_allclose(shifted_losses.among(shaken, targets, allowed=allowed), found)
    with pytest.raises(InputError, match="without any class"):
        shifted_losses.among(logits, targets, allowed=np.zeros(5, dtype=bool))


def test_among_gives_no_slope_to_the_others():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    logits = torch.tensor([[0.0, 1.0, 300.0]], requires_grad=True)
    loss = shifted_losses.among(logits, np.array([[1.0, 0.0, 0.0]]), allowed=np.array([True, True, False]))
    loss.sum().backward()
    slope = logits.grad.numpy()[0]
    assert slope[2] == 0
    np.testing.assert_allclose(slope[:2], softmax([0.0, 1.0]) - [1, 0], atol=1e-6)


def test_reliable_entropy_leaves_out_what_is_unsure():
    logits = np.array([[0.0, 0.0, 0.0], [9.0, 0.0, 0.0]])
    np.testing.assert_allclose(shifted_losses.reliable_entropy(logits), [0, losses.entropy(logits)[1]])
    np.testing.assert_allclose(
        shifted_losses.reliable_entropy(logits[1:], most=1.0), losses.entropy(logits[1:])
    )
    with pytest.raises(InputError, match="most=0"):
        shifted_losses.reliable_entropy(logits, most=0)


def test_agreement_solves_its_own_equation_and_lowers_its_objective():
    rng = np.random.default_rng(2)
    given = rng.dirichlet(np.ones(3), 12)
    edges = sparse.random_array((12, 12), density=0.3, rng=rng)
    edges = (edges + edges.T).tocsr()
    edges.setdiag(0)
    edges.eliminate_zeros()
    found = graphs.adjust(edges, given)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    np.testing.assert_allclose(found, softmax(np.log(given) + edges @ found, axis=1), atol=1e-5)
    np.testing.assert_allclose(graphs.adjust(edges, given, strength=0.0), given)

    def objective(z):
        return (z * np.log(z / given)).sum() - (z * (edges @ z)).sum() / 2

    assert objective(found) < objective(given)
    with pytest.raises(InputError, match="strength"):
        graphs.adjust(edges, given, strength=-1)
