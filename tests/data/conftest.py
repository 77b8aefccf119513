"""Real data for tests, and a web server on this machine that plays package index and mirror."""

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from labelwright import data


@pytest.fixture(scope="session")
def load() -> Callable[..., data.Dataset]:
    """`data.load`, once a session; missing data skip the test, or fail it where data are promised."""
    kept: dict[str, data.Dataset] = {}

    def get(name: str, **options: object) -> data.Dataset:
        key = f"{name} {sorted(options.items())}"
        if key not in kept:
            try:
                kept[key] = data.load(name, **options)
            except data.DataUnavailable as problem:
                missing(str(problem))
        return kept[key]

    return get


def missing(why: str) -> None:
    """Skip for want of data, or fail where the environment promises that data are there."""
    if os.environ.get("CI") or os.environ.get("LABELWRIGHT_REQUIRE_DATA"):
        pytest.fail(f"data are promised here (CI or LABELWRIGHT_REQUIRE_DATA is set), but: {why}")
    pytest.skip(why)


@dataclass
class Web:
    """What the server answers, and what it was asked."""

    address: str
    pages: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    broken: dict[str, int] = field(default_factory=dict)  # how often a path still fails with 503
    truncated: set[str] = field(default_factory=set)
    password: str | None = None
    asked: list[tuple[str, str | None]] = field(default_factory=list)  # path, Authorization

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


@pytest.fixture
def web() -> Iterator[Web]:
    with serve() as found:
        yield found


@pytest.fixture
def other_web() -> Iterator[Web]:
    with serve() as found:
        yield found


class serve:
    """Context manager around a server on the loopback."""

    def __enter__(self) -> Web:
        web = Web("")

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                secret = self.headers.get("Authorization")
                web.asked.append((self.path, secret))
                if web.password is not None and secret != web.password:
                    self.answer(401, "text/plain", b"who are you?")
                elif web.broken.get(self.path, 0) > 0:
                    web.broken[self.path] -= 1
                    self.answer(503, "text/plain", b"later")
                elif self.path in web.redirects:
                    self.send_response(302)
                    self.send_header("Location", web.redirects[self.path])
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                elif self.path in web.pages:
                    kind, body = web.pages[self.path]
                    self.answer(200, kind, body)
                else:
                    self.answer(404, "text/plain", b"no such thing")

            def answer(self, status: int, kind: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if self.path in web.truncated else body)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()
        web.address = f"http://127.0.0.1:{self.server.server_port}"
        return web

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """An environment in which pip is told nothing, and the cache is empty; gives the cache folder."""
    for name in list(os.environ):
        if name.startswith(("PIP_", "UV_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.delenv("LABELWRIGHT_DATA", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("LABELWRIGHT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("labelwright.data.index.time.sleep", lambda _: None)
    return tmp_path / "cache"
