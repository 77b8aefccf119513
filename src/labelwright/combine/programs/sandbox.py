"""Run a program that nobody vouches for: in a process of its own, without network, files or imports, within limits."""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from labelwright.combine.programs.task import ABSTAIN
from labelwright.errors import InputError
from labelwright.evidence.classes import is_missing

MAX_SOURCE = 50_000  # characters of a program
MAX_ITEM = 1_000_000  # bytes of an item as JSON
MAX_LINE = 4_000  # bytes of an answer
MOST = 10**9  # of a limit: farther ones overflow in the system
MAX_TOLD = 500  # characters of what it says went wrong
BLOCK = 65_536
STEP = 0.2  # seconds between two looks at the clock
START_SECONDS = 30  # for the interpreter itself, on a machine that is busy with other things


@dataclass(frozen=True)
class Limits:
    """What one program may use.

    Parameters
    ----------
    seconds : int, default 60
        Of processor time, for all items together; by the clock five times as much.
    pause : float, default 5.0
        Seconds by the clock without an answer after which the program is ended.
    memory_mb : int, default 512
        Of address space, the interpreter (about 40) included.

    Examples
    --------
    >>> Limits(seconds=10).memory_mb
    512
    """

    seconds: int = 60
    pause: float = 5.0
    memory_mb: int = 512

    def __post_init__(self) -> None:
        for name, least in (("seconds", 1), ("memory_mb", 64)):
            value = getattr(self, name)
            if not isinstance(value, int | np.integer) or not least <= value <= MOST:
                raise InputError(f"{name}={value!r} must be a whole number from {least} to {MOST}")
            object.__setattr__(self, name, int(value))
        pause: object = self.pause
        if not isinstance(pause, int | float | np.number) or not 0 < pause < float("inf"):
            raise InputError(f"pause={pause!r} must be a number of seconds above 0")
        object.__setattr__(self, "pause", float(pause))


class Outcome(NamedTuple):
    """What a program said.

    Attributes
    ----------
    answers : ndarray (n,) of int
        Codes of classes, -1 where it abstained, raised an error or answered with no class; all -1 where it was ended.
    reason : str
        Why it was refused or ended; empty where it came to its end.
    raised : int
        Items on which it raised an error.
    illegal : int
        Items on which it answered with something that is no class and not -1.
    first : str
        The first error or illegal answer, with its item.
    guards : tuple of str
        What kept it in, as it was found on this machine (see `guards`).
    """

    answers: np.ndarray
    reason: str
    raised: int
    illegal: int
    first: str
    guards: tuple[str, ...]


def guards() -> tuple[str, ...]:
    """What holds a program back on this machine, besides the separate process and the rules on its text.

    "time", "memory" and "no files" (no descriptor can be opened: no file, socket or pipe) always do, else nothing runs.
    Where the system allows, "no network" (a network of its own with nobody in it), "no privileges" (of a superuser),
    "no processes", and "system calls" (the kernel refuses all but 22).

    Notes
    -----
    The rules on its text and Python's own reports come first; these guards are for a program that gets past both.
    For the superuser nothing runs without "no privileges" or "system calls", since nothing else would bind it.
    Without "system calls", such a program could do what needs nothing opened: rename or delete files of yours, or end
    your processes. None of them helps against a flaw in the system itself; for programs of an enemy use a virtual
    machine as well.

    Examples
    --------
    >>> {"time", "memory", "no files"} <= set(guards())
    True
    """
    return converse("def label(item): return 0", "label", [], 2, Limits()).guards


