"""Layers in which tokens look at each other, shared by the nets for pictures and for text."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from labelwright.errors import InputError


class Attention(nn.Module):
    """Let each token gather from the others: ``softmax(q k' / sqrt(d)) v`` in several heads.

    Parameters
    ----------
    dim : int
        Width of a token; a multiple of `heads`.
    heads : int
    """

    def __init__(self, dim: int, heads: int):
        super().__init__()
        if dim % heads:
            raise InputError(f"dim={dim} must be a multiple of heads={heads}")
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = _silent(nn.Linear(dim, dim))

    def forward(
        self, x: Tensor, seen: Tensor | None = None, *, weigh: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """Return new tokens (n, t, dim) and, with `weigh`, the weights (n, heads, t, t), rows summing to 1.

        `seen` (n, t) is True for the tokens that may be looked at.
        """
        n, t, dim = x.shape
        q, k, v = self.qkv(x).reshape(n, t, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        mask = None if seen is None else seen[:, None, None, :]
        weights = None
        if weigh:
            dots = q @ k.transpose(-2, -1) / (dim // self.heads) ** 0.5
            if mask is not None:
                dots = dots.masked_fill(~mask, -torch.inf)
            weights = dots.softmax(dim=-1)
            mixed = weights @ v
        else:
            mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.out(mixed.transpose(1, 2).reshape(n, t, dim)), weights


class Encoder(nn.Module):
    """A stack of blocks, each attention and then a two-layer net, normalised before and added to their input.

    Parameters
    ----------
    dim, depth, heads : int
        Width of a token, number of blocks, heads of each.
    dropout : float in [0, 1), default 0.0
        On what each half of a block adds.
    """

    def __init__(self, dim: int, depth: int, heads: int, dropout: float = 0.0):
        super().__init__()
        self.attention = nn.ModuleList(Attention(dim, heads) for _ in range(depth))
        self.mix = nn.ModuleList(
            nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), _silent(nn.Linear(4 * dim, dim)))
            for _ in range(depth)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(2 * depth))
        self.last = nn.LayerNorm(dim)
        self.drop = nn.Dropout(dropout)

    def forward(
        self, x: Tensor, seen: Tensor | None = None, *, weigh: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """Return tokens (n, t, dim) and, with `weigh`, the attention of all blocks (n, depth, heads, t, t)."""
        maps = []
        for i, (attention, mix) in enumerate(zip(self.attention, self.mix)):
            gathered, weights = attention(self.norms[2 * i](x), seen, weigh=weigh)
            x = x + self.drop(gathered)
            x = x + self.drop(mix(self.norms[2 * i + 1](x)))
            maps.append(weights)
        return self.last(x), torch.stack(maps, dim=1) if weigh else None


def answer(logits: Tensor, features: Tensor, maps: Tensor | None, return_features: bool) -> Tensor | tuple:
    """Logits alone, or a tuple of them and what else was asked for, features first."""
    more = ([features] if return_features else []) + ([] if maps is None else [maps])
    return (logits, *more) if more else logits


def _silent(layer: nn.Linear) -> nn.Linear:
    """Zero the layer: blocks that add nothing at first let small data learn several epochs earlier."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
