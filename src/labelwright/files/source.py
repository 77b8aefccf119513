"""Open a file for reading: it must be there, be a file, be ours to read, and unpack to a sane size."""

import gzip
import io
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from labelwright.errors import InputError
from labelwright.files.limits import Limits, size


@dataclass(frozen=True)
class Source:
    """A regular file that can be opened any number of times, unpacked on the way where it is gzipped.

    Attributes
    ----------
    suffix : str
        In lower case, without ``.gz``: ``".csv"`` for ``reviews.CSV.gz``.
    """

    path: Path
    size: int
    gzipped: bool
    limits: Limits

    @property
    def suffix(self) -> str:
        return (self.path.with_suffix("") if self.path.suffix.lower() == ".gz" else self.path).suffix.lower()

    def open(self) -> BinaryIO:
        """Open the unpacked bytes, from the first."""
        try:
            raw = self.path.open("rb")
        except OSError as problem:
            raise _unreadable(self.path, problem) from problem
        return cast(BinaryIO, io.BufferedReader(_Unpacked(raw, self))) if self.gzipped else raw

    def head(self, n: int) -> bytes:
        """Give the first `n` unpacked bytes, or all there are."""
        with self.open() as file:
            return file.read(n)


class _Unpacked(io.RawIOBase):
    """Unpack gzip, and stop as soon as more comes out than an honest file could hold."""

    def __init__(self, raw: BinaryIO, source: Source):
        limits = source.limits
        self._raw, self._file, self._source = raw, gzip.GzipFile(fileobj=raw), source
        self._most = min(limits.total, max(limits.ratio_from, limits.ratio * source.size))
        self._left = self._most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        path = self._source.path
        try:
            chunk = self._file.read(len(buffer))
        except EOFError as problem:
            raise InputError(
                f"{path} is cut off: the gzip stream has no end; copy or download it again"
            ) from problem
        except (OSError, zlib.error) as problem:
            raise InputError(f"{path} is not intact gzip ({problem}); copy or download it again") from problem
        self._left -= len(chunk)
        if self._left < 0:
            raise InputError(
                f"{path} unpacks from {size(self._source.size)} to more than {size(self._most)}, "
                "which looks like a zip bomb; unpack it yourself if you trust it"
            )
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        self._raw.close()
        super().close()


def find(path: str | Path, *, limits: Limits) -> Source:
    """Check that `path` is a readable, non-empty regular file.

    Raises
    ------
    InputError
        When it is missing, a folder, a pipe or device, not readable, empty or too large.
    """
    path = Path(path)
    try:
        info = path.stat()
    except (OSError, ValueError) as problem:
        raise _unreadable(path, problem) from problem
    if stat.S_ISDIR(info.st_mode):
        raise InputError(f"{path} is a folder where a file is expected; give the file in it")
    if not stat.S_ISREG(info.st_mode):
        raise InputError(f"{path} is a pipe or device, and is read more than once; save it to a file first")
    if not info.st_size:
        raise InputError(f"{path} is empty (0 bytes); give a table with a header and one row per item")
    try:
        with path.open("rb") as file:
            start = file.read(2)
    except OSError as problem:
        raise _unreadable(path, problem) from problem
    if info.st_size > limits.total:
        raise InputError(
            f"{path} has {size(info.st_size)}, and the limit is {size(limits.total)}; split it, or "
            "raise Limits(total=...)"
        )
    return Source(path, info.st_size, start == b"\x1f\x8b", limits)


def check_zip(path: Path, *, limits: Limits) -> list[str]:
    """Names inside a zip archive, after checking that it is intact and no bomb."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError) as problem:
        raise InputError(
            f"{path} is not an intact zip archive ({problem}); copy or download it again"
        ) from problem
    unpacked = sum(m.file_size for m in members)
    # The size of the file itself counts: entries that overlap would each claim the same packed bytes.
    packed = min(sum(m.compress_size for m in members), path.stat().st_size)
    if unpacked > limits.total or (unpacked > limits.ratio_from and unpacked > limits.ratio * packed):
        raise InputError(
            f"{path} unpacks from {size(packed)} to {size(unpacked)}, which looks like a zip bomb; "
            "unpack it yourself if you trust it"
        )
    return [m.filename for m in members]


def _unreadable(path: Path, problem: Exception) -> InputError:
    if isinstance(problem, FileNotFoundError):
        folder = path.parent
        hint = "check the name" if folder.is_dir() else f"there is no folder {folder} either"
        return InputError(f"{path} does not exist; {hint}")
    if isinstance(problem, PermissionError):
        return InputError(f"{path} may not be read by you; change its permissions or copy it")
    reason = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
    return InputError(f"{path} cannot be opened: {reason}; check the path")
