"""Classes that stand in a tree: how far is one from another?"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np

from labelwright.errors import InputError
from labelwright.evidence.classes import class_array
from labelwright.parts.distances import tree


class LabelTree:
    """The tree above classes, and the number of steps between every two of them.

    Parameters
    ----------
    distance : array (k, k)
        Symmetric, 0 on the diagonal, not negative.
    classes : sequence (k,)

    Examples
    --------
    >>> kinds = LabelTree.from_paths({"poodle": "animal/dog/poodle", "pug": "animal/dog/pug", "rose": "plant/rose"})
    >>> kinds.distance.astype(int).tolist()
    [[0, 2, 5], [2, 0, 5], [5, 5, 0]]
    """

    def __init__(self, distance: Any, classes: Sequence[Hashable] | np.ndarray):
        self.classes = class_array(list(classes))
        self.distance = np.asarray(distance, dtype=np.float64)
        k = len(self.classes)
        if self.distance.shape != (k, k):
            raise InputError(f"distance has shape {self.distance.shape} for {k} classes; expected ({k}, {k})")
        good = (
            np.isfinite(self.distance).all()
            and (self.distance >= 0).all()
            and not np.diag(self.distance).any()
        )
        if not good or not np.allclose(self.distance, self.distance.T):
            raise InputError("distance must be symmetric, finite, not negative, and 0 from a class to itself")

    def __repr__(self) -> str:
        return f"LabelTree(classes={len(self.classes)}, farthest={self.distance.max(initial=0):g})"

    @classmethod
    def from_paths(cls, paths: Mapping[Hashable, str] | Iterable[str], *, separator: str = "/") -> Self:
        """From the path of each class: a mapping from classes, or paths that are the classes themselves.

        Examples
        --------
        >>> LabelTree.from_paths(["pos/strong", "pos/mild", "neg"]).distance[0].astype(int).tolist()
        [0, 2, 3]
        """
        named = dict(paths) if isinstance(paths, Mapping) else {path: path for path in paths}
        if not named:
            raise InputError("paths are empty; give the path of each class")
        steps, nodes = tree(list(dict.fromkeys(named.values())), separator=separator)
        return cls._of(steps, nodes, named)

    @classmethod
    def from_parents(
        cls, parents: Mapping[Hashable, Hashable | None], classes: Iterable[Hashable] | None = None
    ) -> Self:
        """From the parent of each node, None for a root; several roots are joined above.

        Parameters
        ----------
        parents : mapping
        classes : iterable, optional
            Nodes that are classes; by default those that are nobody's parent.

        Examples
        --------
        >>> LabelTree.from_parents({"poodle": "dog", "pug": "dog", "dog": None}).classes.tolist()
        ['poodle', 'pug']
        """
        steps, nodes = tree(parents)
        inner = {parent for parent in parents.values() if parent is not None}
        wanted = [node for node in nodes if node not in inner] if classes is None else list(classes)
        return cls._of(steps, nodes, {name: name for name in wanted})

    @classmethod
    def from_names(cls, classes: Sequence[Hashable], *, groups: int | None = None) -> Self:
        """From what classes are called: names that share words and letters stand in one group of two levels.

        A makeshift where there is no hierarchy: groups by average linkage of character n-grams.

        Parameters
        ----------
        classes : sequence (k,)
        groups : int, optional
            By default the square root of k.

        Examples
        --------
        >>> LabelTree.from_names(["credit card lost", "credit card stolen", "weather today", "weather now"]).distance[0]
        array([0., 2., 4., 4.])
        """
        from scipy.cluster.hierarchy import fcluster, linkage
        from sklearn.feature_extraction.text import TfidfVectorizer

        names = list(classes)
        if len(names) < 2:
            raise InputError(f"classes name {len(names)}; a tree needs at least 2")
        letters = (
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4)).fit_transform(map(str, names)).toarray()
        )
        n = round(len(names) ** 0.5) if groups is None else groups
        group = fcluster(linkage(letters, "average", metric="cosine"), n, criterion="maxclust")
        apart = np.where(group[:, None] == group, 2.0, 4.0)
        np.fill_diagonal(apart, 0)
        return cls(apart, names)

    @classmethod
    def _of(cls, steps: np.ndarray, nodes: Sequence[Hashable], named: Mapping[Hashable, Hashable]) -> Self:
        place = {node: i for i, node in enumerate(nodes)}
        lost = [name for name, node in named.items() if node not in place]
        if lost:
            raise InputError(f"{lost[0]!r} is not in the tree")
        at = [place[node] for node in named.values()]
        return cls(steps[np.ix_(at, at)], list(named))

    def among(self, classes: np.ndarray) -> np.ndarray:
        """Distances of these classes, in their order: (k, k).

        Raises
        ------
        InputError
            When one is not in the tree.
        """
        place = {name: i for i, name in enumerate(self.classes.tolist())}
        lost = [name for name in classes.tolist() if name not in place]
        if lost:
            raise InputError(
                f"{len(lost)} classes are not in the tree, such as {lost[0]!r}; it has "
                f"{', '.join(map(repr, self.classes.tolist()[:5]))}"
            )
        at = [place[name] for name in classes.tolist()]
        return self.distance[np.ix_(at, at)]
