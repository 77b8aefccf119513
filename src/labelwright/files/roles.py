"""What each column of a table is for: label, text, features, picture, source, item."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from labelwright.errors import InputError
from labelwright.files.columns import look_at
from labelwright.files.guesses import guess_features, guess_label, guess_sources, guess_text
from labelwright.files.labels import check_labels, split
from labelwright.files.table import Table
from labelwright.files.words import IMAGE, rank

NOTHING_TO_LEARN = (
    "No column to learn from was found; give one with --text, --features or --image, or give --probs."
)


@dataclass(frozen=True)
class Roles:
    """The part each column plays.

    Attributes
    ----------
    label : str
    text : tuple of str
        Columns to join, usually one; empty if there is no text.
    features : tuple of str
    image : str or None
        Column of file names, meant relative to `Table.base`.
    source : str or None
        Who gave the label, where items are labelled more than once.
    item : str or None
        Which rows are about the same item.
    separator : str or None
        Between the labels of one cell.
    several : bool
        Whether one row may have several labels: the column holds lists, or a separator was given.
    notes : tuple of str
        What was assumed and how to overrule it.
    """

    label: str
    text: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    image: str | None = None
    source: str | None = None
    item: str | None = None
    separator: str | None = None
    several: bool = False
    notes: tuple[str, ...] = ()

    def labels(self, table: Table) -> np.ndarray:
        """Labels of the rows (n,) without blanks around them: text or None; a tuple where a row may have several."""
        cells = table.text(self.label)
        if self.several:
            return split(cells, self.separator)
        cells[:] = [cell.strip() or None if isinstance(cell, str) else cell for cell in cells]
        return cells

    def texts(self, table: Table) -> np.ndarray:
        """Text columns joined by a blank line (n,); empty text where all are missing."""
        columns = [table.text(name) for name in self.text]
        out = np.empty(len(table), dtype=object)
        for i, cells in enumerate(zip(*columns, strict=True)):
            out[i] = "\n\n".join(c if isinstance(c, str) else " ".join(c) for c in cells if c)
        return out


def roles(
    table: Table,
    *,
    label: str | None = None,
    text: str | Sequence[str] | None = None,
    features: str | Sequence[str] | None = None,
    image: str | None = None,
    source: str | None = None,
    item: str | None = None,
    multi_label: str | None = None,
) -> Roles:
    """Guess what each column is for, and say what was assumed; every guess can be overruled.

    The label is found by its name. The text is the text column that is longest on average. Pictures are file
    names
    that exist beside the table. Without text and pictures, all other columns are features, except those that
    only
    number the rows, never change, or say the same as the label. A source is looked for only where items
    repeat.

    Parameters
    ----------
    table : Table
    label, image, source, item : str, optional
        Column names.
    text, features : str or sequence of str, optional
        Column names; one string may list several with commas.
    multi_label : str, optional
        What separates several labels in one cell, such as ``"|"``.

    Returns
    -------
    Roles

    Raises
    ------
    InputError
        When a column does not exist, no label can be guessed, or the label cannot be one: all missing, one
        class only, or as many values as an id has.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from pathlib import Path
    >>> rows = {"review": ["What a film, really"] * 4, "sentiment": ["pos", "neg", "pos", "neg"]}
    >>> found = roles(Table(pa.table(rows), Path("reviews.csv")))
    >>> found.label, found.text
    ('sentiment', ('review',))
    >>> found.notes[0]
    "Took column 'sentiment' as the label (2 different values in 4 rows); overrule with --label."
    """
    given = {"label": label, "image": image, "source": source, "item": item}
    for argument, name in given.items():
        if name is not None:
            _exists(table, name, argument)
    texts, chosen = _several(table, text, "text"), _several(table, features, "features")
    if label is not None:
        _only_label(label, {**given, "text": texts, "features": chosen})
    looks = {name: look_at(table, name) for name in table.columns}
    notes: list[str] = []
    if label is None:
        label = guess_label(table, looks, taken={image, source, item, *(texts or ()), *(chosen or ())})
    several, n = check_labels(table, label, multi_label, notes)
    if given["label"] is None:
        notes.insert(
            0,
            f"Took column {label!r} as the label ({n:,} different values in {len(table):,} rows); "
            "overrule with --label.",
        )
    free = [
        name
        for name in table.columns
        if name not in {label, image, source, item, *(texts or ()), *(chosen or ())}
    ]
    if image is None and texts is None and chosen is None:
        image = next((name for name in sorted(free, key=lambda c: rank(c, IMAGE)) if looks[name].files), None)
        if image is not None:
            notes.append(f"Took column {image!r} as file names of pictures; overrule with --image or --text.")
            free.remove(image)
    if texts is None:
        texts = ()
        if image is None and chosen is None:
            texts = guess_text(table, looks, free, notes)
            free = [name for name in free if name not in texts]
    source, item = guess_sources(table, looks, source, item, (image, *texts), free, notes)
    if chosen is None:
        chosen = guess_features(
            table, looks, label, [c for c in free if c not in (source, item)], bool(texts or image), notes
        )
    if not (texts or image or chosen):
        notes.append(NOTHING_TO_LEARN)
    return Roles(label, tuple(texts), tuple(chosen), image, source, item, multi_label, several, tuple(notes))


def _exists(table: Table, name: str, argument: str) -> None:
    if name in table.columns:
        return
    folded = {c.casefold(): c for c in table.columns}
    close = difflib.get_close_matches(name.casefold(), folded, n=1)
    hint = f" (did you mean {folded[close[0]]!r}?)" if close else ""
    shown = ", ".join(map(repr, table.columns[:20])) + (", ..." if len(table.columns) > 20 else "")
    raise InputError(f"{argument}={name!r} is not a column of {table.path}{hint}; the columns are {shown}")


def _only_label(label: str, others: Mapping[str, str | Sequence[str] | None]) -> None:
    """What is learned from must not be what is judged."""
    for argument, names in others.items():
        if (
            argument != "label"
            and names is not None
            and label in ((names,) if isinstance(names, str) else names)
        ):
            raise InputError(
                f"{argument}={label!r} is the label column too, and a label cannot be judged by itself; "
                "give another column"
            )


def _several(table: Table, names: str | Sequence[str] | None, argument: str) -> tuple[str, ...] | None:
    if names is None:
        return None
    if isinstance(names, str):
        names = [names] if names in table.columns else [n.strip() for n in names.split(",") if n.strip()]
    for name in names:
        _exists(table, name, argument)
    return tuple(dict.fromkeys(names))
