"""Several estimators of the same priors side by side: do they agree?"""

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import DoubtfulInput, InputError
from labelwright.progress import progress
from labelwright.shift.base import codes_of, table_of
from labelwright.shift.methods import METHODS, method

USUAL = ("mlls", "elsa", "bbse", "rlls", "pacc", "acc", "kdey")
TWO = ("dys",)  # for two classes only
MANY = ("mlls", "bbse", "rlls")  # for more than so many classes, where the others take minutes
MOST_CLASSES = 300
MOST_ROWS = 20_000  # of either side; more are sampled
KERNEL_CELLS = 400_000  # rows times classes up to which kernel densities take about a second


class Compared(NamedTuple):
    """Estimates by several methods, of the same rows.

    Attributes
    ----------
    methods : tuple of str (r,)
    priors : ndarray (r, k)
    distance : ndarray (r,)
        Share of rows that a method gives to another class than the reference: half the sum of absolute differences.
    reach : float
        How far chance carries them apart; NaN where the intervals of the reference were not given.
    rows : (int, int)
        Of source and target, that were used.
    """

    methods: tuple[str, ...]
    priors: np.ndarray
    distance: np.ndarray
    reach: float
    rows: tuple[int, int]

    @property
    def agree(self) -> bool:
        """Whether no method is further from the reference than chance carries it."""
        return not (self.distance > self.reach).any()


def compare(
    proba_source: ArrayLike,
    y_source: Any,
    proba_target: ArrayLike,
    *,
    classes: Sequence[Any] | np.ndarray | None = None,
    reference: ArrayLike | None = None,
    reach: float = float("nan"),
    used: str = "",
    methods: Sequence[str] | None = None,
    random_state: int = 0,
    show: bool | None = None,
) -> Compared:
    """Estimate the priors of new data by several methods, on at most 20,000 rows of either side.

    They lean on the same assumption (label shift) in different ways: on calibrated probabilities, on averages, on
    predictions, on whole distributions. Where they disagree by more than chance, the assumption or the calibration
    fails; that they agree proves neither.

    Parameters
    ----------
    proba_source, proba_target : arrays (n, k), (m, k)
    y_source : array (n,)
    classes : sequence (k,), optional
    reference : array (k,), optional
        Priors to measure the distance from; by default those of the first method.
    reach : float, optional
        Distance that chance explains.
    used : str, optional
        What made the reference; it is not repeated, unless on fewer rows.
    methods : sequence of str, optional
        Names of `shift.METHODS`; by default the usual ones.
    random_state : int, default 0
    show : bool, optional
        Progress; by default on terminals.

    Examples
    --------
    >>> probs = np.tile([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.1, 0.9]], (50, 1))
    >>> found = compare(probs, [0, 0, 1, 1] * 50, probs[:99], methods=("mlls", "bbse"))
    >>> found.methods, float(found.distance[1]) < 0.05
    (('mlls', 'bbse'), True)
    """
    here, there = table_of(proba_source, "proba_source"), table_of(proba_target, "proba_target")
    codes, names = codes_of(y_source, here.shape, classes)
    rng = np.random.default_rng(random_state)
    known = np.flatnonzero(codes >= 0)
    kept = np.union1d(_some(known, rng), known[np.unique(codes[known], return_index=True)[1]])
    here, codes, there = here[kept], codes[kept], there[_some(np.arange(len(there)), rng)]
    k = len(names)
    if methods is None:
        methods = [*USUAL, *(TWO if k == 2 else ())]
        if (len(here) + len(there)) * k > KERNEL_CELLS or k > 100:
            methods = [name for name in methods if name != "kdey"]
        if k > MOST_CLASSES:
            methods = list(MANY)
        if (len(here), len(there)) == (len(known), np.shape(proba_target)[0]):
            methods = [name for name in methods if name != used]
    unknown = [name for name in methods if name not in METHODS]
    if unknown or not methods:
        raise InputError(f"methods={list(methods)!r} must name estimators; there are {', '.join(METHODS)}")
    found = np.zeros((len(methods), k))
    with progress("comparing estimators", total=len(methods), show=show) as tick, warnings.catch_warnings():
        warnings.simplefilter("ignore", DoubtfulInput)  # the estimator in use has said it
        for i, name in enumerate(methods):
            found[i] = method(name).fit(here, codes, range(k)).estimate(there)
            tick()
    centre = found[0] if reference is None else np.asarray(reference, dtype=float)
    distance = np.abs(found - centre).sum(axis=1) / 2
    return Compared(tuple(methods), found, distance, float(reach), (len(here), len(there)))


def _some(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rows if len(rows) <= MOST_ROWS else np.sort(rng.choice(rows, MOST_ROWS, replace=False))
