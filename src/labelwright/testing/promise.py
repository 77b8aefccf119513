"""How a check says that a promise was broken."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


class ContractError(AssertionError):
    """A promise of the contract is broken; the message says which, by what, and what was found.

    Examples
    --------
    >>> raise ContractError("Votes: rows of the posterior sum to 1, but row 3 sums to 0.9")
    Traceback (most recent call last):
        ...
    labelwright.testing.promise.ContractError: Votes: rows of the posterior sum to 1, but row 3 sums to 0.9
    """


def name_of(thing: Any) -> str:
    """Name of a function, or of the class of anything else."""
    return getattr(thing, "__name__", type(thing).__name__)


def promise(kept: Any, who: Any, what: str, found: str = "") -> None:
    """Raise unless `kept`: ``who: what, but found``."""
    if not kept:
        raise ContractError(f"{name_of(who)}: {what}" + (f", but {found}" if found else ""))


def same(found: Any, expected: Any, who: Any, what: str, *, atol: float = 1e-8) -> None:
    """Raise unless two arrays agree within `atol` (NaN with NaN); the message shows the first difference."""
    found, expected = np.asarray(found), np.asarray(expected)
    promise(
        found.shape == expected.shape, who, what, f"the shape is {found.shape} instead of {expected.shape}"
    )
    if found.dtype.kind in "fc" or expected.dtype.kind in "fc":
        differ = ~np.isclose(
            found.astype(float), expected.astype(float), rtol=1e-6, atol=atol, equal_nan=True
        )
    else:
        differ = found != expected
    if np.any(differ):
        place = tuple(int(i) for i in np.argwhere(differ)[0])
        promise(False, who, what, f"at {place} stands {found[place]!r} instead of {expected[place]!r}")


@contextmanager
def unchanged(who: Any, **arrays: np.ndarray) -> Iterator[None]:
    """Raise if the block changes one of the named arrays."""
    before = {name: array.copy() for name, array in arrays.items()}
    yield
    for name, array in arrays.items():
        same(array, before[name], who, f"it must not change {name} that it was given", atol=0)
