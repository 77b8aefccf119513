"""Find classes that nobody labelled, from domains that hold them in different shares (Roberts et al., 2022)."""

import warnings
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from labelwright.errors import DoubtfulInput, InputError
from labelwright.evidence.classes import encode
from labelwright.loops import cross_fit
from labelwright.loops.cross_fit import n_rows, seeded, take
from labelwright.parts import adjust, cells
from labelwright.progress import progress

CHANCE = 0.05  # beyond it the domains may mix fewer classes


class DomainPriors(NamedTuple):
    """Shares of the classes in each domain, with intervals.

    Attributes
    ----------
    priors, low, high : ndarray (k, r)
        Columns of `priors` sum to 1.
    level : float
    """

    priors: np.ndarray
    low: np.ndarray
    high: np.ndarray
    level: float


class LatentLabelShift(BaseEstimator):
    """Find classes without a label: items whose share rises and falls together over domains are of one class.

    Needs rows of several domains (hospitals, shops, months) that differ in how common the classes are and in nothing
    else. A classifier learns to tell the domains apart; items of a class are alike to it, however different they look.
    Its probabilities are cut into cells, the shares of cells by domain are taken apart into
    ``P(cell | class) P(class | domain)``, and each item's class follows from its domain and its probabilities. Classes
    are numbered without meaning.

    Parameters
    ----------
    n_classes : int
        At most as many as there are domains.
    model : scikit-learn classifier with `predict_proba`, optional
        Tells domains apart; by default a network of 128 units on standardised features that stops early.
    n_cells : int, optional
        By default three a class.
    decode : {"cell", "unmix"}, default "cell"
        Take each item's class from the cell it falls into, or from its own probabilities, which asks more of the model.
    folds : int, optional
        Take probabilities of training rows from models that did not see them. Needed for models that can learn rows by
        heart, such as forests.
    restarts : int, default 10
        Of the factorisation; the best is kept.
    random_state : int or None, default 0
    show : bool, optional
        Progress of the folds; by default on terminals.

    Attributes
    ----------
    domains_ : ndarray (r,)
        Names of the domains.
    class_priors_ : ndarray (k, r)
        P(class | domain); columns sum to 1.
    cell_shares_ : ndarray (m, k)
        P(cell | class).
    centres_ : ndarray (m, r)
        Of the cells.
    labels_ : ndarray (n,)
        Class of each training row.
    residual_ : float
        What the factorisation leaves, relative to the shares of the cells.
    p_fewer_ : float
        Chance of domains that differ as much as these if there were fewer classes; too small without `folds`, where the
        model has seen the rows.
    model_ : fitted model

    Notes
    -----
    Source: S052 (DDFA). That classes can be found at all needs domains that mix them in `n_classes` independent ways,
    and for each class items that could be of no other. Where no domain lacks any class, `class_priors_` come out more
    extreme than they are. Where classes are what looks alike, clustering by looks may do better.

    Departs from the paper: domains of unequal size are weighed alike instead of cut; probabilities are kept from being
    negative before the domain is counted in; folds; decoding by cell, the paper has "unmix"; a small network.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> mixes = np.array([[0.9, 0.5, 0.1], [0.1, 0.5, 0.9]])  # of two classes in three domains
    >>> domain = np.arange(900) % 3
    >>> truth = (rng.random(900) < mixes[1, domain]).astype(int)
    >>> looks = np.where(truth == 1, rng.choice([-3, 3], 900), 0)  # items of class 1 look one way or another
    >>> X = np.column_stack([looks, rng.normal(size=900)])
    >>> found = LatentLabelShift(2).fit(X, domain)
    >>> cells.matching(found.labels_, truth, 2).accuracy > 0.9
    True
    """

    cites = ("roberts2022unsupervised",)

    def __init__(
        self,
        n_classes: int,
        *,
        model: Any = None,
        n_cells: int | None = None,
        decode: Literal["cell", "unmix"] = "cell",
        folds: int | None = None,
        restarts: int = 10,
        random_state: int | None = 0,
        show: bool | None = None,
    ):
        self.n_classes, self.model, self.n_cells, self.decode = n_classes, model, n_cells, decode
        self.folds, self.restarts, self.random_state, self.show = folds, restarts, random_state, show

    @classmethod
    def contract_examples(cls) -> list[Any]:
        """Small instances for the contract suite."""
        return [cls(2)]

    def fit(self, X: Any, domain: Any) -> Self:
        """Find the classes.

        Parameters
        ----------
        X : array, sparse matrix, frame or list (n, ...)
            What the model takes.
        domain : array (n,)
            Where each row comes from, any hashable names; rows without one are left out, and get -1 in `labels_`.

        Raises
        ------
        InputError
            When lengths differ, an option is out of range, there are fewer domains than classes, or a domain has
            fewer rows than half the cells.

        Warns
        -----
        DoubtfulInput
            When the domains differ no more than fewer classes would make them.
        """
        codes, self.domains_ = encode(domain)
        k, r, m = self._check(X, codes)
        rows = np.flatnonzero(codes >= 0)
        some, where = (X, codes) if len(rows) == len(codes) else (take(X, rows), codes[rows])
        self._sizes = np.bincount(where, minlength=r)
        if self._sizes.min() < m / 2:
            raise InputError(
                f"domain {self.domains_.tolist()[self._sizes.argmin()]!r} has {self._sizes.min()} rows for {m} cells; "
                "give it more rows, leave it out, or take fewer cells"
            )
        self.model_ = seeded(self._base(), 0 if self.random_state is None else self.random_state).fit(
            some, where
        )
        probs = self._told(some, where)
        cut = self._cut(probs, m)
        self.centres_ = cut.cluster_centers_
        self._table = cells.shares(cut.labels_, where, m, r)
        found = cells.factors(self._table, k, restarts=self.restarts, random_state=self.random_state)
        self.cell_shares_, self.class_priors_, self.residual_ = found
        self._doubt()
        self.labels_ = np.full(len(codes), -1)
        self.labels_[rows] = self._decoded(probs, where).argmax(axis=1)
        return self

    def predict_proba(self, X: Any, domain: Any = None) -> np.ndarray:
        """P(class | row, domain): (n, k).

        Parameters
        ----------
        X : (n, ...)
        domain : array (n,), optional
            Names of domains that were fitted; without one (None, NaN) all domains count alike.
        """
        check_is_fitted(self, "class_priors_")
        if domain is None:
            codes = np.full(n_rows(X), -1)
        else:
            codes, _ = encode(domain, self.domains_)
            if len(codes) != n_rows(X):
                raise InputError(f"X has {n_rows(X)} rows and domain {len(codes)}; they must match")
        return self._decoded(self.domain_proba(X), codes)

    def domain_proba(self, X: Any) -> np.ndarray:
        """P(domain | row), (n, r), as if all domains had equally many rows."""
        check_is_fitted(self, "class_priors_")
        return self._even(self.model_.predict_proba(X))

    def predict(self, X: Any, domain: Any = None) -> np.ndarray:
        """The most probable class of each row: (n,) of int."""
        return self.predict_proba(X, domain).argmax(axis=1)

    def interval(
        self,
        *,
        level: float = 0.95,
        n_boot: int = 200,
        random_state: int | None = 0,
        show: bool | None = None,
    ) -> DomainPriors:
        """Shares of the classes in each domain, with intervals: rows of each domain are drawn again.

        The classifier of domains and the cells stay as they are; chance in them is not counted, so that the intervals
        are rather too short.

        Parameters
        ----------
        level : float in (0, 1), default 0.95
        n_boot : int, default 200
        random_state : int or None, default 0
        show : bool, optional
        """
        check_is_fitted(self, "class_priors_")
        if not 0 < level < 1 or n_boot < 2:
            raise InputError(f"level={level!r} lies between 0 and 1, n_boot={n_boot!r} is at least 2")
        rng = np.random.default_rng(random_state)
        start = cells.Factors(self.cell_shares_, self.class_priors_, self.residual_)
        drawn = np.empty((n_boot, *self.class_priors_.shape))
        with progress("bootstrap", total=n_boot, show=show) as tick:
            for b in range(n_boot):
                table = rng.multinomial(self._sizes, self._table.T).T / self._sizes
                drawn[b] = cells.factors(table, self.n_classes, start=start).classes
                tick()
        low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0, method="weibull")
        priors = self.class_priors_.copy()
        return DomainPriors(priors, np.minimum(low, priors), np.maximum(high, priors), level)

    def _check(self, X: Any, codes: np.ndarray) -> tuple[int, int, int]:
        k, r = self.n_classes, len(self.domains_)
        m = 3 * k if self.n_cells is None else self.n_cells
        if n_rows(X) != len(codes):
            raise InputError(f"X has {n_rows(X)} rows and domain {len(codes)}; they must match")
        if not isinstance(k, int | np.integer) or k < 2:
            raise InputError(f"n_classes={k!r} must be a whole number, 2 or more")
        if r < k:
            raise InputError(
                f"there are {r} domains for {k} classes; classes can be told apart by as many domains at least: give "
                "more domains (months, sites), or look for fewer classes"
            )
        if m < k or self.restarts < 1:
            raise InputError(f"n_cells={m!r} must be at least {k}, restarts={self.restarts!r} at least 1")
        if self.decode not in ("cell", "unmix"):
            raise InputError(f"decode={self.decode!r} must be 'cell' or 'unmix'")
        return k, r, m

    def _base(self) -> Any:
        if self.model is not None:
            return self.model
        from sklearn.neural_network import MLPClassifier
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        return make_pipeline(StandardScaler(), MLPClassifier((128,), early_stopping=True, max_iter=1000))

    def _told(self, X: Any, where: np.ndarray) -> np.ndarray:
        """P(domain | row) of training rows."""
        if self.folds is None:
            return self._even(self.model_.predict_proba(X))
        seed = self.random_state
        return self._even(
            cross_fit(self._base(), X, where, folds=self.folds, random_state=seed, show=self.show)
        )

    def _even(self, probs: np.ndarray) -> np.ndarray:
        """Probabilities as if all domains had equally many rows."""
        r = len(self._sizes)
        return np.asarray(
            adjust.reprior(np.asarray(probs, float), self._sizes / self._sizes.sum(), np.ones(r) / r)
        )

    def _cut(self, probs: np.ndarray, m: int) -> Any:
        from sklearn.cluster import KMeans

        distinct = len(np.unique(probs, axis=0))
        if distinct < m:
            raise InputError(
                f"the model tells only {distinct} kinds of row apart, fewer than {m} cells; take a model with finer "
                "probabilities, or fewer cells"
            )
        return KMeans(m, n_init=5, random_state=self.random_state).fit(probs)

    def _decoded(self, probs: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """P(class | row, domain), of P(domain | row) with equal domains; code -1 for all domains alike."""
        k = self.n_classes
        weights = np.concatenate([self.class_priors_.T, np.full((1, k), 1 / k)])[codes]
        if self.decode == "cell":
            from sklearn.metrics import pairwise_distances_argmin

            own = self.cell_shares_[pairwise_distances_argmin(probs, self.centres_)]
        else:
            groups = self.class_priors_.T
            weights = weights / np.maximum(groups.sum(axis=0), 1e-8)
            own = cells.unmix(probs, groups / np.maximum(groups.sum(axis=0), 1e-8))
        joint = own * weights
        total = joint.sum(axis=1, keepdims=True)
        return np.where(
            total > 0, joint / np.maximum(total, 1e-300), weights / weights.sum(axis=1, keepdims=True)
        )

    def _doubt(self) -> None:
        self.p_fewer_ = cells.p_fewer(
            self._table, self._sizes, self.n_classes, random_state=self.random_state
        )
        if self.p_fewer_ > CHANCE:
            warnings.warn(
                f"the {len(self.domains_)} domains differ no more than fewer than {self.n_classes} classes would make "
                f"them (p = {self.p_fewer_:.2f}); look for fewer classes, take a model that tells domains apart "
                "better, or add domains that differ more",
                DoubtfulInput,
                stacklevel=3,
            )
