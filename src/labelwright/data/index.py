"""Ask the package index that the user's pip is configured with for one file; nothing is installed or run.

pip itself builds a source distribution to learn its metadata, and building runs the package's own code. So we
read pip's settings (index, mirrors, folders of wheels, proxy, certificates, passwords) and take the file
ourselves.
"""

import base64
import json
import netrc
import os
import re
import shlex
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from html.parser import HTMLParser
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import unquote, urldefrag, urljoin, urlsplit, urlunsplit
from urllib.request import HTTPSHandler, OpenerDirector, ProxyHandler, Request, build_opener, url2pathname

MAX_PAGE = 64 * 2**20
MAX_FILE = 512 * 2**20
_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"


@dataclass(frozen=True)
class Settings:
    """What pip is told about where packages are.

    Attributes
    ----------
    indexes : tuple of str
        Addresses of simple indexes, the first one first.
    links : tuple of str
        Folders or pages that list files.
    proxy, cert : str or None
        As pip takes them.
    trusted : tuple of str
        Hosts whose certificates pip was told not to check. Every file is checked against its sha256 anyway.
    timeout : float
        Seconds without an answer.
    """

    indexes: tuple[str, ...]
    links: tuple[str, ...] = ()
    proxy: str | None = None
    cert: str | None = None
    trusted: tuple[str, ...] = ()
    timeout: float = 60.0


def settings() -> Settings:
    """Ask the pip that belongs to this Python for its settings, or the environment where there is no pip."""
    told = _pip_settings()

    def last(name: str) -> str | None:
        # pip's own order: the environment beats the command's section, which beats the global one.
        for section in (":env:", "download", "global"):
            if told.get(f"{section}.{name}"):
                return told[f"{section}.{name}"]
        return None

    def several(name: str) -> list[str]:
        return (last(name) or "").split()

    off = (last("no-index") or "").lower() in {"1", "true", "yes", "on"}
    first = (
        last("index-url")
        or os.environ.get("UV_DEFAULT_INDEX")
        or os.environ.get("UV_INDEX_URL")
        or _pip_default()
    )
    indexes = [] if off else [*([first] if first else []), *several("extra-index-url")]
    timeout = last("timeout") or last("default-timeout") or ""
    return Settings(
        indexes=tuple(indexes),
        links=tuple(several("find-links")),
        proxy=last("proxy"),
        cert=last("cert"),
        trusted=tuple(several("trusted-host")),
        timeout=float(timeout) if timeout.replace(".", "", 1).isdigit() else 60.0,
    )


