"""Results appear whole or not at all, and a spreadsheet runs none of their cells."""

import csv
import errno
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelwright.errors import InputError
from labelwright.files import OutputFolder, read, safe_cell
from labelwright.files.cells import write_cells


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_files_appear_together(tmp_path: Path) -> None:
    target = tmp_path / "a" / "out"
    with OutputFolder(target) as out:
        out.write_text("a.txt", "é\n")
        out.write_csv("b.csv", {"row": np.array([1, 2]), "p": [0.5, float("nan")]})
        out.write_parquet("c.parquet", {"row": np.array([1, 2]), "why": ["x", None]})
        out.path("d.bin").write_bytes(b"d")
        assert [n for n in names(target) if not n.startswith(".")] == []
    assert names(target) == ["a.txt", "b.csv", "c.parquet", "d.bin"]
    assert (target / "b.csv").read_text() == "row,p\n1,0.5\n2,\n"
    assert pq.read_table(target / "c.parquet").to_pylist() == [
        {"row": 1, "why": "x"},
        {"row": 2, "why": None},
    ]


def write_and_stop(target: Path, problem: BaseException | type[BaseException]) -> None:
    with OutputFolder(target) as out:
        out.write_text("a.txt", "after")
        out.write_text("b.txt", "after")
        raise problem


@pytest.mark.parametrize("problem", [KeyboardInterrupt, SystemExit, RuntimeError, InputError])
def test_nothing_is_left_after_a_failure(tmp_path: Path, problem: type[BaseException]) -> None:
    old, new = tmp_path / "old", tmp_path / "deep" / "new"
    old.mkdir()
    (old / "a.txt").write_text("before")
    for target in (old, new):
        with pytest.raises(problem):
            write_and_stop(target, problem)
    assert names(tmp_path) == ["old"]
    assert names(old) == ["a.txt"]
    assert (old / "a.txt").read_text() == "before"


