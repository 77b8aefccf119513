"""The harness measures what it says, and every task can be found."""

import sys

import numpy as np
import pytest
from bench.tasks import tasks

from bench import harness, rankings

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")


def test_memory_of_a_result_is_seen():
    found = harness.measure(lambda: np.ones(4_000_000), repeats=3, at_least_s=0)
    assert found.runs == 3
    assert 29 < found.peak_mb < 40
    assert 29 < found.private_mb < 40
    assert 0 < found.cpu_min <= found.cpu_median


def test_pages_of_a_mapped_file_are_not_private(tmp_path):
    np.save(tmp_path / "a.npy", np.ones(4_000_000))

    def call():
        return np.load(tmp_path / "a.npy", mmap_mode="r").sum()

    found = harness.measure(call, at_least_s=0)
    assert found.peak_mb > 25
    assert found.private_mb < 10


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
