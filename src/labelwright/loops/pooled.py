"""Several cheap models in place of one: each judges every row unseen, and their verdicts are pooled."""

from collections.abc import Callable
from typing import Any

import numpy as np

from labelwright.evidence import Evidence
from labelwright.parts.blend import blend


def pooled(
    features: Any, unseen: Callable[[Any, Any], np.ndarray], told: Evidence, rng: np.random.Generator
) -> tuple[np.ndarray, str]:
    """Probabilities of every row by all members of `features` together, and who they are with what weight.

    Parameters
    ----------
    features : models.Features
        Views of the items, and the classifiers for them.
    unseen : callable (model, X) -> probs (n, k)
        As a rule `cross_fit` with all else set.
    told : Exact or Marks
        Weighs the members; rows of which nothing was told do not count.
    rng : numpy Generator

    Returns
    -------
    probs : ndarray (n, k) of float32
    members : str

    Examples
    --------
    >>> from functools import partial
    >>> from labelwright import Exact, models
    >>> from labelwright.loops import cross_fit
    >>> X, told = np.repeat([[0.0], [1.0]], 20, axis=0), Exact([0] * 20 + [1] * 20)
    >>> probs, members = pooled(models.of_array(X, 2), partial(cross_fit, y=told), told, np.random.default_rng(0))
    >>> probs.shape, members.split(" (")[0]
    ((40, 2), 'forest')
    """
    tables = [unseen(member.model, features.views[member.view]) for member in features.members]
    table, weights = blend(tables, told, rng=rng)
    return table, ", ".join(f"{m.name} ({w:.2f})" for m, w in zip(features.members, weights))
