"""Labels and predictions of a test set as codes, without a close look at each of a million values."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from labelwright.errors import InputError
from labelwright.evidence import encode
from labelwright.evidence.classes import is_missing


def as_labels(values: Any) -> np.ndarray:
    """Labels (n,) or probabilities (n, k) as an array; names of different kinds stay what they are."""
    if hasattr(values, "to_numpy"):
        values = values.to_numpy()
    if isinstance(values, np.ndarray) or (len(values) and np.ndim(values[0]) == 1):
        return np.asarray(values)
    found = np.empty(len(values), dtype=object)
    found[:] = list(values)
    return found


def placed(values: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Codes of `values` among `classes`, as `encode` gives them, without a close look at each value."""
    place = {c: i for i, c in enumerate(classes.tolist())}
    if values.dtype != object:
        codes, own = encode(values)
        if all(c in place for c in own.tolist()):
            return np.array([*(place[c] for c in own.tolist()), -1], dtype=np.intp)[codes]
        return encode(values, classes)[0].astype(np.intp)
    try:
        codes = np.fromiter((place.get(v, -2) for v in values.tolist()), np.intp, len(values))
    except TypeError:  # lists have no hash; encode says where
        return encode(values, classes)[0].astype(np.intp)
    strange = codes == -2
    if strange.any() and not all(is_missing(v) for v in values[strange].tolist()):
        encode(values, classes)  # says which row it is
    codes[strange] = -1
    return codes


def different(values: np.ndarray) -> list[Any]:
    """Classes that occur."""
    if values.dtype != object:
        return encode(values)[1].tolist()  # type: ignore[no-any-return]
    try:
        return [v for v in set(values.tolist()) if not is_missing(v)]
    except TypeError:
        return encode(values)[1].tolist()  # type: ignore[no-any-return]


def all_classes(told: np.ndarray, tables: Mapping[str, np.ndarray]) -> np.ndarray:
    """Those of the labels; predictions may bring more, but one model cannot speak of other classes altogether."""
    classes = encode(different(told))[1]
    known = set(classes.tolist())
    more: set[Any] = set()
    for name, values in tables.items():
        if values.ndim == 2:
            continue
        spoken = set(different(values))
        if spoken and not spoken & known:
            raise InputError(
                f"model {name!r} predicts {', '.join(map(repr, sorted(spoken, key=str)[:3]))}, and no label is among "
                f"these; the labels are {', '.join(map(repr, classes.tolist()[:5]))}"
            )
        more |= spoken - known
    return encode([*classes.tolist(), *more])[1] if more else classes


def coded(values: Any, classes: np.ndarray, known: np.ndarray, what: str) -> np.ndarray:
    """Codes of a model's predictions, of which `known` rows must have one; `what` names the model in the error."""
    codes = placed(values, classes)
    missing = known[codes[known] < 0]
    if len(missing):
        raise InputError(
            f"{what} has no prediction in {len(missing)} rows (first: row {missing[0]}); fill them in or drop the rows"
        )
    return codes
