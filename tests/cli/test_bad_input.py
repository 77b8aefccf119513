"""What cannot be used is refused in one sentence, with exit code 2, and leaves no trace."""

import gzip
import os
import resource
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from .messy import RESULTS, command, sentences, write_csv

ROWS = sentences(60)
TRUE = np.array([label == "pos" for _, label in ROWS])
PROBS = np.column_stack([np.where(TRUE, 0.1, 0.9), np.where(TRUE, 0.9, 0.1)])
NOISE = ("Traceback", "np.", "array(", " object at ", "dtype=", "[Errno", "Error(")


def texts(folder: Path, rows: list[tuple[str, str]], header: tuple[str, ...] = ("text", "label")) -> Path:
    return write_csv(folder / "t.csv", header, rows)


def good(folder: Path) -> Path:
    return texts(folder, ROWS)


def refused(args: list[object], out: Path, says: tuple[str, ...]) -> None:
    """Run twice: once where no folder is, once where an earlier run has left its results."""
    for earlier in (False, True):
        if earlier:
            out.mkdir(parents=True)
            for name in RESULTS:
                (out / name).write_text("earlier")
        ran = command("audit", *args, "--out", out)
        assert ran.code == 2
        assert ran.out == ""
        assert ran.err.startswith("labelwright: ")
        assert ran.err.count("\n") == 1
        for part in says:
            assert part in ran.err
        assert not [noise for noise in NOISE if noise in ran.err]
        assert len(ran.err) < 600
        assert out.exists() is earlier
    assert {p.name for p in out.iterdir()} == RESULTS
    assert {(out / name).read_text() for name in RESULTS} == {"earlier"}


