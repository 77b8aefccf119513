"""Finitely many answers with any metric: ordered classes, trees, graphs; the centre is tried out."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from labelwright.combine.spaces.answers import Answers
from labelwright.combine.spaces.base import by_chance
from labelwright.errors import InputError
from labelwright.evidence import Votes
from labelwright.evidence.classes import encode
from labelwright.parts import distances as measures
from labelwright.parts import triplets


class FiniteSpace:
    """Answers out of `k` classes, some of them further apart than others.

    Answers come as `Votes`, as a table (n, a) of class names with None where a source did not answer, or as `Answers`.

    Parameters
    ----------
    distances : array (k, k)
        0 on the diagonal, symmetric, not negative.
    classes : sequence (k,), optional
        Their names, by default 0 to k - 1.

    Notes
    -----
    ``p(answer | truth) ~ exp(-theta * distance)``, with theta such that the mean over all truths is what the
    source is estimated to be off. With `nominal` that is majority vote weighted by log odds. Sources agree
    beyond chance, as chance agreement counts that of answers to different items (see `labelwright.parts.triplets`).

    Examples
    --------
    >>> space = FiniteSpace.ordered(["low", "middle", "high"])
    >>> answers = space.read([["low", "high", None]])
    >>> space.centre(answers, np.ones(2)).tolist(), space.centre(answers, np.array([1.0, 2.0])).tolist()
    (['low'], ['high'])
    """

    def __init__(self, distances: ArrayLike, classes: Sequence[Hashable] | np.ndarray | None = None):
        self.distances, self.classes = distances, classes

    @classmethod
    def nominal(cls, classes: Iterable[Hashable]) -> Self:
        """Classes that are all equally far apart.

        Examples
        --------
        >>> FiniteSpace.nominal("ab").distances.tolist()
        [[0.0, 1.0], [1.0, 0.0]]
        """
        names = list(classes)
        return cls(1.0 - np.eye(len(names)), names)

    @classmethod
    def ordered(cls, order: Iterable[Hashable], *, at: ArrayLike | None = None, power: float = 1.0) -> Self:
        """Ordered classes, from one end to the other: ``|at[i] - at[j]| ** power``.

        Parameters
        ----------
        order : iterable (k,)
            The classes.
        at : array (k,), optional
            Where each stands, by default 0 to k - 1.
        power : float, default 1.0

        Examples
        --------
        >>> FiniteSpace.ordered(["low", "middle", "high"]).distances[0].tolist()
        [0.0, 1.0, 2.0]
        """
        names = list(order)
        place = np.arange(len(names), dtype=np.float64) if at is None else np.asarray(at, dtype=np.float64)
        if place.shape != (len(names),):
            raise InputError(f"at has shape {place.shape}, expected ({len(names)},): one place a class")
        return cls(np.abs(place[:, None] - place) ** power, names)

    @classmethod
    def tree(
        cls, parents: Mapping[Hashable, Hashable | None] | Iterable[str], *, separator: str = "/"
    ) -> Self:
        """Nodes of a tree, as far apart as there are steps between them: see `labelwright.parts.distances.tree`.

        Examples
        --------
        >>> FiniteSpace.tree({"dog": "animal", "cat": "animal", "oak": "plant"}).classes
        ['dog', 'animal', 'cat', 'oak', 'plant']
        """
        return cls(*measures.tree(parents, separator=separator))

    @classmethod
    def graph(
        cls, edges: Iterable[tuple[Any, ...]], nodes: Sequence[Hashable] | np.ndarray | None = None
    ) -> Self:
        """Nodes of a graph, as far apart as the shortest path is long: see `labelwright.parts.distances.graph`.

        Examples
        --------
        >>> FiniteSpace.graph([("a", "b"), ("b", "c")]).distances[0].tolist()
        [0.0, 1.0, 2.0]
        """
        return cls(*measures.graph(edges, nodes))

    def __repr__(self) -> str:
        return f"FiniteSpace({len(np.asarray(self.distances))} classes)"

    def read(self, told: Any) -> Answers:
        """Values (v,) of int: codes of the classes."""
        names = self.class_names()
        if isinstance(told, Votes):
            return self._votes(told, names)
        answers = Answers.of(told)
        return answers.valued(encode(answers.value, names)[0])

    def distance(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Looked up."""
        return np.asarray(self.distances, dtype=np.float64)[left, right]

    def chance(self, answers: Answers) -> float:
        """Mean distance between answers to different items."""
        return by_chance(self, answers)

    def theta(self, expected: np.ndarray) -> np.ndarray:
        """Precision in ``p(answer | truth) ~ exp(-theta * distance)``."""
        return triplets.gibbs(expected, self.distances)

    def centre(self, answers: Answers, weight: np.ndarray) -> np.ndarray:
        """Class names (n,), the first of the classes where several are as near; None where nobody answered."""
        cost = self.cost(answers, weight)
        names = np.empty(cost.shape[1] + 1, dtype=object)
        names[:-1] = self.class_names()
        told = np.bincount(answers.item, minlength=len(answers)) > 0
        # Sums of the same numbers in another order differ in the last digit, and would break ties at random.
        near = cost <= cost.min(axis=1, keepdims=True) + 1e-9 * (1 + np.abs(cost).max(axis=1, keepdims=True))
        return names[np.where(told, near.argmax(axis=1), -1)]

    def cost(self, answers: Answers, weight: np.ndarray) -> np.ndarray:
        """Sum of weighted distances (n, k) of each class to the answers."""
        table = np.asarray(self.distances, dtype=np.float64)
        n, k = len(answers), len(table)
        mass = np.bincount(answers.item * k + answers.value, weights=weight, minlength=n * k)
        return np.asarray(mass.reshape(n, k) @ table)

    def probs(self, answers: Answers, weight: np.ndarray) -> np.ndarray:
        """``p(class | answers) ~ exp(-cost)``: (n, k)."""
        logits = -self.cost(answers, weight)
        probs = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(probs / probs.sum(axis=1, keepdims=True))

    def class_names(self) -> list[Hashable]:
        """Names of the classes, once the distances have been checked."""
        table = np.asarray(self.distances, dtype=np.float64)
        if table.ndim != 2 or table.shape[0] != table.shape[1] or len(table) < 2:
            raise InputError(f"distances have shape {table.shape}, expected (classes, classes), two or more")
        if not np.isfinite(table).all():
            raise InputError(
                "distances are infinite or NaN; classes that nothing connects cannot be compared"
            )
        if np.diag(table).any() or (table < 0).any() or not np.allclose(table, table.T):
            raise InputError("distances must be symmetric, not negative, and 0 on the diagonal")
        names = list(range(len(table))) if self.classes is None else list(self.classes)
        if len(set(names)) != len(table):
            raise InputError(f"{len(set(names))} different classes for distances between {len(table)}")
        return names

    def _votes(self, votes: Votes, names: list[Hashable]) -> Answers:
        code = {name: i for i, name in enumerate(names)}
        lost = [name for name in votes.classes.tolist() if name not in code]
        if lost:
            raise InputError(
                f"votes have a class {lost[0]!r} that the space lacks; its classes are {names!r}"
            )
        place = np.array([code[name] for name in votes.classes.tolist()], dtype=np.intp)
        return Answers(
            votes.item, votes.source, place[votes.said], np.asarray(votes.items), np.asarray(votes.sources)
        )
