"""A net for small pictures."""

from typing import Any

from torch import Tensor, nn

from labelwright.errors import InputError


class SmallCNN(nn.Module):
    """Classify small pictures, such as 8x8 digits, 28x28 or 32x32, with convolutions.

    Two 3x3 convolutions a stage; stages halve the picture while it keeps 4 pixels and double the width (up to
    four times). By default groups of channels are normalised, not batches, so that a picture's logits do not depend
    on the others of its batch.

    Parameters
    ----------
    channels : int
        1 for grey, 3 for colour.
    classes : int
    size : int
        Height and width in pixels, at least 4.
    width : int, default 32
        Channels of the first stage; a multiple of 8.
    norm : {"group", "batch"}, default "group"
        "batch" learns statistics that `BatchStatistics` can replace by those of new data.

    Examples
    --------
    >>> import torch
    >>> net = SmallCNN(1, 10, size=8, width=16)
    >>> tuple(net(torch.zeros(5, 1, 8, 8)).shape)
    (5, 10)
    """

    def __init__(self, channels: int, classes: int, size: int, width: int = 32, *, norm: str = "group"):
        super().__init__()
        if norm not in ("group", "batch"):
            raise InputError(f"norm={norm!r} must be 'group' or 'batch'")
        if size < 4 or width < 8 or width % 8:
            raise InputError(f"size={size} and width={width}: size must be at least 4, width a multiple of 8")
        stages: list[nn.Module] = []
        before, after = channels, width
        while True:
            stages += [_convolution(before, after, norm), _convolution(after, after, norm)]
            before = after
            if size < 8:
                break
            stages.append(nn.MaxPool2d(2))
            size, after = size // 2, min(2 * after, 4 * width)
        self.stages = nn.Sequential(*stages)
        self.pool = nn.AdaptiveAvgPool2d(2)  # four quarters: where a stroke is tells digits apart
        self.out = nn.Linear(4 * before, classes)

    def forward(self, x: Tensor, *, return_features: bool = False) -> Any:
        """Logits (n, classes) of pictures (n, channels, size, size), and with `return_features` (n, d) too."""
        features = self.pool(self.stages(x)).flatten(1)
        logits = self.out(features)
        return (logits, features) if return_features else logits


def _convolution(before: int, after: int, norm: str) -> nn.Module:
    normalise = nn.GroupNorm(after // 8, after) if norm == "group" else nn.BatchNorm2d(after)
    return nn.Sequential(nn.Conv2d(before, after, 3, padding=1, bias=False), normalise, nn.ReLU())
