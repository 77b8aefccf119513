"""Apply programs to items: what each says becomes one source of votes."""

import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from labelwright.combine.programs.sandbox import Limits, Outcome, converse
from labelwright.combine.programs.store import Program
from labelwright.combine.programs.task import ABSTAIN, TaskSpec
from labelwright.errors import DoubtfulInput, InputError
from labelwright.evidence import Votes
from labelwright.progress import progress


def run(
    programs: Sequence[Program],
    items: Sequence[Any],
    task: TaskSpec,
    *,
    limits: Limits | None = None,
    n_jobs: int = 1,
    show: bool | None = None,
) -> Votes:
    """What programs say about items, one source for each program.

    Each program runs in a process of its own, without network, files or imports beyond re, math, string and
    collections, with limits of time and memory (`guards` says what holds here). One that breaks the rules or a limit
    abstains on every item, one that raises an error or answers with no class abstains on that item, and a warning says
    so.

    Parameters
    ----------
    programs : sequence (a,) of Program
    items : sequence (n,)
        Anything JSON can hold; on None and NaN every program abstains.
    task : TaskSpec
    limits : Limits, optional
        For each program.
    n_jobs : int, default 1
        Programs that run at the same time. It never changes the votes of programs that keep within the limits.
    show : bool, optional
        Whether to show progress; by default where standard error is a terminal.

    Returns
    -------
    Votes
        With the classes of the task, and the names of the programs as sources.

    Raises
    ------
    InputError
        When there are no programs, names repeat, or an item cannot be passed on.

    Notes
    -----
    Source: S043. A program sees the items in their order and may remember earlier ones.

    Examples
    --------
    >>> task = TaskSpec("Is this message spam?", ["no", "yes"])
    >>> shouts = Program("shouts", "def label(item): return 1 if item.isupper() else -1")
    >>> short = Program("short", "def label(item): return 0 if len(item) < 9 else -1")
    >>> run([shouts, short], ["WIN A CAR NOW", "see you"], task).wide()
    array([[ 1, -1],
           [-1,  0]])
    """
    found = outcomes(programs, items, task, limits=limits, n_jobs=n_jobs, show=show)
    told = [f"{p.name} {trouble}" for p, o in zip(programs, found) if (trouble := troubles(o))]
    if told:
        said = f"{len(told)} of {len(found)} programs had trouble: {'; '.join(told)}"
        warnings.warn(DoubtfulInput(said), stacklevel=2)
    return as_votes(programs, found, task)


def outcomes(
    programs: Sequence[Program],
    items: Sequence[Any],
    task: TaskSpec,
    *,
    limits: Limits | None = None,
    n_jobs: int = 1,
    show: bool | None = None,
) -> list[Outcome]:
    """Like `run`, but what became of each program, without warnings.

    Examples
    --------
    >>> task = TaskSpec("Is this message spam?", ["no", "yes"])
    >>> outcomes([Program("p", "def label(item): return 1 / 0")], ["see you"], task)[0].first
    'item 0: raised ZeroDivisionError: division by zero'
    """
    names = [program.name for program in programs]
    if not names or len(set(names)) < len(names):
        raise InputError(f"programs={names} must be at least one program, each with its own name")
    if n_jobs < 1:
        raise InputError(f"n_jobs={n_jobs!r} must be at least 1")
    items = items if isinstance(items, list) else list(items)
    told = limits or Limits()
    with progress("running programs", total=len(names) * max(len(items), 1), show=show) as tick:

        def one(program: Program) -> Outcome:
            heard = 0

            def hear(n: int) -> None:
                nonlocal heard
                heard += n
                tick(n)

            outcome = converse(program.source, task.function, items, len(task.classes), told, hear)
            tick(max(len(items), 1) - heard)
            return outcome

        with ThreadPoolExecutor(n_jobs) as pool:
            return list(pool.map(one, programs))


def as_votes(programs: Sequence[Program], found: Sequence[Outcome], task: TaskSpec) -> Votes:
    """Votes of what programs answered."""
    return Votes(
        np.column_stack([outcome.answers for outcome in found]),
        classes=list(task.classes),
        sources=[program.name for program in programs],
    )


def troubles(outcome: Outcome) -> str:
    """What went wrong with a program, in words; empty where nothing did."""
    if outcome.reason:
        return f"abstains everywhere: {outcome.reason}"
    if outcome.raised or outcome.illegal:
        n = outcome.raised + outcome.illegal
        return f"abstains on {n} items it failed on ({outcome.first})"
    if len(outcome.answers) and (outcome.answers == ABSTAIN).all():
        return "abstains everywhere by its own choice"
    return ""
