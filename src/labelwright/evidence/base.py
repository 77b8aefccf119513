"""Evidence: what was told about the labels of n items, and Bayes for it."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError
from labelwright.evidence.checks import check_probs

if TYPE_CHECKING:
    from labelwright.evidence.noisy import Noisy


class Evidence(ABC):
    """What was told about the labels of `n` items out of `k` classes.

    Attributes
    ----------
    classes : ndarray (k,)
        Class names in the order of the columns of every table of probabilities.
    """

    classes: np.ndarray

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.classes)

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def __getitem__(self, items: Any) -> Self:
        """The evidence about some items: a slice, a mask (n,) or positions."""

    @abstractmethod
    def posterior(self, probs: ArrayLike) -> np.ndarray:
        """P(label | item, what was told), given a model's P(label | item): (n, k) -> (n, k)."""

    @abstractmethod
    def log_evidence(self, probs: ArrayLike) -> np.ndarray:
        """Log-probability (nats, at most 0) of what was told under the model's `probs`: (n, k) -> (n,)."""

    @abstractmethod
    def likelihood_of(self, labels: ArrayLike) -> float:
        """P(everything that was told | these labels), `labels` being the codes of all items."""

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


class RowEvidence(Evidence):
    """Evidence in which every item speaks only about its own label.

    A subclass gives the log-likelihood of what was told under each state an item can be in. States stand on
    the last axis: the k classes, or for tags (absent, present) with the tags on the axis before.
    """

    @abstractmethod
    def log_likelihood(self) -> np.ndarray:
        """Log P(what was told | state): (n, k), or (n, L, 2) for tags; 0 everywhere where nothing was told."""

    def posterior(self, probs: ArrayLike) -> np.ndarray:
        joint = self._log_joint(probs)
        top = joint.max(axis=-1, keepdims=True, initial=-np.inf)
        self._refuse_impossible(top)
        joint -= top
        np.exp(joint, out=joint)
        joint /= joint.sum(axis=-1, keepdims=True)
        return self._from_states(joint)

    def log_evidence(self, probs: ArrayLike) -> np.ndarray:
        joint = self._log_joint(probs)
        top = joint.max(axis=-1, keepdims=True, initial=-np.inf)
        self._refuse_impossible(top)
        joint -= top
        total = np.log(np.exp(joint, out=joint).sum(axis=-1)) + top[..., 0]
        items = total if total.ndim == 1 else total.sum(axis=tuple(range(1, total.ndim)))
        return np.minimum(items, 0.0)  # rounding alone lifts it above

    def likelihood_of(self, labels: ArrayLike) -> float:
        states = np.asarray(labels, dtype=np.intp)[..., None]
        return float(np.exp(np.take_along_axis(self.log_likelihood(), states, axis=-1).sum()))

    def noisy(self, rate: float | ArrayLike) -> "Noisy":
        """The same evidence, heard through a noisy channel.

        Parameters
        ----------
        rate : float in [0, 1) or array (s, s)
            Chance that the label that was told is not the true one (any wrong one is equally likely), or a
            matrix ``[true, told]`` whose rows sum to 1; s = k classes, or 2 (absent, present) for tags.
        """
        from labelwright.evidence.noisy import Noisy

        return Noisy(self, rate)

    def _log_joint(self, probs: ArrayLike) -> np.ndarray:
        with np.errstate(divide="ignore"):
            return np.log(self._to_states(probs)) + self.log_likelihood()

    def _to_states(self, probs: ArrayLike) -> np.ndarray:
        table = check_probs(probs, len(self), self.n_classes).astype(np.float64, copy=False)
        return table / table.sum(axis=1, keepdims=True)  # the check lets sums be off by 0.01

    def _from_states(self, states: np.ndarray) -> np.ndarray:
        return states

    def _refuse_impossible(self, top: np.ndarray) -> None:
        impossible = np.unique(np.nonzero(np.isneginf(top))[0])
        if len(impossible):
            raise InputError(
                f"{len(impossible)} items have evidence the model calls impossible (first: row {impossible[0]}); "
                "smooth the probabilities, or soften the evidence with .noisy(rate)"
            )


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
