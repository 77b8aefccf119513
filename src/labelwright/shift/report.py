"""The page that adapting leaves behind: the balance now, what the correction is worth, whether to trust it."""

import datetime
from pathlib import Path

from markupsafe import Markup

from labelwright import report
from labelwright.report import count, percent, plain, plural
from labelwright.report.text import percents
from labelwright.shift import sections, trust
from labelwright.shift.report_view import View, macro
from labelwright.shift.result import Adapted

FOOT = (
    "This page is one file: it fetches nothing and sends nothing. "
    "It names your classes and the predictions that change, so share it as you would share the data."
)


def write(found: Adapted, path: Path, *, title: str) -> Path:
    """Write what was found as one self-contained HTML page (no network) and return its path.

    Parameters
    ----------
    found : Adapted
        ``settings["target"]``, where given, stands under the title.
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


def page(found: Adapted, *, title: str, today: datetime.date | None = None) -> report.Page:
    """Lay out the page without writing it."""
    view, today = View(found), today or datetime.date.today()
    files = [Path(str(found.settings[key])).name for key in ("source", "target") if key in found.settings]
    parts = [
        sections.balance(view),
        sections.changed(view),
        sections.accuracy(view),
        sections.predictions(view),
    ]
    parts += [trust.kind(view)]
    if found.checks is not None:
        parts.append(trust.estimators(view))
    parts += [trust.python(view), trust.trust(view)]
    return report.Page(
        title=title,
        sections=parts,
        top=_top(view),
        kicker="Labelwright adapted predictions",
        meta=[" → ".join(files)] * bool(files) + [f"{today.day} {today:%B %Y}", plural(view.n, "new row")],
        foot=FOOT,
    )


def _top(view: View) -> Markup:
    found, seen = view.found, view.found.accuracy
    facts = [
        (count(view.n), "new rows"),
        (count(found.estimator.n_source_), "labelled source rows"),
        (count(view.k), "classes"),
        (count(len(view.grown)), "surely grew"),
        (count(len(view.shrunk)), "surely shrank"),
        (count(len(view.moved)), "predictions that change"),
    ]
    measured = found.measured
    words = percents(seen.after, seen.after_low, seen.after_high, seen.before)
    said = {
        "verdict": found.shift.verdict,
        "after": words[:3],
        "before": words[3],
        "moved": percent(len(view.moved) / view.n),
        "measured": [] if measured is None else percents(measured.before, measured.after),
        "n_measured": 0 if measured is None else measured.n,
    }
    bar = Markup("")
    if found.shift.verdict not in ("covariate", "both"):
        bar = report.interval_bar(
            seen.after,
            seen.after_low,
            seen.after_high,
            label="Expected share of right predictions, corrected",
        )
    doubts, notes = ([plain(n, 600) for n in some] for some in (found.warnings, found.notes))
    return macro("top", said, bar, facts, doubts, found.hints(), notes)
