"""Probabilities for the rows of two files: by models fitted to the source on the way, or by one that was saved."""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from labelwright import models
from labelwright.errors import InputError, need, noted
from labelwright.evidence import Exact
from labelwright.files.roles import Roles
from labelwright.files.table import Table, plain_text
from labelwright.loops import cross_fit, pooled

FOLDS = 5


class Judged(NamedTuple):
    """What a model says of both files.

    Attributes
    ----------
    source, target : arrays (n, k), (m, k)
    classes : tuple of str (k,)
    features : tuple of arrays or None
        Of source and target, where they are numbers.
    how : str
        What made the probabilities.
    notes : tuple of str
    """

    source: np.ndarray
    target: np.ndarray
    classes: tuple[str, ...]
    features: tuple[np.ndarray, np.ndarray] | None
    how: str
    notes: tuple[str, ...]


def by_own_models(
    source: Table, target: Table, roles: Roles, *, random_state: int = 0, show: bool | None = None
) -> Judged:
    """Fit the everyday models to the source, cross-fitted, so that none judges a row it saw.

    The rows of the target are judged by the same models: each by those of one fold.

    Raises
    ------
    InputError
        When there is nothing to learn from, or the target lacks a column.
    """
    notes: list[str] = []
    if roles.image is not None and not (roles.text or roles.features):
        raise InputError(
            f"{source.path} names pictures, which adapt does not look at; give class probabilities as columns"
        )
    names = roles.labels(source)
    names = _without_single(names, notes)
    told = Exact([*names, *[None] * len(target)])
    if told.n_classes < 2:
        raise InputError(
            f"{source.path}: fewer than two classes of column {roles.label!r} have two rows or more; label more"
        )
    with noted(notes):
        if roles.text:
            _there(target, roles.text, "text")
            X: Any = [*roles.texts(source), *roles.texts(target)]
            features = models.of_texts(X, told.n_classes)
        elif roles.features:
            _there(target, roles.features, "features")
            X = _stacked(source, target, roles.features, notes)
            features = models.of_frame(X, X.column_names, told.n_classes)
        else:
            raise InputError(
                f"{source.path} has neither columns of probabilities called after the classes "
                f"({', '.join(map(repr, told.classes[:5].tolist()))}) nor anything to learn from; give one of these, "
                "or a saved model with --model"
            )
    unseen = partial(cross_fit, y=told, folds=_folds(names), random_state=random_state, show=show)
    probs, members = pooled(features, unseen, told, np.random.default_rng(random_state))
    n = len(source)
    dense = features.views.get("all") if features.kind == "table" else None
    return Judged(
        probs[:n],
        probs[n:],
        tuple(str(name) for name in told.classes.tolist()),
        None if dense is None or not isinstance(dense, np.ndarray) else (dense[:n], dense[n:]),
        members,
        tuple(notes),
    )


def by_saved_model(
    model: Any, source: Table, target: Table, *, label: str, text: Sequence[str], features: Sequence[str]
) -> Judged:
    """Let a fitted classifier judge the rows of both files, by the columns it was fitted to.

    Raises
    ------
    InputError
        When a column is missing, or the number of columns is not what the model takes.
    """
    named = getattr(model, "feature_names_in_", None)
    count = getattr(model, "n_features_in_", None)
    X: list[Any]
    if named is not None:
        wanted = [str(name) for name in named]
        for table in (source, target):
            _there(table, wanted, "model")
        pandas = need("pandas", extra="tables", purpose="A model that was fitted to named columns")
        X = [
            pandas.DataFrame({name: _plain_column(table, name) for name in wanted})
            for table in (source, target)
        ]
    elif count is not None:
        wanted = [name for name in (features or source.columns) if name != label]
        wanted = [name for name in wanted if features or _is_number(source, name)]
        if len(wanted) != count:
            raise InputError(
                f"the model takes {count} columns without names, and {source.path} has {len(wanted)} of numbers "
                f"({', '.join(map(repr, wanted[:6]))}); name them in order with --features"
            )
        _there(target, wanted, "features")
        X = [
            np.column_stack([np.asarray(_plain_column(table, name), dtype=float) for name in wanted])
            for table in (source, target)
        ]
    elif text:
        _there(target, text, "text")
        joined = Roles(label, tuple(text))
        X = [list(joined.texts(table)) for table in (source, target)]
    else:
        raise InputError(
            f"what the model takes is not known, and {source.path} has no text; name it with --text or --features"
        )
    try:
        said = [np.asarray(model.predict_proba(rows), dtype=np.float64) for rows in X]
    except Exception as problem:  # whatever its steps stumble on
        raise InputError(
            f"the model cannot judge these rows ({str(problem)[:200]}); give the columns it was fitted to, as they "
            "were then"
        ) from problem
    numbers = all(isinstance(rows, np.ndarray) and np.isfinite(rows).all() for rows in X)
    return Judged(
        said[0],
        said[1],
        tuple((plain_text(c) or "").strip() for c in np.asarray(model.classes_).tolist()),
        (X[0], X[1]) if numbers else None,
        type(model).__name__,
        ("the rows of the source are taken for rows that the model did not see when it was fitted",),
    )


