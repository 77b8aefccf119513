"""Which papers stand behind an object, and which objects stand for a paper."""

import inspect
from collections.abc import Iterator
from difflib import get_close_matches
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import Any

from labelwright.errors import InputError
from labelwright.papers.catalogue import bibliography, paper

ROOMS = ("audit", "combine", "learn", "shift")


@lru_cache(maxsize=1)
def implementations() -> dict[str, list[str]]:
    """Public names by the key of the paper they implement, as their attribute ``cites`` says."""
    found: dict[str, list[str]] = {}
    for room in ROOMS:
        for name, thing in _public(import_module(f"labelwright.{room}"), room):
            for key in getattr(thing, "cites", ()):
                found.setdefault(key, []).append(name)
    return found


def _public(module: ModuleType, prefix: str) -> Iterator[tuple[str, Any]]:
    """Names that a room offers, also those of modules it offers."""
    for name in module.__all__:
        thing = getattr(module, name)
        if inspect.ismodule(thing):
            yield from _public(thing, f"{prefix}.{name}")
        else:
            yield f"{prefix}.{name}", thing


def cited(name: str | Any) -> dict[str, str]:
    """BibTeX by key: of an id, a key, a public name, or an object and the parts in use.

    Examples
    --------
    >>> list(cited("S007")), list(cited("dawid1979maximum"))
    (['thyagarajan2022multilabel'], ['dawid1979maximum'])
    """
    if isinstance(name, str):
        room, _, inner = name.partition(".")
        if room in ROOMS and inner:
            offered = dict(_public(import_module(f"labelwright.{room}"), room))
            if name not in offered:
                near = get_close_matches(name, offered, 3) or list(offered)[:3]
                raise InputError(f"{name} is not there; did you mean {' or '.join(near)}?")
            name = offered[name]
        else:
            key = name.lower()
            keys = [key if key in bibliography() else paper(name).key]
            return {key: bibliography()[key] for key in keys}
    return {key: bibliography()[key] for key in _keys(name, set())}


def _keys(thing: Any, seen: set[int]) -> list[str]:
    """Keys of an object and, for an estimator, of its parameters."""
    if id(thing) in seen:
        return []
    seen.add(id(thing))
    keys = list(getattr(thing, "cites", ()))
    if hasattr(thing, "get_params") and not inspect.isclass(thing):
        for part in thing.get_params(deep=False).values():
            keys += _keys(part, seen)
    return list(dict.fromkeys(keys))
