"""A linear layer that learns by a product of two thin matrices."""

import torch
from torch import Tensor, nn


class LowRank(nn.Module):
    """A fixed linear layer beside a correction of low rank (LoRA): ``x W + x B A + b``.

    B (d, r) begins at 0 and A (r, k) as Gaussian numbers of variance 1 / r, so that the layer first is what it was.
    A small step on B then moves W by the gradient times A^T A, which on average is the identity. Only A and B are
    trained.

    Parameters
    ----------
    layer : Linear
        Copied; W is its weight, transposed.
    rank : int, default 4
        At least 1.
    random_state : int, default 0

    Examples
    --------
    >>> layer = LowRank(nn.Linear(8, 3), rank=2)
    >>> tuple(layer.down.shape), tuple(layer.up.shape)
    ((8, 2), (2, 3))
    """

    def __init__(self, layer: nn.Linear, rank: int = 4, random_state: int = 0):
        super().__init__()
        self.base = nn.Linear(layer.in_features, layer.out_features, bias=layer.bias is not None)
        self.base.load_state_dict(layer.state_dict())
        self.base.requires_grad_(False)
        self.rank = rank
        self.down = nn.Parameter(torch.zeros(layer.in_features, rank))
        self.up = nn.Parameter(torch.empty(rank, layer.out_features))
        self.generator = torch.Generator().manual_seed(random_state)
        self._begin()

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, k) of features (n, d)."""
        return self.base(x) + x @ self.down @ self.up

    def merge(self) -> None:
        """Add the correction to the layer and begin a new one; what the layer gives stays the same."""
        with torch.no_grad():
            self.base.weight += (self.down @ self.up).T
        self._begin()

    def _begin(self) -> None:
        with torch.no_grad():
            self.down.zero_()
            drawn = torch.randn(self.up.shape, generator=self.generator) / self.rank**0.5
            self.up.copy_(drawn)
