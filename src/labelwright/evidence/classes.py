"""Names of classes and the integer codes that stand for them."""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from labelwright.errors import InputError

Codes = NDArray[np.intp]


def is_missing(value: object) -> bool:
    """Whether a label stands for "nothing was said": None, NaN, NaT or pandas' NA."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, (float, np.floating, np.datetime64)) and value != value


def class_array(names: Iterable[Hashable]) -> np.ndarray:
    """Class names as an array (k,): text and numbers keep their dtype, everything else becomes object."""
    names = list(names)
    kinds = {type(n) for n in names}
    if len(kinds) == 1 and issubclass(next(iter(kinds)), (str, bool, int, float, np.generic)):
        return np.array(names)
    array = np.empty(len(names), dtype=object)
    array[:] = names
    return array


def ordered(names: Iterable[Hashable]) -> list[Any]:
    """Distinct names, sorted where they can be compared, otherwise by type and text."""
    distinct = list(dict.fromkeys(names))
    try:
        return sorted(distinct)  # type: ignore[type-var]
    except TypeError:
        return sorted(distinct, key=lambda n: (type(n).__name__, str(n)))


def encode(
    labels: ArrayLike | Sequence[Any], classes: Sequence[Any] | np.ndarray | None = None
) -> tuple[Codes, np.ndarray]:
    """Turn labels into codes.

    Parameters
    ----------
    labels : sequence (n,)
        Any hashable class names; None, NaN, NaT and pandas' NA are missing.
    classes : sequence (k,), optional
        All class names in the order of their codes. By default those that occur, sorted.

    Returns
    -------
    codes : ndarray (n,) of int
        Position in `classes`, -1 where missing.
    classes : ndarray (k,)

    Raises
    ------
    InputError
        When a label is not in `classes` (first row and label named) or cannot be hashed.

    Examples
    --------
    >>> encode(["cat", None, "dog"])
    (array([ 0, -1,  1]), array(['cat', 'dog'], dtype='<U3'))
    """
    array = _one_dimensional(labels)
    if classes is None and array.dtype.kind in "iubSU":
        found, codes = np.unique(array, return_inverse=True)
        return codes.astype(np.intp, copy=False), found
    if classes is None and array.dtype.kind == "f":
        known = ~np.isnan(array)
        found, inverse = np.unique(array[known], return_inverse=True)
        codes = np.full(len(array), -1, dtype=np.intp)
        codes[known] = inverse
        return codes, _whole(found)
    values = array.tolist() if array.dtype.kind != "M" else list(array)
    try:
        table = {} if classes is None else {c: i for i, c in enumerate(_as_list(classes))}
        if classes is None:
            table = {c: i for i, c in enumerate(ordered(v for v in values if not is_missing(v)))}
        codes = np.array([-1 if is_missing(v) else table.get(v, -2) for v in values], dtype=np.intp)
    except TypeError as problem:
        raise InputError(
            f"labels hold a value that cannot be a class name ({problem}); use text, numbers or tuples, "
            "or Marks.from_lists(...) where an item has several tags"
        ) from None
    strange = np.flatnonzero(codes == -2)
    if len(strange):
        row = int(strange[0])
        raise InputError(
            f"{len(strange)} labels are not among the {len(table)} classes (first: row {row}, {values[row]!r}); "
            "add them to classes, or drop those rows"
        )
    return codes, class_array(table if classes is None else _as_list(classes))


def decode(codes: ArrayLike, classes: np.ndarray) -> np.ndarray:
    """Class names for codes; missing (-1) becomes None.

    Examples
    --------
    >>> decode([1, -1], np.array(["cat", "dog"])).tolist()
    ['dog', None]
    """
    codes = np.asarray(codes)
    names = np.empty(len(classes) + 1, dtype=object)
    names[:-1] = _as_list(classes)
    names[-1] = None
    return names[codes]


def _one_dimensional(labels: Any) -> np.ndarray:
    if hasattr(labels, "to_pylist"):  # Arrow refuses to make arrays of some types
        labels = labels.to_pylist()
    elif hasattr(labels, "to_numpy") and not isinstance(labels, np.ndarray):
        labels = labels.to_numpy()
    if isinstance(labels, np.ndarray):
        array = labels
    else:
        values = list(labels)
        kinds = {type(v) for v in values}
        if kinds <= {int} or kinds <= {str} or kinds <= {float} or kinds <= {bool}:
            array = np.array(values)
        else:
            array = np.empty(len(values), dtype=object)
            array[:] = values
    if array.ndim != 1:
        raise InputError(
            f"labels have shape {array.shape}, expected one per item; "
            "for several tags per item use Marks(...), for label distributions Soft(...)"
        )
    return array


def _whole(found: np.ndarray) -> np.ndarray:
    """Integers that became floats only because some labels were missing go back to integers."""
    return (
        found.astype(np.int64)
        if len(found) and np.array_equal(found, np.floor(found)) and np.abs(found).max() < 2**53
        else found
    )


def _as_list(classes: Sequence[Any] | np.ndarray) -> list[Any]:
    return classes.tolist() if isinstance(classes, np.ndarray) else list(classes)
