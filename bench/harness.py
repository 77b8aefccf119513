"""Measure one call: processor seconds, wall seconds, memory above the start, beside a pass over the same table.

Processor seconds are the process's own clock (microseconds, not ticks) plus those of its finished children. On a
machine that others share, wall seconds mostly say how many others there are.

Memory is what the process held at most while the call ran, less what it held before. Every side of every task runs in a
process of its own, because memory that was freed but not handed back would hide what the next call needs. The
result is part of it. Pages of a mapped file count in `peak_mb` as soon as they are touched, though the system may take
them back at any time; `private_mb` leaves them out, and comes from a sampler in a further call that is not timed.
"""

import ctypes
import gc
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "ARROW_IO_THREADS"),
    "1",
)
MIB = 2**20


@dataclass(frozen=True)
class Measured:
    """What a call cost.

    Attributes
    ----------
    runs : int
    cpu_min, cpu_median, wall_min, wall_median, wall_max : float
        Seconds.
    peak_mb : float
        Largest resident memory above the start, pages of mapped files included; of children, if any, the largest.
    private_mb : float or None
        The same without pages of files; None where it cannot be told.
    pass_s : float or None
        Fastest sum over the table (CPU seconds), measured in the same process.
    load : float
        Load average over one minute, before the call.
    """

    runs: int
    cpu_min: float
    cpu_median: float
    wall_min: float
    wall_median: float
    wall_max: float
    peak_mb: float
    private_mb: float | None
    pass_s: float | None
    load: float


def measure(
    call: Callable[[], Any],
    *,
    repeats: int = 3,
    at_least_s: float = 1.5,
    at_most_s: float = 240.0,
    sample: bool = True,
) -> Measured:
    """Run `call` at least `repeats` times and until `at_least_s` seconds have passed, but stop after `at_most_s`."""
    load = os.getloadavg()[0]
    cpus, walls, peaks = [], [], []
    while len(walls) < repeats or (sum(walls) < at_least_s and len(walls) < 50):
        before = _rest()
        _forget_peak()
        cpu, wall = _cpu(), time.perf_counter()
        result = call()
        walls.append(time.perf_counter() - wall)
        cpus.append(_cpu() - cpu)
        peaks.append(_status("VmHWM") - before)
        del result
        if sum(walls) > at_most_s:
            break
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return Measured(
        runs=len(walls),
        cpu_min=min(cpus),
        cpu_median=statistics.median(cpus),
        wall_min=min(walls),
        wall_median=statistics.median(walls),
        wall_max=max(walls),
        peak_mb=max(*peaks, children, 0.0),
        private_mb=None if children or not sample else _private(call),
        pass_s=None,
        load=load,
    )


def one_pass(table: Any, repeats: int = 7) -> float:
    """CPU seconds of the fastest of several sums over `table`."""
    best = float("inf")
    for _ in range(repeats):
        cpu = time.process_time()
        table.sum()
        best = min(best, time.process_time() - cpu)
    return best


def apart(module: str, task: str, side: str, n: int, *, timeout_s: float = 900.0) -> Measured | str:
    """Measure one side of a task in a process of its own; a sentence where that fails."""
    command = [sys.executable, "-m", "bench.harness", module, task, side, str(n)]
    root = Path(__file__).resolve().parent.parent
    try:
        done = subprocess.run(
            command, cwd=root, env=os.environ | ONE_THREAD, capture_output=True, text=True, timeout=timeout_s
        )
    except subprocess.TimeoutExpired:
        return f"took longer than {timeout_s:.0f} s"
    if done.returncode:
        return (done.stderr.strip().splitlines() or [f"ended with code {done.returncode}"])[-1]
    return Measured(**json.loads(done.stdout.strip().splitlines()[-1]))


def _alone(module: str, name: str, side: str, n: int) -> None:
    """Measure one side and print one line of JSON: what `apart` starts."""
    task = next(t for t in import_module(module).TASKS if t.name == name)
    with tempfile.TemporaryDirectory() as folder:
        call = task.side(side)
        if task.warm:
            small = Path(folder) / "small"
            small.mkdir()
            call(task.setup(task.warm, small))
        given = task.setup(n, Path(folder))
        measured = measure(lambda: call(given), repeats=task.repeats)
        table = task.table(given) if task.table else None
        record = asdict(measured) | {"pass_s": None if table is None else one_pass(table)}
    sys.stdout.write(json.dumps(record) + "\n")


def _rest() -> float:
    """Collect garbage, hand freed memory back, and return the resident megabytes that are left."""
    gc.collect()
    with suppress(AttributeError, OSError):  # other C libraries have no such call
        ctypes.CDLL(None).malloc_trim(0)
    return _status("VmRSS")


def _status(key: str) -> float:
    with open("/proc/self/status", encoding="ascii") as lines:
        for line in lines:
            if line.startswith(key + ":"):
                return int(line.split()[1]) / 1024
    return float("nan")


def _forget_peak() -> None:
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


def _cpu() -> float:
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def _private(call: Callable[[], Any]) -> float:
    """Largest private memory (MB) above the start while `call` runs, looked at every half millisecond."""
    seen, done = [0.0], threading.Event()
    start = _rest() - _status("RssFile")

    def look() -> None:
        while not done.wait(0.0005):
            seen[0] = max(seen[0], _status("RssAnon") + _status("RssShmem") - start)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        call()
        seen[0] = max(seen[0], _status("RssAnon") + _status("RssShmem") - start)
    finally:
        done.set()
        watcher.join()
    return seen[0]


if __name__ == "__main__":
    _alone(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
