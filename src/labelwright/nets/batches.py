"""Which rows stand together in a step of training."""

import numpy as np
import torch


def batches(
    rows: np.ndarray, size: int, generator: torch.Generator, groups: np.ndarray | None = None
) -> list[np.ndarray]:
    """Shuffle `rows` and cut them into batches of at most `size` rows.

    Without groups the batches are as equal as possible, so that no small one is left over. With groups the
    groups are shuffled and a batch holds whole ones; a group larger than `size` is a batch of its own, and rows of
    a negative group stand alone.

    Parameters
    ----------
    rows : array (m,) of int
    size : int
    generator : torch.Generator
        Its state decides the order.
    groups : array (n,) of int, optional
        The group of every row of the data, looked up by `rows`.

    Returns
    -------
    list of arrays of int
        Every row once.

    Examples
    --------
    >>> [len(batch) for batch in batches(np.arange(10), 4, torch.Generator())]
    [4, 3, 3]
    >>> found = batches(np.arange(6), 4, torch.Generator(), groups=np.array([0, 1, 1, 0, 2, 2]))
    >>> sorted(len(batch) for batch in found)
    [2, 4]
    """
    if not len(rows):
        return []
    if groups is None:
        order = torch.randperm(len(rows), generator=generator).numpy()
        return np.array_split(rows[order], -(-len(rows) // size))
    members = _members(rows, groups)
    found: list[list[np.ndarray]] = []
    room = 0
    for i in torch.randperm(len(members), generator=generator).tolist():
        if not found or len(members[i]) > room:
            found.append([])
            room = size
        found[-1].append(members[i])
        room -= len(members[i])
    return [np.concatenate(batch) for batch in found]


def share(batch: np.ndarray, rank: int, world: int, groups: np.ndarray | None = None) -> np.ndarray:
    """Return the part of a batch that process `rank` of `world` works on; groups stay whole.

    Examples
    --------
    >>> [share(np.arange(5), rank, 2).tolist() for rank in range(2)]
    [[0, 1, 2], [3, 4]]
    """
    if world == 1:
        return batch
    if groups is None:
        return np.array_split(batch, world)[rank]
    mine = np.array_split(np.arange(len(members := _members(batch, groups))), world)[rank]
    return np.concatenate([members[i] for i in mine]) if len(mine) else batch[:0]


def _members(rows: np.ndarray, groups: np.ndarray) -> list[np.ndarray]:
    """The rows of each group, in the order they have in `rows`."""
    group = groups[rows]
    single = group < 0
    unit = np.where(single, groups.max(initial=0) + 1 + np.cumsum(single), group)
    order = np.argsort(unit, kind="stable")
    return np.split(rows[order], np.flatnonzero(np.diff(unit[order])) + 1)
