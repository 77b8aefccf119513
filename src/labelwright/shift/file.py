"""Adapt to a file of new rows: read both, find out what their columns are, leave priors, predictions and a report."""

from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from labelwright import files
from labelwright.errors import InputError
from labelwright.report.text import clause
from labelwright.shift import items
from labelwright.shift.adapt import adapted
from labelwright.shift.columns import (
    class_columns,
    codes_of_column,
    completed,
    numbers,
    refuse_no_probabilities,
    same_columns,
)
from labelwright.shift.methods import method as named
from labelwright.shift.read import Given
from labelwright.shift.result import Adapted
from labelwright.shift.save import save


def file(
    source: str | PathLike[str],
    target: str | PathLike[str],
    *,
    label: str | None = None,
    model: str | PathLike[str] | None = None,
    text: str | None = None,
    features: str | Sequence[str] | None = None,
    sheet: str | None = None,
    out: str | PathLike[str] | None = None,
    **options: Any,
) -> Adapted:
    r"""Estimate how common each class is in a file of new rows and, with `out`, write the report and the tables.

    Parameters
    ----------
    source : path
        Labelled rows that the classifier did not see: CSV, TSV, Parquet, JSON lines, Arrow or Excel. Columns called
        after the classes hold its probabilities (``cat``, ``p_cat`` ...). Without them models are fitted to the other
        columns, cross-fitted.
    target : path
        New rows with the same columns. Labels there, all or some, measure what is gained and are not learned from.
    label : str, optional
        Column of the label; guessed where not given, and `Adapted.notes` says what was assumed.
    model : path, optional
        Fitted classifier saved by skops, that makes probabilities of the columns. Pickles are not opened.
    text : str, optional
        Column to learn from, or that the model takes.
    features : str or sequence of str, optional
        Such columns; one string may list several with commas.
    sheet : str, optional
        Sheet of an Excel file; by default the first.
    out : path, optional
        Folder for report.html, priors.csv and the predictions; written whole or not at all.
    **options
        Of `shift.adapt`: `method`, `level`, `kind`, `random_state`, `show`.

    Returns
    -------
    Adapted

    Raises
    ------
    InputError
        When a file, a column or the output folder cannot be used.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> rows = ["ill,0.9,0.1", "ill,0.7,0.3", "well,0.3,0.7", "well,0.1,0.9"] * 25
    >>> _ = (folder / "old.csv").write_text("seen,ill,well\n" + "\n".join(rows))
    >>> _ = (folder / "new.csv").write_text("ill,well\n" + "\n".join(["0.9,0.1", "0.7,0.3", "0.3,0.7"] * 25))
    >>> found = file(folder / "old.csv", folder / "new.csv")
    >>> found.priors["target"].to_pylist()[0] > 0.55
    True
    """
    named(options.get("method", "mlls"))  # a wrong name shall not cost a minute
    if not 0 < options.get("level", 0.95) < 1:
        raise InputError(f"level={options['level']!r} must lie between 0 and 1, such as 0.95")
    asked = (Path(source), Path(target), label, model, text, features, sheet, options)
    if out is None:
        return _adapted(*asked)[0]
    with files.OutputFolder(Path(out)) as folder:  # first of all: is it writable?
        found, table = _adapted(*asked)
        save(found, folder, table, title=f"{Path(target).name}, seen from {Path(source).name}")
    return found


def _adapted(
    source: Path, target: Path, label: str | None, model: str | PathLike[str] | None, text: str | None,
    features: str | Sequence[str] | None, sheet: str | None, options: dict[str, Any],
) -> tuple[Adapted, files.Table]:  # fmt: skip
    classifier = None if model is None else files.read_model(Path(model))
    old, new = _read(source, sheet), _read(target, sheet)
    told = _told(old, new, label, classifier, text, features, options)
    asked = {"source": str(source), "target": str(target), **({} if model is None else {"model": str(model)})}
    found = adapted(told, checks=True, like=(old.data, new.data), **options)
    return replace(found, settings={**found.settings, **asked}), new


def _read(path: Path, sheet: str | None) -> files.Table:
    table = files.read(path, sheet=sheet if path.suffix.lower() == ".xlsx" else None)
    if not len(table):
        raise InputError(f"{path} has no rows; give at least one")
    return table


