"""Nets that look at what an expert said before, and at an item."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from labelwright.nets import MLP
from labelwright.nets.attention import Encoder


class Points(NamedTuple):
    """What is known of E experts, padded to C points each: x (E, C, d), y, right, seen (E, C)."""

    x: Tensor
    y: Tensor
    right: Tensor
    seen: Tensor


class ContextEncoder(nn.Module):
    """Describe each expert by the points of its context, for each item where it attends.

    Parameters
    ----------
    width : int
        Features of an item.
    classes, hidden : int
    attend : bool
        False: a net on each point, and the mean. True: points look at each other, and the item at the points.
    """

    def __init__(self, width: int, classes: int, hidden: int, attend: bool, heads: int = 4):
        super().__init__()
        self.hidden, self.heads, self.attend = hidden, heads, attend
        self.truth, self.right = nn.Embedding(classes, hidden), nn.Embedding(2, hidden)
        self.point = nn.Sequential(
            nn.Linear(width + 2 * hidden, hidden), nn.ReLU(),
            nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, hidden),
        )  # fmt: skip
        if attend:
            self.among = Encoder(hidden, depth=1, heads=heads)
            # One projection for items and points, a rotation at first: like looks at like before anything is learned.
            turn = nn.Linear(width, hidden, bias=False)
            nn.init.orthogonal_(turn.weight)
            self.like = nn.Sequential(nn.LayerNorm(width), turn)
            self.offer, self.norm = nn.Linear(hidden, hidden), nn.LayerNorm(hidden)

    def forward(self, items: Tensor, known: Tensor, points: Points) -> Tensor:
        """Describe experts (b, E, hidden) from features of items (b, width) and of context points (E, C, width)."""
        told = torch.cat([known, self.truth(points.y), self.right(points.right)], dim=2)
        each, seen = self.point(told), points.seen
        if not self.attend:
            share = seen[:, :, None].to(each.dtype)
            mean = (each * share).sum(dim=1) / share.sum(dim=1)
            return mean.expand(len(items), -1, -1)
        each, _ = self.among(each, seen)
        query = self.like(items)
        q, k, v = (self._heads(part) for part in (query[None], self.like(known), self.offer(each)))
        found = nn.functional.scaled_dot_product_attention(
            q.expand(len(each), -1, -1, -1), k, v, attn_mask=seen[:, None, None, :]
        )
        return self.norm(query[:, None] + found.permute(2, 0, 1, 3).flatten(2))

    def _heads(self, tokens: Tensor) -> Tensor:
        """(E, t, hidden) as (E, heads, t, hidden / heads)."""
        return tokens.unflatten(2, (self.heads, -1)).transpose(1, 2)


class ExpertScorer(nn.Module):
    """One number for each item and expert; without an encoder the same for all experts."""

    def __init__(self, width: int, hidden: int, encoder: ContextEncoder | None):
        super().__init__()
        self.encoder = encoder
        self.head = nn.Sequential(
            nn.Linear(width + (hidden if encoder else 0), hidden), nn.ReLU(), nn.Linear(hidden, 1)
        )

    def forward(self, items: Tensor, known: Tensor, points: Points) -> Tensor:
        """Scores (b, E)."""
        if self.encoder is None:
            return self.head(items).expand(-1, len(known))
        psi = self.encoder(items, known, points)
        return self.head(torch.cat([items[:, None].expand(-1, len(known), -1), psi], dim=2))[:, :, 0]


class ExpertNet(nn.Module):
    """A classifier's body, and a scorer of experts on its features; `show` says which experts.

    Parameters
    ----------
    body : MLP
    scorer : ExpertScorer
    answers : bool
        False: scores (b, E), and the body stays as it is. True: for each expert the classes' logits and the score,
        (b, E * (k + 1)), and the body learns, though not through the contexts.
    """

    def __init__(self, body: MLP, scorer: ExpertScorer, answers: bool):
        super().__init__()
        self.body, self.scorer, self.answers = body, scorer, answers
        self.body.requires_grad_(answers)
        self.points: Points | None = None

    def show(self, points: Points | None) -> None:
        """Say which experts the next items are about."""
        self.points = points

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        assert self.points is not None
        points = Points(*(part.to(x.device) for part in self.points))
        logits, items = self.body(x, return_features=True)
        with torch.no_grad():
            _, known = self.body(points.x.flatten(0, 1), return_features=True)
        scores = self.scorer(items, known.reshape(*points.y.shape, -1), points)
        if not self.answers:
            return scores
        classes = logits[:, None].expand(-1, scores.shape[1], -1)
        return torch.cat([classes, scores[:, :, None]], dim=2).flatten(1)