# --- tables that cannot be judged ---------------------------------------------------------------------------
def infinite(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    rows = [(f"{rng.normal(i % 2):.3f}", "inf" if i == 17 else f"{i % 7}", "ab"[i % 2]) for i in range(60)]
    return write_csv(folder / "t.csv", ["age", "height, cm", "label"], rows)


def empty_pictures(folder: Path) -> Path:
    (folder / "notes").mkdir()
    (folder / "notes" / "readme.txt").write_text("no picture")
    return folder


TABLES: dict[str, tuple[Callable[[Path], Path], list[str], tuple[str, ...]]] = {
    "missing file": (lambda f: f / "no.csv", [], ("no.csv does not exist", "check the name")),
    "missing folder": (lambda f: f / "no" / "t.csv", [], ("does not exist", "there is no folder")),
    "empty": (
        lambda f: touch(f / "t.csv", b""),
        [],
        ("t.csv is empty (0 bytes)", "give a table with a header"),
    ),
    "no header": (lambda f: texts(f, ROWS[1:], ROWS[0]), [], ("t.csv seems to have no header", "add a line")),
    "numbers only": (
        lambda f: touch(f / "t.csv", b"1,2\n3,4\n"),
        [],
        ("t.csv has no header", "column names"),
    ),
    "header only": (lambda f: texts(f, []), [], ("has a header (text, label) but no rows",)),
    "unknown label": (
        good,
        ["--label", "lable"],
        ("label='lable' is not a column of", "did you mean 'label'?"),
    ),
    "unknown text": (good, ["--text", "txt"], ("text='txt'", "did you mean 'text'?")),
    "unknown features": (good, ["--features", "text,x"], ("features='x'", "the columns are 'text', 'label'")),
    "unknown source": (good, ["--source", "who"], ("source='who' is not a column",)),
    "markup as a name": (good, ["--label", "[bold]{{7*7}}"], ("label='[bold]{{7*7}}' is not a column",)),
    "label as text": (
        good,
        ["--label", "label", "--text", "label"],
        ("text='label' is the label column too",),
    ),
    "one class": (
        lambda f: texts(f, [(t, "pos") for t, _ in ROWS]),
        [],
        ("one class only ('pos') in 60 rows",),
    ),
    "a class of one": (
        lambda f: texts(f, [*ROWS, ("rare", "odd")]),
        [],
        ("a class has a single item: 'odd' (row 60)", "merge such classes"),
    ),
    "two rows": (
        lambda f: texts(f, ROWS[:2]),
        [],
        ("2 classes have a single item: 'neg' (row 1), 'pos' (row 0)",),
    ),
    "four rows": (lambda f: texts(f, ROWS[:4]), [], ("only 4 rows are labelled",)),
    "no labels": (lambda f: texts(f, [(t, "") for t, _ in ROWS]), [], ("'label' is empty in all 60 rows",)),
    "empty texts": (
        lambda f: texts(f, [("", c) for _, c in ROWS]),
        ["--text", "text"],
        ("text column 'text' has no text in all 60 rows", "--text"),
    ),
    "equal texts": (
        lambda f: texts(f, [("the same", c) for _, c in ROWS]),
        ["--text", "text"],
        ("text column 'text' has the same text in all 60 rows", "--text"),
    ),
    "nothing to learn from": (
        lambda f: write_csv(f / "t.csv", ["id", "label"], [(i, c) for i, (_, c) in enumerate(ROWS)]),
        [],
        ("t.csv has nothing to judge the labels by", "--text, --image or --features", "--probs"),
    ),
    "no label": (
        lambda f: write_csv(f / "t.csv", ["a", "b"], [(i % 3, i % 5) for i in range(60)]),
        [],
        ("no column is called like a label", "--label", "'a' (3 values)"),
    ),
    "infinite": (
        infinite,
        [],
        ("t.csv: column 'height, cm' holds infinite numbers in 1 rows (first: row 17)",),
    ),
    "separator": (good, ["--multi-label", "|"], ("never contains the separator '|'", "--multi-label")),
    "no picture": (good, ["--image", "text"], ("row 0 of column 'text' names the picture", "does not exist")),
    "no pictures": (empty_pictures, [], ("holds no pictures", "one sub-folder per class")),
    "sheet": (good, ["--sheet", "x"], ("sheet='x' is for Excel workbooks", "leave it out")),
    "encoder": (good, ["--encoder", "no-such-folder"], ("encoder='no-such-folder' is not a folder",)),
    "filter": (good, ["--filter", "best"], ("filter_by='best' is not one of", "prune_by_noise_rate")),
    "pickle": (lambda f: touch(f / "t.pkl", b"\x80\x04\x95abc"), [], ("is a pickle", "can run any program")),
}


def touch(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", TABLES)
def test_tables_that_cannot_be_judged(name: str, tmp_path: Path) -> None:
    build, options, says = TABLES[name]
    (tmp_path / "in").mkdir()
    refused([build(tmp_path / "in"), *options], tmp_path / "out", says)


# --- probabilities ------------------------------------------------------------------------------------------
def changed(row: int, column: int, value: float) -> np.ndarray:
    table = PROBS.copy()
    table[row, column] = value
    return table


PROBABILITIES: dict[str, tuple[np.ndarray, tuple[str, ...]]] = {
    "sum": (PROBS * 0.9, ("do not sum to 1 in 60 rows (first: row 0 sums to 0.9)", "normalise")),
    "width": (np.full((60, 4), 0.25), ("has 4 columns for 2 classes", "in the order neg, pos")),
    "one column": (PROBS[:, :1], ("has 1 columns for 2 classes",)),
    "length": (PROBS[:50], ("holds 50 rows of probabilities for 60 rows of t.csv", "in the same order")),
    "flat": (PROBS[:, 0], ("has shape (60,)", "save one row per item")),
    "negative": (changed(4, 1, -0.2), ("lie outside [0, 1] (row 4 holds -0.2",)),
    "missing": (changed(5, 0, np.nan), ("NaN in 1 rows (first: row 5)", "drop or fill")),
    "logits": (np.log(PROBS) * 2, ("lie outside [0, 1] (row 0", "if these are logits, pass their softmax")),
}


@pytest.mark.parametrize("name", PROBABILITIES)
def test_numbers_that_are_no_probabilities(name: str, tmp_path: Path) -> None:
    table, says = PROBABILITIES[name]
    np.save(tmp_path / "mine.npy", table)
    refused([good(tmp_path), "--probs", tmp_path / "mine.npy"], tmp_path / "out", ("mine.npy", *says))


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (["negg", "pos"], ("has no column for 'neg'", "its columns are 'negg', 'pos'")),
        (["neg", "text"], ("'pos'",)),
    ],
)
def test_probabilities_named_after_other_classes(
    header: list[str], says: tuple[str, ...], tmp_path: Path
) -> None:
    mine = write_csv(tmp_path / "mine.csv", header, PROBS.tolist())
    refused([good(tmp_path), "--probs", mine], tmp_path / "out", ("mine.csv", "t.csv", *says))


