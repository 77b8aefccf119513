"""Small pieces of sections that every room needs: sentences, blocks one below the other, what lies folded."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from labelwright.report.templates import template
from labelwright.report.text import plain


def _piece(macro: str, *arguments: object) -> Markup:
    return getattr(template("blocks.html.jinja").module, macro)(*arguments)  # type: ignore[no-any-return]


def empty(words: str) -> Markup:
    """A sentence in place of what there is not.

    Examples
    --------
    >>> empty("Nothing < here.")
    Markup('<p class="empty">Nothing &lt; here.</p>')
    """
    return _piece("empty", words)


def stack(*blocks: Markup) -> Markup:
    """Blocks one below the other.

    Examples
    --------
    >>> stack(Markup("<p>"), Markup("<hr>"))
    Markup('<p><hr>')
    """
    return _piece("stack", blocks)


def folded(summary: str, body: Markup) -> Markup:
    """A block that unfolds under its summary.

    Examples
    --------
    >>> folded("More", Markup("<p>"))
    Markup('<details><summary>More</summary><p></details>')
    """
    return _piece("folded", summary, body)


def trust(words: Sequence[tuple[str, str]], settings: Mapping[str, Any]) -> Markup:
    """Why to believe it, in short texts under headings, and how it was made.

    Examples
    --------
    >>> "0.05" in trust([("Why?", "Because.")], {"level": 0.05})
    True
    """
    rows = [
        (plain(key, 60), f"{value:.4g}" if isinstance(value, float) else plain(value, 300))
        for key, value in settings.items()
    ]
    return _piece("trust", words, rows)
