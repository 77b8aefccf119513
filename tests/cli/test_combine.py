"""``labelwright combine``: what it leaves, what it says, and one sentence where a file cannot be used."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelwright import InputError
from labelwright.combine import METHODS, file

from .messy import command, write_csv

NAMES = ["cat", "dog", "owl"]


def crowd(n=200, seed=0):
    """Rows item, source, label of five sources, the last of whom is always wrong, and the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(3, size=n)
    rows = []
    for who, skill in enumerate([0.95, 0.9, 0.8, 0.7, 0.0]):
        said = np.where(rng.random(n) < skill, truth, (truth + rng.integers(1, 3, n)) % 3)
        rows += [(f"i{i:03d}", f"s{who}", NAMES[said[i]]) for i in range(n) if rng.random() < 0.9]
    return rows, {f"i{i:03d}": NAMES[c] for i, c in enumerate(truth)}


@pytest.fixture(scope="module")
def votes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("votes")
    rows, truth = crowd()
    write_csv(folder / "gold.csv", ["item", "truth"], list(truth.items()))
    return write_csv(folder / "votes.csv", ["item", "source", "label"], rows)


def read(path):
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_it_leaves_labels_sources_and_a_page(votes, tmp_path):
    ran = command("combine", votes, "--out", tmp_path / "a" / "b")
    assert ran.code == 0, ran.err
    labels, sources = (read(tmp_path / "a" / "b" / f"{name}.csv") for name in ("labels", "sources"))
    assert list(labels[0]) == ["item", "label", "p"]
    assert list(sources[0]) == ["source", "accuracy", "low", "high", "n"]
    _, truth = crowd()
    assert np.mean([truth[row["item"]] == row["label"] for row in labels]) > 0.95
    assert sources[-1]["source"] == "s4"
    assert all(float(row["low"]) <= float(row["accuracy"]) <= float(row["high"]) for row in sources)
    page = (tmp_path / "a" / "b" / "report.html").read_text(encoding="utf-8")
    for title in (
        "How good each source is",
        "How far the sources agree",
        "Worst conflicts",
        "Who copies whom",
    ):
        assert title in page
    assert not re.search(r"https?://(?!www\.w3\.org)", page)
    assert "1 source is worse than chance (s4)" in ran.out
    assert "s4" in ran.out


def test_gold_is_measured_and_json_is_one_object(votes, tmp_path):
    ran = command("combine", votes, "--gold", votes.parent / "gold.csv", "--out", tmp_path, "--json")
    found = json.loads(ran.out)
    assert found["n_gold"] == 200
    assert found["gold_accuracy"] > found["gold_accuracy_majority"] - 0.01
    assert found["worse_than_chance"] == ["s4"]
    assert "labels with a known truth are right" in ran.err


def test_the_same_seed_gives_the_same_files(votes, tmp_path):
    for name in ("a", "b"):
        command("combine", votes, "--out", tmp_path / name, "--seed", "3")
    for part in ("labels.csv", "sources.csv"):
        assert (tmp_path / "a" / part).read_bytes() == (tmp_path / "b" / part).read_bytes()


@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_method_by_its_name(votes, tmp_path, name):
    ran = command("combine", votes, "--method", name, "--out", tmp_path, "--json")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["method"] == name
    assert name in command("combine", "--help").out


def test_flip_turns_a_source_round(votes, tmp_path):
    ran = command("combine", votes, "--flip", "--out", tmp_path)
    assert "count against what" in " ".join(ran.out.split())


def test_wide_long_and_every_kind_of_file_are_the_same(tmp_path):
    rows, _ = crowd(60)
    wide = {i: dict.fromkeys(["s0", "s1", "s2", "s3", "s4"], "") for i in dict.fromkeys(r[0] for r in rows)}
    for item, source, label in rows:
        wide[item][source] = label
    long = write_csv(tmp_path / "long.csv", ["item", "source", "label"], rows)
    broad = write_csv(
        tmp_path / "wide.csv",
        ["item", *["s0", "s1", "s2", "s3", "s4"]],
        [(i, *w.values()) for i, w in wide.items()],
    )
    pq.write_table(pa.table(dict(zip(["item", "source", "label"], zip(*rows)))), tmp_path / "long.parquet")
    book = openpyxl.Workbook()
    for row in [("item", "source", "label"), *rows]:
        book.active.append(row)
    book.save(tmp_path / "long.xlsx")
    expected = file(long)
    place = {name: i for i, name in enumerate(expected.votes.items.tolist())}
    for other in (broad, tmp_path / "long.parquet", tmp_path / "long.xlsx"):
        found = file(other)
        assert found.votes.n_votes == expected.votes.n_votes
        order = [place[name] for name in found.votes.items.tolist()]
        same = found.posterior.argmax(axis=1) == expected.posterior.argmax(axis=1)[order]
        assert same.mean() > 0.98


