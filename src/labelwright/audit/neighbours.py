"""The evidence for a doubt: the nearest items with the given label, and those with the suggested one."""

from typing import Any, NamedTuple

import numpy as np

from labelwright.parts import neighbours

SHOWN = 3
ASKED = 10
MOST = 1000


class Near(NamedTuple):
    """Neighbours of some rows: `agree` and `disagree` hold up to three rows each, `said` a sentence."""

    agree: list[list[int]]
    disagree: list[list[int]]
    said: list[str]


def nearest(vectors: Any, given: np.ndarray, suggested: np.ndarray, rows: np.ndarray) -> Near:
    """Nearest items that agree and that disagree with the given label, and a sentence, for each of `rows`.

    Only the first 1,000 rows are looked up.

    Parameters
    ----------
    vectors : array or sparse matrix (n, d)
        Of unit length.
    given, suggested : ndarray (n,) of object
        Labels; for tags lists of them.
    rows : ndarray (m,) of int

    Returns
    -------
    agree, disagree : list of m lists of int
        Up to three rows each, nearest first.
    said : list of m str
        How the ten nearest are labelled.
    """
    keys = _keys(given)
    wanted = _keys(suggested)
    agree: list[list[int]] = [[] for _ in rows]
    disagree: list[list[int]] = [[] for _ in rows]
    said = [""] * len(rows)
    first = rows[:MOST]
    labelled = np.array([k is not None for k in keys])
    for part, cosines in neighbours.similarities(vectors[first], vectors):
        for place, similarity in zip(range(part.start, part.stop), cosines):
            row = int(first[place])
            similarity = np.where(labelled, similarity, -np.inf)
            similarity[row] = -np.inf
            order = np.argpartition(-similarity, min(200, len(similarity) - 1))[:200]
            order = order[np.argsort(-similarity[order], kind="stable")]
            order = order[similarity[order] > 0]
            same = [int(i) for i in order if keys[i] == keys[row]]
            other = [int(i) for i in order if keys[i] == wanted[row]]
            agree[place], disagree[place] = same[:SHOWN], other[:SHOWN]
            close = set(order[:ASKED].tolist())
            n_other, n_same = len(close.intersection(other)), len(close.intersection(same))
            if close:
                said[place] = (
                    f"{n_other} of its {len(close)} nearest neighbours carry the suggested label, "
                    f"{n_same} the given one"
                )
    return Near(agree, disagree, said)


def _keys(labels: np.ndarray) -> list[Any]:
    return [tuple(v) if isinstance(v, list) else v for v in labels]
