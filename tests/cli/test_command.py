"""What the command promises: files, summary, JSON, exit codes, every kind of input."""

import csv
import gzip
import json
import os
import pty
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import labelwright
from labelwright.cli import app

from .messy import RESULTS, Ran, command, mislabelled, read_csv, sentences, write_csv

N = 160
WRONG = {7, 22, 41, 60, 83, 104, 125, 150}
ROWS = mislabelled(N, WRONG)
ISSUES = ["row", "given", "suggested", "p_wrong", "why"]


@dataclass(frozen=True)
class Done:
    """One audit of the film reviews, looked at by many tests."""

    ran: Ran
    out: Path
    file: Path


@pytest.fixture(scope="module")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reviews")
    rows = [(1000 + i, f"2024-03-{i % 28 + 1:02}", text, label) for i, (text, label) in enumerate(ROWS)]
    return write_csv(folder / "reviews.csv", ["id", "date", "review", "sentiment"], rows)


@pytest.fixture(scope="module")
def done(reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> Done:
    out = tmp_path_factory.mktemp("done") / "a" / "b"
    return Done(command("audit", reviews, "--out", out, "--json"), out, reviews)


def probs(rows: list[tuple[str, str]] = ROWS) -> np.ndarray:
    """Columns neg, pos: what a good model that saw no label would say of the true classes of `rows`."""
    rng = np.random.default_rng(0)
    sure = rng.uniform(0.9, 0.98, len(rows))
    true = np.array([label == "pos" for _, label in sentences(len(rows))])
    yes = np.where(true, sure, 1 - sure)
    return np.column_stack([1 - yes, yes])


# --- what is written ----------------------------------------------------------------------------------------
def test_the_folder_holds_the_results_and_nothing_else(done: Done) -> None:
    assert done.ran.code == 0
    assert {p.name for p in done.out.iterdir()} == RESULTS | {"corrected.csv"}


def test_issues_csv_is_stable_for_programs(done: Done) -> None:
    with (done.out / "issues.csv").open(newline="", encoding="utf-8") as file:
        header = next(csv.reader(file))
    assert header == ISSUES
    found, given = read_csv(done.out / "issues.csv"), [label for _, label in ROWS]
    p = [float(issue["p_wrong"]) for issue in found]
    assert p == sorted(p, reverse=True)
    assert all(0 <= value <= 1 for value in p)
    for issue in found:
        assert issue["given"] == given[int(issue["row"])]  # the row counts from 0 below the header
        assert issue["suggested"] in {"pos", "neg"} - {issue["given"]}
        assert issue["why"]
    assert len({issue["row"] for issue in found}) == len(found)


def test_planted_errors_come_first(done: Done) -> None:
    # Two classes without a word in common: all 8 lead when this is written; of a random 8 rows 0.4 are.
    first = {int(issue["row"]) for issue in read_csv(done.out / "issues.csv")[: len(WRONG)]}
    assert len(first & WRONG) >= 6


def test_issues_parquet_says_the_same_and_names_neighbours(done: Done) -> None:
    table, plain = pq.read_table(done.out / "issues.parquet"), read_csv(done.out / "issues.csv")
    assert table.column_names == [*ISSUES, "agree", "disagree"]
    rows = table.to_pylist()
    assert [str(row["row"]) for row in rows] == [row["row"] for row in plain]
    for row, text in zip(rows, plain, strict=True):
        assert row["p_wrong"] == float(text["p_wrong"])
        assert row["why"] == text["why"]
        assert all(ROWS[i][1] == row["given"] for i in row["agree"])
        assert all(ROWS[i][1] == row["suggested"] for i in row["disagree"])
        assert row["row"] not in [*row["agree"], *row["disagree"]]


def test_the_corrected_file_keeps_the_given_labels(done: Done) -> None:
    before, after = read_csv(done.file), read_csv(done.out / "corrected.csv")
    assert list(after[0]) == ["id", "date", "review", "sentiment", "sentiment_given"]
    for old, new in zip(before, after, strict=True):
        assert new["sentiment_given"] == old["sentiment"]
        assert {k: old[k] for k in ("id", "date", "review")} == {k: new[k] for k in ("id", "date", "review")}
    changed = {i for i, row in enumerate(after) if row["sentiment"] != row["sentiment_given"]}
    assert len(changed & WRONG) >= 6
    doubtful = {int(i["row"]): i for i in read_csv(done.out / "issues.csv") if float(i["p_wrong"]) > 0.5}
    assert set(doubtful) <= changed
    assert all(after[row]["sentiment"] == issue["suggested"] for row, issue in doubtful.items())


def test_the_report_needs_no_network(done: Done) -> None:
    page = (done.out / "report.html").read_text(encoding="utf-8")
    assert page.lstrip().lower().startswith("<!doctype html>")
    assert "reviews.csv" in page
    outside = re.findall(r"""(?:src|href|action)\s*=\s*["']?(?!data:|#)[^"'\s>]+""", page)
    outside += re.findall(r"""url\(\s*["']?(?!data:|#)[^)]+|@import|<iframe\b|\bfetch\(""", page)
    assert outside == []


# --- what is said -------------------------------------------------------------------------------------------
def strict(text: str) -> dict:
    def never(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=never)


def test_json_is_one_object_alone_on_standard_output(done: Done) -> None:
    said = strict(done.ran.out)
    assert done.ran.out.count("\n") == 1
    assert said["n"] == N
    assert said["n_issues"] == len(read_csv(done.out / "issues.csv"))
    assert 0 <= said["error_rate_low"] <= said["error_rate"] <= said["error_rate_high"] <= 1
    assert said["out"] == str(done.out)
    assert "labels are wrong" in done.ran.err


def test_a_summary_a_manager_understands(reviews: Path, tmp_path: Path) -> None:
    ran = command("audit", reviews, "--out", tmp_path / "out")
    assert ran.code == 0
    assert ran.err == ""  # no terminal, no progress
    for part in ("reviews.csv: 160 rows, 2 classes", "of the labels are wrong (95 % interval", "of 160."):
        assert part in ran.out
    assert "Took column 'sentiment' as the label (2 different values in 160 rows)" in ran.out
    assert "Took column 'review' as the text" in ran.out
    assert "report.html (open it in a browser)" in ran.out


@pytest.mark.parametrize("name", ["one", "many"])
def test_counts_are_in_good_english(name: str, tmp_path: Path) -> None:
    wrong = {7} if name == "one" else WRONG
    file = write_csv(tmp_path / "t.csv", ["text", "label"], mislabelled(N, wrong))
    np.save(tmp_path / "p.npy", probs())
    ran = command("audit", file, "--probs", tmp_path / "p.npy", "--out", tmp_path / "out")
    n = len(read_csv(tmp_path / "out" / "issues.csv"))
    assert re.search(rf"^{n} row{' is' if n == 1 else 's are'} worth", ran.out, re.M)


@pytest.mark.parametrize(("limit", "code"), [("0", 1), ("1", 0)])
def test_fail_over(reviews: Path, tmp_path: Path, limit: str, code: int) -> None:
    ran = command("audit", reviews, "--out", tmp_path / "out", "--fail-over", limit)
    assert ran.code == code
    assert ("is above 0.00%" in ran.err) is (code == 1)
    assert (tmp_path / "out" / "report.html").exists()


def test_fail_over_speaks_json_too(reviews: Path, tmp_path: Path) -> None:
    ran = command("audit", reviews, "--out", tmp_path / "out", "--fail-over", "0", "--json")
    assert ran.code == 1
    assert strict(ran.out)["error_rate"] > 0


def test_help_and_version() -> None:
    runner = CliRunner()
    commands = [command.name or "" for command in app.registered_commands]
    assert {"audit", "demo"} <= set(commands)
    for args in (["--help"], *([name, "--help"] for name in commands)):
        said = runner.invoke(app, args)
        assert said.exit_code == 0
        assert "Usage:" in said.output
    options = runner.invoke(app, ["audit", "--help"], env={"COLUMNS": "200"}).output
    for option in (
        "label",
        "text",
        "features",
        "image",
        "probs",
        "multi-label",
        "source",
        "out",
        "fail-over",
        "json",
    ):
        assert f"--{option}" in options
    assert runner.invoke(app, ["--version"]).output.strip() == labelwright.__version__
    assert "Usage:" in runner.invoke(app, []).output


@pytest.mark.parametrize(
    "args",
    [["audti"], ["audit"], ["audit", "x", "--lable", "y"], ["audit", "x", "--fail-over", "1.5"],
     ["audit", "x", "--jobs", "0"], ["audit", "x", "--seed", "-1"], ["audit", "x", "--seed", "4294967296"]],
    ids=" ".join,
)  # fmt: skip
def test_wrong_use_exits_with_2(args: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = command(*args)
    assert ran.code == 2
    assert ran.out == ""
    assert "Error:" in ran.err
    assert list(tmp_path.iterdir()) == []


# --- the same again -----------------------------------------------------------------------------------------
def test_same_seed_same_bytes_in_one_process_or_two(done: Done, tmp_path: Path) -> None:
    for name, options in {"again": [], "two": ["--jobs", "2"]}.items():
        assert command("audit", done.file, "--out", tmp_path / name, *options).code == 0
        for result in ("issues.csv", "corrected.csv"):
            assert (tmp_path / name / result).read_bytes() == (done.out / result).read_bytes()
    assert command("audit", done.file, "--out", tmp_path / "other", "--seed", "1").code == 0
    assert (tmp_path / "other" / "issues.csv").read_bytes() != (done.out / "issues.csv").read_bytes()


def test_a_second_run_overwrites_its_own_results_only(reviews: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("keep")
    (out / "issues.csv").write_text("old")
    for _ in range(2):
        assert command("audit", reviews, "--out", out).code == 0
        assert (out / "issues.csv").read_text().startswith(",".join(ISSUES))
    assert {p.name for p in out.iterdir()} == RESULTS | {"corrected.csv", "mine.txt"}
    assert (out / "mine.txt").read_text() == "keep"


# --- every kind of file -------------------------------------------------------------------------------------
def columns() -> dict[str, list[str]]:
    return {"review": [text for text, _ in ROWS], "sentiment": [label for _, label in ROWS]}


def as_csv(folder: Path) -> Path:
    return write_csv(folder / "t.csv", list(columns()), ROWS)


def as_tsv(folder: Path) -> Path:
    return write_csv(folder / "t.tsv", list(columns()), ROWS, delimiter="\t")


def as_gz(folder: Path) -> Path:
    with gzip.open(folder / "t.csv.gz", "wb") as file:
        file.write(as_csv(folder).read_bytes())
    return folder / "t.csv.gz"


def as_parquet(folder: Path) -> Path:
    pq.write_table(pa.table(columns()), folder / "t.parquet")
    return folder / "t.parquet"


def as_arrow(folder: Path) -> Path:
    feather.write_feather(pa.table(columns()), str(folder / "t.arrow"))
    return folder / "t.arrow"


def as_jsonl(folder: Path) -> Path:
    lines = (json.dumps({"review": text, "sentiment": label}) for text, label in ROWS)
    (folder / "t.jsonl").write_text("\n".join(lines))
    return folder / "t.jsonl"


def as_excel(folder: Path) -> Path:
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("data")
    for row in [tuple(columns()), *ROWS]:
        sheet.append(row)
    book.save(folder / "t.xlsx")
    return folder / "t.xlsx"


def as_label_studio(folder: Path) -> Path:
    def task(i: int, text: str, label: str) -> dict:
        result = {"from_name": "mood", "to_name": "t", "type": "choices", "value": {"choices": [label]}}
        return {
            "id": i,
            "data": {"review": text},
            "annotations": [{"id": i, "completed_by": 1, "result": [result]}],
        }

    (folder / "t.json").write_text(json.dumps([task(i, *row) for i, row in enumerate(ROWS)]))
    return folder / "t.json"


def as_doccano(folder: Path) -> Path:
    lines = [json.dumps({"id": i, "text": text, "label": [label]}) for i, (text, label) in enumerate(ROWS)]
    (folder / "t.jsonl").write_text("\n".join(lines))
    return folder / "t.jsonl"


@pytest.mark.parametrize(
    ("build", "corrected"),
    [(as_csv, "csv"), (as_tsv, "tsv"), (as_gz, "csv"), (as_parquet, "parquet"), (as_arrow, "csv"),
     (as_jsonl, "jsonl"), (as_excel, "csv"), (as_label_studio, "csv"), (as_doccano, "jsonl")],
)  # fmt: skip
def test_every_format_gives_the_same_answer(
    build: Callable[[Path], Path], corrected: str, done: Done, tmp_path: Path
) -> None:
    ran = command("audit", build(tmp_path), "--out", tmp_path / "out", "--json")
    assert ran.code == 0
    assert strict(ran.out)["n"] == N
    assert (tmp_path / "out" / "issues.csv").read_bytes() == (done.out / "issues.csv").read_bytes()
    assert {p.name for p in (tmp_path / "out").iterdir()} == RESULTS | {f"corrected.{corrected}"}


def test_corrected_rows_of_typed_formats(tmp_path: Path) -> None:
    command("audit", as_parquet(tmp_path), "--out", tmp_path / "p")
    command("audit", as_jsonl(tmp_path), "--out", tmp_path / "j")
    rows = pq.read_table(tmp_path / "p" / "corrected.parquet").to_pylist()
    assert [
        json.loads(line) for line in (tmp_path / "j" / "corrected.jsonl").read_text().splitlines()
    ] == rows
    assert [row["sentiment_given"] for row in rows] == columns()["sentiment"]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty warm and twenty cold pictures; the last cold one lies among the warm."""
    from PIL import Image

    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for name, colour in {"warm": (220, 120, 40), "cold": (40, 120, 220)}.items():
        (folder / name).mkdir()
        for i in range(20):
            noise = rng.integers(-30, 30, (12, 12, 3))
            pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
            at = "warm" if i == 19 else name
            Image.fromarray(pixels).save(folder / at / f"{name}{i:02}.png")
    return folder


def test_a_folder_of_pictures(pictures: Path, tmp_path: Path) -> None:
    assert command("audit", pictures, "--out", tmp_path / "out").code == 0
    first = read_csv(tmp_path / "out" / "issues.csv")[0]
    corrected = read_csv(tmp_path / "out" / "corrected.csv")
    assert "cold19.png" in str(corrected[int(first["row"])])
    assert (first["given"], first["suggested"]) == ("warm", "cold")
    assert "data:image/" in (tmp_path / "out" / "report.html").read_text()


def test_a_column_of_pictures(pictures: Path, tmp_path: Path) -> None:
    names = sorted(str(p.relative_to(pictures)) for p in pictures.rglob("*.png"))
    folder = tmp_path / "copy"
    shutil.copytree(pictures, folder)
    file = write_csv(folder / "t.csv", ["shot", "label", "note"], [(n, n.split("/")[0], "-") for n in names])
    for options in (["--image", "shot"], []):
        ran = command("audit", file, "--out", tmp_path / "out", *options)
        assert ran.code == 0
        assert ("file names of pictures" in ran.out) is not options
        assert names[int(read_csv(tmp_path / "out" / "issues.csv")[0]["row"])] == "warm/cold19.png"


# --- probabilities ------------------------------------------------------------------------------------------
def npy(folder: Path) -> Path:
    np.save(folder / "p.npy", probs())
    return folder / "p.npy"


def npz(folder: Path) -> Path:
    np.savez(folder / "p.npz", probs=probs())
    return folder / "p.npz"


def named_npz(folder: Path) -> Path:
    np.savez(folder / "p.npz", probs=probs()[:, ::-1], classes=np.array(["pos", "neg"]))
    return folder / "p.npz"


def named_csv(folder: Path) -> Path:
    return write_csv(folder / "p.csv", ["row", "pos", "neg"], [(i, p, q) for i, (q, p) in enumerate(probs())])


def named_parquet(folder: Path) -> Path:
    pq.write_table(pa.table({"pos": probs()[:, 1], "neg": probs()[:, 0]}), folder / "p.parquet")
    return folder / "p.parquet"


@pytest.mark.parametrize("build", [npy, npz, named_npz, named_csv, named_parquet])
def test_probabilities_of_every_kind(build: Callable[[Path], Path], reviews: Path, tmp_path: Path) -> None:
    ran = command("audit", reviews, "--probs", build(tmp_path), "--out", tmp_path / "out")
    assert ran.code == 0
    assert ("they were taken for neg, pos, in this order" in ran.out) is (build in (npy, npz))
    found = {int(issue["row"]) for issue in read_csv(tmp_path / "out" / "issues.csv")}
    assert found <= WRONG  # these probabilities know the truth
    assert len(found) >= 3


def test_probabilities_alone_are_enough(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "t.csv", ["label"], [(label,) for _, label in ROWS])
    assert command("audit", file, "--probs", npy(tmp_path), "--out", tmp_path / "out").code == 0
    assert {int(i["row"]) for i in read_csv(tmp_path / "out" / "issues.csv")} <= WRONG


def test_columns_without_names_follow_the_numbers_not_their_characters(tmp_path: Path) -> None:
    # As text "10" stands before "2"; a model fitted to numbers has its columns by value.
    labels = np.arange(220) % 11
    table = np.full((220, 11), 0.01)
    table[np.arange(220), labels] = 0.9
    labels[5] = 0
    file = write_csv(tmp_path / "t.csv", ["label"], [(c,) for c in labels])
    np.save(tmp_path / "p.npy", table)
    ran = command("audit", file, "--probs", tmp_path / "p.npy", "--out", tmp_path / "out")
    assert "taken for 0, 1, 2, 3, 4, 5, 6, 7, ..." in ran.out
    first = read_csv(tmp_path / "out" / "issues.csv")[0]
    assert (first["row"], first["given"], first["suggested"]) == ("5", "0", "5")


def test_probabilities_that_look_in_sample_warn(tmp_path: Path) -> None:
    rows = sentences(400)
    file = write_csv(tmp_path / "t.csv", ["text", "label"], rows)
    np.save(tmp_path / "p.npy", probs(rows))
    ran = command("audit", file, "--probs", tmp_path / "p.npy", "--out", tmp_path / "out")
    assert ran.code == 0
    assert ran.err.startswith("note: the probabilities agree with 100.00% of the given labels")
    assert ran.err.count("\n") == 1
    assert "use probabilities from cross-validation" in " ".join(ran.out.split())


# --- roles --------------------------------------------------------------------------------------------------
def test_several_labels(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    tags = {"red": "crimson scarlet ruby", "round": "ball circle globe", "soft": "wool silk fluff"}
    marks = rng.random((150, 3)) < 0.5
    rows = []
    for i, yes in enumerate(marks):
        text = " ".join(rng.choice(words.split()) for words, y in zip(tags.values(), yes) if y)
        given = [tag for tag, y in zip(tags, yes) if y]
        if i == 31:  # wrong: one tag too many, or too few
            given = ["soft"] if "soft" not in given else ["red"]
        rows.append((f"thing {i}: {text}", "|".join(given)))
    file = write_csv(tmp_path / "t.csv", ["text", "tags"], rows)
    ran = command("audit", file, "--multi-label", "|", "--out", tmp_path / "out", "--json")
    assert ran.code == 0
    assert strict(ran.out)["n"] == 150
    found = read_csv(tmp_path / "out" / "issues.csv")
    assert "31" in [issue["row"] for issue in found[:5]]
    for issue in found:
        assert issue["given"].split("; ") == rows[int(issue["row"])][1].split("|")
        assert set(issue["suggested"].split("; ")) <= {*tags, ""}
    corrected = read_csv(tmp_path / "out" / "corrected.csv")
    assert [row["tags_given"] for row in corrected] == [tags for _, tags in rows]
    assert all(set(row["tags"].split("|")) <= {*tags, ""} for row in corrected)


@pytest.mark.parametrize("named", [True, False])
def test_the_worst_source_is_named(named: bool, tmp_path: Path) -> None:
    people = ["ann", "bob", "cem", "dee"]
    rows = []
    for i, (text, true) in enumerate(sentences(160)):
        who = people[i // 2 % 4]
        label = {"pos": "neg", "neg": "pos"}[true] if who == "cem" and i % 16 in (4, 5) else true
        rows.append((text, label, who, i // 2))
    file = write_csv(tmp_path / "t.csv", ["text", "label", "annotator", "item"], rows)
    ran = command("audit", file, "--out", tmp_path / "out", *(["--source", "annotator"] if named else []))
    assert ran.code == 0
    assert "Of 4 sources, cem differs most" in ran.out


def test_sources_of_items_labelled_once(tmp_path: Path) -> None:
    rows = [(text, label, "ann" if i in WRONG else "bob") for i, (text, label) in enumerate(ROWS)]
    file = write_csv(tmp_path / "t.csv", ["text", "label", "who"], rows)
    ran = command("audit", file, "--source", "who", "--out", tmp_path / "out")
    assert ran.code == 0
    assert "Of 2 sources, ann differs most" in ran.out


@pytest.fixture(scope="module")
def measures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Numbers and a category, one column with a comma in its name, some cells missing; row 9 is mislabelled."""
    rng = np.random.default_rng(2)
    rows = []
    for i in range(120):
        c = i % 3
        size, weight = rng.normal(4 * c, 0.5), rng.normal(-4 * c, 0.5)
        given = "abc"[(c + 1) % 3 if i == 9 else c]
        cell = "" if i % 10 == 3 else f"{size:.3f}"
        rows.append((i, cell, f"{weight:.3f}", rng.choice(["north", "south"]), given))
    folder = tmp_path_factory.mktemp("measures")
    return write_csv(folder / "t.csv", ["id", "size, in cm", "weight", "shop", "class"], rows)


@pytest.mark.parametrize("features", [None, "size, in cm", "weight,shop"])
def test_tables(features: str | None, measures: Path, tmp_path: Path) -> None:
    ran = command(
        "audit", measures, "--out", tmp_path / "out", *(["--features", features] if features else [])
    )
    assert ran.code == 0
    first = read_csv(tmp_path / "out" / "issues.csv")[0]
    assert (first["row"], first["given"], first["suggested"]) == ("9", "b", "a")
    assert ("12 rows have missing values (NaN), filled" in ran.out) is (features != "weight,shop")


def test_every_guess_can_be_overruled(tmp_path: Path) -> None:
    rows = [(text, label, text[::-1], "xy"[i // 2 % 2]) for i, (text, label) in enumerate(ROWS)]
    file = write_csv(tmp_path / "t.csv", ["text", "label", "mirrored", "type"], rows)
    ran = command("audit", file, "--label", "type", "--text", "mirrored", "--out", tmp_path / "out", "--json")
    assert ran.code == 0
    assert "Took column" not in ran.err
    assert {row["type_given"] for row in read_csv(tmp_path / "out" / "corrected.csv")} == {"x", "y"}


def test_rows_without_label_or_text_are_counted(tmp_path: Path) -> None:
    rows = [("" if i < 5 else text, "" if 5 <= i < 8 else label) for i, (text, label) in enumerate(ROWS)]
    file = write_csv(tmp_path / "t.csv", ["text", "label"], rows)
    ran = command("audit", file, "--out", tmp_path / "out", "--json")
    said = strict(ran.out)
    assert said["n"] == N
    notes = " ".join(said["notes"])
    assert "5 of 160 rows have no text" in notes
    assert "3 of 160 rows have no label" in notes
    found = {int(issue["row"]) for issue in read_csv(tmp_path / "out" / "issues.csv")}
    assert not found & {5, 6, 7}
    assert all(row["label"] == "" for row in read_csv(tmp_path / "out" / "corrected.csv")[5:8])


# --- names and cells nobody expects -------------------------------------------------------------------------
def test_names_are_shown_and_never_interpreted(tmp_path: Path) -> None:
    label, text = "la,bel\n{{7*7}}", "[bold]text[/bold]"
    name = {"pos": "[red]pos[/]", "neg": "{{7*7}}<b>"}
    rows = [(f"{words} [/] {{{{7*7}}}} <script>", name[c]) for words, c in ROWS]
    file = write_csv(tmp_path / "[i]my files[/i] é" / "söme file {{7*7}}.csv", [text, label], rows)
    out = tmp_path / "öut [b]put[/b]"
    ran = command("audit", file, "--label", label, "--out", out)
    assert ran.code == 0
    assert "49" not in re.sub(
        r"\d+ (rows|of)|\d+ %|[\d.]+%", "", ran.out.split("Written")[0].split("item")[0]
    )
    for shown in ("söme file {{7*7}}.csv", "[red]pos[/]", "{{7*7}}<b>", text, "[b]put[/b]"):
        assert shown in ran.out
    assert {i["given"] for i in read_csv(out / "issues.csv")} <= set(name.values())
    assert list(read_csv(out / "corrected.csv")[0]) == [text, label, f"{label}_given"]
    assert "<script>" not in re.sub(
        r"<script>[^<]", "", (out / "report.html").read_text().split("</style>")[1]
    )


@pytest.mark.parametrize(
    ("pos", "neg"),
    [("007", "1.0"), ("1.00", "1.0"), ("טוב", "سيئ"), ("喜歡", "👎🏽"), ("True", "False"), ("-1", "+1")],
)
def test_class_names_stay_what_they_are(pos: str, neg: str, tmp_path: Path) -> None:
    name = {"pos": pos, "neg": neg}
    file = write_csv(tmp_path / "t.csv", ["text", "label"], [(text, name[label]) for text, label in ROWS])
    assert command("audit", file, "--out", tmp_path / "out").code == 0
    found = read_csv(tmp_path / "out" / "issues.csv")
    assert {issue["given"] for issue in found} == {pos, neg}
    assert {issue["suggested"] for issue in found} == {pos, neg}
    given = [row["label_given"] for row in read_csv(tmp_path / "out" / "corrected.csv")]
    assert given == [name[label] for _, label in ROWS]


def test_no_cell_runs_in_a_spreadsheet(tmp_path: Path) -> None:
    name = {"pos": "=cmd|'/c calc'!A1", "neg": "@neg"}
    rows = [(f"=HYPERLINK(1) {text}", name[label]) for text, label in ROWS]
    file = write_csv(tmp_path / "t.csv", ["=text", "+label"], rows)
    assert command("audit", file, "--label", "+label", "--text", "=text", "--out", tmp_path / "out").code == 0
    for result in ("issues.csv", "corrected.csv"):
        with (tmp_path / "out" / result).open(newline="") as file_:
            cells = [cell for row in csv.reader(file_) for cell in row]
        assert any(cell.startswith("'") for cell in cells)
        assert not [cell for cell in cells if cell.startswith(("=", "@", "+", "-", "\t"))]


def test_broken_utf8_is_read_and_noted(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "t.csv", ["text", "label"], ROWS)
    file.write_bytes(file.read_bytes().replace(b'again in part 4"', b'na\xefve \x80 in part 4"'))
    ran = command("audit", file, "--out", tmp_path / "out")
    assert ran.code == 0
    assert "Not UTF-8 (first broken byte in line 6); read as Windows-1252" in ran.out
    assert "naïve €" in (tmp_path / "out" / "corrected.csv").read_text(encoding="utf-8")


def test_classes_that_differ_in_blanks_are_one(done: Done, tmp_path: Path) -> None:
    rows = [(text, f" {label} " if i % 4 == 0 else label) for i, (text, label) in enumerate(ROWS)]
    ran = command(
        "audit", write_csv(tmp_path / "t.csv", ["review", "sentiment"], rows), "--out", tmp_path / "out"
    )
    assert ran.code == 0
    assert "40 labels had blanks around them, which were left out." in ran.out
    assert (tmp_path / "out" / "issues.csv").read_bytes() == (done.out / "issues.csv").read_bytes()
    corrected = read_csv(tmp_path / "out" / "corrected.csv")
    assert [row["sentiment_given"] for row in corrected] == [label for _, label in rows]
    assert {row["sentiment"] for row in corrected} == {"pos", "neg"}


def test_decimal_commas_windows_letters_and_semicolons(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    lines = ["Länge;Breite;Güte"]
    for i in range(80):
        c = i % 2
        numbers = (f"{value:.2f}".replace(".", ",") for value in rng.normal([4 * c, -4 * c], 1))
        lines.append(";".join([*numbers, ("gut", "mäßig")[1 - c if i == 12 else c]]))
    file = tmp_path / "t.csv"
    file.write_bytes("\r\n".join(lines).encode("cp1252"))
    ran = command("audit", file, "--out", tmp_path / "out")  # the only text with few values is the label
    assert ran.code == 0
    assert "Took column 'Güte' as the label" in ran.out
    assert read_csv(tmp_path / "out" / "issues.csv")[0]["row"] == "12"
    corrected = (tmp_path / "out" / "corrected.csv").read_text(encoding="utf-8").splitlines()
    assert corrected[0] == "Länge;Breite;Güte;Güte_given"
    assert [line.rsplit(";", 2)[0] for line in corrected[1:]] == [
        line.rsplit(";", 1)[0] for line in lines[1:]
    ]


@pytest.mark.parametrize("n", [10, 12, 20])
def test_few_rows_are_fine(n: int, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "t.csv", ["text", "label"], sentences(n))
    said = strict(command("audit", file, "--out", tmp_path / "out", "--json").out)
    assert said["n"] == n
    assert 0 <= said["error_rate_low"] <= said["error_rate"] <= said["error_rate_high"] <= 1


def test_classes_smaller_than_the_number_of_folds(tmp_path: Path) -> None:
    rows = [*sentences(60), *[(f"rare bird number {i}", f"bird{i // 2}") for i in range(6)]]
    file = write_csv(tmp_path / "t.csv", ["text", "label"], rows)
    ran = command("audit", file, "--out", tmp_path / "out", "--json")
    assert ran.code == 0
    assert strict(ran.out)["n_classes"] == 5


# --- as a real process --------------------------------------------------------------------------------------
PROGRAM = [sys.executable, "-m", "labelwright.cli"]


def test_as_a_module_and_as_a_script(reviews: Path, tmp_path: Path) -> None:
    call = [*PROGRAM, "audit", str(reviews), "--out", str(tmp_path), "--json"]
    ended = subprocess.run(call, capture_output=True, text=True, timeout=60, check=True)
    assert strict(ended.stdout)["n"] == N
    assert (tmp_path / "issues.csv").exists()
    script = Path(sys.executable).with_name("labelwright")
    if not script.exists():
        pytest.skip("installed without its script")
    missing = tmp_path / "no.csv"
    refused = subprocess.run([script, "audit", missing], capture_output=True, text=True, cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == f"labelwright: {missing} does not exist; check the name\n"


def test_progress_is_for_terminals_and_on_standard_error(reviews: Path, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    call = [*PROGRAM, "audit", str(reviews), "--out", str(tmp_path / "out"), "--json"]
    with subprocess.Popen(call, stdout=subprocess.PIPE, stderr=theirs, text=True) as running:
        os.close(theirs)
        shown = b""
        while chunk := read(ours):
            shown += chunk
        assert running.stdout is not None
        said = running.stdout.read()
    os.close(ours)
    assert running.returncode == 0
    assert b"cross-fitting" in shown
    assert strict(said)["n"] == N


def read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # Linux says so when the other side is gone
        return b""
