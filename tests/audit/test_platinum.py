"""Cleaned sets of questions: statuses, reviews in and out of a table, counts of errors, answers of every spelling."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelwright.audit import Decision, PlatinumBuilder, answer_parser, reliability_report
from labelwright.errors import InputError
from labelwright.frames import column
from labelwright.models.answers import Unparsed
from labelwright.models.language import Scripted

SUMS = ["2 + 2?", "3 + 3?", "4 + 4?", "5 + 5?"]


def built(**models):
    return PlatinumBuilder(models or {"a": [4, 6, 8, 10], "b": [4, 6, 9, 11]}).collect(SUMS, [4, 7, 8, 10])


# --- reading answers -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("strategy", "text", "answer"),
    [
        ("math", "That makes 1,234 in all.\nAnswer: 1,234.0", 1234),
        ("math", r"So \boxed{-3.50} it is", -3.5),
        ("math", "answer: **$12**", 12),
        ("math", "### Answer: 7 apples", 7),
        ("multiple_choice", "A is wrong, so:\nAnswer: (C) a dog", "C"),
        ("multiple_choice", "**Answer: b**", "B"),
        ("multiple_choice", r"\boxed{D}", "D"),
        ("choice", "It may be yes at first.\nAnswer: No.", "no"),
        ("text", "Answer: The **Eiffel Tower**.", "the eiffel tower"),
        ("text", "some thoughts\nParis!", "paris"),
    ],
)
def test_answers_of_every_spelling(strategy, text, answer):
    assert answer_parser(strategy, ["yes", "no"])(text) == answer


@pytest.mark.parametrize(
    ("strategy", "text"),
    [("math", "I cannot help with that."), ("multiple_choice", "Answer: none of them"), ("text", "Answer: **"),
     ("choice", "Answer: yes or no"), ("math", "")],
)  # fmt: skip
def test_a_refusal_is_no_answer(strategy, text):
    assert isinstance(answer_parser(strategy, ["yes", "no"])(text), Unparsed)


@pytest.mark.parametrize(
    ("strategy", "choices", "message"),
    [
        ("maths", None, "parser='maths' must be one of"),
        ("choice", None, "needs the choices"),
        ("choice", [], "needs"),
    ],
)
def test_bad_parsers_are_told(strategy, choices, message):
    with pytest.raises(InputError, match=message):
        answer_parser(strategy, choices)


# --- statuses and reviews ------------------------------------------------------------------------------------
def test_what_all_models_give_stands_and_the_rest_waits():
    builder = built()
    assert builder.status() == ["consensus", "to review", "to review", "to review"]
    assert column(builder.triage(), "against").tolist() == [0, 2, 1, 1]
    assert column(builder.queue(), "id").tolist() == [1, 2, 3]


def test_a_review_moves_every_status():
    builder = built().review({1: Decision("revised", (6,)), 2: Decision("verified"), 3: Decision("rejected")})
    assert builder.status() == ["consensus", "revised", "verified", "rejected"]
    kept = builder.export()
    assert column(kept, "id").tolist() == [0, 1, 2]
    assert [list(t) for t in column(kept, "targets")] == [["4"], ["6"], ["8"]]
    a, b = builder.evaluate("a"), builder.evaluate("b")
    assert (a.items, a.errors_before, a.errors, a.explained) == (3, 1, 0, 1.0)
    assert (b.errors_before, b.errors) == (3, 1)
    assert b.explained == pytest.approx(2 / 3)
    builder.review({1: Decision("verified")})
    assert builder.evaluate("a").errors == 1


def test_what_waits_is_counted_and_named():
    builder = built()
    assert builder.evaluate("b").pending == builder.evaluate("b").errors == 3
    with pytest.raises(InputError, match="3 questions wait for review"):
        builder.export()


def test_a_table_goes_out_and_comes_back(tmp_path):
    models = {"a": ["=1+1", "x", "- no"], "b": ["=1+1", "y", "z"]}
    builder = PlatinumBuilder(models, parser=lambda text: text).collect(
        ["line\nbreak", "q", '"quoted", he said'], ["=1+1", "y", "+ yes"], ids=["-a", "b", "c"]
    )
    path = tmp_path / "queue.csv"
    builder.queue(path)
    lines = path.read_text(encoding="utf-8")
    assert "'- no" in lines
    import csv

    rows = list(csv.DictReader(lines.splitlines()))
    for row in rows:
        row["status"], row["targets"] = {"b": ("Verified", ""), "c": ("revised", "'+ yes | z")}[row["id"]]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    builder.review(path)
    assert builder.status() == ["consensus", "verified", "revised"]
    assert builder.evaluate("b").errors == 0


def test_rows_left_empty_are_left():
    builder = built()
    queue = builder.queue()
    queue.loc[0, "status"], queue.loc[0, "targets"] = "revised", "6 | 7"
    builder.review(queue)
    assert builder.status() == ["consensus", "revised", "to review", "to review"]
    assert builder.evaluate("a").errors == 0


@pytest.mark.parametrize(
    ("decisions", "message"),
    [
        ({9: Decision("verified")}, "no such question"),
        ({1: Decision("fine")}, "status='fine'"),
        ({1: Decision("revised")}, "needs the acceptable answers"),
        ({1: Decision("verified", (6,))}, "takes no targets"),
        ({2: Decision("verified"), 1: Decision("revised", ("many",))}, "cannot be read"),
        (17, "decisions are a int"),
    ],
)
def test_bad_decisions_are_told_and_change_nothing(decisions, message):
    builder = built()
    with pytest.raises(InputError, match=message):
        builder.review(decisions)
    assert builder.status().count("to review") == 3


@pytest.mark.parametrize(
    ("models", "options", "message"),
    [
        ({}, {}, "models is empty"),
        ({"a": ["1"]}, {}, "gave 1 answers to 4"),
        ({"a": list("1234")}, {"ids": [1, 2, 1, 3]}, "ids repeat: 1"),
        ({"a": list("1234")}, {"ids": [1]}, "must match"),
        ({"a": list("1234")}, {"targets": [1, 2, 3, "none"]}, "target 'none' cannot be read"),
        ({"a": list("1234")}, {"targets": [1, 2, 3, []]}, "no acceptable answer"),
        ([list("1234"), "locally"], {}, "neither"),
    ],
)
def test_bad_input_is_told(models, options, message):
    with pytest.raises(InputError, match=message):
        PlatinumBuilder(models).collect(SUMS, options.pop("targets", [1, 2, 3, 4]), **options)


def test_answers_must_be_comparable():
    with pytest.raises(InputError, match="gives a list, which cannot be compared"):
        PlatinumBuilder({"a": ["x"]}, parser=lambda text: [text]).collect(["q"], ["x"])


def test_before_anything_was_asked():
    for call in (
        lambda b: b.status(),
        lambda b: b.evaluate("a"),
        lambda b: b.review({}),
        lambda b: b.queue(),
    ):
        with pytest.raises(InputError, match="call collect first"):
            call(PlatinumBuilder({"a": ["1"]}))


# --- models --------------------------------------------------------------------------------------------------
def adds(prompt):
    left, right = prompt.split("?")[0].split(" + ")
    return f"Let me see.\nAnswer: {int(left) + int(right)}"


def test_a_language_model_is_asked_once_with_a_cache(tmp_path):
    asked = []
    model = Scripted(lambda prompt: asked.append(prompt) or adds(prompt), name="adder")
    for _ in range(2):
        builder = PlatinumBuilder([model], cache=tmp_path / "answers.db").collect(SUMS, [4, 7, 8, 10])
        assert builder.status() == ["consensus", "to review", "consensus", "consensus"]
    assert len(asked) == 4
    PlatinumBuilder([model], cache=tmp_path / "answers.db", template="{question}").collect(
        SUMS, [4, 7, 8, 10]
    )
    assert len(asked) == 8  # another wording is another question
    with pytest.raises(InputError, match="shows no"):
        PlatinumBuilder([model], template="hello").collect(SUMS, [4, 7, 8, 10])


def test_a_new_model_brings_only_what_nobody_has_looked_at():
    builder = built().review({1: Decision("revised", (6,)), 2: Decision("verified"), 3: Decision("verified")})
    new = builder.add_model([5, 7, 8, 1], "new")
    assert column(new, "id").tolist() == [0]
    with pytest.raises(InputError, match="two models are called 'new'"):
        builder.add_model([4, 6, 8, 10], "new")
    assert builder.evaluate(adds).errors == 0


def test_failures_are_counted_by_group():
    builder = built().review({1: Decision("revised", (6,)), 2: Decision("verified"), 3: Decision("verified")})
    found = builder.failures("b", ["small", "small", "large", "large"])
    assert column(found, "group").tolist() == ["large", "small"]
    assert column(found, "errors").tolist() == [2, 0]
    with pytest.raises(InputError, match="groups has 1"):
        builder.failures("b", ["x"])


def test_a_report_over_sets():
    done = built().review({1: Decision("revised", (6,)), 2: Decision("verified"), 3: Decision("rejected")})
    found = reliability_report({"one": done, "two": built()})
    rows = {(s, m): e for s, m, e in zip(*(column(found, c) for c in ("set", "model", "errors")))}
    assert rows["all sets", "b"] == rows["one", "b"] + rows["two", "b"] == 1 + 3
    with pytest.raises(InputError, match="builders is empty"):
        reliability_report({})


@given(seed=st.integers(0, 10**6))
@settings(deadline=None, max_examples=30)
def test_with_a_right_reviewer_a_perfect_model_makes_no_error(seed):
    """Whatever was wrong, after review a model that knows the truth makes no error."""
    rng = np.random.default_rng(seed)
    n = 30
    truth = rng.integers(5, size=n)
    target = np.where(rng.random(n) < 0.2, (truth + 1) % 5, truth)
    models = {name: np.where(rng.random(n) < 0.3, rng.integers(5, size=n), truth).tolist() for name in "ab"}
    builder = PlatinumBuilder(models | {"perfect": truth.tolist()}).collect(
        [f"q{i}" for i in range(n)], target.tolist()
    )
    right = {
        i: Decision("verified") if target[i] == truth[i] else Decision("revised", (int(truth[i]),))
        for i, status in enumerate(builder.status())
        if status == "to review"
    }
    builder.review(right)
    perfect = builder.evaluate("perfect")
    assert perfect.errors == 0
    assert perfect.errors_before == (truth != target).sum()
    for name in "ab":
        assert builder.evaluate(name).errors == (np.array(models[name]) != truth).sum()
