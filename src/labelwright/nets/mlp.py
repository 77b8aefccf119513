"""A net for rows of numbers."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from torch import Tensor, nn


class MLP(nn.Module):
    """Classify rows of numbers with fully connected layers.

    Each hidden layer is linear, ReLU and dropout. Without hidden layers it is multinomial logistic regression.
    Items of more dimensions, such as pictures, are flattened.

    Parameters
    ----------
    d_in : int
        Numbers in an item; scale them to about unit size.
    classes : int
    hidden : sequence of int, default (128, 128)
        Width of each hidden layer.
    dropout : float in [0, 1), default 0.0

    Examples
    --------
    >>> import torch
    >>> net = MLP(64, 10)
    >>> logits, features = net(torch.zeros(5, 64), return_features=True)
    >>> tuple(logits.shape), tuple(features.shape)
    ((5, 10), (5, 128))
    """

    def __init__(self, d_in: int, classes: int, hidden: Sequence[int] = (128, 128), dropout: float = 0.0):
        super().__init__()
        widths = [d_in, *hidden]
        self.hidden = nn.Sequential(
            *(
                nn.Sequential(nn.Linear(before, after), nn.ReLU(), nn.Dropout(dropout))
                for before, after in pairwise(widths)
            )
        )
        self.out = nn.Linear(widths[-1], classes)

    def forward(self, x: Tensor, *, return_features: bool = False) -> Any:
        """Logits (n, classes), and with `return_features` also the last hidden layer (n, hidden[-1])."""
        features = self.hidden(x.flatten(1))
        logits = self.out(features)
        return (logits, features) if return_features else logits
