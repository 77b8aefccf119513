"""The world moved: how common is each class now, and what does the classifier say then?

`adapt` answers both for a table of probabilities. Estimators of priors (`MLLS`, `ELSA`, `BBSE`, `RLLS`,
`AdjustedCount`, `KDEy`, `DyS`) have ``fit(proba_source, y_source)``, ``estimate(proba_target)``,
``interval(proba_target)`` and ``correct(probs)``; `LabelShiftClassifier` wraps a model; `kind_of_shift` tests what
kind of change it is; `TagPriors` is for several tags an item, `PriorStream` for data that keep coming. With torch,
`TestTimeAdapter` adapts a network while it is used, and `LabelShiftAdapter` or `PriorCorrection` to the balance;
`ContinualNet` learns one task after the other, with `RelevanceMaps`, `FisherPenalty` or `Replay` as its memory.
"""

from labelwright.shift.adapt import adapt
from labelwright.shift.adjusted_count import AdjustedCount
from labelwright.shift.base import PriorEstimator, PriorInterval, reweighted
from labelwright.shift.bbse import BBSE
from labelwright.shift.classifier import LabelShiftClassifier
from labelwright.shift.continual import ContinualNet
from labelwright.shift.dys import HDY_BINS, DyS
from labelwright.shift.elsa import ELSA
from labelwright.shift.fisher_penalty import FisherPenalty
from labelwright.shift.kdey import KDEy
from labelwright.shift.kinds import ShiftKind, kind_of_shift
from labelwright.shift.label_shift_adapter import LabelShiftAdapter
from labelwright.shift.methods import METHODS, method
from labelwright.shift.mixture import Mixed, proportions
from labelwright.shift.mlls import MLLS
from labelwright.shift.prior_correction import PriorCorrection
from labelwright.shift.relevance_maps import RelevanceMaps
from labelwright.shift.replay import Replay
from labelwright.shift.result import Adapted, Expected, Measured
from labelwright.shift.rlls import RLLS
from labelwright.shift.stream import Alarm, PriorStream
from labelwright.shift.tags import TagPriors, TagShares
from labelwright.shift.test_time import TestTimeAdapter

__all__ = [
    "BBSE", "ELSA", "HDY_BINS", "METHODS", "MLLS", "RLLS", "Adapted", "AdjustedCount", "Alarm", "ContinualNet", "DyS",
    "Expected", "FisherPenalty", "KDEy", "LabelShiftAdapter", "LabelShiftClassifier", "Measured",
    "Mixed", "PriorCorrection", "PriorEstimator", "PriorInterval", "PriorStream", "RelevanceMaps", "Replay",
    "ShiftKind", "TagPriors", "TagShares", "TestTimeAdapter", "adapt", "kind_of_shift", "method", "proportions",
    "reweighted",
]  # fmt: skip
