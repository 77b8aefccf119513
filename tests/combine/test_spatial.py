"""Maps by several labellers: pixels by a slow oracle, consensus by enumeration, scores by hand."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from labelwright import InputError, data
from labelwright.combine.spatial import (
    ConsensusDisplay,
    ControlScheduler,
    LabellerRegistry,
    bayes_risk,
    chips,
    consensus,
    fill,
    pixel_votes,
    posterior_consensus,
    qscore,
    rasterize,
    rasterize_three_class,
    site_summary,
    three_class,
    weighted_vote,
)
from labelwright.combine.spatial.scores import area_score, categorical_score, edge_score, number_score
from labelwright.errors import DoubtfulInput


def inside(x, y, ring):
    """Even-odd rule by counting the sides to the right of a point."""
    hit = False
    for (x0, y0), (x1, y1) in zip(ring, [*ring[1:], ring[0]]):
        if (y0 > y) != (y1 > y) and x < (x1 - x0) * (y - y0) / (y1 - y0) + x0:
            hit = not hit
    return hit


corners = st.lists(
    st.tuples(st.floats(-3, 12, allow_nan=False), st.floats(-3, 12, allow_nan=False)), min_size=3, max_size=7
)


@given(corners)
def test_filling_is_the_even_odd_rule_at_the_centres_of_pixels(ring):
    found = fill(ring, (9, 10))
    expected = np.array([[inside(x + 0.5, y + 0.5, ring) for x in range(10)] for y in range(9)])
    # A side that runs exactly through a centre may fall on either side of it by rounding.
    assert (found != expected).sum() <= 1


def test_holes_overlaps_rims_and_neighbours():
    outer, hole = [(0, 0), (6, 0), (6, 6), (0, 6)], [(2, 2), (4, 2), (4, 4), (2, 4)]
    ring = fill([outer, hole], (6, 6))
    assert ring.sum() == 32
    assert not ring[2:4, 2:4].any()
    bow = fill([(0, 0), (6, 6), (6, 0), (0, 6)], (6, 6))  # crosses itself
    assert bow.sum() == bow[:, ::-1].sum() > 0
    assert fill([(-5, -5), (-1, -5), (-1, -1)], (4, 4)).sum() == 0
    left, right = (
        fill([(0, 0), (2.5, 0), (2.5, 4), (0, 4)], (4, 5)),
        fill([(2.5, 0), (5, 0), (5, 4), (2.5, 4)], (4, 5)),
    )
    assert (left ^ right).all()  # polygons that share a side share no pixel
    numbered = rasterize([outer, [(3, 0), (9, 0), (9, 6), (3, 6)]], (6, 8))
    assert set(np.unique(numbered)) == {0, 1, 2} - ({0} if numbered.all() else set())
    classes = rasterize_three_class([outer], (8, 8))
    np.testing.assert_array_equal(classes > 0, fill(outer, (8, 8)))
    assert (classes == 2).sum() == 11  # the rim of the raster is no edge
    np.testing.assert_array_equal(three_class(fill(outer, (8, 8))), classes)


@given(st.integers(0, 2**32 - 1), st.integers(3, 5), st.integers(2, 3))
def test_consensus_against_loops(seed, a, k):
    rng = np.random.default_rng(seed)
    masks, weights = rng.integers(-1, k, (a, 3, 4)), rng.random((a, k)) + 0.1
    found = consensus(masks, weights, n_classes=k)
    for place in np.ndindex(3, 4):
        said = masks[(slice(None), *place)]
        share = np.zeros(k)
        for who, code in enumerate(said):
            if code >= 0:
                share[code] += weights[who, code]
        if share.sum():
            np.testing.assert_allclose(found.probs[place], share / share.sum())
            assert found.probs[place][found.labels[place]] == pytest.approx(share.max() / share.sum())
        else:
            assert found.labels[place] == -1
        if (said >= 0).sum() >= 3:
            assert found.risk[place] == pytest.approx(1 - share.max() / share.sum())
        else:
            assert np.isnan(found.risk[place])


@given(st.integers(0, 2**32 - 1))
def test_bayes_against_enumeration(seed):
    rng = np.random.default_rng(seed)
    a, k = 3, 2
    masks, confusion = rng.integers(-1, k, (a, 2, 3)), rng.dirichlet(np.ones(k) * 2, (a, k))
    prior = rng.dirichlet(np.ones(k))
    found = posterior_consensus(masks, confusion, prior)
    for place in np.ndindex(2, 3):
        joint = prior.copy()
        for who in range(a):
            if masks[who][place] >= 0:
                joint *= confusion[who, :, masks[who][place]]
        np.testing.assert_allclose(found.probs[place], joint / joint.sum(), atol=1e-9)


def test_equal_weights_are_the_majority_and_order_does_not_matter():
    rng = np.random.default_rng(0)
    masks = rng.integers(0, 2, (5, 6, 6))
    found = consensus(masks)
    np.testing.assert_array_equal(found.labels, (masks.mean(axis=0) >= 0.5).astype(int))
    np.testing.assert_allclose(found.risk, np.minimum(masks.mean(axis=0), 1 - masks.mean(axis=0)))
    order = rng.permutation(5)
    np.testing.assert_allclose(
        consensus(masks[order], np.arange(1, 6)[order]).probs, consensus(masks, np.arange(1, 6)).probs
    )
    np.testing.assert_allclose(bayes_risk(found.probs), found.risk)


def test_one_labeller_only_when_asked_for():
    mask = np.array([[[0, 1]]])
    with pytest.raises(InputError, match="masks come from 1 labellers, but the risk needs 3"):
        consensus(mask)
    assert consensus(mask, min_labellers=1).labels.tolist() == [[0, 1]]


def test_scores_of_the_same_and_of_other_drawings():
    truth = np.zeros((20, 20), int)
    truth[2:8, 2:8], truth[11:18, 11:18] = 1, 2
    assert qscore(truth, truth).total == 1
    nothing = np.zeros_like(truth)
    seen = qscore(nothing, truth)
    assert (seen.number, seen.edge, seen.categorical) == (0, 0, 0)
    assert seen.area == pytest.approx(1 - (36 + 49) / 400)
    assert qscore(nothing, nothing).total == 1
    half = np.where(truth == 1, 1, 0)
    assert number_score(half, truth) == 0.5
    assert area_score(half, truth) == pytest.approx(1 - 49 / 400)
    shifted = ndimage.shift(truth, (1, 0), order=0)
    assert edge_score(shifted, truth, edge_tol=1) == 1 > edge_score(shifted, truth, edge_tol=0)
    assert categorical_score(truth, truth, {1: "a", 2: "b"}, {1: "a", 2: "a"}) == pytest.approx(36 / 85)
    by_hand = 0.55 * area_score(half, truth) + 0.225 * 0.5 + 0.1 * edge_score(half, truth) + 0.125 * 1
    assert qscore(half, truth).total == pytest.approx(by_hand)


def test_a_registry_knows_scores_recalls_and_confusions():
    truth = np.array([[0, 0, 1, 1]])
    registry = LabellerRegistry()
    registry.update("ann", 0.8, [[0, 0, 1, 0]], truth)
    registry.update("ann", 0.6, [[0, 0, 0, 0]], [[0, 0, 0, 0]])  # says nothing about recall of 1
    np.testing.assert_allclose(registry.scores(["ann"]), 0.7)
    np.testing.assert_allclose(registry.weights(["ann"]), [[0.7 * 1.0, 0.7 * 0.5]])
    np.testing.assert_allclose(
        registry.confusion(["ann"], smoothing=1e-9)[0], [[1, 0], [0.5, 0.5]], atol=1e-6
    )
    np.testing.assert_allclose(registry.prior, [7 / 10, 3 / 10])
    registry.update("bob", 0.2, 1 - truth, truth)
    with pytest.warns(DoubtfulInput, match="1 labellers have no control site"):
        weights = registry.weights(["ann", "eve"])
    assert 0 < weights[1, 0] < weights[0, 0]
    assert registry.trusted("ann", threshold=0.65)
    assert not registry.trusted("bob")
    assert not registry.trusted("nobody")


def test_controls_fall_in_number_and_cannot_be_foreseen():
    one, other = ControlScheduler(random_state=0).draw(2000), ControlScheduler(random_state=1).draw(2000)
    assert (one != other).any()
    rates = np.array([ControlScheduler().rate(i) for i in range(2000)])
    assert np.abs(np.cumsum(one) - np.cumsum(rates)).max() < 2
    parts = np.concatenate([ControlScheduler().draw(700), ControlScheduler().draw(1300, done=700)])
    np.testing.assert_array_equal(parts, ControlScheduler().draw(2000))


def test_summary_chips_and_votes():
    assert site_summary([[0.0, 0.4], [0.5, np.nan]]).share_risky == pytest.approx(2 / 3)
    covered = np.zeros((5, 7), int)
    for rows, columns in chips((5, 7), 3):
        covered[rows, columns] += 1
    assert (covered == 1).all()
    votes = pixel_votes([[[0, 1]], [[-1, 1]]], sources=["ann", "bob"])
    assert votes.sources.tolist() == ["ann", "bob"]
    np.testing.assert_allclose(weighted_vote(votes, [1, 3]), [[1, 0], [0, 1]])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: fill([(0, 0), (1, 1)], (3, 3)), "at least 3 corners"),
        (lambda: fill([(0, 0), (1, 1), (np.nan, 0)], (3, 3)), "NaN or infinite"),
        (lambda: fill([(0, 0), (1, 1), (1, 0)], (0, 3)), "shape=(0, 3)"),
        (lambda: rasterize_three_class([[(0, 0), (1, 1), (1, 0)]], (3, 3), edge=0), "edge=0"),
        (lambda: consensus(np.zeros((3, 2))), "expected (labellers, height, width)"),
        (lambda: consensus([np.zeros((2, 2), int), np.zeros((3, 2), int)]), "different shapes"),
        (lambda: consensus(np.zeros((3, 2, 2))), "masks have dtype float64"),
        (lambda: consensus(np.full((3, 2, 2), -2)), "-1 is not looked at"),
        (lambda: consensus(np.zeros((3, 2, 2), int), [1, -1, 1]), "weights must be finite"),
        (lambda: consensus(np.zeros((3, 2, 2), int), [1, 1]), "weights have shape"),
        (lambda: consensus(np.full((3, 2, 2), 4), n_classes=2), "masks hold code 4"),
        (lambda: posterior_consensus(np.zeros((3, 2, 2), int), np.ones((2, 2))), "confusion has shape"),
        (lambda: posterior_consensus(np.zeros((3, 2, 2), int), np.full((3, 2, 2), 0.5), [1, 1]), "prior="),
        (lambda: qscore([[1, 0]], [[1], [0]]), "label has shape (1, 2) and reference (2, 1)"),
        (lambda: qscore([[0.5]], [[1]]), "label has dtype float64"),
        (lambda: qscore([[1]], [[1]], weights=[1, 1, 0, 0]), "weights="),
        (lambda: qscore([[-1]], [[1]]), "object numbers start at 1"),
        (lambda: LabellerRegistry(1), "n_classes=1"),
        (lambda: LabellerRegistry().weights(), "no labeller has a control site yet"),
        (lambda: LabellerRegistry().update("a", 2, [[0]], [[0]]), "score=2"),
        (lambda: ControlScheduler(first=0.1, last=0.2).draw(3), "first=0.1 and last=0.2"),
        (lambda: bayes_risk([[2.0]]), "numbers in [0, 1]"),
        (lambda: site_summary([[np.nan]]), "NaN everywhere"),
        (lambda: list(chips((3, 3), 0)), "size=0"),
    ],
)
def test_what_cannot_be_used(make, message):
    with pytest.raises(InputError, match=re.escape(message)):
        make()


def test_the_picture_has_a_panel_for_votes_consensus_and_risk():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    rng = np.random.default_rng(0)
    shown = ConsensusDisplay.from_masks(
        rng.integers(0, 2, (4, 8, 8)), image=rng.random((8, 8)), reference=np.eye(8)
    )
    assert [axis.get_title() for axis in shown.plot().axes_] == [
        "image",
        "votes of 4 labellers",
        "consensus",
        "risk",
    ]
    matplotlib.pyplot.close("all")


@pytest.mark.network
def test_real_nuclei_that_were_corrected_score_below_one():
    found = data.load("dsb-nuclei")
    changed = [i for i in np.flatnonzero(found.extra["changed"]) if found.extra["fixed"][i] is not None][:3]
    for i in changed:
        seen = qscore(found.extra["given"][i], found.extra["fixed"][i])
        assert 0.5 < seen.total < 1
