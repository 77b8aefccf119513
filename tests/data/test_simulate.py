import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from labelwright.data import simulate
from labelwright.errors import InputError

seeds = st.integers(0, 2**32)
rates = st.floats(0, 1)


@st.composite
def labelled(draw, min_classes=2):
    k = draw(st.integers(min_classes, 5))
    labels = draw(st.lists(st.integers(0, k - 1), min_size=1, max_size=60))
    return np.array([*range(k), *labels]), k


def names(codes):
    return np.array(["ant", "bee", "cow", "dog", "eel"])[codes]


@given(labelled(), rates, seeds)
@settings(deadline=None)
def test_flips_agree_with_what_is_reported(case, rate, seed):
    labels, k = case
    before = labels.copy()
    for spoil in (simulate.symmetric, simulate.pair_flip):
        spoiled = spoil(labels, rate, np.random.default_rng(seed), k)
        np.testing.assert_array_equal(labels, before)
        np.testing.assert_array_equal(spoiled.wrong, spoiled.labels != labels)
        assert spoiled.labels.dtype == labels.dtype
        assert spoiled.matrix.shape == (k, k)
        np.testing.assert_allclose(spoiled.matrix.sum(axis=1), 1)
        np.testing.assert_allclose(np.diag(spoiled.matrix), 1 - rate)
        assert (spoiled.matrix[labels, spoiled.labels] > 0).all(), "nothing impossible is drawn"
        again = spoil(labels, rate, np.random.default_rng(seed), k)
        np.testing.assert_array_equal(spoiled.labels, again.labels)
        named = spoil(names(labels), rate, np.random.default_rng(seed))
        np.testing.assert_array_equal(named.labels, names(spoiled.labels))
        if rate in (0, 1):
            assert (spoiled.wrong == (rate == 1)).all()


@given(labelled(), st.data(), seeds)
@settings(deadline=None)
def test_class_dependent_draws_only_what_the_matrix_allows(case, data, seed):
    labels, k = case
    row = st.lists(st.sampled_from([0.0, 0.1, 0.5, 1.0]), min_size=k, max_size=k).filter(any)
    matrix = np.array([data.draw(row) for _ in range(k)])
    matrix /= matrix.sum(axis=1, keepdims=True)
    spoiled = simulate.class_dependent(labels, matrix, np.random.default_rng(seed), k)
    assert (matrix[labels, spoiled.labels] > 0).all()


def test_frequencies_follow_the_matrix():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 60_000)
    matrix = np.array([[0.7, 0.2, 0.1], [0.0, 0.9, 0.1], [0.3, 0.3, 0.4]])
    given_ = simulate.class_dependent(labels, matrix, rng).labels
    seen = np.array(
        [[((labels == i) & (given_ == j)).sum() / (labels == i).sum() for j in range(3)] for i in range(3)]
    )
    np.testing.assert_allclose(seen, matrix, atol=0.012)
    symmetric = simulate.symmetric(labels, 0.3, rng)
    assert abs(symmetric.wrong.mean() - 0.3) < 0.01
    up = ((symmetric.labels - labels) % 3 == 1)[symmetric.wrong].mean()
    assert abs(up - 0.5) < 0.02


def test_a_draw_at_the_very_end_falls_into_a_possible_class():
    class Last:
        def random(self, size):
            return np.full(size, np.nextafter(1, 0))

    matrix = np.eye(12)
    matrix[0] = [0.1] * 10 + [0.0, 0.0]
    assert matrix[0].cumsum()[-1] < 1, "rounding leaves a gap"
    spoiled = simulate.class_dependent(np.zeros(3, int), matrix, Last(), 12)
    assert spoiled.labels.tolist() == [9, 9, 9]


def test_pair_flip_goes_to_the_next_class():
    labels = np.arange(4).repeat(50)
    spoiled = simulate.pair_flip(labels, 0.5, np.random.default_rng(0))
    assert set(((spoiled.labels - labels) % 4).tolist()) == {0, 1}


@given(labelled(), rates, seeds)
@settings(deadline=None)
def test_instance_dependent(case, rate, seed):
    labels, k = case
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.ones(k), len(labels))
    spoiled = simulate.instance_dependent(probs, labels, rate, rng)
    np.testing.assert_array_equal(spoiled.wrong, spoiled.labels != labels)
    assert spoiled.matrix is None
    if rate in (0, 1):
        assert (spoiled.wrong == (rate == 1)).all()


def test_instance_dependent_prefers_the_doubtful_and_hits_the_rate():
    rng = np.random.default_rng(1)
    n = 40_000
    probs = rng.dirichlet([0.5] * 4, n)
    labels = probs.argmax(axis=1)
    margin = np.sort(probs, axis=1)[:, -1] - np.sort(probs, axis=1)[:, -2]
    for rate in (0.1, 0.4, 0.8):
        spoiled = simulate.instance_dependent(probs, labels, rate, rng)
        assert abs(spoiled.wrong.mean() - rate) < 0.01
        assert spoiled.wrong[margin < 0.2].mean() > spoiled.wrong[margin > 0.6].mean() + 0.08
    second = probs.argsort(axis=1)[:, -2]
    assert (spoiled.labels == second)[spoiled.wrong].mean() > 0.5
    even = simulate.instance_dependent(probs, labels, 0.3, rng, sharpness=0)
    assert abs(even.wrong[margin < 0.2].mean() - even.wrong[margin > 0.6].mean()) < 0.03