def converse(
    source: str, function: str, items: Sequence[Any], k: int, limits: Limits,
    tick: Callable[[int], None] = lambda n: None,
) -> Outcome:  # fmt: skip
    """Run one program over items in a process of its own.

    The program's text is read, checked and run in that process only. Whatever it does, this call returns within the
    limits, or raises for faults that are not the program's.

    Parameters
    ----------
    source : str
        Text of the program.
    function : str
        Name of the function that takes one item.
    items : sequence (n,)
        Anything JSON can hold, as JSON hands it on: tuples and arrays become lists, keys of dicts texts. Missing
        items (None, NaN) are not shown to the program; it abstains on them.
    k : int
        Number of classes; answers from 0 to k - 1 are legal, and -1.
    limits : Limits
    tick : callable, optional
        Called with the number of answers that have come.

    Raises
    ------
    InputError
        When an item cannot be written as JSON or is too long, or this system cannot limit a process.

    Examples
    --------
    >>> said = converse("def label(item): return len(item) % 3", "label", ["a", "bb", "ccc"], 2, Limits())
    >>> said.answers.tolist(), said.illegal, said.first
    ([1, -1, 0], 1, 'item 1: returned 2')
    >>> converse("import os", "label", [], 2, Limits()).reason
    'line 1: imports os; only collections, math, re, string are allowed'
    """
    if os.name != "posix":
        raise InputError(
            "this system cannot limit the memory and files of a process, so programs are not run; "
            "use Linux (a container or WSL will do)"
        )
    shown = [i for i, item in enumerate(items) if not is_missing(item)]
    lines = [_line(items[i], i) for i in shown]
    if len(source) > MAX_SOURCE:
        blank = np.full(len(items), ABSTAIN, dtype=np.intp)
        return Outcome(blank, f"has {len(source)} characters, over the limit of {MAX_SOURCE}", 0, 0, "", ())
    head = json.dumps(
        {"function": function, "k": k, "seconds": limits.seconds, "memory_mb": limits.memory_mb}
    )
    talk = _Talk(len(lines), k, tick)
    with _child() as process:
        reason = _exchange(process, [f"{head}\n{json.dumps(source)}\n".encode(), *lines], talk, limits)
    reason = reason or talk.reason
    answers = np.full(len(items), ABSTAIN, dtype=np.intp)
    if not reason:
        answers[shown] = talk.answers
    first = f"item {shown[talk.first[0]]}: {talk.first[1]}" if talk.first else ""
    return Outcome(answers, reason, talk.raised, talk.illegal, first, talk.guards)


class _Talk:
    """What the child has said so far. Nothing in it is believed beyond its form."""

    def __init__(self, n: int, k: int, tick: Callable[[int], None]):
        self.n, self.k, self.tick = n, k, tick
        self.answers: list[int] = []
        self.raised = self.illegal = 0
        self.first: tuple[int, str] | None = None
        self.guards: tuple[str, ...] = ()
        self.ready, self.reason, self._rest = False, "", b""

    @property
    def done(self) -> bool:
        return bool(self.reason) or (self.ready and len(self.answers) >= self.n)

    def hear(self, block: bytes) -> None:
        *lines, self._rest = (self._rest + block).split(b"\n")
        before = len(self.answers)
        for line in lines:
            if line and not self.done:
                self._hear_line(line)
        if len(self._rest) > MAX_LINE:
            self.reason = "wrote more than answers"
        self.tick(len(self.answers) - before)

    def _hear_line(self, line: bytes) -> None:
        try:
            said = json.loads(line[: MAX_LINE + 1])
        except (ValueError, RecursionError):
            said = None
        if type(said) is int and self.ready and -1 <= said < self.k:
            self.answers.append(said)
            return
        kind, what = said if isinstance(said, list) and len(said) == 2 else (None, None)
        if kind in (-2, -3) and self.ready and isinstance(what, str):
            self.raised += kind == -2
            self.illegal += kind == -3
            told = f"raised {_shown(what)}" if kind == -2 else f"returned {_shown(what)}"
            self.first = self.first or (len(self.answers), told)
            self.answers.append(ABSTAIN)
        elif kind == "guards" and not self.guards and isinstance(what, list):
            self.guards = tuple(map(str, what))
        elif kind == "ready" and self.guards:
            self.ready = True
        elif kind == "unlimited" and not self.guards:
            raise InputError(
                f"this system does not let a process be limited ({what}), so programs are not run; "
                "use Linux (a container or WSL will do)"
            )
        elif kind in ("refused", "stopped") and isinstance(what, str):
            self.reason = _shown(what)
        else:
            self.reason = "wrote something that is no answer"


class _child:
    """The process, ended for certain when the block is left."""

    def __enter__(self) -> "subprocess.Popen[bytes]":
        if not sys.executable:
            raise InputError("Python does not know its own program (sys.executable), which programs run in")
        self.process = subprocess.Popen(
            command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/",
            # Nothing of the user's environment. -I would ignore the seed too, without which the order of a set, and so
            # an answer, could differ from run to run; -P, -s and an empty environment are what -I stands for.
            env={"PYTHONHASHSEED": "0"}, close_fds=True, start_new_session=True, bufsize=0,
        )  # fmt: skip
        return self.process

    def __exit__(self, *problem: object) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                pipe.close()  # type: ignore[union-attr]
        # Not yet waited for, so the number cannot have passed to another process.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def command() -> list[str]:
    """Command line of the child."""
    place = str(Path(__file__).parent)
    start = f"import sys; sys.path.append({place!r}); import _cell.child; _cell.child.main()"
    return [sys.executable, "-P", "-s", "-S", "-B", "-X", "utf8", "-c", start]