def test_a_messy_file_is_understood_and_it_says_how(tmp_path):
    path = tmp_path / "messy.csv"
    path.write_text(
        "id;anna;bert;carl;notes\n1;cat;cat;dog;first one\n2;dog;;dog;see mail\n3;cat;dog; cat ;?\n4;;;;\n"
        "5;dog;dog;dog;x\n6;cat;abstain;cat;y\n"
    )
    found = file(path)
    assert found.votes.sources.tolist() == ["anna", "bert", "carl"]
    assert found.classes.tolist() == ["cat", "dog"]
    said = " ".join(found.notes)
    for note in (
        "semicolon",
        "'notes' was taken for no source",
        "'abstain' was taken for silence",
        "1 item has no vote",
    ):
        assert note in said


def test_contradictions_and_silence_in_long_files(tmp_path):
    rows = [
        ("a", "x", "yes"), ("a", "x", "no"), ("a", "y", "yes"), ("b", "x", "no"), ("b", "x", "no"), ("b", "y", ""),
        ("c", "z", "yes"), ("c", "y", "yes"), ("", "y", "no"),
    ]  # fmt: skip
    said = " ".join(file(write_csv(tmp_path / "v.csv", ["item", "source", "label"], rows)).notes)
    for note in (
        "once a source says different things",
        "once a source repeats itself",
        "1 vote has no item or no source",
    ):
        assert note in said


def test_a_column_of_true_labels_measures_and_does_not_vote(tmp_path):
    rows = [(i, *(["a", "a", "b"] if i % 2 else ["b", "b", "b"]), "a" if i % 2 else "b") for i in range(30)]
    found = file(write_csv(tmp_path / "v.csv", ["item", "r1", "r2", "r3", "gold"], rows))
    assert found.votes.sources.tolist() == ["r1", "r2", "r3"]
    assert found.gold.accuracy == 1


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        ([("a", "x", ""), ("b", "y", "")], [], "nobody says anything in votes.csv"),
        ([("a", "x", "yes"), ("b", "y", "yes")], [], "all votes of votes.csv say 'yes'"),
        ([("a", "x", "yes"), ("b", "y", "no")], ["--item", "nope"], "votes.csv has no column 'nope'"),
        ([("a", "x", "yes"), ("b", "y", "no")], ["--method", "best"], "method='best' is none of auto"),
        ([("a", "x", "yes"), ("b", "y", "no")], ["--gold", "gone.csv"], "gone.csv does not exist"),
        ([(i, "x", i / 7) for i in range(1500)], [], "1,500 different answers, too many for classes"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(tmp_path, rows, options, message):
    path = write_csv(tmp_path / "votes.csv", ["item", "source", "label"], rows)
    ran = command("combine", path, "--out", tmp_path / "out", *options)
    assert ran.code == 2
    assert ran.err.startswith("labelwright: ")
    assert message in ran.err
    assert not (tmp_path / "out" / "labels.csv").exists()


def test_gold_of_other_items_is_an_error_and_unknown_classes_count_as_wrong(tmp_path):
    rows, truth = crowd(40)
    path = write_csv(tmp_path / "v.csv", ["item", "source", "label"], rows)
    with pytest.raises(InputError, match="gold has no true label of an item that somebody voted on"):
        file(path, gold=write_csv(tmp_path / "g.csv", ["item", "truth"], [("zz", "cat")]))
    some = [(name, "zebra" if i % 2 else label) for i, (name, label) in enumerate(truth.items())]
    found = file(path, gold=write_csv(tmp_path / "g.csv", ["item", "truth"], some))
    assert found.gold.accuracy < 0.6
    assert any("a class that no source ever says ('zebra')" in note for note in found.notes)


def test_one_source_keeps_its_labels_and_has_no_accuracy(tmp_path):
    path = write_csv(tmp_path / "v.csv", ["item", "ann"], [(1, "a"), (2, "b"), (3, "a")])
    command("combine", path, "--out", tmp_path / "out")
    assert [row["label"] for row in read(tmp_path / "out" / "labels.csv")] == ["a", "b", "a"]
    assert read(tmp_path / "out" / "sources.csv")[0]["accuracy"] == ""


def test_hostile_names_do_not_run_in_the_page(tmp_path):
    bad = "<script>alert(1)</script>"
    rows = [
        (f"{bad}{i}", f"s{j}{bad}", ["x", bad][(i + j) % 2 if j == 2 else i % 2])
        for i in range(30)
        for j in range(3)
    ]
    file(write_csv(tmp_path / "v.csv", ["item", "source", "label"], rows), out=tmp_path / "out")
    assert bad not in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_give_a_result_or_a_sentence(tmp_path_factory, content):
    path: Path = tmp_path_factory.mktemp("fuzz") / "v.csv"
    path.write_bytes(b"item,source,label\n" + content)
    try:
        found = file(path)
    except InputError:
        return
    assert np.isfinite(found.posterior).all()
