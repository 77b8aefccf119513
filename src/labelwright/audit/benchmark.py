"""Audit a test set from a file: a review sheet first, and after the review what corrected labels change."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from labelwright import files, frames
from labelwright.audit.checked_test_set import CheckedTestSet
from labelwright.audit.contestants import SEPARATORS, Contestants, quick_contestants, read_contestants
from labelwright.audit.everyday import refuse_or_note
from labelwright.audit.file import items_of
from labelwright.audit.items import Items
from labelwright.audit.review_sheet import ReviewSheet
from labelwright.audit.test_set import MOST, SAMPLE, TestSetAudit
from labelwright.errors import InputError
from labelwright.evidence import Exact

SHEET = "review.csv"
LONG = 5000  # characters of an item on the sheet


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """A test set, its models, and what is known of its labels so far.

    Attributes
    ----------
    audit : TestSetAudit
    checked : CheckedTestSet
        After a review on the corrected labels; before one, both kinds of labels are the given ones.
    sheet : ReviewSheet or None
        What to review; None once that was done.
    items : Items or None
    notes : tuple of str
    settings : mapping
    """

    audit: TestSetAudit
    checked: CheckedTestSet
    sheet: ReviewSheet | None = None
    items: Items | None = None
    notes: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """The numbers in one flat dict, as ``labelwright audit --test --json`` prints them."""
        numbers = self.checked.summary()
        if self.sheet is not None:
            numbers = {name: numbers[name] for name in ("n", "best_given", "models")} | {
                "models": {name: {"given": both["given"]} for name, both in numbers["models"].items()},
                "n_sheet": len(self.sheet),
            }
        return {**numbers, "n_flagged": len(self.audit.flagged), "notes": list(self.notes)}


def benchmark(
    path: str | PathLike[str],
    *,
    label: str | None = None,
    models: str | Sequence[str] | None = None,
    train: str | PathLike[str] | None = None,
    reviewed: str | PathLike[str] | Sequence[str | PathLike[str]] | None = None,
    text: str | None = None,
    features: str | Sequence[str] | None = None,
    image: str | None = None,
    sheet: str | None = None,
    filter_by: str | None = None,
    most: int = MOST,
    sample: int = SAMPLE,
    quorum: int = 1,
    out: str | PathLike[str] | None = None,
    random_state: int = 0,
    n_jobs: int | None = None,
) -> Benchmark:
    r"""Find out whether wrong labels of a test set decide which model looks best.

    The first run chooses the rows to look at and writes a blind sheet; give it back with `reviewed`, and the models are
    ranked again on what people said.

    Parameters
    ----------
    path : path
        The test set, one row an item.
    label, text, features, image, sheet :
        As in `labelwright.audit.file`.
    models : str or sequence of str, optional
        Two or more, separated by commas in one string: a column of predicted labels; a name with which columns of
        probabilities begin (``net_cat``, ``net_dog``); or a file of predictions or probabilities, row by row. Without
        any, two or three quick ones are fitted.
    train : path, optional
        Where to fit these; by default they are cross-fitted on the test set itself.
    reviewed : path or sequence of paths, optional
        The sheet with the votes, or a copy from each reviewer; one string may list several with commas.
    filter_by : str, optional
        Rule of `ConfidentLearning` that flags.
    most, sample : int
        Rows on the sheet: those that look most wrong, and others drawn at random.
    quorum : int, default 1
        Votes that an answer needs, beside being more than half.
    out : path, optional
        Folder for report.html and ``review.csv``, or after the review ``ranking.csv``, ``pairs.csv``, ``curve.csv``,
        ``crossings.csv``, ``verdicts.csv`` and the corrected test set.
    random_state : int, default 0
    n_jobs : int, optional

    Raises
    ------
    InputError
        When the file, a model or a sheet cannot be used.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "test.csv"
    >>> lines = ["text,y,net,tree", *["a cat,cat,cat,cat", "a dog,dog,dog,cat", "my cat,dog,cat,dog"] * 5]
    >>> _ = path.write_text("\n".join(lines))
    >>> found = benchmark(path, label="y", models="net,tree")
    >>> found.checked.best[0], len(found.sheet)
    ('net', 15)
    """
    if out is None:
        return _benchmark(
            Path(path), label, models, train, reviewed, text, features, image, sheet, filter_by, most, sample, quorum,
            random_state, n_jobs,
        )[0]  # fmt: skip
    from labelwright.audit.benchmark_page import page

    with files.OutputFolder(Path(out)) as folder:  # first of all: is it writable?
        found, table, roles = _benchmark(
            Path(path), label, models, train, reviewed, text, features, image, sheet, filter_by, most, sample, quorum,
            random_state, n_jobs,
        )  # fmt: skip
        _save(found, folder, table, roles)
        html = page(found, title=Path(path).name).html()
        folder.write_text("report.html", html.encode("utf-8", "replace").decode())
    return found


def _benchmark(
    path: Path, label: Any, models: Any, train: Any, reviewed: Any, text: Any, features: Any, image: Any, sheet: Any,
    filter_by: str | None, most: int, sample: int, quorum: int, random_state: int, n_jobs: int | None,
) -> tuple[Benchmark, files.Table, files.Roles]:  # fmt: skip
    whole = files.read(path, sheet=sheet)
    wanted = _listed(models)
    if train is not None and wanted:
        raise InputError(
            "train fits quick models where there are none, and models names some; give one of the two"
        )
    # Labels first: columns of predictions look like labels, and must not be guessed as one or as text.
    columns = {c for name in wanted or () for c in whole.columns if _of_model(c, name, whole.columns)}
    rest = [c for c in whole.columns if c not in columns or c == label]
    shown = dataclasses.replace(whole, data=whole.data.select(rest))
    roles = files.roles(shown, label=label, text=text, features=features, image=image)
    if roles.several:
        raise InputError(
            f"column {roles.label!r} holds several labels a row; a test set here has one label a row"
        )
    labels = roles.labels(shown)
    notes = [*whole.notes, *(n for n in roles.notes if wanted is None or n != files.NOTHING_TO_LEARN)]
    if wanted is None and train is None:
        refuse_or_note(Exact(labels))  # what cross-fitting cannot take
    if wanted is None:
        found = quick_contestants(
            shown, roles, labels, _learned(train, roles), random_state=random_state, n_jobs=n_jobs
        )
    else:
        found = read_contestants(wanted, whole, labels)
        if roles.label in found.columns:
            raise InputError(
                f"column {roles.label!r} is the label, and models names it as well; name the predictions"
            )
    audit = TestSetAudit(
        labels, found.said, classes=found.classes, random_state=random_state,
        filter_by=filter_by or "prune_by_noise_rate",
    )  # fmt: skip
    notes += [*found.notes, *_doubts(audit, found)]
    items = items_of(roles, shown, judged=True)[1]
    if reviewed is None:
        words = _words(roles, shown)
        made = audit.review_sheet(words, most=most, sample=sample)
        checked = audit.check_against(labels)
    else:
        made, checked = None, audit.check(_listed(reviewed) or reviewed, quorum=quorum)
    return (
        Benchmark(
            audit=audit, checked=checked, sheet=made, items=items, notes=tuple(notes),
            settings={"file": str(path), "models": ", ".join(audit.models), "random_state": random_state,
                      "draws": audit.draws, "quorum": quorum},
        ),
        shown,
        roles,
    )  # fmt: skip


def _of_model(column: str, name: str, columns: Sequence[str]) -> bool:
    """Whether a column holds what a model says: it is called like it, or begins with its name."""
    return column == name or (
        name not in columns and column.startswith(tuple(name + separator for separator in SEPARATORS))
    )


class _Words(Sequence[str]):
    """What a reviewer reads of each row, made when it is asked for."""

    def __init__(self, n: int, say: Any):
        self.n, self.say = n, say

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, row: Any) -> Any:
        return self.say(row)


def _words(roles: files.Roles, table: files.Table) -> Sequence[str]:
    if roles.text:
        texts = roles.texts(table)
        return _Words(len(table), lambda row: texts[row][:LONG])
    if roles.image is not None:
        names = table.text(roles.image)
        return _Words(len(table), lambda row: names[row] or "")
    shown = [c for c in table.columns if c != roles.label]
    cells = {c: table.text(c) for c in shown[:40]}
    return _Words(len(table), lambda row: "; ".join(f"{c} {v[row]}" for c, v in cells.items() if v[row]))


def _learned(train: Any, roles: files.Roles) -> tuple[files.Table, np.ndarray] | None:
    if train is None:
        return None
    table = files.read(Path(train))
    if roles.label not in table.columns:
        raise InputError(
            f"{train} has no column {roles.label!r}, the label of the test set; a model learns from it"
        )
    labels = files.roles(table, label=roles.label).labels(table)
    return table, labels


def _doubts(audit: TestSetAudit, found: Contestants) -> list[str]:
    right = (audit.said == audit.given[:, None])[audit.known].mean(axis=0)
    return [
        f"Model {name!r} agrees with {share:.1%} of the labels; if it learned from them, it cannot say which are wrong."
        for name, share in zip(audit.models, right)
        if share > 0.995
    ]


def _listed(names: Any) -> list[str] | None:
    if names is None:
        return None
    if isinstance(names, str):
        return [name for part in names.split(",") if (name := part.strip())]
    return [str(name) for name in names] if isinstance(names, (list, tuple)) else [str(names)]


def _save(found: Benchmark, folder: files.OutputFolder, table: files.Table, roles: files.Roles) -> None:
    if found.sheet is not None:
        folder.write_csv(SHEET, found.sheet.columns())
        return
    checked = found.checked
    tables = {"ranking": checked.ranking, "pairs": checked.pairs, "crossings": checked.crossings()}
    if checked.standings.wrong[0]:
        tables["curve"] = checked.prevalence_curve()
    for name, frame in tables.items():
        folder.write_csv(f"{name}.csv", {c: frames.column(frame, c) for c in frames.names(frame)})
    review, names = checked.review, checked.classes
    assert review is not None
    assert roles.label is not None
    folder.write_csv(
        "verdicts.csv",
        {
            "row": review.row,
            "given": names[checked.given[review.row]],
            "suggested": names[review.suggested],
            "verdict": review.verdicts,
            **{
                f"votes_{said}": review.counts[:, i]
                for i, said in enumerate(("given", "suggested", "both", "neither"))
            },
            "flagged": review.flagged,
        },
    )
    kept = next(name for i in range(1000) if (name := f"{roles.label}_given{i or ''}") not in table.columns)
    folder.write_table_like(table, {roles.label: checked.labels().tolist(), kept: table.text(roles.label)})
