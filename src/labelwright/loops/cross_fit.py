"""Probabilities for every row from a model that did not see it."""

import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from labelwright.errors import InputError
from labelwright.evidence import Evidence, Exact, Marks, as_evidence
from labelwright.frames import is_frame, take_rows
from labelwright.progress import progress


def cross_fit(
    model: Any,
    X: Any,
    y: Evidence | ArrayLike,
    *,
    folds: int = 5,
    groups: ArrayLike | None = None,
    random_state: int | None = 0,
    n_jobs: int | None = None,
    show: bool | None = None,
) -> np.ndarray:
    """Fit `model` on all folds but one and predict that one, for each fold in turn.

    Folds are stratified by class, and whole groups stay together where `groups` are given. Rows without a
    label are predicted, but nothing is learned from them. The result does not depend on `n_jobs`.

    Parameters
    ----------
    model : scikit-learn classifier with `predict_proba`
        Cloned for each fold; its `random_state` parameters are set from `random_state`.
    X : array, sparse matrix, frame or list (n, ...)
        What the model takes; lists (of texts) go in as lists.
    y : Evidence or array
        `Exact` for one label per item, `Marks` for tags, or labels that become one of them. A model that
        takes no tables of tags is fitted once per tag.
    folds : int, default 5
    groups : array (n,), optional
        Rows of the same group (document, patient, video) never stand on both sides.
    random_state : int or None, default 0
        Seeds the folds and the models; None draws fresh ones.
    n_jobs : int, optional
        Folds fitted at once; joblib's `parallel_config` decides by default.
    show : bool, optional
        Whether to show a progress bar; by default on terminals.

    Returns
    -------
    probs : ndarray (n, k) of float32
        Rows sum to 1; for tags (n, L) of P(yes). A class or tag that a fold could not learn, because no
        labelled row outside it has it, gets 1 / (training rows + classes) there.

    Raises
    ------
    InputError
        When lengths differ, fewer than two classes are labelled, a labelled row cannot be placed in the
        folds, or the model gives no probabilities.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> X, y = load_iris(return_X_y=True)
    >>> cross_fit(GaussianNB(), X, y).shape
    (150, 3)
    """
    from joblib import Parallel, delayed
    from sklearn.base import is_classifier

    told = as_evidence(y)
    n = n_rows(X)
    if n != len(told):
        raise InputError(f"X has {n} rows and y has {len(told)} labels; they must match")
    if not hasattr(model, "fit") or not is_classifier(model):
        raise InputError(f"model={model!r} is not a scikit-learn classifier")
    if not hasattr(model, "predict_proba"):
        raise InputError(
            f"{type(model).__name__} gives no probabilities; wrap it: CalibratedClassifierCV({type(model).__name__}())"
        )
    fit_predict = _fit_predict_tags if isinstance(told, Marks) else _fit_predict_classes
    if not isinstance(told, (Exact, Marks)):
        raise InputError(
            f"cross_fit needs one label per item (Exact) or tags (Marks), not {type(told).__name__}"
        )
    fold_of = assign_folds(told, folds, groups, random_state)
    seeds = np.random.SeedSequence(random_state).generate_state(int(fold_of.max()) + 1)
    jobs = (
        delayed(fit_predict)(
            model, X, told, np.flatnonzero(fold_of != f), np.flatnonzero(fold_of == f), int(seed)
        )
        for f, seed in enumerate(seeds)
    )
    probs = np.empty((n, told.n_classes), dtype=np.float32)
    with progress(f"cross-fitting {_name(model)}", total=len(seeds), show=show) as tick:
        for rows, part in _as_they_come(Parallel(n_jobs=n_jobs), jobs):
            probs[rows] = part
            tick()
    return probs


