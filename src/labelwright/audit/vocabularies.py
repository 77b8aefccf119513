"""Clean the vocabulary of a file of tags: a plan to review first, then the file with what was accepted (S058)."""

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from labelwright import files
from labelwright.audit.label_graph import Cleaned, LabelGraph, read_plan
from labelwright.audit.label_space import ACCEPTED, Relation, label_relations
from labelwright.errors import InputError
from labelwright.evidence import Marks

PLAN = "labels-plan.csv"


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """What was found about the tags of a file.

    Attributes
    ----------
    n : int
        Rows.
    names : list (L,)
    relations : list of Relation
        Proposed, or those of the plan that were accepted.
    cleaned : Cleaned or None
        The marks with what the accepted relations add; None where there was no plan.
    """

    n: int
    names: list[Any]
    relations: list[Relation]
    cleaned: Cleaned | None = None

    def summary(self) -> dict[str, Any]:
        """The numbers in one flat dict, as ``labelwright audit --labels --json`` prints them."""
        kinds = [it.kind for it in self.relations]
        made = self.cleaned
        return {
            "n": self.n,
            "n_labels": len(self.names),
            **{f"n_{kind}": kinds.count(kind) for kind in ("identical", "implies", "uncertain", "exclusive")},
            "n_added": None if made is None else int(made.added.sum()),
            "n_conflicts": None if made is None else len(made.conflicts),
        }


def vocabulary(
    path: str | PathLike[str],
    *,
    label: str | None = None,
    multi_label: str | None = None,
    plan: str | PathLike[str] | None = None,
    sheet: str | None = None,
    out: str | PathLike[str] | None = None,
) -> Vocabulary:
    r"""Find tags of a file that are one, imply or exclude each other; with a reviewed plan, apply it.

    Parameters
    ----------
    path : path
        CSV, TSV, Parquet, JSON lines, Arrow or Excel, with several tags in a cell.
    label : str, optional
        Column with the tags; guessed where not given.
    multi_label : str, optional
        What separates them; guessed where not given.
    plan : path, optional
        ``labels-plan.csv`` of an earlier run, after a person set `accept`.
    sheet : str, optional
    out : path, optional
        Folder. Without a plan it gets ``labels-plan.csv`` (`accept`, `kind`, `label`, `other`, `score`, `why`); with
        one, the file with the tags that follow, those it had in a column beside, and ``conflicts.csv``.

    Raises
    ------
    InputError
        When the file has no cells with several tags, or the plan cannot be used.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "lamps.csv"
    >>> _ = path.write_text("picture,tags\n1,lamp;desk\n2,lamps\n3,desk\n4,lamps;desk\n")
    >>> [(it.kind, it.label, it.other) for it in vocabulary(path, label="tags", multi_label=";").relations]
    [('identical', 'lamp', 'lamps')]
    """
    if out is None:
        return _vocabulary(Path(path), label, multi_label, plan, sheet)[0]
    with files.OutputFolder(Path(out)) as folder:
        found, table, roles = _vocabulary(Path(path), label, multi_label, plan, sheet)
        _save(found, folder, table, roles)
    return found


def _vocabulary(
    path: Path, label: str | None, multi_label: str | None, plan: Any, sheet: str | None
) -> tuple[Vocabulary, files.Table, files.Roles]:
    table = files.read(path, sheet=sheet)
    roles = files.roles(table, label=label, multi_label=multi_label)
    if not roles.several:
        raise InputError(
            f"column {roles.label!r} of {path.name} holds one label a row, so there is no vocabulary of tags to clean; "
            "say what separates tags with --multi-label"
        )
    told = Marks.from_lists(roles.labels(table))
    names = told.classes.tolist()
    if plan is None:
        return (
            Vocabulary(n=len(told), names=names, relations=label_relations(names, marks=told.marks)),
            table,
            roles,
        )
    reviewed = files.read(Path(plan))
    lost = [name for name in ("accept", *Relation._fields) if name not in reviewed.columns]
    if lost:
        raise InputError(
            f"{plan} has no column {lost[0]!r}; give a {PLAN} that labelwright audit --labels wrote"
        )
    relations = read_plan(reviewed.data)
    cleaned = LabelGraph(names, relations).apply(told.marks)
    return Vocabulary(n=len(told), names=names, relations=relations, cleaned=cleaned), table, roles


def _save(found: Vocabulary, folder: files.OutputFolder, table: files.Table, roles: files.Roles) -> None:
    if found.cleaned is None:
        columns: dict[str, Any] = {"accept": [it.score >= ACCEPTED for it in found.relations]}
        columns |= {name: [getattr(it, name) for it in found.relations] for name in Relation._fields}
        folder.write_csv(PLAN, {name: np.array(values, dtype=object) for name, values in columns.items()})
        return
    assert roles.label is not None
    names, separator = np.array(found.names, dtype=object), roles.separator or "; "
    tags = [separator.join(map(str, names[row > 0])) for row in found.cleaned.marks]
    kept = next(name for i in range(1000) if (name := f"{roles.label}_given{i or ''}") not in table.columns)
    folder.write_table_like(table, {roles.label: tags, kept: table.text(roles.label)})
    rows = found.cleaned.conflicts
    folder.write_csv(
        "conflicts.csv", {"row": rows[:, 0], "label": names[rows[:, 1]], "other": names[rows[:, 2]]}
    )
