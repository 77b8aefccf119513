"""Names of bags and the numbers told of each, as `Bags` takes them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from labelwright.errors import InputError
from labelwright.evidence.classes import encode


def named(names: np.ndarray, b: int) -> str:
    """Name of a bag for a message, as the user wrote it."""
    return repr(names.tolist()[b])


def read_bags(bag: Any) -> tuple[np.ndarray, np.ndarray]:
    """Position of each item's bag, -1 for none, and the names of the bags."""
    try:
        codes, names = encode(bag)
    except InputError as problem:
        raise InputError(f"bag must hold one hashable name per item: {problem}") from None
    if names.dtype.kind == "i" and -1 in names:
        loose = int(np.searchsorted(names, -1))
        codes, names = np.where(codes == loose, -1, codes - (codes > loose)), np.delete(names, loose)
    return codes, names


def read_counts(given: Any, names: np.ndarray, classes: Any, name: str) -> np.ndarray:
    """Whole numbers (B, k), or (B, 1) of the second of two classes, in the order of the bags."""
    table = read_table(given, names, classes, name)
    odd = np.argwhere(~((table == np.round(table)) & (np.abs(table) < 2**53)))
    if len(odd):
        raise InputError(
            f"{name} of bag {named(names, odd[0][0])} hold {table[tuple(odd[0])]:.4g}, expected whole numbers; "
            "for shares use Bags.from_proportions"
        )
    return table.astype(np.int64)


def read_table(given: Any, names: np.ndarray, classes: Any, name: str) -> np.ndarray:
    """Numbers (B, k) or (B, 1) in the order of the bags, from an array or from mappings."""
    if isinstance(given, Mapping):
        bags = names.tolist()
        known = set(bags)
        without, strange = [b for b in bags if b not in given], [b for b in given if b not in known]
        if without or strange:
            lacks = (
                f"no row for bag {without[0]!r}"
                if without
                else f"a row for bag {strange[0]!r}, which has no items"
            )
            raise InputError(
                f"{name} have {lacks} ({len(without)} bags without a row, {len(strange)} rows without items); name the "
                "same bags in both, and put items of unknown counts into no bag (None)"
            )
        given = [_row(given[b], classes, b, name) for b in bags]
    try:
        table = np.asarray(given)
    except ValueError:  # rows of different lengths
        table = np.empty(0, dtype=object)
    if table.dtype.kind not in "iuf":
        raise InputError(
            f"{name} are no table of numbers, expected one row of k numbers per bag, in the order of their sorted names"
        )
    if table.ndim == 1:
        table = table[:, None]
    if table.ndim != 2 or len(table) != len(names) or table.shape[1] == 0:
        raise InputError(
            f"{name} have shape {table.shape}, expected ({len(names)}, k): one row per bag, in the order of their "
            "sorted names"
        )
    if table.shape[1] == 1 and classes is not None and len(classes) > 2:
        raise InputError(f"{name} have one number a bag, which needs two classes, not {len(classes)}")
    return table


def _row(value: Any, classes: Any, bag: Any, name: str) -> Any:
    if not isinstance(value, Mapping):
        return value
    if classes is None:
        raise InputError(f"{name} of bag {bag!r} are by class; say all classes in their order: classes=[...]")
    strange = [c for c in value if c not in list(classes)]
    if strange:
        raise InputError(f"{name} of bag {bag!r} speak of {strange[0]!r}, which is not among the classes")
    return [value.get(c, 0) for c in classes]
