"""How fast a net learns: the optimiser of the house, and a rate that falls."""

import math
from collections.abc import Iterable

import torch

LAST = 0.01  # share of the rate that is left at the end and kept from there on


def adamw(parameters: Iterable[torch.nn.Parameter], lr: float = 2e-3) -> torch.optim.Optimizer:
    """Return the optimiser that `Epoch` uses by default: AdamW with weight decay 0.01.

    One rate serves all nets of this package.
    """
    return torch.optim.AdamW(parameters, lr=lr, weight_decay=0.01)


def cosine(done: float) -> float:
    """Share of the starting rate when the share `done` of training is over: half a cosine from 1 to 0.01.

    Examples
    --------
    >>> [round(cosine(done), 3) for done in (0, 0.5, 1, 2)]
    [1.0, 0.505, 0.01, 0.01]
    """
    return LAST + (1 - LAST) * (1 + math.cos(math.pi * min(done, 1.0))) / 2
