"""Log-probabilities of continuations; what prompts share is read once, and each prompt once for all of its (torch)."""

import copy
import inspect
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from labelwright.progress import progress

WORTH = 8  # tokens from which on a beginning that all prompts share is read once


class Asked(NamedTuple):
    """A prompt's tokens, and those of its continuations, at least one each."""

    prefix: list[int]
    rest: list[list[int]]


def scored(module: Any, asked: Sequence[Asked], *, tokens_at_once: int) -> list[list[np.ndarray]]:
    """Log-probabilities of the tokens of each continuation: per prompt one array (t,) of float32 a continuation.

    The first token of each continuation needs nothing but the prompt. Longer ones are read in one batch, each on a
    copy of its prompt's cache.
    """
    shared = _shared(asked)
    window = getattr(module.config, "sliding_window", None)
    start = _read(module, [asked[0].prefix[:shared]], None) if shared else None
    found: list[list[np.ndarray]] = [[] for _ in asked]
    with progress("scoring", total=len(asked)) as tick:
        for rows in _batches(asked, tokens_at_once, window):
            prefixes = [asked[i].prefix[shared:] for i in rows]
            read = _read(module, prefixes, start)
            for i, numbers in zip(
                rows, _continued(module, [asked[i].rest for i in rows], read, tokens_at_once)
            ):
                found[i] = numbers
            tick(len(rows))
    return found


def keeping(module: Any, cache: Any) -> dict[str, Any]:
    """The argument that hands a cache to a module, which transformers 5 has renamed on the way."""
    return {"cache" if "cache" in inspect.signature(module.forward).parameters else "past_key_values": cache}


class _Read(NamedTuple):
    """What a batch of prompts left: cache, what of it counts (rows, tokens), lengths, log-probabilities that follow."""

    cache: Any
    mask: Any
    lengths: Any
    logits: Any


def _shared(asked: Sequence[Asked]) -> int:
    """Tokens that all prompts begin with, if reading them once is worth it; one token of each is left."""
    if len(asked) < 2:
        return 0
    first, last = min(a.prefix for a in asked), max(a.prefix for a in asked)
    same = next((i for i, (a, b) in enumerate(zip(first, last)) if a != b), min(len(first), len(last)))
    same = min(same, min(len(a.prefix) for a in asked) - 1)
    return same if same >= WORTH else 0


def _batches(asked: Sequence[Asked], tokens_at_once: int, window: int | None) -> Iterator[list[int]]:
    """Rows of similar length together. Padding shifts a window that slides, so longer prompts go alone there."""
    batch: list[int] = []
    for i in sorted(range(len(asked)), key=lambda i: len(asked[i].prefix)):
        length = len(asked[i].prefix)
        alone = window is not None and length + max(map(len, asked[i].rest)) > window
        if batch and (alone or (len(batch) + 1) * length > tokens_at_once):
            yield batch
            batch = []
        batch.append(i)
        if alone:
            yield batch
            batch = []
    if batch:
        yield batch


def _read(module: Any, prefixes: list[list[int]], start: _Read | None) -> _Read:
    """Read a batch of prompts, padded on the left, after the beginning that they share."""
    import torch
    from transformers import DynamicCache

    n, longest = len(prefixes), max(map(len, prefixes))
    ids = torch.zeros((n, longest), dtype=torch.long)
    mask = torch.zeros((n, longest), dtype=torch.long)
    for row, prefix in enumerate(prefixes):
        ids[row, longest - len(prefix) :] = torch.tensor(prefix)
        mask[row, longest - len(prefix) :] = 1
    cache, places = DynamicCache(), mask.cumsum(1).sub(1).clamp(min=0)
    if start is not None:
        cache = copy.deepcopy(start.cache)
        cache.batch_repeat_interleave(n)
        places = places + start.mask.shape[1]
        mask = torch.cat([start.mask.expand(n, -1), mask], dim=1)
    output = module(
        input_ids=ids, attention_mask=mask, position_ids=places, use_cache=True, logits_to_keep=1,
        **keeping(module, cache),
    )  # fmt: skip
    return _Read(cache, mask, mask.sum(1), torch.log_softmax(output.logits[:, -1].float(), -1))


def _continued(
    module: Any, rest: list[list[list[int]]], read: _Read, tokens_at_once: int
) -> list[list[np.ndarray]]:
    """The continuations of a batch of prompts that was read."""
    found = [[np.empty(len(ids), np.float32) for ids in some] for some in rest]
    for row, some in enumerate(rest):
        for column, ids in enumerate(some):
            found[row][column][0] = float(read.logits[row, ids[0]])
    long = [(len(ids), r, c) for r, some in enumerate(rest) for c, ids in enumerate(some) if len(ids) > 1]
    long.sort()
    step = max(1, tokens_at_once * 2 // (read.mask.shape[1] + max((n for n, *_ in long), default=1)))
    for at in range(0, len(long), step):
        _more(module, rest, read, long[at : at + step], found)
    return found


def _more(
    module: Any,
    rest: list[list[list[int]]],
    read: _Read,
    some: list[tuple[int, int, int]],
    found: list[list[np.ndarray]],
) -> None:
    """All tokens after the first, for some continuations, padded on the right."""
    import torch

    longest = max(length for length, *_ in some) - 1
    rows = torch.tensor([row for _, row, _ in some])
    ids = torch.zeros((len(some), longest), dtype=torch.long)
    mask = torch.zeros((len(some), longest), dtype=torch.long)
    for i, (length, row, column) in enumerate(some):
        ids[i, : length - 1] = torch.tensor(rest[row][column][:-1])
        mask[i, : length - 1] = 1
    cache = copy.deepcopy(read.cache)
    cache.batch_select_indices(rows)
    logits = module(
        input_ids=ids, attention_mask=torch.cat([read.mask[rows], mask], dim=1), use_cache=True,
        position_ids=read.lengths[rows][:, None] + torch.arange(longest), **keeping(module, cache),
    ).logits.float()  # fmt: skip
    logprobs = torch.log_softmax(logits, dim=-1)
    for i, (length, row, column) in enumerate(some):
        wanted = torch.tensor(rest[row][column][1:])
        found[row][column][1:] = logprobs[i, torch.arange(length - 1), wanted].numpy()
