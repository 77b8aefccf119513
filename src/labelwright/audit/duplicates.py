"""Equal and nearly equal items with different labels: one of the two is wrong."""

from typing import Any

import numpy as np

from labelwright.evidence import encode
from labelwright.parts import neighbours

# How alike items of each kind must be; vectors of a table say little about how alike its rows look.
THRESHOLDS = {"text": 0.9, "images": 0.98, "vectors": 0.98, "table": 0.999}
MOST = 10_000


def conflicting(vectors: Any, given: np.ndarray, kind: str, *, random_state: int = 0) -> dict[str, Any]:
    """Pairs of alike items with different labels: `row`, `twin`, `similarity`, `given`, `twin_given`."""
    keys = [tuple(v) if isinstance(v, list) else v for v in given]
    codes, _ = encode(keys)
    pairs = neighbours.alike(vectors, codes, THRESHOLDS[kind], random_state=random_state)[:MOST]
    return {
        "row": pairs["row"],
        "twin": pairs["twin"],
        "similarity": pairs["similarity"],
        "given": given[pairs["row"]],
        "twin_given": given[pairs["twin"]],
    }
