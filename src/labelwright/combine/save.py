"""What combining leaves in its folder."""

import numpy as np

from labelwright import files, frames
from labelwright.combine.report import page
from labelwright.combine.result import Combined

DIGITS = 6


def save(found: Combined, folder: files.OutputFolder, *, title: str) -> None:
    """Write labels.csv, sources.csv and report.html.

    ``labels.csv`` has exactly the columns `item`, `label` and `p`, items in the order of the file; ``sources.csv``
    `source`, `accuracy`, `low`, `high` and `n`, the best first, and no accuracy where the votes do not tell it.
    """
    for name, frame, columns in (
        ("labels.csv", found.labels, ("item", "label", "p")),
        ("sources.csv", found.sources, ("source", "accuracy", "low", "high", "n")),
    ):
        table = {column: _rounded(frames.column(frame, column)) for column in columns}
        folder.write_csv(name, table)
    folder.write_text("report.html", page(found, title=title).html().encode("utf-8", "replace").decode())


def _rounded(values: np.ndarray) -> np.ndarray:
    return values.round(DIGITS) if values.dtype.kind == "f" else values
