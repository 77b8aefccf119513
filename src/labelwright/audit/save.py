"""What an audit leaves in its folder."""

from typing import Any

import numpy as np

from labelwright import files, frames
from labelwright.audit.report import page
from labelwright.audit.result import Audit

COLUMNS = ("row", "given", "suggested", "p_wrong", "why")
TAGS = "; "


def save(
    audit: Audit, folder: files.OutputFolder, table: files.Table, roles: files.Roles, *, title: str
) -> None:
    """Write report.html, issues.csv, issues.parquet and the input with corrected labels.

    ``issues.csv`` has exactly the columns `row`, `given`, `suggested`, `p_wrong` and `why`, most doubtful
    first; tags are joined by "; ". ``issues.parquet`` also has the rows of the neighbours. The corrected file
    is the input with the suggestion in place of every label that is more likely wrong than right, and the
    given label in a column of its own.
    """
    columns: dict[str, Any] = {
        name: frames.column(audit.issues, name) for name in (*COLUMNS, "agree", "disagree")
    }
    for name in ("given", "suggested"):
        columns[name] = _joined(columns[name], TAGS)
    folder.write_csv("issues.csv", {name: columns[name] for name in COLUMNS})
    folder.write_parquet("issues.parquet", columns)
    assert roles.label is not None
    separator = roles.separator or TAGS
    taken = set(table.columns)
    kept = next(
        name
        for name in (f"{roles.label}_given", *(f"{roles.label}_given_{i}" for i in range(1000)))
        if name not in taken
    )
    folder.write_table_like(
        table,
        {
            roles.label: _joined(audit.corrected(), separator),
            kept: _joined(np.asarray(audit.given), separator) if roles.several else table.text(roles.label),
        },
    )
    html = page(audit, title=title).html()
    folder.write_text(
        "report.html", html.encode("utf-8", "replace").decode()
    )  # half a surrogate pair is no text


def _joined(labels: np.ndarray, separator: str) -> list[Any]:
    return [
        None if v is None else separator.join(map(str, v)) if isinstance(v, (list, tuple, np.ndarray)) else v
        for v in labels
    ]
