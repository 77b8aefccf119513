"""Small instances of our own evidence types, for those that do not bring their own `contract_examples`."""

from collections.abc import Callable, Sequence

import numpy as np

from labelwright.evidence import (
    Bags,
    Candidates,
    Evidence,
    Exact,
    Marks,
    Masks,
    Noisy,
    Positives,
    Rankings,
    Soft,
    Spans,
    Together,
    Votes,
)

SKEWED = np.array([[0.8, 0.15, 0.05], [0.1, 0.7, 0.2], [0.25, 0.25, 0.5]])


def exact() -> Sequence[Exact]:
    """Missing labels, a class that never occurs, text and numbers."""
    return [
        Exact(["b", None, "a", "b"], classes=["a", "b", "c"]),
        Exact([3, 1, 2, 1]),
        Exact([None, None], classes=[0, 1]),
    ]


def soft() -> Sequence[Soft]:
    """With zeros, and with a prior of the teller's own."""
    return [
        Soft([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0], [0.2, 0.3, 0.5]]),
        Soft([[0.9, 0.1], [0.7, 0.3]], classes=["yes", "no"], prior=[0.7, 0.3]),
    ]


def candidates() -> Sequence[Candidates]:
    """One, some and all classes allowed."""
    return [Candidates([[True, False, False], [True, True, False], [True, True, True], [False, True, True]])]


def votes() -> Sequence[Votes]:
    """Abstentions, an item nobody spoke about, sources of different skill, a source that spoke twice."""
    return [
        Votes([[0, 1, -1], [2, 2, 2], [-1, -1, -1], [1, -1, 0]], confusion=0.2),
        Votes([[0, 1], [1, 1], [-1, 2]], confusion=np.stack([SKEWED, SKEWED[::-1, ::-1]])),
        Votes.from_long(["x", "x", "x", "y"], ["ann", "ann", "bob", "bob"], ["no", "yes", "no", None]),
    ]


def marks() -> Sequence[Marks]:
    """Yes, no and unknown."""
    return [Marks([[1, 0, -1], [-1, -1, -1], [0, 0, 1]]), Marks([[1], [0]], classes=["red"])]


def noisy() -> Sequence[Noisy]:
    """A channel over each of the others, over itself, and one for each tag."""
    tags = np.stack([[[0.9, 0.1], [0.3, 0.7]], [[0.8, 0.2], [0.0, 1.0]], [[0.6, 0.4], [0.5, 0.5]]])
    return [
        Noisy(exact()[0], SKEWED),
        Noisy(soft()[0], 0.1),
        Noisy(candidates()[0], SKEWED),
        Noisy(votes()[1], SKEWED),
        Noisy(Noisy(exact()[0], 0.2), SKEWED),
        Noisy(marks()[0], 0.1),
        Noisy(marks()[0], tags),
        Noisy(exact()[1], 0.3, learn=True),
    ]


def bags() -> Sequence[Bags]:
    """Two and three classes, an item in no bag, a pure bag, an interval."""
    return [
        Bags([0, 1, 0, -1, 1, 1], [[1, 1], [1, 2]]),
        Bags(["x", "y", "x", "x"], {"x": {"a": 2, "c": 1}, "y": {"b": 1}}, classes=["a", "b", "c"]),
        Bags.between([0, 0, 0, 1, 1], [[0, 1, 0], [0, 0, 2]], [[2, 2, 1], [0, 0, 2]]),
    ]


def positives() -> Sequence[Positives]:
    """Both scenarios, and a prior that is not known."""
    return [
        Positives([True, False, False], prior=0.5),
        Positives([1, 0, 0, 1], prior=0.3, scenario="case-control", classes=("no", "yes")),
        Positives([False, True, False]),
    ]


def rankings() -> Sequence[Rankings]:
    """Stopped early, not at all, and never begun."""
    return [
        Rankings([[0, 2], [-1, -1], [1, -1], [2, 1]], strength=4),
        Rankings.from_lists([["b", "a", "c"], ["c"]], learn=True),
        Rankings(np.empty((2, 0), dtype=int), ["yes", "no"]),
    ]


def spans() -> Sequence[Spans]:
    """All spans told, some told, and tags of which some are missing."""
    return [
        Spans([3, 1, 2], [[(0, 2, "x")], [], [(1, 2, "x")]], complete=[False, True, False]),
        Spans(
            [2, 1], [[], [(0, 1, "x")]], ["x", "y"], complete=False, classes=["I-y", "B-x", "O", "B-y", "I-x"]
        ),
        Spans.from_tags([["B-x", None, "O"], [None, "I-x"]]),
    ]


def masks() -> Sequence[Masks]:
    """Boxes in two images, regions that hold a class somewhere, and pixels told one by one."""
    return [
        Masks.from_boxes(
            [(2, 2), (1, 3)], [(0, 0, 0, 1, 2, "cat"), (1, 0, 1, 1, 3, "cat")], ["ground", "cat"]
        ),
        Masks(
            [[True, True, False], [True] * 3, [True] * 3, [False, True, True]],
            regions=[([0, 2], 1), ([3], 2)],
        ),
        Masks.from_arrays([[[0, 1], [-1, 2]]], ["ground", "cat", "cow"]),
    ]


def together() -> Sequence[Together]:
    """Two about the same items, three about some rows each, tags, and a channel over all of it."""
    told, names = exact()[0], exact()[0].classes
    sets = Candidates(
        [[True, True, False], [True, True, True], [False, True, True], [True, False, True]], names
    )
    mixed = Together([([0, 2], told[:2]), ([2, 3], sets[:2]), ([1], Soft([[0.2, 0.3, 0.5]], names))], n=5)
    return [
        Together([sets, Noisy(told, SKEWED)]),
        mixed,
        Together([mixed, ([4], told[3:])]),
        Together([marks()[0], Noisy(marks()[0], 0.1)]),
    ]


EXAMPLES: dict[type, Callable[[], Sequence[Evidence]]] = {
    Exact: exact, Soft: soft, Candidates: candidates, Votes: votes, Marks: marks, Noisy: noisy,
    Bags: bags, Positives: positives, Rankings: rankings, Spans: spans, Masks: masks, Together: together,
}  # fmt: skip