def test_instance_dependent_never_gives_the_impossible_class():
    probs = np.tile([0.5, 0.0, 0.5], (500, 1))
    spoiled = simulate.instance_dependent(probs, np.zeros(500, int), 1.0, np.random.default_rng(0))
    assert set(spoiled.labels.tolist()) == {2}
    certain = simulate.instance_dependent(
        np.eye(3)[[0] * 600], np.zeros(600, int), 1.0, np.random.default_rng(0)
    )
    assert set(certain.labels.tolist()) == {1, 2}


def blobs(n, rng, k=3):
    labels = np.arange(n) % k
    return rng.normal(size=(n, 2)) + 1.5 * np.column_stack([np.cos(2 * labels), np.sin(2 * labels)]), labels


def test_boundary_probs_are_probabilities_of_unseen_rows():
    rng = np.random.default_rng(0)
    X, labels = blobs(300, rng)
    probs = simulate.boundary_probs(X, labels, rng)
    np.testing.assert_allclose(probs.sum(axis=1), 1)
    assert 0.6 < (probs.argmax(axis=1) == labels).mean() < 0.95


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
def test_a_systematic_annotator_repeats_its_errors(form):
    rng = np.random.default_rng(0)
    X, labels = blobs(900, rng)
    few = simulate.systematic_annotator(form(X), names(labels), 4, np.random.default_rng(3))
    many = simulate.systematic_annotator(form(X), names(labels), 600, np.random.default_rng(3))
    assert few.wrong.mean() > many.wrong.mean()
    np.testing.assert_array_equal(few.wrong, few.labels != names(labels))
    # What one annotator says depends on the item alone: the same place, the same answer.
    twice = simulate.systematic_annotator(np.vstack([X, X]), np.tile(labels, 2), 10, np.random.default_rng(5))
    np.testing.assert_array_equal(twice.labels[:900], twice.labels[900:])


def test_the_annotator_sees_every_class():
    X, labels = blobs(200, np.random.default_rng(0), k=4)
    order = np.argsort(labels, kind="stable")
    X, labels = X[order], labels[order]
    for seed in range(5):
        seen = simulate.systematic_annotator(X, labels, 4, np.random.default_rng(seed))
        assert set(seen.labels.tolist()) == {0, 1, 2, 3}


@given(st.integers(0, 2**31), rates, rates)
@settings(deadline=None)
def test_marks(seed, yes, no):
    rng = np.random.default_rng(seed)
    marks = rng.integers(-1, 2, (20, 4)).astype(np.int8)
    spoiled = simulate.flip_marks(marks, (yes, no), rng)
    assert spoiled.labels.dtype == np.int8
    np.testing.assert_array_equal(spoiled.labels == -1, marks == -1)
    np.testing.assert_array_equal(spoiled.wrong, spoiled.labels != marks)
    np.testing.assert_allclose(spoiled.matrix, [[1 - no, no], [yes, 1 - yes]])
    assert (spoiled.matrix[marks, spoiled.labels][marks >= 0] > 0).all()


def test_marks_hit_their_rates():
    marks = np.random.default_rng(0).integers(0, 2, (3000, 10)).astype(np.int8)
    spoiled = simulate.flip_marks(marks, (0.4, 0.05), np.random.default_rng(1))
    assert abs(spoiled.wrong[marks == 1].mean() - 0.4) < 0.01
    assert abs(spoiled.wrong[marks == 0].mean() - 0.05) < 0.01


@given(labelled(), rates, rates, seeds)
@settings(deadline=None)
def test_duplicates(case, share, conflict, seed):
    labels, _ = case
    items = np.arange(len(labels)) * 10
    more = simulate.duplicate_rows(items, labels, share, np.random.default_rng(seed), conflict=conflict)
    n, count = len(labels), round(share * len(labels))
    assert len(more.items) == len(more.labels) == len(more.copy_of) == n + count
    np.testing.assert_array_equal(more.items, items[more.copy_of])
    np.testing.assert_array_equal(more.labels[:n], labels)
    np.testing.assert_array_equal(more.copy_of[:n], np.arange(n))
    assert len(set(more.copy_of[n:].tolist())) == count
    assert (more.labels[n:] != labels[more.copy_of[n:]]).sum() == round(conflict * count)
    texts = simulate.duplicate_rows(
        [str(i) for i in items], labels, share, np.random.default_rng(seed), conflict=conflict
    )
    assert texts.items == [str(i) for i in more.items]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda rng: simulate.symmetric([0, 1], 1.1, rng), "between 0 and 1, not 1.1"),
        (lambda rng: simulate.symmetric([0, 1], float("nan"), rng), "between 0 and 1"),
        (lambda rng: simulate.symmetric([], 0.1, rng), "at least one item"),
        (lambda rng: simulate.symmetric([1, 1], 0.1, rng), "one class only"),
        (lambda rng: simulate.symmetric([0, 3], 0.1, rng, 3), "from 0 to 2"),
        (lambda rng: simulate.class_dependent([0, 1], np.eye(3), rng), r"must be \(2, 2\)"),
        (lambda rng: simulate.class_dependent([0, 1], np.ones((2, 2)), rng), "sums to 1"),
        (lambda rng: simulate.instance_dependent(np.ones((3, 2)), [0, 1], 0.1, rng), "2 labels"),
        (lambda rng: simulate.instance_dependent([[np.nan, 1]], [1], 0.1, rng), "missing numbers"),
        (lambda rng: simulate.systematic_annotator(np.ones((3, 1)), [0, 1, 2], 2, rng), "n_seen=2"),
        (lambda rng: simulate.boundary_probs(np.ones((3, 1)), [0, 1, 1], rng), "at least twice"),
        (lambda rng: simulate.flip_marks([[2]], 0.1, rng), "1 .yes., 0 .no."),
    ],
)
def test_bad_input(call, says):
    with pytest.raises(InputError, match=says):
        call(np.random.default_rng(0))
