"""Rules over items: the same votes from any container and any number of workers, and errors that say where."""

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse

import labelwright.combine.applier
from labelwright import frames
from labelwright.combine.applier import apply
from labelwright.combine.keywords import keywords, patterns
from labelwright.combine.rules import Rule, Said, annotator, rule, stump
from labelwright.errors import DoubtfulInput, InputError

TEXTS = ["free beer", "WIN now", None, "hello", "free WIN"]
ROWS = {
    "text": TEXTS,
    "length": [9.0, 7.0, None, 5.0, 8.0],
    "ann": ["spam", None, "ham", "ham", "spam"],
}


def row_rule(row):
    return "ham" if row["length"] is None or row["ann"] == "ham" else None


def frame_rules():
    return [
        keywords("spam", ["free", "win"], column="text"),
        stump("ham", "length", below=6),
        annotator("ann"),
        rule(row_rule),
        rule(lambda text: "spam" if text.isupper() else "ham", name="case", column="text"),
    ]


EXPECTED = [[1, -1, 1, -1, 0], [1, -1, -1, -1, 0], [-1, -1, 0, 0, -1], [-1, 0, 0, 0, 0], [1, -1, 1, -1, 0]]


@pytest.mark.parametrize(
    "make",
    [
        pd.DataFrame,
        pl.DataFrame,
        pl.LazyFrame,
        pa.table,
        lambda d: pd.DataFrame(d).convert_dtypes(),
        lambda d: pd.DataFrame(d, index=list("vwxyz")),
        lambda d: pl.DataFrame(d).to_dicts(),
    ],
    ids=["pandas", "polars", "lazy", "arrow", "pandas-missing", "pandas-index", "dicts"],
)
def test_every_kind_of_frame_gives_the_same_votes(make):
    votes = apply(frame_rules(), make(ROWS))
    assert votes.wide().tolist() == EXPECTED
    assert votes.classes.tolist() == ["ham", "spam"]
    assert votes.sources.tolist() == [r.name for r in frame_rules()]
    assert votes.items.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "make",
    [list, tuple, lambda t: np.array(t, dtype=object), pd.Series, pl.Series, pa.array, iter],
    ids=["list", "tuple", "array", "pandas", "polars", "arrow", "iterator"],
)
def test_every_kind_of_list_gives_the_same_votes(make):
    rules = [keywords("spam", ["free"]), rule(lambda t: "ham" if t.islower() else None, name="low")]
    assert apply(rules, make(TEXTS)).wide().tolist() == [[1, 0], [-1, -1], [-1, -1], [-1, 0], [1, -1]]


def test_arrays_and_sparse_matrices_give_the_same_votes():
    X = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 4.0]])
    rules = [
        stump("a", 0, above=0.5),
        stump("b", -1, above=0.5),
        rule(lambda row: int(row.sum() > 4), name="sum"),
    ]
    wanted = apply(rules, X, classes=["a", "b", 0, 1])
    assert wanted.wide().tolist() == [[0, -1, 2], [-1, 1, 2], [0, 1, 3]]
    np.testing.assert_array_equal(
        apply(rules, sparse.coo_matrix(X), classes=["a", "b", 0, 1]).wide(), wanted.wide()
    )
    images = np.arange(8).reshape(2, 2, 2)
    assert apply([rule(lambda i: "dark" if i.max() < 4 else "bright", name="i")], images).wide().tolist() == [
        [1],
        [0],
    ]
    assert apply([stump("big", above=2)], np.array([1, 3])).wide().tolist() == [[-1], [0]]


@pytest.mark.filterwarnings("ignore:.*vote nowhere")  # among one item or three
@pytest.mark.parametrize("n", [1, 3, 64, 65, 500])
def test_the_votes_do_not_depend_on_blocks_or_workers(n, monkeypatch):
    rng = np.random.default_rng(0)
    texts = [str(rng.integers(1000)) for _ in range(n)]
    rules = [
        keywords("even", list("02468"), whole_words=False),
        patterns("odd", ["[13579]$"]),
        rule(lambda t: None if len(t) < 3 else "even" if int(t) % 2 == 0 else "odd", name="parity"),
    ]
    plain = np.array(
        [
            [
                0 if set(t) & set("02468") else -1,
                1 if t[-1] in "13579" else -1,
                -1 if len(t) < 3 else int(t) % 2,
            ]
            for t in texts
        ]
    )
    names = {"classes": ["even", "odd"]}
    votes = [apply(rules, texts, **names), apply(rules, pd.DataFrame({"t": texts})["t"], **names)]
    with joblib.parallel_config("threading"):
        votes.append(apply(rules, texts, n_jobs=3, **names))
    monkeypatch.setattr("labelwright.combine.applier.BLOCK", 7)
    votes.append(apply(rules, texts, **names))
    for found in votes:
        np.testing.assert_array_equal(found.wide(), plain)


def test_processes_take_lambdas_and_say_where_one_fails():
    scale = 2
    rules = [rule(lambda x: "big" if x * scale > 10 else None, name="big"), stump("small", below=1)]
    items = np.arange(200.0)
    alone, shared = apply(rules, items), apply(rules, items, n_jobs=2)
    np.testing.assert_array_equal(alone.wide(), shared.wide())
    with pytest.raises(InputError, match="rule 'inverse' fails on row 150: ZeroDivisionError"):
        apply([rule(lambda x: 1 / (x - 150), name="inverse")], items, n_jobs=2)


