"""The page an audit leaves behind: the answer first, then the rows to look at, then why to believe it."""

import datetime
import math
from pathlib import Path
from typing import Any

from markupsafe import Markup

from labelwright import report
from labelwright.audit import sections as below
from labelwright.audit.result import Audit
from labelwright.audit.sections import macro, words
from labelwright.audit.view import View, columns, number
from labelwright.report import Column, DataTable, Section, count, plain
from labelwright.report.text import percents

ISSUES = 1000  # rows in the page; all of them are in issues.csv
FOOT = (
    "This page is one file: it fetches nothing and sends nothing. "
    "It holds some of your data, so share it as you would share the data."
)
NEIGHBOURS = 2  # of each kind, for every doubtful row


def write(audit: Audit, path: Path, *, title: str) -> Path:
    """Write the audit as one self-contained HTML page (no network) and return its path.

    Parameters
    ----------
    audit : Audit
        What was found. ``settings["file"]``, where given, stands under the title.
    path : Path
        Where to write; the file appears whole or not at all.
    title : str
        The heading.

    Raises
    ------
    InputError
        When `path` cannot be written.
    """
    return page(audit, title=title).write(path)


def page(audit: Audit, *, title: str, today: datetime.date | None = None) -> report.Page:
    """Lay out the page without writing it."""
    view, today = View(audit), today or datetime.date.today()
    sections = [
        _issues(view),
        below.matrix(view),
        below.classes(view),
        below.overlaps(view),
        below.duplicates(view),
        below.misfits(view),
    ]
    if audit.sources is not None:
        sections.append(below.sources(view))
    if audit.judges is not None:
        sections.append(below.judges(view))
    sections.append(below.trust(view))
    file = audit.settings.get("file")
    meta = [
        *([Path(str(file)).name] if file else []),
        f"{today.day} {today:%B %Y}",
        report.plural(audit.n, "row"),
    ]
    return report.Page(
        title=title,
        sections=sections,
        top=_top(view),
        kicker="Labelwright label audit",
        meta=meta,
        foot=FOOT,
    )


def _top(view: View) -> Markup:
    audit, rate = view.audit, view.audit.error_rate
    known = view.labelled > 0 and math.isfinite(rate.value)
    facts = [
        (count(view.labelled), "labels checked" if not view.tags else "tagged items checked"),
        (count(len(audit.classes)), "tags" if view.tags else "classes"),
        (count(audit.n_issues), "worth checking first"),
        (count(len(audit.duplicates)), "duplicate pairs with different labels"),
        (count(len(audit.misfits)), "items that fit no class"),
    ]
    said = {
        "known": known,
        "labelled": view.labelled,
        "issues": audit.n_issues,
        "tags": view.tags,
        "shares": percents(*rate) if known else [],
        "ceiling": percents(audit.ceiling)[0]
        if known and audit.ceiling and audit.ceiling > rate.high
        else "",
        "wrong": rate.value * view.labelled if known else 0.0,
    }
    bar = report.interval_bar(*rate, label="Share of labels that are wrong") if known else Markup("")
    return macro("top", said, bar, facts, [plain(n, 600) for n in audit.notes])


def _issues(view: View) -> Section:
    audit = view.audit
    data = columns(audit.issues, "row", "given", "suggested", "p_wrong", "why", "agree", "disagree")
    for row in data["row"][:ISSUES]:
        view.preview(row)
    rows = []
    for row, given, suggested, p, why, agree, disagree in list(zip(*data.values()))[:ISSUES]:
        p = number(p)
        groups = [
            (f"Nearest, labelled {words(view.label(label))}", _neighbours(view, near, row))
            for label, near in ((given, agree), (suggested, disagree))
        ]
        rows.append(
            [
                int(row),
                view.label(given),
                view.change(given, suggested),
                round(p, 4) if math.isfinite(p) else None,
                plain(why, 400) if why else "",
                [g for g in groups if g[1]],
            ]
        )
    lead = (
        "The labels most likely to be wrong come first. "
        "Each is a suspicion, not a verdict: look before you change it."
    )
    if audit.n_issues > ISSUES:
        rest = count(audit.n_issues - ISSUES)
        lead += f" This page holds the first {count(ISSUES)}; the other {rest} are in issues.csv."
    if not rows:
        body = Markup('<p class="empty">No label stands out. Nothing to check here.</p>')
        return Section("doubtful", "The most doubtful items", body, short="Doubtful items")
    table = DataTable(
        id="issues",
        caption="The most doubtful items",
        rows=rows,
        columns=[
            Column("row", "Item", "item"),
            Column("given", "Given", "label", filter=True),
            Column("suggested", "Suggested", "label", filter=True),
            Column("p_wrong", "Chance it is wrong", "share", filter=True),
            Column("why", "Why", "note"),
            Column("evidence", "Evidence", "groups"),
        ],
        items={row: item for row, item in view.previews.items() if item},
        download="doubtful.csv",
        sort=("p_wrong", True),
    )
    return Section("doubtful", "The most doubtful items", table.html(), short="Doubtful items", lead=lead)


def _neighbours(view: View, near: Any, row: int) -> list[int]:
    rows = [int(r) for r in (near if near is not None else ()) if 0 <= r < view.audit.n and r != row][
        :NEIGHBOURS
    ]
    for other in rows:
        view.preview(other, short=True)
    return rows
