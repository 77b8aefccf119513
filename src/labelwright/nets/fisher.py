"""How much a net's predictions depend on each of its weights."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

BLOCK = 64  # items whose slopes are held at once


def fisher(net: nn.Module, items: Tensor, generator: torch.Generator) -> Mapping[str, Tensor]:
    """Diagonal of the Fisher information: the mean squared slope of the log-probability of a class the net draws.

    Parameters
    ----------
    net : Module
        Gives logits; taken as it is.
    items : Tensor (n, ...)
    generator : torch.Generator
        Draws a class for each item, from the net's own probabilities.

    Returns
    -------
    mapping of str to Tensor
        For each parameter of the net, in its shape, at least 0; 0 where the logits do not depend on it.

    Examples
    --------
    >>> net = nn.Linear(1, 2, bias=False)
    >>> found = fisher(net, torch.tensor([[0.0], [0.0]]), torch.Generator())
    >>> found["weight"].tolist()
    [[0.0], [0.0]]
    """
    from torch.func import functional_call, grad, vmap

    weights = {name: part.detach() for name, part in net.named_parameters()}

    def said(values: Mapping[str, Tensor], item: Tensor, drawn: Tensor) -> Tensor:
        logits = functional_call(net, dict(values), (item[None],))[0]
        return logits.log_softmax(dim=0).gather(0, drawn[None])[0]

    slopes = vmap(grad(said), in_dims=(None, 0, 0))
    total = {name: torch.zeros_like(part) for name, part in weights.items()}
    for block in items.split(BLOCK):
        with torch.no_grad():
            probs = net(block).softmax(dim=1)
        drawn = torch.multinomial(probs.to(generator.device), 1, generator=generator)[:, 0].to(block.device)
        for name, slope in slopes(weights, block, drawn).items():
            total[name] += slope.detach().square().sum(dim=0)
    return {name: part / max(len(items), 1) for name, part in total.items()}
