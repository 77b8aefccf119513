"""Labels of every kind, missing ones of every kind, and the codes they become."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelwright import Exact, Marks, Votes
from labelwright.evidence import as_evidence, decode, encode

NAN = float("nan")
MISSING = [None, NAN, np.nan, np.float32("nan"), np.float16("nan"), pd.NA, pd.NaT, np.datetime64("NaT")]


@pytest.mark.parametrize("gap", MISSING, ids=lambda m: type(m).__name__)
@pytest.mark.parametrize("labels", [["a", "b"], [1, 0], [(1, "x"), (0, "y")], [True, False], [2.5, 0.5]])
def test_every_kind_of_missing_is_missing(gap, labels):
    told = Exact([labels[0], gap, labels[1]])
    assert told.known.tolist() == [True, False, True]
    assert told.n_classes == 2
    array = np.empty(3, dtype=object)
    array[:] = [labels[0], gap, labels[1]]
    assert Exact(array).codes.tolist() == told.codes.tolist()
    given = Exact(array, classes=labels)
    assert given.codes.tolist() == [0, -1, 1]
    assert list(given.classes) == labels


@pytest.mark.parametrize(
    ("labels", "codes", "classes"),
    [
        (pd.Series(["b", None, "a"]), [1, -1, 0], ["a", "b"]),
        (pd.Series(["b", None, "a"], index=[7, 3, 9]), [1, -1, 0], ["a", "b"]),
        (pd.Series(["b", None, "a"], dtype="category"), [1, -1, 0], ["a", "b"]),
        (pd.Categorical(["b", None, "a"]), [1, -1, 0], ["a", "b"]),
        (pd.Series([2, None, 1], dtype="Int64"), [1, -1, 0], [1, 2]),
        (pd.Series([2, None, 1]), [1, -1, 0], [1, 2]),
        (pd.Series([True, None, False], dtype="boolean"), [1, -1, 0], [False, True]),
        (pl.Series(["b", None, "a"]), [1, -1, 0], ["a", "b"]),
        (pl.Series(["b", None, "a"], dtype=pl.Categorical), [1, -1, 0], ["a", "b"]),
        (pl.Series(["b", None, "a"], dtype=pl.Enum(["b", "a"])), [1, -1, 0], ["a", "b"]),
        (pl.Series([2, None, 1]), [1, -1, 0], [1, 2]),
        (pl.Series([True, None, False]), [1, -1, 0], [False, True]),
        (pa.array(["b", None, "a"]), [1, -1, 0], ["a", "b"]),
        (pa.chunked_array([["b", None], ["a"]]), [1, -1, 0], ["a", "b"]),
        (pa.array(["b", None, "a"]).dictionary_encode(), [1, -1, 0], ["a", "b"]),
        (np.array(["b", None, "a"], dtype=object), [1, -1, 0], ["a", "b"]),
        (np.array([2, NAN, 1]), [1, -1, 0], [1, 2]),
        (np.array([2.5, NAN, 1], dtype=np.float32), [1, -1, 0], [1.0, 2.5]),
        (np.array([NAN, 2, "x"], dtype=object), [-1, 0, 1], [2, "x"]),
        (np.array([b"b", b"a"]), [1, 0], [b"a", b"b"]),
        (np.array([True, False]), [1, 0], [False, True]),
        ([np.str_("b"), None, np.str_("a")], [1, -1, 0], ["a", "b"]),
        ([np.int64(3), 1], [1, 0], [1, np.int64(3)]),
        ([(1, "x"), (0, "y")], [1, 0], [(0, "y"), (1, "x")]),
        (["b", 1, (2,), None], [1, 0, 2, -1], [1, "b", (2,)]),
        (
            [datetime.date(2021, 1, 1), datetime.date(2020, 1, 1)],
            [1, 0],
            [datetime.date(2020, 1, 1), datetime.date(2021, 1, 1)],
        ),
        (("b", "a"), [1, 0], ["a", "b"]),
        (iter(["b", "a"]), [1, 0], ["a", "b"]),
        (["", " "], [0, 1], ["", " "]),
        ([-1, 5], [0, 1], [-1, 5]),
        ([float("inf"), 1.0], [1, 0], [1.0, float("inf")]),
        ([2**70, 1], [1, 0], [1, 2**70]),
    ],
    ids=lambda x: type(x).__name__,
)
def test_labels_become_codes(labels, codes, classes):
    found, names = encode(labels)
    assert found.tolist() == codes
    assert found.dtype == np.intp
    assert names.tolist() == classes
    assert [type(c) for c in names.tolist()] == [type(c) for c in classes]


NAMES = st.one_of(
    st.integers(), st.text(max_size=3), st.tuples(st.integers(0, 3), st.text(max_size=1)), st.dates()
)


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.lists(st.one_of(st.none(), NAMES), max_size=12), st.randoms())
def test_names_come_back_and_order_does_not_matter(labels, random):
    codes, classes = encode(labels)
    assert decode(codes, classes).tolist() == labels
    shuffled = list(labels)
    random.shuffle(shuffled)
    assert encode(shuffled)[1].tolist() == classes.tolist()
    again, same = encode(labels, classes)
    assert again.tolist() == codes.tolist()
    assert same.tolist() == classes.tolist()


def test_a_class_array_keeps_its_dtype():
    assert Exact(["b", "a"]).classes.dtype.kind == "U"
    assert Exact([1, 2]).classes.dtype.kind == "i"
    assert Exact([1, "a"]).classes.dtype == object
    assert Exact([(1, 2)]).classes.shape == (1,)  # a tuple is one name, not two columns


def test_codes_and_names_are_kept_apart():
    told = Exact.from_codes([2, -1, 0], ["x", "y", "z"])
    assert told.labels.tolist() == ["z", None, "x"]
    assert told.counts.tolist() == [1, 0, 1]
    assert repr(told) == "Exact(n=3, classes=3, missing=1)"


def test_what_becomes_which_evidence():
    assert isinstance(as_evidence([1, 0, None]), Exact)
    assert isinstance(as_evidence([[1, 0], [0, -1]]), Marks)
    assert isinstance(as_evidence(pd.DataFrame({"a": [1, 0], "b": [0, 1]})), Marks)
    votes = Votes([[0, 1]])
    assert as_evidence(votes) is votes
    assert as_evidence([0, 2, 1, 0], n_classes=5).classes.tolist() == [0, 1, 2, 3, 4]
    assert as_evidence(["x", "y"], n_classes=2).classes.tolist() == ["x", "y"]
    assert as_evidence([7, 9], n_classes=2).classes.tolist() == [7, 9]


def test_wide_and_long_votes_are_the_same_votes():
    wide = Votes.from_wide([["b", None], ["a", "c"], [None, None]], classes=["a", "b", "c"])
    long = Votes.from_long(
        item=[0, 0, 1, 1, 2],
        source=[0, 1, 0, 1, 0],
        label=["b", None, "a", "c", NAN],
        classes=["a", "b", "c"],
    )
    assert wide.wide().tolist() == long.wide().tolist() == [[1, -1], [0, 2], [-1, -1]]
    assert wide.n_votes == long.n_votes == 3
    assert long.items.tolist() == [0, 1, 2]
    assert wide.counts.tolist() == [[0, 1, 0], [1, 0, 1], [0, 0, 0]]
    frame = pd.DataFrame({"who": ["ann", "bob"], "what": ["x", "y"], "said": ["yes", None]})
    from_frame = Votes.from_long(frame["what"], frame["who"], frame["said"])
    assert from_frame.sources.tolist() == ["ann", "bob"]
    assert len(from_frame) == 2


def test_items_of_long_votes_keep_their_names_when_taken():
    votes = Votes.from_long(["b", "a", "c"], [0, 0, 0], ["x", "y", "x"])
    assert votes[[2, 0]].items.tolist() == ["c", "a"]
    assert votes[1].items.tolist() == ["b"]


def test_marks_from_lists_and_sparse():
    from scipy import sparse

    marks = Marks.from_lists([["red", "round"], [], None, NAN, ("red",)])
    assert marks.classes.tolist() == ["red", "round"]
    assert marks.marks.tolist() == [[1, 1], [0, 0], [-1, -1], [-1, -1], [1, 0]]
    assert marks.names(0) == ("red", "round")
    table = np.array([[1, 0, 0], [0, -1, 1]])
    for form in (sparse.csr_matrix, sparse.coo_array, sparse.csc_array):
        assert Marks(form(table)).marks.tolist() == table.tolist()
    assert Marks([[1.0, NAN]]).marks.tolist() == [[1, -1]]
    assert Marks([[True, False]]).marks.tolist() == [[1, 0]]
