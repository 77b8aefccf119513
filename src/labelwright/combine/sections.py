"""Sections of the page about sources and items: quality, agreement, conflicts, copying."""

import math
from typing import Any

import numpy as np
from markupsafe import Markup

from labelwright import report
from labelwright.combine import statistics
from labelwright.combine.report_view import View, macro
from labelwright.combine.result import Copy
from labelwright.report import Cell, Column, DataTable, Section, count, percent, plain, plural
from labelwright.report.text import DASH

ROWS = 1000  # sources in the table; all are in sources.csv
FOLDED = 15  # shown of them before the reader asks for all
DOTS = 600  # in the drawing
DRAWN = 12  # sources up to which the table needs no drawing above it
MAPPED = 30  # sources of which pairs can be read as a map
CONFLICTS = 200
COPIES = 25
NEAREST = 10
NAMED = 8  # votes of an item up to which voters are named


def sources(view: View) -> Section:
    """Every source with its accuracy and interval: a drawing of all, then a table."""
    gold = _on_gold(view)
    heads = ["Source", "Votes", "Accuracy", *(["Right where the truth is known"] if gold else [])]
    places = [*np.flatnonzero(view.known)[::-1].tolist(), *np.flatnonzero(~view.known).tolist()]
    rows: list[list[str | Markup | Cell]] = [
        [
            Cell(macro("source", view.source[i], view.poor[i]), view.source[i]),
            Cell(count(float(view.n[i])), float(view.n[i])),
            Cell(
                report.range_cell(view.accuracy[i], view.low[i], view.high[i], 1.0),
                float(view.accuracy[i]) if view.known[i] else -1.0,
            ),
            *([gold.get(view.code[i], Cell(DASH, -1.0))] if gold else []),
        ]
        for i in places[:ROWS]
    ]
    table = report.plain_table(
        heads, rows, numbers=(1,), caption="Quality of the sources", empty="There are no sources.",
        shown=FOLDED if len(places) > 2 * FOLDED else len(places),
    )  # fmt: skip
    if not view.known.any():
        lead = "How often each source is right cannot be told from these votes: see what was noticed, at the top."
        return Section("sources", "How good each source is", table, short="Sources", lead=lead)
    lead = (
        "Chance to name the true class, as agreement with the others shows it. The line is the estimate, the band its "
        "95 % interval; all rows share one axis from 0 to 100 %. The worst come first."
    )
    if len(places) > ROWS:
        lead += f" These are {count(ROWS)} of {count(len(places))}; all are in sources.csv."
    body = table if len(view.source) <= DRAWN else report.stack(_spread(view), table)
    return Section("sources", "How good each source is", body, short="Sources", lead=lead)


def _on_gold(view: View) -> dict[int, Cell]:
    """Share of right votes on items of known truth, by source."""
    truth = view.found.truth
    if truth is None:
        return {}
    said = statistics.told(view.told)
    checked = said.clear & (truth[said.item] >= 0)
    a = len(view.names)
    n = np.bincount(said.source[checked], minlength=a)
    right = np.bincount(said.source[checked & (truth[said.item] == said.code)], minlength=a)
    return {
        int(i): Cell(f"{percent(right[i] / n[i], 0)} of {count(n[i])}", float(right[i] / n[i]))
        for i in np.flatnonzero(n)
    }


def _spread(view: View) -> Markup:
    places = np.flatnonzero(view.known)
    if len(places) > DOTS:
        places = places[np.linspace(0, len(places) - 1, DOTS).round().astype(int)]
    step = 100 / len(places)
    dots = [
        {
            "x": f"{(at + 0.5) * step:.2f}",
            "y": f"{100 * view.accuracy[i]:.1f}",
            "low": f"{100 * view.low[i]:.1f}",
            "height": f"{100 * (view.high[i] - view.low[i]):.1f}",
            "poor": view.poor[i],
            "title": f"{view.source[i]}: {percent(view.accuracy[i], 0)} ({percent(view.low[i], 0)} to "
            f"{percent(view.high[i], 0)}), {count(float(view.n[i]))} votes",
        }
        for at, i in enumerate(places.tolist())
    ]
    ticks = [(25 * i, percent(i / 4, 0)) for i in range(5)]
    middle = float(np.median(view.accuracy[view.known]))
    said = (
        f"Accuracy of {count(len(places))} sources from {percent(float(view.accuracy[view.known].max()), 0)} to "
        f"{percent(float(view.accuracy[view.known].min()), 0)}, half of them at {percent(middle, 0)} or more."
    )
    width = f"max(1px, min(6px, 60% / {len(places)}))"
    left = "best" + (" (rings: worse than chance)" if any(view.poor) else "")
    return macro("spread", dots, ticks, said, width, 8 if len(places) <= 80 else 5, left, "worst")


