"""Layers that share their weights between tasks, and know for each task which of them matter (relevance maps)."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional

from labelwright.errors import InputError

STEEP = 100.0  # of the sigmoid that rounds a relevance


class RelevanceLayer(nn.Module, ABC):
    """Weights and, for each task, a mask of those that matter. An abstract base; there is no bias on purpose.

    A task in learning has a relevance in [0, 1] for each weight, rounded softly by ``sigmoid(100 (a - 1/2))``; a task
    that is closed has a mask of bool. `task` says whose mask counts.
    """

    weight: nn.Parameter
    masks: Tensor

    def __init__(self, shape: tuple[int, ...], tasks: int, spread: float):
        super().__init__()
        if tasks < 1:
            raise InputError(f"tasks={tasks} must be at least 1")
        self.weight = nn.Parameter(spread * torch.randn(shape))
        self.relevance = nn.Parameter(torch.rand(shape))
        self.register_buffer("masks", torch.zeros(tasks, *shape, dtype=torch.bool))
        self.task, self.closed = 0, 0

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Apply the weights under the mask of `task`."""

    @property
    def used(self) -> Tensor:
        """Weights that some closed task needs, a mask of bool."""
        return self.masks[: self.closed].any(dim=0)

    def masked(self) -> Tensor:
        """The weights as `task` sees them."""
        if self.task < self.closed:
            return torch.where(self.masks[self.task], self.weight, 0.0)
        if self.training:
            return self.weight * soft_round(self.relevance)
        return torch.where(self.relevance > 0.5, self.weight, 0.0)

    @torch.no_grad()
    def begin(self) -> None:
        """Start the next task: every weight matters with chance one half."""
        if self.closed >= len(self.masks):
            raise InputError(f"the layer was made for {len(self.masks)} tasks; make it for more")
        self.relevance.copy_(torch.rand_like(self.relevance))
        self.task = self.closed

    @torch.no_grad()
    def prune(self, weight_threshold: float = 1e-5, mask_threshold: float = 0.999999) -> None:
        """Leave out weights that do not clearly matter, or are next to 0; the largest stays in any case."""
        sure = soft_round(self.relevance)
        size = sure * self.weight.abs()
        keep = (sure > mask_threshold) & (size > weight_threshold)
        if not keep.any():
            keep = size == size.max()
        self.relevance[~keep] = 0.0

    @torch.no_grad()
    def close(self) -> None:
        """End the task in learning: what is relevant to it is held from now on."""
        self.masks[self.closed] = self.relevance > 0.5
        self.closed += 1


class RelevanceLinear(RelevanceLayer):
    """A linear layer with relevance maps: (b, d_in) -> (b, d_out).

    Parameters
    ----------
    d_in, d_out : int
    tasks : int, default 10
        At most so many; each takes a byte a weight.
    spread : float, default 0.2
        Standard deviation of the first weights.

    Notes
    -----
    Source: S115.

    Examples
    --------
    >>> layer = RelevanceLinear(4, 3)
    >>> layer.begin()
    >>> layer.close()
    >>> tuple(layer(torch.zeros(2, 4)).shape), bool((layer.used == layer.masks[0]).all())
    ((2, 3), True)
    """

    def __init__(self, d_in: int, d_out: int, tasks: int = 10, *, spread: float = 0.2):
        super().__init__((d_out, d_in), tasks, spread)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the weights under the mask of `task`."""
        return functional.linear(x, self.masked())


class RelevanceConv2d(RelevanceLayer):
    """A convolution with relevance maps: (b, before, height, width) -> (b, after, height, width).

    Parameters
    ----------
    before, after : int
        Channels.
    kernel : int, default 3
        Odd; the picture keeps its size.
    tasks : int, default 10
    spread : float, default 0.1
        Standard deviation of the first weights.

    Examples
    --------
    >>> layer = RelevanceConv2d(1, 4)
    >>> tuple(layer(torch.zeros(2, 1, 8, 8)).shape)
    (2, 4, 8, 8)
    """

    def __init__(self, before: int, after: int, kernel: int = 3, tasks: int = 10, *, spread: float = 0.1):
        super().__init__((after, before, kernel, kernel), tasks, spread)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the weights under the mask of `task`."""
        return functional.conv2d(x, self.masked(), padding=self.weight.shape[-1] // 2)


def soft_round(relevance: Tensor) -> Tensor:
    """Nearly 0 below one half and nearly 1 above, with a slope: ``sigmoid(100 (a - 1/2))``.

    Examples
    --------
    >>> soft_round(torch.tensor([0.0, 0.5, 1.0])).tolist()
    [1.9287498933537385e-22, 0.5, 1.0]
    """
    return torch.sigmoid(STEEP * (relevance - 0.5))


def relevance_layers(net: nn.Module) -> list[RelevanceLayer]:
    """The layers with relevance maps of a net that has nothing else to train.

    Raises
    ------
    InputError
        When another parameter, such as a bias, would be shared by the tasks without a mask, and so forget.
    """
    found = [part for part in net.modules() if isinstance(part, RelevanceLayer)]
    held = {id(p) for layer in found for p in layer.parameters()}
    loose = [name for name, p in net.named_parameters() if id(p) not in held]
    if loose or not found:
        what = f"{loose[0]} is shared by all tasks and has no mask" if loose else "it has no RelevanceLinear"
        raise InputError(
            f"{type(net).__name__} would forget: {what}; build it of RelevanceLinear and RelevanceConv2d alone"
        )
    return found
