"""Shares of tags in new data: each tag by itself, unknown marks left out."""

import numpy as np
import pytest

from labelwright import InputError, Marks
from labelwright.shift import TagPriors, method


def drawn(n, rng, tags=3):
    probs = rng.beta(0.5, 1, (n, tags))
    return probs, (rng.random(probs.shape) < probs).astype(int)


@pytest.mark.parametrize("priors", ["mlls", "pacc", "kdey"])
def test_shares_are_found(priors):
    rng = np.random.default_rng(0)
    probs, marks = drawn(3000, rng)
    new, truth = drawn(4000, rng)
    rows = np.flatnonzero((truth[:, 0] == 1) | (rng.random(4000) < 0.3))
    found = TagPriors(priors).fit(probs, marks)
    np.testing.assert_allclose(found.estimate(new[rows]), truth[rows].mean(axis=0), atol=0.05)
    np.testing.assert_allclose(found.source_shares_, marks.mean(axis=0))
    moved = found.correct(new[rows])
    assert (moved[:, 0] >= new[rows][:, 0] - 0.1).all()
    assert moved.shape == (len(rows), 3)


def test_one_tag_is_a_two_class_problem():
    rng = np.random.default_rng(1)
    probs, marks = drawn(500, rng)
    alone = method("mlls").fit(np.stack([1 - probs[:, 1], probs[:, 1]], axis=1), marks[:, 1])
    new = drawn(300, rng)[0]
    wanted = alone.interval(np.stack([1 - new[:, 1], new[:, 1]], axis=1))
    found = TagPriors().fit(probs, marks).interval(new, show=False)
    assert found.shares[1] == pytest.approx(wanted.priors[1])
    assert (found.low[1], found.high[1]) == pytest.approx((wanted.low[1], wanted.high[1]))


def test_unknown_marks_are_left_out_and_tags_shown_one_way_have_no_estimate():
    rng = np.random.default_rng(2)
    probs, marks = drawn(400, rng)
    hidden = rng.random(marks.shape) < 0.3
    told = np.where(hidden, -1, marks)
    told[:, 2] = np.where(told[:, 2] == 1, -1, told[:, 2])
    found = TagPriors("bbse").fit(probs, Marks(told, ["a", "b", "c"]))
    assert found.classes_.tolist() == ["a", "b", "c"]
    shares = found.estimate(probs)
    assert np.isnan(shares[2])
    assert np.isfinite(shares[:2]).all()
    assert np.isnan(found.interval(probs, show=False).low[2])
    np.testing.assert_array_equal(found.correct(probs)[:, 2], probs[:, 2])
    kept = ~hidden[:, 0]
    alone = method("bbse").fit(np.stack([1 - probs[kept, 0], probs[kept, 0]], axis=1), marks[kept, 0])
    assert shares[0] == pytest.approx(alone.estimate(np.stack([1 - probs[:, 0], probs[:, 0]], axis=1))[1])


def test_bad_input_is_named():
    probs, marks = drawn(50, np.random.default_rng(3))
    with pytest.raises(InputError, match="no tag both ways"):
        TagPriors().fit(probs, np.ones_like(marks))
    with pytest.raises(InputError, match="proba_source"):
        TagPriors().fit(probs[:9], marks)
    with pytest.raises(InputError, match="proba_target"):
        TagPriors().fit(probs, marks).estimate(probs[:, :2])
