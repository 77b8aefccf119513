"""A headless Chromium for looking at pages, with everything that must not happen written down."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

# Contrast of every text with what lies behind it; colours go through a canvas, so any notation will do.
CONTRAST = """() => {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const rgba = (colour) => {
    if (known.has(colour)) return known.get(colour);
    context.clearRect(0, 0, 1, 1); context.fillStyle = colour; context.fillRect(0, 0, 1, 1);
    known.set(colour, [...context.getImageData(0, 0, 1, 1).data]);
    return known.get(colour);
  };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] > 250) return colour;
    }
    return rgba("Canvas");
  };
  const weak = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.checkVisibility()) continue;
    if (node.closest("script, noscript, option, .skip, :disabled, caption")) continue;
    const style = getComputedStyle(node);
    const pair = [light(rgba(node.closest("svg") ? style.fill : style.color)), light(behind(node))].sort();
    const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    if (ratio < 4.5) weak.push([ratio.toFixed(2), node.outerHTML.slice(0, 60)]);
  }
  return weak;
}"""


def find() -> str | None:
    """Path of a Chromium on this machine."""
    named = os.environ.get("LABELWRIGHT_CHROMIUM")
    return named or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )


@contextmanager
def chromium() -> Iterator[Any]:
    """A running browser; where there is none the test is skipped, but in CI it fails."""
    missing = pytest.fail if os.environ.get("CI") else pytest.skip
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright is not installed")
    path = find()
    if path is None:
        missing("there is no chromium on this machine")
    root = hasattr(os, "geteuid") and os.geteuid() == 0  # Chromium's sandbox refuses to run as root
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=path, args=["--disable-gpu", *(["--no-sandbox"] if root else [])]
        )
        yield running
        running.close()


class Visit:
    """One page, opened, with what its console said and where it tried to go."""

    def __init__(self, context: Any, path: Path) -> None:
        self.said: list[str] = []
        self.left: list[str] = []
        self.page = context.new_page()
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.said.append("dialog"), dialog.dismiss()))
        self.page.on("request", self._request)
        self.address = path.resolve().as_uri()
        self.page.goto(self.address)

    def _request(self, request: Any) -> None:
        if not request.url.startswith(("data:", "blob:", self.address)):
            self.left.append(request.url)

    def sideways(self) -> int:
        """Pixels by which the page is wider than the window."""
        return self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")

    def weak(self) -> list[list[str]]:
        """Texts with a contrast under 4.5 to 1."""
        return self.page.evaluate(CONTRAST)

    def check(self) -> None:
        """Nothing was said on the console, nothing left the page, no script of the content ran."""
        assert self.said == []
        assert self.left == []
        assert self.page.evaluate("window.broken") is None


@pytest.fixture(scope="module")
def visit() -> Iterator[Callable[..., Visit]]:
    """Open a page: ``visit(path, width=360, dark=True)``."""
    with chromium() as browser:
        contexts = []

        def open_page(path: Path, *, width: int = 1200, dark: bool = False, **options: Any) -> Visit:
            context = browser.new_context(
                viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light", **options
            )
            contexts.append(context)
            return Visit(context, path)

        yield open_page
        for context in contexts:
            context.close()
