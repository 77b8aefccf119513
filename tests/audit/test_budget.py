"""What to look at again: distances of classes, ranks by hand, and curves that count."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelwright import Exact, InputError
from labelwright.audit.budget import budget_curve, expected_distance, predicted_distance, review_plan
from labelwright.parts.label_tree import LabelTree

MOODS = LabelTree.from_paths(["neg/mild", "neg/strong", "pos/mild", "pos/strong"])


def test_trees_from_paths_parents_and_names():
    parents = {
        "neg/mild": "neg",
        "neg/strong": "neg",
        "pos/mild": "pos",
        "pos/strong": "pos",
        "neg": None,
        "pos": None,
    }
    same = LabelTree.from_parents(parents)
    np.testing.assert_array_equal(same.among(MOODS.classes), MOODS.distance)
    assert MOODS.distance.tolist() == [[0, 2, 4, 4], [2, 0, 4, 4], [4, 4, 0, 2], [4, 4, 2, 0]]
    with pytest.raises(InputError, match="1 classes are not in the tree, such as 'sad'"):
        MOODS.among(np.array(["sad"]))
    with pytest.raises(InputError, match="circle"):
        LabelTree.from_parents({"a": "b", "b": "a"})
    with pytest.raises(InputError, match="distance must be symmetric"):
        LabelTree([[0, 1], [2, 0]], ["a", "b"])


@given(st.integers(0, 2**32 - 1))
def test_expected_distance_is_the_mean_over_the_probabilities(seed):
    rng = np.random.default_rng(seed)
    probs, codes = rng.dirichlet(np.ones(4), 6), rng.integers(0, 4, 6)
    names = MOODS.classes[codes]
    expected = [sum(p[k] * MOODS.distance[c, k] for k in range(4)) for p, c in zip(probs, codes)]
    np.testing.assert_allclose(expected_distance(probs, names, MOODS), expected)
    order = rng.permutation(4)  # classes may stand in any order
    told = Exact(names, classes=MOODS.classes[order].tolist())
    np.testing.assert_allclose(expected_distance(probs[:, order], told, MOODS), expected)


def test_with_all_errors_alike_it_is_the_usual_doubt():
    probs = np.random.default_rng(0).dirichlet(np.ones(3), 20)
    labels = np.array(["a", "b", "c"])[np.arange(20) % 3]
    flat = LabelTree(1 - np.eye(3), ["a", "b", "c"])
    np.testing.assert_allclose(
        expected_distance(probs, labels, flat), 1 - probs[np.arange(20), np.arange(20) % 3]
    )
    plan = review_plan(probs, labels, 5)
    assert (
        plan["row"].tolist()
        == np.argsort(-expected_distance(probs, labels, flat), kind="stable")[:5].tolist()
    )


def test_far_and_near_turn_round_the_mispredicted_only():
    probs = np.array([[0.1, 0.9, 0, 0], [0.1, 0, 0.9, 0], [0.8, 0.2, 0, 0], [0.4, 0, 0.6, 0]])
    labels = ["neg/mild"] * 4
    assert np.argsort(-predicted_distance(probs, labels, MOODS)).tolist() == [1, 3, 0, 2]
    assert np.argsort(-predicted_distance(probs, labels, MOODS, direction="near")).tolist() == [0, 1, 3, 2]


def test_curves_count_errors():
    curve = budget_curve([3, 1, 2, np.nan], [True, False, False, True])
    assert curve.caught.tolist() == [0.5, 0.5, 0.5, 1]
    assert curve.area == 0.625
    rng = np.random.default_rng(0)
    assert budget_curve(rng.random(20000), rng.random(20000) < 0.1).area == pytest.approx(0.5, abs=0.02)


def test_a_plan_in_the_frame_one_likes_without_missing_labels():
    probs = [[0.2, 0.8], [0.9, 0.1], [0.4, 0.6], [0.3, 0.7]]
    plan = review_plan(probs, ["a", None, "a", "b"], 2, like=pl.DataFrame({"x": [1]}))
    assert isinstance(plan, pl.DataFrame)
    assert plan["row"].to_list() == [0, 2]
    assert plan["predicted"].to_list() == ["b", "b"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: review_plan([[0.5, 0.5]], ["a"], 2, tree=LabelTree(1 - np.eye(2), ["a", "b"])), "budget=2"),
        (
            lambda: review_plan(
                [[0.5, 0.5]], ["a"], 1, tree=LabelTree(1 - np.eye(2), ["a", "b"]), strategy="x"
            ),
            "strategy",
        ),
        (lambda: predicted_distance([[1.0, 0, 0, 0]], ["neg/mild"], MOODS, direction="up"), "direction='up'"),
        (lambda: budget_curve([1.0], [False]), "no label is wrong"),
        (lambda: budget_curve([1.0, 2.0], [True]), "one of each item"),
        (lambda: budget_curve([1.0, 2.0], [True, False], [3]), "budgets run from 3 to 3"),
        (lambda: expected_distance([[0.7, 0.7, 0, 0]], ["neg/mild"], MOODS), "probs"),
        (lambda: LabelTree.from_paths([]), "paths are empty"),
    ],
)
def test_what_cannot_be_used(call, message):
    with pytest.raises(InputError, match=message):
        call()
