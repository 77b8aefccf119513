"""Learn from labels that only narrow down the truth (Chen et al., 2024)."""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from labelwright.errors import InputError
from labelwright.evidence import Evidence
from labelwright.learn.base import check_fit, check_predict, first_posterior
from labelwright.loops import em, fit_soft, flat, possible
from labelwright.loops.cross_fit import seeded, take


class ImpreciseEM(ClassifierMixin, BaseEstimator):
    """Fit one classifier to any evidence by expectation-maximisation.

    Each round conditions the predictions on the evidence and refits on the resulting soft targets. The
    evidence decides what conditioning means, so noise, candidate sets, bags, votes, missing labels and any mixture of
    them need no code here.

    Parameters
    ----------
    model : scikit-learn classifier with `predict_proba` and `sample_weight`, optional
        By default a logistic regression on standardised features. A pipeline may begin with anything, so that texts and
        frames go in as they are.
    max_iter : int, default 20
    tol : float, default 1e-4
        Stop when the mean log-evidence (nats per item) rises by less.
    folds : int, optional
        Condition predictions of models that did not see the item, as forests and other models that can learn
        their targets by heart need; by default the predictions of the model itself.
    random_state : int or None, default 0
        Seeds the model, where it takes a seed, and the folds.
    show : bool, optional
        Progress; by default on terminals.

    Attributes
    ----------
    classes_ : ndarray (k,)
    model_ : fitted model
    targets_ : ndarray (n, k)
        Posterior of the training items' labels.
    evidence_ : Evidence
        With its own parameters (confusions, channel, prior) as learned.
    trace_ : list of float
        Mean log-evidence by round, nats per item.
    n_iter_ : int
    converged_ : bool

    Notes
    -----
    Source: S012 (ILL). Departs from the paper: whole refits, not minibatches, and no consistency between weak and
    strong views; `ImpreciseNet` has the views. Probabilities are kept at least 1e-6, so that a class the model has
    not met yet stays possible.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from labelwright import Candidates
    >>> X, y = load_wine(return_X_y=True)
    >>> rng = np.random.default_rng(0)
    >>> allowed = (rng.random((len(y), 3)) < 0.5) | np.eye(3, dtype=bool)[y]  # half the wrong classes are not ruled out
    >>> float(ImpreciseEM().fit(X, Candidates(allowed)).score(X, y)) > 0.95
    True
    """

    cites = ("chen2024imprecise",)

    def __init__(
        self,
        model: Any = None,
        *,
        max_iter: int = 20,
        tol: float = 1e-4,
        folds: int | None = None,
        random_state: int | None = 0,
        show: bool | None = None,
    ):
        self.model = model
        self.max_iter = max_iter
        self.tol = tol
        self.folds = folds
        self.random_state = random_state
        self.show = show

    def fit(self, X: Any, y: Any) -> Self:
        """Fit to items (n, ...) and evidence about them; plain labels are believed, None and NaN are missing."""
        X, evidence = check_fit(self, X, y, any_items=self.model is not None)
        model = _standard(X) if self.model is None else self.model
        seed = np.random.SeedSequence(self.random_state).generate_state(1)[0]
        n, k = len(evidence), evidence.n_classes
        fold_of = self._assigned(evidence, seed)

        def refit(targets: np.ndarray) -> np.ndarray:
            if fold_of is None:
                self.model_ = fit_soft(seeded(model, int(seed)), X, targets)
                return possible(self.model_.predict_proba(X))
            probs = np.empty((n, k))
            for fold in range(fold_of.max() + 1):
                seen, unseen = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
                fitted = fit_soft(seeded(model, int(seed)), take(X, seen), targets[seen])
                probs[unseen] = fitted.predict_proba(take(X, unseen))
            return possible(probs)

        first_posterior(evidence)
        name = f"fitting {type(model).__name__}"
        found = em(
            evidence, refit, flat(n, k), max_iter=self.max_iter, tol=self.tol, name=name, show=self.show
        )
        if fold_of is not None:
            self.model_ = fit_soft(seeded(model, int(seed)), X, found.targets)
        self.targets_, self.evidence_, self.trace_ = found.targets, found.evidence, found.trace
        self.n_iter_, self.converged_ = len(found.trace) - 1, found.converged
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """P(class | item): (n, k), in the order of `classes_`."""
        X = check_predict(self, X)
        return self.model_.predict_proba(X)

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each item."""
        probs = self.predict_proba(X)
        return np.asarray(self.classes_[probs.argmax(axis=1)])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _assigned(self, evidence: Evidence, seed: int) -> np.ndarray | None:
        """Fold of each item, whole groups together; None without folds."""
        if self.folds is None:
            return None
        groups, number = np.unique(evidence.groups, return_inverse=True)
        if not 2 <= self.folds <= len(groups):
            raise InputError(f"folds={self.folds!r} must lie between 2 and the {len(groups)} groups of items")
        return np.asarray((np.random.default_rng(seed).permutation(len(groups)) % self.folds)[number])


def _standard(X: Any) -> Any:
    from scipy.sparse import issparse
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(with_mean=not issparse(X)), LogisticRegression(max_iter=300))
