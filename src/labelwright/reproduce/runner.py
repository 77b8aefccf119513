"""Run claims: seeds in processes with one thread each, what is known is not run again, nothing runs for ever."""

import os
import platform
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

import numpy as np

from labelwright.errors import InputError
from labelwright.papers.claim import Claim
from labelwright.progress import progress
from labelwright.reproduce import cache
from labelwright.reproduce.results import Result
from labelwright.reproduce.statistics import compare, verdict

QUICK_SEEDS = 2
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class Skipped(InputError):
    """A claim cannot run here; the message says why."""


def run(
    claims: Sequence[Claim], *, quick: bool = False, n_jobs: int | None = None, show: bool | None = None
) -> Iterator[Result]:
    """Run claims one after the other and give each result as it is there.

    Seeds of a claim run in processes (joblib's `parallel_config` may put them on a cluster). Every arm is kept when it
    is done, so a run that was stopped goes on where it was.

    Parameters
    ----------
    claims : sequence of Claim
    quick : bool, default False
        Two seeds at a reduced size: shows that a claim runs, and says nothing about whether it holds.
    n_jobs : int, optional
    show : bool, optional
        Progress; by default on terminals.

    Raises
    ------
    Skipped
        When a claim needs a package that is not installed.
    """
    for claim in claims:
        yield run_one(claim, quick=quick, n_jobs=n_jobs, show=show)


def run_one(
    claim: Claim, *, quick: bool = False, n_jobs: int | None = None, show: bool | None = None
) -> Result:
    """Run one claim, all seeds and arms, and decide."""
    from joblib import Parallel, delayed

    missing = [name for name in claim.needs if find_spec(name) is None]
    if missing:
        raise Skipped(f"{claim.id} needs {', '.join(missing)}; install what is missing and run it again")
    seeds = range(QUICK_SEEDS if quick else claim.seeds)
    started = time.perf_counter()
    rows: list[dict[str, dict[str, float]]] = []
    with progress(f"{claim.id}: {len(claim.arms)} arms x {len(seeds)} seeds", len(seeds), show=show) as tick:
        parallel = Parallel(n_jobs=n_jobs, return_as="generator")
        for row in parallel(delayed(run_seed)(claim, seed, quick) for seed in seeds):
            rows.append(row)
            tick()
    values: dict[str, Sequence[float]] = {arm: [row[arm]["value"] for row in rows] for arm in claim.arms}
    differences = compare(claim, values)
    return Result(
        claim=claim,
        values=values,
        seconds={arm: [row[arm]["seconds"] for row in rows] for arm in claim.arms},
        differences=tuple(differences),
        verdict=verdict(differences),
        quick=quick,
        wall_s=round(time.perf_counter() - started, 1),
        environment=environment(),
    )


def run_seed(claim: Claim, seed: int, quick: bool) -> dict[str, dict[str, float]]:
    """Make the data of one seed and run the arms that are not yet known."""
    places = {arm: cache.place(claim, seed, arm, quick=quick) for arm in claim.arms}
    known = {arm: cache.recall(path) for arm, path in places.items()}
    if any(record is None for record in known.values()):
        with one_thread(), at_most(claim.budget_s, f"{claim.id}, seed {seed}"):
            data = claim.make(np.random.default_rng(seed), quick=quick)
            for arm, record in known.items():
                if record is None:
                    began = time.process_time()
                    value = float(claim.measure(claim.arms[arm](data), data))
                    if not np.isfinite(value):
                        raise InputError(f"{claim.id}: arm {arm!r} measures {value} with seed {seed}")
                    fresh = {"value": value, "seconds": round(time.process_time() - began, 3)}
                    cache.keep(places[arm], fresh)
                    known[arm] = fresh
    return {arm: record for arm, record in known.items() if record is not None}


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread for every linear-algebra library while the block runs."""
    from threadpoolctl import threadpool_limits

    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        with threadpool_limits(1):
            yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


@contextmanager
def at_most(seconds: float, what: str) -> Iterator[None]:
    """Stop the block with an error after so many seconds, where the platform has an alarm."""
    if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: Any) -> None:
        raise InputError(
            f"{what} ran longer than its budget of {seconds:g} s; make it smaller or its budget larger"
        )

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def environment() -> dict[str, str]:
    """Versions and machine, as far as they can change a number."""
    found = {"python": platform.python_version(), "machine": platform.machine(), "system": platform.system()}
    for name in ("labelwright", "numpy", "scipy", "scikit-learn", "torch"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
