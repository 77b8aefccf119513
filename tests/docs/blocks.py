"""The fenced blocks of a Markdown page, and what runs them."""

import doctest
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", ROOT / "SECURITY.md"]
PAGES += sorted((ROOT / "docs").rglob("*.md"))
FENCE = re.compile(r"^```(\w[^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


class Block(NamedTuple):
    """A fenced block: language, further words of the fence, code, and the line it begins on."""

    language: str
    words: tuple[str, ...]
    code: str
    line: int


def pages() -> list[Path]:
    """Every page, those of the site and those of the repository; build output is left out."""
    return [page for page in PAGES if "_build" not in page.parts]


def blocks(page: Path | str, *languages: str) -> Iterator[Block]:
    """The blocks of a page (or of its text) in these languages, in order."""
    text = page.read_text(encoding="utf-8") if isinstance(page, Path) else page
    for found in FENCE.finditer(text):
        language, *words = found[1].split()
        if not languages or language in languages:
            yield Block(language, tuple(words), found[2], text[: found.start(2)].count("\n") + 1)


def run(found: list[Block], name: str, names: dict[str, Any]) -> None:
    """Run Python blocks one after the other with shared names; an example that gives something else is an error."""
    runner = doctest.DebugRunner(optionflags=FLAGS)
    for block in found:
        if block.language == "pycon":
            test = doctest.DocTestParser().get_doctest(block.code, names, name, name, block.line - 1)
            assert test.examples, f"{name}:{block.line}: a pycon block without >>>"
            runner.run(test, clear_globs=False)
            names = test.globs
        else:
            exec(compile("\n" * (block.line - 1) + block.code, name, "exec"), names)


def commands(page: Path | str) -> Iterator[tuple[int, list[str]]]:
    """The commands of the console blocks of a page: line and words, without what is redirected where."""
    for block in blocks(page, "console"):
        for i, line in enumerate(block.code.splitlines()):
            if line.startswith("$ "):
                words = shlex.split(line[2:])
                yield block.line + i, words[: words.index(">")] if ">" in words else words