def test_files_that_hold_no_probabilities(tmp_path: Path) -> None:
    table, mine = good(tmp_path), touch(tmp_path / "mine.npy", b"text\n1\n")
    refused([table, "--probs", mine], tmp_path / "a", ("mine.npy is not a NumPy file",))
    refused([table, "--probs", tmp_path / "no.npy"], tmp_path / "b", ("no.npy does not exist",))
    refused([table, "--probs", table], tmp_path / "c", ("'text'", "hold no numbers"))


def test_the_wrong_column_is_told_by_its_million_values(tmp_path: Path) -> None:
    n = 1_000_000
    names = pa.array(np.arange(n)).cast(pa.string())
    pq.write_table(pa.table({"text": names, "label": names}), tmp_path / "t.parquet")
    begin = time.process_time()
    ran = command("audit", tmp_path / "t.parquet", "--out", tmp_path / "out")
    assert ran.code == 2
    assert "'label' has 1,000,000 different values in 1,000,000 rows ('0', '1', '2', ...)" in ran.err
    assert "looks like an id or free text; give the label column with --label" in ran.err
    assert time.process_time() - begin < 20
    assert not (tmp_path / "out").exists()


# --- files that mean harm -----------------------------------------------------------------------------------
def long_line(path: Path) -> Path:
    with path.open("wb") as file:
        file.write(b"text,label\n")
        for _ in range(70):
            file.write(b"a" * (1 << 20))
        file.write(b",pos\nb,neg\n")
    return path


def bomb(path: Path) -> Path:
    with gzip.open(path, "wb", 9) as file:
        file.write(b"text,label\n")
        for _ in range(80):
            file.write(b"a" * (1 << 20) + b"\n")
    return path


def packed_workbook(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            for _ in range(80):
                sheet.write(b" " * (1 << 20))
    return path


@pytest.mark.parametrize(
    ("build", "name", "says"),
    [(long_line, "t.csv", ("t.csv, line 2: longer than 64 MB",)),
     (bomb, "t.csv.gz", ("t.csv.gz unpacks from", "looks like a zip bomb")),
     (packed_workbook, "t.xlsx", ("t.xlsx unpacks from", "looks like a zip bomb"))],
    ids=["long line", "gz", "xlsx"],
)  # fmt: skip
def test_bombs(build: Callable[[Path], Path], name: str, says: tuple[str, ...], tmp_path: Path) -> None:
    before, begin = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    refused([build(tmp_path / name)], tmp_path / "out", says)
    assert time.process_time() - begin < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300 * 1024


# --- the place for the results ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("out", "says"),
    [
        ("t.csv", "is a file where the output folder should be"),
        ("t.csv/deep", "cannot write to the output folder"),
    ],
)
def test_an_output_folder_that_is_none(out: str, says: str, tmp_path: Path) -> None:
    file = good(tmp_path)
    ran = command("audit", file, "--out", tmp_path / out)
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err
    assert "give another" in ran.err
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write everywhere"
)
def test_an_output_folder_without_permission(tmp_path: Path) -> None:
    file, locked = good(tmp_path), tmp_path / "locked"
    locked.mkdir(mode=0o500)
    for out in (locked, locked / "deep"):
        ran = command("audit", file, "--out", out)
        assert (ran.code, ran.out) == (2, "")
        assert "cannot write to the output folder" in ran.err
    assert list(locked.iterdir()) == []


def test_a_result_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "out" / "report.html").mkdir(parents=True)
    ran = command("audit", good(tmp_path), "--out", tmp_path / "out")
    assert (ran.code, ran.out) == (2, "")
    assert "report.html is a folder where a result should be" in ran.err
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["report.html"]


def test_a_full_disk(tmp_path: Path) -> None:
    """A limit on the size of files is met halfway through the report, as a full disk would be."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "issues.csv").write_text("earlier")
    program = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000));"
        "from labelwright.cli import main; main()"
    )
    call = [sys.executable, "-c", program, "audit", str(good(tmp_path)), "--out", str(out)]
    ended = subprocess.run(call, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "cannot write" in ended.stderr
    assert "free some space or give another folder with --out" in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert [p.name for p in out.iterdir()] == ["issues.csv"]
    assert (out / "issues.csv").read_text() == "earlier"
