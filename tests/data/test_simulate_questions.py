"""Computed questions: the truth by another route, and slips of the kinds that were promised."""

import re

import numpy as np
import pytest
from tests.data.chance import gen

from labelwright.data import simulate
from labelwright.errors import InputError

KINDS = ("sum", "difference", "larger", "first letter", "last letter", "letters", "words", "last word")


def solve(question):
    """A slow reader of the questions."""
    numbers = [int(found) for found in re.findall(r"\d+", question)]
    quoted = re.findall(r'"(.*?)"', question)
    if "buys" in question:
        return str(sum(numbers))
    if "gives away" in question:
        return str(numbers[0] - numbers[1])
    if "larger" in question:
        return str(sorted(numbers)[-1])
    if "letter of" in question:
        return quoted[0][0] if "first" in question else quoted[0][-1]
    if "occur" in question:
        return str(len(re.findall(quoted[0], quoted[1])))
    words = quoted[0].split(" ")
    return str(len(words)) if "How many" in question else words.pop()


@pytest.mark.parametrize("kinds", [None, *[[kind] for kind in KINDS]])
def test_the_truth_is_the_answer(kinds):
    made = simulate.computed_questions(80, gen(), wrong=0.3, kinds=kinds)
    assert [solve(question) for question in made.questions] == made.truth.tolist()
    assert len(set(made.questions)) == 80
    assert made.wrong.sum() == 24
    np.testing.assert_array_equal(made.wrong, made.given != made.truth)
    np.testing.assert_array_equal(made.wrong, made.slip != "")


def test_kinds_are_even():
    made = simulate.computed_questions(80, gen())
    assert {kind: int((made.kind == kind).sum()) for kind in KINDS} == dict.fromkeys(KINDS, 10)


def test_slips():
    made = simulate.computed_questions(600, gen(3), wrong=1.0)
    seen = {slip: np.flatnonzero(made.slip == slip) for slip in set(made.slip.tolist())}
    assert set(seen) == {"off by one", "swapped digits", "another question"}
    for i in seen["swapped digits"]:
        assert made.given[i] == made.truth[i][::-1]
    for i in seen["another question"]:
        assert made.given[i] in made.truth[made.kind == made.kind[i]].tolist()
    for i in seen["off by one"]:
        if made.truth[i].isdigit():
            assert abs(int(made.given[i]) - int(made.truth[i])) == 1
            assert int(made.given[i]) >= 0
        else:
            assert made.given[i] in made.questions[i]


def test_the_same_seed_gives_the_same():
    one, two, other = (simulate.computed_questions(30, gen(seed), wrong=0.5) for seed in (1, 1, 2))
    assert one.questions == two.questions != other.questions
    assert one.given.tolist() == two.given.tolist()


def test_no_wrong_answer():
    assert not simulate.computed_questions(20, gen(), wrong=0).wrong.any()


@pytest.mark.parametrize(
    ("n", "options", "says"),
    [
        (0, {}, "n=0 must be a whole number at least 1"),
        (5, {"wrong": 1.2}, "wrong must lie between 0 and 1"),
        (5, {"kinds": ["riddle"]}, "a kind='riddle' is none of 'sum'"),
        (5, {"kinds": "sum"}, "kinds='sum' must be a list"),
        (5, {"kinds": []}, r"kinds=\[\] must be a list of at least one of sum"),
        (500, {"kinds": ["first letter"]}, "not enough different questions of kind 'first letter'"),
    ],
)
def test_bad_input(n, options, says):
    with pytest.raises(InputError, match=says):
        simulate.computed_questions(n, gen(), **options)
