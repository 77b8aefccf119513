"""Say how far a long step has come, on standard error, where somebody is looking."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_live: Any = None


@contextmanager
def progress(
    what: str, total: int | None = None, *, show: bool | None = None
) -> Iterator[Callable[..., None]]:
    """Show a bar with the time left while the block runs; nested bars stand below each other.

    Parameters
    ----------
    what : str
        What is being done, such as ``"cross-fitting"``.
    total : int, optional
        Number of steps; without it the bar only shows that something moves.
    show : bool, optional
        Whether to show it. By default only where standard error is a terminal.

    Yields
    ------
    tick : callable
        Call ``tick()`` after each step, or ``tick(n)`` after n of them.

    Examples
    --------
    >>> with progress("counting", total=3, show=False) as tick:
    ...     for _ in range(3):
    ...         tick()
    """
    global _live
    if not (sys.stderr.isatty() if show is None else show):
        yield lambda n=1: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    outermost = _live is None
    if outermost:
        _live = Progress(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total}"),
            TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
            console=Console(stderr=True), transient=True,
        )  # fmt: skip
        _live.start()
    bar, task = _live, _live.add_task(what, total=total)
    try:
        yield lambda n=1: bar.advance(task, n)
    finally:
        bar.remove_task(task)
        if outermost:
            bar.stop()
            _live = None
