"""Remember every task by a mask of the weights that matter to it (Kaushik et al., 2021)."""

from typing import Any

import numpy as np

from labelwright.errors import InputError
from labelwright.shift.memories import Lesson, Memory, newest


class RelevanceMaps(Memory):
    """Learn with each task which weights matter to it, and hold those for ever: nothing is forgotten, to the bit.

    A new task may use what is held, and changes only what is free. In the last epochs of each task weights that do not
    clearly matter are left out, so that they stay free.

    Parameters
    ----------
    tasks : int, default 10
        At most so many.
    prune : float in (0, 1], default 0.4
        Share of the epochs, at the end, after which weights are left out.
    weight_threshold, mask_threshold : float, default 1e-5 and 0.999999
        A weight stays if its rounded relevance is above the second, and its size times that above the first.

    Notes
    -----
    Source: S115. Departs from the paper: no normalisation of a task's own, and no penalty on the size of the maps.

    Examples
    --------
    >>> RelevanceMaps(tasks=5).tasks
    5
    """

    cites = ("kaushik2021understanding",)

    def __init__(
        self,
        *,
        tasks: int = 10,
        prune: float = 0.4,
        weight_threshold: float = 1e-5,
        mask_threshold: float = 0.999999,
    ):
        if tasks < 1 or not 0 < prune <= 1:
            raise InputError(f"tasks={tasks} must be at least 1 and prune={prune!r} lie in (0, 1]")
        self.tasks, self.prune = tasks, prune
        self.weight_threshold, self.mask_threshold = weight_threshold, mask_threshold

    def linear(self, d_in: int, d_out: int) -> Any:
        """A hidden layer with maps."""
        from labelwright.nets import RelevanceLinear

        return RelevanceLinear(d_in, d_out, self.tasks)

    def begin(self, net: Any) -> None:
        """Draw fresh maps."""
        from labelwright.nets.relevance import relevance_layers

        self._layers = relevance_layers(net.body)
        for layer in self._layers:
            layer.begin()
        self._epochs = 0

    def lesson(self, net: Any, items: np.ndarray, codes: np.ndarray) -> Lesson:
        """The newest task alone."""
        return newest(net, items, codes)

    def optimizer(self, net: Any, made: Any) -> Any:
        """Every step leaves what earlier tasks need as it was."""
        from labelwright.nets import hold

        held = [(layer.weight, layer.used) for layer in self._layers]
        return hold(made, lambda: held)

    def after_epoch(self, net: Any, left: int) -> None:
        """Leave weights out, in the last epochs."""
        self._epochs += 1
        if self._epochs > (1 - self.prune) * (self._epochs + left):
            for layer in self._layers:
                layer.prune(self.weight_threshold, self.mask_threshold)

    def end(self, net: Any, items: np.ndarray, codes: np.ndarray, rng: np.random.Generator) -> None:
        """Hold what matters."""
        for layer in self._layers:
            layer.close()

    def used(self, net: Any) -> float:
        """Share of the hidden weights that some task holds."""
        masks = [layer.used for layer in self._layers]
        return float(sum(int(mask.sum()) for mask in masks) / sum(mask.numel() for mask in masks))
