"""Several judges as one: pooled probabilities, the labels they contradict, and what each judge took (S090)."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from labelwright import frames
from labelwright.audit.judges import Judge, Opinion
from labelwright.errors import InputError
from labelwright.evidence import Exact, decode
from labelwright.models.language import Usage
from labelwright.progress import progress

Combine = Literal["mean", "log", "vote"]
LEAST = 1e-6  # probability below which a judge's no is no louder


@dataclass(frozen=True)
class Flags:
    """What judges say of given labels.

    Attributes
    ----------
    classes : ndarray (k,)
    given : ndarray (n,) of int
        Codes of the given labels, -1 where there is none.
    suggested : ndarray (n,) of int
        Code of the class that the judges find most probable.
    confidence : ndarray (n,)
        Its probability.
    flagged : ndarray (n,) of bool
    probs : ndarray (n, k)
    """

    classes: np.ndarray
    given: np.ndarray
    suggested: np.ndarray
    confidence: np.ndarray
    flagged: np.ndarray
    probs: np.ndarray

    def __len__(self) -> int:
        return len(self.given)

    @property
    def rows(self) -> np.ndarray:
        """The flagged rows, those contradicted most confidently first."""
        rows = np.flatnonzero(self.flagged)
        return rows[np.argsort(-self.confidence[rows], kind="stable")]

    def frame(self, *, like: Any = None) -> Any:
        """The flagged rows as a frame: `row`, `given`, `suggested`, `confidence`, `p_given`."""
        rows = self.rows
        return frames.make(
            {
                "row": rows,
                "given": decode(self.given[rows], self.classes),
                "suggested": decode(self.suggested[rows], self.classes),
                "confidence": self.confidence[rows],
                "p_given": self.probs[rows, self.given[rows]],
            },
            like=like,
        )


class JudgeEnsemble:
    """Ask several judges about the same items and pool what they say; an ensemble is a judge itself.

    Parameters
    ----------
    judges : sequence of Judge
        Of the same classes, in any order.
    combine : {"mean", "log", "vote"}, default "mean"
        Mean of the probabilities; their product, normalised (log), in which one sure judge can overrule others; or the
        share of the judges whose first choice a class is.
    weights : array (m,), optional
        How much each judge counts, 0 or more; by default all alike.

    Attributes
    ----------
    name : str
    classes : list (k,)
        In the order of the first judge.
    opinions_ : list of Opinion
        What each judge said last, columns in the order of `classes`.

    Departs from the paper: judges may be any models, not language models alone; besides the mean there are two other
    ways to pool, and weights.

    Examples
    --------
    >>> from labelwright.audit import FunctionJudge
    >>> sure = FunctionJudge(lambda items: [[0.9, 0.1]] * len(items), ["good", "bad"], "sure")
    >>> unsure = FunctionJudge(lambda items: [[0.6, 0.4]] * len(items), ["bad", "good"], "unsure")
    >>> both = JudgeEnsemble([sure, unsure])
    >>> both.predict_proba(["a film"]).round(2).tolist()
    [[0.65, 0.35]]
    >>> both.flag(["a film"], ["bad"]).frame()["suggested"].tolist()
    ['good']
    """

    cites = ("nahum2025llms",)

    def __init__(self, judges: Sequence[Judge], combine: Combine = "mean", weights: ArrayLike | None = None):
        self.judges, self.combine, self.weights = judges, combine, weights

    @classmethod
    def contract_examples(cls) -> "list[JudgeEnsemble]":
        """Three small ensembles, one for each way to pool, of a judge by length and one that always says the same."""
        from labelwright.audit.judges import FunctionJudge

        one = FunctionJudge.contract_examples()[0]
        two = FunctionJudge(lambda items: [[0.2, 0.8]] * len(items), ["b", "a"], "two")
        ways: tuple[Combine, ...] = ("mean", "log", "vote")
        return [cls([one, two], way) for way in ways]

    @property
    def name(self) -> str:
        """Names of the judges."""
        return ", ".join(judge.name for judge in self.judges)

    @property
    def classes(self) -> list[Hashable]:
        """Columns of what it says."""
        return list(self._order()[0])

    def judge(self, items: Any) -> Opinion:
        """Pooled probabilities, and what all judges took together."""
        probs = self.predict_proba(items)
        usage = Usage()
        for opinion in self.opinions_:
            usage = usage.added(opinion.usage)
        return Opinion(probs, usage)

    def predict_proba(self, items: Any, *, show: bool | None = None) -> np.ndarray:
        """Pooled probabilities (n, k), columns as in `classes`.

        Raises
        ------
        InputError
            When there are no judges, their classes differ, or weights do not fit.
        """
        columns = self._order()[1]
        weights = self._weights()
        said = []
        with progress("asking judges", total=len(self.judges), show=show) as tick:
            for judge, order in zip(self.judges, columns, strict=True):
                opinion = judge.judge(items)
                said.append(Opinion(np.asarray(opinion.probs, dtype=np.float64)[:, order], opinion.usage))
                tick()
        self.opinions_ = said
        return pooled(np.stack([opinion.probs for opinion in said]), self.combine, weights)

    def flag(
        self,
        items: Any,
        y: Exact | ArrayLike,
        threshold: float = 0.0,
        ordinal: Sequence[Hashable] | None = None,
        *,
        show: bool | None = None,
    ) -> Flags:
        """Find the labels that the pooled judges contradict.

        Parameters
        ----------
        items : sequence (n,)
        y : Exact or array (n,)
            Given labels; missing ones are never flagged.
        threshold : float in [0, 1], default 0.0
            Least probability of the suggested class. With two classes anything up to 0.5 means every contradiction.
        ordinal : sequence (k,), optional
            All classes from the lowest to the highest. Then a label is flagged only if the suggested class is more than
            one step away: neighbours are a matter of taste.
        show : bool, optional

        Raises
        ------
        InputError
            When `y` has a label that no judge knows, or `ordinal` is not an order of all classes.
        """
        if not 0 <= threshold <= 1:
            raise InputError(f"threshold={threshold!r} must lie in [0, 1]; it is a probability")
        classes = self.classes
        place = None if ordinal is None else _places(ordinal, classes)
        told = Exact(y.labels if isinstance(y, Exact) else y, classes=classes)
        probs = self.predict_proba(items, show=show)
        if len(told) != len(probs):
            raise InputError(f"y has {len(told)} labels for {len(probs)} items; they must match")
        suggested = probs.argmax(axis=1)
        confidence = probs[np.arange(len(probs)), suggested]
        own = np.maximum(told.codes, 0)
        apart = suggested != own if place is None else np.abs(place[suggested] - place[own]) > 1
        flagged = told.known & apart & (confidence >= threshold)
        return Flags(told.classes, told.codes, suggested, confidence, flagged, probs)

    def costs(self, *, like: Any = None) -> Any:
        """What the last items took, judge by judge: `judge`, `items`, `calls`, `cached`, tokens, `seconds`."""
        if not hasattr(self, "opinions_"):
            raise InputError("no judge was asked yet; call predict_proba or flag first")
        return costs_frame([judge.name for judge in self.judges], self.opinions_, like=like)

    def _order(self) -> tuple[list[Hashable], list[list[int]]]:
        """Classes of the first judge, and where each judge has them."""
        if not len(self.judges):
            raise InputError("judges is empty; an ensemble needs at least one")
        names = [judge.name for judge in self.judges]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InputError(
                f"{names.count(twice[0])} judges are called {twice[0]!r}; give each a name of its own"
            )
        first = _plain(self.judges[0].classes)
        columns = []
        for judge in self.judges:
            here = _plain(judge.classes)
            if set(here) != set(first) or len(here) != len(first):
                raise InputError(
                    f"judge {judge.name!r} knows the classes {here[:8]}, judge {self.judges[0].name!r} {first[:8]}; "
                    "all must know the same"
                )
            columns.append([here.index(c) for c in first])
        return first, columns

    def _weights(self) -> np.ndarray:
        m = len(self.judges)
        if self.combine not in ("mean", "log", "vote"):
            raise InputError(f"combine={self.combine!r} must be 'mean', 'log' or 'vote'")
        weights = np.ones(m) if self.weights is None else np.asarray(self.weights, dtype=float)
        if weights.shape != (m,) or not np.isfinite(weights).all() or weights.min() < 0 or not weights.sum():
            raise InputError(
                f"weights={np.asarray(self.weights).tolist()} must be {m} numbers, one a judge, 0 or more, not all 0"
            )
        return weights / weights.sum()


def pooled(tables: np.ndarray, combine: Combine, weights: np.ndarray) -> np.ndarray:
    """Pool tables (m, n, k) of probabilities with weights that sum to 1: (n, k).

    Examples
    --------
    >>> tables = np.array([[[0.9, 0.1]], [[0.5, 0.5]]])
    >>> pooled(tables, "log", np.array([0.5, 0.5])).round(2).tolist()
    [[0.75, 0.25]]
    """
    if combine == "vote":
        # A judge that cannot decide between classes gives each a share of its vote.
        first = tables == tables.max(axis=2, keepdims=True)
        return np.tensordot(weights, first / first.sum(axis=2, keepdims=True), axes=1)
    if combine == "log":
        logs = np.tensordot(weights, np.log(np.clip(tables, LEAST, 1)), axes=1)
        raised = np.exp(logs - logs.max(axis=1, keepdims=True))
        return raised / raised.sum(axis=1, keepdims=True)
    return np.tensordot(weights, tables, axes=1)


def costs_frame(names: Sequence[str], opinions: Sequence[Opinion], *, like: Any = None) -> Any:
    """What judges took, one row a judge."""
    usages = [opinion.usage for opinion in opinions]
    return frames.make(
        {
            "judge": list(names),
            "items": [len(opinion.probs) for opinion in opinions],
            "calls": [u.calls for u in usages],
            "cached": [u.cached_calls for u in usages],
            "prompt_tokens": [u.prompt_tokens for u in usages],
            "completion_tokens": [u.completion_tokens for u in usages],
            "seconds": [u.seconds for u in usages],
        },
        like=like,
    )


def _plain(classes: Sequence[Any]) -> list[Hashable]:
    return [c.item() if isinstance(c, np.generic) else c for c in classes]


def _places(ordinal: Any, classes: list[Hashable]) -> np.ndarray:
    """Place of each class in the order."""
    if (
        isinstance(ordinal, bool)
        or not isinstance(ordinal, (Sequence, np.ndarray))
        or isinstance(ordinal, str)
    ):
        raise InputError(
            f"ordinal={ordinal!r} gives no order; list all classes from the lowest to the highest"
        )
    order = _plain(list(ordinal))
    if set(order) != set(classes) or len(order) != len(classes):
        raise InputError(
            f"ordinal={order} must list each of the classes {classes} once, from the lowest to the highest"
        )
    return np.array([order.index(c) for c in classes])
