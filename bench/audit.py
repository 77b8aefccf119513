"""Speed of the audit room: which labels are wrong, from probabilities and from nothing."""

import csv
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bench.tasks import Task

STEP = 20_000_000


class Told(NamedTuple):
    """Probabilities (in memory, or the path of a file), labels, and the folder of the files."""

    probs: Any
    labels: Any
    folder: Path


def classes(k: int) -> Any:
    """Setup: `k` classes, float32 softmax outputs right most of the time, one label in ten drawn at random."""

    def make(n: int, folder: Path) -> Told:
        rng = np.random.default_rng(0)
        truth = rng.integers(0, k, n)
        labels = truth.copy()
        labels[:k] = np.arange(min(n, k))  # all classes occur
        drawn = rng.random(n) < 0.1
        labels[drawn] = rng.integers(0, k, drawn.sum())
        probs = np.empty((n, k), dtype=np.float32)
        for start in range(0, n, max(1, STEP // k)):
            rows = slice(start, min(n, start + max(1, STEP // k)))
            logits = rng.standard_normal((rows.stop - start, k), dtype=np.float32)
            logits[np.arange(len(logits)), truth[rows]] += 3 + np.log(k) / 2
            logits -= logits.max(axis=1, keepdims=True)
            np.exp(logits, out=logits)
            probs[rows] = logits / logits.sum(axis=1, keepdims=True)
        return Told(probs, labels, folder)

    return make


def on_disk(k: int, kind: str) -> Any:
    """Setup: the same in a file, opened as a memory map, or given by its path (.npy, Parquet)."""

    def make(n: int, folder: Path) -> Told:
        probs, labels, _ = classes(k)(n, folder)
        np.save(folder / "labels.npy", labels)
        if kind == "parquet":
            import pyarrow as pa
            import pyarrow.parquet as pq

            path = folder / "probs.parquet"
            table = pa.table({f"c{j}": probs[:, j] for j in range(k)})
            pq.write_table(table, path, row_group_size=max(1000, 4_000_000 // k), use_dictionary=False)
            return Told(path, labels, folder)
        path = folder / "probs.npy"
        np.save(path, probs)
        return Told(np.load(path, mmap_mode="r") if kind == "map" else path, labels, folder)

    return make


def marks(k: int) -> Any:
    """Setup: `k` tags, three to four per item, one cell in a hundred flipped."""

    def make(n: int, folder: Path) -> Told:
        rng = np.random.default_rng(0)
        truth = rng.random((n, k)) < 3 / k
        truth[np.arange(n), rng.integers(0, k, n)] = True
        logits = rng.standard_normal((n, k)) + np.where(truth, 2.5, -2.5)
        told = truth ^ (rng.random((n, k)) < 0.01)
        probs = (1 / (1 + np.exp(-logits))).astype(np.float32)
        return Told(probs, told.astype(np.int8), folder)

    return make


def ranked(given: Told) -> Any:
    from labelwright.audit import ConfidentLearning

    return ConfidentLearning().fit(given.probs, given.labels)


def ranked_tags(given: Told) -> Any:
    from labelwright import Marks
    from labelwright.audit import ConfidentLearning

    return ConfidentLearning().fit(given.probs, Marks(given.labels))


def cleanlab_ranked(given: Told) -> Any:
    from cleanlab.filter import find_label_issues

    return find_label_issues(given.labels, given.probs, return_indices_ranked_by="self_confidence", n_jobs=1)


def cleanlab_in_batches(given: Told) -> Any:
    from cleanlab.experimental.label_issues_batched import find_label_issues_batched

    files = {
        "labels_file": str(given.folder / "labels.npy"),
        "pred_probs_file": str(given.folder / "probs.npy"),
    }
    return find_label_issues_batched(**files, batch_size=10_000, n_jobs=1, verbose=False)


def cleanlab_parquet(given: Told) -> Any:
    """It reads no Parquet: the table is read whole, then swept in batches."""
    import pyarrow.parquet as pq
    from cleanlab.experimental.label_issues_batched import find_label_issues_batched

    table = pq.read_table(given.probs, use_threads=False)
    probs = np.column_stack([column.to_numpy() for column in table.columns])
    return find_label_issues_batched(
        labels=given.labels, pred_probs=probs, batch_size=10_000, n_jobs=1, verbose=False
    )


def cleanlab_tags(low_memory: bool) -> Any:
    def call(given: Told) -> Any:
        from cleanlab.multilabel_classification.filter import find_label_issues

        lists = [np.flatnonzero(row).tolist() for row in given.labels]
        return find_label_issues(
            lists, given.probs, return_indices_ranked_by="self_confidence", low_memory=low_memory, n_jobs=1
        )

    return call


def started(code: str) -> Any:
    """Run a line of Python in a process of its own."""

    def call(given: Any) -> None:
        subprocess.run([sys.executable, "-c", code], check=True, env=os.environ)

    return call


def sentences(n: int, folder: Path) -> Path:
    """Setup: a CSV of all sentences of crowd-sentiment, each with the sign of one rating, zero a class of its own.

    `data.load` leaves the neutral ones out, so the files are read here.
    """
    from labelwright.data.archives import read_members
    from labelwright.data.fetch import read
    from labelwright.data.sets import crowd_sentiment as crowd

    archive = read(crowd.SOURCE)[crowd._INNER]
    parts = [
        crowd._member(domain, part) for domain in crowd.DOMAINS for part in ("anonDataRatings", "GroundTruth")
    ]
    files = read_members(archive, parts, what="crowd-sentiment")
    rng, signs = np.random.default_rng(0), ("neutral", "positive", "negative")
    rows = [
        (text, signs[int(np.sign(rng.choice(rated)))])
        for domain in crowd.DOMAINS
        for _, text, rated in crowd._sentences(files, domain)
    ]
    path = folder / "sentences.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        writer.writerows(rows[:n])
    return path


def command(path: Path) -> None:
    """The whole command: read the file, judge every row, write the report."""
    out = path.parent / "out"
    line = [
        sys.executable,
        "-m",
        "labelwright.cli",
        "audit",
        str(path),
        "--label",
        "label",
        "--text",
        "text",
        "--out",
        str(out),
    ]
    subprocess.run(line, check=True, env=os.environ, capture_output=True)
    if not (out / "report.html").is_file():
        raise RuntimeError("the audit wrote no report")


def nothing(n: int, folder: Path) -> Path:
    return folder


def in_memory(given: Told) -> Any:
    return given.probs


def mapped(given: Told) -> Any:
    return np.load(given.folder / "probs.npy", mmap_mode="r")


WIDE = 1000
TASKS = (
    Task(
        "label errors, 1M x 10, ranked", classes(10), ranked, 1_000_000, {"cleanlab": cleanlab_ranked},
        goal_s=0.06, limit_s=0.03, goal_mb=4.0, growth=(100_000, 10_000_000), table=in_memory, repeats=9,
        note="goal for memory: one array of n float32",
    ),
    Task(
        "label errors, 100k x 1000, ranked", classes(WIDE), ranked, 100_000, {"cleanlab": cleanlab_ranked},
        goal_s=0.15, limit_s=0.06, goal_mb=20.0, table=in_memory, repeats=5, warm=4_000,
    ),
    Task(
        "label errors, 100k x 1000, memory map", on_disk(WIDE, "map"), ranked, 100_000,
        {"cleanlab batched": cleanlab_in_batches}, goal_s=0.3, goal_mb=64.0, table=mapped, repeats=5, warm=4_000,
        note="pages of the mapped file count in the first number of memory, not in the second; limit: disk",
    ),
    Task(
        "label errors, 100k x 1000, npy file", on_disk(WIDE, "npy"), ranked, 100_000,
        {"cleanlab batched": cleanlab_in_batches}, goal_s=0.3, goal_mb=64.0, table=mapped, repeats=5, warm=4_000,
        note="limit: disk",
    ),
    Task(
        "label errors, 100k x 1000, Parquet", on_disk(WIDE, "parquet"), ranked, 100_000,
        {"cleanlab batched": cleanlab_parquet}, goal_s=0.3, goal_mb=64.0, warm=4_000,
        note="limit: disk; cleanlab reads no Parquet, so the table is loaded whole for it",
    ),
    Task(
        "label errors, 1M x 10, npy file", on_disk(10, "npy"), ranked, 1_000_000,
        {"cleanlab batched": cleanlab_in_batches}, goal_mb=64.0, growth=(100_000, 10_000_000), table=mapped, repeats=5,
        note="limit: disk",
    ),
    Task(
        "label errors, 1M x 10, Parquet", on_disk(10, "parquet"), ranked, 1_000_000,
        {"cleanlab batched": cleanlab_parquet}, goal_mb=64.0, growth=(100_000, 10_000_000), note="limit: disk",
    ),
    Task(
        "multi-label errors, 20k x 50, ranked", marks(50), ranked_tags, 20_000,
        {"cleanlab": cleanlab_tags(False), "cleanlab low_memory": cleanlab_tags(True)},
        goal_s=0.02, limit_s=0.002, table=in_memory, repeats=5,
        note="for cleanlab the tags become lists first, as it asks",
    ),
    Task(
        "import", nothing, started("import labelwright"), 0, {"cleanlab": started("import cleanlab")},
        goal_s=0.3, limit_s=0.1, warm=0, repeats=5, note="the start of Python included; modules load at first use",
    ),
    Task(
        "import and first use of audit", nothing, started("from labelwright.audit import ConfidentLearning, labels"), 0,
        {"cleanlab": started("from cleanlab.filter import find_label_issues")}, warm=0, repeats=5,
        note="what a program pays that uses the room",
    ),
    Task(
        "audit of 24k texts, from file to report", sentences, command, 24_000, goal_s=60.0, warm=0, repeats=1,
        note="one process from start to report on disk",
    ),
)  # fmt: skip
