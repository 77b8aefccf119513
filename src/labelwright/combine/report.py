"""The page that combining leaves behind: how sure the labels are, who says so, and how good they are at it."""

import datetime
import math
from pathlib import Path

from markupsafe import Markup

from labelwright import report
from labelwright.combine import sections, trust
from labelwright.combine.report_view import View, macro
from labelwright.combine.result import UNSURE, Combined
from labelwright.report import count, percent, plain, plural
from labelwright.report.text import DASH, percents

FOOT = (
    "This page is one file: it fetches nothing and sends nothing. "
    "It names your sources and some of your items, so share it as you would share the data."
)


def write(found: Combined, path: Path, *, title: str) -> Path:
    """Write what was found as one self-contained HTML page (no network) and return its path.

    Parameters
    ----------
    found : Combined
        ``settings["file"]``, where given, stands under the title.
    path : Path
        Where to write; the file appears whole or not at all.
    title : str
        The heading.

    Raises
    ------
    InputError
        When `path` cannot be written.
    """
    return page(found, title=title).write(path)


def page(found: Combined, *, title: str, today: datetime.date | None = None) -> report.Page:
    """Lay out the page without writing it."""
    view, today = View(found), today or datetime.date.today()
    file = found.settings.get("file")
    return report.Page(
        title=title,
        sections=[
            sections.sources(view),
            sections.agreement(view),
            sections.conflicts(view),
            sections.copying(view),
            trust.sure(view),
            trust.confusion(view),
            trust.trust(view),
        ],
        top=_top(view),
        kicker="Labelwright combined votes",
        meta=[
            *([Path(str(file)).name] if file else []),
            f"{today.day} {today:%B %Y}",
            plural(len(found.votes), "item"),
        ],
        foot=FOOT,
    )


def _top(view: View) -> Markup:
    found, told, gold = view.found, view.told, view.found.gold
    alpha = found.agreement.value
    facts = [
        (count(len(told)), "items"),
        (count(len(told.sources)), "sources"),
        (count(told.n_votes), "votes"),
        (count(len(found.classes)), "classes"),
        (f"{alpha:.2f}" if math.isfinite(alpha) else DASH, "agreement (Krippendorff's alpha)"),
        (count(len(found.against)) if view.known.any() else DASH, "sources worse than chance"),
    ]
    said = {
        "gold": [] if gold is None else percents(gold.accuracy, gold.low, gold.high),
        "majority": "" if gold is None else percents(gold.majority, gold.accuracy)[0],
        "n_gold": 0 if gold is None else gold.n,
        "votes": told.n_votes,
        "sources": len(told.sources),
        "n_items": len(told),
        "told": bool(view.known.any()),
        "sure": percent(float(view.p[view.voted].mean()), 1),
        "unsure": int((view.p[view.voted] < UNSURE).sum()),
        "limit": percent(UNSURE, 0),
    }
    bar = Markup("")
    if gold is not None:
        bar = report.interval_bar(gold.accuracy, gold.low, gold.high, label="Share of labels that are right")
    return macro("top", said, bar, facts, [plain(n, 600) for n in found.notes], found.hints())
