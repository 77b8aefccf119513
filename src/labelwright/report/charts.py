"""Charts without a library: HTML and SVG that follow the page's colours and say in words what they show."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from labelwright.report.templates import template
from labelwright.report.text import DASH, count, percent, percents, plain


class Bar(NamedTuple):
    """One bar: what it is, how long (any unit), what to write at its end."""

    name: str | Markup
    value: float
    text: str


class Move(NamedTuple):
    """A share that moved: what it is, from where to where, between which bounds."""

    name: str
    before: float
    after: float
    low: float
    high: float


def _draw(macro: str, *arguments: object) -> Markup:
    return getattr(template("blocks.html.jinja").module, macro)(*arguments)  # type: ignore[no-any-return]


def ceiling(value: float) -> float:
    """Smallest round share that leaves room above `value`; the end of an axis.

    Examples
    --------
    >>> ceiling(0.037), ceiling(0.4), ceiling(0.97), ceiling(float("nan"))
    (0.04, 0.5, 1.0, 1.0)
    """
    if not math.isfinite(value) or value > 0.8:
        return 1.0
    room = max(value, 1e-4) * 1.02
    unit = 10.0 ** math.floor(math.log10(room))
    return min(1.0, next(round(step * unit, 12) for step in (1, 2, 4, 5, 8, 10) if step * unit >= room))


def interval_bar(value: float, low: float, high: float, *, label: str) -> Markup:
    """Draw a share between its bounds on an axis that starts at zero.

    Examples
    --------
    >>> "3.1" in interval_bar(0.031, 0.026, 0.037, label="Wrong labels")
    True
    """
    if not math.isfinite(value):
        return Markup("")
    top = ceiling(high if math.isfinite(high) else value)
    ticks = [(100 * i / 4, percent(top * i / 4, _digits(top / 4) if i else 0)) for i in range(5)]
    said = "{}: {}, 95 % interval {} to {}".format(label, *percents(value, low, high))
    return _draw("interval_bar", _at(value, top), _at(low, top), _at(high, top), ticks, said)


def range_cell(value: float, low: float, high: float, top: float) -> Markup:
    """Draw a share with its bounds for one cell of a table; all rows share the axis from 0 to `top`."""
    if not math.isfinite(value):
        return Markup(DASH)
    words = percents(value, low, high)
    return _draw("range_cell", _at(value, top), _at(low, top), _at(high, top), words)


def moves(rows: Sequence[Move], *, label: str, before: str, after: str) -> Markup:
    """Draw shares before and after, a ring and a point on one axis from zero, with the interval behind the point.

    Examples
    --------
    >>> "10 %" in moves([Move("cat", 0.05, 0.1, 0.08, 0.12)], label="Shares", before="old", after="new").replace(
    ...     "\u00a0", " "
    ... )
    True
    """
    top = ceiling(max((max(it.high, it.after, it.before) for it in rows), default=1.0))
    ticks = [(100 * i / 4, percent(top * i / 4, _digits(top / 4) if i else 0)) for i in range(5)]
    drawn = []
    for it in rows:
        words = percents(it.before, it.after, it.low, it.high)
        drawn.append(
            {
                "name": plain(it.name, 60),
                "before": _at(it.before, top),
                "after": _at(it.after, top),
                "low": _at(it.low, top),
                "high": _at(it.high, top),
                "from": _at(min(it.before, it.after), top),
                "to": _at(max(it.before, it.after), top),
                "words": words,
            }
        )
    return _draw("moves", drawn, ticks, label, before, after)


def bars(
    rows: Sequence[Bar | tuple[str | Markup, float, str]], *, label: str, empty: str = "Nothing here."
) -> Markup:
    """Horizontal bars from zero, the longest as wide as there is room.

    Examples
    --------
    >>> "12 items" in bars([("cat for dog", 12, "12 items")], label="Mixed up")
    True
    """
    longest = max((b[1] for b in rows if math.isfinite(b[1])), default=0.0) or 1.0
    drawn = [(name, _at(value, longest), text) for name, value, text in rows]
    return _draw("bars", drawn, label, empty)


def heat_map(
    matrix: np.ndarray,
    names: Sequence[str],
    *,
    rows: str,
    columns: str,
    caption: str,
    counts: np.ndarray | None = None,
) -> Markup:
    """Draw a square matrix of shares as a table in colours; the diagonal is set apart.

    Parameters
    ----------
    matrix : ndarray (k, k)
        Shares from 0 to 1, by row.
    names : sequence of str
        Names of the k rows and columns.
    rows, columns : str
        What the rows and the columns are: ``"truly"``, ``"labelled"``.
    caption : str
        What the table shows, for readers who cannot see it.
    counts : ndarray (k, k), optional
        How many items stand behind each share.

    Examples
    --------
    >>> "97" in heat_map(np.array([[.97, .03], [0, 1]]), ["a", "b"], rows="is", columns="said", caption="c")
    True
    """
    matrix = np.asarray(matrix, dtype=float)
    k = len(matrix)
    off = np.where(np.eye(k, dtype=bool) | ~np.isfinite(matrix), 0, matrix)
    top = float(off.max()) if k else 0.0
    shade = np.sqrt(off / top) if top > 0 else off
    cells = [[_heat_cell(matrix, shade, counts, i, j, names) for j in range(k)] for i in range(k)]
    return _draw("heat_map", cells, list(names), rows, columns, caption, percent(top))


def _heat_cell(
    matrix: np.ndarray, shade: np.ndarray, counts: np.ndarray | None, i: int, j: int, names: Sequence[str]
) -> dict[str, object]:
    share, k = float(matrix[i, j]), len(matrix)
    if not math.isfinite(share):
        text = ""
    elif k <= 12:
        text = percent(share, 1 if share < 0.0995 else 0) if share >= 0.0005 else "0"
    else:  # narrow cells: whole per cent without the sign, nothing below half of one
        text = f"{100 * share:.0f}" if share >= 0.005 else ""
    number = "" if counts is None or not np.isfinite(counts[i, j]) else f", about {count(counts[i, j])}"
    title = f"{plain(names[i], 60)} → {plain(names[j], 60)}: {percent(share)}{number}"
    return {"text": text, "shade": f"{shade[i, j]:.3f}", "same": i == j, "title": title}


def reliability(
    predicted: np.ndarray,
    observed: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    n: np.ndarray,
    *,
    x: str,
    y: str,
) -> Markup:
    """Draw predicted against observed shares by bin, with intervals; on the diagonal they agree.

    Bins without items (NaN, or ``n == 0``) are left out. `x` and `y` name the axes.

    Examples
    --------
    >>> one = np.array([0.9])
    >>> "<svg" in reliability(one, one, one - 0.1, one + 0.1, np.array([50]), x="said", y="seen")
    True
    """
    values = np.column_stack([np.asarray(v, dtype=float) for v in (predicted, observed, low, high, n)])
    values = values[np.isfinite(values).all(axis=1) & (values[:, 4] > 0)]
    if not len(values):
        return Markup('<p class="empty">Too few items for a diagram.</p>')
    most = values[:, 4].max()
    dots = [
        {
            "x": 320 * p,
            "y": 320 * (1 - o),
            "low": 320 * (1 - lo),
            "high": 320 * (1 - hi),
            "r": round(3 + 6 * math.sqrt(size / most), 1),
            "title": f"predicted {percent(p)}, observed {percent(o)} in {count(size)} items",
            "cells": [percent(p), percent(o), f"{percent(lo)} to {percent(hi)}", count(size)],
        }
        for p, o, lo, hi, size in np.clip(values, 0, [1, 1, 1, 1, np.inf]).tolist()
    ]
    gap = float(np.average(np.abs(values[:, 0] - values[:, 1]), weights=values[:, 4]))
    said = f"{y.capitalize()} against {x}, {len(dots)} points; on average they differ by {percent(gap)}."
    return _draw("reliability", dots, x, y, said)


def _at(value: float, top: float) -> str:
    """Find the place on an axis from 0 to `top`, in per cent of its length."""
    return f"{100 * min(max(value / top, 0.0), 1.0):.2f}" if math.isfinite(value) and top > 0 else "0"


def _digits(step: float) -> int:
    """Decimals that tell the ticks of an axis apart when written in per cent."""
    return next((d for d in range(3) if abs(100 * step - round(100 * step, d)) < 1e-9), 2)