def _pip_settings() -> dict[str, str]:
    told = {
        f":env:.{name[4:].lower().replace('_', '-')}": value
        for name, value in os.environ.items()
        if name.startswith("PIP_") and value
    }
    with suppress(OSError, subprocess.SubprocessError):
        run = subprocess.run(
            [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"],
            capture_output=True, text=True, timeout=60, check=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        for line in run.stdout.splitlines():
            name, equals, value = line.partition("=")
            with suppress(ValueError):
                if equals and not name.startswith(":env:"):
                    told[name.strip()] = " ".join(shlex.split(value)).replace("\\n", " ")
    return told


def _pip_default() -> str | None:
    try:
        from pip._internal.models.index import PyPI
    except Exception:  # a private name of another project: whatever goes wrong, there is no default
        return None
    address = getattr(PyPI, "simple_url", None)
    return address if isinstance(address, str) else None


def shown(address: str) -> str:
    """`address` without any password in it, for messages."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


class Client:
    """Reads addresses with the proxy, certificates and passwords of the user."""

    def __init__(self, told: Settings) -> None:
        self._told = told
        self._openers: dict[bool, OpenerDirector] = {}

    def _opener(self, trusted: bool) -> OpenerDirector:
        if trusted not in self._openers:
            context = ssl.create_default_context(cafile=self._told.cert)
            if not self._told.cert and not context.get_ca_certs():
                with suppress(Exception):  # a Python without certificates of its own: those that pip carries
                    from pip._vendor import certifi

                    context.load_verify_locations(certifi.where())
            if trusted:
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            proxy = self._told.proxy
            handlers = [
                ProxyHandler({"http": proxy, "https": proxy} if proxy else None),
                HTTPSHandler(context=context),
            ]
            self._openers[trusted] = build_opener(*handlers)
        return self._openers[trusted]

    def read(
        self,
        address: str,
        *,
        limit: int = MAX_FILE,
        accept: str = "*/*",
        tick: Callable[[int], None] | None = None,
    ) -> tuple[bytes, str, str]:
        """Content, content type and final address (after redirections) of `address`.

        Raises
        ------
        OSError
            When it cannot be had, after three tries where trying again can help.
        """
        for wait in (0.2, 1.0, None):
            try:
                return self._read_once(address, limit, accept, tick)
            except HTTPError as problem:
                problem.close()
                if problem.code < 500 or wait is None:
                    raise
            except (OSError, HTTPException) as problem:
                if wait is None or isinstance(problem, (FileNotFoundError, _TooLarge)):
                    raise problem if isinstance(problem, OSError) else OSError(str(problem)) from problem
            time.sleep(wait)
        raise AssertionError("unreachable")

    def _read_once(
        self, address: str, limit: int, accept: str, tick: Callable[[int], None] | None
    ) -> tuple[bytes, str, str]:
        parts = urlsplit(address)
        if parts.scheme == "file":
            path = Path(url2pathname(parts.path))
            return path.read_bytes(), "text/html", address
        if parts.scheme not in {"http", "https"}:
            raise FileNotFoundError(f"{shown(address)} is neither a web address nor a file")
        request = Request(shown(address), headers={"Accept": accept, "User-Agent": "labelwright"})
        secret = _password(address)
        if secret:
            # Unredirected: a mirror that redirects elsewhere must not hand the password on.
            request.add_unredirected_header(
                "Authorization", "Basic " + base64.b64encode(secret.encode()).decode()
            )
        host = parts.hostname or ""
        trusted = host in self._told.trusted or f"{host}:{parts.port}" in self._told.trusted
        with self._opener(trusted).open(request, timeout=self._told.timeout) as answer:
            blocks, size = [], 0
            while block := answer.read(2**16):
                blocks.append(block)
                size += len(block)
                if size > limit:
                    raise _TooLarge(f"{shown(address)} is larger than {limit} bytes")
                if tick:
                    tick(len(block))
            stated = answer.headers.get("Content-Length")
            if stated and stated.isdigit() and int(stated) != size:
                raise OSError(f"{shown(address)} broke off after {size} of {stated} bytes")
            return b"".join(blocks), answer.headers.get_content_type(), answer.url


class _TooLarge(OSError):
    pass


def _password(address: str) -> str | None:
    parts = urlsplit(address)
    if parts.username:
        return f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    with suppress(OSError, netrc.NetrcParseError):
        entry = netrc.netrc().authenticators(parts.hostname or "")
        if entry:
            return f"{entry[0]}:{entry[2]}"
    return None


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.base: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get("href")
        if tag == "a" and address:
            self.links.append(address)
        elif tag == "base" and address:
            self.base = address


def _listed(page: bytes, kind: str, at: str) -> Iterator[tuple[str, str]]:
    """Pairs of file name and address on an index page, JSON (PEP 691) or HTML (PEP 503)."""
    if kind.endswith("json"):
        for entry in json.loads(page).get("files", []):
            yield str(entry["filename"]), urljoin(at, str(entry["url"]))
        return
    parser = _Links()
    parser.feed(page.decode("utf-8", "replace"))
    base = urljoin(at, parser.base or "")
    for link in parser.links:
        address = urldefrag(urljoin(base, link)).url
        yield unquote(urlsplit(address).path.rpartition("/")[2]), address


def _places(package: str, told: Settings) -> Iterator[str]:
    normal = re.sub(r"[-_.]+", "-", package).lower()
    yield from told.links
    for index in told.indexes:
        yield f"{index.rstrip('/')}/{normal}/"


def _as_folder(place: str) -> Path | None:
    parts = urlsplit(place)
    if parts.scheme == "file":
        return Path(url2pathname(parts.path))
    return None if parts.scheme in {"http", "https"} else Path(place).expanduser()


def find_file(
    package: str, filename: str, *, told: Settings | None = None, tick: Callable[[int], None] | None = None
) -> Iterator[tuple[bytes, str]]:
    """Yield every copy of `filename` of `package` that the configured places offer, with its address.

    Nothing is fetched before it is asked for, so a caller content with the first copy makes no further
    request. A place that does not answer is passed over; when none has the file, the reasons are raised.

    Raises
    ------
    OSError
        When no place had it; the message names each place and what it said.
    """
    told = settings() if told is None else told
    client = Client(told)
    said: list[str] = []
    had = False
    for place in _places(package, told):
        folder = _as_folder(place)
        try:
            if folder is not None and (folder / filename).is_file():
                addresses = [(folder / filename).absolute().as_uri()]
            elif folder is not None and not (folder / "index.html").is_file():
                continue  # a folder of wheels, or an index on disk, that lacks the package: no news
            else:
                start = place if folder is None else (folder / "index.html").absolute().as_uri()
                page, kind, at = client.read(start, limit=MAX_PAGE, accept=_ACCEPT)
                addresses = [address for name, address in _listed(page, kind, at) if name == filename]
                if not addresses:
                    said.append(f"{shown(place)} does not list it")
            for address in addresses:
                content, _, final = client.read(_with_password(address, place), tick=tick)
                had = True
                yield content, shown(final)
        except (OSError, HTTPException, ValueError, KeyError, TypeError, AttributeError) as problem:
            reason = problem if isinstance(problem, HTTPError) else getattr(problem, "reason", problem)
            said.append(f"{shown(place)}: {reason}")
    if not had:
        raise OSError(
            "; ".join(said) or "pip is configured with no index (no-index) and no folder that has it"
        )


def _with_password(address: str, place: str) -> str:
    """`address` with the password of the index it was found on, where both are the same host."""
    here, there = urlsplit(address), urlsplit(place)
    if there.username and not here.username and here.netloc == there.netloc.rpartition("@")[2]:
        return urlunsplit(here._replace(netloc=there.netloc))
    return address
