"""Find what the contract holds for: every public class of the rooms and the evidence, by walking the package."""

import pkgutil
from collections.abc import Iterator, Sequence
from importlib import import_module
from inspect import isabstract, isclass
from types import ModuleType
from typing import Any

from labelwright.testing.promise import ContractError

ROOMS = (
    "audit", "combine", "learn", "query", "shift", "many", "language", "sequence", "vision", "generate",
)  # fmt: skip


def modules(package: ModuleType) -> Iterator[ModuleType]:
    """A package and all modules below it; those whose name begins with an underscore are private."""
    yield package
    for found in pkgutil.walk_packages(getattr(package, "__path__", []), package.__name__ + "."):
        if not any(part.startswith("_") for part in found.name.split(".")):
            yield import_module(found.name)


def public_classes(*packages: ModuleType | str) -> list[type]:
    """Every public class defined in the packages, in the order of their full names.

    Parameters
    ----------
    *packages : module or str
        Where to look; by default `labelwright.evidence` and every room that is there.

    Examples
    --------
    >>> [c.__name__ for c in public_classes("labelwright.evidence.exact")]
    ['Exact']
    """
    if not packages:
        packages = ("labelwright.evidence", *(f"labelwright.{room}" for room in ROOMS if _is_there(room)))
    found = {}
    for package in packages:
        for module in modules(import_module(package) if isinstance(package, str) else package):
            for name, thing in vars(module).items():
                if isclass(thing) and thing.__module__ == module.__name__ and not name.startswith("_"):
                    found[f"{module.__name__}.{name}"] = thing
    return [found[name] for name in sorted(found)]


def contract_examples(cls: type) -> Sequence[Any]:
    """Small instances of a class to check: ``cls.contract_examples()`` if it has that, else ``cls()``.

    Raises
    ------
    ContractError
        When the class cannot be built without arguments and gives no examples.

    Examples
    --------
    >>> class Coin:
    ...     @classmethod
    ...     def contract_examples(cls):
    ...         return [cls()]
    >>> len(contract_examples(Coin)), len(contract_examples(dict))
    (1, 1)
    """
    if isabstract(cls):
        return ()
    own = getattr(cls, "contract_examples", None)
    if own is None:
        from labelwright.testing.examples import EXAMPLES

        own = EXAMPLES.get(cls)
    if own is not None:
        found = list(own())
        if not found:
            raise ContractError(
                f"{cls.__name__}.contract_examples() is empty; give at least one small instance"
            )
        return found
    try:
        return [cls()]
    except TypeError as problem:
        raise ContractError(
            f"{cls.__name__} cannot be built without arguments ({problem}); give it a classmethod "
            "contract_examples() that returns a list of small instances"
        ) from None


def _is_there(room: str) -> bool:
    import labelwright

    return any(found.name == room for found in pkgutil.iter_modules(labelwright.__path__))
