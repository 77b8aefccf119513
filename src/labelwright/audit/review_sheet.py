"""A blind sheet for reviewers of test labels, and their votes read back (Northcutt et al., 2021)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from labelwright import files, frames
from labelwright.errors import InputError
from labelwright.files import safe_cell

SAID = ("given", "suggested", "both", "neither")
ANSWERS = "a, b, both or neither"
COLUMNS = ("row", "item", "option_a", "option_b")
LETTERS = "ab"
VOTES = ("vote_1", "vote_2", "vote_3")
MARKS = ("sheet", "code")


@dataclass(frozen=True, kw_only=True)
class ReviewSheet:
    """What reviewers get: items in random order, each with two labels of which nothing says where they are from.

    Whoever stops halfway has seen a random half of both kinds of rows, so that the estimates stay right.

    Attributes
    ----------
    row : ndarray (r,) of int
        Rows of the test set, from 0, in the order of the sheet.
    item : sequence of str (r,)
        What is shown of each.
    options : ndarray (r, 2) of object
        The given and the suggested label, in random order.
    sheet : str
        What this sheet is: a print of the given labels, and how many rows were chosen for what reason.
    code : ndarray (r,) of str
        Says to us, and to nobody else, which option is the given one and why the row was chosen.
    """

    row: np.ndarray
    item: Sequence[str]
    options: np.ndarray
    sheet: str
    code: np.ndarray

    def __len__(self) -> int:
        return len(self.row)

    def columns(self) -> dict[str, Any]:
        """The sheet by columns, with empty ones for three reviewers."""
        empty = np.full(len(self), None, dtype=object)
        return {
            "row": self.row,
            "item": list(self.item),
            "option_a": self.options[:, 0],
            "option_b": self.options[:, 1],
            **dict.fromkeys(VOTES, empty),
            "sheet": np.full(len(self), self.sheet, dtype=object),
            "code": self.code,
        }

    def frame(self, *, like: Any = None) -> Any:
        """The sheet as a frame."""
        return frames.make(self.columns(), like=like)

    def write(self, path: str | PathLike[str]) -> Path:
        """Write the sheet as CSV (no cell runs as a formula) and return the path."""
        path = Path(path)
        with files.OutputFolder(path.parent) as folder:
            folder.write_csv(path.name, self.columns())
        return path


@dataclass(frozen=True, kw_only=True)
class Review:
    """What reviewers said, item by item.

    Attributes
    ----------
    row : ndarray (r,) of int
        Rows of the test set that are on the sheet.
    suggested : ndarray (r,) of int
        Class that stood beside the given one.
    flagged : ndarray (r,) of bool
        Whether the row was there because its label looked wrong; otherwise it was drawn from the others.
    votes : ndarray (r, w) of int8
        0 the given label, 1 the suggested one, 2 both, 3 neither, -1 no vote; a column for each reviewer.
    reviewers : tuple of str (w,)
    quorum : int
        Votes an answer needs, beside being more than half of those given.
    sizes : (int, int)
        Rows that were put on the sheet as flagged, and as drawn from the others.
    """

    row: np.ndarray
    suggested: np.ndarray
    flagged: np.ndarray
    votes: np.ndarray
    reviewers: tuple[str, ...]
    quorum: int
    sizes: tuple[int, int]

    @cached_property
    def counts(self) -> np.ndarray:
        """Votes for given, suggested, both, neither: (r, 4)."""
        return np.stack([(self.votes == v).sum(axis=1) for v in range(4)], axis=1)

    @cached_property
    def verdicts(self) -> np.ndarray:
        """Verdict on each row (r,): right, wrong, both, neither; unclear where votes tie, unseen without any."""
        total, top = self.counts.sum(axis=1), self.counts.max(axis=1)
        won = (2 * top > total) & (top >= self.quorum)
        names = np.array(["right", "wrong", "both", "neither"])[self.counts.argmax(axis=1)]
        return np.where(total == 0, "unseen", np.where(won, names, "unclear"))

    @property
    def agreement(self) -> float:
        """Share of pairs of votes on the same row that are the same; NaN where no row has two votes."""
        total = self.counts.sum(axis=1)
        pairs = (total * (total - 1)).sum()
        return float((self.counts * (self.counts - 1)).sum() / pairs) if pairs else float("nan")


def blind(
    row: np.ndarray, flagged: np.ndarray, suggested: np.ndarray, given: np.ndarray, classes: Sequence[Any],
    items: Sequence[str], print_: str, rng: np.random.Generator,
) -> ReviewSheet:  # fmt: skip
    """Put chosen rows in random order and hide which option is which.

    Parameters
    ----------
    row, suggested : int array (r,)
    flagged : bool array (r,)
    given : int array (n,)
        Class of every row of the test set.
    classes : sequence (k,)
    items : sequence of str (r,)
    print_ : str
        Of the labels of the test set (`fingerprint`).
    rng : numpy.random.Generator
    """
    order = rng.permutation(len(row))
    row, flagged, suggested = row[order], flagged[order], suggested[order]
    first = rng.random(len(row)) < 0.5  # whether the given label stands first
    told = given[row]
    codes = np.column_stack([np.where(first, told, suggested), np.where(first, suggested, told)])
    names = np.empty(len(classes), dtype=object)
    names[:] = list(classes)
    sheet = f"{print_}-{int(flagged.sum())}-{int((~flagged).sum())}"
    return ReviewSheet(
        row=row,
        item=[items[i] for i in order],
        options=names[codes],
        sheet=sheet,
        code=np.array(
            [_code(sheet, r, s, f, w) for r, s, f, w in zip(row, suggested, first, flagged)], dtype=object
        ),
    )


def fingerprint(labels: Sequence[Any]) -> str:
    """Print of labels and their order, eight characters.

    Examples
    --------
    >>> fingerprint(["a", "b"]) == fingerprint(["a", "b"]) != fingerprint(["b", "a"])
    True
    """
    return blake2b("\x1f".join(map(str, labels)).encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()


def read_review(
    sheets: Any, given: np.ndarray, classes: Sequence[Any], print_: str, *, quorum: int = 1
) -> Review:
    """Read one sheet with all reviewers' votes, or several copies with each one's, into one review.

    Parameters
    ----------
    sheets : path, frame, or list of them
        As `ReviewSheet` made it. Every column whose name begins with ``vote`` is a reviewer.
    given : int array (n,)
    classes : sequence (k,)
    print_ : str
    quorum : int, default 1

    Raises
    ------
    InputError
        When a sheet is of another file, was changed, has a row twice, an answer that is none, or no vote at all.
    """
    many = list(sheets) if isinstance(sheets, (list, tuple)) else [sheets]
    if not many:
        raise InputError("sheets is empty; give the sheet with the votes")
    if quorum < 1:
        raise InputError(f"quorum={quorum!r} must be 1 or more")
    parts = [_read(sheet, given, classes, print_) for sheet in many]
    if len({part.sheet for part in parts}) > 1:
        raise InputError(
            f"{parts[0].name} and {next(p.name for p in parts if p.sheet != parts[0].sheet)} are copies of different "
            "sheets; give copies of one"
        )
    place: dict[int, int] = {}
    for part in parts:
        for row in part.meaning:
            place.setdefault(row, len(place))
    votes = np.full((len(place), sum(len(part.reviewers) for part in parts)), -1, dtype=np.int8)
    names: list[str] = []
    suggested, flagged = np.empty(len(place), dtype=np.intp), np.empty(len(place), dtype=bool)
    for part in parts:
        for row, (other, chosen) in part.meaning.items():
            suggested[place[row]], flagged[place[row]] = other, chosen
        here = [place[row] for row in part.meaning]
        votes[here, len(names) : len(names) + len(part.reviewers)] = part.votes
        names += [
            name if len(parts) == 1 else f"{Path(part.name).stem} {name}".strip() for name in part.reviewers
        ]
    asked = np.flatnonzero((votes >= 0).any(axis=0))
    if not len(asked):
        raise InputError(
            f"{parts[0].name} has no votes; write {ANSWERS} into a vote column, at least on some rows"
        )
    rows = np.array(list(place), dtype=np.intp)
    order = np.argsort(rows)
    _, n_flagged, n_drawn = parts[0].sheet.split("-")
    return Review(
        row=rows[order],
        suggested=suggested[order],
        flagged=flagged[order],
        votes=votes[order][:, asked],
        reviewers=tuple(names[j] for j in asked),
        quorum=quorum,
        sizes=(int(n_flagged), int(n_drawn)),
    )


@dataclass(frozen=True)
class _Part:
    name: str
    sheet: str
    meaning: dict[int, tuple[int, bool]]
    votes: np.ndarray
    reviewers: tuple[str, ...]


def _read(sheet: Any, given: np.ndarray, classes: Sequence[Any], print_: str) -> _Part:
    name, columns = _columns(sheet)
    lost = [c for c in (*COLUMNS, *MARKS) if c != "item" and c not in columns]
    voters = tuple(c for c in columns if c.lower().startswith("vote"))
    if lost or not voters:
        missing = lost[0] if lost else "vote_1"
        raise InputError(f"{name} has no column {missing!r}; give the review sheet that the first run wrote")
    marks = {str(v) for v in columns["sheet"] if v}
    if len(marks) != 1:
        raise InputError(
            f"{name} has {len(marks) or 'no'} different values in column 'sheet', one is expected; "
            "rows of several sheets were mixed: give each sheet as it was written"
        )
    mark = marks.pop()
    if mark.count("-") != 2 or not all(part.isdigit() for part in mark.split("-")[1:]):
        raise InputError(
            f"{name}: column 'sheet' was changed ({mark[:40]!r}); give the sheet as it was written"
        )
    if mark.split("-")[0] != print_:
        raise InputError(
            f"{name} is the review sheet of another file, or of other labels: its mark is {mark.split('-')[0]}, "
            f"that of these labels {print_}"
        )
    shown = [safe_cell(str(c)) for c in classes]
    meaning: dict[int, tuple[int, bool]] = {}
    votes = np.full((len(columns["row"]), len(voters)), -1, dtype=np.int8)
    for i, (cell, code) in enumerate(zip(columns["row"], columns["code"])):
        row = _row(cell, len(given), name, i)
        if row in meaning:
            raise InputError(f"{name} has row {row} twice (line {i + 2}); keep one of them")
        other, first, flagged = _meaning(str(code or ""), mark, row, given[row], len(classes), name, i)
        options = (given[row], other) if first else (other, given[row])
        for j, option in enumerate(options):
            cell = str(columns[f"option_{LETTERS[j]}"][i] or "")
            if cell != shown[option] and cell in shown and cell != str(classes[option]):
                raise InputError(
                    f"{name}, line {i + 2}: option_{LETTERS[j]} is {cell!r}, and was {shown[option]!r}; "
                    "options must stay as they were written"
                )
        meaning[row] = (other, flagged)
        names = {str(classes[options[0]]).casefold(): 0, str(classes[options[1]]).casefold(): 1}
        for j, voter in enumerate(voters):
            votes[i, j] = _vote(columns[voter][i], names, first, f"{name}, line {i + 2}, {voter}")
    return _Part(name, mark, meaning, votes, voters)


def _columns(sheet: Any) -> tuple[str, dict[str, Any]]:
    if frames.is_frame(sheet):
        found = {c: frames.column(sheet, c) for c in frames.names(sheet)}
        return "the sheet", {c: [_text(v) for v in values.tolist()] for c, values in found.items()}
    table = files.read(Path(sheet))
    return Path(sheet).name, {c: [_text(v) for v in table.text(c).tolist()] for c in table.columns}


def _text(value: Any) -> str | None:
    if value is None or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip() or None


def _row(cell: str | None, n: int, name: str, line: int) -> int:
    text = (cell or "").removesuffix(".0")
    if not text.isdecimal() or int(text) >= n:
        raise InputError(
            f"{name}, line {line + 2}: row is {cell!r}, and the test set has rows 0 to {n - 1}; "
            "give the sheet as it was written"
        )
    return int(text)


def _meaning(
    code: str, sheet: str, row: int, given: int, k: int, name: str, line: int
) -> tuple[int, bool, bool]:
    for other in range(k):
        if other != given:
            for first in (True, False):
                for flagged in (True, False):
                    if _code(sheet, row, other, first, flagged) == code:
                        return other, first, flagged
    raise InputError(
        f"{name}, line {line + 2}: the code {code[:20]!r} does not belong to row {row}; a row or a code was changed "
        "or moved: give the sheet as it was written, with votes only"
    )


def _vote(cell: str | None, names: dict[str, int], first: bool, where: str) -> int:
    if cell is None:
        return -1
    text = cell.casefold().removesuffix(".0").removeprefix("'").strip()
    if text in ("both", "neither"):
        return SAID.index(text)
    side = names.get(cell.casefold(), names.get(text)) if text not in ("a", "b") else LETTERS.index(text)
    if side is None:
        raise InputError(f"{where}: {cell[:40]!r} is no answer; write {ANSWERS}, or leave it empty")
    return side if first else 1 - side


def _code(sheet: str, row: int, suggested: int, first: bool, flagged: bool) -> str:
    # The letter in front keeps spreadsheets from reading 12345678 or 1234e567 as a number.
    text = f"{sheet}|{row}|{suggested}|{int(first)}|{int(flagged)}"
    return "c" + blake2b(text.encode(), digest_size=4).hexdigest()
