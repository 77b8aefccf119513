"""Votes out of a table: one vote a row, or one column a source."""

from typing import Any, NamedTuple

import numpy as np

from labelwright import frames
from labelwright.errors import InputError
from labelwright.evidence import Votes
from labelwright.evidence.classes import class_array, ordered
from labelwright.files.words import ITEM, LABEL, SOURCE, rank

MOST_CLASSES = 1000


class Roles(NamedTuple):
    """What the columns of a table of votes are for.

    Attributes
    ----------
    item : str or None
        Which item a row is about; None where rows are the items.
    source, label : str or None
        Who said what, one vote a row; both None where each of `columns` is a source.
    columns : tuple of str
    note : str
        What was assumed.
    """

    item: str | None
    source: str | None
    label: str | None
    columns: tuple[str, ...] = ()
    note: str = ""


def as_votes(
    data: Any,
    *,
    item: str | None = None,
    source: str | None = None,
    label: str | None = None,
    classes: Any = None,
) -> tuple[Votes, str]:
    """Votes, and what was assumed about the columns, in a sentence.

    Parameters
    ----------
    data : Votes, frame, or array (n, a)
        A frame holds one vote a row (item, source, label), or one item a row and one column a source. An array of int
        holds codes, -1 where a source abstains; any other array class names, None where it does.
    item, source, label : str, optional
        Names of columns, guessed where not given.
    classes : sequence, optional
        All classes there are.

    Examples
    --------
    >>> import pyarrow as pa
    >>> wide = pa.table({"id": ["x", "y"], "ann": ["yes", "no"], "bob": ["yes", None]})
    >>> as_votes(wide)
    (Votes(n=2, sources=2, classes=2, votes=3), "one column a source: 'ann', 'bob'; items are called by 'id'")
    """
    if isinstance(data, Votes):
        return data, ""
    if not frames.is_frame(data):
        array = np.asarray(data)
        if array.dtype.kind in "iu" and classes is None:
            return Votes(array), ""
        return Votes.from_wide(np.asarray(data, dtype=object), classes), ""
    roles = guess(data, item, source, label)
    if roles.label is None:
        return _wide(data, roles, classes), roles.note
    assert roles.item is not None
    assert roles.source is not None
    (rows, items), (columns, sources), (said, names) = (
        _coded(data, name) for name in (roles.item, roles.source, roles.label)
    )
    lost = np.flatnonzero((rows < 0) | (columns < 0))
    if len(lost):
        raise InputError(
            f"{len(lost)} votes have no item ({roles.item!r}) or no source ({roles.source!r}), first: row {lost[0]}"
        )
    if classes is not None:
        said, names = _recoded(said, names, classes, roles.label)
    _check_classes(names, roles.label)
    return Votes.from_codes(rows, columns, said, items=items, sources=sources, classes=names), roles.note


def guess(data: Any, item: str | None, source: str | None, label: str | None) -> Roles:
    """Say what each column is for, from its name and then from what it holds.

    Raises
    ------
    InputError
        When a column named is not there, or nothing fits.
    """
    here = frames.names(data)
    for argument, name in (("item", item), ("source", source), ("label", label)):
        if name is not None and name not in here:
            raise InputError(
                f"{argument}={name!r} is not a column; the columns are {', '.join(map(repr, here))}"
            )
    if len(here) < 2:
        raise InputError(f"the table has {len(here)} column; votes need an item, a source and a label")
    left = [name for name in here if name not in (item, source, label)]
    given = (source is not None) + (label is not None)
    for_source = source or _best(left, SOURCE)
    left = [name for name in left if name != for_source]
    for_label = label or _best(left, LABEL)
    left = [name for name in left if name != for_label]
    for_item = item or _best(left, ITEM)
    if for_source and for_label and (for_item or given == 2 or len(here) == 3):
        for_item = for_item or (left[0] if left else None)
        if for_item is None:
            raise InputError("no column says which item a vote is about; name it with item")
        assumed = f"one vote a row: item {for_item!r}, source {for_source!r}, label {for_label!r}"
        return Roles(for_item, for_source, for_label, note="" if item and given == 2 else assumed)
    if given:
        missing = "source" if source is None else "label"
        raise InputError(f"no column looks like the {missing} of a vote; name it with {missing}")
    if len(here) == 3 and item is None and _repeats(data, here) and not _like_sources(data, here):
        return _by_content(data, here)
    for_item = item or _name_column(data, here)
    columns = tuple(name for name in here if name != for_item)
    called = f"items are called by {for_item!r}" if for_item else "rows are the items"
    shown = ", ".join(map(repr, columns[:5])) + (f" and {len(columns) - 5} more" if len(columns) > 5 else "")
    return Roles(for_item, None, None, columns, f"one column a source: {shown}; {called}")


