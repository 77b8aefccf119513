"""The harness measures what it says, and every task can be found."""

import json
import subprocess
import sys

import numpy as np
import pytest
from bench.tasks import tasks

from bench import rankings

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")


def measured(call: str) -> dict[str, float]:
    """What the harness measures of a call in a fresh process, as the bench does: a used one has a peak behind it."""
    program = (
        "import json, numpy as np; from bench import harness; "
        f"found = harness.measure(lambda: {call}, repeats=3, at_least_s=0); "
        "print(json.dumps([found.runs, found.peak_mb, found.private_mb, found.cpu_min, found.cpu_median]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return dict(zip(("runs", "peak_mb", "private_mb", "cpu_min", "cpu_median"), json.loads(done.stdout)))


def test_memory_of_a_result_is_seen():
    found = measured("np.ones(4_000_000)")
    assert found["runs"] == 3
    assert 29 < found["peak_mb"] < 40
    assert 29 < found["private_mb"] < 40
    assert 0 < found["cpu_min"] <= found["cpu_median"]


def test_pages_of_a_mapped_file_are_not_private(tmp_path):
    np.save(tmp_path / "a.npy", np.ones(4_000_000))
    found = measured(f"np.load({str(tmp_path / 'a.npy')!r}, mmap_mode='r').sum()")
    assert found["peak_mb"] > 25
    assert found["private_mb"] < 10


def test_tasks_are_found_and_named_once():
    names = [task.name for _, task in tasks()]
    assert len(names) == len(set(names)) > 5


def test_scores_of_an_order():
    wrong = np.array([1, 0, 1, 0, 0])
    found = rankings.score(np.array([0, 2]), wrong)
    assert (found.listed, found.hits[100], found.ap) == (2, 2, 1.0)
    assert found.precision[100] == 0.02  # a short list misses the rest
    assert rankings.score(np.array([0]), wrong).ap == 0.5
    assert rankings.score(np.arange(5), np.array([-1, 0, 1, -1, -1])).ap == 0.5