def assign_folds(
    told: Evidence, folds: int, groups: ArrayLike | None = None, random_state: int | None = 0
) -> np.ndarray:
    """Fold of each row, 0 to folds - 1: stratified by class (or by the rarest tag), whole groups together.

    Examples
    --------
    >>> np.bincount(assign_folds(Exact([0, 0, 1, 1]), 2)).tolist()
    [2, 2]
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    if folds < 2:
        raise InputError(f"folds={folds!r} must be at least 2")
    strata = _strata(told)
    labelled = np.flatnonzero(strata >= 0)
    n_classes = len(np.unique(strata[labelled]))
    if n_classes < 2 and isinstance(told, Exact):
        raise InputError(
            f"the labels have {n_classes} class{'' if n_classes == 1 else 'es'} ({told.classes.tolist()[:3]}); "
            "at least two are needed to tell a wrong label"
        )
    if len(labelled) < folds:
        raise InputError(f"only {len(labelled)} rows are labelled; {folds} folds need at least {folds}")
    fold_of = np.random.default_rng(random_state).permutation(len(told)) % folds
    if groups is None:
        splitter = StratifiedKFold(folds, shuffle=True, random_state=random_state)
        largest = np.bincount(strata[labelled]).max()
        if largest < folds:
            return fold_of
        grouped = None
    else:
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=random_state)
        group_of = Exact(groups)  # type: ignore[arg-type]
        if len(group_of) != len(told):
            raise InputError(f"groups has {len(group_of)} rows, y has {len(told)}; they must match")
        if group_of.n_classes < folds:
            raise InputError(
                f"groups has {group_of.n_classes} distinct values; {folds} folds need at least {folds}"
            )
        grouped = group_of.codes[labelled]
        if np.bincount(strata[labelled]).max() < folds:  # nothing to stratify by
            strata = np.minimum(strata, 0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")
        for f, (_, test) in enumerate(splitter.split(np.zeros(len(labelled)), strata[labelled], grouped)):
            fold_of[labelled[test]] = f
    if groups is not None:  # unlabelled rows follow their group
        first = dict(zip(group_of.codes[labelled], fold_of[labelled]))
        rest = np.flatnonzero(strata < 0)
        fold_of[rest] = [first.get(g, g % folds) for g in group_of.codes[rest]]
    return fold_of


def n_rows(X: Any) -> int:
    """Number of rows of an array, sparse matrix, frame or list."""
    return X.shape[0] if hasattr(X, "shape") else len(X)


def take(X: Any, rows: np.ndarray) -> Any:
    """Some rows of an array, sparse matrix, frame or list."""
    if sparse.issparse(X):
        return X.tocsr()[rows]
    if isinstance(X, np.ndarray):
        return X[rows]
    if is_frame(X):
        return take_rows(X, rows)
    if hasattr(X, "to_numpy"):  # a column: X[i] would look up its index, not the position
        return X.to_numpy()[rows]
    return [X[i] for i in rows]


def _strata(told: Evidence) -> np.ndarray:
    if isinstance(told, Marks):
        yes = told.marks == 1
        rarity = np.where(yes, yes.sum(axis=0), np.iinfo(np.int64).max)
        strata = np.where(yes.any(axis=1), rarity.argmin(axis=1) + 1, 0)
        return np.where(told.known.any(axis=1), strata, -1)
    return told.codes  # type: ignore[attr-defined]


def _fit_predict_classes(
    model: Any, X: Any, told: Exact, train: np.ndarray, test: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    train = train[told.known[train]]
    probs = np.full((len(test), told.n_classes), 1 / (len(train) + told.n_classes))
    present = np.unique(told.codes[train])
    if len(test) and len(present):
        if len(present) == 1:
            part = np.ones((len(test), 1))
        else:
            fitted = seeded(model, seed).fit(take(X, train), told.codes[train])
            part = fitted.predict_proba(take(X, test))
        absent = told.n_classes - len(present)
        probs[:, present] = part * (1 - absent * probs[0, 0])
    return test, _proper(probs, model)


def _fit_predict_tags(
    model: Any, X: Any, told: Marks, train: np.ndarray, test: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.utils import get_tags

    known, seen, unseen = told.known[train], take(X, train), take(X, test)
    varies = [len(np.unique(told.marks[train][known[:, t], t])) > 1 for t in range(told.n_classes)]
    if known.all() and all(varies) and get_tags(model).classifier_tags.multi_label:
        part = seeded(model, seed).fit(seen, told.marks[train]).predict_proba(unseen)
        if isinstance(part, list):  # forests and neighbours give one table per tag
            part = np.column_stack([p[:, 1] for p in part])
        return test, _proper(part, model)
    one = getattr(model, "estimator", model) if type(model).__name__ == "OneVsRestClassifier" else model
    probs = np.empty((len(test), told.n_classes))
    for t in range(told.n_classes):
        rows = np.flatnonzero(known[:, t])
        marks = told.marks[train[rows], t]
        if varies[t]:
            fitted = seeded(one, seed).fit(take(seen, rows), marks)
            probs[:, t] = fitted.predict_proba(unseen)[:, 1]
        else:
            probs[:, t] = (marks.sum() + 1) / (len(marks) + 2)
    return test, _proper(probs, model)


def seeded(model: Any, seed: int) -> Any:
    """Clone `model` and set every `random_state` in it."""
    from sklearn.base import clone

    fresh = clone(model)
    names = sorted(p for p in fresh.get_params(deep=True) if p.rpartition("__")[2] == "random_state")
    fresh.set_params(**{name: (seed + i) % 2**31 for i, name in enumerate(names)})
    return fresh


def _proper(probs: np.ndarray, model: Any) -> np.ndarray:
    if not np.isfinite(probs).all():
        raise InputError(
            f"{_name(model)} predicts NaN or infinite probabilities; scale the features or take another model"
        )
    return probs.astype(np.float32)


def _as_they_come(parallel: Any, jobs: Iterable[Any]) -> Iterator[Any]:
    """Results in order, one by one where the joblib backend can, so that progress shows."""
    if getattr(parallel._backend, "supports_return_generator", False):
        parallel.return_generator = True
        parallel.return_ordered = True
    yield from parallel(jobs)


def _name(model: Any) -> str:
    last = model.steps[-1][1] if hasattr(model, "steps") else model
    return type(last).__name__