def _told(
    old: files.Table, new: files.Table, label: str | None, model: Any, text: str | None,
    features: str | Sequence[str] | None, options: dict[str, Any],
) -> Given:  # fmt: skip
    """Probabilities, labels and classes of both files."""
    notes = [f"{table.path.name}: {clause(note)}" for table in (old, new) for note in table.notes]
    if label is not None and label not in old.columns:
        files.roles(old, label=label)  # says which columns there are
    found = class_columns(old, label) if model is None and text is None and features is None else None
    if found is not None:
        found, here = completed(old, found)
        if label is None:
            notes.append(f"column {found.label!r} was taken for the label")
        wanted = same_columns(new, found)
        there = numbers(new, wanted)
        refuse_no_probabilities(there, new, wanted)
        judged = items.Judged(here, there, found.classes, None, "columns of the files", ())
        column = found.label
    else:
        roles = files.roles(old, label=label, text=text, features=features)
        if roles.several:
            raise InputError(
                f"{old.path}: column {roles.label!r} gives a row several labels; adapt is for one label a row "
                "(shift.TagPriors is for tags)"
            )
        notes += [clause(note) for note in roles.notes]
        column = roles.label
        if model is None:
            _refuse_nameless(old, roles)
            judged = items.by_own_models(
                old, new, roles, random_state=options.get("random_state", 0), show=options.get("show")
            )
        else:
            judged = items.by_saved_model(
                model,
                old,
                new,
                label=column,
                text=roles.text,
                features=() if features is None else roles.features,
            )
    notes += map(clause, judged.notes)
    return _given(old, new, column, judged, notes)


def _given(old: files.Table, new: files.Table, label: str, judged: items.Judged, notes: list[str]) -> Given:
    k, doubtful = len(judged.classes), []
    codes, strange, missing = codes_of_column(old, label, judged.classes)
    if missing:
        notes.append(f"{missing:,} rows of {old.path.name} have no label and are left out")
    if strange:
        n = sum(strange.values())
        shown = ", ".join(map(repr, list(strange)[:3])) + (", ..." if len(strange) > 3 else "")
        doubtful.append(
            f"{n:,} source rows have a label that the classifier does not know ({shown}) and are left out; new rows of "
            "such a class are taken for others"
        )
    codes[codes == k] = -1
    seen = np.unique(codes[codes >= 0])
    if len(seen) < 2:
        what = "no label" if not len(seen) else f"one class only ({judged.classes[seen[0]]!r})"
        raise InputError(
            f"{old.path}: column {label!r} has {what} in {len(old):,} rows; rows of at least two classes are needed"
        )
    truth = None
    if label in new.columns:
        truth, unknown, blank = codes_of_column(new, label, judged.classes)
        if blank == len(new):
            truth = None
        else:
            notes.append(
                f"{len(new) - blank:,} of {len(new):,} rows of {new.path.name} have a label in {label!r}; it measures "
                "the result and was not learned from"
            )
        if unknown and truth is not None:
            shown = ", ".join(map(repr, list(unknown)[:3])) + (", ..." if len(unknown) > 3 else "")
            doubtful.append(
                f"{sum(unknown.values()):,} new rows have a label that the classifier does not know ({shown}); it "
                "cannot be right there"
            )
    if np.array_equal(judged.source, judged.target):
        notes.append("source and target hold the same rows, so no change can be seen")
    return Given(
        judged.source, judged.target, codes, truth, np.array(judged.classes, dtype=object), judged.features,
        tuple(notes), tuple(doubtful), judged.how,
    )  # fmt: skip


def _refuse_nameless(table: files.Table, roles: files.Roles) -> None:
    """Columns that are probabilities without being called after the classes."""
    import pyarrow.types as types

    chosen = [c for c in roles.features if types.is_floating(table.data.schema.field(c).type)]
    if roles.text or len(chosen) < 2 or len(chosen) < len(roles.features):
        return
    if any(table.data[c].null_count for c in chosen):
        return
    values = numbers(table, chosen)
    if values.min() >= 0 and np.abs(values.sum(axis=1) - 1).max() <= 1e-3:
        raise InputError(
            f"{table.path}: columns {', '.join(map(repr, chosen[:4]))} sum to 1 like probabilities, but none is called "
            f"after a class; rename each column after its class (column {roles.label!r} has their names)"
        )
