"""Keep some weights where they are while an optimiser moves the others."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

Held = Sequence[tuple[torch.nn.Parameter, Tensor]]


def hold(optimizer: torch.optim.Optimizer, held: Callable[[], Held]) -> torch.optim.Optimizer:
    """Let every step of an optimiser leave the weights under a mask as they were, to the bit.

    A gradient of zero is not enough: momentum and weight decay would move them.

    Parameters
    ----------
    optimizer : Optimizer
        Gets two hooks, and is returned.
    held : callable
        Asked before each step; gives parameters with a mask of bool of their shape, True where they stay.

    Examples
    --------
    >>> w = torch.nn.Parameter(torch.ones(2))
    >>> sgd = hold(torch.optim.SGD([w], lr=1.0), lambda: [(w, torch.tensor([True, False]))])
    >>> w.sum().backward()
    >>> sgd.step()
    >>> w.tolist()
    [1.0, 0.0]
    """
    kept: list[tuple[torch.nn.Parameter, Tensor, Tensor]] = []

    def before(*_: Any) -> None:
        kept[:] = [(part, mask, part.detach()[mask].clone()) for part, mask in held()]

    def after(*_: Any) -> None:
        with torch.no_grad():
            for part, mask, values in kept:
                part[mask] = values

    optimizer.register_step_pre_hook(before)
    optimizer.register_step_post_hook(after)
    return optimizer
