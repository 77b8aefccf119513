"""A classifier's last layer that changes with the balance of the classes, and a net whose logits are corrected."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from labelwright.errors import InputError


class AdaptedHead(nn.Module):
    """The last layer of a classifier with its input scaled and shifted, and its weights moved, by one number.

    ``logits = (W + dW) (gamma * h + beta) + b + db``, where gamma, beta, dW and db come from a network of one hidden
    layer that sees the degree of imbalance (`labelwright.parts.priors.degree`). Its last layer starts at zero, so that
    at first the logits are those of the classifier, to the bit. W and b are copies that are not trained.

    Parameters
    ----------
    head : nn.Linear
        The classifier's last layer.
    hidden : int, default 100
    delta_weights : bool, default True
        Whether dW is there. It takes ``hidden * classes * d`` weights, and ``classes * d`` numbers for each row of a
        batch in training.

    Notes
    -----
    Source: S014.

    Examples
    --------
    >>> head = AdaptedHead(nn.Linear(4, 3))
    >>> tuple(head(torch.zeros(5, 4 + 1)).shape)
    (5, 3)
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, head: nn.Linear, hidden: int = 100, *, delta_weights: bool = True):
        super().__init__()
        if hidden < 1:
            raise InputError(f"hidden={hidden} must be at least 1")
        self.classes, self.d = head.weight.shape
        self.delta_weights = delta_weights
        self.register_buffer("weight", head.weight.detach().clone())
        bias = head.weight.new_zeros(self.classes) if head.bias is None else head.bias.detach().clone()
        self.register_buffer("bias", bias)
        self.sizes = [self.d, self.d, self.classes] + [self.classes * self.d] * delta_weights
        self.body = nn.Sequential(nn.Linear(1, hidden), nn.ReLU())
        self.out = nn.Linear(hidden, sum(self.sizes))
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (b, classes) of features with the degree as one more column, (b, d + 1)."""
        features = x[:, :-1]
        scale, shift, bias, *weight = self.out(self.body(x[:, -1:])).split(self.sizes, dim=1)
        moved = (1 + scale) * features + shift
        logits = functional.linear(moved, self.weight, self.bias) + bias
        if weight:
            logits = logits + torch.einsum("bkd,bd->bk", weight[0].view(-1, self.classes, self.d), moved)
        return logits


class Corrected(nn.Module):
    """A net whose logits are corrected with the help of its last hidden layer.

    Parameters
    ----------
    net : Module
        Takes ``return_features=True``.
    correct : ``(logits, features) -> logits``
        Slopes flow through it.

    Examples
    --------
    >>> from labelwright.nets import MLP
    >>> net = Corrected(MLP(4, 2), lambda logits, features: logits + 1)
    >>> x = torch.zeros(1, 4)
    >>> bool(torch.allclose(net(x), net(x, return_features=True)[0] + 1))
    True
    """

    def __init__(self, net: nn.Module, correct: Callable[[Tensor, Tensor], Tensor]):
        super().__init__()
        self.net, self.correct = net, correct

    def forward(self, x: Tensor, *, return_features: bool = False) -> Any:
        """Corrected logits (b, k); with `return_features` the net's own logits and its features (b, d)."""
        logits, features = self.net(x, return_features=True)
        return (logits, features) if return_features else self.correct(logits, features)
