"""Which claims there are: every module of `labelwright.papers` that has ``CLAIMS``."""

import pkgutil
from functools import lru_cache
from importlib import import_module

import labelwright.papers
from labelwright.papers.catalogue import paper
from labelwright.papers.claim import Claim


@lru_cache(maxsize=1)
def claims() -> dict[str, tuple[Claim, ...]]:
    """Claims by id of the paper, in the order of the ids."""
    found: dict[str, list[Claim]] = {}
    for module in pkgutil.iter_modules(labelwright.papers.__path__):
        for claim in getattr(import_module(f"labelwright.papers.{module.name}"), "CLAIMS", ()):
            found.setdefault(paper(claim.paper).id, []).append(claim)
    return {name: tuple(found[name]) for name in sorted(found)}
