"""What a net says about many rows, a block at a time."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from labelwright.nets.batches import share


def in_blocks(compute: Callable[[Tensor], Tensor], items: Tensor, step: int, fabric: Any) -> np.ndarray:
    """Apply `compute` ((b, ...) -> (b, d)) to all rows without gradients; processes share each block.

    Parameters
    ----------
    compute : callable
    items : Tensor (n, ...)
        One block at a time goes to the device.
    step : int
        Rows of a block.
    fabric : Fabric

    Returns
    -------
    ndarray (n, d)
        The same in every process.
    """
    found: list[np.ndarray] = []
    with torch.no_grad():
        for start in range(0, max(1, len(items)), step):  # without rows one empty block tells d
            rows = np.arange(start, min(start + step, len(items)))
            mine = share(rows, fabric.global_rank, fabric.world_size)
            part = compute(fabric.to_device(items[torch.from_numpy(mine)]))
            if fabric.world_size > 1:
                whole = part.new_zeros(len(rows), *part.shape[1:])
                whole[torch.from_numpy(mine - start).to(part.device)] = part
                part = fabric.all_reduce(whole, reduce_op="sum")
            found.append(part.cpu().numpy())
    return np.concatenate(found)
