"""What is done is kept, however a run ends: killed, out of time, or stopped by an error in a later arm."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from joblib import Parallel, parallel_config
from joblib.parallel import ThreadingBackend

from labelwright.errors import InputError
from labelwright.papers.claim import Claim, ahead
from labelwright.reproduce import cache, live, run_one, runner
from labelwright.reproduce.live import board

SLOW = """
import sys, time
from labelwright.papers.claim import Claim, ahead
from labelwright.reproduce import cache, run_one

cache.code = lambda: "the same both times"

def made(rng):
    return rng.normal()

def arm(name, shift):
    def slow(number):
        with open(sys.argv[1], "a") as log:
            log.write(f"{name} {number}\\n")
        time.sleep(0.2)
        return number + shift
    return slow

claim = Claim(
    paper="S007", name="slow", says="one arm is better than another", data=made, departs="it is only a test",
    arms={"a": arm("a", 1.0), "b": arm("b", 0.0), "c": arm("c", 0.0)}, measure=lambda value, data: value,
    holds=ahead("a", of="b"),
)
print(run_one(claim, n_jobs=int(sys.argv[2])).verdict)
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LABELWRIGHT_CACHE", str(tmp_path / "cache"))


def toy(arms, **options):
    return Claim(
        paper="S007", name="toy", says="one arm is better than another", data=lambda rng: {"rng": rng}, arms=arms,
        measure=lambda value, data: value, holds=ahead(*list(arms)[:1], of=list(arms)[1]),
        departs="from everything, being a test", **options,
    )  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="needs process groups")
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_killed_run_loses_one_arm_for_each_process(jobs, tmp_path: Path):
    script, log, kept = tmp_path / "slow.py", tmp_path / "log", tmp_path / "cache" / "reproduce" / "S007-slow"
    script.write_text(SLOW)
    call = [sys.executable, str(script), str(log), str(jobs)]
    with subprocess.Popen(call, start_new_session=True, stdout=subprocess.DEVNULL) as running:
        deadline = time.monotonic() + 60
        while len(list(kept.glob("*.json"))) < 2:
            assert running.poll() is None, "ended before anything was kept"
            assert time.monotonic() < deadline
            time.sleep(0.01)
        os.killpg(running.pid, signal.SIGKILL)
    done, begun = {path.name for path in kept.glob("*.json")}, Counter(log.read_text().split("\n")[:-1])
    assert 2 <= len(done) < 15
    assert sum(begun.values()) <= len(done) + jobs
    said = subprocess.run(call, capture_output=True, text=True, timeout=60, check=True)
    assert said.stdout == "holds\n"
    runs = Counter(log.read_text().split("\n")[:-1])
    assert len(runs) == 15
    assert sum(runs.values()) == 15 + sum(begun.values()) - len(
        done
    )  # what was under way ran twice, nothing else


def test_out_of_time_keeps_what_was_done():
    ran = []

    def quick(data):
        ran.append("quick")
        return 1.0

    def endless(data):
        while True:
            try:
                sum(range(1000))
            except Exception:  # a method that swallows errors does not swallow the end of its time
                continue

    claim = toy({"quick": quick, "endless": endless}, budget_s=0.2)
    for _ in range(2):
        with pytest.raises(InputError, match=r"S007-toy, seed 0 ran longer than its budget of 0\.2 s"):
            run_one(claim, n_jobs=1)
    assert ran == ["quick"]


def test_an_arm_draws_the_same_whatever_ran_before_it():
    arms = {name: lambda data: data["rng"].normal() for name in "ab"}
    first = run_one(toy(arms), n_jobs=1)
    assert first.values["a"] == first.values["b"]
    for path in (cache.cache_dir() / "reproduce" / "S007-toy").glob("*.json"):
        if cache.recall(path)["value"] == first.values["a"][0]:
            path.unlink()  # the number of one arm and one seed, of either arm
            break
    assert run_one(toy(arms), n_jobs=1).values == first.values


def test_what_a_worker_cannot_keep_the_caller_keeps(monkeypatch):
    kept, real = [], cache.keep

    def full(path, record):
        kept.append(path)
        if len(kept) <= 2:
            raise OSError("no such folder here")
        real(path, record)

    monkeypatch.setattr(runner.cache, "keep", full)
    claim = toy({"a": lambda data: 1.0, "b": lambda data: 0.0})
    assert run_one(claim, n_jobs=1).verdict == "holds"
    assert Counter(kept).most_common(1)[0][1] == 2
    assert all(cache.recall(path) for path in kept)


class AllAtTheEnd(ThreadingBackend):
    """As the backends of some clusters."""

    supports_return_generator = False


def test_a_backend_that_gives_all_at_the_end_serves_too():
    claim = toy({"a": lambda data: 1.0, "b": lambda data: 0.0})
    with parallel_config(AllAtTheEnd(), n_jobs=2):
        with pytest.raises(ValueError, match="return_as"):
            Parallel(return_as="generator")
        assert run_one(claim).verdict == "holds"


def test_another_version_of_a_package_makes_earlier_runs_void(monkeypatch):
    before = cache.code.__wrapped__()
    monkeypatch.setattr(cache, "environment", lambda: {"numpy": "0.0"})
    assert cache.code.__wrapped__() != before


def test_bars_move_when_arms_are_kept(monkeypatch, tmp_path: Path):
    from contextlib import contextmanager

    counts: dict[str, int] = {}

    @contextmanager
    def counted(what, total, *, show):
        counts[what.strip()] = 0

        def tick(n=1):
            counts[what.strip()] += n

        yield tick
        counts[what.strip() + " of"] = total

    monkeypatch.setattr(live, "progress", counted)
    places = {arm: [tmp_path / f"{arm}{seed}.json" for seed in range(3)] for arm in "ab"}
    cache.keep(places["a"][0], {"value": 1.0})
    with live.board("claim", places, show=True) as look:
        assert counts == {"claim": 1, "a": 1, "b": 0}  # known from an earlier run
        cache.keep(places["b"][2], {"value": 1.0})
        look()
        assert counts == {"claim": 2, "a": 1, "b": 1}
        cache.keep(places["b"][1], {"value": 1.0})
        deadline = time.monotonic() + 20
        while counts["claim"] < 3 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert counts == {"claim": 3, "a": 1, "b": 2}  # seen by itself, as when a process keeps it
    assert (counts["claim of"], counts["a of"], counts["b of"]) == (6, 3, 3)


def test_nothing_watches_where_nobody_looks(tmp_path: Path):
    before = threading.active_count()
    with board("claim", {"a": [tmp_path / "a.json"]}, show=False) as look:
        look()
        assert threading.active_count() == before


def test_five_parts_share_no_row_and_leave_none_out():
    from labelwright.papers.northcutt2021pervasive import PARTS, part

    codes = np.repeat([0, 1, 2], [50, 7, 3])
    parts = [part(codes, np.random.default_rng(seed)) for seed in range(PARTS)]
    assert sorted(np.concatenate(parts).tolist()) == list(range(60))
    assert {int((codes[rows] == 0).sum()) for rows in parts} == {10}
    assert (part(codes, np.random.default_rng(7)) == parts[2]).all()