def test_a_failing_rule_is_named_with_its_row_and_cause():
    def picky(text):
        return {"free beer": "spam"}[text]

    with pytest.raises(
        InputError, match=r"rule 'picky' fails on row 1: KeyError: 'WIN now'.*on_error"
    ) as caught:
        apply([picky], TEXTS)
    assert isinstance(caught.value.__cause__, KeyError)


def test_a_rule_may_abstain_where_it_fails_and_that_is_counted():
    picky = rule(lambda text: {"free beer": "spam"}[text], name="picky", on_error="abstain")
    with pytest.warns(
        DoubtfulInput, match=r"rule 'picky' failed on 3 of 5 items .*\(first: row 1: KeyError: 'WIN now'\)"
    ):
        votes = apply([picky], TEXTS)
    assert votes.wide()[:, 0].tolist() == [0, -1, -1, -1, -1]


def test_an_answer_nobody_may_give_is_named():
    odd = rule(lambda text: "other" if text == "hello" else "spam", name="odd", classes=["spam", "ham"])
    with pytest.raises(
        InputError,
        match=r"rule 'odd' says 'other' on row 3, which is not among its classes \('spam', 'ham'\)",
    ):
        apply([odd], TEXTS)
    free = rule(lambda text: -1 if text == "hello" else "spam", name="free")
    with pytest.raises(InputError, match=r"rule 'free' says -1 on row 3.*; to abstain, return None"):
        apply([free], TEXTS, classes=["spam"])
    with pytest.raises(InputError, match=r"rule 'listed' fails on row 0: TypeError: .*unhashable"):
        apply([rule(lambda text: ["spam"], name="listed")], TEXTS)
    with pytest.warns(DoubtfulInput, match="-1, which is taken for the name of a class"):
        apply([rule(lambda text: -1, name="minus")], TEXTS)


def test_classes_are_declared_said_or_given():
    spam = keywords("spam", ["free"])
    assert apply([spam, rule(lambda t: "a", name="a")], TEXTS).classes.tolist() == ["a", "spam"]
    assert apply([spam], TEXTS, classes=["spam", "ham"]).classes.tolist() == ["spam", "ham"]
    mixed = [rule(lambda t: ("a", 1), name="tuple"), rule(lambda t: 3, name="three")]
    assert apply(mixed, ["x"]).classes.tolist() == [3, ("a", 1)]
    with pytest.raises(InputError, match="no rule says anything"):
        apply([rule(lambda t: None, name="silent")], TEXTS)


def test_rules_that_vote_nowhere_are_named():
    with pytest.warns(DoubtfulInput, match=r"1 of 2 rules vote nowhere \('spam: xyz'\)"):
        apply([keywords("spam", ["xyz"]), keywords("spam", ["free"])], TEXTS)


@pytest.mark.parametrize(
    ("rules", "items", "says"),
    [
        ([], TEXTS, "rules are empty"),
        (keywords("a", ["b"]), TEXTS, "rules is a single rule"),
        ([keywords("a", ["b"]), keywords("a", ["b"])], TEXTS, "two rules are called 'a: b'"),
        ([lambda t: "a", lambda t: "b"], TEXTS, "two rules are called '<lambda>'; give each a name"),
        ([keywords("a", ["b"])], [], "items are empty"),
        ([keywords("a", ["b"])], "one text", "items are one str"),
        ([keywords("a", ["b"])], 3, "items are one int"),
        ([keywords("a", ["b"])], np.array("x"), "single value"),
        ([keywords("a", ["b"])], ["x", 7], r"rule 'a: b' fails on rows 1 to 1: row 1 holds int '7' where"),
        ([keywords("a", ["b"])], ["\ud800"], "no valid Unicode"),
        ([keywords("a", ["b"], column="text")], TEXTS, "column='text' is asked for, but the items are single str"),
        ([keywords("a", ["b"], column="txt")], pd.DataFrame(ROWS), "column='txt' is not a column; the columns are"),
        ([keywords("a", ["b"])], pd.DataFrame(ROWS), "holds dict .* say which column"),
        ([annotator("b")], [{"b": 1}, {"a": 2}], "column='b' is not in every item; one has 'a'"),
        ([stump("a", 5, above=0)], np.zeros((2, 2)), "column=5 is not a column; of an array with 2 columns"),
        ([stump("a", "text", above=0)], pd.DataFrame(ROWS), "rule 'text > 0: a' fails on rows 0 to 0: it needs"),
        ([Rule("short", lambda view: Said(np.zeros(0, int), ["a"]))], TEXTS, "gave 0 answers for 1 items"),
    ],
)  # fmt: skip
def test_input_that_cannot_be_used_is_named(rules, items, says):
    with pytest.raises(InputError, match=says):
        apply(rules, items)


def test_only_the_columns_that_rules_look_at_travel(monkeypatch):
    seen = []
    real = labelwright.combine.applier.cut

    def watched(items, start, stop):
        seen.append(frames.names(items))
        return real(items, start, stop)

    monkeypatch.setattr("labelwright.combine.applier.cut", watched)
    apply([keywords("spam", ["free"], column="text"), annotator("ann")], pa.table(ROWS))
    assert set(map(tuple, seen[2:])) == {("text", "ann")}  # the first two look whether the columns are there
    seen.clear()
    apply(frame_rules(), pa.table(ROWS))
    assert seen[-1] == list(ROWS)
