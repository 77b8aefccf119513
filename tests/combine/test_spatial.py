"""Maps by several labellers: consensus by loops and enumeration, scores by hand."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from labelwright import InputError, data
from labelwright.combine.dawid_skene import DawidSkene
from labelwright.combine.spatial import (
    bayes_risk,
    chips,
    consensus,
    pixel_votes,
    posterior_consensus,
    qscore,
    site_summary,
    weighted_vote,
)
from labelwright.combine.spatial.scores import area_score, categorical_score, edge_score, number_score


@given(st.integers(0, 2**32 - 1), st.integers(3, 5), st.integers(2, 3))
def test_consensus_against_loops(seed, a, k):
    rng = np.random.default_rng(seed)
    masks, weights = rng.integers(-1, k, (a, 3, 4)), rng.random((a, k)) * (rng.random((a, k)) < 0.7)
    weights[0, 0] = 0.5
    found = consensus(masks, weights, n_classes=k)
    for place in np.ndindex(3, 4):
        said = masks[(slice(None), *place)]
        share, looked = np.zeros(k), 0
        for who, code in enumerate(said):
            if code >= 0:
                share[code] += weights[who, code]
                looked += weights[who, code] > 0
        if share.sum():
            np.testing.assert_allclose(found.probs[place], share / share.sum())
            assert found.probs[place][found.labels[place]] == pytest.approx(share.max() / share.sum())
        else:
            np.testing.assert_allclose(found.probs[place], 1 / k)
            assert found.labels[place] == -1
        if looked >= 3:
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


@given(st.integers(0, 2**32 - 1), st.integers(2, 3))
def test_bayes_of_a_whole_site_against_all_maps_of_it(seed, k):
    """Every map of a tiny site, its probability given all that was said, summed up."""
    rng = np.random.default_rng(seed)
    masks, confusion = rng.integers(-1, k, (3, 1, 3)), rng.dirichlet(np.ones(k), (3, k))
    prior = rng.dirichlet(np.ones(k))
    mass, total = np.zeros((3, k)), 0.0
    for truth in itertools.product(range(k), repeat=3):
        p = np.prod(prior[list(truth)])
        for who, place in np.ndindex(3, 3):
            if masks[who, 0, place] >= 0:
                p *= confusion[who, truth[place], masks[who, 0, place]]
        total += p
        mass[np.arange(3), list(truth)] += p
    found = posterior_consensus(masks, confusion, prior)
    np.testing.assert_allclose(found.probs[0], mass / total, atol=1e-9)
    wrong = 1 - (mass / total)[np.arange(3), found.labels[0]]
    enough = (masks[:, 0] >= 0).sum(axis=0) >= 3
    np.testing.assert_allclose(found.risk[0][enough], wrong[enough], atol=1e-8)


@given(st.integers(0, 2**32 - 1))
def test_the_order_of_labellers_and_the_names_of_classes_decide_nothing(seed):
    rng = np.random.default_rng(seed)
    masks = rng.integers(-1, 3, (5, 4, 4))
    weights = rng.integers(1, 4, (5, 3)) / 10  # many ties, which floats sum up to by different ways
    confusion, order = rng.dirichlet(np.ones(3), (5, 3)), rng.permutation(5)
    names = np.array([2, 0, 1, -1])  # new code of 0, 1, 2 and of not looked
    for found, again in (
        (consensus(masks, weights, n_classes=3), consensus(masks[order], weights[order], n_classes=3)),
        (posterior_consensus(masks, confusion), posterior_consensus(masks[order], confusion[order])),
    ):
        np.testing.assert_array_equal(found.labels, again.labels)
        np.testing.assert_allclose(found.probs, again.probs, atol=1e-9)
        np.testing.assert_allclose(found.risk, again.risk, atol=1e-9)
    back = np.argsort(names[:3])
    renamed = consensus(names[masks], weights[:, back], n_classes=3)
    np.testing.assert_allclose(renamed.probs, consensus(masks, weights, n_classes=3).probs[..., back])
    renamed = posterior_consensus(names[masks], confusion[:, back][:, :, back])
    np.testing.assert_allclose(
        renamed.probs, posterior_consensus(masks, confusion).probs[..., back], atol=1e-9
    )


def test_one_labeller_only_when_asked_for():
    mask = np.array([[[0, 1, -1]]])
    with pytest.raises(InputError, match="masks come from 1 labellers, but the risk needs 3"):
        consensus(mask)
    with pytest.raises(InputError, match="masks come from 1 labellers, but the risk needs 3"):
        posterior_consensus(mask, [np.eye(2)])
    alone = consensus(mask, min_labellers=1)
    assert alone.labels.tolist() == [[0, 1, -1]]
    np.testing.assert_array_equal(alone.risk, [[0, 0, np.nan]])
    alone = posterior_consensus(mask, [[[0.9, 0.1], [0.4, 0.6]]], [0.5, 0.5], min_labellers=1)
    np.testing.assert_allclose(alone.probs[0, :, 1], [0.4 / 1.3, 0.6 / 0.7, 0.5])


def test_where_nobody_looked_nothing_is_known():
    masks = np.full((3, 2, 2), -1)
    for found, probs in (
        (consensus(masks, n_classes=3), [1 / 3] * 3),
        (posterior_consensus(masks, np.full((3, 2, 2), 0.5), [0.9, 0.1]), [0.9, 0.1]),
    ):
        assert (found.labels == -1).all()
        assert np.isnan(found.risk).all()
        np.testing.assert_allclose(found.probs, np.broadcast_to(probs, found.probs.shape))
        with pytest.raises(InputError, match="NaN everywhere"):
            site_summary(found.risk)


def test_weight_zero_is_not_having_looked():
    masks = np.array([[[0, 1, 1]], [[0, 0, 0]], [[1, 0, -1]], [[1, 1, 1]]])
    found, without = consensus(masks, [1, 2, 3, 0]), consensus(masks[:3], [1, 2, 3])
    np.testing.assert_array_equal(found.labels, without.labels)
    np.testing.assert_array_equal(found.risk, without.risk)
    assert found.labels[0, 0] == 1  # 3 against 3, and C of one half is an object
    for scale in (1e-300, 1e300):
        np.testing.assert_allclose(consensus(masks, np.array([1, 2, 3, 0]) * scale).probs, found.probs)


def test_copies_count_double_and_the_perfect_decide():
    rng = np.random.default_rng(1)
    masks = rng.integers(0, 2, (3, 5, 5))
    np.testing.assert_allclose(
        consensus(masks[[0, 0, 1, 2]]).probs, consensus(masks, [2, 1, 1]).probs, atol=1e-12
    )
    confusion = [np.eye(2) * 0.998 + 0.001, np.full((2, 2), 0.5), [[0.6, 0.4], [0.4, 0.6]]]
    np.testing.assert_array_equal(posterior_consensus(masks, confusion).labels, masks[0])
    unanimous = np.repeat(masks[:1], 4, axis=0)
    np.testing.assert_array_equal(consensus(unanimous, [1, 2, 3, 4]).labels, masks[0])
    assert consensus(unanimous).risk.max() == 0


def test_without_control_sites_skills_come_from_the_maps_themselves():
    rng = np.random.default_rng(2)
    truth = np.zeros((40, 40), int)
    truth[8:30, 10:28] = 1
    errors = np.array([0.02, 0.05, 0.4, 0.4, 0.45])
    masks = np.where(rng.random((5, 40, 40)) < errors[:, None, None], 1 - truth, truth)
    learned = DawidSkene().fit(pixel_votes(masks))
    found = posterior_consensus(masks, learned.confusion_, learned.prior_)
    assert (found.labels != truth).mean() < 0.5 * (consensus(masks).labels != truth).mean()
    off = 1 - np.einsum("akk->ak", learned.confusion_).mean(axis=1)
    np.testing.assert_allclose(off, errors, atol=0.05)


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
        (lambda: consensus(np.zeros((3, 2))), "expected (labellers, height, width)"),
        (lambda: consensus([np.zeros((2, 2), int), np.zeros((3, 2), int)]), "different shapes"),
        (lambda: consensus([[[0, 1], [0]]] * 3), "masks have different shapes;"),
        (lambda: consensus(np.zeros((3, 2, 2))), "masks have dtype float64"),
        (lambda: consensus(np.full((3, 2, 2), 255, np.uint8)), "masks hold code 255; if that means yes"),
        (lambda: consensus(np.full((3, 2, 2), 2**40)), "masks hold 1099511627776"),
        (lambda: consensus(np.zeros((0, 2, 2), int)), "masks have shape (0, 2, 2)"),
        (lambda: consensus(None), "masks have shape ()"),
        (lambda: consensus(np.zeros((3, 2, 2), int), n_classes=1), "n_classes=1"),
        (lambda: consensus(np.zeros((3, 2, 2), int), n_classes=2.5), "n_classes=2.5"),
        (lambda: consensus(np.zeros((3, 2, 2), int), "abc"), "weights must be an array of numbers"),
        (lambda: consensus(np.zeros((3, 2, 2), int), [0, 0, 0]), "not all 0"),
        (lambda: consensus(np.zeros((3, 2, 2), int), [1, np.nan, 1]), "weights must be finite"),
        (lambda: pixel_votes(np.zeros((3, 2, 2), int), sources=["ann"]), "sources name 1 labellers"),
        (lambda: posterior_consensus(np.zeros((3, 2, 2), int), "x"), "confusion must be an array of numbers"),
        (lambda: posterior_consensus(np.zeros((3, 2, 2), int), np.full((3, 2, 2), 5.0)), "rows sum to 1"),
        (
            lambda: posterior_consensus(np.zeros((3, 2, 2), int), np.full((2, 2, 2), 0.5)),
            "confusion has shape",
        ),
        (lambda: posterior_consensus(np.array([[[0]], [[1]], [[1]]]), [np.eye(2)] * 3), "impossible"),
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
        (lambda: bayes_risk([[2.0]]), "numbers in [0, 1]"),
        (lambda: bayes_risk([[[0.2, 0.2]]]), "must sum to 1"),
        (lambda: bayes_risk([0.2]), "probs have shape (1,)"),
        (lambda: bayes_risk("x"), "probs must be an array of numbers"),
        (lambda: site_summary([[np.nan]]), "NaN everywhere"),
        (lambda: site_summary([[0.1]], threshold=1.0), "threshold=1.0"),
        (lambda: list(chips((3, 3), 0)), "size=0"),
        (lambda: list(chips((3, 3), 1.5)), "size=1.5"),
        (lambda: list(chips((3,), 2)), "shape=(3,)"),
        (lambda: qscore([[1], [1, 2]], [[1]]), "label has rows of different lengths"),
        (lambda: qscore([[1]], [[1]], edge_tol="2"), "edge_tol="),
        (lambda: qscore([[1]], [[1]], edge_tol=np.nan), "edge_tol=nan"),
        (lambda: qscore([[1]], [[1]], label_classes={1: "a"}), "give both label_classes"),
        (lambda: qscore([[1]], [[1]], label_classes={}, reference_classes={}), "no class for object 1"),
    ],
)
def test_what_cannot_be_used(make, message):
    with pytest.raises(InputError, match=re.escape(message)):
        make()


@pytest.mark.network
def test_real_nuclei_that_were_corrected_score_below_one():
    found = data.load("dsb-nuclei")
    changed = [i for i in np.flatnonzero(found.extra["changed"]) if found.extra["fixed"][i] is not None][:3]
    for i in changed:
        seen = qscore(found.extra["given"][i], found.extra["fixed"][i])
        assert 0.5 < seen.total < 1
