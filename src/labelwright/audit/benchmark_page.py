"""The page of a test set: before the review what to do, after it whether corrected labels change the ranking."""

import datetime
import math
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from labelwright import report
from labelwright.audit.benchmark import SHEET, Benchmark
from labelwright.audit.view import BYTES, columns
from labelwright.report import (
    Cell,
    Column,
    DataTable,
    Line,
    Mark,
    Section,
    count,
    curves,
    percent,
    plain,
    slopes,
)
from labelwright.report.text import percents

FOOT = (
    "This page is one file: it fetches nothing and sends nothing. "
    "It holds some of your data, so share it as you would share the data."
)
DRAWN = 12  # models in a chart
ROWS = 1000
MEANT = {
    "right": "The given label is right", "wrong": "The other one is", "both": "Both fit", "neither": "Neither fits",
    "unclear": "Votes tie", "unseen": "No vote",
}  # fmt: skip


def page(found: Benchmark, *, title: str, today: datetime.date | None = None) -> report.Page:
    """Lay out the page without writing it."""
    today = today or datetime.date.today()
    if found.sheet is not None:
        sections = [_how(found), _standings(found), _doubtful(found)]
    else:
        sections = [_ranking(found), _curve(found), _pairs(found), _verdicts(found)]
    made = [(plain(k, 60), plain(v, 300)) for k, v in found.settings.items() if k != "file"]
    sections.append(Section("made", "How it was made", _macro("settings", made), short="Settings"))
    file = found.settings.get("file")
    return report.Page(
        title=title,
        sections=sections,
        top=_top(found),
        kicker="Labelwright test set audit",
        meta=[
            *([Path(str(file)).name] if file else []),
            f"{today.day} {today:%B %Y}",
            report.plural(len(found.audit.known), "row"),
        ],
        foot=FOOT,
    )


def _top(found: Benchmark) -> Markup:
    checked, audit = found.checked, found.audit
    notes = [plain(n, 600) for n in found.notes]
    if found.sheet is not None:
        flagged = int(found.sheet.sheet.split("-")[1])
        said: dict[str, Any] = {
            "waiting": True, "sheet": len(found.sheet), "n": len(audit.known), "flagged": flagged,
            "others": len(found.sheet) - flagged, "shares": [], "sure": "",
        }  # fmt: skip
        facts = [
            (count(len(audit.known)), "labels"),
            (count(len(audit.models)), "models"),
            (count(len(audit.flagged)), "labels that look wrong to the models"),
        ]
        return _macro("top", said, Markup(""), facts, notes)
    rate, numbers = checked.error_rate, checked.summary()
    known = math.isfinite(rate.value)
    sure = checked.standings.first("corrected")[checked.models.index(checked.best[1])]
    said = {
        "sure": percent(sure, 0) if math.isfinite(sure) else "",
        "waiting": False, "first": plain(checked.best[0], 60), "best": plain(checked.best[1], 60),
        "corrected": numbers["n_corrected"], "cost": percent(checked.cost, 2), "pairs": numbers["n_pairs"],
        "swapped": numbers["n_swapped"], "shares": percents(*rate) if known else [],
    }  # fmt: skip
    facts = [
        (count(numbers["n"]), "labels"),
        (count(numbers["n_reviewed"]), "looked at by people"),
        (count(numbers["n_corrected"]), "corrected"),
        (count(numbers["n_left_out"]), "left out: no one right label"),
    ]
    if numbers["agreement"] is not None:
        facts.append((percent(numbers["agreement"], 0), "of pairs of votes agree"))
    bar = report.interval_bar(*rate, label="Share of labels that are wrong") if known else Markup("")
    return _macro("top", said, bar, facts, notes)


def _how(found: Benchmark) -> Section:
    return Section(
        "how",
        "What to do now",
        _macro("how"),
        short="What to do",
        lead=f"The sheet is {SHEET}, beside this page.",
    )


def _standings(found: Benchmark) -> Section:
    at = found.checked.standings
    body = _table(found, at.accuracy("given"), at.ranks("given"), at.first("given"))
    return Section(
        "given", "The models on the given labels", body, short="Models",
        lead="As the test set says now. Intervals come from drawing its rows again.",
    )  # fmt: skip


def _table(found: Benchmark, accuracy: np.ndarray, ranks: np.ndarray, first: np.ndarray) -> Markup:
    order = np.argsort(-accuracy[0], kind="stable")
    rows: list[list[str | Markup | Cell]] = [
        [
            plain(found.audit.models[i], 80),
            Cell(_bar(accuracy[:, i]), float(accuracy[0, i])),
            Cell(_rank(ranks[:, i]), float(ranks[0, i])),
            Cell(percent(first[i], 0), float(first[i])),
        ]
        for i in order
    ]
    heads = ["Model", "Accuracy", "Rank, 95 % interval", "Is the best in"]
    return report.plain_table(heads, rows, numbers=(2, 3), caption="Models on the given labels")


