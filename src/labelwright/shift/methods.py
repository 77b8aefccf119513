"""Names of the estimators of shifted priors."""

from collections.abc import Callable

from sklearn.base import clone

from labelwright.errors import InputError
from labelwright.shift.adjusted_count import AdjustedCount
from labelwright.shift.base import PriorEstimator
from labelwright.shift.bbse import BBSE
from labelwright.shift.dys import HDY_BINS, DyS
from labelwright.shift.elsa import ELSA
from labelwright.shift.kdey import KDEy
from labelwright.shift.mlls import MLLS
from labelwright.shift.rlls import RLLS

METHODS: dict[str, Callable[[], PriorEstimator]] = {
    "mlls": MLLS,
    "mlls-ts": lambda: MLLS(calibration="ts"),
    "mlls-vs": lambda: MLLS(calibration="vs"),
    "mlls-plain": lambda: MLLS(calibration=None),
    "elsa": ELSA,
    "bbse": BBSE,
    "bbse-hard": lambda: BBSE(hard=True),
    "rlls": RLLS,
    "acc": lambda: AdjustedCount(hard=True),
    "pacc": AdjustedCount,
    "kdey": KDEy,
    "dys": DyS,
    "hdy": lambda: DyS(bins=HDY_BINS, distance="hellinger"),
}


def method(name: str | PriorEstimator) -> PriorEstimator:
    """A fresh estimator by its name, or a clone of the one given.

    Raises
    ------
    InputError
        When there is none of that name.

    Examples
    --------
    >>> method("bbse-hard")
    BBSE(hard=True)
    """
    if isinstance(name, PriorEstimator):
        return clone(name)
    if name not in METHODS:
        raise InputError(f"there is no estimator {name!r}; there are {', '.join(METHODS)}")
    return METHODS[name]()
