"""How one item looks in a page: some text, a few cells, a thumbnail."""

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from labelwright.report.templates import template


@dataclass(frozen=True)
class Preview:
    """One item, small enough to show many of them.

    Attributes
    ----------
    text : str
        What it says, cut to a readable length.
    cells : tuple of (str, str)
        Column names and values, for an item that is a row of a table.
    image : str
        A ``data:image/...`` address, or an empty string.
    """

    text: str = ""
    cells: tuple[tuple[str, str], ...] = ()
    image: str = ""

    def __bool__(self) -> bool:
        return bool(self.text or self.cells or self.image)

    def __post_init__(self) -> None:
        if self.image and not self.image.startswith("data:image/"):
            raise ValueError(f"image must be a data:image/... address, not {self.image[:30]!r}")

    def compact(self) -> dict[str, Any]:
        """Collect the parts that are there, under one-letter keys, as the tables in the page read them.

        Examples
        --------
        >>> Preview("good film").compact()
        {'t': 'good film'}
        """
        parts = {"t": self.text, "c": [list(cell) for cell in self.cells], "i": self.image}
        return {key: part for key, part in parts.items() if part}


def preview(item: Preview | None, row: int | None = None) -> Markup:
    """One item as HTML, with the number of its row where given.

    Examples
    --------
    >>> "&lt;b&gt;" in preview(Preview("<b>"), row=3)
    True
    """
    return template("blocks.html.jinja").module.preview(item or Preview(), row)  # type: ignore[attr-defined,no-any-return]