def _bar(ends: np.ndarray) -> Markup:
    value, low, high = map(float, ends)
    return report.range_cell(value, low, high, 1.0)


def _rank(ends: np.ndarray) -> str:
    return f"{ends[0]:g}" + (f" ({ends[1]:g} to {ends[2]:g})" if np.isfinite(ends[1:]).all() else "")


def _ranking(found: Benchmark) -> Section:
    at, models = found.checked.standings, found.audit.models
    values = {labels: at.values(labels)[0] for labels in ("given", "corrected")}
    top = np.argsort(-values["corrected"], kind="stable")[:DRAWN]
    before, after = (at.ranks(labels)[:, top] for labels in ("given", "corrected"))
    if len(top) < len(models):  # ranks among those drawn
        before, after = (_among(ranks) for ranks in (before, after))
    drawn = slopes(
        [models[i] for i in top], before, after, left="given labels", right="corrected labels",
        label="Rank of each model on the given and on the corrected labels",
    )  # fmt: skip
    words = "Upright lines are 95 % intervals of a rank. Who changes places is drawn in full."
    if len(top) < len(models):
        words += f" The first {len(top)} of {len(models)} models, ranked among themselves."
    data = columns(found.checked.ranking, *[
        "model", "accuracy_given", "given_low", "given_high", "accuracy_corrected", "corrected_low", "corrected_high",
        "rank_given", "rank_corrected", "rank_corrected_low", "rank_corrected_high", "first_corrected",
    ])  # fmt: skip
    rows: list[list[str | Markup | Cell]] = [
        [
            plain(model, 80),
            Cell(percent(given, 2), given),
            Cell(report.range_cell(value, low, high, 1.0), value),
            Cell(f"{was:g}", was),
            Cell(_rank(np.array([now, one, other])), now),
            Cell(percent(first, 0), first),
        ]
        for model, given, _, _, value, low, high, was, now, one, other, first in zip(*data.values())
    ]
    heads = ["Model", "On given labels", "On corrected labels", "Rank was", "Rank is", "Is the best in"]
    table = report.plain_table(
        heads, rows, numbers=(1, 3, 4, 5), caption="Models before and after correction"
    )
    return Section(
        "ranking", "The ranking before and after", _macro("chart", drawn, words) + table, short="Ranking"
    )


def _among(ranks: np.ndarray) -> np.ndarray:
    order = np.argsort(np.argsort(ranks[0], kind="stable"), kind="stable") + 1.0
    return np.stack([order, np.full(len(order), np.nan), np.full(len(order), np.nan)])


def _curve(found: Benchmark) -> Section:
    title = "If more of the labels had been wrong"
    checked, at = found.checked, found.checked.standings
    if not at.wrong[0] or not at.clean[0]:
        body = Markup(
            '<p class="empty">No label was corrected, so there is nothing that could become more frequent.</p>'
        )
        return Section("curve", title, body, short="Curve")
    shares = np.linspace(at.prevalence, 1, 41)
    curve, crossings = at.curve(shares), at.crossings()
    order = np.argsort(-at.values("corrected")[0], kind="stable")[:DRAWN]
    crossing = {i for it in crossings for i in (it.model, it.other)}
    lines = [
        Line(checked.models[i], shares, curve.corrected[0, :, i], curve.corrected[1, :, i], curve.corrected[2, :, i],
             strong=i in crossing)
        for i in order
    ]  # fmt: skip
    marks = []
    for it in crossings:
        if it.model in order and it.other in order:
            place = float(np.interp(it.prevalence, shares, curve.corrected[0, :, it.model]))
            one, other = checked.models[it.model], checked.models[it.other]
            marks.append(
                Mark(it.prevalence, place, f"{other} overtakes {one} at {percent(it.prevalence, 1)}")
            )
    drawn = curves(
        lines, x="share of the test set whose given label is wrong", y="accuracy on corrected labels", marks=marks,
        label="Accuracy of each model on corrected labels as the share of wrongly labelled items grows",
    )  # fmt: skip
    words = "Bands are 95 % intervals; a diamond marks where two models change places."
    rows: list[list[str | Markup | Cell]] = [
        [
            plain(checked.models[it.model], 60),
            plain(checked.models[it.other], 60),
            Cell(percent(it.prevalence, 1), it.prevalence),
            Cell(f"{percent(it.low, 1)} to {'never' if it.high >= 1 else percent(it.high, 1)}", it.low),
            Cell(percent(it.share, 0), it.share),
        ]
        for it in crossings[:ROWS]
    ]
    heads = ["Leads now", "Overtakes", "At", "95 % interval", "In so many draws"]
    table = report.plain_table(
        heads, rows, numbers=(2, 3, 4), caption="Where models change places", shown=15,
        empty="No two models would change places, however many of the labels had been wrong.",
    )  # fmt: skip
    lead = (
        "Correctly labelled items are taken away until those that were corrected "
        f"(now {percent(at.prevalence)}) make up more of the test set. Models that learned the "
        "habits of the people who labelled fall, those that did not stay."
    )
    return Section("curve", title, _macro("chart", drawn, words) + table, short="Curve", lead=lead)


