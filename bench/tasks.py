"""What is timed: tasks, found by walking the modules of this package."""

import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

Setup = Callable[[int, Path], Any]
Call = Callable[[Any], Any]


@dataclass(frozen=True)
class Task:
    """One row of the table of speeds.

    Attributes
    ----------
    name : str
    setup : function (n, folder) -> input
        Makes the data; not timed. Called once in each process, with the same seed.
    ours : function (input) -> result
        The whole result counts as used memory.
    peers : mapping of str to function (input) -> result
        The same task by other libraries; the fastest is the peer of the table.
    n : int
        Rows.
    goal_s, limit_s, goal_mb : float or None
        CPU seconds and megabytes of DESIGN section 7; `limit_s` is what the machine allows.
    growth : tuple of int
        Other numbers of rows at which ours is measured too.
    table : function (input) -> array or None
        The array that a memory pass reads for comparison.
    warm : int
        Rows of a first call that loads modules and compiled code and is not measured; 0 for none.
    repeats : int
        At least this many measured calls.
    note : str
    """

    name: str
    setup: Setup
    ours: Call
    n: int
    peers: Mapping[str, Call] = field(default_factory=dict)
    goal_s: float | None = None
    limit_s: float | None = None
    goal_mb: float | None = None
    growth: tuple[int, ...] = ()
    table: Callable[[Any], Any] | None = None
    warm: int = 2_000
    repeats: int = 3
    note: str = ""

    def side(self, name: str) -> Call:
        """The call to measure: ``ours`` or that of a peer."""
        return self.ours if name == "ours" else self.peers[name]


def tasks() -> Iterator[tuple[str, Task]]:
    """Every task with the module it stands in, in the order of modules and of the files."""
    package = import_module(__package__)
    for found in pkgutil.iter_modules(package.__path__, f"{__package__}."):
        if found.name.rpartition(".")[2].startswith("_"):
            continue
        source = Path(found.module_finder.path) / f"{found.name.rpartition('.')[2]}.py"  # type: ignore[union-attr]
        if "TASKS" in source.read_text(encoding="utf-8"):
            for task in getattr(import_module(found.name), "TASKS", ()):
                yield found.name, task


def wide() -> Any:
    """A console that does not fold tables when its output goes to a file."""
    from rich.console import Console

    plain = Console()
    return Console(highlight=False, width=None if plain.is_terminal else 160)
