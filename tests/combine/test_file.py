"""Files of votes: what columns are taken for, what is silence, how true labels are matched."""

import csv

import numpy as np
import pyarrow as pa
import pytest

from labelwright import InputError, files
from labelwright.combine import read
from labelwright.combine.everyday import votes
from labelwright.combine.file import file, truths
from labelwright.evidence import Votes

NAMES = ["cat", "dog", "owl"]
LONG = ["item", "source", "label"]


def write(path, header, rows, **options):
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, **options)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def crowd(n=40, sources=4, seed=0):
    """Rows item, source, label in the order of the items, and the codes behind them (n, sources)."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(3, size=(n, 1))
    said = np.where(rng.random((n, sources)) < 0.8, truth, (truth + rng.integers(1, 3, (n, sources))) % 3)
    return [(f"i{i}", f"s{j}", NAMES[said[i, j]]) for i in range(n) for j in range(sources)], said


def told(path, **options):
    return read.votes_of(files.read(path), **options)


def test_items_and_sources_stand_in_the_order_of_the_file(tmp_path):
    rows = [("z", "bob", "b"), ("a", "ann", "a"), ("z", "ann", "a")]
    found = told(write(tmp_path / "v.csv", LONG, rows)).votes
    assert found.items.tolist() == ["z", "a"]
    assert found.sources.tolist() == ["bob", "ann"]
    assert found.classes.tolist() == ["a", "b"]


def test_the_file_and_its_table_give_the_same_answer(tmp_path):
    rows, said = crowd()
    found = file(write(tmp_path / "v.csv", LONG, rows))
    plain = votes(Votes(said, classes=NAMES))
    np.testing.assert_allclose(found.posterior, plain.posterior)
    assert found.method == plain.method


def test_classes_that_are_numbers_are_sorted_by_value(tmp_path):
    rows = [(i, s, c) for i in range(4) for s, c in (("a", "10"), ("b", "9"), ("c", "2"))]
    assert told(write(tmp_path / "v.csv", LONG, rows)).votes.classes.tolist() == ["2", "9", "10"]


def test_blanks_around_cells_are_no_part_of_names(tmp_path):
    rows = [("x", "ann", " cat"), ("x ", "bob", "dog "), ("y", " ann", "cat")]
    found = told(write(tmp_path / "v.csv", LONG, rows)).votes
    assert found.items.tolist() == ["x", "y"]
    assert found.sources.tolist() == ["ann", "bob"]
    assert found.classes.tolist() == ["cat", "dog"]


def test_three_columns_with_the_same_answers_are_three_sources(tmp_path):
    _, said = crowd(sources=3)
    table = [[NAMES[c] for c in row] for row in said]
    found = told(write(tmp_path / "v.csv", ["ann", "bob", "eve"], table))
    assert found.votes.sources.tolist() == ["ann", "bob", "eve"]
    np.testing.assert_array_equal(found.votes.wide(), said)
    assert "rows are the items" in found.notes[0]


@pytest.mark.parametrize("number", [False, True])
def test_three_columns_without_telling_names_are_one_vote_a_row(tmp_path, number):
    rows, said = crowd()
    if number:  # items 0 to 39, sources 0 to 3, labels 0 to 2: all of them share values
        rows = [(i, j, said[i, j]) for i in range(len(said)) for j in range(said.shape[1])]
    found = told(write(tmp_path / "v.csv", ["a", "b", "c"], rows))
    assert (len(found.votes), len(found.votes.sources), found.votes.n_classes) == (40, 4, 3)


def test_a_file_without_sources_is_refused_and_not_taken_for_two(tmp_path):
    rows, _ = crowd()
    path = write(tmp_path / "v.csv", ["item", "label"], [(item, label) for item, _, label in rows])
    with pytest.raises(InputError, match="says who voted"):
        told(path)


def test_columns_of_sources_can_be_named(tmp_path):
    table = [(f"pic {i}", "cat", "dog" if i % 2 else "cat", "dog", f"text {i}") for i in range(12)]
    path = write(tmp_path / "v.csv", ["name", "ann", "bob", "eve", "remarks"], table)
    found = told(path, source="ann, bob").votes
    assert found.sources.tolist() == ["ann", "bob"]
    assert found.items[:2].tolist() == ["pic 0", "pic 1"]  # all different, and no source
    guessed = told(path)
    assert guessed.votes.sources.tolist() == ["ann", "bob", "eve"]
    assert any("'remarks' was taken for no source" in note for note in guessed.notes)


def test_nothing_is_noted_where_nothing_was_guessed(tmp_path):
    rows, _ = crowd()
    path = write(tmp_path / "v.csv", ["a", "b", "c"], rows)
    assert told(path, item="a", source="b", label="c").notes == ()


@pytest.mark.parametrize(
    ("values", "abstain", "left"),
    [
        (["0", "1", "-1"], None, ["0", "1"]),
        (["1", "-1"], None, ["-1", "1"]),  # two signs are two classes
        (["0", "1", "-1"], "", ["-1", "0", "1"]),
        (["a", "b", "ABSTAIN"], None, ["a", "b"]),
        (["a", "b", "NA"], None, ["NA", "a", "b"]),
        (["a", "b", "NA"], "NA", ["a", "b"]),
    ],
)
def test_what_is_silence(tmp_path, values, abstain, left):
    rows = [(i, s, v) for i in range(6) for s, v in zip("xyz", values)]
    found = told(write(tmp_path / "v.csv", LONG, rows), abstain=abstain)
    assert found.votes.classes.tolist() == left
    assert found.votes.n_votes == 6 * len(left)


def test_every_column_of_an_arrow_table_may_be_coded():
    for column, names in (
        (pa.chunked_array([["b", None], ["a", "b"]]), ["b", "a"]),
        (pa.chunked_array([[3, None], [1, 3]]), ["3", "1"]),
        (pa.chunked_array([[True, None], [False, True]]), ["true", "false"]),
        (pa.chunked_array([pa.array(["b", None]).dictionary_encode(), pa.array(["a", "b"]).dictionary_encode()]),
         ["b", "a"]),
    ):  # fmt: skip
        found = read.coded(column)
        assert found.codes.tolist() == [0, -1, 1, 0]
        assert found.names.tolist() == names
    assert read.coded(pa.chunked_array([], pa.string())).codes.tolist() == []


def test_gold_is_matched_as_text_and_never_learned_from(tmp_path):
    rows = [(i, s, c) for i in range(30) for s, c in zip("xyz", ("1", "1", "2" if i % 3 else "1"))]
    path = write(tmp_path / "v.csv", LONG, rows)
    gold = write(
        tmp_path / "g.csv", ["item", "truth"], [(i, "1" if i % 2 else "2") for i in range(10)], delimiter=";"
    )
    without, with_ = file(path), file(path, gold=gold)
    np.testing.assert_array_equal(without.posterior, with_.posterior)
    assert with_.gold.n == 10
    assert with_.gold.accuracy == 0.5
    assert with_.truth.tolist() == [0 if i % 2 else 1 for i in range(10)] + [-1] * 20


def test_what_gold_says_twice_or_of_nobody():
    told = Votes.from_wide([["a", "b"], ["b", "b"], [None, None], ["a", "a"]])
    told.items = np.array(["w", "x", "y", "z"], dtype=object)
    items = np.array(["w", "w", "x", "z", "lost", None, "y"], dtype=object)
    labels = np.array(["a", "b", "b", "zebra", "a", "a", None], dtype=object)
    truth, notes = truths(told, items, labels)
    assert truth.tolist() == [-1, 1, -1, 2]
    assert [note.split(" (")[0] for note in notes] == [
        "1 row of gold is about items that nobody voted on, and left out",
        "gold says two things about 1 item, which was left out",
        "1 row of gold has a class that no source ever says",
    ]
    with pytest.raises(InputError, match="names 'lost', the votes 'w', 'x', 'y'"):
        truths(told, items[4:5], labels[4:5])
    assert truths(told, items[4:5], labels[4:5], required=False) == (None, [])


def test_a_failure_leaves_nothing(tmp_path):
    path = write(tmp_path / "v.csv", LONG, [("x", "ann", ""), ("y", "bob", "")])
    with pytest.raises(InputError, match="all votes are empty"):
        file(path, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
