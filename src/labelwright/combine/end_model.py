"""From items and weak votes to a classifier of any item (S101)."""

from typing import Any, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.validation import check_is_fitted, validate_data

from labelwright.combine.base import LabelModel, check_votes
from labelwright.combine.compare import not_identified
from labelwright.combine.dawid_skene import DawidSkene
from labelwright.combine.majority import MajorityVote
from labelwright.errors import InputError
from labelwright.evidence import Evidence, Exact, Votes
from labelwright.loops import fit_soft
from labelwright.loops.cross_fit import n_rows, seeded


class WeaklySupervised(ClassifierMixin, BaseEstimator):
    """Learn a classifier from what rules, people or models said about items: label model first, end model second.

    The label model turns votes into the probability of each class; the end model learns these from the items
    themselves, so that it also knows about items on which no source says anything, and about new ones.

    Parameters
    ----------
    label_model : LabelModel, optional
        With `fit(votes)` and `predict_proba(votes)`. By default `DawidSkene`, and `MajorityVote` where agreement does
        not show who errs (fewer than three sources, hardly two votes an item, rules that only ever say one thing).
    end_model : scikit-learn classifier or pipeline with `predict_proba` and `sample_weight`, optional
        By default a logistic regression, on standardised numbers, or on TF-IDF of words and word pairs where the items
        are texts. A pipeline may begin with anything, so that frames go in as they are.
    uncovered : {"drop", "keep"}, default "drop"
        Whether items that no source spoke about are left out, or taught with what the label model says of them (how
        common classes are, mostly).
    random_state : int or None, default 0
        Seeds the end model, where it takes a seed.

    Attributes
    ----------
    classes_ : ndarray (k,)
    label_model_ : fitted LabelModel
        None where plain labels were given.
    model_ : fitted end model
    targets_ : ndarray (n, k)
        What the label model makes of the votes about each item.
    covered_ : ndarray (n,) of bool
        Items that some source spoke about.

    Notes
    -----
    Source: S101. Plain labels are believed: the end model is then fitted to them directly.

    Examples
    --------
    >>> texts = ["win money now", "win a prize now", "see you at lunch", "lunch at noon", "money for you", "see you"]
    >>> spam, ham = 1, 0
    >>> votes = [[spam, -1], [spam, -1], [-1, ham], [-1, ham], [-1, -1], [-1, ham]]  # rules: "win"; "lunch" or "see"
    >>> model = WeaklySupervised().fit(texts, votes)
    >>> model.predict(["now, money!", "at noon"]).tolist()
    [1, 0]
    """

    cites = ("zhang2022survey",)

    def __init__(
        self,
        label_model: LabelModel | None = None,
        end_model: Any = None,
        uncovered: Literal["drop", "keep"] = "drop",
        *,
        random_state: int | None = 0,
    ):
        self.label_model, self.end_model, self.uncovered = label_model, end_model, uncovered
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from items and votes about them.

        Parameters
        ----------
        X : array, sparse matrix, frame or list of texts (n, ...)
        y : Votes, array (n, a) of int, or labels (n,)
            Codes of the classes, -1 where a source abstains; labels are believed, None and NaN are missing.

        Raises
        ------
        InputError
            When lengths differ, nobody said anything, or there is one class only.
        """
        if self.uncovered not in ("drop", "keep"):
            raise InputError(f"uncovered={self.uncovered!r} must be 'drop' or 'keep'")
        X, told = check_items(self, X, y, self.end_model)
        self.classes_ = told.classes
        if isinstance(told, Votes):
            model = _everyday_label_model(told) if self.label_model is None else clone(self.label_model)
            self.label_model_ = model.fit(told)
            self.targets_, self.covered_ = model.predict_proba(told), np.diff(told.first) > 0
        else:
            self.label_model_ = None
            self.covered_ = told.known
            self.targets_ = told.posterior(np.full((len(told), told.n_classes), 1 / told.n_classes))
        model = everyday(X) if self.end_model is None else self.end_model
        seed = int(np.random.SeedSequence(self.random_state).generate_state(1)[0])
        keep = self.uncovered == "keep" and self.label_model_ is not None
        counted = np.ones(len(told)) if keep else self.covered_.astype(float)
        self.model_ = fit_soft(seeded(model, seed), X, self.targets_, counted)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """P(class | item) by the end model: (n, k), in the order of `classes_`."""
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


def check_items(estimator: Any, X: Any, votes: Any, model: Any = None) -> tuple[Any, Votes | Exact]:
    """Items as a model takes them, and what was said about them: `Votes`, or `Exact` where plain labels were given.

    Parameters
    ----------
    estimator : estimator being fitted
        Gets `n_features_in_` where items are numbers.
    X : array, sparse matrix, frame or list (n, ...)
        Texts become a list; whatever is no table of numbers goes to a `model` of the user's own as it is.
    votes : Votes, array (n, a) of int, or labels (n,)
    model : classifier, optional

    Raises
    ------
    InputError
        When lengths differ, or nothing was said of two classes.
    """
    if votes is None:
        raise InputError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is None; give Votes, or labels"
        )
    told = _told(estimator, votes)
    if is_text(X):
        X = list(X)
    elif model is None or _is_numbers(X):
        X = validate_data(estimator, X, accept_sparse="csr", dtype="numeric")
    if n_rows(X) != len(told):
        raise InputError(f"X has {n_rows(X)} rows and votes speak of {len(told)} items; they must match")
    if told.n_classes < 2:
        raise InputError(
            f"y names 1 class ({told.classes.tolist()}); at least 2 are needed to tell items apart"
        )
    return X, told


def items_again(estimator: Any, X: Any) -> Any:
    """Items to predict, as they were in `fit`."""
    check_is_fitted(estimator, "model_")
    if hasattr(estimator, "n_features_in_"):
        return validate_data(estimator, X, accept_sparse="csr", dtype="numeric", reset=False)
    return list(X) if is_text(X) else X


def is_text(X: Any) -> bool:
    """Whether items are texts: a list or a column of strings.

    Examples
    --------
    >>> is_text(["a word"]), is_text([["a", "row"]]), is_text(np.zeros((2, 3)))
    (True, False, False)
    """
    if not hasattr(X, "__len__") or getattr(X, "ndim", 1) != 1:
        return False
    return isinstance(next(iter(X), None), str)


def everyday(X: Any) -> Any:
    """Logistic regression on standardised numbers, or on TF-IDF where items are texts."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    before = (
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        if is_text(X)
        else StandardScaler(with_mean=isinstance(X, np.ndarray))
    )
    return make_pipeline(before, LogisticRegression(max_iter=1000))


