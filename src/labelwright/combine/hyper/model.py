"""A label model that was trained once, on synthetic votes (Wu et al., 2023; S101)."""

import os

import numpy as np

from labelwright.combine.base import LabelModel
from labelwright.combine.hyper.forward import Weights, hear, logits, read, shipped
from labelwright.evidence import Votes


class HyperLabelModel(LabelModel):
    """Combine votes by a small net that has learned on many other vote matrices how truth shows in agreement: LELA.

    A graph network passes means between votes, items and sources. It was trained on 20,000 synthetic matrices with
    known truth, in which sources differ in skill, lean to one answer, speak seldom, only ever say one thing, or copy
    each other. Nothing is fitted here: `fit` runs it over the votes once and keeps the mean vectors of each source.
    Where votes are few, or rules only ever say one thing, this has more to go by than models that learn everything
    from the votes.

    Several classes are taken one against the rest, and scaled to sum to 1. Items without votes get equal
    probabilities. Time is proportional to votes times classes; memory is about 200 bytes a vote.

    Parameters
    ----------
    weights : path, optional
        A file that `python -m labelwright.combine.hyper.train` wrote; by default that which comes with the package,
        described in ``card.json`` beside it.

    Attributes
    ----------
    heard_ : list of Heard
        What the net keeps of the votes, for each class.

    Notes
    -----
    Source: wu2023learning.
    Departs from the paper: trained in minutes on matrices of at most 200 items and 20 sources, drawn from sources with
    skills, where the paper draws evenly from all matrices in which most sources are better than chance; the two linear
    maps of a layer are one; the net also sees how often an item and a source were heard, so that one vote
    is less sure than five; new items are judged by what was heard of their sources in `fit`; two classes are
    taken one by one too, so that names do not matter; no fine-tuning on known labels.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.integers(0, 2, 200)
    >>> right = rng.random((200, 5)) < [0.9, 0.9, 0.8, 0.6, 0.6]
    >>> votes = np.where(right, truth[:, None], 1 - truth[:, None])
    >>> bool((HyperLabelModel().fit(votes).predict() == truth).mean() > 0.85)
    True
    """

    cites = ("wu2023learning", "zhang2022survey")

    def __init__(self, weights: "str | os.PathLike[str] | None" = None):
        self.weights = weights

    def _learn(self, votes: Votes, *, warm: bool) -> None:
        self._weights: Weights = shipped() if self.weights is None else read(self.weights)
        self.heard_ = [hear(votes, code, self._weights) for code in range(votes.n_classes)]

    def _posterior(self, votes: Votes) -> np.ndarray:
        table = np.column_stack(
            [logits(votes, code, heard, self._weights) for code, heard in enumerate(self.heard_)]
        ).astype(np.float64)
        probs = 1 / (1 + np.exp(-table.clip(-50, 50)))
        probs[np.diff(votes.first) == 0] = 1
        return np.asarray(probs / probs.sum(axis=1, keepdims=True))
