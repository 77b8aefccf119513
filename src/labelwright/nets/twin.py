"""A net that sees two items at once."""

from typing import Any

import torch
from torch import Tensor, nn


class Twin(nn.Module):
    """Run one net on both items of a pair and measure how far apart their features are.

    Parameters
    ----------
    net : Module
        Gives logits, and with ``return_features=True`` also the last hidden layer, as all nets of this package do.

    Examples
    --------
    >>> from labelwright.nets import MLP
    >>> tuple(Twin(MLP(8, 3))(torch.zeros(5, 2, 8)).shape)
    (5, 7)
    """

    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = net

    def forward(self, pairs: Tensor) -> Any:
        """Logits of the first items, of the second, and the distances: (n, 2, ...) -> (n, 2 k + 1)."""
        logits, features = self.net(torch.cat([pairs[:, 0], pairs[:, 1]]), return_features=True)
        n = len(pairs)
        # The norm, not a root of a sum: its slope is 0, not infinite, where both items are the same.
        far = torch.linalg.vector_norm((features[:n] - features[n:]).flatten(1), dim=1)
        return torch.cat([logits[:n], logits[n:], far[:, None]], dim=1)
