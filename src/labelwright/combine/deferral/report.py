"""How well a classifier and its experts do together."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from labelwright.combine.deferral.experts import answer_table
from labelwright.errors import InputError
from labelwright.evidence.classes import is_missing


class _Defer:
    """The one object that stands for "ask the expert"."""

    def __repr__(self) -> str:
        return "DEFER"

    def __reduce__(self) -> str:
        return "DEFER"


DEFER = _Defer()


@dataclass(frozen=True)
class DeferralReport:
    """Accuracy of a classifier with each of E experts.

    Attributes
    ----------
    system : ndarray (E,)
        Share of items that come out right, from the classifier or from the expert.
    deferred : ndarray (E,)
        Share of items that went to the expert.
    kept_right : ndarray (E,)
        Accuracy on the items that did not; NaN where all did.
    asked_right : ndarray (E,)
        Accuracy of the expert on the items that did; NaN where none did.

    Examples
    --------
    >>> DeferralReport(*np.array([[0.9, 0.8], [0.2, 0.1], [0.9, 0.8], [0.9, 0.8]])).system_accuracy.round(2)
    np.float64(0.85)
    """

    system: np.ndarray
    deferred: np.ndarray
    kept_right: np.ndarray
    asked_right: np.ndarray

    @property
    def system_accuracy(self) -> float:
        """Mean over experts of the share of items that come out right."""
        return self.system.mean()


def deferral_report(decisions: Any, y: Any, answers: Any) -> DeferralReport:
    """Return how often classifier and expert together are right.

    Parameters
    ----------
    decisions : array (n, E), or (n,) for one expert
        A class, or `DEFER`.
    y : array (n,)
        True classes.
    answers : array (n, E) or (n,)
        The experts'; they may be missing where nobody defers to them.

    Raises
    ------
    InputError
        When shapes differ, or an answer is missing where a decision defers to it.

    Examples
    --------
    >>> report = deferral_report([0, DEFER, DEFER, 1], [0, 1, 0, 0], [1, 1, 1, 0])
    >>> report.system.tolist(), report.deferred.tolist()
    ([0.5], [0.5])
    """
    truth = np.asarray(y)
    made, said = (
        answer_table(np.asarray(decisions, dtype=object), len(truth)),
        answer_table(answers, len(truth)),
    )
    if made.shape != said.shape:
        raise InputError(f"decisions have shape {made.shape} and answers {said.shape}; they must match")
    asked = np.array([[one is DEFER for one in row] for row in made], dtype=bool)
    silent = [(i, e) for i, e in np.argwhere(asked) if is_missing(said[i, e])]
    if silent:
        i, e = silent[0]
        raise InputError(
            f"item {i} is deferred to expert {e}, whose answer is missing ({len(silent)} such); leave those items out"
        )
    final = np.where(asked, said.astype(object), made)
    right = np.array([[one == true for one in row] for row, true in zip(final, truth)], dtype=bool)
    deferred = asked.mean(axis=0)
    return DeferralReport(
        right.mean(axis=0), deferred, _share(right & ~asked, ~asked), _share(right & asked, asked)
    )


def _share(hits: np.ndarray, among: np.ndarray) -> np.ndarray:
    total = among.sum(axis=0)
    return np.where(total > 0, hits.sum(axis=0) / np.maximum(total, 1), np.nan)
