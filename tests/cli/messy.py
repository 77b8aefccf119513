"""Small data for the command, and the command itself, called as a program would be."""

import contextlib
import csv
import io
import random
import sys
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from labelwright.cli import main

WORDS = {
    "pos": ["lovely", "great", "superb", "touching", "funny"],
    "neg": ["dreadful", "boring", "awful", "flat", "silly"],
}
OTHER = {"pos": "neg", "neg": "pos"}
RESULTS = {"report.html", "issues.csv", "issues.parquet"}


@dataclass(frozen=True)
class Ran:
    """What a call of the command left: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


def command(*args: object) -> Ran:
    """Run ``labelwright`` with these arguments in this process."""
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    with (
        mock.patch.object(sys, "argv", ["labelwright", *map(str, args)]),
        mock.patch.object(sys, "excepthook", sys.excepthook),
        mock.patch.dict("os.environ", {"COLUMNS": "160", "TERM": "dumb"}),
        warnings.catch_warnings(),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code
    assert isinstance(code, int)
    return Ran(code, out.getvalue(), err.getvalue())


def sentences(n: int, *, seed: int = 0) -> list[tuple[str, str]]:
    """Pairs of a sentence and its true class, the classes taking turns; no sentence comes twice."""
    rng = random.Random(seed)
    found = []
    for i in range(n):
        true = ("pos", "neg")[i % 2]
        words = rng.sample(WORDS[true], 3)
        thing = rng.choice(["film", "plot", "cast", "score"])
        found.append((f"the {thing} was {words[0]} and {words[1]}, then {words[2]} again in part {i}", true))
    return found


def mislabelled(n: int, wrong: Iterable[int]) -> list[tuple[str, str]]:
    """The same, with the label of some rows changed to the other class."""
    wrong = set(wrong)
    return [(text, OTHER[true] if i in wrong else true) for i, (text, true) in enumerate(sentences(n))]


def write_csv(path: Path, header: Sequence[object], rows: Iterable[Sequence[object]], **options: str) -> Path:
    """Write a table as CSV; `options` go to the csv writer."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n", **options)  # type: ignore[arg-type]
        writer.writerow(header)
        writer.writerows(rows)
    return path


def read_csv(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    """Read CSV the plain way, as another program would."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter=delimiter))
