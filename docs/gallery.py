"""What was rerun: a section for each paper, a table and a plot for each of its claims, out of the committed results."""

import json
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from labelwright.papers import paper

RESULTS = Path(__file__).resolve().parent.parent / "results"
LEFT, RIGHT, ROW, WIDTH = 190, 70, 26, 680


def gallery() -> str:
    """All papers with results, in the order of their ids."""
    records = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("S*.json"))]
    return "\n".join(line for name in sorted({r["id"] for r in records}) for line in _paper(name, records))


def _paper(name: str, records: list[dict[str, Any]]) -> Iterator[str]:
    book, mine = paper(name), [r for r in records if r["id"] == name]
    replaced = {r["supersedes"]: r["claim"] for r in mine if r["supersedes"]}
    yield from (
        f"## {name}: {book.name}",
        "",
        f"*{book.title}* ([{book.year}](#{book.key})). {book.says}",
        "",
    )
    for record in sorted(mine, key=lambda r: r["claim"] in replaced):
        yield from _claim(record, replaced.get(record["claim"], ""))


def _claim(record: dict[str, Any], later: str) -> Iterator[str]:
    said = f"{record['verdict']}" + (f", superseded by {later}" if later else "")
    yield from (f"### {record['id']}-{record['claim']}: {said}", "", record["says"], "")
    yield from (*plot(record).splitlines(), "")
    yield from ("| compared | by more than | difference | 95 % interval | |", "|---|---:|---:|---:|---|")
    for c in record["comparisons"]:
        yield (
            f"| {c['arm']} ahead of {c['of']} | {c['by']:g} | {c['difference']:+.3f} "
            f"| {c['low']:+.3f} to {c['high']:+.3f} | {c['verdict']} |"
        )
    yield from ("", f"{record['seeds']} seeds, {record['unit']}. Departs: {record['departs']}.", "")


def plot(record: dict[str, Any]) -> str:
    """A row for each arm: a dot for each seed, a bar at the mean; it takes the page's own colour, light or dark."""
    arms = record["arms"]
    every = [v for arm in arms.values() for v in arm["values"]]
    low, high = min(every), max(every)
    room = (high - low) * 0.05 or 0.01
    low, high = low - room, high + room

    def place(value: float) -> float:
        return LEFT + (value - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    height = ROW * len(arms) + 24
    lines = [
        f'<svg role="img" viewBox="0 0 {WIDTH} {height}" width="100%" fill="currentColor" '
        f'font-size="12" aria-label="{escape(record["unit"])} of every arm, seed by seed">'
    ]
    for i, (name, arm) in enumerate(arms.items()):
        y = ROW * i + 14
        lines.append(f'<text x="{LEFT - 12}" y="{y + 4}" text-anchor="end">{escape(name)}</text>')
        lines.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" stroke="currentColor" opacity="0.15"/>'
        )
        lines += [
            f'<circle cx="{place(v):.1f}" cy="{y}" r="4" opacity="0.45"><title>{v:.4g}</title></circle>'
            for v in arm["values"]
        ]
        mean = place(arm["mean"])
        lines.append(
            f'<line x1="{mean:.1f}" x2="{mean:.1f}" y1="{y - 9}" y2="{y + 9}" '
            'stroke="currentColor" stroke-width="2.5"/>'
        )
        lines.append(f'<text x="{WIDTH - RIGHT + 10}" y="{y + 4}">{arm["mean"]:.3f}</text>')
    lines.append(f'<text x="{LEFT}" y="{height - 4}" opacity="0.7">{min(every):.3g}</text>')
    lines.append(
        f'<text x="{WIDTH - RIGHT}" y="{height - 4}" text-anchor="end" opacity="0.7">{max(every):.3g}</text>'
    )
    return "\n".join([*lines, "</svg>"])
