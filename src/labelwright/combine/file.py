"""Combine the votes of a file: read it, find out what its columns are, leave labels, sources and a report."""

from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from labelwright import files
from labelwright.combine import read
from labelwright.combine.everyday import votes
from labelwright.combine.majority import MajorityVote
from labelwright.combine.result import Combined, Scored
from labelwright.combine.save import save
from labelwright.errors import InputError
from labelwright.evidence import Votes
from labelwright.parts.shares import wilson
from labelwright.report.text import clause


def file(
    path: str | PathLike[str],
    *,
    item: str | None = None,
    source: str | None = None,
    label: str | None = None,
    abstain: str | None = None,
    gold: str | PathLike[str] | None = None,
    sheet: str | None = None,
    out: str | PathLike[str] | None = None,
    **options: Any,
) -> Combined:
    r"""Combine the votes of a file and, with `out`, write the report and the tables.

    Parameters
    ----------
    path : path
        CSV, TSV, Parquet, JSON lines, Arrow or Excel: one vote a row (item, source, label), or one item a row and one
        column a source. All names are taken as text.
    item, label : str, optional
        Names of columns; guessed where not given, and `Combined.notes` says what was assumed.
    source : str, optional
        The column that says who voted; or several, separated by commas, that are a source each.
    abstain : str, optional
        What a cell says where the source says nothing; empty cells always do. By default "abstain", and -1 beside
        classes that count from 0.
    gold : path, optional
        File with the true labels of some items. Without it, a column called "gold", "truth" or the like.
    sheet : str, optional
        Sheet of an Excel file; by default the first.
    out : path, optional
        Folder for report.html, labels.csv and sources.csv; written whole or not at all.
    **options
        Of `combine.everyday.votes`: `method`, `flip`, `random_state`, `show`.

    Returns
    -------
    Combined
        `gold` counts a true class that no source ever says as wrong.

    Raises
    ------
    InputError
        When the file, a column or the output folder cannot be used.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "votes.csv"
    >>> _ = path.write_text("id,ann,bob,eve\n1,cat,cat,dog\n2,dog,dog,dog\n3,cat,,cat\n")
    >>> found = file(path)
    >>> found.posterior.argmax(axis=1).tolist(), found.votes.n_votes
    ([0, 1, 0], 8)
    """
    if out is None:
        return _combined(Path(path), item, source, label, abstain, gold, sheet, options)
    with files.OutputFolder(Path(out)) as folder:  # first of all: is it writable?
        found = _combined(Path(path), item, source, label, abstain, gold, sheet, options)
        save(found, folder, title=Path(path).name)
    return found


def _combined(
    path: Path, item: str | None, source: str | None, label: str | None, abstain: str | None,
    gold: str | PathLike[str] | None, sheet: str | None, options: dict[str, Any],
) -> Combined:  # fmt: skip
    table = files.read(path, sheet=sheet)
    told = read.votes_of(table, item=item, source=source, label=label, abstain=abstain)
    notes = [*(clause(note) for note in table.notes), *told.notes]
    del table  # votes take a tenth of it
    pair = told.gold
    if gold is not None:
        known = files.read(Path(gold))
        pair = read.gold_of(known, told.roles, told.votes.items)
    truth = None
    if pair is not None:
        truth, said = truths(told.votes, *pair, required=gold is not None)
        notes += said
    found = votes(told.votes, **options)
    return replace(
        found,
        truth=truth,
        gold=None if truth is None else scored(found, truth),
        notes=(*notes, *found.notes),
        settings={**found.settings, "file": str(path), **({} if gold is None else {"gold": str(gold)})},
    )


def truths(
    told: Votes, items: np.ndarray, labels: np.ndarray, *, required: bool = True
) -> tuple[np.ndarray | None, list[str]]:
    """Codes of the true classes (n,), -1 where unknown and k where no source ever says it, and what was noticed.

    Parameters
    ----------
    told : Votes
    items, labels : array of str or None
        One true label a row; items are matched as text.
    required : bool
        Whether it is an error that no item is known.
    """
    place = {str(name): row for row, name in enumerate(told.items.tolist())}
    codes = {str(name): code for code, name in enumerate(told.classes.tolist())}
    truth, torn = np.full(len(told), -1), set()
    absent = 0
    strange: dict[str, int] = {}
    for item, label in zip(items.tolist(), labels.tolist()):
        if item is None or label is None:
            continue
        row = place.get(str(item))
        if row is None:
            absent += 1
            continue
        code = codes.get(label, told.n_classes)
        if code == told.n_classes:
            strange[label] = strange.get(label, 0) + 1
        if truth[row] >= 0 and truth[row] != code:
            torn.add(row)
        truth[row] = code
    truth[list(torn)] = -1
    heard = np.diff(told.first) > 0
    if not (truth[heard] >= 0).any():
        if not required:
            return None, []
        theirs = ", ".join(repr(str(name)) for name in items[:3].tolist())
        ours = ", ".join(repr(str(name)) for name in told.items[:3].tolist())
        raise InputError(
            f"gold has no true label of an item that somebody voted on; it names {theirs}, the votes {ours}"
        )
    notes = []
    if absent:
        rows = "1 row of gold is" if absent == 1 else f"{absent:,} rows of gold are"
        notes.append(f"{rows} about items that nobody voted on, and left out")
    if torn:
        what = "1 item, which was" if len(torn) == 1 else f"{len(torn):,} items, which were"
        notes.append(f"gold says two things about {what} left out")
    if strange:
        shown = ", ".join(map(repr, list(strange)[:3])) + (", ..." if len(strange) > 3 else "")
        n = sum(strange.values())
        rows = "1 row of gold has" if n == 1 else f"{n:,} rows of gold have"
        notes.append(f"{rows} a class that no source ever says ({shown}); labels there count as wrong")
    return truth, notes


def scored(found: Combined, truth: np.ndarray) -> Scored:
    """How often the labels are the true ones, and how often majority's are."""
    told = found.votes
    known = (truth >= 0) & (np.diff(told.first) > 0)
    right = found.posterior.argmax(axis=1)[known] == truth[known]
    plain = MajorityVote().fit(told).predict_proba().argmax(axis=1)[known] == truth[known]
    low, high = wilson(right.sum(), known.sum())
    return Scored(float(right.mean()), float(low), float(high), int(known.sum()), float(plain.mean()))
