"""Probabilities and labels out of frames, arrays, or features and a model."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from labelwright import frames
from labelwright.errors import InputError
from labelwright.evidence.classes import encode

PREFIXES = ("", "p_", "prob_", "proba_", "probability_")


class Given(NamedTuple):
    """What the source and the target come to.

    Attributes
    ----------
    source, target : arrays (n, k), (m, k)
    codes : array (n,) of int
        Labels of the source, -1 where missing.
    truth : array (m,) of int or None
        Those of the target, where it has any; k for a class that has no column.
    classes : array (k,)
    features : tuple of arrays or None
        Of source and target, where a model was given and they are numbers.
    notes, warnings : tuple of str
    how : str
        What made the probabilities.
    """

    source: np.ndarray
    target: np.ndarray
    codes: np.ndarray
    truth: np.ndarray | None
    classes: np.ndarray
    features: tuple[np.ndarray, np.ndarray] | None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    how: str = "as given"


def given(source: Any, target: Any, label: Any, model: Any, classes: Sequence[Any] | None) -> Given:
    """Sort out what was handed to `adapt`.

    Raises
    ------
    InputError
        When the label or a column of probabilities cannot be found, or things do not fit together.
    """
    notes: list[str] = []
    labels, truth = label, None
    if frames.is_frame(source):
        column, note = _label_column(source, label)
        notes += note
        if column is not None:
            labels, source = frames.column(source, column), frames.drop(source, column)
            if frames.is_frame(target) and column in frames.names(target):
                truth, target = frames.column(target, column), frames.drop(target, column)
    elif label is None or isinstance(label, str):
        raise InputError(f"label={label!r}: where source is no frame, label must hold the labels of its rows")
    features = None
    if model is not None:
        if not hasattr(model, "predict_proba") or not hasattr(model, "classes_"):
            raise InputError(f"model={model!r} must be a fitted classifier with predict_proba and classes_")
        names = model.classes_ if classes is None else classes
        features = _numbers(source), _numbers(target)
        source, target = (np.asarray(model.predict_proba(rows)) for rows in (source, target))
    elif frames.is_frame(source):
        names, wanted = _columns(source, labels, classes)
        source, target = (
            _table(rows, wanted, side) for rows, side in ((source, "source"), (target, "target"))
        )
    else:
        names = classes
    source, target = np.asarray(source), np.asarray(target)
    if source.ndim != 2 or target.ndim != 2 or source.shape[1] != target.shape[1]:
        raise InputError(
            f"source has shape {source.shape} and target {target.shape}; both must be "
            "(rows, classes), of the same classes"
        )
    from labelwright.shift.base import codes_of

    codes, called = codes_of(labels, source.shape, names)
    known = None
    if truth is not None:
        names = called.tolist()
        place = {name: code for code, name in enumerate(names)}
        codes_there, strange = encode(np.asarray(truth, dtype=object))
        into = np.array([*(place.get(name, len(names)) for name in strange.tolist()), -1], dtype=np.intp)
        known = into[codes_there]
        known = known if (known >= 0).any() else None
    both = None
    if features is not None and features[0] is not None and features[1] is not None:
        both = features[0], features[1]
    how = "as given" if model is None else type(model).__name__
    return Given(source, target, codes, known, called, both, tuple(notes), how=how)


def _label_column(frame: Any, label: Any) -> tuple[str | None, list[str]]:
    here = frames.names(frame)
    if isinstance(label, str):
        if label not in here:
            raise InputError(
                f"label={label!r} is not a column of source; the columns are {', '.join(map(repr, here))}"
            )
        return label, []
    if label is not None:
        return None, []
    from labelwright.files.words import LABEL, rank

    best = min(here, key=lambda name: rank(name, LABEL))
    if not np.isfinite(rank(best, LABEL)):
        raise InputError(
            f"source has no column that looks like the label ({', '.join(map(repr, here[:8]))}); name it with label="
        )
    return best, [f"column {best!r} was taken for the label"]


def _columns(frame: Any, labels: Any, classes: Sequence[Any] | None) -> tuple[np.ndarray, list[str]]:
    """Names of the classes and their columns: those given, or those that labels name."""
    here = frames.names(frame)
    names = encode(labels)[1] if classes is None else np.asarray(list(classes), dtype=object)
    for prefix in PREFIXES:
        wanted = [f"{prefix}{name}" for name in names.tolist()]
        if set(wanted) <= set(here):
            return _more(frame, names, wanted, prefix, classes)
    missing = [str(name) for name in names.tolist() if str(name) not in here]
    raise InputError(
        f"source has no column of probabilities for the class {missing[0]!r} (columns: "
        f"{', '.join(map(repr, here[:8]))}); name each column after its class, or give model= for features"
    )


def _more(
    frame: Any, names: np.ndarray, wanted: list[str], prefix: str, classes: Sequence[Any] | None
) -> tuple[np.ndarray, list[str]]:
    """Add columns of classes that no label names, where only with them rows sum to 1."""
    if classes is not None or _sums(_table(frame, wanted, "source")):
        return names, wanted
    import narwhals as nw

    schema = nw.from_native(frame).collect_schema()
    others = [
        name
        for name in frames.names(frame)
        if name not in wanted and schema[name].is_float() and name.startswith(prefix)
    ]
    if others and _sums(_table(frame, wanted + others, "source")):
        found = np.empty(len(names) + len(others), dtype=object)
        found[:] = [*names.tolist(), *(name.removeprefix(prefix) for name in others)]
        return found, wanted + others
    return names, wanted


def _sums(table: np.ndarray) -> bool:
    return bool(np.abs(table.sum(axis=1) - 1).max(initial=0) < 0.01)


def _table(frame: Any, columns: list[str], side: str) -> np.ndarray:
    if not frames.is_frame(frame):
        raise InputError(f"{side} is no frame; give both source and target as frames, or both as arrays")
    missing = [name for name in columns if name not in frames.names(frame)]
    if missing:
        raise InputError(f"{side} has no column {missing[0]!r}; it needs the probabilities of every class")
    return np.stack([np.asarray(frames.column(frame, name), dtype=np.float64) for name in columns], axis=1)


def _numbers(rows: Any) -> np.ndarray | None:
    """Features as a table of finite numbers, or None where they are something else."""
    if hasattr(rows, "tocsr"):
        return None
    try:
        table = np.asarray(rows, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return table if table.ndim == 2 and np.isfinite(table).all() else None
