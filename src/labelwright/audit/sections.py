"""Sections of the page after the doubtful rows: where the errors are, and why to believe it."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from markupsafe import Markup

from labelwright import report
from labelwright.audit.view import View, columns, number
from labelwright.report import Cell, Section, count, percent, plain
from labelwright.report.charts import ceiling
from labelwright.report.text import DASH, NBSP, about

PAIRS = 25
MISFITS = 50
DUPLICATES = 60
LONG_MATRIX = 30  # classes up to which a matrix can be read


def matrix(view: View) -> Section:
    """Where labels go wrong: a heat map, for many classes the most confused pairs, for tags a table."""
    audit, k = view.audit, len(view.names)
    make = _tag_matrix if view.tags else _class_matrix
    if k == 0 or not np.isfinite(audit.noise_matrix).any():
        lead, body = "", Markup('<p class="empty">Too few labels to say which are given for which.</p>')
    else:
        lead, body = make(view)
    return Section("confusion", "What is labelled as what", body, short="Noise matrix", lead=lead)


def _class_matrix(view: View) -> tuple[str, Markup]:
    noise, k = np.asarray(view.audit.noise_matrix, dtype=float), len(view.names)
    counts = np.asarray(view.audit.joint, dtype=float).T  # joint is [given, true], noise [true, given]
    off = np.where(np.eye(k, dtype=bool) | ~np.isfinite(noise), 0, noise)
    weight = (
        np.where(np.eye(k, dtype=bool) | ~np.isfinite(counts), 0, counts) if counts.shape == (k, k) else off
    )
    true, given = np.unravel_index(off.argmax(), off.shape)
    if off[true, given] <= 0:
        lead = "No class seems to be labelled as another."
    else:
        one, other = plain(view.names[true], 60), plain(view.names[given], 60)
        lead = "Read along a row: of" if k <= LONG_MATRIX else "Of"
        lead += (
            f" the items that truly are “{one}”, about {percent(off[true, given])} were labelled “{other}”."
        )
    if k <= LONG_MATRIX:
        return lead, report.heat_map(
            noise,
            view.names,
            rows="truly",
            columns="labelled as",
            counts=counts if counts.shape == (k, k) else None,
            caption="Share of each true class by the label it was given",
        )
    worst = [divmod(int(i), k) for i in np.argsort(-weight, axis=None, kind="stable")[:PAIRS]]
    rows = [
        (
            macro("two", plain(view.names[t], 80), "→", plain(view.names[g], 80)),
            float(weight[t, g]),
            f"{_some(float(weight[t, g]))} ({percent(off[t, g])})"
            if weight is not off
            else percent(off[t, g]),
        )
        for t, g in worst
        if weight[t, g] > 0
    ]
    lead += f" With {k} classes the matrix is too large to read;"
    lead += f" these are the {len(rows)} most frequent slips, true class → label."
    return lead, report.bars(
        rows, label="Most confused pairs", empty="No class seems to be labelled as another."
    )


def _tag_matrix(view: View) -> tuple[str, Markup]:
    joint = np.asarray(view.audit.joint, dtype=float)  # [tag, given, true]
    given, due = joint[:, 1].sum(axis=1), joint[:, :, 1].sum(axis=1)
    extra, missing = joint[:, 1, 0], joint[:, 0, 1]
    rows = []
    for i in np.argsort(-(extra + missing), kind="stable"):
        rows.append(
            [
                _label(view.names[i]),
                Cell(count(given[i]), float(given[i])),
                Cell(_of(extra[i], given[i]), _share(extra[i], given[i])),
                Cell(_of(missing[i], due[i]), _share(missing[i], due[i])),
            ]
        )
    lead = (
        "For every tag: how many items carry it, how many of those should not, "
        "and how many that should carry it do not."
    )
    return lead, report.plain_table(
        ["Tag", "Given", "Wrongly given", "Wrongly missing"],
        rows,
        numbers=(1, 2, 3),
        caption="Wrongly given and wrongly missing tags",
    )


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else 0.0


def _of(part: float, whole: float) -> str:
    return f"{about(part)} ({percent(_share(part, whole))})" if part >= 0.5 else DASH


def _label(name: str) -> Cell:
    return Cell(macro("label", name), name)


def _count(value: Any) -> Cell:
    return Cell(count(number(value)), number(value))


def _ranges(data: Mapping[str, list[Any]]) -> list[Cell]:
    """Error rates with their bounds, on one axis for the whole table."""
    bounds = [[number(v) for v in row] for row in zip(data["error_rate"], data["low"], data["high"])]
    top = ceiling(max((v for row in bounds for v in row if math.isfinite(v)), default=1.0))
    return [
        Cell(report.range_cell(row[0], row[1], row[2], top), row[0] if math.isfinite(row[0]) else -1.0)
        for row in bounds
    ]


def _by_error(data: Mapping[str, list[Any]]) -> list[int]:
    rates = np.array([number(v) for v in data["error_rate"]], dtype=float)
    return np.argsort(-np.nan_to_num(rates, nan=-1.0), kind="stable").tolist()  # type: ignore[no-any-return]


def classes(view: View) -> Section:
    """Class by class: error rate with interval, counts, the class it mixes with."""
    data = columns(view.audit.by_class, "class", "n", "error_rate", "low", "high", "issues", "mixes_with")
    ranges = _ranges(data)
    rows: list[list[str | Markup | Cell]] = [
        [
            _label(view.name(data["class"][i])),
            _count(data["n"][i]),
            ranges[i],
            _count(data["issues"][i]),
            words(view.label(data["mixes_with"][i])) if data["mixes_with"][i] is not None else DASH,
        ]
        for i in _by_error(data)
    ]
    kind = "Tag" if view.tags else "Class"
    body = report.plain_table(
        [kind, "Labels", "Estimated error rate", "To check", "Mixes with"],
        rows,
        numbers=(1, 3),
        caption=f"Quality of the labels, {kind.lower()} by {kind.lower()}",
        empty="There are no classes to compare.",
    )
    lead = "The line is the estimate, the band its 95 % interval; all rows share one axis." if rows else ""
    return Section(
        "classes", f"{kind} by {kind.lower()}", body, short="Tags" if view.tags else "Classes", lead=lead
    )


def overlaps(view: View) -> Section:
    """Pairs of classes that seem to exchange labels."""
    data = columns(view.audit.overlaps, "class", "other", "n", "share")
    rows = [
        (
            macro("two", plain(view.name(one), 80), "↔", plain(view.name(other), 80)),
            number(n),
            f"{_some(number(n))} ({percent(number(share))})",
        )
        for one, other, n, share in list(zip(*data.values()))[:PAIRS]
    ]
    body = report.bars(rows, label="Classes that mix", empty="No two classes mix enough to mention.")
    lead = (
        "Labels that seem to have been exchanged between two classes. "
        "Where this is large, the guideline that separates the two may be the cause."
    )
    return Section("mix", "Classes that mix", body, lead=lead if rows else "")


def _some(n: float) -> str:
    return "under 1 label" if n < 1 else f"{about(n)} label{'' if about(n) == '1' else 's'}"


def duplicates(view: View) -> Section:
    """Pairs of equal or nearly equal items with different labels."""
    data = columns(view.audit.duplicates, "row", "twin", "similarity", "given", "twin_given")
    pairs = [
        {
            "sides": [
                (int(row), view.preview(row), view.label(given)),
                (int(twin), view.preview(twin), view.label(other)),
            ],
            "said": "equal" if number(alike) >= 0.99995 else f"{100 * number(alike):.1f}{NBSP}% alike",
        }
        for row, twin, alike, given, other in list(zip(*data.values()))[:DUPLICATES]
    ]
    body = macro("pairs", pairs, len(view.audit.duplicates))
    lead = "Items that are the same, or nearly, with different labels: in most pairs one of the two is wrong."
    return Section(
        "duplicates", "Duplicates with different labels", body, short="Duplicates", lead=lead if pairs else ""
    )


def misfits(view: View) -> Section:
    """Items that fit no class."""
    data = columns(view.audit.misfits, "row", "given", "best", "p_best")
    rows = [
        [
            Cell(report.preview(view.preview(row), int(row)), int(row)),
            _labels(view.label(given)),
            _labels(view.label(best)),
            Cell(percent(number(p)), number(p)),
        ]
        for row, given, best, p in list(zip(*data.values()))[:MISFITS]
    ]
    body = report.plain_table(
        ["Item", "Given", "Best guess", "Its probability"],
        rows,
        numbers=(3,),
        shown=10,
        caption="Items that fit no class",
        empty="Every item fits at least one class.",
    )
    lead = (
        "Not even the best class is likely: "
        "these may belong to a class that is missing, or to no class at all."
    )
    if len(view.audit.misfits) > MISFITS:
        lead += f" The {MISFITS} most out of place of {count(len(view.audit.misfits))}."
    return Section("misfits", "Items that fit no class", body, short="Misfits", lead=lead if rows else "")


def _labels(label: str | list[tuple[str, str]]) -> Cell:
    return Cell(macro("labels", [label] if isinstance(label, str) else [n for n, _ in label]), words(label))


def sources(view: View) -> Section:
    """Who differs, and in what."""
    data = columns(view.audit.sources, "source", "n", "error_rate", "low", "high", "often")
    ranges = _ranges(data)
    rows: list[list[str | Markup | Cell]] = [
        [
            Cell(plain(data["source"][i]), plain(data["source"][i])),
            _count(data["n"][i]),
            ranges[i],
            plain(data["often"][i]) if data["often"][i] is not None else DASH,
        ]
        for i in _by_error(data)
    ]
    body = report.plain_table(
        ["Source", "Labels", "Estimated error rate", "Commonest slip"],
        rows,
        numbers=(1,),
        caption="Quality of the labels, source by source",
        empty="No source gave enough labels to compare.",
    )
    return Section(
        "sources",
        "Who labelled what",
        body,
        short="Sources",
        lead="The line is the estimate, the band its 95 % interval.",
    )


def judges(view: View) -> Section:
    """Who was asked for a second opinion, and what that took."""
    data = columns(
        view.audit.judges,
        "judge",
        "items",
        "calls",
        "cached",
        "prompt_tokens",
        "completion_tokens",
        "seconds",
    )
    rows: list[list[str | Markup | Cell]] = [
        [
            Cell(plain(name), plain(name)),
            *(_count(value) for value in counts),
            Cell(f"{number(seconds):,.1f}", number(seconds)),
        ]
        for name, *counts, seconds in zip(*data.values())
    ]
    body = report.plain_table(
        ["Judge", "Labels", "Questions sent", "From the record", "Tokens read", "Tokens written", "Seconds"],
        rows,
        numbers=(1, 2, 3, 4, 5, 6),
        caption="What second opinions took",
        empty="No judge was asked.",
    )
    lead = "Asked about the most doubtful labels; what it said stands in the reason of each row."
    return Section("judges", "Second opinions", body, short="Judges", lead=lead)


def trust(view: View) -> Section:
    """How far to trust this: reliability of the probabilities, and what was run."""
    data = columns(view.audit.reliability, "predicted", "observed", "low", "high", "n")
    chart = report.reliability(
        *(np.array([number(v) for v in data[name]], dtype=float) for name in data),
        x="probability of a label, as predicted",
        y="how often it was the given one",
    )
    settings = [
        (plain(key, 60), _setting(value)) for key, value in view.audit.settings.items() if key != "file"
    ]
    return Section("trust", "How far to trust this", macro("trust", chart, settings), short="Trust")


def _setting(value: Any) -> str:
    if isinstance(value, Mapping):
        return plain(", ".join(f"{plain(k, 60)} {plain(v, 60)}" for k, v in value.items()), 300)
    if isinstance(value, float) and not value.is_integer():
        return f"{value:.4g}"
    if isinstance(value, (list, tuple)):
        return plain(", ".join(plain(v, 60) for v in value), 300)
    return plain(value, 300)


def macro(name: str, *arguments: Any) -> Markup:
    """Call a macro of the room's template."""
    module = report.template("report.html.jinja", "labelwright.audit").module
    return getattr(module, name)(*arguments)  # type: ignore[no-any-return]


def words(label: str | list[tuple[str, str]]) -> str:
    """A label as running text."""
    return plain(label if isinstance(label, str) else ", ".join(n for n, _ in label) or "none", 60)
