"""Evidence: what was told about the labels of n items, and Bayes for it."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError
from labelwright.evidence.checks import check_probs, check_table

if TYPE_CHECKING:
    from labelwright.evidence.noisy import Noisy
    from labelwright.evidence.together import Together


class Evidence(ABC):
    """What was told about the labels of `n` items out of `k` classes.

    Everything follows from one table, the `message`: how probable what was told is under each state an item can be
    in, with the other items as the model sees them. States stand on the last axis: the k classes, or for
    tags (absent, present) with the tags on the axis before.

    Attributes
    ----------
    classes : ndarray (k,)
        Class names in the order of the columns of every table of probabilities.
    unit : str
        What must be kept whole when items are taken: ``"item"`` where every item speaks only about itself, otherwise
        what holds the items together, such as ``"bag"``; `groups` says which items those are.
    """

    classes: np.ndarray
    unit: str = "item"

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.classes)

    @property
    def groups(self) -> np.ndarray:
        """Number of the group of each item, (n,) of int: batches and slices take whole groups."""
        return np.arange(len(self))

    @property
    def states(self) -> tuple[int, ...]:
        """Shape of the states of one item: (k,), or (L, 2) for tags."""
        return (self.n_classes,)

    @property
    def informed(self) -> np.ndarray:
        """Where something was told, (n,) of bool; of grouped evidence, every item that shares its group."""
        message = self.message(np.full((len(self), *self.states), 1 / self.states[-1]))
        with np.errstate(invalid="ignore"):  # a row that rules out everything is for the posterior to refuse
            alike = np.ptp(message, axis=-1) < 1e-12
        told = ~alike.all(axis=tuple(range(1, alike.ndim)))
        return np.asarray(told if self.unit == "item" else told | (np.bincount(self.groups)[self.groups] > 1))

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def __getitem__(self, items: Any) -> Self:
        """The evidence about some items: a slice, a mask (n,) or positions; whole groups only."""

    @abstractmethod
    def message(self, states: np.ndarray) -> np.ndarray:
        """Log P(what was told of the item's group | the item's state), the others of the group as in `states`.

        Parameters
        ----------
        states : array (n, ...)
            P(state), in the shape of `states` for every item, each item's summing to 1 over the last axis.
        """

    @abstractmethod
    def likelihood_of(self, labels: ArrayLike) -> float:
        """P(everything that was told | these labels), `labels` being the codes of all items."""

    def posterior(self, probs: ArrayLike) -> np.ndarray:
        """P(label | item, what was told), given a model's P(label | item): (n, k) -> (n, k)."""
        return self.condition(probs)[0]

    def log_evidence(self, probs: ArrayLike) -> np.ndarray:
        """Log-probability (nats, at most 0) of what was told under the model's `probs`: (n, k) -> (n,).

        What was told of a group as a whole is shared out equally among its items, so that the sum counts it once.
        """
        return self.condition(probs)[1]

    def condition(self, probs: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Posterior (n, k) and log-evidence (n,) in one go: what every step of expectation-maximisation needs."""
        joint = self._log_joint(probs)
        top = joint.max(axis=-1, keepdims=True, initial=-np.inf)
        self._refuse_impossible(top)
        joint -= top
        np.exp(joint, out=joint)
        total = joint.sum(axis=-1, keepdims=True)
        joint /= total
        logs = np.log(total[..., 0]) + top[..., 0]
        items = logs if logs.ndim == 1 else logs.sum(axis=tuple(range(1, logs.ndim)))
        if self.unit != "item":
            items = items / np.bincount(self.groups)[self.groups]
        return self._from_states(joint), np.minimum(items, 0.0)  # rounding alone lifts it above

    def update(self, targets: ArrayLike) -> "Evidence":
        """Re-learn the evidence's own parameters from soft labels (n, k); most types have none."""
        return self

    def support(self, probs: ArrayLike) -> np.ndarray:
        """Probability the model gives to the label that was told; NaN where nothing was told.

        Raises
        ------
        InputError
            For evidence that tells no label of its own (such as votes); take its `posterior` instead.
        """
        raise InputError(
            f"{type(self).__name__} tells no single label that could be doubted; decide on one first, "
            "for instance Exact.from_codes(evidence.posterior(probs).argmax(axis=1), evidence.classes)"
        )

    def noisy(self, rate: float | ArrayLike, *, learn: bool = False, smoothing: float = 0.0) -> "Noisy":
        """The same evidence, heard through a noisy channel.

        Parameters
        ----------
        rate : float in [0, 1) or array (s, s)
            Chance that the label that was told is not the true one (any wrong one is equally likely), or a
            matrix ``[true, told]`` whose rows sum to 1; s = k classes, or 2 (absent, present) for tags.
        learn : bool, default False
            Whether `update` re-estimates the channel.
        smoothing : float, default 0.0
            Pseudo-items that hold it near where it started.
        """
        from labelwright.evidence.noisy import Noisy

        return Noisy(self, rate, learn=learn, smoothing=smoothing)

    def __and__(self, other: "Evidence") -> "Together":
        """What both say about the same items, told independently of each other given the labels."""
        from labelwright.evidence.together import Together

        if not isinstance(other, Evidence):
            return NotImplemented
        return Together([self, other])

    def _replace(self, **changes: Any) -> Self:
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__ | changes)
        return other

    def _log_joint(self, probs: ArrayLike) -> np.ndarray:
        states = self._to_states(probs)
        with np.errstate(divide="ignore"):
            return np.log(states) + self.message(states)

    def _to_states(self, probs: ArrayLike) -> np.ndarray:
        if len(self.states) == 2:
            table = check_table(probs, len(self), self.n_classes).astype(np.float64, copy=False).clip(max=1.0)
            return np.stack([1 - table, table], axis=-1)
        table = check_probs(probs, len(self), self.n_classes).astype(np.float64, copy=False)
        return table / table.sum(axis=1, keepdims=True)  # the check lets sums be off by 0.01

    def _from_states(self, states: np.ndarray) -> np.ndarray:
        return states[..., 1] if len(self.states) == 2 else states

    def _refuse_impossible(self, top: np.ndarray) -> None:
        impossible = np.unique(np.nonzero(np.isneginf(top))[0])
        if len(impossible):
            groups = len(np.unique(self.groups[impossible]))
            held = "" if self.unit == "item" else f" (by {self.unit}s: {groups})"
            raise InputError(
                f"{len(impossible)} items{held} have evidence the model calls impossible (first: row {impossible[0]}); "
                "smooth the probabilities, or soften the evidence with .noisy(rate)"
            )


