"""Sections of the page about the labels: how sure they are, what is called what, and how far to trust it all."""

import math

import numpy as np
from markupsafe import Markup

from labelwright import report
from labelwright.combine.dawid_skene import DawidSkene
from labelwright.combine.report_view import View, macro
from labelwright.combine.result import UNSURE, Combined
from labelwright.parts.shares import wilson
from labelwright.report import Section, count, percent

LONG_MATRIX = 30  # classes
BINS = 10
SLIPS = 25  # most frequent, where the matrix is too large


def sure(view: View) -> Section:
    """How probable the labels are, and with true labels how often they are right."""
    p = view.p[view.voted]
    edges = np.linspace(0, 1, BINS + 1)
    first = min(int(np.floor(BINS * max(float(p.min()) - 1e-9, 0.0))), BINS - 1)
    n = np.histogram(np.minimum(p, 1), edges)[0][first:]
    columns = [
        {
            "n": int(size),
            "height": f"{100 * size / n.max():.1f}",
            "text": count(float(size))
            if n.max() < 10_000
            else percent(size / len(p), 0 if size / len(p) > 0.1 else 1),
            "title": f"{percent(edges[first + i], 0)} to {percent(edges[first + i + 1], 0)}: {count(float(size))}",
        }
        for i, size in enumerate(n.tolist())
    ]
    ticks = [(100 * i / len(n), percent(edges[first + i], 0)) for i in range(len(n) + 1)]
    most = float((p >= 0.95).mean())
    said = f"Probability of {count(len(p))} labels: {percent(most, 0)} of them are 95 % or more."
    words = [
        "p is the probability of the label, given all votes and how good the sources seem to be. It takes sources to "
        "err independently: where they share a mistake, p is too high.",
    ]
    if not view.known.any():
        words.append("These votes do not tell how good the sources are; p takes all to be equally good.")
    chart = _calibration(view)
    if not chart:
        words.append(f"Labels under {percent(UNSURE, 0)} are the best place for another vote.")
    title = "How sure the labels are"
    return Section(
        "sure", title, macro("sure", macro("histogram", columns, ticks, said), chart, words), short="Sureness"
    )


def _calibration(view: View) -> Markup:
    truth = view.found.truth
    if truth is None:
        return Markup("")
    known = (truth >= 0) & view.voted
    p, right = view.p[known], view.best[known] == truth[known]
    at = np.minimum((p * BINS).astype(int), BINS - 1)
    n = np.bincount(at, minlength=BINS)
    with np.errstate(invalid="ignore"):
        predicted, observed = (np.bincount(at, v, BINS) / n for v in (p, right))
    low, high = wilson(np.bincount(at, right, BINS), n)
    return report.reliability(
        predicted, observed, low, high, n, x="probability of the label", y="how often it is right"
    )


def confusion(view: View) -> Section:
    """What sources say of each class, all of them together."""
    title, model, k = "What is called what", view.found.model, len(view.classes)
    if not (view.known.any() and isinstance(model, DawidSkene) and model.counts_.any()):
        what = "This method does" if view.known.any() else "These votes do"
        words = f"{what} not tell which classes sources mix up."
        return Section("confusion", title, report.empty(words), short="Mix-ups")
    table = model.counts_.sum(axis=0)
    total = table.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(total > 0, table / total, np.nan)
    off = np.where(np.eye(k, dtype=bool), 0, np.nan_to_num(share))
    true, said = np.unravel_index(off.argmax(), off.shape)
    lead = "All sources together, as far as the votes let us know what is true."
    if off[true, said] > 0:
        lead += (
            f" Of the votes about items that truly are “{view.classes[true]}”, about {percent(off[true, said])} "
            f"say “{view.classes[said]}”."
        )
    if k <= LONG_MATRIX:
        body = report.heat_map(
            share, view.classes, rows="truly", columns="said", counts=table,
            caption="Share of the votes about each true class by what they say",
        )  # fmt: skip
        return Section("confusion", title, body, short="Mix-ups", lead=lead)
    weight = np.where(np.eye(k, dtype=bool), 0, table)
    worst = [divmod(int(i), k) for i in np.argsort(-weight, axis=None, kind="stable")[:SLIPS]]
    body = report.bars(
        [
            (
                macro("two", view.classes[t], "→", view.classes[s]),
                float(weight[t, s]),
                f"{count(weight[t, s])} votes ({percent(off[t, s])})",
            )
            for t, s in worst
            if weight[t, s] >= 0.5
        ],
        label="Most confused classes",
        empty="No class is called another.",
    )
    lead += f" With {k} classes the matrix is too large to read; these are the most frequent slips, true class → vote."
    return Section("confusion", title, body, short="Mix-ups", lead=lead)


def trust(view: View) -> Section:
    """What was run, whether it beats majority, and what it cannot see."""
    words = [
        ("Is it better than majority?", method_words(view.found)),
        (
            "What it cannot see",
            "Sources are compared with each other, not with the truth. A mistake that most of them share, such as a "
            "guideline everybody misread, looks like agreement. Only true labels of some items show it: give some as "
            "gold.",
        ),
    ]
    kept = {key: value for key, value in view.found.settings.items() if key not in ("file", "method")}
    settings = {"method": view.found.method, **kept}
    return Section("trust", "How far to trust this", report.trust(words, settings), short="Trust")


def method_words(found: Combined) -> str:
    """Which method was taken, and whether it foresees votes better than majority, in a sentence or two."""
    gain, name = found.gain, found.method
    if gain is None:
        if name == "majority":
            return "Majority vote: every vote counts the same."
        why = (
            "too few items have two votes"
            if isinstance(found.model, DawidSkene)
            else "it does not foresee votes"
        )
        return f"The method is {name}. It was not compared with majority, since {why}."
    more = [100 * math.expm1(min(v, 5.0)) for v in (gain.value, gain.low, gain.high)]
    shares = f"(95 % interval {more[1]:+.0f} % to {more[2]:+.0f} %; {gain.value:+.3f} nats a vote)".replace(
        "-", "\u2212"
    )
    tested = "Dawid and Skene's model" if name == "majority" else name
    start = "Majority vote: every vote counts the same. " if name == "majority" else f"The method is {name}. "
    if gain.low > 0:
        return f"{start}To unseen votes {tested} gives {more[0]:.0f} % more probability than majority does {shares}."
    if gain.high < 0:
        return f"{start}To unseen votes {tested} gives less probability than majority does {shares}."
    return (
        f"{start}No clear difference: {tested} foresees unseen votes about as well as majority does {shares}."
    )
