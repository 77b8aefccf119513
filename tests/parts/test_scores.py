"""Scores against plain loops and hand numbers."""

import math

import numpy as np
import pytest

from labelwright import Candidates, Exact, Marks
from labelwright.parts import scores
from labelwright.testing import check_score
from labelwright.testing.parts import planted_classes, planted_marks, rank_quality

ALL = [scores.doubt, scores.margin, scores.entropy, scores.entropy_doubt]
PROBS = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.05, 0.05, 0.9], [1 / 3, 1 / 3, 1 / 3]])
CODES = np.array([0, 2, 1, -1])
TOLD = Exact.from_codes(CODES, range(3))


@pytest.mark.parametrize("score", ALL, ids=lambda s: s.__name__)
def test_scores_keep_the_contract(score):
    check_score(score)


def test_published_formulas_by_hand():
    nan = np.nan
    np.testing.assert_allclose(scores.doubt(PROBS, TOLD), [0.3, 0.7, 0.95, nan])
    # normalised margin: (p[given] - largest other + 1) / 2 is the quality, one minus it the doubt
    np.testing.assert_allclose(
        scores.margin(PROBS, TOLD), [(1 - 0.5) / 2, (1 + 0.3) / 2, (1 + 0.85) / 2, nan]
    )
    h0 = -(0.7 * math.log(0.7) + 0.2 * math.log(0.2) + 0.1 * math.log(0.1)) / math.log(3)
    np.testing.assert_allclose(scores.entropy(PROBS)[[0, 3]], [h0, 1])
    # confidence-weighted entropy: r = H / p[given], quality log(1 + r) / r
    r = h0 / 0.7
    np.testing.assert_allclose(scores.entropy_doubt(PROBS, TOLD)[0], 1 - math.log(1 + r) / r)


def slow(score, probs, code):
    k = len(probs)
    if code < 0:
        return math.nan
    entropy = -sum(p * math.log(p) for p in probs if p > 0) / math.log(k)
    other = max(p for j, p in enumerate(probs) if j != code)
    ratio = entropy / probs[code]
    return {
        "doubt": 1 - probs[code],
        "margin": 1 - (probs[code] - other + 1) / 2,
        "entropy_doubt": 1 - math.log(1 + ratio) / ratio,
    }[score.__name__]


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize(
    "score", [scores.doubt, scores.margin, scores.entropy_doubt], ids=lambda s: s.__name__
)
def test_scores_equal_plain_loops(score, dtype):
    rng = np.random.default_rng(0)
    probs, codes = rng.dirichlet(np.ones(7), 200), rng.integers(-1, 7, 200)
    expected = [slow(score, row.tolist(), code) for row, code in zip(probs, codes)]
    found = score(probs.astype(dtype), Exact.from_codes(codes, range(7)))
    tolerance = {np.float64: 1e-12, np.float32: 1e-6, np.float16: 3e-3}[dtype]
    np.testing.assert_allclose(found, expected, atol=tolerance, rtol=tolerance)


def test_margins_in_blocks_equal_margins_at_once():
    rng = np.random.default_rng(0)
    table, codes = rng.dirichlet(np.ones(5), 1000), rng.integers(5, size=1000)
    np.testing.assert_array_equal(
        scores._best_other(table, codes, 64), scores._best_other(table, codes, 1 << 20)
    )


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_certainty_is_no_doubt_and_contradiction_is_all_of_it(dtype):
    probs = np.array([[1, 0], [1, 0], [0, 1]], dtype=dtype)
    for score in (scores.doubt, scores.margin, scores.entropy_doubt):
        np.testing.assert_allclose(score(probs, [0, 1, 0]), [0, 1, 1], atol=1e-6, err_msg=score.__name__)
    assert scores.entropy(probs).tolist() == [0, 0, 0]


@pytest.mark.parametrize("score", ALL, ids=lambda s: s.__name__)
def test_edges_stay_in_range(score):
    a_little_over = np.array([[1.004, 0.001], [0.001, 1.004]])
    for told in ([0, 1], [1, 0]):
        found = score(a_little_over, told)
        assert ((found >= 0) & (found <= 1)).all()
    assert score([[1, 0], [0, 1]], [0, 1]).shape == (2,)  # whole numbers
    assert score(np.ones((2, 1)), Exact([7, 7])).tolist() == [0, 0]  # one class
    assert score(np.empty((0, 2)), Exact([], classes=[0, 1])).shape == (0,)
    extreme = np.full((1, 1000), 1e-300)
    extreme[0, 1] = 1.0
    assert 0.99 < score(extreme, Exact.from_codes([0], range(1000)))[0] <= 1 or score is scores.entropy


def test_tags_are_scored_one_by_one():
    marks = Marks([[1, 0, -1]])
    probs = np.array([[0.2, 0.2, 0.5]])
    np.testing.assert_allclose(scores.doubt(probs, marks), [[0.8, 0.2, np.nan]])
    np.testing.assert_allclose(scores.margin(probs, marks), [[0.8, 0.2, np.nan]])
    h = -(0.2 * math.log2(0.2) + 0.8 * math.log2(0.8))
    np.testing.assert_allclose(scores.entropy(probs, marks), [[h, h, 1]])
    r = h / 0.8
    np.testing.assert_allclose(scores.entropy_doubt(probs, marks)[0, 1], 1 - math.log(1 + r) / r)


def test_sets_are_doubted_as_a_whole():
    told = Candidates([[True, True, False], [True, True, True]])
    np.testing.assert_allclose(scores.doubt([[0.2, 0.3, 0.5]] * 2, told), [0.5, np.nan])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("planted", [planted_classes, planted_marks])
def test_planted_wrong_labels_rank_high(planted, seed):
    probs, told, wrong = planted(np.random.default_rng(seed))
    for score in (scores.doubt, scores.margin, scores.entropy_doubt):
        assert rank_quality(score(probs, told).ravel(), wrong.ravel()) > 0.8
