"""Learn to label single items from counts of whole bags (Havaldar et al., 2024)."""

import warnings
from collections.abc import Callable
from itertools import product
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from labelwright.errors import InputError
from labelwright.evidence import Evidence
from labelwright.learn.base import check_fit, check_predict, first_posterior
from labelwright.loops import fit_soft, flat, possible
from labelwright.loops.cross_fit import seeded, take
from labelwright.parts import graphs, neighbours
from labelwright.progress import progress

METRICS = ("euclidean", "cosine")
NEIGHBOURS = (5, 10)
SIMILARITIES = (0.3, 1.0, 3.0, 10.0)
FOLDS = 5
SEARCHED = 20_000  # items of whole groups that settings are tried on


class Tried(NamedTuple):
    """One setting of the graph, and how far it was off about groups whose evidence was withheld.

    Attributes
    ----------
    turn : int
        The round, from 0.
    metric : str
    n_neighbors : int
    similarity : float
    residual : float
        Mean over groups of the squared distance between predicted and told counts.
    """

    turn: int
    metric: str
    n_neighbors: int
    similarity: float
    residual: float


class LLP(ClassifierMixin, BaseEstimator):
    """Learn a classifier of items from evidence about bags of them, by belief propagation over a graph of like items.

    Items that are alike probably share their class, and in each bag the told counts hold. Belief propagation joins
    the two into pseudo-labels, a model learns from these, and with several rounds its last hidden layer
    says anew what is alike.

    Parameters
    ----------
    model : scikit-learn classifier or pipeline with `predict_proba`, optional
        Learns from the pseudo-labels. By default a network of two layers of 64 on standardised features. Of other
        models than networks the log-probabilities stand for the last hidden layer.
    n_neighbors : int or "auto", default "auto"
        Neighbours of each item in the graph.
    metric : {"auto", "cosine", "euclidean"}, default "euclidean"
        Of standardised features, then of the last hidden layer.
    similarity : float or "auto", default "auto"
        Nats that two neighbours at distance 0 gain by sharing their class.
    rounds : int, default 1
        Graphs and models in turn; from the second on the last hidden layer says what is alike.
    max_iter : int, default 100
        Rounds of messages in one belief propagation.
    damping : float in [0, 1), default 0.5
        Of its messages; more where they swing.
    random_state : int or None, default 0
    n_jobs : int, optional
        Threads that search for neighbours.
    show : bool, optional
        Whether to show progress; by default where standard error is a terminal.

    Attributes
    ----------
    classes_ : ndarray (k,)
    model_ : fitted model
        Its classes are numbered in the order in which the pseudo-labels first show them.
    pseudo_ : ndarray (n, k)
        Marginals of the training items, the most probable class of which the last model learned.
    search_ : list of Tried
        Every setting that was tried where something is "auto".
    metric_ : str
    n_neighbors_ : int
    similarity_ : float
        Those of the last round.
    n_iter_ : int
        Rounds of the last belief propagation.
    converged_ : bool
        Whether it came to rest.

    Notes
    -----
    Source: S084 (LLP-BP). With "auto", settings are chosen by what was told alone: the evidence of a fifth of the
    groups (bags; single items of other evidence) is withheld, belief propagation predicts the classes of their
    items, and the counts of these are compared with the told ones. Labels of items play no part. More than 20,000
    items are sampled for that, whole groups. In the second round the features have seen all counts, so its residuals
    compare settings but are too small. The graph can still settle in a wrong state, whole regions with swapped classes,
    above all with few large bags; a large best residual in `search_` is the sign of it.

    Departs from the paper: counts are exact factors (`Bags.posterior`), not squared penalties between all pairs of a
    bag, so no weight of the bags is left to tune, and any evidence and any number of classes will do; the length scale
    of the kernel is the median distance, and the metric Euclidean; settings are searched again in every round; no loss
    on pooled bags when the model is fitted; one round, since on breast-cancer a second did not help (mean AUC 0.976
    after one, 0.963 after two, bags of 64, eight seeds).

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from labelwright import Bags
    >>> X, y = load_wine(return_X_y=True)
    >>> bag = np.random.default_rng(0).permutation(178) // 8
    >>> counts = [np.bincount(y[bag == b], minlength=3) for b in range(23)]
    >>> model = LLP(n_neighbors=5, metric="euclidean", similarity=1.0, rounds=1).fit(X, Bags(bag, counts))
    >>> float(model.score(X, y)) > 0.9
    True
    """

    cites = ("havaldar2024proportions",)

    def __init__(
        self,
        model: Any = None,
        *,
        n_neighbors: int | Literal["auto"] = "auto",
        metric: Literal["auto", "cosine", "euclidean"] = "euclidean",
        similarity: float | Literal["auto"] = "auto",
        rounds: int = 1,
        max_iter: int = 100,
        damping: float = 0.5,
        random_state: int | None = 0,
        n_jobs: int | None = None,
        show: bool | None = None,
    ):
        self.model, self.rounds, self.max_iter, self.damping = model, rounds, max_iter, damping
        self.n_neighbors, self.metric, self.similarity = n_neighbors, metric, similarity
        self.random_state, self.n_jobs, self.show = random_state, n_jobs, show

    def fit(self, X: Any, y: Any) -> Self:
        """Fit to items (n, d) and evidence about them, `Bags` above all; plain labels are believed.

        Raises
        ------
        InputError
            When nothing was told, lengths differ, or a setting is out of range.
        """
        X, evidence = check_fit(self, X, y)
        self._check_settings(len(evidence))
        told = first_posterior(evidence)
        self.search_: list[Tried] = []
        self.pseudo_, self.n_iter_, self.converged_ = told, 1, True
        if (told.max(axis=1) == 1).all():  # nothing is left to infer
            self.model_ = self._learn(X, told)
            return self
        vectors = _standardised(X)
        with progress("learning from proportions", total=self.rounds, show=self.show) as tick:
            for turn in range(self.rounds):
                graph = self._choose(vectors, evidence, turn)
                self.pseudo_, self.n_iter_, self.converged_ = self._believe(graph, self.similarity_, evidence)
                self.model_ = self._learn(X, self.pseudo_)
                tick()
                if turn + 1 < self.rounds:
                    vectors = _embedding(self.model_, X)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """P(class | item): (n, k), in the order of `classes_`."""
        X = check_predict(self, X)
        probs = np.empty((X.shape[0], len(self.classes_)))
        probs[:, self._order] = self.model_.predict_proba(X)
        return probs

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each item."""
        probs = self.predict_proba(X)
        return np.asarray(self.classes_[probs.argmax(axis=1)])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _check_settings(self, n: int) -> None:
        k, strength = self.n_neighbors, self.similarity
        if k != "auto" and not (isinstance(k, int | np.integer) and 1 <= k < n):
            raise InputError(
                f"n_neighbors={k!r} must be 'auto' or from 1 to {n - 1}, one less than there are items"
            )
        if strength != "auto" and not (np.isreal(strength) and np.isfinite(strength) and strength >= 0):
            raise InputError(f"similarity={strength!r} must be 'auto' or a number of at least 0")
        if self.metric not in ("auto", *METRICS):
            raise InputError(f"metric={self.metric!r} must be 'auto', 'cosine' or 'euclidean'")
        if self.rounds < 1:
            raise InputError(f"rounds={self.rounds!r} must be at least 1")

    def _learn(self, X: Any, pseudo: np.ndarray) -> Any:
        from sklearn.exceptions import ConvergenceWarning

        # A network's start depends on the order of its classes; in the order of the items, names play no part.
        hard = _hard(pseudo)
        self._order = np.argsort(hard.argmax(axis=0), kind="stable")

        seed = int(np.random.SeedSequence(self.random_state).generate_state(1)[0])
        model = _network(isinstance(X, np.ndarray)) if self.model is None else self.model
        with warnings.catch_warnings():
            if self.model is None:  # the user cannot give this network more time
                warnings.simplefilter("ignore", ConvergenceWarning)
            return fit_soft(seeded(model, seed), X, hard[:, self._order])

    def _graph(self, vectors: Any, metric: str, n_neighbors: int) -> Any:
        k = min(n_neighbors, vectors.shape[0] - 1)
        return neighbours.affinity(
            neighbours.knn(vectors, k, metric=metric, n_jobs=self.n_jobs, show=False)  # type: ignore[arg-type]
        )

    def _believe(
        self, graph: Any, similarity: float, evidence: Evidence, joint: Any = None
    ) -> graphs.Beliefs:
        return graphs.loopy_bp(
            flat(len(evidence), evidence.n_classes), graph, similarity, joint=joint or evidence.posterior,
            max_iter=self.max_iter, damping=self.damping, show=False,
        )  # fmt: skip

    def _choose(self, vectors: Any, evidence: Evidence, turn: int) -> Any:
        """Take the settings least wrong about what is withheld; return the graph."""
        metrics = METRICS if self.metric == "auto" else (self.metric,)
        sizes = NEIGHBOURS if self.n_neighbors == "auto" else (self.n_neighbors,)
        strengths = SIMILARITIES if self.similarity == "auto" else (self.similarity,)
        best = Tried(turn, metrics[0], sizes[0], strengths[0], np.inf)
        total = len(metrics) * len(sizes) * len(strengths)
        rng = np.random.default_rng(self.random_state)
        rows = _some_groups(evidence, rng)
        folds = _withheld(sample := evidence[rows], rng) if total > 1 else []
        if folds:
            some = take(vectors, rows)
            with progress("choosing the graph", total=total, show=self.show) as tick:
                for metric, size in product(metrics, sizes):
                    graph = self._graph(some, metric, size)
                    for strength in strengths:
                        off = [self._off(graph, strength, sample, *fold) for fold in folds]
                        tried = Tried(turn, metric, size, strength, float(np.mean(np.concatenate(off))))
                        self.search_.append(tried)
                        best = tried if tried.residual < best.residual else best
                        tick()
        self.metric_, self.n_neighbors_, self.similarity_ = best[1:4]
        return self._graph(vectors, best.metric, best.n_neighbors)

    def _off(
        self, graph: Any, similarity: float, evidence: Evidence, seen: np.ndarray, rest: np.ndarray,
        told: Evidence, withheld: Evidence,
    ) -> np.ndarray:  # fmt: skip
        def joint(probs: np.ndarray) -> np.ndarray:
            posterior = probs.copy()
            posterior[seen] = told.posterior(probs[seen])
            return posterior

        beliefs = self._believe(graph, similarity, evidence, joint)
        return residuals(_hard(beliefs.marginals[rest]), withheld)


def residuals(probs: np.ndarray, evidence: Evidence) -> np.ndarray:
    """How far expected counts are from the told ones: half the squared distance, one number for each group.

    The told count of a group is what the posteriors of its items add up to; of `Bags` that is the count itself. For
    two classes this is the squared error of the count, for labels of single items the Brier score, halved.

    Examples
    --------
    >>> from labelwright import Bags
    >>> residuals(np.array([[0.5, 0.5], [0.5, 0.5]]), Bags([0, 0], [[2, 0]]))
    array([1.])
    """
    off = probs - evidence.posterior(possible(probs, 1e-3))
    groups = np.unique(evidence.groups, return_inverse=True)[1]
    sums = np.column_stack([np.bincount(groups, weights=column) for column in off.T])
    return 0.5 * (sums**2).sum(axis=1)


def _hard(probs: np.ndarray) -> np.ndarray:
    return np.eye(probs.shape[1])[probs.argmax(axis=1)]


def _some_groups(evidence: Evidence, rng: np.random.Generator) -> np.ndarray:
    """Rows of whole groups, drawn until there are enough; all of them where they are few."""
    if len(evidence) <= SEARCHED:
        return np.arange(len(evidence))
    groups, sizes = np.unique(evidence.groups, return_counts=True)
    order = rng.permutation(len(groups))
    enough = max(2 * FOLDS, int(np.searchsorted(np.cumsum(sizes[order]), SEARCHED)))
    return np.flatnonzero(np.isin(evidence.groups, groups[order[:enough]]))


def _withheld(
    evidence: Evidence, rng: np.random.Generator
) -> list[tuple[np.ndarray, np.ndarray, Evidence, Evidence]]:
    """For each fold the rows with and without evidence, and these two parts of it; none where there is one group."""
    groups, number = np.unique(evidence.groups, return_inverse=True)
    n = min(FOLDS, len(groups))
    if n < 2:
        return []
    fold = (rng.permutation(len(groups)) % n)[number]
    parts = [(np.flatnonzero(fold != f), np.flatnonzero(fold == f)) for f in range(n)]
    return [(seen, rest, evidence[seen], evidence[rest]) for seen, rest in parts]


def _standardised(X: Any) -> Any:
    from scipy.sparse import issparse
    from sklearn.preprocessing import StandardScaler

    return StandardScaler(with_mean=not issparse(X)).fit_transform(X)


def _network(dense: bool) -> Any:
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(with_mean=dense), MLPClassifier((64, 64)))


def _embedding(fitted: Any, X: Any) -> np.ndarray:
    """Last hidden layer of a network, else log-probabilities."""
    from sklearn.neural_network import MLPClassifier

    model, layer = fitted.model, X
    if hasattr(model, "steps"):
        layer, model = model[:-1].transform(X), model[-1]
    if not isinstance(model, MLPClassifier) or not hasattr(model, "coefs_"):
        return np.log(np.maximum(fitted.predict_proba(X), 1e-6))
    bends: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "relu": lambda z: np.maximum(z, 0), "tanh": np.tanh, "identity": lambda z: z,
        "logistic": lambda z: 1 / (1 + np.exp(-z)),
    }  # fmt: skip
    bend = bends[model.activation]
    for weight, bias in zip(model.coefs_[:-1], model.intercepts_[:-1]):
        layer = bend(layer @ weight + bias)
    return np.asarray(layer)