def _everyday_label_model(votes: Votes) -> LabelModel:
    return MajorityVote() if not_identified(votes) else DawidSkene(show=False)


def _told(estimator: Any, votes: Any) -> Votes | Exact:
    from sklearn.utils import column_or_1d
    from sklearn.utils.multiclass import check_classification_targets

    if isinstance(votes, Evidence):
        if not isinstance(votes, Votes | Exact):
            raise InputError(
                f"votes are {type(votes).__name__}; {type(estimator).__name__} takes Votes or labels, "
                "labelwright.learn.ImpreciseEM any evidence"
            )
        told: Votes | Exact = votes
    elif (table := np.asarray(votes)).ndim == 2 and table.shape[1] > 1:
        told = Votes(table)
    else:
        labels = column_or_1d(table, warn=True)
        if labels.dtype.kind == "f":
            if np.isinf(labels).any():
                raise InputError(
                    "Input y contains infinity; labels are class names, missing ones None or NaN"
                )
            check_classification_targets(labels[~np.isnan(labels)])
        told = Exact(labels)
    if isinstance(told, Votes):
        return check_votes(told)
    if not told.known.any():
        raise InputError(f"all of {len(told)} labels are missing; label a few of each class")
    return told


def _is_numbers(X: Any) -> bool:
    return hasattr(X, "tocsr") or (
        getattr(getattr(X, "dtype", None), "kind", None) in ("b", "i", "u", "f") and X.ndim == 2
    )
