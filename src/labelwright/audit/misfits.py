"""Items that fit no class: less like the items of every class than nearly all of that class are."""

from typing import Any

import numpy as np

from labelwright.parts import neighbours

REFERENCE = 3000
LEVEL = 0.01
MOST = 100
FEW = 100  # labelled items below which nobody can say what is usual


def misfits(
    vectors: Any, codes: np.ndarray, probs: np.ndarray, classes: np.ndarray, *, rng: np.random.Generator
) -> dict[str, Any]:
    """Items whose likeness to every class is among the lowest 1 % within that class.

    Likeness to a class is the cosine to its nearest item in a sample of up to 3,000 labelled items, the item
    itself left out. The most extreme come first, at most 1 % of the labelled: ordinary items get there too.
    Among fewer than 100 labelled items none is called a misfit.

    Parameters
    ----------
    vectors : array or sparse matrix (n, d)
        Of unit length.
    codes : ndarray (n,) of int
        Told class, negative where none.
    probs : ndarray (n, k)
    classes : ndarray (k,)

    Returns
    -------
    dict with `row`, `given`, `best`, `p_best`, at most 100 rows
    """
    from labelwright.evidence import decode

    n, k = probs.shape
    labelled = np.flatnonzero(codes >= 0)
    sample = rng.choice(labelled, min(REFERENCE, len(labelled)), replace=False)
    sample = sample[np.argsort(codes[sample], kind="stable")]
    present, first = np.unique(codes[sample], return_index=True)
    place = np.full(n, -1)
    place[sample] = np.arange(len(sample))
    likeness = np.full((n, k), np.inf)
    for rows, cosine in neighbours.similarities(vectors, vectors[sample]):
        own = np.flatnonzero(place[rows] >= 0)
        cosine[own, place[rows][own]] = -np.inf
        likeness[rows.start : rows.stop, present] = np.maximum.reduceat(cosine, first, axis=1)
    typical = np.zeros(n)
    for c in present:
        # The share of the class, the item itself left out, that is no more like it: 0 for an item unlike all of
        # them, however small the class. (rank + 1) / (n + 1) would never fall below 1 % in classes under 100.
        usual, own = np.sort(likeness[codes == c, c]), codes == c
        below = np.searchsorted(usual, likeness[:, c], side="right") - own
        typical = np.maximum(typical, below / np.maximum(len(usual) - own, 1))
    odd = np.flatnonzero(typical < LEVEL) if len(labelled) >= FEW else np.empty(0, dtype=np.intp)
    odd = odd[np.lexsort((likeness[odd][:, present].max(axis=1), typical[odd]))][
        : min(MOST, int(np.ceil(LEVEL * len(labelled))))
    ]
    best = probs[odd].argmax(axis=1)
    return {
        "row": odd,
        "given": decode(codes[odd], classes),
        "best": decode(best, classes),
        "p_best": probs[odd, best].astype(float),
    }
