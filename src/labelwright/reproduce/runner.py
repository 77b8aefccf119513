"""Run claims: seeds in processes with one thread each, what is known is not run again, nothing runs for ever."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from labelwright.errors import InputError
from labelwright.papers.claim import Claim
from labelwright.reproduce import cache
from labelwright.reproduce.environment import environment
from labelwright.reproduce.limits import at_most, one_thread
from labelwright.reproduce.live import board
from labelwright.reproduce.results import Result
from labelwright.reproduce.statistics import compare, verdict

QUICK_SEEDS = 2

Row = dict[str, dict[str, float]]


class Skipped(InputError):
    """A claim cannot run here; the message says why."""


def run(
    claims: Sequence[Claim], *, quick: bool = False, n_jobs: int | None = None, show: bool | None = None
) -> Iterator[Result]:
    """Run claims one after the other and give each result as it is there.

    Seeds of a claim run in processes (joblib's `parallel_config` may put them on a cluster). Every arm is kept when it
    is done, so a run that was stopped, killed or out of time goes on where it was: each process loses the arm it was
    in.

    Parameters
    ----------
    claims : sequence of Claim
    quick : bool, default False
        Two seeds at a reduced size: shows that a claim runs, and says nothing about whether it holds.
    n_jobs : int, optional
    show : bool, optional
        Progress, arm by arm; by default on terminals.

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
    from joblib import delayed

    missing = [name for name in claim.needs if find_spec(name) is None]
    if missing:
        raise Skipped(f"{claim.id} needs {', '.join(missing)}; install what is missing and run it again")
    seeds = range(QUICK_SEEDS if quick else claim.seeds)
    started = time.perf_counter()
    places = [{arm: cache.place(claim, seed, arm, quick=quick) for arm in claim.arms} for seed in seeds]
    rows = {seed: known for seed in seeds if len(known := _known(places[seed])) == len(claim.arms)}
    jobs = [delayed(run_seed)(claim, seed, quick, places[seed]) for seed in seeds if seed not in rows]
    title = f"{claim.id}: {len(claim.arms)} arms x {len(seeds)} seeds"
    by_arm = {arm: [mine[arm] for mine in places] for arm in claim.arms}
    with board(title, by_arm, show=show) as look:
        for seed, row in _as_they_come(jobs, n_jobs):
            rows[seed] = row
            for arm in row.keys() - _known(places[seed]).keys():  # run where this folder is not seen
                cache.keep(places[seed][arm], row[arm])
            look()
    values: dict[str, Sequence[float]] = {arm: [rows[s][arm]["value"] for s in seeds] for arm in claim.arms}
    differences = compare(claim, values)
    return Result(
        claim=claim,
        values=values,
        seconds={arm: [rows[s][arm]["seconds"] for s in seeds] for arm in claim.arms},
        differences=tuple(differences),
        verdict=verdict(differences),
        quick=quick,
        wall_s=round(time.perf_counter() - started, 1),
        environment=environment(),
    )


def run_seed(claim: Claim, seed: int, quick: bool, places: Mapping[str, Path]) -> tuple[int, Row]:
    """Make the data of one seed and run the arms that are not yet known; each is kept as soon as it is done."""
    row = _known(places)
    if len(row) < len(claim.arms):
        with one_thread(), at_most(claim.budget_s, f"{claim.id}, seed {seed}"):
            rng = np.random.default_rng(seed)
            data = claim.make(rng, quick=quick)
            left = rng.bit_generator.state
            for arm in [name for name in claim.arms if name not in row]:
                rng.bit_generator.state = left  # an arm draws the same numbers, whatever ran before it
                row[arm] = _measured(claim, arm, data, seed)
                with suppress(OSError):  # no such folder on this machine: the caller keeps it
                    cache.keep(places[arm], row[arm])
    return seed, row


def _measured(claim: Claim, arm: str, data: Any, seed: int) -> dict[str, float]:
    began = time.process_time()
    value = float(claim.measure(claim.arms[arm](data), data))
    if not np.isfinite(value):
        raise InputError(f"{claim.id}: arm {arm!r} measures {value} with seed {seed}")
    return {"value": value, "seconds": round(time.process_time() - began, 3)}


def _known(places: Mapping[str, Path]) -> Row:
    found = {arm: cache.recall(path) for arm, path in places.items()}
    return {arm: record for arm, record in found.items() if record is not None}


def _as_they_come(jobs: Iterable[Any], n_jobs: int | None) -> Iterator[tuple[int, Row]]:
    """Seeds as they are done, where the joblib backend can tell; otherwise all at the end."""
    from joblib import Parallel

    jobs = list(jobs)
    if not jobs:
        return
    parallel = Parallel(n_jobs=n_jobs)
    if getattr(parallel._backend, "supports_return_generator", False):
        parallel = Parallel(n_jobs=n_jobs, return_as="generator_unordered")
    yield from parallel(jobs)
