"""Neighbours and near pairs against brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.datasets import load_digits
from sklearn.metrics import pairwise_distances

from labelwright import InputError
from labelwright.errors import MissingPackage
from labelwright.parts import nearest, neighbours

QUICK = settings(derandomize=True, deadline=None, max_examples=40)


def unit(table):
    return table / np.linalg.norm(table, axis=1, keepdims=True)


def planted(seed, n=400, d=40, pairs=60, noise=0.04):
    """Random rows, some of which have a near copy with another label."""
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(n, d))
    codes = rng.integers(3, size=n)
    left, right = rng.permutation(n)[: 2 * pairs].reshape(2, -1)
    table[right] = (
        table[left] + noise * rng.normal(size=(pairs, d)) * np.linalg.norm(table[left], axis=1)[:, None]
    )
    codes[right] = (codes[left] + 1) % 3
    return unit(table), codes


def brute(vectors, codes, threshold):
    cosine = vectors @ vectors.T
    near = (cosine >= threshold) & (codes[:, None] != codes) & (codes[:, None] >= 0) & (codes >= 0)
    return {(int(i), int(j)) for i, j in np.argwhere(near) if i < j}


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix, lambda v: v.astype(np.float32)])
@pytest.mark.parametrize("threshold", [0.9, 0.965])
def test_near_pairs_with_other_labels_are_found(threshold, form):
    expected, hits = 0, 0
    for seed in range(3):
        vectors, codes = planted(seed)
        codes[::17] = -1
        found = neighbours.alike(form(vectors), codes, threshold)
        pairs = {(int(r), int(t)) for r, t in zip(found["row"], found["twin"])}
        there = brute(vectors, codes, threshold)
        assert len(there) > 20
        assert pairs <= there  # nothing below the threshold, nothing unlabelled or alike in label
        assert len(pairs) == len(found)  # each pair once
        expected, hits = expected + len(there), hits + len(pairs & there)
        cosine = np.einsum("nd,nd->n", vectors[found["row"]], vectors[found["twin"]])
        np.testing.assert_allclose(found["similarity"], np.minimum(cosine, 1), atol=1e-5)
        assert (np.diff(found["similarity"]) <= 0).all()
        assert (found["row"] < found["twin"]).all()
    assert hits / expected >= 0.95


def test_equal_rows_are_always_found():
    vectors, codes = planted(0, noise=0.0)
    found = neighbours.alike(vectors, codes, 0.999)
    assert {(int(r), int(t)) for r, t in zip(found["row"], found["twin"])} == brute(vectors, codes, 0.999)


def test_the_same_seed_finds_the_same_pairs():
    vectors, codes = planted(1)
    once, again = (neighbours.alike(vectors, codes, 0.9, random_state=3).tolist() for _ in range(2))
    assert once == again


def test_rows_of_zeros_and_unlabelled_rows_match_nothing():
    vectors = np.zeros((6, 3))
    vectors[4:, 0] = 1
    assert len(neighbours.alike(vectors, np.array([0, 1, 0, 1, 0, -1]), 0.5)) == 0
    assert neighbours.alike(vectors, np.array([0, 1, 0, 1, 0, 1]), 0.5)["row"].tolist() == [4]


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_rows_for_a_pair(n):
    assert len(neighbours.alike(np.ones((n, 2)) / 2**0.5, np.zeros(n, dtype=int), 0.9)) == 0


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix, sparse.csr_array])
def test_similarities_equal_a_dense_product(form, monkeypatch):
    monkeypatch.setattr(neighbours, "BLOCK", 500)
    vectors, _ = planted(0, n=101, pairs=20)
    rows = vectors[3:40]
    whole = np.full((37, 101), np.nan)
    blocks = 0
    for part, cosine in neighbours.similarities(form(rows), form(vectors)):
        whole[part] = cosine
        blocks += 1
    assert blocks > 5
    np.testing.assert_allclose(whole, rows @ vectors.T, atol=1e-12)


def true_distances(table, metric):
    dense = table.toarray() if sparse.issparse(table) else np.asarray(table, dtype=float)
    found = pairwise_distances(dense, metric=metric)
    np.fill_diagonal(found, np.inf)
    return found


def check_nearest(near, table, metric, k):
    """The distances are those of the rows, and no row left out is nearer by more than float32 can tell."""
    truth = true_distances(table, metric)
    assert near.rows.shape == near.distances.shape == (len(truth), k)
    assert near.distances.dtype == np.float32
    assert (near.rows != np.arange(len(truth))[:, None]).all()
    assert all(len(set(row)) == k for row in near.rows.tolist())
    scale = max(1.0, float(truth[np.isfinite(truth)].max()))
    own = np.take_along_axis(truth, near.rows, axis=1)
    np.testing.assert_allclose(near.distances, own, rtol=1e-5, atol=2e-7 * scale)
    power = 2 if metric == "euclidean" else 1
    best = np.sort(truth, axis=1)[:, :k]
    np.testing.assert_allclose(own**power, best**power, rtol=1e-5, atol=5e-7 * scale**power)
    assert (np.diff(near.distances, axis=1) >= 0).all()


@QUICK
@given(st.integers(0, 2**31 - 1), st.sampled_from(["cosine", "euclidean"]), st.booleans())
def test_nearest_rows_equal_all_distances_sorted(seed, metric, thin):
    rng = np.random.default_rng(seed)
    n, d = rng.integers(2, 60), rng.integers(1, 8)
    table = rng.normal(size=(n, d)) * 10.0 ** rng.integers(-3, 4) + rng.choice([0, 100.0])
    table[rng.random(n) < 0.1] = table[0]  # copies
    table[rng.random(n) < 0.1] = 0
    k = int(rng.integers(1, n))
    given_table = sparse.csr_matrix(table) if thin else table
    before = given_table.copy()
    near = neighbours.knn(given_table, k, metric=metric, backend="exact")
    assert (abs(given_table - before)).max() == 0
    assert near.recall == 1
    check_nearest(near, table, metric, k)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
def test_tiles_and_threads_do_not_change_the_result(metric, form, monkeypatch):
    X = load_digits().data
    whole = neighbours.knn(form(X), 7, metric=metric)
    check_nearest(whole, X, metric, 7)
    threads = neighbours.knn(form(X), 7, metric=metric, n_jobs=2)
    np.testing.assert_array_equal(threads.rows, whole.rows)
    np.testing.assert_array_equal(threads.distances, whole.distances)
    monkeypatch.setattr(nearest, "TILE", 25)
    monkeypatch.setattr(nearest, "GATHERED", 10_000)
    small = neighbours.knn(form(X), 7, metric=metric)
    np.testing.assert_allclose(small.distances, whole.distances, atol=1e-6)


def test_copies_stand_in_order_at_distance_zero():
    table = np.vstack([np.tile([0.1, 0.2, 0.3], (4, 1)), np.random.default_rng(0).normal(size=(20, 3))])
    for metric in ("cosine", "euclidean"):
        near = neighbours.knn(table, 4, metric=metric)
        assert near.rows[:4, :3].tolist() == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]
        assert (near.distances[:4, :3] == 0).all()


def test_rows_of_zeros_are_at_distance_one():
    near = neighbours.knn([[0.0, 0], [0, 0], [1, 0], [1, 1]], 3)
    assert (near.distances[:2] == 1).all()
    assert near.rows[2].tolist() == [3, 0, 1]


def test_small_differences_far_from_the_origin_are_seen():
    rng = np.random.default_rng(0)
    table = 1e4 + rng.normal(size=(300, 3))  # squares of 1e8: in float32 alone the differences would be lost
    check_nearest(neighbours.knn(table, 5, metric="euclidean"), table, "euclidean", 5)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_the_approximate_search_finds_what_the_exact_one_finds(metric, monkeypatch):
    pytest.importorskip("faiss")
    X = load_digits().data
    exact = neighbours.knn(X, 10, metric=metric, backend="exact")
    flat = neighbours.knn(X, 10, metric=metric, backend="faiss")
    np.testing.assert_allclose(flat.distances, exact.distances, rtol=1e-5, atol=1e-6)
    monkeypatch.setattr(nearest, "FLAT", 100)
    monkeypatch.setattr(nearest, "MOST", 1)  # few rows in as few lists need a larger part of them
    found = neighbours.knn(X, 10, metric=metric, backend="faiss")
    recall = np.mean([np.isin(a, b).mean() for a, b in zip(exact.rows, found.rows)])
    assert recall >= 0.99
    assert abs(found.recall - recall) < 0.01
    own = np.take_along_axis(true_distances(X, metric), found.rows, axis=1)
    np.testing.assert_allclose(found.distances, own, rtol=1e-5, atol=1e-6)
    again = neighbours.knn(X, 10, metric=metric, backend="faiss")
    np.testing.assert_array_equal(again.rows, found.rows)


def test_rows_without_structure_are_searched_exactly(monkeypatch):
    pytest.importorskip("faiss")
    monkeypatch.setattr(nearest, "FLAT", 100)
    table = np.random.default_rng(0).normal(size=(800, 64))
    near = neighbours.knn(table, 5, backend="faiss")
    assert near.recall == 1
    check_nearest(near, table, "cosine", 5)


def test_large_tables_go_to_faiss_where_it_is_installed(monkeypatch):
    taken = []
    real = nearest.exact

    def watched(name):
        return lambda *options: taken.append(name) or real(*options[:5])

    monkeypatch.setattr(nearest, "exact", watched("exact"))
    monkeypatch.setattr(nearest, "approximate", watched("faiss"))
    table = np.random.default_rng(0).normal(size=(60, 3))
    for large, installed, form in (
        (50, True, np.asarray),
        (61, True, np.asarray),
        (50, False, np.asarray),
        (50, True, sparse.csr_matrix),
    ):
        monkeypatch.setattr(neighbours, "LARGE", large)
        monkeypatch.setattr(neighbours, "find_spec", lambda name, there=installed: there or None)
        neighbours.knn(form(table), 3)
    assert taken == ["faiss", "exact", "exact", "exact"]


def test_a_missing_faiss_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "faiss", None)
    with pytest.raises(MissingPackage, match=r"labelwright\[knn\]"):
        neighbours.knn(np.eye(3), 1, backend="faiss")


NAN = np.array([[0.0, 1], [1, 0], [np.nan, 1]])


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: neighbours.knn(NAN, 1), "1 missing or infinite numbers .first: row 2"),
        (lambda: neighbours.knn(sparse.csr_matrix(NAN), 1), "first: row 2"),
        (lambda: neighbours.knn([[1e30], [0]], 1), "scale them first"),
        (lambda: neighbours.knn([1.0, 2.0], 1), "expected a table of numbers"),
        (lambda: neighbours.knn([["a"], ["b"]], 1), "expected a table of numbers"),
        (lambda: neighbours.knn(np.eye(3), 3), "k=3 neighbours of each of 3 rows"),
        (lambda: neighbours.knn(np.eye(3), 0), "k=0"),
        (lambda: neighbours.knn(np.eye(3), 1.5), "k=1.5"),
        (lambda: neighbours.knn(np.empty((0, 2)), 1), "each of 0 rows"),
        (lambda: neighbours.knn(np.eye(3), 1, metric="l1"), "metric='l1'"),
        (lambda: neighbours.knn(np.eye(3), 1, backend="annoy"), "backend='annoy'"),
        (lambda: neighbours.knn(sparse.eye(3, format="csr"), 1, backend="faiss"), "no sparse vectors"),
    ],
)
def test_what_cannot_be_searched_is_named(call, says):
    with pytest.raises(InputError, match=says):
        call()


@pytest.mark.parametrize("kernel", ["matern12", "gaussian", "binary"])
@pytest.mark.parametrize("length_scale", [0.7, "median"])
def test_weights_equal_a_loop_over_the_edges(kernel, length_scale):
    table = np.random.default_rng(0).normal(size=(40, 3))
    near = neighbours.knn(table, 4, metric="euclidean")
    scale = np.median(near.distances) if length_scale == "median" else length_scale
    expected = np.zeros((40, 40))
    for i in range(40):
        for j in near.rows[i]:
            d = np.linalg.norm(table[i] - table[j])
            weight = {
                "matern12": np.exp(-d / scale),
                "gaussian": np.exp(-((d / scale) ** 2) / 2),
                "binary": 1.0,
            }
            expected[i, j] = expected[j, i] = weight[kernel]
    found = neighbours.affinity(near, kernel, length_scale=length_scale)
    np.testing.assert_allclose(found.toarray(), expected, rtol=1e-5)
    assert (found != found.T).nnz == 0


def test_weights_of_copies_alone_are_one():
    near = neighbours.knn(np.ones((5, 2)), 2)
    assert set(neighbours.affinity(near).data.tolist()) == {1.0}


@pytest.mark.parametrize(
    "options",
    [{"kernel": "cubic"}, {"length_scale": 0.0}, {"length_scale": "mean"}, {"length_scale": np.nan}],
)
def test_weights_need_a_kernel_and_a_scale(options):
    near = neighbours.knn(np.eye(4), 2)
    with pytest.raises(InputError, match=next(iter(options))):
        neighbours.affinity(near, **options)
