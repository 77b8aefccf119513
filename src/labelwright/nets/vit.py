"""A net for small pictures that shows where it looks."""

from typing import Any

import torch
from torch import Tensor, nn

from labelwright.errors import InputError
from labelwright.nets.attention import Encoder, answer


class SmallViT(nn.Module):
    """Classify small pictures by attention between their patches.

    A picture is cut into square patches; each becomes a token, a class token stands in front, and the class is
    read off the class token after `depth` blocks.

    Parameters
    ----------
    size : int
        Height and width of the pictures in pixels.
    patch : int
        Side of a patch; divides `size`.
    channels : int
        1 for grey, 3 for colour.
    classes : int
    dim : int, default 64
        Width of a token; a multiple of `heads`.
    depth : int, default 4
    heads : int, default 4
    dropout : float in [0, 1), default 0.0

    Examples
    --------
    >>> net = SmallViT(8, patch=2, channels=1, classes=10)
    >>> logits, attention = net(torch.zeros(5, 1, 8, 8), return_attention=True)
    >>> tuple(logits.shape), tuple(attention.shape)
    ((5, 10), (5, 4, 4, 17, 17))
    """

    def __init__(
        self, size: int, patch: int, channels: int, classes: int,
        dim: int = 64, depth: int = 4, heads: int = 4, dropout: float = 0.0,
    ):  # fmt: skip
        super().__init__()
        if patch < 1 or size % patch:
            raise InputError(f"patch={patch} must divide size={size}")
        self.patch = patch
        self.embed = nn.Linear(channels * patch**2, dim)
        self.front = nn.Parameter(0.02 * torch.randn(1, 1, dim))
        # Places as large as patches of pixels: with the customary 0.02 small data learn ten epochs later.
        self.place = nn.Parameter(0.3 * torch.randn(1, 1 + (size // patch) ** 2, dim))
        self.encoder = Encoder(dim, depth, heads, dropout)
        self.out = nn.Linear(dim, classes)

    def forward(self, x: Tensor, *, return_features: bool = False, return_attention: bool = False) -> Any:
        """Logits (n, classes) of pictures (n, channels, size, size); more in a tuple where asked for.

        `return_features` adds the class token (n, dim). `return_attention` adds the attention
        (n, depth, heads, 1 + patches, 1 + patches), ``[.., from, to]`` with rows that sum to 1; token 0 is the
        class token, then the patches row by row. Without it a faster path gives the same logits up to rounding.
        """
        n, c, h, w = x.shape
        p = self.patch
        patches = x.reshape(n, c, h // p, p, w // p, p).permute(0, 2, 4, 1, 3, 5).reshape(n, -1, c * p * p)
        tokens = torch.cat([self.front.expand(n, -1, -1), self.embed(patches)], dim=1) + self.place
        tokens, maps = self.encoder(tokens, weigh=return_attention)
        features = tokens[:, 0]
        return answer(self.out(features), features, maps, return_features)
