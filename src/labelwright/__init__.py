"""Labels in machine learning: find the wrong ones, combine many sources, learn from what you have.

A room is a module with one everyday function (`labelwright.audit.labels`) and classes for control. Rooms and
evidence types load on first use, so that importing the package costs next to nothing.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_ROOMS = (
    "audit", "combine", "data", "evidence", "files", "learn", "loops", "models", "nets", "papers", "parts", "passes",
    "report", "reproduce", "shift", "testing",
)  # fmt: skip
_NAMES = {
    "Bags": "evidence",
    "Candidates": "evidence",
    "Evidence": "evidence",
    "Exact": "evidence",
    "Marks": "evidence",
    "Masks": "evidence",
    "Noisy": "evidence",
    "Positives": "evidence",
    "Rankings": "evidence",
    "Soft": "evidence",
    "Spans": "evidence",
    "Together": "evidence",
    "Votes": "evidence",
    "InputError": "errors",
}

__all__ = ["__version__", *sorted(_NAMES), *_ROOMS]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"labelwright.{name}")
    if name in _NAMES:
        return getattr(import_module(f"labelwright.{_NAMES[name]}"), name)
    raise AttributeError(f"labelwright has no {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted(__all__)