def _pairs(found: Benchmark) -> Section:
    data = columns(found.checked.pairs, "model", "other", "given", "given_low", "given_high", "corrected",
                   "corrected_low", "corrected_high", "swapped", "swaps")  # fmt: skip
    rows: list[list[str | Markup | Cell]] = [
        [
            plain(one, 60),
            plain(other, 60),
            Cell(_lead(given, glow, ghigh), given),
            Cell(_lead(corrected, clow, chigh), corrected),
            Cell("yes" if swapped else "", float(swapped)),
            Cell(percent(swaps, 0), swaps),
        ]
        for one, other, given, glow, ghigh, corrected, clow, chigh, swapped, swaps in zip(*data.values())
    ]
    heads = [
        "Model",
        "Ahead of",
        "On given labels, by",
        "On corrected labels, by",
        "Swap",
        "Swap in so many draws",
    ]
    table = report.plain_table(heads, rows[:ROWS], numbers=(2, 3, 5), caption="Pairs of models", shown=15)
    return Section(
        "pairs", "Pair by pair", table, short="Pairs",
        lead="Points of accuracy with 95 % intervals, from the same rows for both. "
        "An interval that holds zero decides nothing.",
    )  # fmt: skip


def _lead(value: float, low: float, high: float) -> str:
    return f"{100 * value:+.2f}" + (f" ({100 * low:+.2f} to {100 * high:+.2f})" if math.isfinite(low) else "")


def _verdicts(found: Benchmark) -> Section:
    review, checked = found.checked.review, found.checked
    assert review is not None
    order = np.argsort(
        [["wrong", "neither", "both", "unclear", "right", "unseen"].index(v) for v in review.verdicts],
        kind="stable",
    )
    rows, previews, left = [], {}, BYTES.get(getattr(found.items, "kind", "table"), BYTES["table"])
    for i in order[:ROWS]:
        row = int(review.row[i])
        if found.items is not None and left > 0:
            previews[row] = found.items.preview(row)
            left -= sum(map(len, (previews[row].text, previews[row].image, str(previews[row].cells))))
        votes = ", ".join(
            f"{n} {name}"
            for n, name in zip(review.counts[i].tolist(), ("given", "suggested", "both", "neither"))
            if n
        )
        rows.append(
            [
                row, plain(checked.classes[checked.given[row]]), plain(checked.classes[review.suggested[i]]),
                MEANT[str(review.verdicts[i])], votes or "none", "looked wrong" if review.flagged[i] else "drawn",
            ]
        )  # fmt: skip
    table = DataTable(
        id="verdicts", caption="What people said", rows=rows, items={r: p for r, p in previews.items() if p},
        columns=[
            Column("row", "Item", "item"), Column("given", "Given", "label", filter=True),
            Column("suggested", "Suggested", "label", filter=True), Column("verdict", "Verdict", "label", filter=True),
            Column("votes", "Votes"), Column("why", "Why shown", "label", filter=True),
        ],
        download="verdicts.csv",
    )  # fmt: skip
    return Section("verdicts", "What people said", table.html(), short="Verdicts")


def _doubtful(found: Benchmark) -> Section:
    audit, rows, previews = found.audit, [], {}
    left = BYTES.get(getattr(found.items, "kind", "table"), BYTES["table"])
    for row in audit.flagged[:ROWS].tolist():
        if found.items is not None and left > 0:
            previews[row] = found.items.preview(row)
            left -= sum(map(len, (previews[row].text, previews[row].image, str(previews[row].cells))))
        against = float((audit.said[row] != audit.given[row]).mean())
        rows.append(
            [
                row, plain(audit.classes[audit.given[row]]), plain(audit.classes[audit.suggested[row]]),
                round(against, 4),
            ]
        )  # fmt: skip
    body = Markup('<p class="empty">No label looks wrong to the models.</p>')
    if rows:
        body = DataTable(
            id="doubtful", caption="Labels that look wrong", rows=rows, items={r: p for r, p in previews.items() if p},
            columns=[
                Column("row", "Item", "item"), Column("given", "Given", "label", filter=True),
                Column("suggested", "Suggested", "label", filter=True),
                Column("against", "Models against it", "share", filter=True),
            ],
            download="doubtful.csv",
        ).html()  # fmt: skip
    lead = "For whoever runs the review. Reviewers should not see this: it says which label is the given one."
    return Section("doubtful", "Labels that look wrong", body, short="Doubtful", lead=lead)


def _macro(name: str, *arguments: Any) -> Markup:
    module = report.template("benchmark.html.jinja", "labelwright.audit").module
    return getattr(module, name)(*arguments)  # type: ignore[no-any-return]
