"""What goes wrong when input cannot be used, and the packages that are only needed sometimes."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType


class InputError(ValueError):
    """Something the user gave cannot be used; the message names it, what was found, where, and the remedy.

    The command turns it into one sentence and exit code 2. Every other exception is a defect of ours.
    """


class MissingPackage(ImportError):
    """An optional package is not installed; the message says how to get it."""


class DoubtfulInput(UserWarning):
    """Continuing is safe, but what was given looks surprising; the message says why."""


def need(module: str, *, extra: str, purpose: str) -> ModuleType:
    """Import an optional `module`, or say in one sentence how to install it.

    Parameters
    ----------
    module : str
        Dotted name, such as ``"PIL.Image"``.
    extra : str
        The extra of labelwright that brings it.
    purpose : str
        What needs it, as the beginning of a sentence: ``"Reading pictures"``.

    Raises
    ------
    MissingPackage
        When it cannot be imported.

    Examples
    --------
    >>> need("json", extra="all", purpose="This example").dumps([1])
    '[1]'
    """
    try:
        return import_module(module)
    except ImportError as problem:
        package = module.partition(".")[0]
        raise MissingPackage(
            f'{purpose} needs {package}; install it with: pip install "labelwright[{extra}]"'
        ) from problem


@contextmanager
def noted(notes: list[str]) -> Iterator[None]:
    """Write down what would be a `DoubtfulInput` warning, as a sentence, in `notes`.

    Examples
    --------
    >>> notes = []
    >>> with noted(notes):
    ...     warnings.warn("2 rows are empty", DoubtfulInput)
    >>> notes
    ['2 rows are empty.']
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DoubtfulInput)
        yield
    said = (str(it.message) for it in caught if it.category is DoubtfulInput)
    notes += [line[:1].upper() + line[1:] + "." for line in said]
