"""The confident joint and what follows from it, against loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from labelwright import Candidates, Exact, InputError, Marks
from labelwright.parts import noise
from labelwright.testing import check_noise


def slow_thresholds(probs, codes, k):
    return [probs[codes == c, c].astype(float).mean() if (codes == c).any() else 2.0 for c in range(k)]


def slow_joint(probs, codes):
    """Count by what was told and the most probable class among those that reach their threshold."""
    k = probs.shape[1]
    cuts = np.array([t - noise.SLACK for t in slow_thresholds(probs, codes, k)]).astype(probs.dtype)
    joint = np.zeros((k, k), dtype=int)
    for row, code in zip(probs, codes):
        reaching = [c for c in range(k) if row[c] >= cuts[c]]
        if code >= 0 and reaching:
            best = max(row) if len(reaching) > 1 else row[reaching[0]]
            joint[code, list(row).index(best) if len(reaching) > 1 else reaching[0]] += 1
    for c in range(k):
        joint[c, c] = max(joint[c, c], 1)
    return joint


def drawn(seed, n, k, dtype, coarse=False):
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.ones(k) * 0.5, n)
    if coarse:  # many ties
        probs = np.round(probs * 4)
        probs[probs.sum(axis=1) == 0, 0] = 1
        probs /= probs.sum(axis=1, keepdims=True)
    codes = np.where(rng.random(n) < 0.7, probs.argmax(axis=1), rng.integers(-1, k, n))
    codes[codes == k - 1] = 0  # the last class is never told
    return probs.astype(dtype), codes


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("coarse", [False, True])
@pytest.mark.parametrize("k", [2, 3, 17, 40])
def test_confident_joint_equals_a_loop(k, coarse, dtype):
    for seed in range(3):
        probs, codes = drawn(seed, 200, k, dtype, coarse)
        told = Exact.from_codes(codes, range(k))
        expected = np.array(slow_thresholds(probs, codes, k))
        np.testing.assert_allclose(noise.thresholds(probs, told), expected, rtol=1e-6)
        assert noise.confident_joint(probs, told).tolist() == slow_joint(probs, codes).tolist()


def test_confident_joint_of_tags_is_one_of_two_classes_each():
    rng = np.random.default_rng(0)
    probs, marks = rng.random((150, 4)), rng.integers(-1, 2, (150, 4))
    marks[:, 3] = 0  # a tag nobody has
    joint = noise.confident_joint(probs, Marks(marks))
    for t in range(4):
        alone = np.stack([1 - probs[:, t], probs[:, t]], axis=1)
        assert joint[t].tolist() == slow_joint(alone, marks[:, t]).tolist()
        np.testing.assert_allclose(
            noise.thresholds(probs, Marks(marks))[t], slow_thresholds(alone, marks[:, t], 2), rtol=1e-9
        )


def test_reaching_a_threshold_forgives_rounding_only():
    probs = np.array([[0.8, 0.2], [0.4, 0.6], [0.8 - 1e-3, 0.2 + 1e-3], [0.8 - 1e-8, 0.2 + 1e-8]])
    told = Exact([0, 1, None, None])  # thresholds 0.8 and 0.6
    assert noise.confident_joint(probs, told).tolist() == [[1, 0], [0, 1]]
    said = Exact(
        [0, 1, 1, 1]
    )  # the threshold of class 1 falls to (0.6 + 0.2 + 0.2) / 3; that of class 0 stays
    assert noise.confident_joint(probs, said).tolist() == [[1, 0], [1, 1]]


def test_noise_keeps_the_contract():
    check_noise(noise.confident_joint)


def test_half_precision_strided_and_foreign_tables():
    probs, codes = drawn(0, 50, 3, np.float16)
    told = Exact.from_codes(codes, range(3))
    expected = noise.confident_joint(probs.astype(np.float32), told).tolist()
    assert noise.confident_joint(probs, told).tolist() == expected
    assert noise.confident_joint(np.asfortranarray(probs), told).tolist() == expected
    assert noise.confident_joint(probs.astype(">f4"), told).tolist() == expected
    assert noise.confident_joint(probs.tolist(), told).sum() > 0


def test_only_labels_and_tags_have_a_joint():
    with pytest.raises(InputError, match="not Candidates"):
        noise.confident_joint([[0.5, 0.5]], Candidates([[True, False]]))


TABLES = hnp.arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 6)), elements=st.floats(0, 50))


@settings(derandomize=True, deadline=None, max_examples=200)
@given(TABLES)
def test_rounded_rows_keep_their_sums(table):
    whole = noise.round_rows(table)
    assert whole.dtype == np.int64
    assert whole.sum(axis=1).tolist() == np.round(table.sum(axis=1)).astype(int).tolist()
    assert (whole >= 0).all()
    assert (np.abs(whole - table) <= 1.0 + 1e-9).all()


def test_rounding_by_hand():
    rows = [[1.5, 1.5], [0.5, 0.5], [2.5, 2.5], [0.4, 0.6], [1 / 3, 2 / 3]]
    assert noise.round_rows(np.array(rows)).tolist() == [[1, 2], [0, 1], [2, 3], [0, 1], [0, 1]]


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.integers(2, 6), st.integers(0, 2**31 - 1))
def test_calibrated_rows_add_up_to_the_counts(k, seed):
    rng = np.random.default_rng(seed)
    joint = noise.at_least_one_right(rng.integers(0, 20, (k, k)))
    counts = rng.integers(0, 1000, k)
    assert noise.calibrate(joint, counts).sum(axis=1).tolist() == counts.tolist()
    tags = noise.at_least_one_right(rng.integers(0, 9, (3, 2, 2)))
    each = rng.integers(0, 99, (3, 2))
    assert noise.calibrate(tags, each).sum(axis=-1).tolist() == each.tolist()


def test_the_noise_matrix_turns_the_joint_round():
    joint = np.array([[8, 0, 2], [1, 0, 3], [1, 0, 5]])
    matrix = noise.matrix(joint)
    np.testing.assert_allclose(matrix.sum(axis=1), 1)
    np.testing.assert_allclose(matrix, [[0.8, 0.1, 0.1], [0, 1, 0], [0.2, 0.3, 0.5]])
    assert noise.matrix(np.stack([joint[:2, :2]] * 3)).shape == (3, 2, 2)


def test_joint_finds_the_noise_that_was_planted():
    rng = np.random.default_rng(0)
    truth = rng.integers(3, size=3000)
    told = np.where((truth == 0) & (rng.random(3000) < 0.3), 1, truth)
    probs = 0.05 + 0.85 * np.eye(3)[truth]
    joint = noise.calibrate(noise.confident_joint(probs, told), np.bincount(told))
    np.testing.assert_allclose(noise.matrix(joint)[0], [0.7, 0.3, 0], atol=0.03)
