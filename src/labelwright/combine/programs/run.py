"""Apply programs to items: what each says becomes one source of votes."""

import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from labelwright.combine.programs.sandbox import Limits, Outcome, converse
from labelwright.combine.programs.store import Program
from labelwright.combine.programs.task import ABSTAIN, TaskSpec
from labelwright.combine.views import View, in_memory
from labelwright.errors import DoubtfulInput, InputError
from labelwright.evidence import Votes
from labelwright.progress import progress


def run(
    programs: Sequence[Program],
    items: Any,
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
    items : sequence, array or frame (n,)
        Anything JSON can hold; a program sees tuples and arrays as lists, and the row of a frame as a dict. On missing
        items (None, NaN) every program abstains.
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
        When there are no programs or no items, names repeat, or an item cannot be passed on.

    Warns
    -----
    DoubtfulInput
        When programs failed, or abstain everywhere.

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
    warn(told(programs, found), len(found))
    return as_votes(programs, found, task)


def outcomes(
    programs: Sequence[Program],
    items: Any,
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
    if not isinstance(n_jobs, int) or n_jobs < 1:
        raise InputError(f"n_jobs={n_jobs!r} must be a whole number of at least 1")
    items = as_items(items)
    within = limits or Limits()
    with progress("running programs", total=len(names) * len(items), show=show) as tick:

        def one(program: Program) -> Outcome:
            heard = 0

            def hear(n: int) -> None:
                nonlocal heard
                heard += n
                tick(n)

            outcome = converse(program.source, task.function, items, len(task.classes), within, hear)
            tick(len(items) - heard)
            return outcome

        if n_jobs == 1:  # without threads, so that an interrupt ends the program at once
            return [one(program) for program in programs]
        with ThreadPoolExecutor(n_jobs) as pool:
            return list(pool.map(one, programs))


def as_items(items: Any) -> list[Any]:
    """Items one by one, as programs are to see them: rows of a frame as dicts.

    Raises
    ------
    InputError
        When there are none, or they are one text or dict.
    """
    return list(View(in_memory(items)))


def as_votes(programs: Sequence[Program], found: Sequence[Outcome], task: TaskSpec) -> Votes:
    """Votes of what programs answered."""
    return Votes(
        np.column_stack([outcome.answers for outcome in found]),
        classes=list(task.classes),
        sources=[program.name for program in programs],
    )


def told(programs: Sequence[Program], found: Sequence[Outcome]) -> dict[str, str]:
    """What went wrong, by the name of the program."""
    return {p.name: trouble for p, o in zip(programs, found) if (trouble := troubles(o))}


def warn(said: dict[str, str], n: int, *, stacklevel: int = 3) -> None:
    """Say which of n programs had trouble, if any."""
    if said:
        each = "; ".join(f"{name} {trouble}" for name, trouble in said.items())
        message = f"{len(said)} of {n} programs had trouble: {each}"
        warnings.warn(DoubtfulInput(message), stacklevel=stacklevel)


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
