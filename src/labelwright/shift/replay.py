"""Remember tasks by showing some of their items again."""

from typing import Any

import numpy as np

from labelwright.errors import InputError
from labelwright.shift.memories import Lesson, Memory


class Replay(Memory):
    """Keep items of earlier tasks and show them with those of the new one.

    Parameters
    ----------
    items : int or None, default 200
        Kept of each task. 0 keeps none, which is plain fine-tuning; None keeps all, which is training on all tasks
        jointly, and the ceiling.

    Examples
    --------
    >>> Replay(50).items
    50
    """

    cites = ("chaudhry2019tiny",)

    def __init__(self, items: int | None = 200):
        if items is not None and items < 0:
            raise InputError(f"items={items} must be at least 0, or None for all")
        self.items = items
        self._kept: list[tuple[np.ndarray, np.ndarray]] = []

    def lesson(self, net: Any, items: np.ndarray, codes: np.ndarray) -> Lesson:
        """The newest task and what is kept of the others, each among its own classes."""
        from labelwright.parts import shifted_losses

        shown = [*self._kept, (items, codes)]
        widths = [head.out_features for head in net.heads]
        starts = np.cumsum([0, *widths])
        task = np.repeat(np.arange(len(shown)), [len(c) for _, c in shown])
        column = np.concatenate([starts[t] + c for t, (_, c) in enumerate(shown)])
        place = np.repeat(np.arange(len(widths)), widths)

        def among(logits: Any, targets: Any, rows: Any) -> Any:
            allowed = task[rows.cpu().numpy()][:, None] == place
            return shifted_losses.among(logits, targets, allowed=allowed)

        return Lesson(np.concatenate([x for x, _ in shown]), np.eye(starts[-1])[column], among, None)

    def end(self, net: Any, items: np.ndarray, codes: np.ndarray, rng: np.random.Generator) -> None:
        """Keep some items."""
        rows = np.sort(rng.permutation(len(items))[: self.items])
        self._kept.append((items[rows], codes[rows]))
