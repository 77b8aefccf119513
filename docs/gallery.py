"""What was rerun: a section for each paper, a table and a plot for each of its claims, out of the committed results."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from labelwright.papers import paper
from labelwright.reproduce.plot import plot

__all__ = ["gallery", "plot"]

RESULTS = Path(__file__).resolve().parent.parent / "results"


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
    yield from ('<div class="claim">', *plot(record).splitlines(), "</div>", "")
    yield from ("| compared | by more than | difference | 95 % interval | |", "|---|---:|---:|---:|---|")
    for c in record["comparisons"]:
        yield (
            f"| {c['arm']} ahead of {c['of']} | {c['by']:g} | {c['difference']:+.3f} "
            f"| {c['low']:+.3f} to {c['high']:+.3f} | {c['verdict']} |"
        )
    yield from ("", f"{record['seeds']} seeds, {record['unit']}. Departs: {record['departs']}.", "")
