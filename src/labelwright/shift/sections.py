"""Sections of the page about the classes and the predictions: balance, who changed, accuracy, rows that change."""

import numpy as np
from markupsafe import Markup

from labelwright import report
from labelwright.report import Cell, Column, DataTable, Move, Section, count, percent, plural
from labelwright.report.text import DASH, percents
from labelwright.shift.report_view import View, macro

DRAWN = 40  # classes that are all drawn
MOST = 12  # of either side, where there are more
ROWS = 1000  # of a table; all are in the files
FOLDED = 15
FLOWS = 12


def balance(view: View) -> Section:
    """Share of every class before and now: a drawing, and a table with the numbers."""
    order = view.order.tolist()
    drawn = order
    lead = (
        f"Rings are shares among {count(view.found.estimator.n_source_)} source rows, points what they are estimated "
        f"to be among {plural(view.n, 'new row')}; the band is the {percent(view.level, 0)} interval of each class. "
        "The classes that grew most come first."
    )
    if view.k > DRAWN:
        drawn = [*order[:MOST], *order[-MOST:]]
        lead += f" Drawn are the {MOST} that grew most and the {MOST} that shrank most of {count(view.k)}."
    rows = [Move(view.names[c], view.source[c], view.target[c], view.low[c], view.high[c]) for c in drawn]
    chart = report.moves(rows, label="Shares of the classes", before="source", after="new rows")
    table = _table(view, [*order[: ROWS // 2], *order[-ROWS // 2 :]] if view.k > ROWS else order)
    body = report.stack(
        chart, report.folded(f"The numbers ({plural(min(view.k, ROWS), 'class', 'classes')})", table)
    )
    if view.k > ROWS:
        lead += f" The table holds the {ROWS} that changed most; all are in priors.csv."
    return Section("balance", "How common each class is now", body, short="Balance", lead=lead)


def _table(view: View, order: list[int]) -> Markup:
    top = report.charts.ceiling(float(view.high.max()))
    return report.plain_table(
        ["Class", "Source", "New rows", "By", "Change"],
        [
            [
                Cell(view.names[c], view.names[c]),
                Cell(percent(view.source[c]), float(view.source[c])),
                Cell(
                    report.range_cell(view.target[c], view.low[c], view.high[c], top), float(view.target[c])
                ),
                Cell(_times(view, c), float(view.found.weights[c])),
                Cell(
                    ("grew" if view.change[c] > 0 else "shrank") if view.sure[c] else "not sure",
                    float(view.change[c]),
                ),
            ]
            for c in order
        ],
        numbers=(1, 3),
        caption="Shares of the classes before and now",
        shown=FOLDED if len(order) > 2 * FOLDED else len(order),
    )


def _times(view: View, c: int) -> str:
    if view.source[c] == 0:
        return DASH
    times = view.found.weights[c]
    return f"{times:.2g} times" if times < 10 else f"{times:,.0f} times"


def changed(view: View) -> Section:
    """Which classes grew and which shrank beyond chance."""
    title = "Which classes grew, and which shrank"
    if not (view.grown or view.shrunk):
        words = "None beyond what chance does, all classes looked at together."
        return Section("changed", title, report.empty(words), short="Grew and shrank")
    sides = [
        (head, _side(view, some, head), len(some))
        for head, some in (("Grew", view.grown), ("Shrank", view.shrunk))
    ]
    rest = view.k - len(view.grown) - len(view.shrunk)
    lead = f"Beyond chance, all classes looked at together (each {percent(view.level, 0)} interval widened for that)."
    if rest:
        lead += f" Of the other {plural(rest, 'class', 'classes')} the direction is not sure."
    return Section("changed", title, macro("sides", sides), short="Grew and shrank", lead=lead)


def _side(view: View, some: list[int], head: str) -> Markup:
    rows = []
    for c in some[:MOST]:
        one, other = percents(view.source[c], view.target[c])
        rows.append((view.names[c], abs(float(view.change[c])), f"{one} → {other}"))
    body = report.bars(rows, label=f"{head}, by how much", empty="None, surely.")
    if len(some) > MOST:
        more = report.empty(f"And {plural(len(some) - MOST, 'class', 'classes')} more: see priors.csv.")
        return report.stack(body, more)
    return body


def accuracy(view: View) -> Section:
    """What share of predictions is right: expected before and after, and measured where there are labels."""
    seen, measured = view.found.accuracy, view.found.measured
    rows: list[list[str | Markup | Cell]] = [
        ["Expected, as it is", _range(seen.before, seen.before_low, seen.before_high)],
        ["Expected, corrected", _range(seen.after, seen.after_low, seen.after_high)],
        ["Expected gain", _points(seen.gain, seen.gain_low, seen.gain_high)],
    ]
    if measured is not None:
        on = f"on {plural(measured.n, 'labelled new row')}"
        rows += [
            [f"Measured, as it is, {on}", _range(measured.before, measured.before_low, measured.before_high)],
            [f"Measured, corrected, {on}", _range(measured.after, measured.after_low, measured.after_high)],
        ]
    table = report.plain_table(["Predictions", "Right"], rows, caption="Share of right predictions")
    lead = (
        "Expected is how often source rows of each class are right, mixed by the new shares, with 95 % intervals. It "
        "holds if only the balance changed."
    )
    if measured is None:
        lead += " Labels of some new rows, in the target, would measure it."
    return Section("accuracy", "What the correction is worth", table, short="Accuracy", lead=lead)


def _range(value: float, low: float, high: float) -> Markup:
    return report.range_cell(value, low, high, 1.0)


def _points(value: float, low: float, high: float) -> str:
    words = [f"{100 * v:+.1f}".replace("-", "\u2212") for v in (value, low, high)]
    return f"{words[0]} points ({words[1]} to {words[2]})"


def predictions(view: View) -> Section:
    """Rows whose prediction changes, and from what to what."""
    title = "Predictions that change"
    moved = view.moved
    if not len(moved):
        return Section("predictions", title, report.empty("None changes."), short="Predictions")
    found, probs = view.found, view.found.probs
    pairs, times = np.unique(view.before[moved] * view.k + view.after[moved], return_counts=True)
    first = np.argsort(-times, kind="stable")[:FLOWS]
    flows = report.bars(
        [
            (
                macro("two", view.names[pairs[i] // view.k], view.names[pairs[i] % view.k]),
                float(times[i]),
                plural(int(times[i]), "row"),
            )
            for i in first.tolist()
        ],
        label="From which class to which",
    )
    truth = found.truth
    names = [*view.names, "another"]
    table = DataTable(
        id="rows",
        caption="Rows whose prediction changes",
        rows=[
            [
                i,
                view.names[view.before[i]],
                view.names[view.after[i]],
                round(float(probs[i, view.after[i]]), 4),
                *([names[truth[i]] if truth[i] >= 0 else ""] if truth is not None else []),
            ]
            for i in moved[:ROWS].tolist()
        ],
        columns=[
            Column("row", "Row", "number"),
            Column("before", "Before", "label", filter=True),
            Column("after", "Corrected", "label", filter=True),
            Column("p", "Its probability", "share", filter=True),
            *([Column("truth", "Label given")] if truth is not None else []),
        ],
        download="changed.csv",
        page=20,
        sort=("row", False),
    )
    lead = (
        f"{count(len(moved))} of {count(view.n)} ({percent(len(moved) / view.n)}), from which class to which, and the "
        "first of them. Rows count from 0."
    )
    if len(moved) > ROWS:
        lead += f" This page holds {count(ROWS)}; all are in the file of predictions."
    return Section("predictions", title, report.stack(flows, table.html()), short="Predictions", lead=lead)
