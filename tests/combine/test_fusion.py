"""Words fused to classes and pieces to things: against Bayes by hand, in any order, once."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelwright import InputError
from labelwright.combine.fusion import (
    InstanceMap,
    LabelFusion,
    LikelihoodMatrix,
    associate,
    mask_iou,
    splat,
    usable,
)

WORDS, CLASSES = ["couch", "desk", "seat", "top"], ["sofa", "table", "chair"]
TABLE = np.array([[0.6, 0.05, 0.1], [0.05, 0.5, 0.1], [0.3, 0.05, 0.7], [0.05, 0.4, 0.1]])
LIKELIHOOD = LikelihoodMatrix(TABLE, WORDS, CLASSES)


@given(st.integers(0, 2**32 - 1), st.integers(1, 8))
def test_log_fusion_is_bayes(seed, n):
    rng = np.random.default_rng(seed)
    words, scores, prior = rng.choice(WORDS, n), rng.random(n), rng.dirichlet(np.ones(3))
    fusion = LabelFusion(LIKELIHOOD, prior=prior)
    for word, score in zip(words, scores):
        fusion.update("x", [word], [score])
    expected = prior.copy()
    for word, score in zip(words, scores):
        expected *= TABLE[WORDS.index(word)] ** score
    expected /= expected.sum()
    found = fusion.predict("x")
    np.testing.assert_allclose(found.probs, expected, atol=1e-9)
    assert found.label == CLASSES[expected.argmax()]
    assert found.confidence == pytest.approx(expected.max())


def test_frames_come_in_any_order_and_classes_may_be_called_anything():
    rng = np.random.default_rng(0)
    said = [(int(rng.integers(3)), str(rng.choice(WORDS)), float(rng.random())) for _ in range(60)]
    order = rng.permutation(3)
    renamed = LikelihoodMatrix(TABLE[:, order], WORDS, [CLASSES[i] for i in order])
    forward, backward = LabelFusion(LIKELIHOOD), LabelFusion(renamed)
    for thing, word, score in said:
        forward.update(thing, [word], [score])
    for thing, word, score in said[::-1]:
        backward.update(thing, [word], [score])
    for thing in range(3):
        assert forward.predict(thing).label == backward.predict(thing).label
        np.testing.assert_allclose(
            forward.predict(thing).probs[order], backward.predict(thing).probs, atol=1e-12
        )


def test_adding_is_what_was_published():
    fusion = LabelFusion(LIKELIHOOD, mode="additive")
    fusion.update("x", ["couch", "desk"], [0.5, 1.0])
    total = 0.5 * TABLE[0] + TABLE[1]
    found = fusion.predict("x")
    assert found.confidence == pytest.approx(total.max() / np.linalg.norm(total))
    np.testing.assert_allclose(found.probs, total / total.sum())
    with pytest.raises(InputError, match="added likelihoods are no likelihood"):
        fusion.evidence()


def test_no_word_rules_a_class_out():
    fusion = LabelFusion(LikelihoodMatrix([[1.0, 0.0], [0.0, 1.0]], ["a", "b"], ["A", "B"]))
    for _ in range(5):
        fusion.update("x", ["a"])
    fusion.update("x", ["b"])
    assert fusion.predict("x").label == "A"
    assert 0 < fusion.predict("x").probs[1] < 1e-6


def test_unknown_words_are_ignored_and_counted():
    fusion = LabelFusion(LIKELIHOOD)
    fusion.update("x", ["lamp", "vase"])
    assert fusion.ignored == 2
    np.testing.assert_allclose(fusion.predict("x").probs, 1 / 3)
    assert fusion.words("x") == set()


def test_evidence_is_the_posterior_without_the_prior():
    fusion = LabelFusion(LIKELIHOOD, prior=[0.7, 0.2, 0.1])
    fusion.update("x", ["seat"])
    prior = np.array([[0.7, 0.2, 0.1]])
    np.testing.assert_allclose(fusion.evidence().posterior(prior), fusion.predict_proba(), atol=1e-9)


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_detections_out_of_a_frame(make):
    seen = make({"id": ["a", "b", "a"], "label": ["couch", "desk", None], "score": [0.9, 0.8, 0.7]})
    fusion = LabelFusion(LIKELIHOOD).update_table(seen, score="score")
    by_hand = LabelFusion(LIKELIHOOD)
    by_hand.update("a", ["couch"], [0.9])
    by_hand.update("b", ["desk"], [0.8])
    np.testing.assert_allclose(fusion.predict_proba(), by_hand.predict_proba())
    assert type(fusion.frame(like=seen)) is type(seen)
    with pytest.raises(InputError, match="label='word' is not a column"):
        LabelFusion(LIKELIHOOD).update_table(seen, label="word")
    with pytest.raises(InputError, match="no thing in column 'id'"):
        LabelFusion(LIKELIHOOD).update_table(make({"id": [None, "b"], "label": ["couch", "desk"]}))


def test_the_table_is_shares_of_words_by_class():
    words, classes = ["a", "b", "a", "a", "c"], ["X", "X", "X", "Y", "Y"]
    found = LikelihoodMatrix.fit(words, classes, smoothing=0)
    np.testing.assert_allclose(found.table, [[2 / 3, 0.5], [1 / 3, 0], [0, 0.5]])
    smooth = LikelihoodMatrix.fit(words, classes, smoothing=0.1)
    np.testing.assert_allclose(smooth.table, 0.9 * found.table + 0.1 / 3)
    weighted = LikelihoodMatrix.fit(words, classes, scores=[1, 0, 1, 1, 1], smoothing=0)
    np.testing.assert_allclose(weighted.table[:, 0], [1, 0, 0])
    tagged = LikelihoodMatrix.fit(words, classes, proposed=[["a"], ["a"], [], ["c"], ["a"]], smoothing=0)
    np.testing.assert_allclose(tagged.table[0], [2 / 3 * 2 / 3, 0.5 * 0.5])


def test_the_table_is_kept_as_text(tmp_path):
    LIKELIHOOD.save(tmp_path / "t.jsonl")
    back = LikelihoodMatrix.load(tmp_path / "t.jsonl")
    np.testing.assert_array_equal(back.table, TABLE)
    assert back.classes.tolist() == CLASSES
    for text in ("", "[1]\n", "{}\n[]\n", '["a"]\n["A"]\n["x"]\n', "\x00"):
        (tmp_path / "bad").write_text(text)
        with pytest.raises(InputError):
            LikelihoodMatrix.load(tmp_path / "bad")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LikelihoodMatrix([[-1.0]], ["a"], ["A"]), "the likelihood of 'a' under class 'A' is -1.0"),
        (lambda: LikelihoodMatrix([[1.0]], ["a", "b"], ["A"]), "table has shape"),
        (lambda: LikelihoodMatrix([[1.0], [1.0]], ["a", "a"], ["A"]), "open_labels name something twice"),
        (lambda: LikelihoodMatrix.fit([], []), "open_labels are empty"),
        (lambda: LikelihoodMatrix.fit(["a"], ["A", "B"]), "they must match"),
        (lambda: LikelihoodMatrix.fit(["a", None], ["A", "A"]), "1 detections have no open label"),
        (lambda: LikelihoodMatrix.fit(["a"], ["A"], scores=[2.0]), "scores lie outside"),
        (lambda: LabelFusion(LIKELIHOOD).update("x", []), "labels of 'x' are empty"),
        (lambda: LabelFusion(LIKELIHOOD).update("x", "couch"), "labels is the text 'couch'"),
        (lambda: LabelFusion(LIKELIHOOD, mode="sum").update("x", ["couch"]), "mode='sum'"),
        (lambda: LabelFusion(LIKELIHOOD).predict("y"), "nothing was said of 'y'"),
        (lambda: LIKELIHOOD.code("lamp"), "'lamp' is not a class"),
        (lambda: associate(np.ones((1, 2, 2)), np.ones((1, 2, 2), bool)), "expected bool"),
        (
            lambda: associate(np.ones((1, 2, 2), bool), np.ones((1, 3, 2), bool)),
            "project into the same frame",
        ),
        (lambda: associate(np.ones((1, 2, 2), bool), np.ones((1, 2, 2), bool), min_iou=1), "min_iou=1"),
        (lambda: InstanceMap(LabelFusion(LIKELIHOOD), voxel=0), "voxel=0"),
        (lambda: InstanceMap(LabelFusion(LIKELIHOOD)).add("x", [[0, 0]]), "expected (n, 3)"),
        (lambda: InstanceMap(LabelFusion(LIKELIHOOD)).add("x", [[0, 0, np.nan]]), "hold NaN"),
        (lambda: InstanceMap(LabelFusion(LIKELIHOOD)).merge(iou=2), "iou=2"),
    ],
)
def test_what_cannot_be_used(make, message):
    import re

    with pytest.raises(InputError, match=re.escape(message)):
        make()


@given(st.integers(0, 2**32 - 1), st.integers(0, 4), st.integers(0, 4))
def test_association_against_a_plain_loop(seed, d, m):
    rng = np.random.default_rng(seed)
    masks, things = rng.random((d, 4, 5)) < 0.4, rng.random((m, 4, 5)) < 0.4
    iou = np.array([[(a & b).sum() / max((a | b).sum(), 1) for b in things] for a in masks]).reshape(d, m)
    np.testing.assert_allclose(mask_iou(masks, things), iou)
    found = associate(masks, things, min_iou=0.3)
    pairs = [
        [i, j]
        for i in range(d)
        for j in range(m)
        if iou[i, j] > 0.3 and j == iou[i].argmax() and i == iou[:, j].argmax()
    ]
    assert found.pairs.tolist() == pairs
    assert found.new.tolist() == [i for i in range(d) if i not in [p[0] for p in pairs]]
    assert len(set(found.pairs[:, 1])) == len(found.pairs)


def test_small_and_overlarge_masks_are_dropped_and_points_become_masks():
    whole = np.ones((1, 30, 30), bool)
    small = np.zeros((1, 30, 30), bool)
    small[0, :5, :5] = True
    good = np.zeros((1, 30, 30), bool)
    good[0, :15, :15] = True
    assert usable(np.concatenate([whole, small, good])).tolist() == [False, False, True]
    assert splat(np.full((100, 2), 5.0), (10, 10), radius=1).sum() == 5
    assert splat(np.full((10, 2), 5.0), (10, 10)) is None


def line(start, stop):
    return np.column_stack([np.arange(start, stop), np.zeros(stop - start), np.zeros(stop - start)]).astype(
        float
    )


def scene(pieces, words):
    fusion = LabelFusion(LIKELIHOOD)
    space = InstanceMap(fusion, voxel=1.0)
    for name, points in pieces.items():
        fusion.update(name, [words[name]])
        space.add(name, points)
    return fusion, space


def test_pieces_join_and_what_was_said_counts_once():
    fusion, space = scene({"a": line(0, 60), "b": line(40, 100)}, {"a": "seat", "b": "seat"})
    twice = LabelFusion(LIKELIHOOD)
    twice.update("a", ["seat", "seat"])
    assert [m.kept for m in space.merge(max_distance=100)] == ["a"]
    assert space.ids == fusion.ids == ["a"]
    np.testing.assert_allclose(fusion.predict("a").probs, twice.predict("a").probs)
    assert len(space.points("a")) == 100
    assert space.merge(max_distance=100) == []


def test_things_apart_or_of_other_words_stay_apart():
    _, space = scene({"a": line(0, 60), "b": line(500, 560)}, {"a": "seat", "b": "seat"})
    assert space.merge(max_distance=1000) == []
    _, space = scene({"a": line(0, 60), "b": line(20, 80)}, {"a": "seat", "b": "desk"})
    assert space.merge(max_distance=100) == []
    _, space = scene({"a": line(0, 60), "b": line(20, 80)}, {"a": "seat", "b": "seat"})
    assert space.merge(max_distance=1) == []
    _, space = scene({"a": line(0, 60), "b": line(20, 80)}, {"a": "seat", "b": "seat"})
    assert space.merge(max_distance=100, pairs=[("a", "c")]) == []


def test_order_of_pieces_does_not_matter():
    rng = np.random.default_rng(0)
    parts = {f"p{i}": line(25 * i, 25 * i + 36 + 3 * i) for i in range(5)}  # no two alike
    sizes = []
    for _ in range(4):
        names = rng.permutation(list(parts)).tolist()
        _, space = scene({name: parts[name] for name in names}, dict.fromkeys(parts, "seat"))
        space.merge(max_distance=1000)
        sizes.append(sorted(len(space.points(i)) for i in space.ids))
    assert all(s == sizes[0] for s in sizes)


def test_flat_things_join_by_their_boxes_from_above():
    floor = np.array([[x, y, 0.0] for x in range(40) for y in range(40)])
    moved = floor + np.array([2, 2, 5])  # another storey of the scan, drifted
    _, space = scene({"a": floor, "b": moved}, {"a": "top", "b": "top"})
    assert space.merge(max_distance=1, flat=["table"])[0].overlap > 0.7
