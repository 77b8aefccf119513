"""Votes and true labels out of the table of a file: what its columns are for, cells as text, what is silence."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from labelwright import files
from labelwright.combine.table import MOST_CLASSES, Roles, guess
from labelwright.errors import InputError
from labelwright.evidence import Votes
from labelwright.files.words import ITEM, LABEL, SOURCE, plain, rank

TRUTH = {"gold", "truth", "goldlabel", "truelabel", "groundtruth", "truevalue", "trueclass", "goldstandard"}
SILENT = {"abstain", "abstained", "abstention"}  # in any case
ASKS = {
    "na",
    "n/a",
    "nan",
    "null",
    "none",
    "-",
    "?",
    "skip",
    "unknown",
}  # silence or class: the user has to say
STRANGE = 3  # different answers of a column, hardly one of which another column gives: no source
TABLE = 250_000_000  # sources x classes x classes: 2 GB


class Told(NamedTuple):
    """What a file says.

    Attributes
    ----------
    votes : Votes
        Items and sources in the order of the file; classes sorted, by value where they are numbers; names are text.
    roles : Roles
    gold : (array, array) or None
        Item and true label of the rows of a column of true labels, as text, None where there is none.
    notes : tuple of str
    """

    votes: Votes
    roles: Roles
    gold: tuple[np.ndarray, np.ndarray] | None
    notes: tuple[str, ...]


class Coded(NamedTuple):
    """A column: codes (n,), -1 where the cell is empty, and the different texts in the order of the file."""

    codes: np.ndarray
    names: np.ndarray


def votes_of(
    table: files.Table,
    *,
    item: str | None = None,
    source: str | None = None,
    label: str | None = None,
    abstain: str | None = None,
) -> Told:
    """Read votes, one a row or one source a column.

    Parameters
    ----------
    table : files.Table
    item, label : str, optional
        Names of columns; guessed where not given.
    source : str, optional
        The column that says who voted; or several, separated by commas, that are a source each.
    abstain : str, optional
        What a cell says where the source says nothing; empty cells always do. By default "abstain", and -1 beside
        classes that count from 0.

    Raises
    ------
    InputError
        When columns are not there or cannot be guessed, or hold too many different answers.
    """
    roles, aside, notes = _roles(table, item, source, label)
    if roles.label is None:
        rows, items = _rows(table, roles.item)
        parts = [coded(table.column(name)) for name in roles.columns]
        if source is None:
            parts, roles, dropped = _sources_only(roles, parts, table.path.name)
            notes += dropped
        if len(parts) == 1 and len(items) < len(rows):
            raise InputError(
                f"no column of {table.path.name} says who voted, though {roles.columns[0]!r} says several things about "
                "an item; name the column with source, or leave out rows"
            )
        sources = _names(roles.columns)
        names, place = _classes([part.names for part in parts])
        lengths = np.concatenate([np.flatnonzero(part.codes >= 0) for part in parts])
        who = np.repeat(np.arange(len(parts)), [int((part.codes >= 0).sum()) for part in parts])
        said = np.concatenate([where[part.codes[part.codes >= 0]] for part, where in zip(parts, place)])
        cells = (rows[lengths], who, said)
    else:
        assert roles.item is not None
        assert roles.source is not None
        (rows, items), (who, sources) = (coded(table.column(name)) for name in (roles.item, roles.source))
        answers = coded(table.column(roles.label))
        names, place = _classes([answers.names])
        cells = (rows, who, place[0][answers.codes])
        notes += _nameless(rows, who, answers.codes, roles)
        kept = (rows >= 0) & (who >= 0) & (answers.codes >= 0)
        if not kept.all():
            cells = tuple(column[kept] for column in cells)  # type: ignore[assignment]
    said, classes, silence = _silenced(cells[2], names, abstain)
    _refuse(table, classes, len(sources), notes)
    told = Votes.from_codes(cells[0], cells[1], said, items=items, sources=sources, classes=classes)
    gold = None
    if aside is not None:
        truth = coded(table.column(aside))
        gold = (items[rows], _texts(truth))
        notes.append(f"column {aside!r} was taken for the true labels, not for a vote")
    return Told(told, roles, gold, tuple(note for note in (roles.note, *notes, *silence) if note))


def gold_of(table: files.Table, roles: Roles, items: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Items and true labels of a file of them, as text: its columns are called as in the votes, or guessed.

    Raises
    ------
    InputError
        When it has one column only, and not one row an item.
    """
    here = list(table.columns)
    if len(here) == 1:
        if len(table) == len(items):
            return items, _texts(coded(table.column(here[0])))
        raise InputError(
            f"{table.path} has one column and {len(table):,} rows for {len(items):,} items; "
            "it needs the item and its true label"
        )
    item = roles.item if roles.item in here else min(here, key=lambda name: rank(name, ITEM))
    left = [name for name in here if name != item]
    named = [name for name in left if plain(name) in TRUTH] or [name for name in left if name == roles.label]
    label = named[0] if named else min(left, key=lambda name: rank(name, LABEL))
    return _texts(coded(table.column(item))), _texts(coded(table.column(label)))


