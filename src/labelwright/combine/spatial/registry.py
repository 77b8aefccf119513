"""What control sites say about each labeller: mean score, recall of each class, confusions."""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, NamedTuple
from warnings import warn

import numpy as np
from numpy.typing import ArrayLike

from labelwright.combine.spatial.scores import QScore, objects, qscore, same_shape
from labelwright.combine.spatial.skill import LabellerSkill, mean_interval, table
from labelwright.errors import DoubtfulInput, InputError


class Site(NamedTuple):
    """One control site of one labeller: score, recall of each class (k,), pixels ``[true, said]`` (k, k)."""

    score: float
    recall: np.ndarray
    counts: np.ndarray


class LabellerRegistry:
    """Keep the scores of labellers on control sites, and say how much to believe each of them, class by class.

    Two ways of believing come out of the same sites: `weights` for the published weighted average, and `confusion`
    for Bayes (`posterior_consensus`). `skill` says how surely they are known.

    Parameters
    ----------
    n_classes : int, default 2
        Codes of pixels run from 0 to ``n_classes - 1``; 0 is background.

    Notes
    -----
    Source: S019 (estes2024regionwide). The weight of labeller i where it says class c is its mean score times its mean
    producer's accuracy (recall) of c: ``mean Qscore_i * mean recall_i(c)``. A site that lacks a class says nothing
    about the recall of it.

    Examples
    --------
    >>> truth = np.array([[0, 1, 1, 0]])
    >>> registry = LabellerRegistry()
    >>> registry.assess("ann", truth, truth).total
    1.0
    >>> _ = registry.assess("bob", np.array([[0, 1, 0, 0]]), truth)
    >>> registry.weights(["ann", "bob"]).round(2).tolist()
    [[1.0, 1.0], [0.86, 0.43]]
    """

    def __init__(self, n_classes: int = 2):
        if not isinstance(n_classes, int | np.integer) or n_classes < 2:
            raise InputError(f"n_classes={n_classes!r} must be a whole number of at least 2")
        self.n_classes = int(n_classes)
        self._sites: dict[Hashable, list[Site]] = {}

    def __len__(self) -> int:
        return len(self._sites)

    def __repr__(self) -> str:
        sites = sum(len(s) for s in self._sites.values())
        return f"LabellerRegistry(labellers={len(self)}, sites={sites}, classes={self.n_classes})"

    def assess(self, source: Hashable, label: ArrayLike, reference: ArrayLike, **options: Any) -> QScore:
        """Score one drawing of a control site with `qscore`, note it, and return the `QScore`; two classes only.

        Parameters
        ----------
        source : hashable
            Who drew it.
        label, reference : array (height, width)
            Objects, as `qscore` takes them, together with its `options`.

        Raises
        ------
        InputError
            When this registry has more than two classes: `update` takes their codes.
        """
        if self.n_classes != 2:
            raise InputError(
                f"assess tells two classes apart, but the registry has {self.n_classes} classes; give `update` the "
                "codes of pixels and a score"
            )
        score = qscore(label, reference, **options)
        self.update(source, score.total, objects(label) > 0, objects(reference) > 0)
        return score

    def update(self, source: Hashable, score: float, said: ArrayLike, truth: ArrayLike) -> None:
        """Note one control site of a labeller.

        Parameters
        ----------
        source : hashable
        score : float in [0, 1]
            Of this site, such as ``qscore(...).total``.
        said, truth : array of int or bool, of one shape
            Class codes of the pixels; -1 where one of them says nothing.

        Raises
        ------
        InputError
            When the score is outside [0, 1], shapes differ, a code is out of range, or no pixel is told by both.
        """
        if not isinstance(source, Hashable):
            raise InputError(
                f"source={source!r} is {type(source).__name__}; name a labeller by a string or number"
            )
        if not (isinstance(score, int | float | np.number) and 0 <= score <= 1):
            raise InputError(f"score={score!r} of labeller {source!r} must lie in [0, 1]")
        codes, answer = (self._codes(x, n) for x, n in ((said, "said"), (truth, "truth")))
        same_shape(codes, answer, ("said", "truth"))
        told = (codes >= 0) & (answer >= 0)
        if not told.any():
            raise InputError(
                f"said and truth of labeller {source!r} share no pixel on which both say something"
            )
        pairs = answer[told].astype(np.intp) * self.n_classes + codes[told]
        counts = np.bincount(pairs, minlength=self.n_classes**2).reshape(self.n_classes, -1)
        with np.errstate(invalid="ignore"):
            recall = np.diag(counts) / counts.sum(axis=1)
        self._sites.setdefault(source, []).append(Site(float(score), recall, counts))

    @property
    def sources(self) -> list[Hashable]:
        """Labellers with at least one control site, in the order in which they came."""
        return list(self._sites)

    @property
    def prior(self) -> np.ndarray:
        """Share of each class among the pixels of the references: (k,), with one pixel of each class added."""
        counts = self._pooled().sum(axis=1) + 1
        return np.asarray(counts / counts.sum())

    def scores(self, sources: Sequence[Hashable] | None = None) -> np.ndarray:
        """Mean score of each labeller: (a,); of those without control sites the mean of all."""
        return self._means(self._wanted(sources))[:, 0]

    def weights(self, sources: Sequence[Hashable] | None = None) -> np.ndarray:
        """How much a labeller's word for each class counts, ``mean score * mean recall``: (a, k).

        Labellers without control sites get the mean of the others, with a warning.

        Raises
        ------
        InputError
            When there is no control site at all.
        """
        means = self._means(self._wanted(sources))
        return means[:, :1] * means[:, 1:]

    def skill(self, sources: Sequence[Hashable] | None = None, *, level: float = 0.95) -> LabellerSkill:
        """Mean score and recalls of labellers with their intervals, from how much sites differ.

        An interval is for the mean over sites like these, were there many; two sites are the fewest that make one.

        Parameters
        ----------
        sources : sequence, optional
            By default all with control sites; others are an error, since nothing is known of them.
        level : float, default 0.95

        Examples
        --------
        >>> registry, truth = LabellerRegistry(), np.array([[0, 0, 1, 1]])
        >>> for seen in ([[0, 0, 1, 1]], [[0, 0, 1, 0]], [[0, 0, 0, 1]]):
        ...     score = registry.assess("ann", seen, truth)
        >>> found = registry.skill()
        >>> found.sites.tolist(), found.recall.round(2).tolist(), found.recall_low.round(2).tolist()
        ([3], [[1.0, 0.67]], [[1.0, 0.0]])
        """
        wanted = self.sources if sources is None else list(sources)
        unknown = [s for s in wanted if s not in self._sites]
        if unknown or not wanted:
            raise InputError(
                f"sources hold {unknown[0]!r}, of whom there is no control site; leave out such labellers"
                if unknown
                else "no labeller has a control site yet; call assess or update for some first"
            )
        sites = [self._sites[s] for s in wanted]
        return table(
            wanted,
            [np.array([one.score for one in each]) for each in sites],
            [np.stack([one.recall for one in each]) for each in sites],
            level,
        )

    def confusion(self, sources: Sequence[Hashable] | None = None, *, smoothing: float = 1.0) -> np.ndarray:
        """How each labeller errs, ``[labeller, true, said]``, for `Votes`: (a, k, k).

        Parameters
        ----------
        sources : sequence, optional
            By default all with control sites. Others get the errors of all together, with a warning.
        smoothing : float, default 1.0
            Pixels of each true class that are added to every labeller, spread as all labellers together say.
        """
        if not smoothing > 0:
            raise InputError(f"smoothing={smoothing!r} must be above 0, or unseen errors become impossible")
        wanted = self._wanted(sources)
        pooled = self._pooled() + np.eye(self.n_classes) + 1 / self.n_classes
        usual = pooled / pooled.sum(axis=1, keepdims=True)
        nothing = np.zeros_like(usual)
        counts = np.array([sum((one.counts for one in self._sites.get(s, ())), nothing) for s in wanted])
        counts = counts.reshape(-1, *usual.shape) + smoothing * usual
        return np.asarray(counts / counts.sum(axis=2, keepdims=True))

    def trusted(self, source: Hashable, *, threshold: float = 0.7, last: int = 10) -> bool:
        """Whether the mean of a labeller's `last` control sites reaches the threshold; never without any."""
        if last < 1:
            raise InputError(f"last={last!r} must be at least 1 site")
        if not (isinstance(threshold, int | float | np.number) and 0 <= threshold <= 1):
            raise InputError(f"threshold={threshold!r} must lie in [0, 1]")
        recent = [one.score for one in self._sites.get(source, [])[-last:]]
        return bool(recent) and float(np.mean(recent)) >= threshold

    def _codes(self, raster: ArrayLike, name: str) -> np.ndarray:
        try:
            array = np.asarray(raster)
        except ValueError:
            raise InputError(f"{name} has rows of different lengths; a raster is a rectangle") from None
        if array.dtype.kind not in "iub":
            raise InputError(f"{name} has dtype {array.dtype}, expected class codes: bool or whole numbers")
        codes = array.astype(np.int64)
        if codes.size and (codes.min() < -1 or codes.max() >= self.n_classes):
            raise InputError(
                f"{name} holds codes from {codes.min()} to {codes.max()}, expected 0 to {self.n_classes - 1}, or -1 "
                "where nothing was said; LabellerRegistry(n_classes=...) says how many there are"
            )
        return codes

    def _pooled(self) -> np.ndarray:
        pairs = (one.counts for each in self._sites.values() for one in each)
        return sum(pairs, np.zeros((self.n_classes, self.n_classes)))

    def _means(self, wanted: list[Hashable]) -> np.ndarray:
        """Mean score and mean recalls of labellers: (a, 1 + k); what is not known of one is the mean of the others."""
        known = {
            s: mean_interval(np.array([[one.score, *one.recall] for one in each]))[0]
            for s, each in self._sites.items()
        }
        usual = mean_interval(np.array(list(known.values())))[0]
        usual = np.where(np.isnan(usual), 1.0, usual)  # a class that no control site shows
        means = np.array([known.get(s, usual) for s in wanted]).reshape(-1, len(usual))
        return np.where(np.isnan(means), usual, means)

    def _wanted(self, sources: Iterable[Hashable] | None) -> list[Hashable]:
        if not self._sites:
            raise InputError("no labeller has a control site yet; call assess or update for some first")
        wanted = self.sources if sources is None else list(sources)
        unknown = [s for s in wanted if s not in self._sites]
        if unknown:
            warn(
                f"{len(unknown)} labellers have no control site (first: {unknown[0]!r}); they get the mean of the "
                f"{len(self)} who have",
                DoubtfulInput,
                stacklevel=3,
            )
        return wanted
