"""What was told about the labels, and Bayes for it.

Every type turns a model's probabilities into a posterior with one method, `posterior(probs)`; a plain array
of labels becomes `Exact`, a table of 0, 1 and -1 becomes `Marks` (`as_evidence`).
"""

from typing import Any

import numpy as np
from scipy import sparse

from labelwright.errors import InputError
from labelwright.evidence.bags import Bags
from labelwright.evidence.base import Evidence, RowEvidence
from labelwright.evidence.candidates import Candidates
from labelwright.evidence.classes import decode, encode
from labelwright.evidence.exact import Exact
from labelwright.evidence.marks import Marks
from labelwright.evidence.masks import Masks
from labelwright.evidence.noisy import Noisy
from labelwright.evidence.positives import Positives
from labelwright.evidence.rankings import Rankings
from labelwright.evidence.soft import Soft
from labelwright.evidence.spans import Spans
from labelwright.evidence.together import Together
from labelwright.evidence.votes import Votes

__all__ = [
    "Bags",
    "Candidates",
    "Evidence",
    "Exact",
    "Marks",
    "Masks",
    "Noisy",
    "Positives",
    "Rankings",
    "RowEvidence",
    "Soft",
    "Spans",
    "Together",
    "Votes",
    "as_evidence",
    "decode",
    "encode",
]


def as_evidence(labels: Any, n_classes: int | None = None) -> Evidence:
    """Return evidence as it is, a table (n, L) of 0, 1, -1 as `Marks`, and other labels as `Exact`.

    Parameters
    ----------
    labels : Evidence or array
    n_classes : int, optional
        Number of columns of the probabilities that go with the labels. Whole numbers from 0 up to it are then
        taken for codes even where a class does not occur.

    Raises
    ------
    InputError
        When the labels have another number of classes and are no codes.

    Examples
    --------
    >>> as_evidence(["a", "b", None])
    Exact(n=3, classes=2, missing=1)
    >>> as_evidence([0, 2], n_classes=3).n_classes
    3
    """
    if isinstance(labels, Evidence):
        return labels
    if sparse.issparse(labels) or _n_axes(labels) == 2:
        return Marks(labels)
    if n_classes is None:
        return Exact(labels)
    array = np.asarray(labels)
    if array.dtype.kind in "iu" and array.size and array.min() >= 0 and array.max() < n_classes:
        return Exact.from_codes(array, np.arange(n_classes))
    told = Exact(labels)
    if told.n_classes != n_classes:
        raise InputError(
            f"labels hold {told.n_classes} classes, but the probabilities have {n_classes} columns; say which class "
            "each column stands for: Exact(labels, classes=[...])"
        )
    return told


def _n_axes(labels: Any) -> int:
    try:
        return np.ndim(labels)
    except ValueError:  # lists of different lengths
        raise InputError(
            "labels hold lists of different lengths; for several tags per item use Marks.from_lists(...), "
            "for tuples as class names Exact(...)"
        ) from None