def _exchange(process: "subprocess.Popen[bytes]", lines: list[bytes], talk: _Talk, limits: Limits) -> str:
    """Feed lines and hear answers until all is said; return why it was ended, or ''."""
    assert process.stdin is not None
    assert process.stdout is not None
    blocks, pending = _blocks(lines), b""
    began = last = time.monotonic()
    quiet = 0.0
    with selectors.DefaultSelector() as ready:
        for pipe, event in ((process.stdin, selectors.EVENT_WRITE), (process.stdout, selectors.EVENT_READ)):
            os.set_blocking(pipe.fileno(), False)
            ready.register(pipe, event)
        while not talk.done:
            found = ready.select(STEP)
            now = time.monotonic()
            quiet += min(
                now - last, 2 * STEP
            )  # a longer step means that this process stood still, not the program
            last = now
            if now - began > 5 * limits.seconds + START_SECONDS:
                return f"took more than {5 * limits.seconds} s by the clock"
            if quiet > (limits.pause if talk.guards else START_SECONDS):
                return _silent(talk, limits)
            for key, _ in found:
                if key.fileobj is process.stdin:
                    pending = pending or next(blocks, b"")
                    pending = _send(process, ready, pending)
                else:
                    block = process.stdout.read(BLOCK)
                    if block == b"":
                        return _died(process, talk, limits)
                    if block:
                        quiet = 0.0
                        talk.hear(block)
    return ""


def _send(process: "subprocess.Popen[bytes]", ready: selectors.BaseSelector, pending: bytes) -> bytes:
    """Write what the pipe takes; return the rest. When there is nothing more, close the pipe."""
    assert process.stdin is not None
    if pending:
        try:
            return pending[process.stdin.write(pending) or 0 :]
        except BrokenPipeError:
            pass  # the answers, or their end, will say why
    ready.unregister(process.stdin)
    process.stdin.close()
    return b""


def _silent(talk: _Talk, limits: Limits) -> str:
    if not talk.guards:
        raise InputError(f"the process for programs did not start within {START_SECONDS} s; free the machine")
    where = f"after {len(talk.answers)} of {talk.n} items" if talk.ready else "while it was loaded"
    return f"gave no answer for {limits.pause:g} s, {where}"


def _died(process: "subprocess.Popen[bytes]", talk: _Talk, limits: Limits) -> str:
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=1)
    code = process.returncode
    if not talk.guards:
        raise InputError(
            f"the process for programs could not start (exit code {code}); is {sys.executable} whole?"
        )
    if code == -signal.SIGXCPU:
        return f"used more than {limits.seconds} s of processor time"
    name = signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"
    return f"ended its process ({name}) after {len(talk.answers)} of {talk.n} items"


def _blocks(lines: list[bytes]) -> Iterator[bytes]:
    """Lines joined to blocks that fill a pipe."""
    block: list[bytes] = []
    size = 0
    for line in lines:
        block.append(line)
        size += len(line)
        if size >= BLOCK:
            yield b"".join(block)
            block, size = [], 0
    if block:
        yield b"".join(block)


def _shown(told: str) -> str:
    """Words of the child on one line, without signs that could steer a terminal."""
    line = " ".join(told.split())[:MAX_TOLD]
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in line)


def _plain(value: Any) -> Any:
    """Arrays and their numbers as JSON knows them."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is nothing that JSON knows")


def _line(item: Any, place: int) -> bytes:
    try:
        line = json.dumps(item, default=_plain).encode() + b"\n"
    except (TypeError, ValueError, RecursionError) as problem:
        raise InputError(
            f"item {place} is a {type(item).__name__} that cannot be written as JSON ({problem}); "
            "give texts, numbers, lists or dicts of these"
        ) from problem
    if len(line) > MAX_ITEM:
        raise InputError(
            f"item {place} takes {len(line)} bytes as JSON, over the limit of {MAX_ITEM}; shorten it"
        )
    return line
