"""Errors of models on cleaned sets, as counts (S076)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from labelwright import frames
from labelwright.errors import InputError

if TYPE_CHECKING:
    from labelwright.audit.platinum import PlatinumBuilder


class Reliability(NamedTuple):
    """Errors of a model, counted.

    Attributes
    ----------
    model : str
    items : int
        Questions that are not rejected.
    errors_before : int
        Answers that differ from the original target, on all questions.
    errors : int
        Answers that are not acceptable, on questions not rejected.
    explained : float
        Share of `errors_before` that were the target's or the question's fault; NaN where there were none.
    unread : int
        Of `errors`, answers that could not be read.
    pending : int
        Of `errors`, those on questions that wait for review: not known to be the model's.
    """

    model: str
    items: int
    errors_before: int
    errors: int
    explained: float
    unread: int
    pending: int


def reliability_report(builders: Mapping[str, "PlatinumBuilder"], *, like: Any = None) -> Any:
    """Errors of all models on all sets: `set`, `model`, `items`, `errors_before`, `errors`, `explained`, ...

    Errors are counts: on a set where none is left to the data, one is one too many. A last row for each model, of all
    sets, has sums.

    Examples
    --------
    >>> from labelwright.audit import Decision, PlatinumBuilder
    >>> builder = PlatinumBuilder({"a": ["4", "5"], "b": ["4", "6"]}).collect(["2 + 2?", "3 + 3?"], [4, 6])
    >>> _ = builder.review({1: Decision("verified")})
    >>> reliability_report({"sums": builder})[["set", "model", "errors"]].values.tolist()
    [['sums', 'a', 1], ['sums', 'b', 0], ['all sets', 'a', 1], ['all sets', 'b', 0]]
    """
    if not builders:
        raise InputError("builders is empty; give at least one set")
    rows = [
        (name, builder.evaluate(model)) for name, builder in builders.items() for model in builder.answers_
    ]
    for model in dict.fromkeys(found.model for _, found in rows):
        mine = [found for _, found in rows if found.model == model]
        before = sum(f.errors_before for f in mine)
        blamed = sum(f.errors_before * f.explained for f in mine if f.errors_before)
        rows.append(
            (
                "all sets",
                Reliability(
                    model, sum(f.items for f in mine), before, sum(f.errors for f in mine),
                    blamed / before if before else float("nan"),
                    sum(f.unread for f in mine), sum(f.pending for f in mine),
                ),
            )
        )  # fmt: skip
    fields = Reliability._fields
    columns: dict[str, list[Any]] = {"set": [name for name, _ in rows]}
    columns |= {field: [getattr(found, field) for _, found in rows] for field in fields}
    return frames.make(columns, like=like)
