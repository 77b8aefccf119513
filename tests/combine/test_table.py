"""Votes out of tables: which column is what, whatever the table looks like."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from labelwright import InputError, Votes
from labelwright.combine.table import as_votes

LONG = {"task": ["a", "a", "b", "b"], "worker": ["w1", "w2", "w1", "w2"], "answer": ["yes", "no", "no", None]}


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_one_vote_a_row_in_frames_of_any_kind(make):
    votes, note = as_votes(make(LONG))
    assert votes.n_votes == 3
    assert votes.items.tolist() == ["a", "b"]
    assert votes.sources.tolist() == ["w1", "w2"]
    assert votes.classes.tolist() == ["no", "yes"]
    assert "item 'task', source 'worker', label 'answer'" in note


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_one_column_a_source(make):
    votes, note = as_votes(make({"id": ["x", "y", "z"], "ann": ["p", None, "q"], "bob": ["q", "q", None]}))
    np.testing.assert_array_equal(votes.wide(), [[0, 1], [-1, 1], [1, -1]])
    assert votes.items.tolist() == ["x", "y", "z"]
    assert note.startswith("one column a source")


def test_names_decide_before_contents_and_the_user_before_names():
    table = pd.DataFrame({"label": ["a", "b"], "source": ["s", "t"], "item": [1, 2], "true": ["x", "y"]})
    assert as_votes(table)[0].classes.tolist() == ["a", "b"]
    assert as_votes(table, label="true")[0].classes.tolist() == ["x", "y"]


def test_three_columns_without_telling_names_are_known_by_what_they_hold():
    rng = np.random.default_rng(0)
    cells = pd.DataFrame(
        {"u": rng.choice(["p", "q"], 200), "v": rng.integers(5, size=200), "w": np.arange(200) // 4}
    )
    votes, note = as_votes(cells)
    assert (len(votes), len(votes.sources), votes.n_classes) == (50, 5, 2)
    assert "by how many values differ" in note


def test_three_columns_with_the_same_answers_are_three_sources():
    rng = np.random.default_rng(0)
    votes, _ = as_votes(pd.DataFrame({name: rng.choice(["p", "q"], 50) for name in ("ann", "bob", "eve")}))
    assert votes.sources.tolist() == ["ann", "bob", "eve"]


def test_a_wide_table_without_names_of_items():
    votes, note = as_votes(pd.DataFrame({"r1": [1, 0], "r2": [1, 1]}))
    assert votes.n_votes == 4
    assert "rows are the items" in note


def test_arrays_and_votes():
    votes = Votes([[0, 1]])
    assert as_votes(votes)[0] is votes
    assert as_votes(np.array([[0, 1], [-1, 1]]))[0].n_votes == 3
    assert as_votes([["a", None], ["b", "b"]])[0].classes.tolist() == ["a", "b"]
    assert as_votes([["a", None]], classes=["a", "b"])[0].n_classes == 2


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        (LONG, {"item": "nope"}, "item='nope' is not a column; the columns are 'task', 'worker', 'answer'"),
        ({"only": [1, 2]}, {}, "the table has 1 column"),
        ({**LONG, "worker": ["w1", None, "w1", "w2"]}, {}, "1 votes have no item .* or no source"),
        (LONG, {"classes": ["yes"]}, "'no', which is not among the classes"),
        (
            {"item": range(2000), "source": [1] * 2000, "label": np.arange(2000) / 7},
            {},
            "2,000 different numbers",
        ),
    ],
)
def test_what_cannot_be_understood(table, options, message):
    with pytest.raises(InputError, match=message):
        as_votes(pd.DataFrame(table), **options)
