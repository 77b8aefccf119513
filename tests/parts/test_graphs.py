"""Neighbours and near pairs against brute force."""

import numpy as np
import pytest
from scipy import sparse

from labelwright.parts import graphs


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
        found = graphs.alike(form(vectors), codes, threshold)
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
    found = graphs.alike(vectors, codes, 0.999)
    assert {(int(r), int(t)) for r, t in zip(found["row"], found["twin"])} == brute(vectors, codes, 0.999)


def test_the_same_seed_finds_the_same_pairs():
    vectors, codes = planted(1)
    once, again = (graphs.alike(vectors, codes, 0.9, random_state=3).tolist() for _ in range(2))
    assert once == again


def test_rows_of_zeros_and_unlabelled_rows_match_nothing():
    vectors = np.zeros((6, 3))
    vectors[4:, 0] = 1
    assert len(graphs.alike(vectors, np.array([0, 1, 0, 1, 0, -1]), 0.5)) == 0
    assert graphs.alike(vectors, np.array([0, 1, 0, 1, 0, 1]), 0.5)["row"].tolist() == [4]


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_rows_for_a_pair(n):
    assert len(graphs.alike(np.ones((n, 2)) / 2**0.5, np.zeros(n, dtype=int), 0.9)) == 0


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix, sparse.csr_array])
def test_similarities_equal_a_dense_product(form, monkeypatch):
    monkeypatch.setattr(graphs, "BLOCK", 500)
    vectors, _ = planted(0, n=101, pairs=20)
    rows = vectors[3:40]
    whole = np.full((37, 101), np.nan)
    blocks = 0
    for part, cosine in graphs.similarities(form(rows), form(vectors)):
        whole[part] = cosine
        blocks += 1
    assert blocks > 5
    np.testing.assert_allclose(whole, rows @ vectors.T, atol=1e-12)
