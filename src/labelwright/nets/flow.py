"""A conditional flow over soft labels: noise goes in, one labelling of each item comes out."""

import math

import torch
from torch import Tensor, nn

from labelwright.errors import InputError

MOST = 3.0  # of the logarithm of a gain: an item unlike all seen must not overflow


class Coupling(nn.Module):
    """Move half of a label by an amount that depends on the item and on the other half.

    ``new = s * old + b`` with ``log s = softsign(a) / 2``, so that s lies between 0.61 and 1.65. Both come from
    ``merge(silu(exp(w(x)) * h(kept) + b(x)))``: the item scales (by at most e^3) and shifts what a small net makes of
    the kept half.

    Parameters
    ----------
    d_in : int
        Numbers in an item.
    kept, moved : int
        Numbers in the half that stays and in the half that moves.
    hidden : int
        Width of the three branches.
    """

    def __init__(self, d_in: int, kept: int, moved: int, hidden: int):
        super().__init__()
        self.scale, self.shift, self.keep = (_branch(d, hidden) for d in (d_in, d_in, kept))
        self.norm = nn.BatchNorm1d(hidden, affine=False)
        self.merge = _quiet(nn.Linear(hidden, 2 * moved))

    def forward(self, x: Tensor, kept: Tensor, moved: Tensor) -> tuple[Tensor, Tensor]:
        """Return the half that moved (b, moved), and the logarithm of how much that stretched it (b,)."""
        gain = torch.exp(MOST * torch.tanh(self.scale(x) / MOST))
        joint = gain * self.norm(self.keep(kept)) + self.shift(x)
        amount, shift = self.merge(nn.functional.silu(joint)).chunk(2, dim=1)
        log_scale = nn.functional.softsign(amount) / 2
        return torch.exp(log_scale) * moved + shift, log_scale.sum(dim=1)


class LabelFlow(nn.Module):
    """Turn items and Gaussian noise into labels, and say how likely each label is (Lu et al., 2023).

    A step moves the second half of the classes given the first, then the first given the second.

    Parameters
    ----------
    d_in : int
        Numbers in an item; scale them to about unit size.
    classes : int
        At least 2.
    steps : int, default 8
    hidden : int, default 64

    Examples
    --------
    >>> flow = LabelFlow(5, classes=2, steps=2, hidden=8).eval()
    >>> tuple(flow(torch.zeros(3, 5 + 2)).shape)
    (3, 3)
    """

    def __init__(self, d_in: int, classes: int, steps: int = 8, hidden: int = 64):
        super().__init__()
        if classes < 2 or steps < 1:
            raise InputError(f"classes={classes} must be at least 2 and steps={steps} at least 1")
        self.classes, self.kept = classes, classes // 2
        halves = (self.kept, classes - self.kept)
        self.steps = nn.ModuleList(
            Coupling(d_in, *pair, hidden) for _ in range(steps) for pair in (halves, halves[::-1])
        )

    def forward(self, items: Tensor) -> Tensor:
        """Labels and their log-density, (b, classes + 1), of items with their noise in the last columns.

        `items` is (b, d_in + classes). The density is that of the generated label y given the item:
        ``log p(y) = log N(z; 0, I) - log |det dy/dz|``, in nats.
        """
        x, z = items[:, : -self.classes], items[:, -self.classes :]
        first, second = z[:, : self.kept], z[:, self.kept :]
        density = -0.5 * (z**2 + math.log(2 * math.pi)).sum(dim=1)
        for i, step in enumerate(self.steps):
            if i % 2 == 0:
                second, stretch = step(x, first, second)
            else:
                first, stretch = step(x, second, first)
            density = density - stretch
        return torch.cat([first, second, density[:, None]], dim=1)


def _branch(d_in: int, hidden: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(d_in, hidden), nn.BatchNorm1d(hidden), nn.SiLU(), _quiet(nn.Linear(hidden, hidden))
    )


def _quiet(layer: nn.Linear) -> nn.Linear:
    """Small weights and no offset, so that the flow begins close to the identity."""
    nn.init.normal_(layer.weight, std=0.01)
    nn.init.zeros_(layer.bias)
    return layer
