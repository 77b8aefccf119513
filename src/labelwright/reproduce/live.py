"""Show how far the arms of a claim have come, wherever they run: what is kept is done."""

import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from labelwright.progress import progress
from labelwright.reproduce import cache

EVERY_S = 0.3


@contextmanager
def board(
    title: str, places: Mapping[str, Sequence[Path]], *, show: bool | None = None
) -> Iterator[Callable[[], None]]:
    """A bar for the claim and one for each arm; they move when the number of an arm and seed is kept.

    Processes on this machine, and those of a cluster with the same cache folder, are seen while they run. Others
    are seen when their seed comes back.

    Parameters
    ----------
    title : str
    places : mapping of str to sequence of Path
        Where the number of each arm will be kept, seed by seed (`cache.place`).
    show : bool, optional
        By default only where standard error is a terminal.

    Yields
    ------
    look : callable
        ``look()`` moves the bars now.
    """
    if not (sys.stderr.isatty() if show is None else show):
        yield lambda: None
        return
    with ExitStack() as stack:
        whole = stack.enter_context(progress(title, sum(map(len, places.values())), show=True))
        bars = {arm: stack.enter_context(progress(f"  {arm}", len(places[arm]), show=True)) for arm in places}
        waiting, looking, done = (
            {a: list(paths) for a, paths in places.items()},
            threading.Lock(),
            threading.Event(),
        )

        def look() -> None:
            with looking:
                for arm, paths in waiting.items():
                    left = [path for path in paths if cache.recall(path) is None]
                    whole(len(paths) - len(left))
                    bars[arm](len(paths) - len(left))
                    waiting[arm] = left

        def watch() -> None:
            while not done.wait(EVERY_S):
                look()

        look()
        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield look
        finally:
            done.set()
            watcher.join()
            look()
