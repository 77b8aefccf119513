"""What all label models have in common: votes in, the probability of every class of every item out."""

from abc import ABC, abstractmethod
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from labelwright.errors import InputError
from labelwright.evidence import Votes
from labelwright.evidence.classes import decode


class LabelModel(BaseEstimator, ABC):
    """A model of how sources come to say what they say; `fit` needs no truth.

    Attributes
    ----------
    classes_ : ndarray (k,)
    sources_ : ndarray (a,)
    votes_ : Votes
        What was learned from.
    """

    def fit(self, votes: Votes | ArrayLike) -> Self:
        """Learn how good the sources are from `votes` alone.

        Parameters
        ----------
        votes : Votes, or array (n, a) of int
            Codes of the classes, -1 where a source abstains.

        Raises
        ------
        InputError
            When nobody said anything, or there is one class only.
        """
        told = check_votes(votes)
        self.classes_, self.sources_, self.votes_ = told.classes, told.sources, told
        self._learn(told, warm=False)
        return self

    def partial_fit(self, votes: Votes | ArrayLike) -> Self:
        """Add votes, matched by the names of items, sources and classes, and go on from what was learned.

        The answer is that of fitting all votes at once, up to the tolerance: votes are kept (four bytes each), the
        climb starts near its end.
        """
        if not hasattr(self, "votes_"):
            return self.fit(votes)
        told = self.votes_.extend(check_votes(votes, least=1))
        warm = len(told.classes) == len(self.classes_)
        self.classes_, self.sources_, self.votes_ = told.classes, told.sources, told
        self._learn(told, warm=warm)
        return self

    def predict_proba(self, votes: Votes | ArrayLike | None = None) -> np.ndarray:
        """P(class | votes) of each item, (n, k); by default of the items fitted.

        Parameters
        ----------
        votes : Votes or array (n, a), optional
            Of other items, by sources that were there in `fit`.
        """
        check_is_fitted(self, "votes_")
        return self._posterior(self.votes_ if votes is None else self._matched(check_votes(votes, least=1)))

    def predict(self, votes: Votes | ArrayLike | None = None) -> np.ndarray:
        """Most probable class of each item, (n,); of equals the first."""
        return decode(self.predict_proba(votes).argmax(axis=1), self.classes_)

    @abstractmethod
    def _learn(self, votes: Votes, *, warm: bool) -> None: ...

    @abstractmethod
    def _posterior(self, votes: Votes) -> np.ndarray: ...

    def _matched(self, votes: Votes) -> Votes:
        """The votes with the sources and classes of `fit`, in their order."""
        if np.array_equal(votes.sources, self.sources_) and np.array_equal(votes.classes, self.classes_):
            return votes
        matched = self.votes_[:0].extend(votes)
        for what, here, known in (
            ("source", matched.sources, self.sources_),
            ("class", matched.classes, self.classes_),
        ):
            if len(here) > len(known):
                raise InputError(
                    f"the votes name {what} {here[len(known)]!r}, which was not there in fit; add them by partial_fit"
                )
        return matched


def check_votes(votes: Votes | ArrayLike, *, least: int = 2) -> Votes:
    """Votes that something can be learned from.

    Raises
    ------
    InputError
        When they are none, or name fewer than `least` classes.
    """
    told = votes if isinstance(votes, Votes) else Votes(votes)
    if not told.n_votes:
        raise InputError(f"nobody said anything about any of {len(told)} items; there is nothing to combine")
    if told.n_classes < least:
        raise InputError(
            f"all votes say {told.classes.tolist()[0]!r}; name the other classes (classes=[...]) if there are any"
        )
    return told
