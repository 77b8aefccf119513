"""One net for several tasks: a shared body, and a last layer for each."""

from typing import Any

import torch
from torch import Tensor, nn

from labelwright.errors import InputError


class TaskNet(nn.Module):
    """Classify items of several tasks with shared hidden layers and a last layer of each task's own.

    Parameters
    ----------
    body : Module
        Items to features (b, d).
    d : int
        Width of the features.

    Attributes
    ----------
    task : int or None
        Whose logits come out; None joins those of all tasks, one after the other. Layers with a `task` of their own
        inside the body (`RelevanceLinear`) follow it.

    Examples
    --------
    >>> net = TaskNet(nn.Linear(4, 8), 8)
    >>> net.add(2), net.add(3)
    (0, 1)
    >>> joined = tuple(net(torch.zeros(5, 4)).shape)
    >>> joined, tuple(net.at(1)(torch.zeros(5, 4)).shape)
    ((5, 5), (5, 3))
    """

    def __init__(self, body: nn.Module, d: int):
        super().__init__()
        self.body, self.d, self.heads = body, d, nn.ModuleList()
        self.task: int | None = None

    def add(self, classes: int) -> int:
        """Add the last layer of a further task, and return the number of that task."""
        self.heads.append(nn.Linear(self.d, classes))
        return len(self.heads) - 1

    def at(self, task: int | None) -> "TaskNet":
        """Turn to a task, and return the net."""
        if task is not None and not 0 <= task < len(self.heads):
            raise InputError(f"task={task} is not there; the net has {len(self.heads)} tasks")
        self.task = task
        for part in self.body.modules():
            if task is not None and hasattr(part, "task"):
                setattr(part, "task", task)  # noqa: B010 - a Module types its attributes
        return self

    def forward(self, x: Tensor, *, return_features: bool = False) -> Any:
        """Logits (b, classes of the task), and with `return_features` the features (b, d) too."""
        features = self.body(x)
        heads = self.heads if self.task is None else [self.heads[self.task]]
        logits = torch.cat([head(features) for head in heads], dim=1)
        return (logits, features) if return_features else logits