def agreement(view: View) -> Section:
    """Krippendorff's alpha with its interval, and how far every two sources agree."""
    alpha = view.found.agreement
    title = "How far the sources agree"
    if not math.isfinite(alpha.value):
        words = "Nothing to compare: no item has two votes, or all votes say the same."
        return Section("agreement", title, report.empty(words), short="Agreement")
    lead = (
        f"Krippendorff's alpha is {alpha.value:.2f} (95 % interval {alpha.low:.2f} to {alpha.high:.2f}), over "
        f"{count(alpha.n)} items with two votes or more: 1 is full agreement, 0 what chance would give. "
    )
    if alpha.low >= 0.8:
        lead += "Above 0.8 agreement is usually taken as good."
    elif alpha.high < 0.667:
        lead += "Below 0.67 the task or its guideline needs another look; combining still finds the better labels."
    else:
        lead += "Between 0.67 and 0.8 agreement is usually taken as good enough for careful conclusions."
    return Section("agreement", title, _pair_map(view), short="Agreement", lead=lead)


def _pair_map(view: View) -> Markup:
    seen = view.found.pairs
    here = {name: i for i, name in enumerate(seen.source.tolist())}
    order = [here[name] for name in view.told.sources[view.code].tolist() if name in here]
    if len(order) > MAPPED:
        voters = seen.both.sum(axis=1)
        chosen = set(np.argsort(-voters, kind="stable")[:MAPPED].tolist())
        order = [i for i in order if i in chosen]
    if len(order) < 2 or not np.isfinite(seen.kappa[np.ix_(order, order)]).any():
        return report.empty("No two sources voted on the same items often enough to compare them.")
    names = [plain(seen.source[i], 24) for i in order]
    top = float(np.nanmax(seen.kappa[np.ix_(order, order)]))
    top = top if top > 0 else 1.0
    cells = [[_pair_cell(seen, i, j, top, narrow=len(order) > 12) for j in order] for i in order]
    caption = "Agreement of every two sources beyond chance"
    note = "Cohen's kappa of every two sources, the best first"
    if len(seen.source) > len(order):
        note += f"; of {count(len(view.names))} sources the {len(order)} that share most items with others"
    if len(order) > 12:
        note += ". Numbers are hundredths"
    return macro(
        "agreement",
        note + ". Empty where two never met.",
        macro("pair_map", cells, names, caption, f"{top:.2f}"),
    )


def _pair_cell(seen: Any, i: int, j: int, top: float, *, narrow: bool) -> dict[str, Any]:
    kappa = float(seen.kappa[i, j])
    one, other = plain(seen.source[i], 60), plain(seen.source[j], 60)
    known = math.isfinite(kappa)
    text = (f"{100 * kappa:.0f}" if narrow else f"{kappa:.2f}") if known else ""
    title = f"{one} and {other}: "
    title += f"kappa {kappa:.2f}, " if known else ""
    title += (
        f"the same on {percent(seen.agreement[i, j], 0)} of {count(seen.both[i, j])} items"
        if seen.both[i, j]
        else ""
    )
    text = text.removeprefix("-") if not text.strip("-0.") else text
    shade = f"{min(max(kappa / top, 0.0), 1.0):.3f}" if known else "0"
    return {
        "text": text.replace("-", "\u2212"),
        "shade": shade,
        "same": i == j,
        "title": title if i != j else one,
    }


