"""What a step of training makes small: losses of a batch, one number per row."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from labelwright.errors import InputError
from labelwright.nets.checks import as_targets
from labelwright.nets.views import View

Loss = Callable[..., Tensor]
Answer = Callable[[np.ndarray, np.ndarray], ArrayLike]


@dataclass(frozen=True)
class Objective:
    """``1 / V * sum_v loss(net(view_v(x)), q) + sum_t a_t * term_t(net(weak(x)))`` for each row x of a batch.

    Parameters
    ----------
    views : sequence of View
        The weak one, then the strong ones.
    loss : ``(logits, targets) -> (b,)``
    terms : sequence of (``(logits) -> (b,)``, float)
    weak_too : bool
        Whether the weak view learns from the targets as well.
    link : ``logits -> probs``
    groups : Tensor (n,) or None
        The group of every row of the data.
    """

    views: Sequence[View]
    loss: Loss
    terms: Sequence[tuple[Loss, float]]
    weak_too: bool
    link: Callable[[Tensor], Tensor]
    groups: Tensor | None

    def __post_init__(self) -> None:
        if len(self.views) < 2:
            raise InputError(
                f"views has {len(self.views)} entries, expected a weak one and at least one strong one"
            )
        for part in (self.loss, *(term for term, _ in self.terms)):
            asked = inspect.signature(part).parameters.get("groups")
            if asked is not None and asked.default is asked.empty and self.groups is None:
                raise InputError(
                    f"{_name(part)} looks at groups; say with groups= which rows belong together"
                )

    def __call__(
        self, net: Any, x: Tensor, rows: Tensor, targets: np.ndarray | Answer, generator: torch.Generator
    ) -> Tensor:
        """Losses (b,) of the batch `x` (b, ...), whose rows of the data are `rows` (b,).

        `targets` (b, k) are those of the batch, or a callable that makes them from the numbers of the rows and the
        weak view's probabilities.
        """
        weak, taught = self._logits(net, x, callable(targets), generator)
        if callable(targets):
            with torch.no_grad():
                probs = self.link(weak.detach().float()).cpu().numpy()  # type: ignore[union-attr]
            targets = as_targets(targets(rows.cpu().numpy(), probs), len(rows))
        wanted = torch.from_numpy(targets).to(x.device)
        if wanted.shape != taught[0].shape:
            raise InputError(
                f"targets have {wanted.shape[1]} columns, the net gives {tuple(taught[0].shape)[1:]}; "
                "they must match"
            )
        losses = torch.stack([self._each(self.loss, rows, logits, wanted) for logits in taught]).mean(dim=0)
        for term, factor in self.terms:
            losses = losses + factor * self._each(term, rows, weak)
        return losses

    def _logits(
        self, net: Any, x: Tensor, asked: bool, generator: torch.Generator
    ) -> tuple[Tensor | None, list[Tensor]]:
        """Logits of the weak view (None where nobody needs them), and of the views that learn from targets."""
        learns = bool(self.weak_too or self.terms)
        weak = None
        if asked and not learns:
            with torch.no_grad():
                weak = net(self.views[0](x, generator))
        seen = [view(x, generator) for view in (self.views if learns else self.views[1:])]
        logits = list(net(torch.cat(seen)).chunk(len(seen)))  # one pass, as a net may look across its batch
        if not learns:
            return weak, logits
        return logits[0], logits if self.weak_too else logits[1:]

    def _each(self, part: Loss, rows: Tensor, *arguments: Any) -> Tensor:
        """Call a loss with what it asks for, and see that it gives one number per row."""
        names = inspect.signature(part).parameters
        more = {}
        if "rows" in names:
            more["rows"] = rows
        if "groups" in names and self.groups is not None:
            more["groups"] = self.groups[rows.cpu()].to(rows.device)
        found = part(*arguments, **more)
        if tuple(found.shape) != (len(rows),):
            raise InputError(
                f"{_name(part)} returned shape {tuple(found.shape)} for {len(rows)} rows, "
                "expected one number per row (do not average)"
            )
        return found


def _name(part: Any) -> str:
    return getattr(part, "__name__", repr(part))
