"""Take named files out of a package archive without unpacking it: nothing is written, nothing is run.

Archives come from elsewhere, so they are read as if hostile: only the files asked for are kept, in memory;
links are never followed; an archive that reaches outside itself, holds too many members or swells too far is
refused.
"""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from typing import Any

from labelwright.errors import InputError

MAX_BYTES = 512 * 2**20  # what a whole archive may swell to; the largest of ours reaches 53 MB
MAX_MEMBERS = 50_000

_DAMAGED = (EOFError, OSError, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile, zlib.error, ValueError)


class BadArchive(InputError):
    """An archive that is damaged or not to be trusted."""


def read_members(
    data: bytes,
    names: Iterable[str],
    *,
    what: str,
    max_bytes: int = MAX_BYTES,
    max_members: int = MAX_MEMBERS,
) -> dict[str, bytes]:
    """Read the members `names` of an archive: zip and wheel, tar (gz, bz2, xz or plain), Debian package.

    Parameters
    ----------
    data : bytes
        The archive.
    names : iterable of str
        Member paths with forward slashes, as in the archive; a leading ``./`` is ignored on both sides.
    what : str
        What the archive is, for messages: its file name.
    max_bytes, max_members : int
        Limits for everything in the archive, wanted or not.

    Raises
    ------
    BadArchive
        When it is damaged, over a limit, has a path outside itself, or lacks a wanted regular file.
    """
    wanted = {_plain(name) for name in names}
    found = _read(data, lambda name, _: name in wanted, what, max_bytes, max_members)
    missing = sorted(wanted - found.keys())
    if missing:
        raise BadArchive(f"{what} does not contain the file {missing[0]}")
    return {name: found[_plain(name)] for name in names}


def read_folder(
    data: bytes,
    folder: str,
    *,
    what: str,
    max_bytes: int = MAX_BYTES,
    max_members: int = MAX_MEMBERS,
) -> dict[str, bytes]:
    """Read all regular files below `folder` of an archive, by their paths inside the folder, sorted.

    Links and devices are left out. Archives, `what` and limits are those of `read_members`.

    Raises
    ------
    BadArchive
        When the archive is damaged, over a limit, has a path outside itself, or no regular file in that folder.
    """
    above = _plain(folder).rstrip("/") + "/"
    found = _read(
        data, lambda name, regular: regular and name.startswith(above), what, max_bytes, max_members
    )
    if not found:
        raise BadArchive(f"{what} does not contain the folder {above}, or no file in it")
    return {name.removeprefix(above): found[name] for name in sorted(found)}


def _read(
    data: bytes, wanted: Callable[[str, bool], bool], what: str, max_bytes: int, max_members: int
) -> dict[str, bytes]:
    """Members that are `wanted`, told their path and whether they are regular files."""
    try:
        if data[:4] == b"PK\x03\x04":
            return _from_zip(data, wanted, what, max_bytes, max_members)
        if data[:8] == b"!<arch>\n":
            data = _data_part(data, what)
        return _from_tar(data, wanted, what, max_bytes, max_members)
    except BadArchive:
        raise
    except _DAMAGED as problem:
        raise BadArchive(f"{what} is damaged or no archive we know ({problem})") from problem


def _plain(name: str) -> str:
    return name.removeprefix("./")


def _check_path(name: str, what: str) -> str:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or "\0" in name or name[1:2] == ":":
        raise BadArchive(
            f"{what} holds the path {name!r}, which leads outside the archive; it is not to be trusted"
        )
    return _plain(name)


def _over(what: str, limit: str) -> BadArchive:
    return BadArchive(f"{what} holds more than {limit}; it is not to be trusted")


def _from_zip(
    data: bytes, wanted: Callable[[str, bool], bool], what: str, max_bytes: int, max_members: int
) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        if len(members) > max_members:
            raise _over(what, f"{max_members} files")
        if sum(member.file_size for member in members) > max_bytes:
            raise _over(what, f"{max_bytes} bytes")
        for member in members:
            name = _check_path(member.filename, what)
            link = (member.external_attr >> 16) & 0o170000 == 0o120000
            if not wanted(name, not link and not member.is_dir()):
                continue
            if name in found or link:
                raise BadArchive(f"{what} holds {name} twice or as a link; it is not to be trusted")
            # A header may lie about the size; zipfile stops at the size stated there, which was summed above.
            with archive.open(member) as stream:
                found[name] = stream.read()
    return found


class _Counted(io.RawIOBase):
    """A stream that refuses to give more than `limit` bytes."""

    def __init__(self, stream: Any, what: str, limit: int) -> None:
        self._stream, self._what, self._limit, self._left = stream, what, limit, limit

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block = self._stream.read(self._left + 1 if size < 0 else min(size, self._left + 1))
        self._left -= len(block)
        if self._left < 0:
            raise _over(self._what, f"{self._limit} bytes")
        return block


def _decompressed(data: bytes) -> Any:
    stream: Any = io.BytesIO(data)
    if data[:2] == b"\x1f\x8b":
        stream = gzip.GzipFile(fileobj=stream)
    if data[:3] == b"BZh":
        stream = bz2.BZ2File(stream)
    if data[:6] == b"\xfd7zXZ\x00":
        stream = lzma.open(stream)  # noqa: SIM115
    if data[:4] == b"\x28\xb5\x2f\xfd":
        import pyarrow as pa

        stream = pa.CompressedInputStream(pa.BufferReader(data), "zstd")
    return stream


def decompress(data: bytes, *, what: str, max_bytes: int = MAX_BYTES) -> bytes:
    """Undo gzip, bzip2, xz or zstd, found by its first bytes; anything else comes back as it is.

    Raises
    ------
    BadArchive
        When it is damaged, or swells beyond `max_bytes`.

    Examples
    --------
    >>> decompress(gzip.compress(b"labels"), what="an example")
    b'labels'
    """
    try:
        return _Counted(_decompressed(data), what, max_bytes).read()
    except _DAMAGED as problem:
        if isinstance(problem, BadArchive):
            raise
        raise BadArchive(f"{what} is damaged ({problem})") from problem


def _from_tar(
    data: bytes, wanted: Callable[[str, bool], bool], what: str, max_bytes: int, max_members: int
) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    stream = _Counted(_decompressed(data), what, max_bytes)
    # "r|" reads forward only, so the counter sees every byte, headers included, before it is used.
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for number, member in enumerate(archive):
            if number >= max_members:
                raise _over(what, f"{max_members} files")
            name = _check_path(member.name, what)
            if not wanted(name, member.isreg()):
                continue
            content = archive.extractfile(member) if member.isreg() else None
            if name in found or content is None:
                raise BadArchive(f"{what} holds {name} twice or as a link; it is not to be trusted")
            found[name] = content.read()
            if len(found[name]) != member.size:
                raise BadArchive(
                    f"{what} is damaged: {name} ends after {len(found[name])} of {member.size} bytes"
                )
    return found


def _data_part(data: bytes, what: str) -> bytes:
    """Cut the file tree out of a Debian package, which is an `ar` archive of three members."""
    at = 8
    while at + 60 <= len(data):
        header = data[at : at + 60]
        size = int(header[48:58])
        if header[58:60] != b"`\n" or size < 0 or at + 60 + size > len(data):
            break
        if header[:16].startswith(b"data.tar"):
            return data[at + 60 : at + 60 + size]
        at += 60 + size + size % 2
    raise BadArchive(f"{what} is damaged: no data part was found in it")
