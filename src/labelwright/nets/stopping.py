"""Stop training when a validation number no longer improves, and go back to where it was best."""

import math

import torch
from torch import nn

from labelwright.errors import InputError


class EarlyStopping:
    """Keep the weights of the best epoch, and say when to stop.

    Parameters
    ----------
    net : Module
        Its weights are copied at each improvement.
    patience : int, default 5
        Epochs without improvement after which to stop.
    least : float, default 0.0
        An improvement must be larger than this.

    Attributes
    ----------
    best : float
        Highest number seen so far.
    best_epoch : int
        When that was, counted from 0; -1 before the first.

    Examples
    --------
    >>> net = nn.Linear(2, 2)
    >>> stop = EarlyStopping(net, patience=2)
    >>> [stop(accuracy) for accuracy in (0.5, 0.7, 0.6, 0.7)]
    [False, False, False, True]
    >>> stop.restore()
    >>> stop.best, stop.best_epoch
    (0.7, 1)
    """

    def __init__(self, net: nn.Module, patience: int = 5, *, least: float = 0.0):
        if patience < 1:
            raise InputError(f"patience={patience} must be at least 1")
        self.net, self.patience, self.least = net, patience, least
        self.best, self.best_epoch, self.epoch = -math.inf, -1, -1
        self._kept: dict[str, torch.Tensor] = {}

    def __call__(self, value: float) -> bool:
        """Take the validation number of one more epoch, **higher is better** (pass minus a loss).

        Returns True when training should stop.
        """
        self.epoch += 1
        if math.isnan(value):
            raise InputError(f"the validation number of epoch {self.epoch} is NaN; training has gone astray")
        if value > self.best + self.least or self.best_epoch < 0:
            self.best, self.best_epoch = float(value), self.epoch
            self._kept = {name: part.detach().clone() for name, part in self.net.state_dict().items()}
        return self.epoch - self.best_epoch >= self.patience

    def restore(self) -> None:
        """Put the best weights back into the net (nothing happens before the first number)."""
        if self._kept:
            self.net.load_state_dict(self._kept)
