"""A table read from any file, and the everyday function that reads it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from labelwright.errors import InputError
from labelwright.files.kinds import FORMATS, detect
from labelwright.files.limits import Limits
from labelwright.files.parts import Content
from labelwright.files.source import find
from labelwright.files.typed import as_text


@dataclass(frozen=True)
class Table:
    """A table and where it came from.

    Attributes
    ----------
    data : pyarrow.Table
        Numbers as numbers, everything else as text; dates and true/false in text files stay text.
    path : Path
        The file or folder as it was given.
    kind : {"table", "images", "label-studio", "doccano"}
        What it is an export of.
    format : str
        ``"csv"``, ``"parquet"``, ``"jsonl"``, ``"json"``, ``"arrow"``, ``"excel"`` or ``"images"``.
    notes : tuple of str
        What was assumed, in sentences.
    delimiter : str, optional
        Of delimited text.
    """

    data: Any
    path: Path
    kind: str = "table"
    format: str = "csv"
    notes: tuple[str, ...] = ()
    delimiter: str | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return int(self.data.num_rows)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self.data.column_names)

    @property
    def base(self) -> Path:
        """The folder against which file names in the table are meant."""
        return self.path if self.path.is_dir() else self.path.parent

    def column(self, name: str) -> Any:
        """One column as Arrow data: the characters of the file where numbers do not bring them back."""
        return self.raw.get(name, self.data[name])

    def text(self, name: str) -> np.ndarray:
        """One column as text, character by character as it stands in the file.

        Parameters
        ----------
        name : str

        Returns
        -------
        array of object (n,)
            Text, None where missing, and a tuple of texts where the cell is a list.

        Examples
        --------
        >>> import pyarrow as pa
        >>> raw = {"y": pa.chunked_array([["1.00", None]])}
        >>> t = Table(pa.table({"y": [1.0, None]}), Path("t.csv"), raw=raw)
        >>> t.text("y").tolist()
        ['1.00', None]
        """
        values = self.column(name).to_pylist()
        out = np.empty(len(values), dtype=object)
        for i, value in enumerate(values):
            if isinstance(value, list):
                out[i] = tuple(t for v in value if (t := plain_text(v)) is not None)
            else:
                out[i] = plain_text(value)
        return out


def plain_text(value: Any) -> str | None:
    """Give the characters of one cell, None where it is missing."""
    if isinstance(value, str):
        return value or None
    if value is None or value != value:
        return None
    return as_text(value) if isinstance(value, (bool, int, float, dict)) else str(value)


def read(
    path: str | Path,
    *,
    format: str | None = None,
    sheet: str | None = None,
    delimiter: str | None = None,
    limits: Limits | None = None,
) -> Table:
    r"""Read a table from a file or folder, saying what was assumed; nothing in it is ever run.

    Reads CSV and other delimited text (plain or gzipped, any common encoding), Parquet, JSON lines and
    arrays, Arrow
    and Feather, Excel, folders of pictures, and the exports of Label Studio and doccano. What a file is, is
    told by its content first and its name second.

    Parameters
    ----------
    path : str or Path
    format : str, optional
        Overrules the guess: csv, tsv, parquet, jsonl, json, arrow, excel, images, label-studio or doccano.
    sheet : str, optional
        Which sheet of an Excel workbook; by default the first.
    delimiter : str, optional
        Overrules the guess: one character.
    limits : Limits, optional
        How much a file may hold.

    Returns
    -------
    Table

    Raises
    ------
    InputError
        When it cannot be read; the message says what was found, where, and what to do.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "reviews.csv").write_text("text;label\nGood, really;007\nSo so;008\n")
    >>> table = read(folder / "reviews.csv")
    >>> table.data.to_pylist()[0]
    {'text': 'Good, really', 'label': '007'}
    >>> table.notes
    ('Delimiter is semicolon.',)
    """
    limits, path = limits or Limits(), Path(path)
    if format is not None and format not in FORMATS:
        raise InputError(f"format={format!r} is not known; take one of {', '.join(FORMATS)}")
    if delimiter is not None and (len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n\0'):
        raise InputError(f"delimiter={delimiter!r} is not one ASCII character; take one such as ',' or ';'")
    if format == "images" or (format is None and _is_folder(path)):
        from labelwright.files.pictures import read_pictures

        return _table(read_pictures(path, limits=limits), path, "images")
    source = find(path, limits=limits)
    form = detect(source) if format is None else format
    if sheet is not None and form != "excel":
        raise InputError(f"sheet={sheet!r} is for Excel workbooks, and {path} is none; leave it out")
    if form == "parquet":
        from labelwright.files.columnar import read_parquet

        return _table(read_parquet(source), path, form)
    if form == "arrow":
        from labelwright.files.columnar import read_arrow

        return _table(read_arrow(source), path, form)
    if form == "excel":
        from labelwright.files.excel import read_excel

        return _table(read_excel(source, sheet=sheet), path, form)
    if form in ("csv", "tsv"):
        from labelwright.files.delimited import read_delimited

        return _table(
            read_delimited(source, delimiter=delimiter or ("\t" if form == "tsv" else None)), path, "csv"
        )
    from labelwright.files.jsonrows import read_json

    content = read_json(source, form=form if form in ("label-studio", "doccano") else None)
    return _table(content, path, "jsonl" if content.lines else "json")


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _table(content: Content, path: Path, form: str) -> Table:
    kind = "images" if form == "images" else content.kind
    return Table(content.data, path, kind, form, content.notes, content.delimiter, content.raw)
