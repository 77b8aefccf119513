"""Remember tasks by a penalty on moving the weights that mattered (Kirkpatrick et al., 2017)."""

from typing import Any

import numpy as np

from labelwright.errors import InputError
from labelwright.shift.memories import Lesson, Memory, newest


class FisherPenalty(Memory):
    """Pull weights back to where earlier tasks left them, by how much these depended on them (EWC).

    Parameters
    ----------
    strength : float, default 100.0
        Weight of the penalty, beside the mean cross-entropy of a batch.
    items : int, default 500
        Items of a task on which the Fisher information is measured.

    Notes
    -----
    One term for each earlier task, on the hidden layers; last layers belong to one task each and do not move.

    Examples
    --------
    >>> FisherPenalty(10.0).strength
    10.0
    """

    cites = ("kirkpatrick2017overcoming",)

    def __init__(self, strength: float = 100.0, *, items: int = 500):
        if not strength >= 0 or items < 1:
            raise InputError(f"strength={strength!r} must be at least 0 and items={items} at least 1")
        self.strength, self.items = strength, items
        self._kept: list[dict[str, tuple[Any, Any]]] = []

    def lesson(self, net: Any, items: np.ndarray, codes: np.ndarray) -> Lesson:
        """The newest task, with the penalty."""
        plain = newest(net, items, codes)
        if not self._kept:
            return plain

        def penalised(logits: Any, targets: Any) -> Any:
            return plain.loss(logits, targets) + self.strength * self._penalty(net)

        return plain._replace(loss=penalised)

    def end(self, net: Any, items: np.ndarray, codes: np.ndarray, rng: np.random.Generator) -> None:
        """Keep the weights, and how much the task depends on each."""
        import torch

        from labelwright.nets import fisher

        rows = rng.permutation(len(items))[: self.items]
        device = next(net.parameters()).device
        seen = torch.from_numpy(items[rows]).to(device)
        found = fisher(net.eval(), seen, torch.Generator().manual_seed(int(rng.integers(2**31))))
        self._kept.append(
            {
                name: (part.detach().clone(), found[f"body.{name}"])
                for name, part in net.body.named_parameters()
            }
        )

    def _penalty(self, net: Any) -> Any:
        from labelwright.parts import penalties

        return sum(
            penalties.elastic(part, *kept[name])
            for kept in self._kept
            for name, part in net.body.named_parameters()
        )
