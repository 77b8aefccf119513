"""The trained net in NumPy: what it keeps of a vote matrix, and what it makes of an item's votes."""

import os
from collections.abc import Mapping
from functools import cache
from importlib.resources import as_file, files
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from labelwright.errors import InputError
from labelwright.evidence import Votes

BLOCK = 1 << 18  # votes whose last layer is computed at once
SLOPE = 0.01
Weights = Mapping[str, np.ndarray]


class Heard(NamedTuple):
    """What the net keeps of the matrix it was shown: enough for the votes of any other item.

    Attributes
    ----------
    counts : int array (a,)
        Votes of each source.
    sources : list of float32 array (a, d)
        Mean vector of each source's votes before each layer; the mean of all votes for one without any.
    everyone : list of float32 array (d,)
        Mean vector of all votes before each layer.
    """

    counts: np.ndarray
    sources: list[np.ndarray]
    everyone: list[np.ndarray]


@cache
def shipped() -> Weights:
    """The weights that come with the package."""
    with as_file(files(__package__).joinpath("weights.npz")) as path:
        return read(path)


def read(path: Any) -> Weights:
    """Weights from a file that `train` wrote.

    Raises
    ------
    InputError
        When it is not there, or holds something else.
    """
    try:
        with np.load(path) as table:
            weights = {name: table[name].astype(np.float32) for name in table.files}
        _ = _layer(weights, 0), _depth(weights), weights["head.2.weight"]
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as problem:
        raise InputError(
            f"weights={os.fspath(path)!r} is no file of weights that labelwright.combine.hyper.train wrote"
        ) from problem
    return weights


def hear(votes: Votes, code: int, weights: Weights) -> Heard:
    """Show the net all votes, as for or against one class."""
    counts = np.bincount(votes.source, minlength=len(votes.sources))
    sources, everyone = [], []
    rows, columns = _means(votes.item, len(votes)), _means(votes.source, len(counts))
    h = _first(votes, code, counts)
    depth = _depth(weights)
    for layer in range(depth):
        everyone.append(h.mean(axis=0))
        sources.append(np.where(counts[:, None] > 0, columns @ h, everyone[-1]))
        if layer + 1 < depth:
            h = _mix(h, votes, weights, layer, rows @ h, sources[-1], everyone[-1])
    return Heard(counts, sources, everyone)


def logits(votes: Votes, code: int, heard: Heard, weights: Weights) -> np.ndarray:
    """Logit of the class for each item (n,), from its own votes and what was heard of their sources."""
    rows = _means(votes.item, len(votes))
    h = _first(votes, code, heard.counts)
    depth = _depth(weights)
    for layer in range(depth - 1):
        h = _mix(h, votes, weights, layer, rows @ h, heard.sources[layer], heard.everyone[layer])
    found = _last(h, rows, votes, weights, depth - 1, heard)
    for layer in range(3):
        found = found @ weights[f"head.{layer}.weight"].T + weights[f"head.{layer}.bias"]
        found = found if layer == 2 else _leaky(found)
    return np.asarray(found[:, 0])


def _first(votes: Votes, code: int, counts: np.ndarray) -> np.ndarray:
    """For or against, and how often item and source were heard: (votes, 3)."""
    of_item = np.log(np.clip(np.diff(votes.first), 1, 20))
    of_source = np.log(np.clip(counts, 1, 200))
    told = np.where(votes.said == code, 1.0, -1.0)
    return np.column_stack([told, of_item[votes.item], of_source[votes.source]]).astype(np.float32)


def _mix(
    h: np.ndarray, votes: Votes, weights: Weights, layer: int,
    items: np.ndarray, sources: np.ndarray, everyone: np.ndarray,
) -> np.ndarray:  # fmt: skip
    own, item, source, every, bias = _layer(weights, layer)
    mixed = h @ own
    mixed += (items @ item)[votes.item]
    mixed += (sources @ source + everyone @ every + bias)[votes.source]
    return _leaky(mixed)


def _last(
    h: np.ndarray, rows: sparse.csr_matrix, votes: Votes, weights: Weights, layer: int, heard: Heard
) -> np.ndarray:
    """Mean vector of each item's votes after the widest layer, a block of items at a time: (n, d)."""
    width = len(weights[f"mixing.{layer}.own.bias"])
    found = np.zeros((len(votes), width), dtype=np.float32)
    items = rows @ h
    edges = np.searchsorted(votes.first[:-1], np.arange(0, votes.n_votes + BLOCK, BLOCK), side="left")
    for start, stop in pairwise(edges.tolist()):
        if stop > start:
            part, block = votes[start:stop], slice(votes.first[start], votes.first[stop])
            mixed = _mix(
                h[block], part, weights, layer, items[start:stop], heard.sources[layer], heard.everyone[layer]
            )
            found[start:stop] = _means(part.item, len(part)) @ mixed
    return found


def _layer(weights: Weights, layer: int) -> list[np.ndarray]:
    names = ("own.weight", "item.weight", "source.weight", "all.weight", "own.bias")
    return [weights[f"mixing.{layer}.{name}"].T for name in names]


def _depth(weights: Weights) -> int:
    return sum(name.endswith(".own.bias") for name in weights)


def _means(place: np.ndarray, size: int) -> sparse.csr_matrix:
    """Means over the votes of each place: (size, votes)."""
    counts = np.bincount(place, minlength=size)
    shares = (1 / np.maximum(counts, 1)).astype(np.float32)[place]
    return sparse.csr_matrix((shares, (place, np.arange(len(place)))), shape=(size, len(place)))


def _leaky(h: np.ndarray) -> np.ndarray:
    return np.maximum(h, SLOPE * h)
