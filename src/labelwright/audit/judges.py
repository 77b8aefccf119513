"""Judges: whoever says how probable each label of an item is, without having learned from that label.

A judge is a model that was fitted elsewhere, one that is cross-fitted here, a function, a record of what was said, or a
language model (`ModelJudge`). All answer alike, so an ensemble or an audit need not know which it is.
"""

import time
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError
from labelwright.evidence import Evidence, Exact, as_evidence
from labelwright.evidence.checks import check_probs
from labelwright.loops.cross_fit import cross_fit, n_rows
from labelwright.models.language import Usage


@dataclass(frozen=True)
class Opinion:
    """What a judge says about some items, and what that took.

    Attributes
    ----------
    probs : ndarray (n, k)
        One row an item, one column a class of the judge, rows sum to 1.
    usage : Usage
    """

    probs: np.ndarray
    usage: Usage = field(default_factory=Usage)


@runtime_checkable
class Judge(Protocol):
    """Whoever can say how probable each class is. `classes` names the columns; `name` stands in tables."""

    @property
    def name(self) -> str:
        """What it is called in tables."""
        ...

    @property
    def classes(self) -> Sequence[Hashable]:
        """What its columns are."""
        ...

    def judge(self, items: Sequence[Any]) -> Opinion:
        """One row of probabilities for each item."""
        ...


@dataclass(frozen=True)
class FunctionJudge:
    """A function from items to probabilities, as a judge.

    Parameters
    ----------
    function : callable
        ``items -> array (n, k)``.
    classes : sequence (k,)
        What its columns are.
    name : str

    Raises
    ------
    InputError
        When it answers with something else than one row of probabilities for each item.

    Examples
    --------
    >>> shout = FunctionJudge(lambda texts: [[t.isupper(), not t.isupper()] for t in texts], ["loud", "calm"], "case")
    >>> shout.judge(["HELLO", "hello"]).probs.tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    function: Callable[[Any], ArrayLike]
    classes: Sequence[Hashable]
    name: str = "function"

    @classmethod
    def contract_examples(cls) -> "list[FunctionJudge]":
        """One that judges texts by their length."""
        return [cls(lambda texts: [[1 / (1 + len(t)), 1 - 1 / (1 + len(t))] for t in texts], ["a", "b"])]

    def judge(self, items: Any) -> Opinion:
        """One row of probabilities for each item."""
        started = time.perf_counter()
        table = np.asarray(self.function(items), dtype=np.float64)
        checked = check_probs(table, n_rows(items), len(self.classes), name=f"what judge {self.name!r} says")
        return Opinion(checked, Usage(calls=len(checked), seconds=time.perf_counter() - started))


def fitted(model: Any, *, name: str | None = None) -> FunctionJudge:
    """A classifier that has learned elsewhere, from other items than it will judge.

    Parameters
    ----------
    model : fitted scikit-learn classifier with `predict_proba`
    name : str, optional

    Examples
    --------
    >>> from sklearn.naive_bayes import GaussianNB
    >>> judge = fitted(GaussianNB().fit([[0.0], [0.1], [1.0], [1.1]], ["low", "low", "high", "high"]))
    >>> [str(c) for c in judge.classes], judge.judge([[0.05]]).probs.round(2).tolist()
    (['high', 'low'], [[0.0, 1.0]])
    """
    name = type(model).__name__ if name is None else name
    if not hasattr(model, "predict_proba"):
        raise InputError(f"judge {name!r} gives no probabilities; it needs predict_proba")
    if not hasattr(model, "classes_"):
        raise InputError(
            f"judge {name!r} is not fitted; fit it to other items, or take out_of_fold(model, y)"
        )
    return FunctionJudge(model.predict_proba, model.classes_, name)


def out_of_fold(
    model: Any,
    y: Evidence | ArrayLike,
    *,
    folds: int = 5,
    random_state: int = 0,
    n_jobs: int | None = None,
    name: str | None = None,
) -> FunctionJudge:
    """A classifier that learns from the given labels of all folds but one and judges that one, for each fold in turn.

    Parameters
    ----------
    model : scikit-learn classifier with `predict_proba`
        With texts, a pipeline.
    y : Exact or array (n,)
        Given labels of the very items it will judge, in their order.
    folds : int, default 5
    random_state : int, default 0
    n_jobs : int, optional
    name : str, optional

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> X, y = load_iris(return_X_y=True)
    >>> out_of_fold(GaussianNB(), y).judge(X).probs.shape
    (150, 3)
    """
    told = as_evidence(y)
    if not isinstance(told, Exact):
        raise InputError(f"a judge learns from one label per item (Exact), not {type(told).__name__}")
    name = _last(model) if name is None else name

    def ask(items: Any) -> np.ndarray:
        if n_rows(items) != len(told):
            raise InputError(
                f"judge {name!r} was given {len(told)} labels to learn from and judges those items only, "
                f"not {n_rows(items)} others; use fitted(model) for other items"
            )
        return cross_fit(
            model, items, told, folds=folds, random_state=random_state, n_jobs=n_jobs
        ).astype(np.float64)  # fmt: skip

    return FunctionJudge(ask, told.classes.tolist(), name)


def recorded(
    said: Mapping[Hashable, Sequence[float]], classes: Iterable[Hashable], *, name: str = "record"
) -> FunctionJudge:
    """A record of probabilities, looked up item by item: a transcript, or a service that was asked before.

    Parameters
    ----------
    said : mapping of item to probabilities (k,)
    classes : iterable (k,)
    name : str, default "record"

    Raises
    ------
    InputError
        When it is asked about an item that is not in the record.

    Examples
    --------
    >>> recorded({"fine": [0.9, 0.1]}, ["good", "bad"]).judge(["fine"]).probs.tolist()
    [[0.9, 0.1]]
    """

    def ask(items: Sequence[Any]) -> list[Sequence[float]]:
        unknown = [i for i, item in enumerate(items) if item not in said]
        if unknown:
            raise InputError(
                f"judge {name!r} has no record of {len(unknown)} items (first: {items[unknown[0]]!r:.60}); "
                "leave them out, or ask again"
            )
        return [said[item] for item in items]

    return FunctionJudge(ask, list(classes), name)


def _last(model: Any) -> str:
    return type(model.steps[-1][1] if hasattr(model, "steps") else model).__name__
