"""A net for short texts as numbered words."""

from typing import Any

import torch
from torch import Tensor, nn

from labelwright.errors import InputError
from labelwright.nets.attention import Encoder, answer


class TextTransformer(nn.Module):
    """Classify texts, given as padded ids of words, by attention between the words.

    A class token stands in front of the words; the features are the mean of all tokens that are no padding.
    Padding is not looked at: more of it changes nothing, and a text of padding alone gets the same logits as
    any other such text.

    Parameters
    ----------
    vocabulary : int
        Number of different ids; 0 is padding. ``len(WordTokens)`` gives it.
    classes : int
    dim : int, default 64
        Width of a token; a multiple of `heads`.
    depth : int, default 2
    heads : int, default 4
    length : int, default 128
        Largest number of words in a text.
    dropout : float in [0, 1), default 0.1

    Examples
    --------
    >>> net = TextTransformer(vocabulary=100, classes=2, length=8)
    >>> tuple(net(torch.tensor([[5, 9, 0], [7, 0, 0]])).shape)
    (2, 2)
    """

    def __init__(
        self, vocabulary: int, classes: int, dim: int = 64, depth: int = 2, heads: int = 4,
        length: int = 128, dropout: float = 0.1,
    ):  # fmt: skip
        super().__init__()
        self.length = length
        self.embed = nn.Embedding(vocabulary, dim, padding_idx=0)
        self.front = nn.Parameter(0.02 * torch.randn(1, 1, dim))
        self.place = nn.Parameter(0.1 * torch.randn(1, length, dim))
        self.encoder = Encoder(dim, depth, heads, dropout)
        self.out = nn.Linear(dim, classes)

    def forward(self, x: Tensor, *, return_features: bool = False, return_attention: bool = False) -> Any:
        """Logits (n, classes) of ids (n, t), t up to `length`; more in a tuple where asked for.

        `return_features` adds the mean token (n, dim), `return_attention` the attention
        (n, depth, heads, 1 + t, 1 + t), whose token 0 is the class token.
        """
        n, t = x.shape
        if t > self.length:
            raise InputError(f"x has {t} words a text, more than length={self.length}; cut them off first")
        words = self.embed(x) + self.place[:, :t]
        tokens = torch.cat([self.front.expand(n, -1, -1), words], dim=1)
        seen = torch.cat([torch.ones_like(x[:, :1], dtype=torch.bool), x != 0], dim=1)
        tokens, maps = self.encoder(tokens, seen, weigh=return_attention)
        share = seen.to(tokens.dtype)[:, :, None]
        features = (tokens * share).sum(dim=1) / share.sum(dim=1)
        return answer(self.out(features), features, maps, return_features)
