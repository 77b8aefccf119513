"""Whoever stops the command, or stops reading it, finds no half-written files and no traceback."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from .messy import RESULTS, sentences, write_csv

PROGRAM = [sys.executable, "-m", "labelwright.cli", "audit"]


@pytest.fixture(scope="module")
def long_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough rows and classes for some seconds of cross-fitting."""
    rows = [(f"{text} {i * 7919 % 5003}", f"c{i % 20}") for i, (text, _) in enumerate(sentences(8000))]
    return write_csv(tmp_path_factory.mktemp("long") / "t.csv", ["text", "label"], rows)


@pytest.mark.parametrize(
    ("number", "jobs", "code", "says"),
    [(signal.SIGINT, 1, 130, b"labelwright: stopped; nothing was written"), (signal.SIGINT, 2, 130, b"stopped"),
     (signal.SIGTERM, 1, 143, b"")],
    ids=["ctrl-c", "ctrl-c with two processes", "terminate"],
)  # fmt: skip
def test_stopped_while_cross_fitting(
    number: signal.Signals, jobs: int, code: int, says: bytes, long_file: Path, tmp_path: Path
) -> None:
    earlier, new = tmp_path / "earlier", tmp_path / "deep" / "new"
    earlier.mkdir()
    (earlier / "issues.csv").write_text("earlier")
    out = new if number == signal.SIGTERM else earlier
    ours, theirs = pty.openpty()  # progress, and so the moment to strike, shows on terminals only
    call = [*PROGRAM, str(long_file), "--out", str(out), "--jobs", str(jobs)]
    with subprocess.Popen(call, stdout=subprocess.PIPE, stderr=theirs) as running:
        os.close(theirs)
        shown, struck = b"", False
        while chunk := read(ours):
            shown += chunk
            if not struck and b"cross-fitting" in shown:
                assert next(out.glob(".unfinished-*")).is_dir()
                running.send_signal(number)
                struck = True
        assert running.stdout is not None
        said = running.stdout.read()
    os.close(ours)
    assert struck
    assert running.returncode == code
    assert said == b""
    assert says in shown
    assert b"Traceback" not in shown
    assert [p.name for p in tmp_path.iterdir()] == ["earlier"]
    assert [p.name for p in earlier.iterdir()] == ["issues.csv"]
    assert (earlier / "issues.csv").read_text() == "earlier"


def read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # Linux says so when the other side is gone
        return b""


def test_nobody_reads_the_summary(tmp_path: Path) -> None:
    """As with ``| head -1``: the results are there, and 1 would mean that too many labels are wrong."""
    file, out = write_csv(tmp_path / "t.csv", ["text", "label"], sentences(60)), tmp_path / "out"
    call = [*PROGRAM, str(file), "--out", str(out)]
    with subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        said = running.stderr.read()
    assert (running.returncode, said) == (0, "")
    assert {p.name for p in out.iterdir()} == RESULTS | {"corrected.csv"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("option", [[], ["--json"]])
def test_the_summary_cannot_be_printed(option: list[str], tmp_path: Path) -> None:
    file = write_csv(tmp_path / "t.csv", ["text", "label"], sentences(60))
    call = [*PROGRAM, str(file), "--out", str(tmp_path / "out"), *option]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(call, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert ended.returncode == 2
    assert "No space left on device" in ended.stderr
    assert "Traceback" not in ended.stderr