def conflicts(view: View) -> Section:
    """Items about which sources differ, the least sure first."""
    told, title = view.told, "Worst conflicts"
    counts = np.diff(told.first)
    said = told.said
    differ = np.zeros(len(told), dtype=bool)
    if told.n_votes:
        starts = told.first[:-1][view.voted]
        differ[view.voted] = np.minimum.reduceat(said, starts) < np.maximum.reduceat(said, starts)
    rows = np.flatnonzero(differ)
    if not len(rows):
        words = "Nobody contradicts anybody: no item has two different votes."
        return Section("conflicts", title, report.empty(words), short="Conflicts")
    order = rows[np.lexsort((-counts[rows], view.p[rows].round(4)))][:CONFLICTS]
    truth = view.found.truth
    true_name = [*view.classes, "another"]
    table = DataTable(
        id="conflicts",
        caption="Items about which sources differ most",
        rows=[
            [
                plain(told.items[i], 160),
                view.classes[view.best[i]],
                round(float(view.p[i]), 4),
                *([true_name[truth[i]] if truth[i] >= 0 else ""] if truth is not None else []),
                _voices(view, i),
            ]
            for i in order.tolist()
        ],
        columns=[
            Column("item", "Item"),
            Column("label", "Label", "label", filter=True),
            Column("p", "Its probability", "share", filter=True),
            *([Column("truth", "Truth", "text")] if truth is not None else []),
            Column("votes", "Votes"),
        ],
        noun=("item", "items"),
        download="conflicts.csv",
        page=20,
        sort=("p", False),
    )
    lead = f"Sources differ about {count(len(rows))} of {count(int(view.voted.sum()))} items; the least sure first."
    if len(rows) > CONFLICTS:
        lead += f" This page holds {CONFLICTS}; sort labels.csv by p for the others."
    return Section("conflicts", title, table.html(), short="Conflicts", lead=lead)


def _voices(view: View, i: int) -> str:
    """Who says what of one item; only numbers where many spoke."""
    told = view.told
    codes = told.codes[told.first[i] : told.first[i + 1]]
    who, said = np.divmod(codes, told.n_classes)
    parts = []
    times = np.bincount(said, minlength=told.n_classes)
    for code in np.argsort(-times, kind="stable")[: np.count_nonzero(times)].tolist():
        voters = ", ".join(plain(told.sources[w], 30) for w in who[said == code].tolist())
        parts.append(
            f"{view.classes[code]}: {voters if len(codes) <= NAMED else plural(int(times[code]), 'vote')}"
        )
    return plain(" · ".join(parts), 400)


def copying(view: View) -> Section:
    """Pairs that agree more than their skill explains."""
    title = "Who copies whom"
    sure, nearest = view.found.copies(), view.found.copies(sure=False)
    seen = view.found.pairs
    met = int((np.triu(seen.both, 1) > 0).sum())
    if not nearest:
        few = "Whether anybody copies cannot be told: that takes four sources that share enough items with each other."
        return Section("copying", title, report.empty(few), short="Copying")
    lead = (
        "Pairs that say the same more often than two sources of their skill would that share nothing but the truth. "
        "The votes cannot show who copied from whom, or whether both copied from a third."
    )
    if sure:
        body = _copy_table(sure[:COPIES], "Pairs of sources that copy")
        if len(sure) > COPIES:
            lead += f" The surest {COPIES} of {count(len(sure))} pairs."
        return Section("copying", title, body, short="Copying", lead=lead)
    words = (
        f"No pair stands out among {count(len(nearest))} that could be compared"
        + (f" ({count(met - len(nearest))} more share too few items)" if met > len(nearest) else "")
        + ": all agree about as much as their skill explains."
    )
    close = report.folded(
        f"The pairs that come closest ({min(NEAREST, len(nearest))})",
        _copy_table(nearest[:NEAREST], "Pairs of sources that come closest to copying"),
    )
    return Section("copying", title, report.stack(report.empty(words), close), short="Copying", lead=lead)


def _copy_table(pairs: list[Copy], caption: str) -> Markup:
    rows: list[list[str | Markup | Cell]] = [
        [
            Cell(macro("two", plain(it.first, 60), "↔", plain(it.second, 60)), plain(it.first, 60)),
            Cell(count(it.both), float(it.both)),
            Cell(percent(it.agreement, 0), it.agreement),
            Cell(report.range_cell(max(it.copying, 0.0), max(it.low, 0.0), it.high, 1.0), it.copying),
        ]
        for it in pairs
    ]
    return report.plain_table(
        ["Pair", "Shared items", "Say the same", "Of what skill leaves open, the same"],
        rows,
        numbers=(1, 2),
        caption=caption,
    )