def coded(column: Any) -> Coded:
    """Codes and texts of an Arrow column; blanks around cells are no part of them.

    Examples
    --------
    >>> import pyarrow as pa
    >>> found = coded(pa.chunked_array([["b", " a", None], ["a", ""]]))
    >>> found.codes.tolist(), found.names.tolist()
    ([0, 1, -1, 1, -1], ['b', 'a'])
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_nested(column.type):
        raise InputError("a cell holds a list; votes name one class each")
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    column = column.unify_dictionaries().combine_chunks()
    if isinstance(column, pa.ChunkedArray):  # none or one, by the version of Arrow
        column = column.chunk(0) if column.num_chunks else pa.array([], pa.string()).dictionary_encode()
    texts = pc.utf8_trim_whitespace(column.dictionary.cast(pa.string())).to_pylist()
    place: dict[str, int] = {}
    where = np.array([place.setdefault(t, len(place)) if t else -1 for t in texts] + [-1], dtype=np.intp)
    codes = where[column.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False)]
    return Coded(codes, _names(place))


def _texts(column: Coded) -> np.ndarray:
    return _names([*column.names.tolist(), None])[column.codes]


def _names(names: Iterable[str | None]) -> np.ndarray:
    """Names as objects: one long one does not make all of them long."""
    names = list(names)
    array = np.empty(len(names), dtype=object)
    array[:] = names
    return array


def _roles(
    table: files.Table, item: str | None, source: str | None, label: str | None
) -> tuple[Roles, str | None, list[str]]:
    """What columns are for, the column of true labels if there is one, and what else was assumed."""
    here = list(table.columns)
    several = [name.strip() for name in source.split(",")] if source and source not in here else []
    given = (item, label, *(several or [source or ""]))
    lost = [name for name in given if name and name not in here]
    if lost:
        raise InputError(
            f"{table.path.name} has no column {lost[0]!r}; it has {', '.join(map(repr, here[:20]))}"
        )
    aside = next(
        (name for name in here if plain(name) in TRUTH and name not in (item, source, label, *several)), None
    )
    if several:
        if label is not None:
            raise InputError(
                "source names several columns, each with the votes of one, so there is no column label"
            )
        item = item or next(
            (name for name in here if rank(name, ITEM) < len(ITEM) and name not in several), None
        )
        if item is None and here[0] not in (*several, aside) and _all_different(table, here[0]):
            item = here[0]
        return _wide(item, several), aside, []
    frame = table.data.drop_columns([aside]) if aside is not None and len(here) > 3 else table.data
    try:
        roles = guess(frame, item, source, label)
        if item is source is label is None:
            roles = _repaired(table, roles, frame.column_names)
        return roles, aside if frame is not table.data else None, []
    except InputError:
        if frame is table.data:
            raise
        return guess(table.data, item, source, label), None, []


def _repaired(table: files.Table, roles: Roles, names: Sequence[str]) -> Roles:
    """Roles without two guesses that cannot be.

    Three columns with the same answers are three sources, whatever their numbers look like; and a column called like an
    item that repeats itself names items and votes for nothing.
    """
    if roles.label is not None and roles.source is not None:
        by_name = rank(roles.source, SOURCE) < float("inf") and rank(roles.label, LABEL) < float("inf")
        answers = [set(coded(table.column(name)).names.tolist()) for name in names] if not by_name else []
        alike = answers and len(set().union(*answers)) <= 2 * min(map(len, answers))
        return _wide(None, names) if alike else roles
    called = next((name for name in roles.columns if rank(name, ITEM) < len(ITEM)), None)
    if roles.item is not None or called is None or len(roles.columns) < 2:
        return roles
    own, *others = (
        set(coded(table.column(name)).names.tolist())
        for name in (called, *(name for name in roles.columns if name != called))
    )
    return roles if own & set().union(*others) else _wide(called, [n for n in roles.columns if n != called])


def _wide(item: str | None, columns: Sequence[str]) -> Roles:
    shown = ", ".join(map(repr, columns[:5])) + (f" and {len(columns) - 5} more" if len(columns) > 5 else "")
    called = f"items are called by {item!r}" if item else "rows are the items"
    return Roles(item, None, None, tuple(columns), f"one column a source: {shown}; {called}")


def _all_different(table: files.Table, name: str) -> bool:
    found = coded(table.column(name))
    return len(found.names) == len(found.codes) and bool((found.codes >= 0).all())


def _rows(table: files.Table, item: str | None) -> Coded:
    if item is None:
        return Coded(np.arange(len(table)), np.arange(len(table)))
    found = coded(table.column(item))
    if (found.codes < 0).any():
        row = int(np.flatnonzero(found.codes < 0)[0])
        raise InputError(
            f"column {item!r} names no item in row {row}; fill it in, or name another column with item"
        )
    return found


def _sources_only(roles: Roles, parts: list[Coded], file: str) -> tuple[list[Coded], Roles, list[str]]:
    """Without columns that nobody's votes can be: empty ones, and those whose answers no other column gives."""
    heard: dict[str, int] = {}
    for part in parts:
        for name in part.names.tolist():
            heard[name] = heard.get(name, 0) + 1
    kept, notes = [], []
    for name, part in zip(roles.columns, parts):
        own = sum(heard[answer] == 1 for answer in part.names.tolist())
        if not len(part.names):
            notes.append(f"column {name!r} is empty; it was left out")
        elif len(parts) > 2 and len(part.names) >= STRANGE and own > 0.9 * len(part.names):
            notes.append(
                f"column {name!r} was taken for no source: no other column gives its {len(part.names):,} answers; "
                "name the columns of the sources with source if it is one"
            )
        else:
            kept.append((name, part))
    if not kept:
        if any("empty" not in note for note in notes):
            raise InputError(
                f"no column of {file} looks like votes: they share no answers; name the columns with item, "
                "source and label"
            )
        raise InputError(f"all votes of {file} are empty; nobody said anything about any item")
    if not notes:
        return parts, roles, []
    return [part for _, part in kept], _wide(roles.item, [name for name, _ in kept]), notes