PROGRAM = """
import sys, time
from labelwright.files import OutputFolder
with OutputFolder(sys.argv[1]) as out:
    out.write_text("a.txt", "after")
    print("ready", flush=True)
    time.sleep(30)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_leave_nothing(tmp_path: Path, number: signal.Signals) -> None:
    target = tmp_path / "out"
    target.mkdir()
    (target / "a.txt").write_text("before")
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(target)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"ready\n"
        run.send_signal(number)
        begin = time.monotonic()
        assert run.wait(10) != 0
    assert time.monotonic() - begin < 5
    assert names(target) == ["a.txt"]
    assert (target / "a.txt").read_text() == "before"


def test_signal_handlers_are_given_back(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with OutputFolder(tmp_path / "out"):
        pass
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x")
    for target in (tmp_path / "out", tmp_path / "out" / "deeper"):
        with pytest.raises(InputError, match="out"), OutputFolder(target):
            pytest.fail("should not begin")
    assert (tmp_path / "out").read_text() == "x"


def test_a_folder_that_cannot_be_written_is_found_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **options: object) -> str:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    with pytest.raises(
        InputError, match=r"cannot write to the output folder .*out: Permission denied; give another"
    ):
        OutputFolder(tmp_path / "out").__enter__()
    assert names(tmp_path) == []


def test_a_folder_in_the_way_of_a_result(tmp_path: Path) -> None:
    (tmp_path / "b.txt").mkdir()
    out = OutputFolder(tmp_path).__enter__()
    out.write_text("a.txt", "x")
    out.write_text("b.txt", "x")
    with pytest.raises(InputError, match=r"b.txt is a folder where a result should be"):
        out.__exit__(None, None, None)
    assert names(tmp_path) == ["b.txt"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_disk_full(tmp_path: Path) -> None:
    with OutputFolder(tmp_path / "out") as out:
        out.path("a.txt").symlink_to("/dev/full")
        with pytest.raises(InputError, match=r"cannot write a.txt .*No space left.*free some space"):
            out.write_text("a.txt", "x" * 100_000)
        out.path("t.parquet").symlink_to("/dev/full")
        with pytest.raises(InputError, match=r"cannot write t.parquet .*free some space"):
            out.write_parquet("t.parquet", {"a": np.arange(100_000)})
        out.path("a.txt").unlink()
        out.path("t.parquet").unlink(missing_ok=True)
    with pytest.raises(InputError, match=r"cannot write the results .*free some space"):
        write_and_stop(tmp_path / "new", OSError(errno.ENOSPC, "No space left on device"))
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("name", ["", "..", "../a", "a/b", "/a", "a\\b"])
def test_only_plain_names(tmp_path: Path, name: str) -> None:
    with OutputFolder(tmp_path / "out") as out, pytest.raises(ValueError, match="plain file name"):
        out.path(name)


@pytest.mark.parametrize(
    "cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "-", "=", "+-1"]
)
def test_formulas_are_guarded(cell: str) -> None:
    assert safe_cell(cell) == "'" + cell
    out = io.StringIO(newline="")
    assert write_cells(out, {"k": ["k", "k"], cell: [cell, 1]}) == 2
    assert list(csv.reader(io.StringIO(out.getvalue(), newline=""))) == [
        ["k", "'" + cell],
        ["k", "'" + cell],
        ["k", "1"],
    ]


@pytest.mark.parametrize("cell", ["-1", "+1.5", "-1e-5", "1", "a=b", "'=", " x", ""])
def test_what_is_no_formula_stays(cell: str) -> None:
    assert safe_cell(cell) == cell


def test_numbers_are_never_touched() -> None:
    out = io.StringIO()
    assert write_cells(out, {"x": [-1, -0.5, float("-inf"), np.float32(-2), True]}) == 0
    assert out.getvalue() == "x\n-1\n-0.5\n-inf\n-2.0\nTrue\n"


@given(st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=8), min_size=1, max_size=5))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_no_cell_begins_like_a_formula_and_all_come_back(cells: list[str]) -> None:
    out = io.StringIO(newline="")
    write_cells(out, {"k": ["k"] * len(cells), "x": cells})
    back = [row[1] for row in csv.reader(io.StringIO(out.getvalue(), newline=""))][1:]
    assert [b.removeprefix("'") if c[:1] in tuple("=+-@\t\r") else b for b, c in zip(back, cells)] == cells
    for cell in back:
        assert not cell.startswith(("=", "@", "\t", "\r"))
        if cell.startswith(("+", "-")):
            float(cell)


def again(tmp_path: Path, name: str, content: str, **columns: list) -> str:
    (tmp_path / name).write_text(content)
    with OutputFolder(tmp_path / "out") as out:
        path = out.write_table_like(read(tmp_path / name), columns)
    return path.name + "\n" + path.read_text()


def test_corrected_table_is_written_like_the_input(tmp_path: Path) -> None:
    content = "id;text;y;n\n007;a, b;1.0;NA\n008;c;2.0;5\n"
    said = again(tmp_path, "t.csv", content, y=["2.0", "2.0"], new=["x", None])
    assert said == "corrected.csv\nid;text;y;n;new\n007;a, b;2.0;;x\n008;c;2.0;5;\n"
    assert again(tmp_path, "t.tsv", "a\tb\n1\tx\n", b=["y"]) == "corrected.tsv\na\tb\n1\ty\n"
    lines = '{"a": 1, "label": ["x"]}\n{"a": 2, "label": ["x", "y"]}\n'
    said = again(tmp_path, "t.jsonl", lines, label=[("y",), ("x",)])
    assert said == 'corrected.jsonl\n{"a": 1, "label": ["y"]}\n{"a": 2, "label": ["x"]}\n'


def test_corrected_parquet_keeps_its_types(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"y": pa.array([1, 2, 3], pa.int8()), "t": ["=a", "b", "c"]}), tmp_path / "t.parquet"
    )
    with OutputFolder(tmp_path / "out") as out:
        path = out.write_table_like(read(tmp_path / "t.parquet"), {"y": ["3", None, "1"]})
    back = pq.read_table(path)
    assert back.schema.field("y").type == pa.int8()
    assert back.to_pydict() == {"y": [3, None, 1], "t": ["=a", "b", "c"]}
    with pytest.raises(ValueError, match="differ in length"), OutputFolder(tmp_path / "out") as out:
        out.write_table_like(read(tmp_path / "t.parquet"), {"y": ["3"]})


def test_leftovers_do_not_hide_behind_os_replace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(InputError, match=r"cannot write a.txt"), OutputFolder(tmp_path / "out") as out:
        out.write_text("a.txt", "x")
    assert names(tmp_path) == []
