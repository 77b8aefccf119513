"""Tables: plain ones written out in full, and long ones that search, sort, filter and page in the browser."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NamedTuple

from markupsafe import Markup, escape

from labelwright.report.preview import Preview
from labelwright.report.templates import template
from labelwright.report.text import DASH, script_json

Kind = Literal["item", "note", "label", "share", "number", "text", "groups"]


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    key : str
        Its name in a download.
    title : str
        Its heading.
    kind : str
        ``"item"`` is a row number shown with the item's preview, ``"note"`` a sentence under that preview,
        ``"label"`` a name or a list of ``(name, mark)`` where the mark is ``""``, ``"+"`` or ``"-"``,
        ``"share"`` a number from 0 to 1 with a bar, ``"groups"`` a list of ``(title, rows)`` to unfold.
    filter : bool
        Whether the reader can narrow the table to one value of a label, or from a lowest share upwards.
    """

    key: str
    title: str
    kind: Kind = "text"
    filter: bool = False


class Cell(NamedTuple):
    """A cell of a plain table that shows one thing and sorts by another."""

    show: str | Markup
    sort: float | str


@dataclass(frozen=True)
class DataTable:
    """A long table with previews, drawn by the page itself from data it carries.

    Attributes
    ----------
    id : str
        Its address in the page.
    caption : str
        What it shows, for readers who cannot see it.
    columns : sequence of Column
    rows : sequence of sequences
        Values by column; texts are drawn as text, never as markup.
    items : mapping of int to Preview
        What the row numbers in columns of kind ``"item"`` and ``"groups"`` look like.
    noun : (str, str)
        What a row is called: one, many.
    unfold : str
        The word on the button that opens the groups.
    download : str
        File name of the filtered rows as CSV.
    page : int
        Rows shown at once.
    sort : (str, bool)
        Key of the column the rows are sorted by already, and whether downwards.

    Examples
    --------
    >>> columns = [Column("a", "A"), Column("b", "B", "share")]
    >>> table = DataTable("t", "Two rows", columns, [["x", 0.5], ["y", None]])
    >>> "<script type=" in table.html()
    True
    """

    id: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    items: Mapping[int, Preview] = field(default_factory=dict)
    noun: tuple[str, str] = ("row", "rows")
    unfold: str = "Evidence"
    download: str = "rows.csv"
    page: int = 50
    sort: tuple[str, bool] | None = None

    def html(self) -> Markup:
        """Lay out the table as HTML; without scripts its first rows stand as a plain table."""
        data = {
            "columns": [asdict(c) for c in self.columns],
            "rows": self.rows,
            "noun": self.noun,
            "page": self.page,
            "items": {row: item.compact() for row, item in self.items.items()},
            "unfold": self.unfold,
            "download": self.download,
            "sort": self.sort,
        }
        return template("blocks.html.jinja").module.data_table(  # type: ignore[attr-defined,no-any-return]
            self.id, self.caption, Markup(script_json(data)), self._without_scripts()
        )

    def _without_scripts(self, most: int = 25) -> Markup:
        columns = [c for c in self.columns if c.kind != "groups"]
        places = [i for i, c in enumerate(self.columns) if c.kind != "groups"]
        rows = [[self._words(self.columns[i], row[i]) for i in places] for row in self.rows[:most]]
        return plain_table([c.title for c in columns], rows, caption=self.caption)

    def _words(self, column: Column, value: Any) -> str:
        if value is None:
            return DASH
        if column.kind == "item":
            item = self.items.get(value, Preview())
            return " · ".join(filter(None, [f"{value}", item.text, *(f"{k}: {v}" for k, v in item.cells)]))
        if column.kind == "share":
            return f"{value:.0%}"
        if column.kind == "label" and not isinstance(value, str):
            return ", ".join(mark + name for name, mark in value)
        return str(value)


def plain_table(
    heads: Sequence[str],
    rows: Sequence[Sequence[str | Markup | Cell]],
    *,
    caption: str,
    shown: int = 30,
    numbers: Sequence[int] = (),
    empty: str = "Nothing here.",
) -> Markup:
    """Lay out a table in full; the browser sorts it, and folds what goes beyond `shown` rows.

    Parameters
    ----------
    heads : sequence of str
        Headings; the first column names the row.
    rows : sequence of sequences
        Text, Markup, or `Cell` where the order differs from what is shown.
    caption : str
        What the table shows, for readers who cannot see it.
    shown : int
        Rows shown before the reader asks for all.
    numbers : sequence of int
        Columns that hold numbers, set to the right.
    empty : str
        The sentence instead of a table without rows.

    Examples
    --------
    >>> "<td" in plain_table(["a", "b"], [["x", Cell("3 %", 0.03)]], caption="Shares")
    True
    """
    cells = [
        [
            c if isinstance(c, Cell) else Cell(c, str(escape(c)) if not isinstance(c, Markup) else "")
            for c in row
        ]
        for row in rows
    ]
    return template("blocks.html.jinja").module.plain_table(  # type: ignore[attr-defined,no-any-return]
        list(heads), cells, caption, shown, set(numbers), empty
    )
