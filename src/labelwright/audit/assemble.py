"""Gather what an audit found about the rows, the classes and the sources into one result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from labelwright import frames, models
from labelwright.audit import classes, duplicates, neighbours, trust
from labelwright.audit.items import Items
from labelwright.audit.misfits import misfits
from labelwright.audit.result import Audit
from labelwright.audit.second_opinion import SecondOpinion
from labelwright.audit.sources import by_source
from labelwright.audit.verdicts import Verdicts
from labelwright.evidence import Evidence, Exact, Marks

Columns = dict[str, Any]


@dataclass(frozen=True)
class Judged:
    """Items, what was told about them, and the verdicts.

    Attributes
    ----------
    X : items or None
    told : Exact or Marks
    probs : ndarray (n, k) or (n, L)
    verdicts : Verdicts
    flagged : ndarray (n,) of bool
        The doubtful rows.
    features : Features or None
    sources : sequence (n,) or None
    notes : tuple of str
    settings : mapping
    second : SecondOpinion or None
        What a judge said of some rows.
    """

    X: Any
    told: Evidence
    probs: np.ndarray
    verdicts: Verdicts
    flagged: np.ndarray
    features: models.Features | None
    sources: Sequence[Any] | None
    notes: tuple[str, ...]
    settings: Mapping[str, Any]
    second: SecondOpinion | None = None


def assemble(case: Judged, rng: np.random.Generator) -> Audit:
    """Build the result; its frames are of the kind of `case.X`."""
    told, verdicts = case.told, case.verdicts
    rows = np.flatnonzero(case.flagged)
    rows = rows[np.argsort(-verdicts.p_wrong[rows], kind="stable")]
    pairs: Columns = {name: [] for name in ("row", "twin", "similarity", "given", "twin_given")}
    strange: Columns = {name: [] for name in ("row", "given", "best", "p_best")}
    if case.features is not None:
        pairs = duplicates.conflicting(case.features.vectors, verdicts.given, case.features.kind)
        if isinstance(told, Exact):
            strange = misfits(case.features.vectors, told.codes, case.probs, told.classes, rng=rng)
    sources = None
    if case.sources is not None:
        sources = by_source(
            case.sources,
            verdicts.p_wrong,
            verdicts.given,
            verdicts.suggested,
            case.flagged,
            verdicts.error_rate,
        )
    by_class = classes.by_class(verdicts.joint, told.classes, _doubtful(case, rows), verdicts.error_rate)
    like = case.X if frames.is_frame(case.X) else None
    return Audit(
        n=len(told),
        classes=told.classes,
        given=verdicts.given,
        suggested=verdicts.suggested,
        issues=frames.make(_issues(case, rows), like=like),
        p_wrong=verdicts.p_wrong,
        error_rate=verdicts.error_rate,
        ceiling=max(verdicts.ceiling, verdicts.error_rate.high),
        noise_matrix=verdicts.noise_matrix,
        joint=verdicts.joint,
        by_class=frames.make(by_class, like=like),
        reliability=frames.make(trust.reliability(case.probs, told), like=like),
        duplicates=frames.make(pairs, like=like),
        misfits=frames.make(strange, like=like),
        overlaps=frames.make(classes.overlaps(verdicts.joint, told.classes), like=like),
        sources=None if sources is None else frames.make(sources, like=like),
        judges=None if case.second is None else case.second.costs,
        notes=case.notes,
        settings=case.settings,
        items=None if case.features is None else shown(case.X, case.features.kind),
    )


def shown(X: Any, kind: str) -> Items:
    """How the items are drawn in the report and the terminal."""
    if frames.is_frame(X):
        return Items.table(X)
    if kind == "images":
        return Items.images(X)
    if sparse.issparse(X):
        return Items.texts([""] * X.shape[0])
    if isinstance(X, (list, tuple)):
        return Items.texts(X)
    array = np.asarray(X)
    if array.ndim == 1:
        return Items.texts(array.tolist())
    return Items.table(frames.make({f"x{j}": array[:, j] for j in range(min(array.shape[1], 12))}))


def _issues(case: Judged, rows: np.ndarray) -> Columns:
    verdicts = case.verdicts
    near = neighbours.Near([[] for _ in rows], [[] for _ in rows], [""] * len(rows))
    if case.features is not None:
        near = neighbours.nearest(case.features.vectors, verdicts.given, verdicts.suggested, rows)
    return {
        "row": rows,
        "given": verdicts.given[rows],
        "suggested": verdicts.suggested[rows],
        "p_wrong": verdicts.p_wrong[rows],
        "why": [
            "; ".join(filter(None, (_why(case, int(row)), _judged(case, int(row)), said)))
            for row, said in zip(rows, near.said)
        ],
        "agree": near.agree,
        "disagree": near.disagree,
    }


def _doubtful(case: Judged, rows: np.ndarray) -> np.ndarray:
    """How many doubtful rows each class or tag has."""
    if isinstance(case.told, Exact):
        return np.bincount(case.told.codes[rows], minlength=case.told.n_classes)
    return case.verdicts.leads[rows].sum(axis=0)


def _judged(case: Judged, row: int) -> str:
    if case.second is None or not isinstance(case.told, Exact):
        return ""
    at = np.searchsorted(case.second.rows, row)
    if at == len(case.second.rows) or case.second.rows[at] != row:
        return ""
    suggested = case.told.classes.tolist().index(case.verdicts.suggested[row])
    said = case.second.probs[at]
    return f"the judge gives them {said[suggested]:.0%} and {said[case.told.codes[row]]:.0%}"


def _why(case: Judged, row: int) -> str:
    told, probs = case.told, case.probs
    if isinstance(told, Marks):
        off = np.flatnonzero(case.verdicts.leads[row])
        off = off[np.argsort(-np.abs(probs[row, off] - told.marks[row, off]), kind="stable")][:3]
        doubts = ", ".join(
            f"{told.classes[t]} {'is missing' if told.marks[row, t] == 0 else 'stands there'} at {probs[row, t]:.0%}"
            for t in off
        )
        return f"models that did not see this row doubt that {doubts}"
    assert isinstance(told, Exact)
    suggested = int(np.flatnonzero([c == case.verdicts.suggested[row] for c in told.classes.tolist()])[0])
    return (
        f"models that did not see this row give the suggested label {probs[row, suggested]:.0%} and the given one "
        f"{probs[row, told.codes[row]]:.0%}"
    )
