"""The everyday function of the room: which of these labels are wrong?"""

import time
from collections.abc import Sequence
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import labelwright
from labelwright import frames, models
from labelwright.audit import second_opinion, trust
from labelwright.audit.assemble import Judged, assemble
from labelwright.audit.confident import ConfidentLearning
from labelwright.audit.model_judge import as_judge
from labelwright.audit.result import Audit
from labelwright.audit.verdicts import Verdicts
from labelwright.audit.verdicts import judge as weigh
from labelwright.errors import InputError, noted
from labelwright.evidence import Evidence, Exact, Marks, as_evidence
from labelwright.evidence.checks import check_probs, check_table
from labelwright.loops.cross_fit import cross_fit, n_rows
from labelwright.loops.pooled import pooled

LEAST = 0.1  # a label less likely to be wrong than this is not worth a look


def labels(
    X: Any = None,
    y: Evidence | ArrayLike | str | None = None,
    *,
    probs: ArrayLike | None = None,
    model: Any = None,
    encoder: models.TextEncoder | str | PathLike[str] | None = None,
    groups: ArrayLike | None = None,
    sources: Sequence[Any] | None = None,
    filter_by: str | None = None,
    judge: Any = None,
    judge_rows: int = second_opinion.ROWS,
    judge_cache: str | PathLike[str] | None = None,
    folds: int = 5,
    random_state: int = 0,
    n_jobs: int | None = None,
    show: bool | None = None,
) -> Audit:
    """Find the labels that are wrong, how many are, and what they should be.

    Models that did not see a row judge its label: several cheap ones by default, cross-fitted and pooled, or
    yours. A noisy channel fitted behind them gives each label the probability of being wrong, and the share
    of wrong labels with a 95 % interval (`labelwright.parts.channel` says what it assumes).

    Parameters
    ----------
    X : texts, frame, array (n, d), sparse matrix, or pictures, optional
        The items. A list of str is taken for texts; an array (n, h, w) or (n, h, w, 3) of uint8, or a list of
        paths or bytes, for pictures. Not needed where `probs` are given, but then there are no neighbours and
        duplicates.
    y : Evidence, array (n,), table (n, L) of 0, 1, -1, or str
        The given labels (any hashable class names, None where missing), tags (`Marks`), or the name of a
        column of `X`.
    probs : array (n, k), optional
        Out-of-sample probabilities you already have; then no model is fitted.
    model : scikit-learn classifier, optional
        Takes the place of the everyday models. With text it gets the texts themselves: pass a pipeline.
    encoder : TextEncoder or path, optional
        Vectors for texts in place of TF-IDF: anything with ``encode(texts)``, or a folder with a
        sentence-transformers model.
    groups : array (n,), optional
        Rows that belong together (a document, a patient) never judge each other.
    sources : sequence (n,), optional
        Who gave each label; adds who differs.
    filter_by : str, optional
        A rule of `ConfidentLearning` to choose the doubtful rows. By default they are those whose label is wrong
        with a probability of at least 0.1 and for which another label is more probable.
    judge : Judge, or what names a language model, optional
        A second opinion about the most doubtful labels: a `Judge`, ``"local"``, a folder with a language model, or a
        function ``prompt -> str``. How far it is believed is learned on labels drawn blindly, so a poor judge
        does no harm; see `labelwright.audit.second_opinion`.
    judge_rows : int, default 200
        How many labels the judge is asked about, a quarter of them drawn from all.
    judge_cache : path, optional
        File that keeps what a language model answers, so that no question is paid for twice.
    folds : int, default 5
    random_state : int, default 0
        Same seed, same result, whatever `n_jobs`.
    n_jobs : int, optional
        Folds fitted at once.
    show : bool, optional
        Progress bars; by default on terminals.

    Returns
    -------
    Audit
        Frames in it are of the kind of `X`.

    Raises
    ------
    InputError
        When lengths differ, there is nothing to judge by, fewer than two classes are labelled, a class has
        one item, or numbers are no probabilities.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> y[7] = 2  # a setosa called virginica
    >>> found = labels(X, y)
    >>> int(found.issues["row"].iloc[0]), int(found.issues["suggested"].iloc[0])
    (7, 0)
    """
    started = time.perf_counter()
    X, told = _items_and_labels(X, y, None if probs is None else np.shape(probs)[-1])
    notes = refuse_or_note(told)
    rng = np.random.default_rng(random_state)
    features = None if X is None else _features(X, told, encoder, notes)
    used: dict[str, Any] = {"folds": folds, "random_state": random_state, "version": labelwright.__version__}
    unseen = partial(
        cross_fit, y=told, folds=folds, groups=groups, random_state=random_state, n_jobs=n_jobs, show=show
    )
    if probs is not None:
        table = _checked(probs, told)
        notes += trust.warn_if_in_sample(table, told)
        used |= {"model": "probabilities as given", "folds": None}
    elif features is None:
        raise InputError(
            "there is nothing to judge the labels by: give X (the items) or probs (probabilities)"
        )
    elif model is not None:
        table = unseen(model, X)
        used["model"] = repr(model)
    else:
        table, used["model"] = pooled(features, unseen, told, rng)
    verdicts = weigh(told, table, rng)
    second = None
    if judge is not None:
        if X is None:
            raise InputError("a judge reads the items; give X beside probs")
        like = X if frames.is_frame(X) else None
        asked = as_judge(judge, told.classes.tolist(), cache=judge_cache, show=show)
        verdicts, second = second_opinion.ask(asked, X, told, verdicts, judge_rows, rng, like=like)
        notes.append(second_opinion.said(second))
        used["judge"] = f"{second.name}: {len(second.rows)} labels, weight {second.weight:.2f}"
    flagged = _flagged(verdicts, table, told, filter_by)
    used["seconds"] = round(time.perf_counter() - started, 1)
    return assemble(
        Judged(X, told, table, verdicts, flagged, features, sources, tuple(notes), used, second), rng
    )