def _best(names: list[str], words: tuple[str, ...]) -> str | None:
    ranked = sorted((rank(name, words), i) for i, name in enumerate(names))
    return names[ranked[0][1]] if ranked and ranked[0][0] < float("inf") else None


def _repeats(data: Any, names: list[str]) -> bool:
    """Whether every column of a table of three repeats itself, as items, sources and labels of votes do."""
    return all(len(found) <= 0.7 * len(codes) for codes, found in (_coded(data, name) for name in names))


def _like_sources(data: Any, names: list[str]) -> bool:
    """Whether columns give the same answers, as three sources do, and not items, sources and labels."""
    answers = [set(_coded(data, name)[1].tolist()) for name in names]
    return len(set().union(*answers)) <= 2 * min(map(len, answers))


def _by_content(data: Any, names: list[str]) -> Roles:
    """Most different values: items; fewest: labels; a source lies between."""
    label, source, item = sorted(names, key=lambda name: len(_coded(data, name)[1]))
    return Roles(item, source, label, note=f"one vote a row, by how many values differ: item {item!r}, "
                 f"source {source!r}, label {label!r}")  # fmt: skip


def _name_column(data: Any, names: list[str]) -> str | None:
    """A column that names the rows: called like one, or all different where the others share their values."""
    called = [name for name in names if rank(name, ITEM) < len(ITEM)]
    for name in [*called, names[0]]:
        codes, found = _coded(data, name)
        if len(found) == len(codes) and (codes >= 0).all():
            rest = [_coded(data, other)[1] for other in names if other != name][:5]
            if name in called or not any(set(found.tolist()) & set(values.tolist()) for values in rest):
                return name
    return None


def _wide(data: Any, roles: Roles, classes: Any) -> Votes:
    coded = [_coded(data, name) for name in roles.columns]
    names = class_array(ordered({v for _, found in coded for v in found.tolist()}))
    place = {name: i for i, name in enumerate(names.tolist())}
    table = np.full((len(coded[0][0]), len(coded)), -1, dtype=np.intp)
    for j, (codes, found) in enumerate(coded):
        where = np.array([place[v] for v in found.tolist()] + [-1], dtype=np.intp)
        table[:, j] = where[codes]
    if classes is not None:
        flat, names = _recoded(table.ravel(), names, classes, "a source")
        table = flat.reshape(table.shape)
    _check_classes(names, "the sources")
    item, source = np.nonzero(table >= 0)
    items = np.arange(len(table)) if roles.item is None else frames.column(data, roles.item)
    return Votes.from_codes(
        item, source, table[item, source],
        items=class_array(items.tolist()), sources=np.array(roles.columns), classes=names,
    )  # fmt: skip


def _recoded(codes: np.ndarray, names: np.ndarray, classes: Any, where: str) -> tuple[np.ndarray, np.ndarray]:
    wanted = class_array(list(classes))
    place = {name: i for i, name in enumerate(wanted.tolist())}
    strange = [name for name in names.tolist() if name not in place]
    if strange:
        raise InputError(f"{where} says {strange[0]!r}, which is not among the classes {wanted.tolist()}")
    return np.array([place[name] for name in names.tolist()] + [-1], dtype=np.intp)[codes], wanted


def _check_classes(names: np.ndarray, where: str) -> None:
    if len(names) > MOST_CLASSES:
        kind = "numbers" if names.dtype.kind == "f" else "answers"
        raise InputError(
            f"{where} hold {len(names):,} different {kind}, too many for classes; for numbers, rankings and free text "
            "take UniversalLabelModel"
        )


def _coded(data: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Codes (n,), -1 where missing, and sorted names of one column, by Arrow's hashing where it can."""
    import narwhals as nw
    import pyarrow as pa

    column = nw.from_native(data).lazy().select(name).collect()[name].to_arrow()
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_floating(column.type):
        column = pa.array(column.to_numpy(zero_copy_only=False), from_pandas=True)
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    found = column.dictionary.to_pylist()
    names = class_array(ordered({v for v in found if v is not None}))
    place = {v: i for i, v in enumerate(names.tolist())}
    where = np.array([-1 if v is None else place[v] for v in found] + [-1], dtype=np.intp)
    return where[column.indices.fill_null(len(found)).to_numpy(zero_copy_only=False)], names
