"""Learn a classifier and the quality of those who labelled its items together (Raykar et al., 2010)."""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from labelwright.combine.end_model import check_items, everyday, items_again
from labelwright.evidence import Votes
from labelwright.loops import em, fit_soft, flat, possible
from labelwright.loops.cross_fit import seeded, take


class LearnFromCrowds(ClassifierMixin, BaseEstimator):
    """Fit one classifier to the votes of many sources; what it says of an item helps to judge the sources.

    Expectation-maximisation: the classifier's probabilities are the prior of each label, conditioned on the votes;
    from these the confusions of every source and the classifier are learned anew. `WeaklySupervised` combines votes
    before it looks at items. This is the better one where few sources speak of each item, since the classifier takes
    part in the vote, and the worse one where the classifier is poor, or so flexible that it learns its targets by
    heart (there, `labelwright.learn.ImpreciseEM` with `folds` asks models that did not see the item).

    Parameters
    ----------
    model : scikit-learn classifier or pipeline with `predict_proba` and `sample_weight`, optional
        By default as in `WeaklySupervised`.
    max_iter : int, default 20
    tol : float, default 1e-4
        Stop when the mean log-evidence (nats per item) rises by less.
    random_state : int or None, default 0
        Seeds the model, where it takes a seed.
    show : bool, optional
        Progress; by default on terminals.

    Attributes
    ----------
    classes_ : ndarray (k,)
    model_ : fitted model
    targets_ : ndarray (n, k)
        P(class | item, votes) of the training items.
    confusion_ : ndarray (a, k, k) or None
        ``[source, true, said]``; None where plain labels were given, which are believed.
    trace_ : list of float
        Mean log-evidence by round, nats per item with votes.
    n_iter_ : int
    converged_ : bool

    Notes
    -----
    Source: raykar2010learning. Departs from the paper: any classifier, refitted whole, and any number of classes; each
    true class of each source has one pseudo-vote, spread as a source that errs on 3 items of 10; items
    without votes teach nothing.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> rng = np.random.default_rng(0)
    >>> right = rng.random((150, 3)) < [0.9, 0.6, 0.5]
    >>> model = LearnFromCrowds().fit(X, np.where(right, y[:, None], rng.integers(0, 3, (150, 3))))
    >>> float(model.score(X, y)) > 0.9
    True
    """

    cites = ("raykar2010learning",)

    def __init__(
        self, model: Any = None, *, max_iter: int = 20, tol: float = 1e-4,
        random_state: int | None = 0, show: bool | None = None,
    ):  # fmt: skip
        self.model, self.max_iter, self.tol = model, max_iter, tol
        self.random_state, self.show = random_state, show

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from items (n, ...) and votes about them: Votes, codes (n, a) with -1 for none, or labels (n,)."""
        X, told = check_items(self, X, y, self.model)
        model = everyday(X) if self.model is None else self.model
        seed = int(np.random.SeedSequence(self.random_state).generate_state(1)[0])
        rows = np.flatnonzero(np.diff(told.first) > 0 if isinstance(told, Votes) else told.known)
        seen = take(X, rows)

        def refit(targets: np.ndarray) -> np.ndarray:
            self.model_ = fit_soft(seeded(model, seed), seen, targets)
            return possible(self.model_.predict_proba(seen))

        start = flat(len(rows), told.n_classes)
        found = em(
            told[rows], refit, start, max_iter=self.max_iter, tol=self.tol, name="crowd", show=self.show
        )
        self.classes_, self.trace_, self.converged_ = told.classes, found.trace, found.converged
        self.n_iter_ = len(found.trace) - 1
        self.confusion_ = found.evidence.confusion if isinstance(found.evidence, Votes) else None
        self.targets_ = self.model_.predict_proba(X)
        self.targets_[rows] = found.targets
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """P(class | item) by the classifier alone: (n, k), in the order of `classes_`."""
        X = items_again(self, X)
        return self.model_.predict_proba(X)

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each item."""
        probs = self.predict_proba(X)
        return np.asarray(self.classes_[probs.argmax(axis=1)])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