def refuse_or_note(told: Exact | Marks) -> list[str]:
    """Refuse labels nothing can be learned from; say how many are missing."""
    known = told.known if isinstance(told, Exact) else told.known.any(axis=1)
    if not len(told):
        raise InputError("there are no rows")
    if not known.any():
        raise InputError(f"all {len(told)} labels are missing; there is nothing to audit")
    if isinstance(told, Exact):
        counts = told.counts
        if (counts > 0).sum() < 2:
            raise InputError(
                f"all {int(counts.sum())} labels are {told.classes.tolist()[counts.argmax()]!r}; "
                "an audit needs at least two classes"
            )
        rare = np.flatnonzero(counts == 1)
        if len(rare):
            rows = [int(np.flatnonzero(told.codes == c)[0]) for c in rare[:3]]
            names = ", ".join(f"{told.classes.tolist()[c]!r} (row {row})" for c, row in zip(rare, rows))
            more = f" and {len(rare) - 3} more" if len(rare) > 3 else ""
            count = "a class has" if len(rare) == 1 else f"{len(rare)} classes have"
            raise InputError(
                f"{count} a single item: {names}{more}; one item cannot be learned from and checked "
                "at once, so merge such classes, drop the rows or leave their label empty"
            )
    missing = int((~known).sum())
    return [f"{missing} rows have no label; they are left out of the counts."] if missing else []


def _items_and_labels(X: Any, y: Any, columns: int | None) -> tuple[Any, Exact | Marks]:
    if isinstance(y, str):
        if not frames.is_frame(X):
            raise InputError(f"y={y!r} names a column, but X is no frame")
        name, y = y, frames.column(X, y, argument="y")
        X = frames.drop(X, name)
    if y is None:
        raise InputError("y is missing: give the labels, or the name of their column")
    told = as_evidence(y, columns)
    if not isinstance(told, (Exact, Marks)):
        raise InputError(
            f"an audit needs one label per item (Exact) or tags (Marks), not {type(told).__name__}"
        )
    if X is not None and n_rows(X) != len(told):
        raise InputError(f"X has {n_rows(X)} rows and y has {len(told)} labels; they must match")
    return X, told


def _checked(probs: ArrayLike, told: Exact | Marks) -> np.ndarray:
    check = check_probs if isinstance(told, Exact) else check_table
    return check(probs, len(told), told.n_classes).astype(np.float32)


def _features(X: Any, told: Evidence, encoder: Any, notes: list[str]) -> models.Features:
    if isinstance(encoder, (str, PathLike)):
        encoder = models.sentence_encoder(encoder)
    with noted(notes):
        return features_of(X, told.n_classes, encoder)


def features_of(X: Any, k: int, encoder: Any) -> models.Features:
    """Views of the items, whatever they are, and quick classifiers for them."""
    if frames.is_frame(X):
        return models.of_frame(X, frames.names(X), k)
    if isinstance(X, np.ndarray) and X.ndim > 2:
        return models.of_images(X, k)
    if isinstance(X, (list, tuple)) or (isinstance(X, np.ndarray) and X.ndim == 1):
        if isinstance(X[0], (bytes, Path)):
            return models.of_images(X, k)
        if all(isinstance(text, str) for text in X):
            return models.of_texts(list(X), k, encoder=encoder)
        if isinstance(X[0], str):
            row = next(i for i, text in enumerate(X) if not isinstance(text, str))
            raise InputError(f"texts must all be str; row {row} is {X[row]!r}")
    return models.of_array(X, k)


def _flagged(verdicts: Verdicts, probs: np.ndarray, told: Evidence, filter_by: str | None) -> np.ndarray:
    worth: np.ndarray
    if filter_by is None:
        worth = verdicts.leads & (np.nan_to_num(verdicts.marks_wrong) >= LEAST)
    else:
        worth = ConfidentLearning(filter_by).fit(probs, told).issues_
    return worth if worth.ndim == 1 else np.asarray(worth.any(axis=1))
