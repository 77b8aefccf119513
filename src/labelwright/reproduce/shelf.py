"""All papers with what became of their claims: the catalogue beside the results."""

from pathlib import Path
from typing import Any

from labelwright.papers.catalogue import papers
from labelwright.reproduce.cite import implementations
from labelwright.reproduce.discover import claims
from labelwright.reproduce.results import load


def books(results: Path) -> list[dict[str, Any]]:
    """One dict per paper, sorted by id.

    ``state`` is ``planned`` without a claim, ``claimed`` before a full run, else the worst verdict of its claims:
    ``fails``, ``unclear`` or ``holds``. Superseded claims are shown but do not count.
    """
    seen, there = load(results) if results.is_dir() else {}, claims()
    classes = implementations()
    found = []
    for paper in papers():
        records = [record for record in seen.values() if record["id"] == paper.id]
        replaced = {record["supersedes"] for record in records if record["supersedes"]}
        verdicts = {record["verdict"] for record in records if record["claim"] not in replaced}
        state = next((v for v in ("fails", "unclear", "holds") if v in verdicts), None)
        found.append(
            {
                "id": paper.id,
                "key": paper.key,
                "name": paper.name,
                "title": paper.title,
                "authors": list(paper.authors),
                "year": paper.year,
                "room": paper.room,
                "says": paper.says,
                "state": state or ("claimed" if paper.id in there else "planned"),
                "implemented_by": classes.get(paper.key, []),
                "claims": [{**record, "seeds": record["seeds"]} for record in records],
            }
        )
    return found
