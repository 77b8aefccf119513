"""A claim as a picture: every seed of every arm, and the differences that decide."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

WIDTH, RIGHT, ROW, TALL = 720, 110, 26, 40
HEAD = 56  # above the drawing, in a file of its own
LETTER = 6.3  # wide, where the font is 12 high
COLOURS = {
    "holds": "#2a9460",
    "fails": "#d64550",
    "unclear": "#b98312",
}  # 3 : 1 and more on white and on black
STYLE = (
    ":root { color: #1b1f24; background: #fff; font-family: system-ui, sans-serif; } "
    "@media (prefers-color-scheme: dark) { :root { color: #e6e8eb; background: #16191d; } }"
)


class Axis:
    """Numbers to places between two edges."""

    def __init__(self, numbers: Sequence[float], left: float):
        low, high = min(numbers), max(numbers)
        room = (high - low) * 0.05 or 0.01
        self.low, self.high, self.left = low - room, high + room, left

    def __call__(self, value: float) -> float:
        return self.left + (value - self.low) / (self.high - self.low) * (WIDTH - RIGHT - self.left)

    def ticks(self) -> list[float]:
        """Three to six round numbers inside."""
        raw = (self.high - self.low) / 4
        ten = 10.0 ** np.floor(np.log10(raw))
        step = ten * min((1, 2, 5, 10), key=lambda nice: abs(nice - raw / ten))
        first, last = np.ceil(self.low / step), np.floor(self.high / step)
        return [float(round(i * step, 12)) + 0.0 for i in np.arange(first, last + 1)]


def plot(record: Mapping[str, Any], *, alone: bool = False) -> str:
    """Draw a record of a result as SVG: a row for each arm, one for each comparison.

    Above, a dot for each seed and a bar at the mean; a thin line joins the dots of one seed. Below, the mean of the
    paired differences with its interval, beside zero (solid) and the margin that was claimed (dashed).

    Parameters
    ----------
    record : mapping
        As `Result.record` and the files in ``results/`` have it; ``comparisons`` may be missing.
    alone : bool, default False
        As a file that brings its colours, light or dark as the reader prefers. By default it takes those of the
        page it is put into.

    Examples
    --------
    >>> arms = {"ours": {"mean": 2.0, "values": [1.0, 3.0]}, "plain": {"mean": 1.0, "values": [0.5, 1.5]}}
    >>> plot({"arms": arms, "unit": "points"}).count("<circle")
    4
    """
    comparisons = record.get("comparisons", ())
    names = [*record["arms"], *(line for c in comparisons for line in _names(c))]
    left = min(300.0, max(120.0, LETTER * max(map(len, names)) + 24))
    lines, y = list(_arms(record, left)), ROW * len(record["arms"]) + 44
    if comparisons:
        lines += _differences(comparisons, left, y)
        y += TALL * len(comparisons) + 44
    above = HEAD if alone else 0
    head = [
        f'<svg role="img" viewBox="0 {-above} {WIDTH} {y + above}" width="100%" fill="currentColor" font-size="12"',
        f'aria-label="{escape(record["unit"])} of every arm, seed by seed"' + ">" * (not alone),
    ]
    if alone:
        head += ['xmlns="http://www.w3.org/2000/svg">', f"<style>{STYLE}</style>", *_heading(record)]
    return "\n".join([*head, *lines, "</svg>"])


def save(record: Mapping[str, Any], folder: Path) -> Path:
    """Write the picture of a record as ``ID-claim.svg``."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{record['id']}-{record['claim']}.svg"
    path.write_text(plot(record, alone=True) + "\n", encoding="utf-8")
    return path


def _heading(record: Mapping[str, Any]) -> Iterator[str]:
    name = f"{record['id']} {record['claim']}: {record['verdict']}"
    quick = " (quick run, decides nothing)" if record.get("quick") else ""
    yield f"<title>{escape(name)}</title>"
    yield _text(12, 24 - HEAD, name + quick, 'font-size="14" font-weight="600"')
    # A long sentence is squeezed a little; it would run out of the picture otherwise.
    squeeze = f'textLength="{WIDTH - 24}"' if len(record["says"]) * LETTER > WIDTH - 24 else ""
    yield _text(12, 42 - HEAD, record["says"], squeeze)


