"""The page around the blocks: one file, nothing fetched, scripts allowed by their hash alone."""

import hashlib
import os
import tempfile
from base64 import b64encode
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markupsafe import Markup

from labelwright.errors import InputError
from labelwright.report.templates import asset, template
from labelwright.report.text import plain

_STYLES = ("page.css", "tables.css", "charts.css")
_NOTHING = Markup("")
_SCRIPTS = ("theme.js", "plain.js", "table.js")


@dataclass(frozen=True)
class Section:
    """One part of a page, listed in its table of contents.

    Attributes
    ----------
    id : str
        Its address in the page, such as ``"classes"``.
    title : str
        Its heading.
    body : Markup
        What it shows.
    short : str
        Its name in the table of contents, where the heading is too long for one.
    lead : str or Markup
        A sentence or two under the heading.
    """

    id: str
    title: str
    body: Markup
    short: str = ""
    lead: str | Markup = ""


@dataclass(frozen=True)
class Page:
    """A page of sections.

    Attributes
    ----------
    title : str
        The heading and the title of the window.
    sections : sequence of Section
    top : Markup
        The answer, above all sections.
    kicker : str
        What kind of page this is, in small letters over the title.
    meta : sequence of str
        What stands under the title: the file, the date.
    foot : str
        What stands at the end.

    Examples
    --------
    >>> html = Page("Bread", [Section("rye", "Rye", Markup("<p>Dark.</p>"))]).html()
    >>> html[:15], '<h2 id="rye-title">Rye</h2>' in html
    ('<!doctype html>', True)
    """

    title: str
    sections: Sequence[Section]
    top: Markup = _NOTHING
    kicker: str = ""
    meta: Sequence[str] = ()
    foot: str = ""

    def html(self) -> str:
        """Lay out the page as one string."""
        style, script = "\n".join(map(asset, _STYLES)), _script()
        return template("page.html.jinja").render(
            page=self,
            title=plain(self.title),
            meta=[plain(m) for m in self.meta],
            style=Markup(style),
            script=Markup(script),
            script_hash=_hash(script),
        )

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to `path`, whole or not at all, and return the path."""
        path = Path(path)
        content = self.html().encode("utf-8", "replace")
        try:
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        except OSError as problem:
            raise _unwritable(path, problem) from problem
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.chmod(name, 0o666 & ~_umask())  # mkstemp makes files only the owner can read
            os.replace(name, path)
        except BaseException as problem:
            with suppress(OSError):
                os.unlink(name)
            if isinstance(problem, OSError):
                raise _unwritable(path, problem) from problem
            raise
        return path


def _unwritable(path: Path, problem: OSError) -> InputError:
    return InputError(f"{path} cannot be written: {problem.strerror}; choose another path")


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


@cache
def _script() -> str:
    return "\n".join(map(asset, _SCRIPTS))


def _hash(script: str) -> str:
    return b64encode(hashlib.sha256(script.encode()).digest()).decode()
