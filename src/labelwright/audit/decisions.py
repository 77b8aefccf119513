"""What a person decided about questions, from a table that was filled in (S076)."""

from collections.abc import Hashable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from labelwright import files, frames
from labelwright.errors import InputError

CONSENSUS, VERIFIED, REVISED, REJECTED, TO_REVIEW = (
    "consensus", "verified", "revised", "rejected", "to review",
)  # fmt: skip
DECIDED = (VERIFIED, REVISED, REJECTED)
BETWEEN = " | "  # acceptable answers in a cell
FORMULA = "=+-@\t\r"


class Decision(NamedTuple):
    """What a reviewer decided about a question.

    Attributes
    ----------
    status : {"verified", "revised", "rejected"}
        The target is right; it is replaced or others are accepted too; or the question is ambiguous or has no answer.
    targets : tuple
        All acceptable answers, where revised.
    """

    status: str
    targets: tuple[Any, ...] = ()


def read_decisions(table: Any, ids: Sequence[Hashable]) -> dict[Hashable, Decision]:
    """Decisions from the filled-in queue, a frame or a CSV file; rows without a status are left out.

    Parameters
    ----------
    table : frame or path
        With `id`, `status`, and `targets` where something is revised: a list, or text with " | " between answers.
    ids : sequence
        Ids as the builder has them; those of a file are text.

    Raises
    ------
    InputError
        When it is no table, or lacks a column.

    Examples
    --------
    >>> import pyarrow as pa
    >>> table = pa.table({"id": ["1", "2"], "status": ["Revised", ""], "targets": ["3 | 4", ""]})
    >>> read_decisions(table, [1, 2])
    {1: Decision(status='revised', targets=('3', '4'))}
    """
    if isinstance(table, (str, PathLike)):
        columns = _read_csv(Path(table))
    elif frames.is_frame(table):
        columns = {name: frames.column(table, name).tolist() for name in frames.names(table)}
    else:
        raise InputError(
            f"decisions are a {type(table).__name__}; give a mapping of id to Decision, a frame or a CSV file"
        )
    missing = [name for name in ("id", "status") if name not in columns]
    if missing:
        raise InputError(f"decisions have no column {missing[0]!r}; take the table that queue() makes")
    by_text = {str(name): name for name in ids}
    found: dict[Hashable, Decision] = {}
    targets = columns.get("targets", [""] * len(columns["id"]))
    for name, status, told in zip(columns["id"], columns["status"], targets):
        status = _text(status).strip().lower()
        if status:
            parts = list(told) if isinstance(told, (list, tuple)) else _text(told).split(BETWEEN.strip())
            answers = tuple(p.strip() if isinstance(p, str) else p for p in parts)
            found[by_text.get(str(name), name)] = Decision(status, tuple(a for a in answers if a != ""))
    return found


def _text(cell: Any) -> str:
    return "" if cell is None or cell != cell else str(cell)


def _read_csv(path: Path) -> dict[str, list[Any]]:
    """Cells as text; the mark that guards a formula is taken off."""
    table = files.read(path)
    cells = {name: table.text(name).tolist() for name in table.columns}
    return {
        name: [c[1:] if isinstance(c, str) and c[:1] == "'" and c[1:2] in FORMULA else c for c in column]
        for name, column in cells.items()
    }
