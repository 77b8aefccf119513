"""Marks of a many-label table that are wrong, or that nobody made."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from labelwright.data.simulate.checks import choice, rates
from labelwright.data.simulate.checks import rate as checked
from labelwright.data.simulate.noise import Spoiled
from labelwright.errors import InputError
from labelwright.evidence import Marks


class Masked(NamedTuple):
    """Marks of which some are hidden.

    Attributes
    ----------
    evidence : Marks
        What is left to see.
    truth : int8 array (n, L)
        The marks before: 1 yes, 0 no, -1 unknown already.
    hidden : bool array (n, L)
        Where a known mark was hidden.
    matrix : float array (L, 2, 2) or None
        ``matrix[tag, truth, seen]`` over no, yes, where hidden marks read as no: with it
        ``evidence.noisy(matrix)`` is Bayes' rule. None where they are unknown.
    """

    evidence: Marks
    truth: np.ndarray
    hidden: np.ndarray
    matrix: np.ndarray | None


def flip_marks(marks: ArrayLike, rate: float | tuple[float, float], rng: np.random.Generator) -> Spoiled:
    """Flip each known mark of a many-label table, yes to no and no to yes; unknown ones (-1) stay.

    Known exactly: which marks are wrong, and the chances of both errors.

    Keeps: errors depend on the true mark alone, and are the same for all tags.

    Parameters
    ----------
    marks : array-like (n, L)
        1 yes, 0 no, -1 unknown.
    rate : float or (float, float)
        Probability that a yes becomes no, and that a no becomes yes.
    rng : numpy.random.Generator

    Returns
    -------
    Spoiled
        ``matrix`` is (2, 2): rows and columns no, yes.

    Examples
    --------
    >>> flip_marks([[1, 0, -1]], (1.0, 0.0), np.random.default_rng(0)).labels.tolist()
    [[0, 0, -1]]
    """
    clean = _marks(marks)
    yes, no = rate if isinstance(rate, tuple) else (rate, rate)
    chance = np.select([clean == 1, clean == 0], [checked(yes), checked(no)], 0.0)
    wrong = rng.random(clean.shape) < chance
    spoiled = np.where(wrong, 1 - clean, clean).astype(clean.dtype)
    return Spoiled(spoiled, wrong, np.array([[1 - no, no], [yes, 1 - yes]]))


def mask_marks(
    marks: ArrayLike | Marks,
    rng: np.random.Generator,
    *,
    rate_yes: ArrayLike,
    rate_no: ArrayLike = 0.0,
    hidden_as: str = "unknown",
) -> Masked:
    """Hide marks of a many-label table: they become unknown, or read as no.

    With ``hidden_as="no"`` a hidden yes looks like a no, as in a table where people tagged only what came to
    their mind (missing labels); such marks are wrong evidence until they are heard through `matrix`.

    Known exactly: the marks before, which were hidden, and the chance of it.

    Keeps: whether a mark is hidden depends on the tag and the mark alone.

    Breaks: with unequal rates or ``hidden_as="no"``, that a missing mark tells nothing: the share of yes among
    the marks to be seen is not that of the truth.

    Parameters
    ----------
    marks : array-like (n, L) or Marks
        1 yes, 0 no, -1 unknown.
    rng : numpy.random.Generator
    rate_yes : float in [0, 1], or array-like (L,)
        Chance that a yes is hidden, the same for all tags or one for each.
    rate_no : float in [0, 1], or array-like (L,), default 0
        Chance that a no is hidden. Must be 0 where hidden marks read as no.
    hidden_as : {"unknown", "no"}, default "unknown"
        What a hidden mark looks like.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> mask_marks([[1, 0, 1]], rng, rate_yes=1.0).evidence.marks.tolist()
    [[-1, 0, -1]]
    >>> mask_marks([[1, 0, 1]], rng, rate_yes=1.0, hidden_as="no").evidence.marks.tolist()
    [[0, 0, 0]]
    """
    names: Any = marks.classes if isinstance(marks, Marks) else None
    clean = _marks(marks.marks if isinstance(marks, Marks) else marks).astype(np.int8)
    yes, no = rates(rate_yes, clean.shape[1], "rate_yes"), rates(rate_no, clean.shape[1], "rate_no")
    choice(hidden_as, "hidden_as", ("unknown", "no"))
    if hidden_as == "no" and no.any():
        raise InputError("rate_no must be 0 where hidden marks read as no: a no looks the same either way")
    hidden = rng.random(clean.shape) < np.select([clean == 1, clean == 0], [yes, no], 0.0)
    seen = np.where(hidden, -1 if hidden_as == "unknown" else 0, clean)
    matrix = None
    if hidden_as == "no":
        matrix = np.zeros((len(yes), 2, 2))
        matrix[:, 0, 0], matrix[:, 1, 0], matrix[:, 1, 1] = 1, yes, 1 - yes
    return Masked(Marks(seen, names), clean, hidden, matrix)


def _marks(marks: ArrayLike) -> np.ndarray:
    clean = np.asarray(marks)
    if clean.ndim != 2 or not np.isin(clean, (-1, 0, 1)).all():
        raise InputError("marks must be a table (n, L) of 1 (yes), 0 (no) and -1 (unknown)")
    return clean
