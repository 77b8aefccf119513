"""A few orthogonal directions of an embedding, each of which predicts the labels alone (Chen et al., 2024)."""

import warnings
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from labelwright.errors import DoubtfulInput, InputError
from labelwright.parts import subspaces
from labelwright.progress import progress
from labelwright.shift.rows import labelled_rows

NOTHING = 1e-10  # share of the spread of the rows below which what is left of them is rounding


class OrthogonalFeatureProjector(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Project rows onto orthogonal directions that each predict the label, the best first.

    A linear classifier is fitted, its direction is taken out of the rows, the next classifier learns from what is left,
    and so on; of k classes each round gives up to k - 1 directions. The first d columns are those that a
    smaller projection would have. Where nothing that is left predicts, directions of most variance follow.

    Parameters
    ----------
    n_directions : int, default 16
        At most the number of features.
    C : float, default 0.1
        Inverse strength of the classifiers' L2 penalty.
    standardize : bool, default True
        Whether features are divided by their spread, after they are centred. Without, directions of much variance come
        first, and the projection turns with the features where those are turned.
    show : bool, optional
        Progress; by default on terminals.

    Attributes
    ----------
    classes_ : ndarray (k,)
    mean_, scale_ : ndarray (D,)
        Of the rows given to `fit`; later rows are moved and divided by these.
    components_ : ndarray (D, d)
        Orthonormal columns.
    round_ : ndarray (d,) of int
        The round from which each column is, -1 for those that were filled up.

    Notes
    -----
    Source: S108 (its first step). Departs from the paper: directions one after another instead of all at once by
    gradient descent.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> found = OrthogonalFeatureProjector(3).fit(X, y)
    >>> found.transform(X).shape, np.allclose(found.components_.T @ found.components_, np.eye(3))
    ((150, 3), True)
    """

    cites = ("chen2024project",)

    def __init__(
        self, n_directions: int = 16, *, C: float = 0.1, standardize: bool = True, show: bool | None = None
    ):
        self.n_directions, self.C, self.standardize, self.show = n_directions, C, standardize, show

    def fit(self, X: Any, y: Any) -> Self:
        """Learn the directions from rows (n, D) and labels (n,); rows without a label (None, NaN) are left out.

        Raises
        ------
        InputError
            When lengths differ, fewer than two classes occur, or more directions are asked for than there are features.

        Warns
        -----
        DoubtfulInput
            When the rows hold fewer directions than asked for; there are fewer then.
        """
        X, codes, self.classes_ = labelled_rows(self, X, y, reset=True)
        self._check(X.shape[1])
        self.mean_ = X.mean(axis=0)
        spread = X.std(axis=0) if self.standardize else np.ones(X.shape[1])
        self.scale_ = np.where(spread > 1e-12 * max(1.0, np.abs(self.mean_).max()), spread, 1.0)
        rows = (X - self.mean_) / self.scale_
        basis = np.empty((X.shape[1], 0))
        rounds: list[int] = []
        whole = float((rows**2).sum())
        with progress("directions", total=self.n_directions, show=self.show) as tick:
            while basis.shape[1] < self.n_directions:
                left = subspaces.beside(rows, basis)
                if float((left**2).sum()) <= NOTHING * whole:
                    break
                more = subspaces.extended(basis, self._directions(left, codes))[:, : self.n_directions]
                at = rounds[-1] + 1 if rounds else 0
                if more.shape[1] == basis.shape[1]:  # the classifier finds nothing any more
                    spread = np.linalg.svd(left, full_matrices=False)[2].T
                    more, at = subspaces.extended(basis, spread)[:, : self.n_directions], -1
                new = more.shape[1] - basis.shape[1]
                rounds += [at] * new
                basis = more
                tick(new)
        self.components_, self.round_ = basis, np.array(rounds, dtype=int)
        self._n_features_out = basis.shape[1]
        if basis.shape[1] == 0:
            raise InputError(
                "X holds nothing that varies, so that there is no direction; give other features"
            )
        if basis.shape[1] < self.n_directions:
            warnings.warn(
                f"the rows hold {basis.shape[1]} directions and n_directions={self.n_directions} asks for more; the "
                "projection has those that there are",
                DoubtfulInput,
                stacklevel=2,
            )
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Coordinates (n, d) of rows (n, D) along the directions."""
        check_is_fitted(self, "components_")
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return np.asarray((X - self.mean_) / self.scale_ @ self.components_)

    def _check(self, features: int) -> None:
        d = self.n_directions
        if isinstance(d, bool) or not isinstance(d, int | np.integer) or not d >= 1:
            raise InputError(f"n_directions={d!r} must be a whole number, 1 or more")
        if d > features:
            raise InputError(
                f"n_directions={d} is more than the {features} features; take at most {features}"
            )
        if not self.C > 0:
            raise InputError(f"C={self.C!r} must be above 0")

    def _directions(self, rows: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Directions (D, up to k - 1) of a linear classifier of the rows, the strongest first."""
        from sklearn.linear_model import LogisticRegression

        # Divided by one number for all features, for the solver's sake; the penalty follows.
        size = np.sqrt((rows**2).sum() / len(rows)) / np.sqrt(rows.shape[1])
        weights = (
            LogisticRegression(C=self.C * size**2, tol=1e-7, max_iter=2000).fit(rows / size, codes).coef_
        )
        if len(weights) > 1:
            weights = weights - weights.mean(axis=0)  # only differences between classes count
        _, sizes, directions = np.linalg.svd(weights, full_matrices=False)
        return np.asarray(directions[sizes > 1e-9 * max(sizes[0], 1e-300)].T)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags
