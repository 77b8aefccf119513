"""How a network that learns one task after the other keeps the earlier ones."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Lesson(NamedTuple):
    """What is shown for a task.

    Attributes
    ----------
    items : ndarray (n, ...)
    targets : ndarray (n, k)
    loss : ``(logits, targets) -> (b,)``
    task : int or None
        What the net is turned to.
    """

    items: np.ndarray
    targets: np.ndarray
    loss: Callable[..., Any]
    task: int | None


class Memory(ABC):
    """What a `ContinualNet` does so that a new task does not overwrite the old ones. An abstract base."""

    def linear(self, d_in: int, d_out: int) -> Any:
        """Make a hidden layer."""
        from torch import nn

        return nn.Linear(d_in, d_out)

    def begin(self, net: Any) -> None:  # noqa: B027 - most have nothing to do
        """Prepare the net (`labelwright.nets.TaskNet`) for a further task."""

    @abstractmethod
    def lesson(self, net: Any, items: np.ndarray, codes: np.ndarray) -> Lesson:
        """What to show for the newest task, whose items (n, ...) have these codes (n,)."""

    def optimizer(self, net: Any, made: Any) -> Any:
        """The optimiser, changed where this memory needs that."""
        return made

    def after_epoch(self, net: Any, left: int) -> None:  # noqa: B027
        """Called after each epoch, with the number of those that are left."""

    def end(self, net: Any, items: np.ndarray, codes: np.ndarray, rng: np.random.Generator) -> None:  # noqa: B027
        """Called when the task is learned."""

    def used(self, net: Any) -> float:
        """Share of the hidden weights that are no longer free."""
        return 0.0


def newest(net: Any, items: np.ndarray, codes: np.ndarray) -> Lesson:
    """The newest task alone, by cross-entropy."""
    from labelwright.parts import losses

    task = len(net.heads) - 1
    return Lesson(items, np.eye(net.heads[task].out_features)[codes], losses.cross_entropy, task)