def _folds(names: np.ndarray) -> int:
    labelled = sum(name is not None for name in names)
    return max(2, min(FOLDS, labelled))


def _without_single(names: np.ndarray, notes: list[str]) -> np.ndarray:
    """Labels without those of classes that have one row, which cannot be learned from and checked at once."""
    rows: dict[str, int] = {}
    for name in names:
        if name is not None:
            rows[name] = rows.get(name, 0) + 1
    single = sorted(name for name, n in rows.items() if n == 1)
    if not single:
        return names
    shown = ", ".join(map(repr, single[:3])) + (f" and {len(single) - 3} more" if len(single) > 3 else "")
    have = "a class has" if len(single) == 1 else f"{len(single)} classes have"
    notes.append(f"{have} one row only ({shown}), which cannot be learned from and checked at once; left out")
    out = names.copy()
    out[[name in set(single) for name in names]] = None
    return out


def _there(table: Table, columns: Sequence[str], argument: str) -> None:
    missing = [name for name in columns if name not in table.columns]
    if missing:
        shown = ", ".join(map(repr, missing[:3])) + (
            f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        )
        here = ", ".join(map(repr, table.columns[:8])) + (", ..." if len(table.columns) > 8 else "")
        raise InputError(
            f"{table.path} has no column {shown}, which {argument} needs; it has {here}. Both files need the columns "
            "that are learned from"
        )


def _stacked(source: Table, target: Table, columns: Sequence[str], notes: list[str]) -> Any:
    """Rows of both files in one table; a column that is numbers in one and text in the other is text."""
    import pyarrow as pa

    found = {}
    for name in columns:
        pair = [table.data[name] for table in (source, target)]
        if all(_is_number(table, name) for table in (source, target)):
            pair = [column.cast(pa.float64()) for column in pair]
        elif pair[0].type != pair[1].type:
            if any(pa.types.is_null(column.type) for column in pair):
                kind = next(c.type for c in pair if not pa.types.is_null(c.type))
                pair = [column.cast(kind) for column in pair]
            else:
                notes.append(
                    f"column {name!r} is {_called(pair[0])} in the source and {_called(pair[1])} in the target; taken "
                    "as text"
                )
                pair = [
                    pa.chunked_array([pa.array(t.text(name).tolist(), pa.string())]) for t in (source, target)
                ]
        found[name] = pa.chunked_array([*pair[0].chunks, *pair[1].chunks], type=pair[0].type)
    return pa.table(found)


def _called(column: Any) -> str:
    import pyarrow.types as types

    return "numbers" if types.is_floating(column.type) or types.is_integer(column.type) else "text"


def _is_number(table: Table, name: str) -> bool:
    import pyarrow.types as types

    kind = table.data.schema.field(name).type
    return types.is_floating(kind) or types.is_integer(kind)


def _plain_column(table: Table, name: str) -> Any:
    return table.data[name].to_pandas() if not _is_number(table, name) else table.data[name].to_numpy()
