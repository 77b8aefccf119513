"""What adapting leaves in its folder."""

from typing import Any

import numpy as np

from labelwright import files, frames
from labelwright.report.text import distinct
from labelwright.shift.report import page
from labelwright.shift.result import Adapted

DIGITS = 6
CELLS = 5_000_000  # of a CSV; more are written as Parquet


def save(found: Adapted, folder: files.OutputFolder, target: files.Table, *, title: str) -> str:
    """Write report.html, priors.csv and predictions.csv or predictions.parquet, whose name is returned.

    ``priors.csv`` has exactly the columns `class`, `source`, `target`, `low` and `high`. The predictions have `row`,
    `before`, `after`, `changed` and one column of corrected probabilities per class, ``p_`` and its name; Parquet where
    the target is Parquet or Arrow, or has very many rows and classes.
    """
    priors = {
        name: frames.column(found.priors, name) for name in ("class", "source", "target", "low", "high")
    }
    folder.write_csv(
        "priors.csv", {k: v.round(DIGITS) if v.dtype.kind == "f" else v for k, v in priors.items()}
    )
    name = predictions_name(found, target)
    before, after = (frames.column(found.predictions, column) for column in ("before", "label"))
    columns: dict[str, Any] = {
        "row": np.arange(len(before)), "before": before, "after": after, "changed": before != after,
    }  # fmt: skip
    names = [f"p_{shown}" for shown in distinct(found.classes.tolist()).values()]
    if name.endswith(".parquet"):
        import pyarrow as pa

        probs = found.probs.astype(np.float32)
        plain = {k: pa.array(v.tolist() if v.dtype == object else v) for k, v in columns.items()}
        folder.write_parquet(
            name, pa.table({**plain, **{n: pa.array(probs[:, j]) for j, n in enumerate(names)}})
        )
    else:
        rounded = found.probs.round(DIGITS)
        folder.write_csv(name, {**columns, **{n: rounded[:, j] for j, n in enumerate(names)}})
    folder.write_text("report.html", page(found, title=title).html().encode("utf-8", "replace").decode())
    return name


def predictions_name(found: Adapted, target: files.Table) -> str:
    """Name of the file of predictions: in the format of the target, where that is one for many numbers."""
    many = found.probs.size > CELLS
    return f"predictions.{'parquet' if many or target.format in ('parquet', 'arrow') else 'csv'}"
