"""The first line of a table: delimiter and column names."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock

from labelwright.errors import InputError
from labelwright.files.limits import Limits

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
FORGOTTEN = "The first line looks like data; it was taken as the header. Add one if it is missing."
NO_DELIMITER = "\x1f"  # for one column: a character no text has, so that commas in a sentence stay
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
_lock = RLock()


@dataclass(frozen=True)
class Names:
    """Column names ready for use.

    Attributes
    ----------
    names : tuple of str
        Unique and not empty.
    invented : tuple of int
        Positions at the end of the line that had no name; such a column may only be empty.
    notes : tuple of str
        What was assumed.
    """

    names: tuple[str, ...]
    invented: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


@contextmanager
def long_fields(most: int) -> Iterator[None]:
    """Let the csv module read fields of up to `most` bytes; its own limit is for the whole process."""
    with _lock:
        before = csv.field_size_limit(min(most, 2**31 - 1))
        try:
            yield
        finally:
            csv.field_size_limit(before)


def guess_delimiter(head: str, *, whole: bool, suffix: str = "") -> str:
    r"""Find the delimiter under which the most records are as wide as the header.

    Parameters
    ----------
    head : str
        Beginning of the file.
    whole : bool
        Whether `head` is the whole file; otherwise its last record may be cut and is not looked at.
    suffix : str
        ``".tsv"`` breaks a tie.

    Examples
    --------
    >>> guess_delimiter("text;label\nGood, really;pos\nBad, sorry;neg\n", whole=True)
    ';'
    >>> guess_delimiter("text\nGood, really\n", whole=True) == NO_DELIMITER
    True
    """
    found: list[tuple[float, int, str]] = []
    for rank, mark in enumerate("\t,;|" if suffix in (".tsv", ".tab") else ",;\t|"):
        records = first_records(head, mark, whole=whole)
        if records and len(records[0]) > 1:
            share = sum(len(r) == len(records[0]) for r in records) / len(records)
            found.append((share, -rank, mark))
    return max(found)[2] if found else NO_DELIMITER


def first_records(head: str, delimiter: str, *, whole: bool, most: int = 1000) -> list[list[str]]:
    """Up to `most` non-blank records of `head`."""
    records: list[list[str]] = []
    with long_fields(len(head) + 1):
        rows = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
        ended = False
        while len(records) < most and not ended:
            row = next(rows, None)
            ended = row is None
            if row and any(cell.strip() for cell in row):
                records.append(row)
    return records[:-1] if ended and not whole else records


def is_number(cell: str) -> bool:
    """Whether `cell` is a number and nothing else.

    Examples
    --------
    >>> is_number("-1.5e3"), is_number("1a")
    (True, False)
    """
    return _NUMBER.fullmatch(cell) is not None


def check_names(path: Path, cells: Sequence[str], *, limits: Limits, line: str = "the first line") -> Names:
    """Turn the cells of a header into unique names.

    The nameless first column that pandas writes becomes ``index``. Names are stripped of surrounding space.

    Raises
    ------
    InputError
        When the line is no header: numbers only, names twice, no names, too many columns.
    """
    names = [cell.strip() for cell in cells]
    if len(names) > limits.columns:
        raise InputError(
            f"{path}: {len(names):,} columns, and the limit is {limits.columns:,}; "
            "check the delimiter, or raise Limits(columns=...)"
        )
    if all(is_number(name) for name in names):
        shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        raise InputError(
            f"{path} has no header: {line} holds only numbers ({shown}); add a line with column names"
        )
    invented = tuple(j for j, name in enumerate(names) if not name)
    notes = []
    if invented and invented[0] == 0 and len(names) > 1:
        names[0] = "index" if "index" not in names else "index_0"
        notes.append(f"The first column has no name; called it {names[0]!r}.")
        invented = invented[1:]
    if invented and invented != tuple(range(len(names) - len(invented), len(names))):
        raise InputError(f"{path}: column {invented[0] + 1} has no name in {line}; give it one")
    for j in invented:
        names[j] = f"column {j + 1}"
    twice = [name for name, n in Counter(names).items() if n > 1]
    if twice:
        at = [str(j + 1) for j, name in enumerate(names) if name == twice[0]]
        raise InputError(
            f"{path}: {line} names {twice[0]!r} more than once (columns {', '.join(at)}); rename all but one"
        )
    return Names(tuple(names), invented, tuple(notes))


def looks_like_data(records: Sequence[Sequence[str]]) -> bool:
    """Whether the first record repeats values found below it, as it does where a header was forgotten.

    Examples
    --------
    >>> looks_like_data([["Good film", "pos"], ["Bad film", "neg"], ["Fine", "pos"], ["Well", "pos"]])
    True
    """
    if len(records) < 4:
        return False
    first, rest = list(records[0]), [r for r in records[1:] if list(r) != list(records[0])]
    return any(cell and sum(len(r) > j and r[j] == cell for r in rest) >= 2 for j, cell in enumerate(first))
