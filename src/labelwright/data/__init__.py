"""Real data sets with cards, fetched on request, and simulators that spoil clean labels in known ways.

>>> from labelwright import data
>>> data.load("digits")
<Dataset digits: 1,797 rows, 10 classes, no truth>
"""

import inspect
import logging
import pkgutil
import sys
from difflib import get_close_matches
from importlib import import_module
from types import ModuleType
from typing import Any

from labelwright.data import sets, simulate
from labelwright.data.dataset import Card, Dataset
from labelwright.data.fetch import DataUnavailable, cache_dir
from labelwright.errors import InputError

__all__ = ["Card", "DataUnavailable", "Dataset", "cache_dir", "card", "load", "names", "simulate"]

_log = logging.getLogger(__name__)
_told: set[str] = set()


def names() -> list[str]:
    """Names of all data sets, sorted.

    Examples
    --------
    >>> "crowd-sentiment" in names()
    True
    """
    return sorted(
        m.name.replace("_", "-") for m in pkgutil.iter_modules(sets.__path__) if not m.name.startswith("_")
    )


def card(name: str) -> Card:
    """Card of one data set; nothing is fetched.

    Examples
    --------
    >>> card("digits").n
    1797
    """
    found: Card = _module(name).CARD
    return found


def load(name: str, **options: Any) -> Dataset:
    """Load one data set, fetching it the first time it is asked for.

    The licence is shown once: on standard error where somebody is looking, otherwise in the log of
    ``labelwright.data``, as a warning where the set may only serve tests and reproductions.

    Parameters
    ----------
    name : str
        One of `names()`.
    **options
        Options of this set; ``help(labelwright.data.sets.crowd_sentiment.load)`` lists them, for example.

    Raises
    ------
    DataUnavailable
        When it cannot be had here; the message says what to do.
    """
    module = _module(name)
    known = list(inspect.signature(module.load).parameters)
    strange = sorted(options.keys() - set(known))
    if strange:
        has = f"its options are {', '.join(known)}" if known else "it has no options"
        raise InputError(f"data set {name!r} has no option {strange[0]!r}; {has}")
    loaded: Dataset = module.load(**options)
    _show_licence(loaded.card)
    return loaded


def _module(name: str) -> ModuleType:
    if name not in names():
        near = get_close_matches(str(name), names(), 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names())}"
        raise InputError(f"there is no data set {name!r}; {hint}")
    return import_module(f"{sets.__name__}.{name.replace('-', '_')}")


def _show_licence(card: Card) -> None:
    if card.name in _told:
        return
    _told.add(card.name)
    line = f"{card.name}: {card.licence}"
    if not card.shippable:
        line += "; for tests and reproductions only"
    if sys.stderr.isatty():
        sys.stderr.write(line + "\n")
    else:
        _log.log(logging.INFO if card.shippable else logging.WARNING, line)
