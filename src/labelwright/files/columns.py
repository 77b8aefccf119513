"""A short look at one column: what it holds and how varied it is."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from labelwright.errors import InputError
from labelwright.files.pictures import SUFFIXES, picture_paths
from labelwright.files.table import Table

_SAMPLE = 10_000


@dataclass(frozen=True)
class Look:
    """What a column holds.

    Attributes
    ----------
    distinct, filled : int
        Different values, and cells that are not missing.
    mean_length, mean_spaces : float
        Characters and spaces of a text cell, over the first rows.
    files : bool
        Whether the first cells are names of pictures that exist beside the table.
    nested : bool
        Whether cells are lists or objects.
    """

    rows: int
    distinct: int
    filled: int
    number: bool = False
    whole_number: bool = False
    text: bool = False
    nested: bool = False
    mean_length: float = 0.0
    mean_spaces: float = 0.0
    files: bool = False

    @property
    def prose(self) -> bool:
        """Whether it reads like text to learn from, not like a name or a class."""
        return (
            self.text
            and (self.mean_length > 15 or self.mean_spaces > 2)
            and self.distinct > min(20, 0.2 * self.filled)
        )

    @property
    def may_be_label(self) -> bool:
        """Whether it has as few different values as classes have."""
        if self.nested:
            return True
        return 2 <= self.distinct <= max(2, min(1000, self.filled / 2)) and not (
            self.number and not self.whole_number
        )


def look_at(table: Table, name: str) -> Look:
    """Look at one column.

    Examples
    --------
    >>> from pathlib import Path
    >>> look = look_at(Table(pa.table({"x": ["a", "b", "a", None]}), Path("t.csv")), "x")
    >>> look.distinct, look.filled, look.text, look.prose
    (2, 3, True, False)
    """
    column = table.data[name]
    kind, rows = column.type, len(column)
    filled = rows - column.null_count
    if pa.types.is_nested(kind):
        return Look(rows, 0, filled, nested=True)
    distinct = pc.count_distinct(column).as_py()
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        whole = pa.types.is_integer(kind) or (filled > 0 and bool(_whole(column)))
        return Look(rows, distinct, filled, number=True, whole_number=whole)
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return Look(rows, distinct, filled)
    sample = column.slice(0, _SAMPLE).drop_null()
    length = pc.mean(pc.utf8_length(sample)).as_py() or 0.0
    spaces = pc.mean(pc.count_substring(sample, " ")).as_py() or 0.0
    return Look(
        rows,
        distinct,
        filled,
        text=True,
        mean_length=length,
        mean_spaces=spaces,
        files=_are_files(sample, table),
    )


def _whole(column: pa.ChunkedArray) -> bool:
    values = column.slice(0, _SAMPLE).drop_null().to_numpy()
    finite = values[np.isfinite(values)]
    return bool((finite == np.rint(finite)).all())


def _are_files(sample: pa.ChunkedArray, table: Table) -> bool:
    names = sample.slice(0, 20).to_pylist()
    if not names or not all(str(name).lower().endswith(SUFFIXES) for name in names):
        return False
    try:
        return all(path is not None and path.is_file() for path in picture_paths(names, table.base))
    except (InputError, OSError):
        return False
