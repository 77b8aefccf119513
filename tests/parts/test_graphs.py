"""Propagation against linear algebra, belief propagation against enumeration."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from labelwright import Bags, Exact, InputError
from labelwright.parts import graphs

QUICK = settings(derandomize=True, deadline=None, max_examples=40)
SEEDS = st.integers(0, 2**31 - 1)


def random_graph(rng, n, share=0.4):
    weights = np.triu(rng.random((n, n)) * (rng.random((n, n)) < share), 1)
    return weights + weights.T


def random_tree(rng, n):
    weights = np.zeros((n, n))
    for i in range(1, n):
        j = rng.integers(i)
        weights[i, j] = weights[j, i] = rng.uniform(0.1, 2)
    return weights


def some_told(rng, n, k, share=0.4):
    targets = rng.dirichlet(np.ones(k), n)
    targets[rng.random(n) > share] = 0
    return targets


def enumerated(unary, weights, coupling, likelihood=None):
    """Marginals by the sum over all labelings."""
    n, k = unary.shape
    mass = np.zeros((n, k))
    for labels in itertools.product(range(k), repeat=n):
        y = np.array(labels)
        agree = np.triu(weights * (y[:, None] == y), 1).sum()
        p = np.exp(unary[np.arange(n), y].sum() + coupling * agree)
        mass[np.arange(n), y] += p * (1 if likelihood is None else likelihood(y))
    return mass / mass.sum(axis=1, keepdims=True)


@QUICK
@given(SEEDS, st.integers(2, 12), st.integers(1, 4))
def test_propagation_is_the_harmonic_solution(seed, n, k):
    rng = np.random.default_rng(seed)
    weights, targets = random_graph(rng, n), some_told(rng, n, k)
    known = targets.any(axis=1)
    found = graphs.propagate(weights, targets, tol=1e-12, max_iter=20_000)
    np.testing.assert_array_equal(found[known], targets[known])
    group = sparse.csgraph.connected_components(sparse.csr_matrix(weights))[1]
    reached = np.isin(group, group[known]) & ~known
    np.testing.assert_array_equal(found[~known & ~reached], 0)
    means = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-300)
    expected = np.linalg.solve(
        np.eye(reached.sum()) - means[np.ix_(reached, reached)],
        means[np.ix_(reached, known)] @ targets[known],
    )
    np.testing.assert_allclose(found[reached], expected, atol=1e-7)


@QUICK
@given(SEEDS, st.integers(2, 12), st.integers(1, 4), st.floats(0.01, 0.99))
def test_spreading_is_the_closed_form(seed, n, k, alpha):
    rng = np.random.default_rng(seed)
    weights, targets = random_graph(rng, n), some_told(rng, n, k)
    root = 1 / np.sqrt(np.where(weights.any(axis=1), weights.sum(axis=1), 1))
    smooth = root[:, None] * weights * root
    expected = (1 - alpha) * np.linalg.solve(np.eye(n) - alpha * smooth, targets)
    total = expected.sum(axis=1, keepdims=True)
    expected = np.divide(expected, total, out=np.zeros_like(expected), where=total > 1e-13)
    found = graphs.spread(weights, targets, alpha=alpha, tol=1e-12)
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_spreading_by_nothing_returns_the_targets():
    rng = np.random.default_rng(0)
    targets = some_told(rng, 9, 3)
    np.testing.assert_allclose(graphs.spread(random_graph(rng, 9), targets, alpha=0), targets)


def test_spreading_takes_the_rounds_it_promises():
    rng = np.random.default_rng(0)
    weights, targets = random_graph(rng, 60, 0.1), some_told(rng, 60, 3)
    exact = graphs.spread(weights, targets, alpha=0.99, tol=1e-13)
    found = graphs.spread(weights, targets, alpha=0.99, max_iter=100, tol=0)  # plain repetition needs 900
    np.testing.assert_allclose(found, exact, atol=1e-4)


@pytest.mark.parametrize("carry", [graphs.propagate, graphs.spread])
def test_what_nothing_reaches_stays_as_it_came(carry):
    weights = sparse.csr_matrix([[0, 1.0, 0, 0], [1.0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
    targets = np.array([[1.0, 0], [0, 0], [0.25, 0.75], [0, 0]])
    before = targets.copy()
    found = carry(weights, targets)
    np.testing.assert_array_equal(targets, before)
    np.testing.assert_allclose(found, [[1, 0], [1, 0], [0.25, 0.75], [0, 0]], atol=1e-6)


def test_known_rows_may_be_named_and_single_precision_stays():
    path = sparse.csr_matrix([[0, 1.0, 0], [1.0, 0, 1.0], [0, 1.0, 0]])
    targets = np.array([[1, 0], [0.9, 0.1], [0, 1]], dtype=np.float32)
    for known in ([0, 2], np.array([True, False, True])):
        found = graphs.propagate(path, targets, known=known)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found[1], [0.5, 0.5])
    assert graphs.spread(path, targets).dtype == np.float32
    np.testing.assert_array_equal(graphs.propagate(path, targets), targets)  # nothing is unknown


@QUICK
@given(SEEDS, st.integers(1, 7), st.integers(2, 3), st.floats(-2, 3))
def test_belief_propagation_is_exact_on_trees(seed, n, k, coupling):
    rng = np.random.default_rng(seed)
    unary, weights = rng.normal(size=(n, k)), random_tree(rng, n)
    found = graphs.loopy_bp(unary, weights, coupling, damping=0.0, tol=1e-13)
    assert found.converged
    assert found.n_iter <= n + 1
    np.testing.assert_allclose(found.marginals, enumerated(unary, weights, coupling), atol=1e-9)
    damped = graphs.loopy_bp(unary, weights, coupling, damping=0.5, tol=1e-12, max_iter=1000)
    np.testing.assert_allclose(damped.marginals, found.marginals, atol=1e-7)


@QUICK
@given(SEEDS, st.integers(3, 7), st.integers(2, 3))
def test_belief_propagation_is_close_on_small_graphs_with_cycles(seed, n, k):
    rng = np.random.default_rng(seed)
    unary, weights = rng.normal(size=(n, k)), random_graph(rng, n)
    found = graphs.loopy_bp(unary, weights, 0.7, tol=1e-8, max_iter=500)
    assert found.converged
    np.testing.assert_allclose(found.marginals, enumerated(unary, weights, 0.7), atol=0.05)


def test_classes_may_be_forbidden_and_coupling_may_be_endless():
    chain = sparse.diags([np.ones(4), np.ones(4)], [-1, 1], shape=(5, 5))
    unary = np.zeros((5, 3))
    unary[0] = [-np.inf, 0, -np.inf]
    found = graphs.loopy_bp(unary, chain, 1e6, damping=0.0)
    np.testing.assert_allclose(found.marginals, np.tile([0, 1, 0], (5, 1)), atol=1e-9)
    apart = graphs.loopy_bp(unary[:, :2], chain, -1e6, damping=0.0)
    np.testing.assert_allclose(apart.marginals[:, 1], [1, 0, 1, 0, 1], atol=1e-9)


@QUICK
@given(SEEDS, st.integers(2, 7))
def test_a_factor_over_bags_without_a_graph_is_its_posterior(seed, n):
    rng = np.random.default_rng(seed)
    told, unary = bags(rng, n), rng.normal(size=(n, 2))
    found = graphs.loopy_bp(unary, sparse.csr_matrix((n, n)), joint=told.posterior)
    np.testing.assert_allclose(
        found.marginals, enumerated(unary, np.zeros((n, n)), 0, told.likelihood_of), atol=1e-9
    )


def bags(rng, n, k=2, of=2):
    bag, truth = rng.integers(of, size=n), rng.integers(k, size=n)
    return Bags(bag, [np.bincount(truth[bag == b], minlength=k) for b in np.unique(bag)], range(k))


@QUICK
@given(SEEDS, st.integers(1, 3), st.integers(2, 3))
def test_a_factor_that_closes_no_cycle_is_exact(seed, n, k):
    """Edges hang from the items of one bag: the factor graph is a tree."""
    rng = np.random.default_rng(seed)
    weights = np.zeros((2 * n, 2 * n))
    weights[np.arange(n), n + np.arange(n)] = rng.uniform(0.1, 1, n)
    weights += weights.T
    truth = rng.integers(k, size=n)
    told = Bags([0] * n + [-1] * n, [np.bincount(truth, minlength=k)], range(k))
    unary = rng.normal(size=(2 * n, k))
    found = graphs.loopy_bp(unary, weights, 1.5, joint=told.posterior, damping=0.0, tol=1e-12)
    assert found.converged
    np.testing.assert_allclose(
        found.marginals, enumerated(unary, weights, 1.5, told.likelihood_of), atol=1e-8
    )


def test_pure_bags_and_told_labels_come_out_certain():
    rng = np.random.default_rng(0)
    weights = random_graph(rng, 12)
    told = Bags(np.repeat([0, 1, 2], 4), [[4, 0], [0, 4], [2, 2]])
    found = graphs.loopy_bp(np.zeros((12, 2)), weights, 5.0, joint=told.posterior).marginals
    np.testing.assert_array_equal(found[:4], np.tile([1.0, 0.0], (4, 1)))
    np.testing.assert_array_equal(found[4:8], np.tile([0.0, 1.0], (4, 1)))
    assert found[8:, 1].sum() == pytest.approx(2)
    labels = Exact([0, None, 1] * 4)
    told_labels = graphs.loopy_bp(np.zeros((12, 2)), weights, joint=labels.posterior).marginals
    np.testing.assert_array_equal(told_labels[::3], np.tile([1.0, 0.0], (4, 1)))


def test_items_in_another_order_get_the_same_marginals():
    rng = np.random.default_rng(1)
    unary, weights, order = rng.normal(size=(30, 3)), random_graph(rng, 30, 0.1), rng.permutation(30)
    found = graphs.loopy_bp(unary, weights, 1.0, max_iter=7)
    moved = graphs.loopy_bp(unary[order], weights[np.ix_(order, order)], 1.0, max_iter=7)
    assert not found.converged
    assert found.n_iter == 7
    np.testing.assert_allclose(moved.marginals, found.marginals[order], atol=1e-10)


def test_the_diagonal_does_not_count():
    rng = np.random.default_rng(2)
    weights, targets, unary = random_graph(rng, 8), some_told(rng, 8, 2), rng.normal(size=(8, 2))
    loops = weights + np.diag(rng.random(8))
    np.testing.assert_allclose(graphs.propagate(loops, targets), graphs.propagate(weights, targets))
    np.testing.assert_allclose(graphs.spread(loops, targets), graphs.spread(weights, targets))
    np.testing.assert_allclose(
        graphs.loopy_bp(unary, loops).marginals, graphs.loopy_bp(unary, weights).marginals
    )


GOOD = np.array([[0, 1.0], [1.0, 0]])


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: graphs.propagate(GOOD, [1.0, 0.0]), "targets have shape"),
        (lambda: graphs.propagate(GOOD, [[1.0, 0.0], [np.nan, 0]]), "first: row 1"),
        (lambda: graphs.spread(GOOD, [[-1.0, 0.0], [0, 0]]), "first: row 0"),
        (lambda: graphs.spread(np.eye(3), [[1.0, 0.0], [0, 0]]), r"affinity has shape \(3, 3\)"),
        (lambda: graphs.spread(-GOOD, [[1.0, 0.0], [0, 0]]), "weights of at least 0"),
        (lambda: graphs.spread(np.triu(GOOD), [[1.0, 0.0], [0, 0]]), "symmetric"),
        (lambda: graphs.spread(GOOD, [[1.0, 0.0], [0, 0]], alpha=1.0), "alpha=1.0"),
        (lambda: graphs.propagate(GOOD, [[1.0, 0.0], [0, 0]], known=[True]), r"known has shape \(1,\)"),
        (lambda: graphs.loopy_bp([0.0, 1.0], GOOD), "two columns for log-odds"),
        (lambda: graphs.loopy_bp([[0.0, 1.0], [-np.inf, -np.inf]], GOOD), "first: row 1"),
        (lambda: graphs.loopy_bp([[0.0, 1.0], [np.nan, 0]], GOOD), "first: row 1"),
        (lambda: graphs.loopy_bp(GOOD, GOOD, np.inf), "coupling=inf"),
        (lambda: graphs.loopy_bp(GOOD, GOOD, damping=1.0), "damping=1.0"),
    ],
)
def test_what_cannot_be_used_is_named(call, says):
    with pytest.raises(InputError, match=says):
        call()