def _classes(columns: Sequence[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
    """All names in order, and for each column where its names stand among them (-1 last, for a missing one)."""
    names = _in_order({name for column in columns for name in column.tolist()})
    place = {name: i for i, name in enumerate(names)}
    where = [np.array([place[name] for name in column.tolist()] + [-1], dtype=np.intp) for column in columns]
    return _names(names), where


def _in_order(names: Iterable[str]) -> list[str]:
    """Numbers by value, everything else by text."""
    try:
        return sorted(names, key=lambda name: (float(name), name))
    except ValueError:
        return sorted(names)


def _nameless(rows: np.ndarray, who: np.ndarray, said: np.ndarray, roles: Roles) -> list[str]:
    lost = np.flatnonzero(((rows < 0) | (who < 0)) & (said >= 0))
    if not len(lost):
        return []
    if len(lost) == (said >= 0).sum():
        raise InputError(f"no vote has both an item ({roles.item!r}) and a source ({roles.source!r})")
    have = "vote has" if len(lost) == 1 else "votes have"
    left = "was" if len(lost) == 1 else "were"
    return [f"{len(lost):,} {have} no item or no source (first: row {lost[0]}) and {left} left out"]


def _silenced(
    said: np.ndarray, names: np.ndarray, abstain: str | None
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Codes without what stands for silence, the classes left, and what was assumed."""
    here = names.tolist()
    if abstain is not None:
        silent, notes = [name for name in here if name == abstain.strip()], []
        if abstain.strip() and not silent:
            notes.append(f"no vote says {abstain!r}, so nobody abstains by it")
    else:
        silent = [name for name in here if name.lower() in SILENT]
        if (
            "-1" in here
            and "0" in here
            and all(name.lstrip("-").isdigit() and int(name) >= -1 for name in here)
        ):
            silent.append("-1")
        notes = [f"{name!r} was taken for silence, not for a class; overrule with abstain" for name in silent]
        doubtful = [
            name for name in here if name.lower() in ASKS or (name in ("-1", "-1.0") and name not in silent)
        ]
        notes += [
            f"{name!r} was taken for a class; if it means silence, say so with abstain" for name in doubtful
        ]
    if not silent:
        return said, names, notes
    kept = np.array([name not in silent for name in here])
    where = np.append(np.where(kept, np.cumsum(kept) - 1, -1), -1)
    return where[said], names[kept], notes


def _refuse(table: files.Table, classes: np.ndarray, a: int, notes: Sequence[str]) -> None:
    k, file = len(classes), table.path.name
    if not k:
        raise InputError(
            f"nobody says anything in {file}: all votes are empty" + (f" ({notes[-1]})" if notes else "")
        )
    if k == 1:
        raise InputError(f"all votes of {file} say {classes[0]!r}; there is nothing to decide")
    if k > MOST_CLASSES:
        raise InputError(
            f"the votes of {file} hold {k:,} different answers, too many for classes; if the wrong column was taken, "
            "name the right ones with item, source and label"
        )
    if a * k * k > TABLE:
        raise InputError(
            f"{a:,} sources with {k:,} classes have confusions of {8 * a * k * k / 1e9:.0f} GB; "
            "merge rare classes, or leave out sources with few votes"
        )
