"""The net in torch, as it is trained; `forward` is the same in NumPy."""

from itertools import pairwise

import torch
from torch import Tensor, nn

WIDTHS = (3, 8, 8, 8, 32)
SLOPE = 0.01  # of the leaky ReLU below 0


class Mixing(nn.Module):
    """A vote's new vector, from its own, the mean of its item, that of its source, and that of all."""

    def __init__(self, before: int, after: int):
        super().__init__()
        self.own = nn.Linear(before, after)
        self.item, self.source, self.all = (nn.Linear(before, after, bias=False) for _ in range(3))

    def forward(self, h: Tensor, places: list[Tensor], counts: list[Tensor]) -> Tensor:
        """Vectors (votes, before) to vectors (votes, after); `places`: the item, source and matrix of each."""
        mixed = self.own(h)
        for layer, place, count in zip((self.item, self.source, self.all), places, counts):
            mixed = mixed + layer(means(h, place, count))[place]
        return nn.functional.leaky_relu(mixed, SLOPE)


class HyperNet(nn.Module):
    """Votes (b, n, m), 1 for a class, -1 against it, 0 where there is none, to logits of it (b, n)."""

    def __init__(self) -> None:
        super().__init__()
        self.mixing = nn.ModuleList(Mixing(a, b) for a, b in pairwise(WIDTHS))
        d = WIDTHS[-1]
        self.head = nn.ModuleList([nn.Linear(d, d), nn.Linear(d, d), nn.Linear(d, 1)])

    def forward(self, x: Tensor) -> Tensor:
        """Logits (b, n)."""
        b, n, m = x.shape
        matrix, row, column = x.nonzero(as_tuple=True)
        places = [matrix * n + row, matrix * m + column, matrix]
        counts = [torch.bincount(place, minlength=size) for place, size in zip(places, (b * n, b * m, b))]
        # How much an item and a source were heard says how far to trust their means, up to what was trained on.
        heard = [torch.log(count.clamp(1, most).to(x.dtype)) for count, most in zip(counts, (20, 200))]
        h = torch.stack([x[matrix, row, column], heard[0][places[0]], heard[1][places[1]]], dim=1)
        for layer in self.mixing:
            h = layer(h, places, counts)
        h = means(h, places[0], counts[0])
        for layer in self.head[:-1]:
            h = nn.functional.leaky_relu(layer(h), SLOPE)
        return self.head[-1](h).view(b, n)


def means(h: Tensor, place: Tensor, count: Tensor) -> Tensor:
    """Mean vector of the votes at each place: (places, d); 0 where there are none."""
    sums = h.new_zeros(len(count), h.shape[1]).index_add_(0, place, h)
    return sums / count.clamp(min=1)[:, None]
