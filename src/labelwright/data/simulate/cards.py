"""What each simulator knows and assumes, read from its docstring."""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from types import MappingProxyType
from typing import Any

from labelwright.errors import InputError

FACTS = {"known": "Known exactly", "keeps": "Keeps", "breaks": "Breaks", "source": "Source"}


@dataclass(frozen=True)
class SimulatorCard:
    """What a simulator does, what is known about what it made, and which assumption that tests.

    Attributes
    ----------
    name : str
        What it is called in `labelwright.data.simulate`.
    what : str
        One sentence.
    gives : str
        The record that it returns.
    parameters : mapping of str to str
        Type, default and meaning of each argument.
    known : str
        What is known exactly.
    keeps, breaks : str
        What methods take for granted that holds, or does not hold, in what it makes; empty where there is nothing.
    source : str
        Keys of the list of references, or nothing.
    """

    name: str
    what: str
    gives: str
    parameters: Mapping[str, str]
    known: str
    keeps: str
    breaks: str
    source: str

    def __str__(self) -> str:
        facts = {said: getattr(self, field) for field, said in FACTS.items()}
        lines = [f"{said}: {text}" for said, text in facts.items() if text]
        lines += [f"  {name}: {text}" for name, text in self.parameters.items()]
        return "\n".join([f"{self.name} -> {self.gives}", self.what, *lines])


def names() -> list[str]:
    """Names of all simulators, sorted.

    Examples
    --------
    >>> "candidates" in names()
    True
    """
    return sorted(_simulators())


def card(name: str) -> SimulatorCard:
    """Card of one simulator: what it does, what is known exactly, what it assumes.

    Examples
    --------
    >>> card("complementary").known
    'the truth; every set lacks exactly one class, each wrong one with chance 1 / (k - 1).'
    """
    found = _simulators()
    if name not in found:
        near = get_close_matches(str(name), found, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(found))}"
        raise InputError(f"there is no simulator {name!r}; {hint}")
    simulator = found[name]
    text = inspect.getdoc(simulator) or ""
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n")]
    facts = {
        field: next((p.removeprefix(f"{said}: ") for p in paragraphs if p.startswith(f"{said}: ")), "")
        for field, said in FACTS.items()
    }
    gives = inspect.signature(simulator).return_annotation.__name__
    return SimulatorCard(name, paragraphs[0], gives, MappingProxyType(_parameters(text)), **facts)


def _simulators() -> dict[str, Callable[..., Any]]:
    """Public functions that draw at random and return a record; whoever adds one need not register it."""
    package = import_module(__name__.rpartition(".")[0])
    offered = {name: getattr(package, name) for name in package.__all__}
    return {name: thing for name, thing in offered.items() if inspect.isfunction(thing) and _simulates(thing)}


def _simulates(function: Callable[..., Any]) -> bool:
    signature = inspect.signature(function)
    made = signature.return_annotation
    return "rng" in signature.parameters and isinstance(made, type) and hasattr(made, "_fields")


def _parameters(text: str) -> dict[str, str]:
    """Type and meaning of each parameter in a docstring."""
    _, _, rest = text.partition("Parameters\n----------\n")
    section = re.split(r"\n\n\S[^\n]*\n-{3,}", rest, maxsplit=1)[0]
    found: dict[str, list[str]] = {}
    for line in section.splitlines():
        head = re.match(r"(\w+(?:, \w+)*) : (.*)", line)
        if head:
            entry = [head[2] + "."]
            found |= dict.fromkeys(head[1].split(", "), entry)
        elif line.strip():
            entry.append(line.strip())
    return {name: " ".join(parts) for name, parts in found.items()}
