"""Batch normalisation with the statistics of the batch at hand (BN adaptation)."""

from typing import Any

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from labelwright.errors import InputError


class BatchStatistics(nn.Module):
    """Let a net normalise by the mean and variance of each batch, in place of those that it learned.

    What it learned stays as it was. Everything else of the net works as in evaluation (no dropout), also in `train`.

    Parameters
    ----------
    net : Module
        With layers of batch normalisation.

    Raises
    ------
    InputError
        When there is no such layer.

    Notes
    -----
    Source: Schneider et al. (2020), Nado et al. (2020).

    Examples
    --------
    >>> import torch
    >>> net = nn.Sequential(nn.BatchNorm1d(2, affine=False))
    >>> BatchStatistics(net)(torch.tensor([[9.0, 0.0], [11.0, 0.0]])).round(decimals=2).tolist()
    [[-1.0, 0.0], [1.0, 0.0]]
    """

    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = net
        self.layers = batch_norms(net)
        self.train(False)

    def train(self, mode: bool = True) -> "BatchStatistics":
        """Stay as in evaluation, but for the layers of batch normalisation."""
        super().train(False)
        for layer in self.layers:
            # Training with no statistics to track: torch takes those of the batch and leaves the learned ones alone.
            layer.training, layer.track_running_stats = True, False
        return self

    def forward(self, x: Tensor, **options: Any) -> Any:
        """What the net gives for a batch of two or more."""
        if len(x) < 2:
            raise InputError(
                f"a batch of {len(x)} has no statistics; collect more items, or adapt without them"
            )
        return self.net(x, **options)


def batch_norms(net: nn.Module) -> list[Any]:
    """The layers of batch normalisation of a net.

    Raises
    ------
    InputError
        When there are none.
    """
    found = [layer for layer in net.modules() if isinstance(layer, _BatchNorm)]
    if not found:
        raise InputError(
            f"{type(net).__name__} has no batch normalisation whose statistics or scales could be adapted; "
            "take a net that has (SmallCNN(..., norm='batch')), or a method that changes predictions alone"
        )
    return found
