"""Relations of labels: by name and use, closed over steps, applied and undone."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelwright import InputError
from labelwright.audit import LabelGraph, Relation, graph_fbeta, label_relations, read_plan, relations_frame


def kinds(relations):
    return {(r.kind, r.label, r.other) for r in relations}


def test_names_show_what_belongs_together():
    names = ["city", "cities", "e-mail", "e mail", "Lamp", "lamp", "street lamp", "salt and pepper", "salt", "pepper",
             "cat or dog", "cat", "dog", "ink", "pink", "neighbour", "neighbor", "mp3", "mp4"]  # fmt: skip
    found = kinds(label_relations(names))
    assert {
        ("identical", "city", "cities"), ("identical", "e-mail", "e mail"), ("identical", "Lamp", "lamp"),
        ("implies", "salt and pepper", "salt"), ("implies", "salt and pepper", "pepper"),
        ("uncertain", "cat or dog", "cat"), ("identical", "neighbour", "neighbor"),
    } <= found  # fmt: skip
    assert any(k == "implies" and a == "street lamp" for k, a, _ in found)
    pairs = {frozenset((a, b)) for _, a, b in found}
    assert frozenset(("ink", "pink")) not in pairs  # no word inside a word
    assert frozenset(("mp3", "mp4")) not in pairs  # numbers differ


def test_names_are_compared_within_a_group_only():
    assert not label_relations(["turkey", "turkeys"], groups=["country", "food"])
    assert label_relations(["turkey", "turkeys"], groups=["food", "food"])


def test_use_shows_implications_and_exclusions():
    rng = np.random.default_rng(0)
    animal = rng.random(2000) < 0.5
    dog = animal & (rng.random(2000) < 0.3)
    rock = ~animal & (rng.random(2000) < 0.6)
    found = kinds(
        label_relations(["animal", "dog", "rock"], marks=np.column_stack([animal, dog, rock]).astype(int))
    )
    assert ("implies", "dog", "animal") in found
    assert ("exclusive", "animal", "rock") in found


@given(st.integers(0, 2**32 - 1))
def test_applying_reaches_all_and_can_be_undone(seed):
    rng = np.random.default_rng(seed)
    names = list("abcdef")
    order = rng.permutation(6)  # implications only go up this order: no circles
    edges = [(order[i], order[j]) for i in range(6) for j in range(i + 1, 6) if rng.random() < 0.3]
    graph = LabelGraph(names, [Relation("implies", names[i], names[j], 1.0, "") for i, j in edges])
    marks = rng.integers(-1, 2, (5, 6)).astype(np.int8)
    found = graph.apply(marks)
    for row, after in zip(marks, found.marks):
        reached = {i for i in range(6) if row[i] > 0}
        while more := {j for i, j in edges if i in reached} - reached:
            reached |= more
        assert {i for i in range(6) if after[i] > 0} == reached
    np.testing.assert_array_equal(graph.apply(found.marks).marks, found.marks)
    np.testing.assert_array_equal(np.where(marks < 0, 0, marks), np.where(found.undo() < 0, 0, found.undo()))


def test_conflicts_name_item_and_labels():
    graph = LabelGraph(
        ["a", "b", "c"], [Relation("exclusive", "a", "b", 1, ""), Relation("implies", "c", "b", 1, "")]
    )
    assert graph.apply([[1, 0, 1], [1, 0, 0]]).conflicts.tolist() == [[0, 0, 1]]


def test_a_near_miss_is_better_than_a_far_one_at_equal_plain_f():
    graph = LabelGraph(
        ["lamp", "street lamp", "cat", "dog"], [Relation("implies", "street lamp", "lamp", 1.0, "")]
    )
    true, near, far = np.eye(4, dtype=int)[[0, 0]], np.eye(4, dtype=int)[[1, 1]], np.eye(4, dtype=int)[[2, 3]]
    assert graph_fbeta(true, near, graph) > graph_fbeta(true, far, graph) == 0
    assert graph_fbeta(true, true, graph) == graph_fbeta(true, true, graph, variant="published") == 1
    flat = LabelGraph(["a", "b"], [])
    told, said = np.array([[1, 0], [1, 1]]), np.array([[1, 1], [1, 0]])
    tp, fp, fn = 2, 1, 1
    assert graph_fbeta(told, said, flat) == pytest.approx(5 * tp / (5 * tp + 4 * fn + fp))


def test_a_plan_is_reviewed_in_a_frame():
    plan = relations_frame(label_relations(["lamp", "lamps", "lamp oil"]))
    assert isinstance(plan, pd.DataFrame)
    assert plan["accept"].tolist() == [True, False]  # the head of "lamp oil" is oil
    plan.loc[1, "accept"] = True
    graph = LabelGraph(["lamp", "lamps", "lamp oil"], read_plan(plan))
    assert graph.apply([[0, 0, 1]]).marks.sum() == 3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: label_relations(["a", "a"]), "names has 'a' twice"),
        (lambda: label_relations(["a", "b"], rules=["magic"]), "rules="),
        (lambda: label_relations(["a", "b"], groups=["x"]), "groups has 1 entries for 2 names"),
        (lambda: label_relations(["a", "b"], marks=[[1]]), "marks have shape"),
        (lambda: LabelGraph(["a"], [Relation("implies", "a", "z", 1, "")]), "names 'z', which is no label"),
        (
            lambda: LabelGraph(
                ["a", "b"], [Relation("implies", "a", "b", 1, ""), Relation("implies", "b", "a", 1, "")]
            ),
            "imply each other",
        ),
        (lambda: LabelGraph(["a"], []).apply([[1, 0]]), "marks have shape"),
        (lambda: graph_fbeta([[1]], [[1, 0]], LabelGraph(["a"], [])), "true has shape"),
    ],
)
def test_what_cannot_be_used(call, message):
    with pytest.raises(InputError, match=message):
        call()
