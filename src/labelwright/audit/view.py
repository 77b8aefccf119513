"""An audit as readers see it: names for classes, previews for rows, columns of any frame."""

import math
from typing import Any

import numpy as np

from labelwright.audit.result import Audit
from labelwright.frames import column, names
from labelwright.report import Preview, plain
from labelwright.report.text import distinct

SHORT = 160  # characters of a neighbour's text
BYTES = {"text": 850_000, "table": 1_500_000, "image": 6_000_000}  # for all previews of a page


class View:
    """An audit as readers see it: names for classes, previews for rows, one budget for all of them."""

    def __init__(self, audit: Audit) -> None:
        self.audit = audit
        self.tags = np.ndim(audit.noise_matrix) == 3
        self.labelled = int(np.isfinite(np.asarray(audit.p_wrong, dtype=float)).sum())
        self.classes = distinct(list(audit.classes))
        self.names = [self.classes[c] for c in audit.classes]
        self.previews: dict[int, Preview] = {}
        self._left = BYTES.get(getattr(audit.items, "kind", "table"), BYTES["table"])

    def name(self, value: Any) -> str:
        """Name of one class; 'none' where there is no label."""
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, float) and value != value:
            value = None
        try:
            return self.classes.get(value) or plain(value)
        except TypeError:
            return plain(value)

    def label(self, value: Any) -> str | list[tuple[str, str]]:
        """Name of a label; of a set of tags their names, each with an empty mark."""
        return [(self.name(v), "") for v in value] if is_many(value) else self.name(value)

    def change(self, given: Any, suggested: Any) -> str | list[tuple[str, str]]:
        """Name what is suggested; of a set of tags also those to remove."""
        if not (is_many(given) and is_many(suggested)):
            return self.label(suggested)
        before = [self.name(v) for v in given]
        after = [self.name(v) for v in suggested]
        kept = [(name, "" if name in before else "+") for name in after]
        return kept + [(name, "-") for name in before if name not in after]

    def preview(self, row: int, *, short: bool = False) -> Preview:
        """Draw a row, or nothing once the page would grow too large."""
        row = int(row)
        if row not in self.previews:
            items = self.audit.items
            drawn = items.preview(row) if items is not None and self._left > 0 else Preview()
            if short:
                text = plain(drawn.text, SHORT) if drawn.text else ""
                drawn = Preview(text, drawn.cells, drawn.image)
            self._left -= _weight(drawn)
            self.previews[row] = drawn
        return self.previews[row]


def is_many(value: Any) -> bool:
    """Whether a label is a set of tags."""
    return isinstance(value, (list, set, frozenset, np.ndarray))


def _weight(item: Preview) -> int:
    cells = sum(len(name) + len(value) for name, value in item.cells)
    return len(item.text.encode("utf-8", "replace")) + len(item.image) + cells


def columns(frame: Any, *wanted: str) -> dict[str, list[Any]]:
    """Read columns of a result frame as lists; what a frame lacks is all None."""
    here = names(frame) if frame is not None else []
    found = {name: column(frame, name).tolist() for name in wanted if name in here}
    n = len(next(iter(found.values()), []))
    return {name: found.get(name, [None] * n) for name in wanted}


def number(value: Any) -> float:
    """Read a cell of a result frame as a float, NaN where it is missing."""
    return math.nan if value is None else float(value)
