"""A net for items that are linked, such as documents that cite each other."""

from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn

from labelwright.errors import InputError


def normalised(adjacency: Any) -> Tensor:
    """Prepare a graph for `GCN`: ``D^-1/2 (A + I) D^-1/2`` with D the row sums of A + I.

    Parameters
    ----------
    adjacency : scipy sparse matrix or array (n, n)
        Weight of each link, at least 0; symmetric for an undirected graph. Nodes without links keep themselves.

    Returns
    -------
    Tensor (n, n), sparse, float32

    Raises
    ------
    InputError
        When it is not square, or holds negative or non-finite weights.

    Source: Kipf and Welling, "Semi-supervised classification with graph convolutional networks", ICLR 2017.

    Examples
    --------
    >>> normalised(np.array([[0, 1], [1, 0]])).to_dense()
    tensor([[0.5000, 0.5000],
            [0.5000, 0.5000]])
    """
    links = sparse.csr_array(adjacency, dtype=np.float64)
    if links.ndim != 2 or links.shape[0] != links.shape[1]:
        raise InputError(f"adjacency has shape {links.shape}, expected (nodes, nodes)")
    wrong = np.flatnonzero(~np.isfinite(links.data) | (links.data < 0))
    if len(wrong):
        found = links.tocoo()
        row, column = int(found.coords[0][wrong[0]]), int(found.coords[1][wrong[0]])
        raise InputError(
            f"adjacency[{row}, {column}] is {links.data[wrong[0]]:.4g}; weights of links must be finite and at least 0"
        )
    with_self = links + sparse.eye_array(links.shape[0], format="csr")
    scale = sparse.diags_array(1 / np.sqrt(with_self.sum(axis=1)))
    table = (scale @ with_self @ scale).tocoo()
    places = torch.from_numpy(np.stack(table.coords).astype(np.int64))
    values = torch.from_numpy(table.data.astype(np.float32))
    return torch.sparse_coo_tensor(places, values, table.shape, check_invariants=True).coalesce()


class GCN(nn.Module):
    """Classify the nodes of a graph from their features and their neighbours' (Kipf and Welling, 2017).

    Each layer is ``A H W + b`` with A from `normalised`; ReLU and dropout stand between layers.

    Parameters
    ----------
    d_in : int
        Features of a node.
    classes : int
    hidden : int, default 64
        Width of the hidden layer.
    dropout : float in [0, 1), default 0.5
        Before each layer.

    See Also
    --------
    Nodes : puts features and graph into the net, so that `Epoch` can train it.

    Examples
    --------
    >>> net = GCN(3, 2, hidden=8)
    >>> tuple(net(torch.zeros(2, 3), normalised([[0, 1], [1, 0]])).shape)
    (2, 2)
    """

    def __init__(self, d_in: int, classes: int, hidden: int = 64, dropout: float = 0.5):
        super().__init__()
        self.first = nn.Linear(d_in, hidden, bias=False)
        self.shift = nn.Parameter(torch.zeros(hidden))
        self.out = nn.Linear(hidden, classes, bias=False)
        self.out_shift = nn.Parameter(torch.zeros(classes))
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, adjacency: Tensor, *, return_features: bool = False) -> Any:
        """Logits (n, classes) of all nodes from `x` (n, d_in); with `return_features` also (n, hidden)."""
        features = torch.relu(torch.sparse.mm(adjacency, self.first(self.drop(x))) + self.shift)
        logits = torch.sparse.mm(adjacency, self.out(self.drop(features))) + self.out_shift
        return (logits, features) if return_features else logits


class Nodes(nn.Module):
    """Make a graph net take the numbers of nodes, as `Epoch` hands out batches of rows.

    Each call computes the whole graph and returns the rows asked for, so use large batches.

    Parameters
    ----------
    net : module taking (x, adjacency)
    x : array or Tensor (n, d)
        Features of all nodes.
    adjacency : Tensor (n, n)
        From `normalised`.

    Examples
    --------
    >>> net = Nodes(GCN(3, 2), np.zeros((2, 3)), normalised([[0, 1], [1, 0]]))
    >>> tuple(net(torch.tensor([1])).shape)
    (1, 2)
    """

    def __init__(self, net: nn.Module, x: Any, adjacency: Tensor):
        super().__init__()
        self.net = net
        # The data move with the net, but are no part of what is saved.
        self.register_buffer("x", torch.as_tensor(x, dtype=torch.float32), persistent=False)
        self.register_buffer("adjacency", adjacency, persistent=False)

    def forward(self, rows: Tensor, *, return_features: bool = False) -> Any:
        """Logits (m, classes) of the nodes `rows` (m,); with `return_features` also their features."""
        if return_features:
            logits, features = self.net(self.x, self.adjacency, return_features=True)
            return logits[rows], features[rows]
        return self.net(self.x, self.adjacency)[rows]
