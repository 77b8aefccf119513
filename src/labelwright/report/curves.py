"""Lines and slopes as SVG that takes the colour of the page around it, light or dark."""

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from labelwright.report.text import percent, plain

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 76, 170, 14, 54
LETTER = 6.6  # width of one, where the font is 12 high
NAMES = 24  # characters of a name


class Line(NamedTuple):
    """One line of a chart: its name, where it goes, and its interval.

    Attributes
    ----------
    name : str
    x, y : ndarray (g,)
    low, high : ndarray (g,) or None
    strong : bool
        Drawn in full; others stand back.
    dashed : bool
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    strong: bool = True
    dashed: bool = False


class Mark(NamedTuple):
    """A point with a meaning: where it is, and what it says."""

    x: float
    y: float
    says: str


def curves(
    lines: Sequence[Line], *, x: str, y: str, label: str, marks: Sequence[Mark] = (), from_zero: bool = False
) -> Markup:
    """Draw shares against a share, each line with its name at its end.

    Parameters
    ----------
    lines : sequence of Line
    x, y : str
        Names of the axes.
    label : str
        What the chart shows, for readers who cannot see it.
    marks : sequence of Mark
    from_zero : bool
        Whether the y axis starts at zero.

    Examples
    --------
    >>> line = Line("a", np.array([0.0, 1.0]), np.array([0.9, 0.4]))
    >>> drawn = curves([line], x="share", y="accuracy", label="A falls")
    >>> drawn.count("<polyline"), "currentColor" in drawn
    (1, True)
    """
    xs = np.concatenate([line.x for line in lines])
    ends = [v for line in lines for v in (line.y, line.low, line.high) if v is not None]
    ys = np.concatenate(ends)
    ys = ys[np.isfinite(ys)]
    across = _Axis(float(xs.min()), float(xs.max()), LEFT, WIDTH - RIGHT)
    low = 0.0 if from_zero else float(ys.min()) - 0.04 * (float(np.ptp(ys)) or 0.1)
    high = float(ys.max()) + 0.04 * (float(np.ptp(ys)) or 0.1)
    up = _Axis(low, high, HEIGHT - BOTTOM, TOP)
    out = [_open(HEIGHT, label), *_grid(across, up, x, y)]
    for line in lines:
        if line.low is not None and line.high is not None and np.isfinite(line.low).all():
            area = [*zip(line.x, line.high), *zip(line.x[::-1], line.low[::-1])]
            shade = 0.12 if line.strong else 0.05
            out.append(f'<polygon points="{_points(area, across, up)}" opacity="{shade}" stroke="none"/>')
    for line in lines:
        look = 'stroke-width="2"' if line.strong else 'stroke-width="1.2" opacity="0.5"'
        dash = ' stroke-dasharray="5 4"' if line.dashed else ""
        said = f"{line.name}: {percent(line.y[0], 1)} to {percent(line.y[-1], 1)}"
        out.append(
            f'<polyline points="{_points(zip(line.x, line.y), across, up)}" fill="none" stroke="currentColor" '
            f"{look}{dash}><title>{escape(plain(said))}</title></polyline>"
        )
    places = _apart([up(float(line.y[-1])) for line in lines], 15, TOP + 4, HEIGHT - BOTTOM + 10)
    for line, place in zip(lines, places):
        end = up(float(line.y[-1]))
        out.append(
            f'<path d="M{WIDTH - RIGHT:g} {end:.1f}l5 0L{WIDTH - RIGHT + 12:g} {place:.1f}h3" fill="none" '
            'stroke="currentColor" opacity="0.35"/>'
        )
        weight = "" if line.strong else ' opacity="0.7"'
        out.append(_text(WIDTH - RIGHT + 19, place + 4, plain(line.name, NAMES), weight))
    for mark in marks:
        out.append(
            f'<path d="M{across(mark.x):.1f} {up(mark.y) - 6:.1f}l6 6l-6 6l-6 -6z" class="mark" fill="{MARK}">'
            f"<title>{escape(plain(mark.says))}</title></path>"
        )
    return Markup("\n".join([*out, "</svg>"]))


MARK = "#d9622b"  # 3 : 1 and more on the paper of both the light and the dark page


def slopes(
    names: Sequence[str], before: np.ndarray, after: np.ndarray, *, left: str, right: str, label: str
) -> Markup:
    """Draw ranks before and after, 1 on top, each with its interval; who changes places is drawn in full.

    Parameters
    ----------
    names : sequence of str (m,)
    before, after : ndarray (3, m)
        Rank, low end, high end.
    left, right : str
        What the two sides are.
    label : str

    Examples
    --------
    >>> ranks = np.array([[1.0, 2.0], [1.0, 1.0], [2.0, 2.0]])
    >>> slopes(["a", "b"], ranks, ranks[:, ::-1], left="given", right="corrected", label="a and b swap").count("<line")
    6
    """
    m, step, side = len(names), 30, 190
    height = step * m + 56
    one, other = side, WIDTH - side

    def at(rank: float) -> float:
        return 44 + step * (rank - 0.5)

    out = [_open(height, label)]
    out.append(_text(one, 20, left, ' text-anchor="end" opacity="0.75"'))
    out.append(_text(other, 20, right, ' opacity="0.75"'))
    shown = [_apart([at(v) for v in ranks[0]], 15, 30, height) for ranks in (before, after)]
    for i, name in enumerate(names):
        moved = before[0, i] != after[0, i]
        look = 'stroke-width="2"' if moved else 'stroke-width="1.2" opacity="0.45"'
        out.append(f"<g><title>{escape(_moves(name, before[:, i], after[:, i]))}</title>")
        out.append(
            f'<line x1="{one + 40}" x2="{other - 40}" y1="{at(before[0, i]):.1f}" y2="{at(after[0, i]):.1f}" '
            f'stroke="currentColor" {look}/>'
        )
        for ranks, x in ((before, one + 40), (after, other - 40)):
            shift = 3 * (i % 5) - 6  # intervals of neighbours side by side
            if np.isfinite(ranks[1:, i]).all() and ranks[1, i] < ranks[2, i]:
                out.append(
                    f'<line x1="{x + shift}" x2="{x + shift}" y1="{at(ranks[1, i]):.1f}" y2="{at(ranks[2, i]):.1f}" '
                    'stroke="currentColor" opacity="0.3" stroke-width="1.5"/>'
                )
            out.append(f'<circle cx="{x + shift}" cy="{at(ranks[0, i]):.1f}" r="4" {"" if moved else OPEN}/>')
        out.append("</g>")
        text = plain(name, NAMES)
        out.append(_text(one, shown[0][i] + 4, f"{text}  {before[0, i]:g}", ' text-anchor="end"'))
        out.append(_text(other, shown[1][i] + 4, f"{after[0, i]:g}  {text}"))
    return Markup("\n".join([*out, "</svg>"]))


OPEN = 'opacity="0.6"'


class _Axis:
    """Numbers to places between two edges."""

    def __init__(self, low: float, high: float, start: float, end: float):
        self.low, self.high, self.start, self.end = low, high, start, end

    def __call__(self, value: float) -> float:
        room = self.high - self.low or 1.0
        return self.start + (value - self.low) / room * (self.end - self.start)

    def ticks(self) -> list[float]:
        room = self.high - self.low
        if not room > 0:
            return [self.low]
        ten = 10.0 ** math.floor(math.log10(room / 5))
        step = ten * min((1, 2, 5, 10), key=lambda nice: abs(nice - room / 5 / ten))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [round(i * step, 12) + 0.0 for i in range(first, last + 1)]


def _grid(across: _Axis, up: _Axis, x: str, y: str) -> list[str]:
    out = []
    for axis, is_up in ((up, True), (across, False)):
        ticks = axis.ticks()
        step = 100 * (ticks[1] - ticks[0]) if len(ticks) > 1 else 1.0
        digits = next((d for d in range(3) if abs(step - round(step, d)) < 1e-9), 2)
        for tick in ticks:
            place, text = axis(tick), percent(tick, digits)
            if is_up:
                out.append(
                    f'<path d="M{LEFT} {place:.1f}H{WIDTH - RIGHT}" stroke="currentColor" opacity="0.12"/>'
                )
                out.append(_text(LEFT - 8, place + 4, text, ' text-anchor="end" opacity="0.75"'))
            else:
                out.append(
                    f'<path d="M{place:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="currentColor" opacity="0.12"/>'
                )
                out.append(_text(place, HEIGHT - BOTTOM + 18, text, ' text-anchor="middle" opacity="0.75"'))
    middle = (LEFT + WIDTH - RIGHT) / 2
    out.append(_text(middle, HEIGHT - 12, x, ' text-anchor="middle"'))
    along = (TOP + HEIGHT - BOTTOM) / 2
    out.append(
        f'<text transform="translate(14 {along:.1f}) rotate(-90)" text-anchor="middle">{escape(plain(y))}</text>'
    )
    return out


def _open(height: float, label: str) -> str:
    return (
        f'<svg role="img" viewBox="0 0 {WIDTH} {height:g}" width="100%" fill="currentColor" font-size="12" '
        f'aria-label="{escape(plain(label, 400))}">'
    )


def _points(pairs: object, across: _Axis, up: _Axis) -> str:
    return " ".join(f"{across(float(a)):.1f},{up(float(b)):.1f}" for a, b in pairs)  # type: ignore[attr-defined]


def _apart(places: Sequence[float], least: float, low: float, high: float) -> list[float]:
    """Places of labels, moved as little as needed so that none covers another."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    out = list(places)
    for before, i in zip([None, *order], order):
        if before is not None:
            out[i] = max(out[i], out[before] + least)
    over = (out[order[-1]] - high) if order else 0
    if over > 0:
        out[order[-1]] = high
        for after, i in zip(order[::-1], order[-2::-1]):
            out[i] = min(out[i], out[after] - least)
    return [max(v, low - 30) for v in out]


def _moves(name: str, before: np.ndarray, after: np.ndarray) -> str:
    one, other = (
        f"{v[0]:g}" + (f" ({v[1]:g} to {v[2]:g})" if np.isfinite(v[1:]).all() else "")
        for v in (before, after)
    )
    return f"{plain(name)}: rank {one}, then {other}"


def _text(x: float, y: float, text: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}"{more}>{escape(plain(text))}</text>'
