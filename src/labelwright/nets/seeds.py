"""Randomness that belongs to one object: the random state of the process stays as it was."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
import torch

Made = TypeVar("Made")
CPU = torch.device("cpu")


def seeded(make: Callable[[], Made], random_state: int | None = 0) -> Made:
    """Build a module with its own starting weights: the same `random_state`, the same net.

    Parameters
    ----------
    make : callable without arguments
        Builds and returns the module.
    random_state : int or None, default 0
        None draws a fresh one.

    Examples
    --------
    >>> from labelwright.nets import MLP
    >>> one, same = (seeded(lambda: MLP(4, 3), random_state=7) for _ in range(2))
    >>> bool((one.out.weight == same.out.weight).all())
    True
    """
    with forked(CPU, seed_of(random_state)):
        return make()


def seed_of(*keys: int | None) -> int:
    """One seed out of several whole numbers; a None among them makes it a fresh one."""
    entropy = None if None in keys else [int(key) for key in keys if key is not None]
    # torch seeds take 64 bits, but Mersenne twisters of some devices only fill up from 63.
    return int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0] >> np.uint64(1))


@contextmanager
def forked(device: torch.device, seed: int) -> Iterator[None]:
    """Seed torch's own generators (the only ones that dropout can use) and put them back afterwards."""
    others = [] if device.type == "cpu" else [device]
    with torch.random.fork_rng(others, device_type=None if device.type == "cpu" else device.type):
        torch.default_generator.manual_seed(seed)
        for other in others:
            with torch.get_device_module(other).device(other):
                torch.get_device_module(other).manual_seed(seed)
        yield