class RowEvidence(Evidence):
    """Evidence in which every item speaks only about its own label: `log_likelihood` says it all."""

    @abstractmethod
    def log_likelihood(self) -> np.ndarray:
        """Log P(what was told | state): (n, k), or (n, L, 2) for tags; 0 everywhere where nothing was told."""

    def message(self, states: np.ndarray) -> np.ndarray:
        """The log-likelihood; what the model says of other items plays no part."""
        return self.log_likelihood()

    def likelihood_of(self, labels: ArrayLike) -> float:
        states = np.asarray(labels, dtype=np.intp)[..., None]
        return float(np.exp(np.take_along_axis(self.log_likelihood(), states, axis=-1).sum()))


def whole_groups(evidence: Evidence, items: Any) -> np.ndarray:
    """Positions of the chosen items, which must be whole groups, each item once.

    Raises
    ------
    InputError
        When a group would be cut apart, or an item taken twice.
    """
    rows = np.atleast_1d(np.arange(len(evidence))[items])
    groups = evidence.groups
    taken = np.bincount(groups[rows], minlength=groups.max(initial=-1) + 1)
    whole = np.bincount(groups, minlength=len(taken))
    found, times = np.unique(rows, return_counts=True)
    if len(found) and times.max() > 1:
        raise InputError(
            f"items take row {int(found[times > 1][0])} twice; what was told holds for a whole {evidence.unit}, "
            "so take each of its items once"
        )
    cut = np.flatnonzero((taken > 0) & (taken != whole))
    if len(cut):
        first = cut[0]
        raise InputError(
            f"items take {taken[first]} of the {whole[first]} items of one {evidence.unit} (row "
            f"{int(np.flatnonzero(groups == first)[0])} is in it); what was told holds for the whole {evidence.unit}, "
            "so take all items of a group, each once: see evidence.groups"
        )
    return rows


def check_matrix(matrix: ArrayLike, s: int, *, name: str) -> np.ndarray:
    """Return a row-stochastic matrix (..., s, s) as floats, or say what is wrong."""
    table = np.asarray(matrix, dtype=np.float64)
    if table.ndim < 2 or table.shape[-2:] != (s, s):
        raise InputError(
            f"{name} has shape {table.shape}, expected ({s}, {s}): one row per true class, one column per told one"
        )
    if not np.isfinite(table).all() or table.min() < 0 or np.abs(table.sum(axis=-1) - 1).max() > 1e-6:
        raise InputError(
            f"{name} must hold probabilities whose rows sum to 1; its rows sum to {table.sum(axis=-1).ravel()[:5]}"
        )
    return table
