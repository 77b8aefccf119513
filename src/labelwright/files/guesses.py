"""Guess which column is the label, the text, the source, and which are worth learning from."""

import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from labelwright.errors import InputError
from labelwright.files.columns import Look
from labelwright.files.header import FORGOTTEN
from labelwright.files.table import Table
from labelwright.files.words import IDS, ITEM, LABEL, SOURCE, rank

_DATE = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}\b")


def guess_label(table: Table, looks: dict[str, Look], taken: set[str | None]) -> str:
    """Find the label by name, or take the only text column with classes."""
    free = [name for name in table.columns if name not in taken]
    named = sorted(
        (rank(name, LABEL), i, name) for i, name in enumerate(free) if rank(name, LABEL) < float("inf")
    )
    # Among names that fit, one that looks like a label goes first; another still gets the clear error.
    good = [name for _, _, name in named if looks[name].may_be_label] or [
        name for _, _, name in named if named[0][0] < 1000
    ]
    if good:
        return good[0]
    # Text with few values looks most like a label, numbers with few values next; names of people never.
    maybe = sorted(
        (
            name
            for name in free
            if looks[name].may_be_label and min(rank(name, SOURCE), rank(name, IDS)) > 999
        ),
        key=lambda name: (not looks[name].text, looks[name].distinct),
    )
    text = [name for name in maybe if looks[name].text and not (looks[name].prose or _dates(table, name))]
    if len(text) == 1 and FORGOTTEN not in table.notes:
        return text[0]
    maybe = [*text, *(name for name in maybe if name not in text)]
    shown = ", ".join(f"{name!r} ({looks[name].distinct:,} values)" for name in maybe[:10]) or ", ".join(
        map(repr, free[:10])
    )
    if FORGOTTEN in table.notes:
        raise InputError(
            f"{table.path} seems to have no header: its first line looks like data; add a line with column names, or "
            f"say with --label which of these is the label: {shown}"
        )
    raise InputError(
        f"{table.path}: no column is called like a label; give it with --label, perhaps one of {shown}"
    )


def _dates(table: Table, name: str) -> bool:
    """Whether the first cells of a text column are days or times."""
    cells = [cell for cell in table.data[name].slice(0, 100).to_pylist() if cell]
    return bool(cells) and all(_DATE.match(cell.strip()) for cell in cells)


def guess_text(table: Table, looks: dict[str, Look], free: list[str], notes: list[str]) -> tuple[str, ...]:
    """Take the text column that is longest on average."""
    prose = sorted(
        (-looks[name].mean_length, name) for name in free if looks[name].prose and not _dates(table, name)
    )
    if not prose:
        return ()
    taken, others = prose[0][1], [name for _, name in prose[1:]]
    more = f" Other text columns: {', '.join(map(repr, others[:5]))}." if others else ""
    notes.append(
        f"Took column {taken!r} as the text ({looks[taken].mean_length:.0f} characters on average); "
        f"overrule with --text.{more}"
    )
    return (taken,)


def guess_sources(
    table: Table,
    looks: dict[str, Look],
    source: str | None,
    item: str | None,
    content: tuple[str | None, ...],
    free: list[str],
    notes: list[str],
) -> tuple[str | None, str | None]:
    """Who labelled what, where items come more than once."""
    known = source is not None
    if source is None:
        named = sorted(
            (rank(c, SOURCE), c)
            for c in free
            if rank(c, SOURCE) < 1000 and 1 < looks[c].distinct < len(table)
        )
        if not named:
            return None, item
        source = named[0][1]
    if item is None:
        named = sorted((rank(c, ITEM), c) for c in free if c != source and rank(c, ITEM) < 1000)
        repeated = [c for _, c in named if looks[c].distinct < looks[c].filled]
        item = next(
            iter([*repeated, *(c for c in content if c and looks[c].distinct < looks[c].filled)]), None
        )
    if item is None:
        return (source if known else None), None
    if not known:
        per = len(table) / max(1, looks[item].distinct)
        notes.append(
            f"Items come {per:.1f} times on average: took {item!r} as the item and {source!r} as who "
            "labelled it; "
            "overrule with --item and --source."
        )
    return source, item


def guess_features(
    table: Table, looks: dict[str, Look], label: str, free: list[str], other: bool, notes: list[str]
) -> tuple[str, ...]:
    """Columns worth learning from; with text or pictures, none unless asked for."""
    left_out: dict[str, list[str]] = {}
    good = []
    for name in free:
        look = looks[name]
        reason = None
        if look.distinct <= 1 and look.filled == len(table):
            reason = "never change"
        elif not look.filled:
            reason = "are empty"
        elif rank(name, IDS) < 1000 and (look.distinct > 0.5 * look.filled or not look.number):
            reason = "number or name the rows"
        elif rank(name, SOURCE) < 1000 and not look.number:
            reason = "say who labelled"
        elif look.distinct == look.filled >= 20 and (look.whole_number or look.text):
            reason = "number or name the rows"
        elif look.nested:
            reason = "hold lists or objects"
        elif _repeats(table, name, label):
            reason = "say the same as the label"
        if reason:
            left_out.setdefault(reason, []).append(name)
        else:
            good.append(name)
    if other:
        if good:
            notes.append(f"Columns not used: {_shown(good)}; use them with --features.")
        return ()
    for reason, names in left_out.items():
        notes.append(f"Left out columns that {reason}: {_shown(names)}; use them with --features.")
    return tuple(good)


def _repeats(table: Table, name: str, label: str) -> bool:
    """Whether a column and the label determine each other, as `label` and `label_text` do."""
    a, b = table.data[name], table.data[label]
    if any(pa.types.is_nested(c.type) for c in (a, b)):
        return False
    n = pc.count_distinct(b).as_py()
    if pc.count_distinct(a).as_py() != n:
        return False
    return bool(pa.table({"a": a, "b": b}).drop_null().group_by(["a", "b"]).aggregate([]).num_rows == n)


def _shown(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:8])) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
