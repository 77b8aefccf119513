"""Adapt a frozen embedding with a handful of labels from where it is used (Chen et al., 2024)."""

import warnings
from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from labelwright.errors import DoubtfulInput, InputError
from labelwright.shift.projector import OrthogonalFeatureProjector
from labelwright.shift.rows import labelled_rows

TRIED = (1, 4, 16, 64)


class ProjectAndProbe(BaseEstimator):
    """Learn a few orthogonal predictive directions where labels are many, and weigh them anew where they are few.

    Of many labelled rows of the source a projection is learned whose directions each predict the label
    (`OrthogonalFeatureProjector`). A classifier of a few labelled rows of the target then only has to say how much each
    direction counts there. Few directions keep the source's habits and need hardly a label; many can undo a habit that
    does not hold any more.

    Parameters
    ----------
    n_directions : int, sequence of int or "cv", default 16
        Of several the one with the least log loss in cross-validation on the target rows is taken; "cv" tries 1, 4, 16
        and 64, as far as there are features. Choosing needs some dozens of labels: of a handful it is mostly chance.
    base_C : float, default 0.1
        Inverse strength of the L2 penalty in the source.
    probe_C : float, default 1.0
        The same in the target.
    standardize : bool, default True
        Whether features are divided by their spread in the source.
    cv : int, default 3
        Folds, no more than the rarest class has target rows.
    random_state : int or None, default 0
        Decides the folds.
    show : bool, optional
        Progress of the projection; by default on terminals.

    Attributes
    ----------
    classes_ : ndarray (k,)
        Of the source; one without a target row is never predicted.
    projector_ : OrthogonalFeatureProjector
    n_directions_ : int
    losses_ : dict of int to float
        Log loss of each number of directions that was tried; empty where there was nothing to choose.
    probe_ : LogisticRegression

    Notes
    -----
    Source: S108 (Pro^2). With as many directions as features it is a linear probe of the whole embedding. Departs from
    the paper: directions one after another, not all at once by gradient descent; the number by log loss, not accuracy,
    which a handful of rows cannot tell apart.

    The projection is learned by `fit_projection`, which a clone forgets: to search over options with scikit-learn, put
    a fitted `OrthogonalFeatureProjector` in `sklearn.frozen.FrozenEstimator` before any classifier.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(400) % 2
    >>> habit = np.where(rng.random(400) < 0.95, y, 1 - y)  # holds in the source only
    >>> source = np.column_stack([3 * habit, y, rng.normal(size=(400, 20))]) + rng.normal(0, 0.3, (400, 22))
    >>> new = np.column_stack([3 * rng.integers(2, size=400), y, rng.normal(size=(400, 20))])
    >>> model = ProjectAndProbe(4).fit_projection(source, y).fit(new[:16], y[:16])
    >>> model.score(new[16:], y[16:]) > 0.85
    True
    """

    cites = ("chen2024project",)

    def __init__(
        self,
        n_directions: int | Sequence[int] | Literal["cv"] = 16,
        *,
        base_C: float = 0.1,
        probe_C: float = 1.0,
        standardize: bool = True,
        cv: int = 3,
        random_state: int | None = 0,
        show: bool | None = None,
    ):
        self.n_directions, self.base_C, self.probe_C = n_directions, base_C, probe_C
        self.standardize, self.cv, self.random_state, self.show = standardize, cv, random_state, show

    def fit_projection(self, F_source: Any, y_source: Any) -> Self:
        """Learn the directions from rows (n, D) of the source; what was learned of a target is forgotten.

        Raises
        ------
        InputError
            When lengths differ, fewer than two classes occur, values are missing or more directions are asked for than
            there are features.
        """
        rows, codes, self.classes_ = labelled_rows(self, F_source, y_source, reset=True)
        most = max(self._candidates(rows.shape[1]))
        projector = OrthogonalFeatureProjector(
            most, C=self.base_C, standardize=self.standardize, show=self.show
        )
        with warnings.catch_warnings():
            if isinstance(self.n_directions, str):
                warnings.simplefilter("ignore", DoubtfulInput)  # nobody asked for so many
            self.projector_ = projector.fit(rows, codes)
        for name in ("probe_", "n_directions_", "losses_"):
            self.__dict__.pop(name, None)
        return self

    def fit(self, F_target: Any, y_target: Any) -> Self:
        """Fit the probe to labelled rows (m, D) of the target; rows without a label are left out. May be called again.

        Raises
        ------
        InputError
            When `fit_projection` was not called, the number of features differs, a label does not occur in the source,
            or fewer than two classes occur.

        Warns
        -----
        DoubtfulInput
            When the number of directions is to be chosen and a class has one row: no more than 16 are taken then.
        """
        if not hasattr(self, "projector_"):
            raise InputError(
                "there is no projection yet; call fit_projection(F_source, y_source) with labelled rows of the source"
            )
        rows, codes, _ = labelled_rows(self, F_target, y_target, reset=False, classes=self.classes_)
        seen = self.projector_.transform(rows)
        self.n_directions_, self.losses_ = self._chosen(seen, codes)
        self.probe_ = self._probe().fit(seen[:, : self.n_directions_], codes)
        return self

    def transform(self, F: Any) -> np.ndarray:
        """Coordinates (n, d) of rows (n, D) along the directions in use."""
        check_is_fitted(self, "probe_")
        F = validate_data(self, F, dtype=np.float64, reset=False)
        return self.projector_.transform(F)[:, : self.n_directions_]

    def predict_proba(self, F: Any) -> np.ndarray:
        """P(class | row): (n, k), in the order of `classes_`."""
        said = self.probe_.predict_proba(self.transform(F))
        probs = np.zeros((len(said), len(self.classes_)))
        probs[:, self.probe_.classes_] = said
        return probs

    def predict(self, F: Any) -> np.ndarray:
        """The most probable class of each row."""
        return np.asarray(self.classes_[self.predict_proba(F).argmax(axis=1)])

    def score(self, F: Any, y: Any) -> float:
        """Accuracy."""
        return float(np.mean(self.predict(F) == np.asarray(y)))

    def _candidates(self, features: int) -> list[int]:
        if isinstance(self.n_directions, str):
            if self.n_directions != "cv":
                raise InputError(f"n_directions={self.n_directions!r} must be a number, several, or 'cv'")
            return [d for d in TRIED if d <= features]
        asked: Any = self.n_directions
        given = [asked] if np.ndim(asked) == 0 else list(asked)
        whole = all(isinstance(d, int | np.integer) and not isinstance(d, bool) for d in given)
        if not given or not whole or min(given) < 1 or max(given) > features:
            raise InputError(
                f"n_directions={self.n_directions!r} must be whole numbers from 1 to the {features} features"
            )
        return sorted({int(d) for d in given})

    def _chosen(self, rows: np.ndarray, codes: np.ndarray) -> tuple[int, dict[int, float]]:
        """The number of directions, and the log loss of each that was tried."""
        from sklearn.metrics import log_loss
        from sklearn.model_selection import StratifiedKFold

        tried = sorted({min(d, rows.shape[1]) for d in self._candidates(self.n_features_in_)})
        if len(tried) == 1:
            return tried[0], {}
        if not isinstance(self.cv, int | np.integer) or self.cv < 2:
            raise InputError(f"cv={self.cv!r} must be a whole number, 2 or more")
        counts = np.bincount(codes)
        rarest = int(counts[counts > 0].min())
        if rarest < 2:
            taken = max([d for d in tried if d <= 16], default=tried[0])
            name = self.classes_.tolist()[int(np.flatnonzero(counts == rarest)[0])]
            warnings.warn(
                f"class {name!r} has one target row, too few to choose the number of directions; {taken} are taken",
                DoubtfulInput,
                stacklevel=3,
            )
            return taken, {}
        folds = StratifiedKFold(min(self.cv, rarest), shuffle=True, random_state=self.random_state)
        parts = list(folds.split(rows, codes))
        there, found = np.unique(codes), {}
        for d in tried:
            said = np.empty((len(rows), len(there)))
            for seen, held in parts:
                said[held] = self._probe().fit(rows[seen, :d], codes[seen]).predict_proba(rows[held, :d])
            found[d] = float(log_loss(codes, said, labels=there))
        return min(found, key=lambda d: (found[d], d)), found

    def _probe(self) -> Any:
        from sklearn.linear_model import LogisticRegression

        if not self.probe_C > 0:
            raise InputError(f"probe_C={self.probe_C!r} must be above 0")
        return LogisticRegression(C=self.probe_C, max_iter=2000)