def _arms(record: Mapping[str, Any], left: float) -> Iterator[str]:
    arms = record["arms"]
    place = Axis([v for arm in arms.values() for v in arm["values"]], left)
    rows = {name: ROW * i + 16 for i, name in enumerate(arms)}
    bottom = ROW * len(arms) + 6
    yield from _scale(place, 4, bottom)
    for seed in range(max(len(arm["values"]) for arm in arms.values())):
        at = [
            f"{place(arm['values'][seed]):.1f},{rows[name]}"
            for name, arm in arms.items()
            if seed < len(arm["values"])
        ]
        yield f'<polyline points="{" ".join(at)}" fill="none" stroke="currentColor" opacity="0.28"/>'
    for name, arm in arms.items():
        y, mean = rows[name], place(arm["mean"])
        yield _text(left - 12, y + 4, name, 'text-anchor="end"')
        for seed, value in enumerate(arm["values"]):
            yield (
                f'<circle cx="{place(value):.1f}" cy="{y}" r="4" opacity="0.5">'
                f"<title>seed {seed}: {value:.4g}</title></circle>"
            )
        yield (
            f'<line x1="{mean:.1f}" x2="{mean:.1f}" y1="{y - 9}" y2="{y + 9}" '
            'stroke="currentColor" stroke-width="3"/>'
        )
        yield _text(WIDTH - RIGHT + 12, y + 4, f"{arm['mean']:.3f}")
    better = "" if record.get("higher_is_better", True) else ", lower is better"
    yield _text(
        (left + WIDTH - RIGHT) / 2,
        bottom + 30,
        record["unit"] + better,
        'text-anchor="middle" opacity="0.75"',
    )


def _differences(comparisons: Sequence[Mapping[str, Any]], left: float, top: float) -> Iterator[str]:
    numbers = [c[key] for c in comparisons for key in ("low", "high", "by", "difference")]
    place, bottom = Axis([0.0, *numbers], left), top + TALL * len(comparisons)
    yield from _scale(place, top, bottom)
    yield f'<path d="M{place(0):.1f} {top}V{bottom}" stroke="currentColor" opacity="0.6"/>'
    for i, c in enumerate(comparisons):
        y, colour = top + TALL * i + TALL // 2, COLOURS[c["verdict"]]
        for line, shift in zip(_names(c), (-3, 11), strict=True):
            yield _text(left - 12, y + shift, line, 'text-anchor="end"')
        if c["by"]:
            yield (
                f'<path d="M{place(c["by"]):.1f} {y - 13}v26" stroke="currentColor" stroke-dasharray="3 3" '
                f'opacity="0.8"><title>claimed: more than {c["by"]:g}</title></path>'
            )
        low, mean, high = (place(c[key]) for key in ("low", "difference", "high"))
        yield (
            f'<path d="M{low:.1f} {y}H{high:.1f}M{low:.1f} {y - 5}v10M{high:.1f} {y - 5}v10" stroke="{colour}" '
            f'stroke-width="2.5"><title>{c["low"]:+.4g} to {c["high"]:+.4g}</title></path>'
        )
        yield f'<path d="M{mean:.1f} {y - 6}l6 6l-6 6l-6 -6z" fill="{colour}"/>'
        yield _text(WIDTH - RIGHT + 12, y + 4, f"{c['difference']:+.3f} {c['verdict']}", f'fill="{colour}"')
    says = "mean paired difference; intervals hold 95 % together"
    yield _text((left + WIDTH - RIGHT) / 2, bottom + 30, says, 'text-anchor="middle" opacity="0.75"')


def _names(comparison: Mapping[str, Any]) -> tuple[str, str]:
    by = f" by {comparison['by']:g}" if comparison["by"] else ""
    return comparison["arm"], f"ahead of {comparison['of']}{by}"


def _scale(place: Axis, top: float, bottom: float) -> Iterator[str]:
    for tick in place.ticks():
        at = f"{place(tick):.1f}"
        yield f'<path d="M{at} {top}V{bottom}" stroke="currentColor" opacity="0.12"/>'
        yield _text(
            place(tick), bottom + 14, f"{tick:g}", 'text-anchor="middle" font-size="11" opacity="0.75"'
        )


def _text(x: float, y: float, text: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:g}"{" " * bool(more)}{more}>{escape(text)}</text>'
