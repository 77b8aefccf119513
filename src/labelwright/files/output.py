"""Write results so that they appear whole or not at all."""

import contextlib
import errno
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from labelwright.errors import InputError
from labelwright.files.cells import as_list, write_cells
from labelwright.files.table import Table

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class OutputFolder:
    """A folder of results: files are written aside and moved into place when the block ends well.

    Whatever happens inside the block, Ctrl-C and a request to end (SIGTERM) included, leaves nothing
    half-written,
    and leaves files of an earlier run as they were. That the folder can be written is checked on entry,
    before any long work.

    Parameters
    ----------
    path : str or Path
        Made if it does not exist, with the folders above it.

    Examples
    --------
    >>> folder = Path(tempfile.mkdtemp()) / "out"
    >>> with OutputFolder(folder) as out:
    ...     _ = out.write_csv("issues.csv", {"row": [3], "given": ["pos"]})
    ...     out.write_text("note.txt", "done")
    >>> sorted(p.name for p in folder.iterdir())
    ['issues.csv', 'note.txt']
    """

    def __init__(self, path: str | Path):
        self.target = Path(path)
        self._stage: Path | None = None
        self._made: list[Path] = []
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        target = self.target
        try:
            if target.exists() and not target.is_dir():
                raise InputError(f"{target} is a file where the output folder should be; give another name")
            above = [p for p in (target, *target.parents) if not p.exists()]
            for folder in reversed(above):
                folder.mkdir()
                self._made.append(folder)
            # Inside the target, not beside it: a mounted folder may be writable where its parent is not,
            # and moving is atomic only within one file system.
            self._stage = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=target))
        except (OSError, ValueError) as problem:
            self._discard()
            if isinstance(problem, InputError):
                raise
            reason = getattr(problem, "strerror", None) or problem
            raise InputError(
                f"cannot write to the output folder {target}: {reason}; give another with --out"
            ) from problem
        self._catch_signals()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._publish()
                self._made.clear()
        finally:
            self._discard()
            self._release_signals()
        if isinstance(problem, OSError) and problem.errno in _FULL:
            raise self._cannot("the results", problem) from problem

    def path(self, name: str) -> Path:
        """Where to write the file that shall be called `name`; it moves into place with the others."""
        if self._stage is None:
            raise RuntimeError("an OutputFolder is written in a with block")
        if name in ("", ".", "..") or Path(name).name != name or "\\" in name:
            raise ValueError(f"name={name!r} is not a plain file name")
        return self._stage / name

    def write_text(self, name: str, text: str) -> None:
        """Write `text` in UTF-8."""
        with self._writing(name) as path:
            path.write_text(text, encoding="utf-8", newline="")

    def write_csv(self, name: str, columns: Mapping[str, Any], *, delimiter: str = ",") -> int:
        """Write CSV in UTF-8 and return how many cells were guarded.

        Text that a spreadsheet would run as a formula gets a ``'`` in front (see `safe_cell`); numbers never
        do.
        """
        with (
            self._writing(name) as path,
            path.open("w", encoding="utf-8", newline="", errors="replace") as file,
        ):
            return write_cells(file, columns, delimiter=delimiter)

    def write_parquet(self, name: str, columns: Any) -> None:
        """Write Parquet from a mapping of columns, or an Arrow table; values are exact."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        if not isinstance(columns, pa.Table):
            columns = pa.table({k: v if hasattr(v, "to_pylist") else as_list(v) for k, v in columns.items()})
        with self._writing(name) as path:
            pq.write_table(columns, path, compression="zstd")

    def write_table_like(self, source: Table, columns: Mapping[str, Any], *, stem: str = "corrected") -> Path:
        """Write the table `source` with some columns replaced or added, in its own format where we can.

        Delimited text keeps its delimiter, Parquet and JSON lines stay what they are, everything else
        becomes CSV.

        Parameters
        ----------
        source : Table
        columns : mapping of str to sequence
        stem : str
            File name without its suffix.

        Returns
        -------
        Path
            Where the file will be when the block has ended.
        """
        from labelwright.files.like import write_like

        return self.target / write_like(self, source, columns, stem)

    @contextlib.contextmanager
    def _writing(self, name: str) -> Iterator[Path]:
        try:
            yield self.path(name)
        except OSError as problem:
            raise self._cannot(name, problem) from problem

    def _cannot(self, name: str, problem: OSError) -> InputError:
        full = problem.errno in _FULL or "No space left" in str(problem)
        remedy = "free some space or give another folder" if full else "give another folder"
        return InputError(
            f"cannot write {name} in {self.target}: {problem.strerror or problem}; {remedy} with --out"
        )

    def _publish(self) -> None:
        assert self._stage is not None
        files = sorted(self._stage.iterdir())
        for file in files:
            if (self.target / file.name).is_dir():
                raise InputError(
                    f"{self.target / file.name} is a folder where a result should be; remove it or "
                    "give another --out"
                )
        with _undisturbed():
            for file in files:
                try:
                    os.replace(file, self.target / file.name)
                except OSError as problem:
                    raise self._cannot(file.name, problem) from problem

    def _discard(self) -> None:
        if self._stage is not None:
            shutil.rmtree(self._stage, ignore_errors=True)
            self._stage = None
        for folder in reversed(self._made):
            with contextlib.suppress(OSError):
                folder.rmdir()
        self._made.clear()

    def _catch_signals(self) -> None:
        """Let a request to end run the clean-up, where nobody else handles it."""
        if threading.current_thread() is not threading.main_thread():
            return
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                self._before[number] = signal.signal(number, _leave)

    def _release_signals(self) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)
        self._before.clear()


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold signals back for the moment of moving, so that old and new results do not mix."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
