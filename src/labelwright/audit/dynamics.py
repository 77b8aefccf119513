"""Find wrong labels by how a network learns them: wrong ones are learned late (S117)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

from labelwright.errors import InputError
from labelwright.evidence import Evidence, Exact, as_evidence
from labelwright.loops.cross_fit import seeded
from labelwright.progress import progress


@dataclass(frozen=True)
class Dynamics:
    """What a model said of every training item after each epoch.

    Attributes
    ----------
    loss : ndarray (epochs, n)
        Negative log-probability of the told class, in nats.
    margin : ndarray (epochs, n)
        Log-odds of the told class over the best other one.
    """

    loss: np.ndarray
    margin: np.ndarray


def record(
    model: Any, X: Any, told: Exact, *, epochs: int, random_state: int = 0, show: bool | None = None
) -> Dynamics:
    """Train `model` for some epochs on the labelled items and record what it says of each after every epoch.

    Parameters
    ----------
    model : scikit-learn classifier with `partial_fit` and `predict_proba`
        Such as MLPClassifier or SGDClassifier(loss="log_loss"); one call is one epoch.
    X : array or sparse matrix (n, d)
    told : Exact
        No label missing.
    """
    fresh = seeded(model, random_state)
    if not (hasattr(fresh, "partial_fit") and hasattr(fresh, "predict_proba")):
        raise InputError(
            f"{type(model).__name__} has no partial_fit or no predict_proba; "
            "take MLPClassifier or SGDClassifier(loss='log_loss')"
        )
    rng, n = np.random.default_rng(random_state), len(told)
    loss, margin = np.empty((epochs, n)), np.empty((epochs, n))
    rows = np.arange(n)
    with progress(f"training {type(model).__name__}", epochs, show=show) as tick:
        for epoch in range(epochs):
            order = rng.permutation(n)
            fresh.partial_fit(X[order], told.codes[order], classes=np.arange(told.n_classes))
            logs = np.log(np.clip(fresh.predict_proba(X), 1e-12, 1))
            own = logs[rows, told.codes]
            logs[rows, told.codes] = -np.inf
            loss[epoch], margin[epoch] = -own, own - logs.max(axis=1)
            tick()
    return Dynamics(loss, margin)


def late_loss(seen: Dynamics) -> np.ndarray:
    """Mean loss over the epochs (SEMD): items learned late and badly score high.

    Examples
    --------
    >>> seen = Dynamics(loss=np.array([[2.0, 0.5], [1.0, 0.1]]), margin=np.zeros((2, 2)))
    >>> late_loss(seen).tolist()
    [1.5, 0.3]
    """
    return seen.loss.mean(axis=0)


def area_under_margin(seen: Dynamics) -> np.ndarray:
    """Minus the mean margin over the epochs (AUM of Pleiss et al., 2020): higher = more doubtful, as everywhere.

    Examples
    --------
    >>> seen = Dynamics(loss=np.zeros((2, 2)), margin=np.array([[-1.0, 2.0], [-3.0, 4.0]]))
    >>> area_under_margin(seen).tolist()
    [2.0, -3.0]
    """
    return -seen.margin.mean(axis=0)


class SEMD(BaseEstimator):
    """Doubt labels by how a network learns them, in a single ordinary training run.

    Wrong labels are learned later than right ones, so their loss, averaged over the first epochs, stays high.

    Parameters
    ----------
    model : scikit-learn classifier with `partial_fit`, default MLPClassifier((128,))
    score : callable, default `late_loss`
        ``Dynamics -> (n,)``; `area_under_margin` is the other one here.
    epochs : int, default 20
    members : int, default 1
        Trainings with different seeds to average over.
    random_state : int, default 0

    Attributes
    ----------
    scores_ : ndarray (n,)
        Higher = more doubtful; NaN where no label was told.
    ranking_ : ndarray of int
        Labelled items, most doubtful first.

    Departs from the paper: its exact signal could not be verified, so the signal is a parameter; any network of
    scikit-learn in place of an image network.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> X, y = load_digits(n_class=3, return_X_y=True)
    >>> y[0] = 1 - y[0]
    >>> int(SEMD(epochs=5).fit(X / 16, y).ranking_[0])
    0
    """

    cites = ("srikanth2023empirical",)

    def __init__(
        self,
        model: Any = None,
        *,
        score: Callable[[Dynamics], np.ndarray] = late_loss,
        epochs: int = 20,
        members: int = 1,
        random_state: int = 0,
    ):
        self.model, self.score, self.epochs = model, score, epochs
        self.members, self.random_state = members, random_state

    def fit(self, X: Any, labels: Evidence | ArrayLike) -> "SEMD":
        """Train and score every labelled item."""
        from sklearn.neural_network import MLPClassifier

        told = as_evidence(labels)
        if not isinstance(told, Exact):
            raise InputError(f"SEMD needs one label per item (Exact), not {type(told).__name__}")
        if self.epochs < 1 or self.members < 1:
            raise InputError(f"epochs={self.epochs!r} and members={self.members!r} must be at least 1")
        model = (
            MLPClassifier((128,), batch_size=64, learning_rate_init=0.003)
            if self.model is None
            else self.model
        )
        rows = np.flatnonzero(told.known)
        seen = [
            self.score(
                record(
                    model, X[rows], told[rows], epochs=self.epochs, random_state=self.random_state + member
                )
            )
            for member in range(self.members)
        ]
        self.scores_ = np.full(len(told), np.nan)
        self.scores_[rows] = np.mean(seen, axis=0)
        self.ranking_ = rows[np.argsort(-self.scores_[rows], kind="stable")]
        self.classes_ = told.classes
        return self


def keep_after_removal(
    scores: ArrayLike, labels: ArrayLike, fraction: float, *, most_of_class: float = 1.0
) -> np.ndarray:
    """Mask of the items kept when the most doubtful `fraction` is removed.

    Parameters
    ----------
    scores : array (n,)
        Higher = more doubtful; NaN is kept.
    labels : array (n,)
    fraction : float in [0, 1)
    most_of_class : float in (0, 1], default 1.0
        Share no class loses more than; 0.3 keeps rare classes alive.

    Examples
    --------
    >>> keep_after_removal([0.9, 0.1, 0.8, 0.2], [0, 0, 1, 1], 0.5).tolist()
    [False, True, False, True]
    """
    doubt = np.nan_to_num(np.asarray(scores, dtype=float), nan=-np.inf)
    codes = Exact(labels).codes
    if not 0 <= fraction < 1 or not 0 < most_of_class <= 1:
        raise InputError(
            f"fraction={fraction!r} must lie in [0, 1) and most_of_class={most_of_class!r} in (0, 1]"
        )
    keep = np.ones(len(doubt), dtype=bool)
    room = np.floor(np.bincount(codes[codes >= 0]) * most_of_class).astype(int)
    left = int(fraction * len(doubt))
    for row in np.argsort(-doubt, kind="stable"):
        if left == 0 or np.isneginf(doubt[row]):
            break
        if room[codes[row]] > 0:
            keep[row] = False
            room[codes[row]] -= 1
            left -= 1
    return keep
