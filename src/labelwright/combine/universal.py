"""Combine sources whose answers are rankings, numbers, texts or anything else with a distance (Shin et al., 2022)."""

import warnings
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from labelwright.combine.spaces.answers import Answers
from labelwright.combine.spaces.base import Space, between, by_chance, unrelated
from labelwright.combine.spaces.finite import FiniteSpace
from labelwright.combine.spaces.reals import RealSpace
from labelwright.errors import DoubtfulInput, InputError
from labelwright.evidence.classes import class_array
from labelwright.parts import triplets

BIAS_ROUNDS = 5
FEW = 4000  # unrelated answers whose spread is looked at
SURE = 4.0  # standard errors above chance at which agreement is believed


class UniversalLabelModel(BaseEstimator):
    """Weigh sources by how far they are from a truth that nobody saw, and take the weighted centre of their answers.

    Answers may be of any kind with a distance: rankings, numbers and points, ordered classes, nodes of a tree or graph,
    texts. Sources that err independently are as far from each other as their errors say, so distances between three or
    more of them tell how far each is from the truth. ``p(answer | truth) ~ exp(-theta * distance)``.

    Parameters
    ----------
    space : Space
        The kind of answers: `RankingSpace`, `RealSpace`, `FiniteSpace`, `TextSpace`, or any object with their methods.
    method : {"least_squares", "median", "disjoint"} or None, default "least_squares"
        How triplets are joined, see `labelwright.parts.triplets.expected_distance`. None weighs all sources alike: the
        unweighted mean, Kemeny ranking, majority vote or medoid.
    relation : {"auto", "sum", "product"}, default "auto"
        Whether distances to the truth add up, or agreement beyond chance multiplies; by default as the space says: the
        sum for numbers, the product for all else.
    backward : {"auto", "inverse"}, default "auto"
        From expected distances to theta: the exact map of the space (Mallows, normal, Gibbs), or one over the distance.
    floor : float in (0, 1], default 0.05
        No source is believed to be nearer than this share of the median source. Dependent sources
        and chance can make estimates 0 or less, and one source would then decide alone.

    Attributes
    ----------
    expected_distance_ : ndarray (a,)
        Mean distance of each source to the truth; NaN where it shares no item with others. Estimates below the floor
        stand as they are.
    theta_ : ndarray (a,)
        Weights of the sources.
    distance_ : ndarray (a, a)
        Mean distances between sources, NaN where they share no item.
    shared_ : ndarray (a, a) of int
        Over how many items.
    bias_ : ndarray (a,) or (a, p)
        What was taken off each source, if a `RealSpace` removes bias.
    sources_ : ndarray (a,)
    classes_ : ndarray (k,)
        Of a `FiniteSpace`.

    Notes
    -----
    Source: S063. What all sources have in common cannot be seen: with a shared bias, or where sources copy each other,
    estimates are too small. Departs from the paper: all pairs are joined by least squares (see
    `labelwright.parts.triplets`), answers may be missing, weights have a floor, the Kemeny ranking is searched
    among all orders and not only among the answers, no joint normal model of numbers, which their dependence
    over time makes unstable. Where distances multiply and no two sources agree by more than four standard errors beyond
    chance, there is nothing to go by: all are weighed alike, with a warning.

    Examples
    --------
    >>> from labelwright.combine.spaces import RealSpace
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.normal(size=500)
    >>> said = truth[:, None] + rng.normal(size=(500, 3)) * [0.1, 1.0, 2.0]
    >>> model = UniversalLabelModel(RealSpace()).fit(said)
    >>> error = lambda found: float(((found - truth) ** 2).mean())
    >>> error(model.predict(said)) < error(said.mean(axis=1)) / 10
    True
    """

    cites = ("shin2022universalizing",)

    def __init__(
        self,
        space: Space,
        *,
        method: triplets.Method | None = "least_squares",
        relation: Literal["auto", "sum", "product"] = "auto",
        backward: Literal["auto", "inverse"] = "auto",
        floor: float = 0.05,
    ):
        self.space, self.method, self.relation = space, method, relation
        self.backward, self.floor = backward, floor

    @classmethod
    def contract_examples(cls) -> list[Self]:
        """Small instances for the contract suite."""
        return [cls(RealSpace()), cls(FiniteSpace.ordered("abc"), method="median")]

    def fit(self, answers: Any, y: None = None) -> Self:
        """Learn how far each source is from the truth.

        Parameters
        ----------
        answers : Answers, Votes, frame or array
            What the space reads; sources that did not answer are missing.
        y : ignored

        Raises
        ------
        InputError
            When nobody answered, there are fewer than three sources, an answer does not belong to the space, or a
            setting is out of range.
        """
        self._check_settings()
        told = self.space.read(answers)
        if not len(told.item):
            raise InputError("answers hold none; check that they are not all missing")
        self.sources_ = told.sources
        if isinstance(self.space, FiniteSpace):
            self.classes_ = class_array(self.space.class_names())
        self._learn(told)
        return self

    def predict(self, answers: Any) -> np.ndarray:
        """The weighted centre of each item: (n, ...), as the space gives it.

        Raises
        ------
        InputError
            When a source was not there when the model was fitted.
        """
        told, weight = self._weighted(answers)
        return self.space.centre(told, weight)

    @available_if(lambda model: isinstance(model.space, FiniteSpace))
    def predict_proba(self, answers: Any) -> np.ndarray:
        """P(class | answers) ~ exp(-sum of theta * distance): (n, k), for a `FiniteSpace`; classes as in `classes_`.

        The most probable class is what `predict` gives.
        """
        told, weight = self._weighted(answers)
        return self.space.probs(told, weight)  # type: ignore[attr-defined, no-any-return]

    def fit_predict(self, answers: Any) -> np.ndarray:
        """Fit, and combine the same answers."""
        return self.fit(answers).predict(answers)

    def _check_settings(self) -> None:
        known = {
            "method": (*triplets.METHODS, None), "relation": ("auto", "sum", "product"), "backward": ("auto", "inverse")
        }  # fmt: skip
        for name, values in known.items():
            if getattr(self, name) not in values:
                raise InputError(
                    f"{name}={getattr(self, name)!r} must be one of {', '.join(map(repr, values))}"
                )
        if not 0 < self.floor <= 1:
            raise InputError(
                f"floor={self.floor!r} must be above 0 and at most 1: a share of the median distance"
            )

    def _learn(self, told: Answers) -> None:
        a, space = len(told.sources), self.space
        if self.method is not None and a < 3:
            raise InputError(
                f"answers come from {a} sources; two cannot say who of them is wrong: give three or more, or "
                "method=None to weigh them alike"
            )
        self.theta_ = np.ones(a)
        if not (isinstance(space, RealSpace) and space.remove_bias):
            return self._weigh(told)
        for _ in range(BIAS_ROUNDS):  # weights and biases depend on each other, but little
            bias = space.bias(told, self.theta_[told.source])
            self._weigh(told.valued(told.value - bias[told.source]))
        bias = space.bias(told, self.theta_[told.source])
        self.bias_ = bias[:, 0] if bias.shape[1] == 1 else bias

    def _weigh(self, told: Answers) -> None:
        self.distance_, self.shared_ = between(self.space, told)
        if self.method is None:
            return
        if self.relation == "auto":
            chance = self.space.chance(told)
        else:
            chance = by_chance(self.space, told) if self.relation == "product" else None
        expected = triplets.expected_distance(self.distance_, self.shared_, chance=chance, method=self.method)
        self.expected_distance_ = expected
        if chance is not None and not self._agree(told, chance):
            warnings.warn(
                "sources agree no more than by chance, so all are weighed alike", DoubtfulInput, stacklevel=4
            )
            return
        self.theta_ = self._theta(expected)

    def _agree(self, told: Answers, chance: float) -> bool:
        """Whether any two sources, or all of them together, agree so much that it is no chance."""
        spread = float(np.std(unrelated(self.space, told, FEW))) / chance if chance > 0 else 0.0
        if not spread > 0:
            return True
        agreement = np.where(self.shared_ > 0, 1 - np.nan_to_num(self.distance_) / chance, 0)
        pairs = agreement * np.sqrt(self.shared_)
        total = np.triu(agreement * self.shared_).sum() / max(1.0, np.sqrt(np.triu(self.shared_).sum()))
        return bool(max(pairs.max(), total) > SURE * spread)

    def _theta(self, expected: np.ndarray) -> np.ndarray:
        alone = np.isnan(expected)
        if alone.all():
            warnings.warn(
                "no three sources share items, so all are weighed alike", DoubtfulInput, stacklevel=5
            )
            return np.ones(len(expected))
        if alone.any():
            first = self.sources_[np.flatnonzero(alone)[0]]
            warnings.warn(
                f"{alone.sum()} sources share too few items with others to be judged (first: {first}); "
                "they get the weight of the median source",
                DoubtfulInput,
                stacklevel=5,
            )
        usual = float(np.median(expected[~alone]))
        usual = usual if usual > 0 else float(np.nanmean(self.distance_)) / 2
        if not usual > 0:  # nobody ever differs
            return np.ones(len(expected))
        safe = np.maximum(np.where(alone, usual, expected), self.floor * usual)
        theta = self.space.theta(safe) if self.backward == "auto" else triplets.inverse(safe)
        return theta if (theta > 0).any() else np.ones(len(expected))

    def _weighted(self, answers: Any) -> tuple[Answers, np.ndarray]:
        check_is_fitted(self, "theta_")
        told = self.space.read(answers)
        place = {name: i for i, name in enumerate(self.sources_.tolist())}
        names = told.sources.tolist()
        lost = [name for name in names if name not in place]
        if lost:
            raise InputError(
                f"{len(lost)} sources were not there when the model was fitted (first: {lost[0]!r}); "
                "fit again with their answers, or leave them out"
            )
        source = np.array([place[name] for name in names], dtype=np.intp)[told.source]
        if hasattr(self, "bias_"):
            told = told.valued(told.value - self.bias_.reshape(len(self.sources_), -1)[source])
        return told, self.theta_[source]
