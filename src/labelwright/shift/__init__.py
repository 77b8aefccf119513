"""The world moved: how common is each class now, and what does the classifier say then?

`adapt` answers both for a table of probabilities, `file` for files. Estimators of priors (`MLLS`, `ELSA`, `BBSE`,
`RLLS`, `AdjustedCount`, `KDEy`, `DyS`) have ``fit(proba_source, y_source)``, ``estimate(proba_target)``,
``interval(proba_target)`` and ``correct(probs)``; `LabelShiftClassifier` wraps a model; `kind_of_shift` tests what
kind of change it is; `TagPriors` is for several tags an item, `PriorStream` for data that keep coming,
`OpenSetLabelShift` for new data with rows of no known class, `LatentLabelShift` for domains without any label.
`ProjectAndProbe` adapts an embedding by a handful of labels where the items themselves changed;
`ImbalanceAwarePretrainer` and `OpenWorldAdapter` train a network where classes are rare and let it follow a stream
without labels.
With torch, `TestTimeAdapter` adapts a network while it is used, and `LabelShiftAdapter` or `PriorCorrection` to the
balance; `ContinualNet` learns one task after the other, with `RelevanceMaps`, `FisherPenalty` or `Replay` as memory.
"""

from labelwright.shift.adapt import adapt
from labelwright.shift.adjusted_count import AdjustedCount
from labelwright.shift.base import PriorEstimator, PriorInterval, reweighted
from labelwright.shift.bbse import BBSE
from labelwright.shift.classifier import LabelShiftClassifier
from labelwright.shift.compare import Compared, compare
from labelwright.shift.continual import ContinualNet
from labelwright.shift.dys import HDY_BINS, DyS
from labelwright.shift.elsa import ELSA
from labelwright.shift.file import file
from labelwright.shift.fisher_penalty import FisherPenalty
from labelwright.shift.imbalance import ImbalanceAwarePretrainer
from labelwright.shift.kdey import KDEy
from labelwright.shift.kinds import ShiftKind, kind_of_shift
from labelwright.shift.label_shift_adapter import LabelShiftAdapter
from labelwright.shift.latent import DomainPriors, LatentLabelShift
from labelwright.shift.methods import METHODS, method
from labelwright.shift.mixture import Mixed, proportions
from labelwright.shift.mlls import MLLS
from labelwright.shift.open_set import OpenPriors, OpenSetLabelShift
from labelwright.shift.open_set_reference import nearness, reference_rows
from labelwright.shift.open_world import AdaptReport, OpenWorldAdapter
from labelwright.shift.prior_correction import PriorCorrection
from labelwright.shift.project_probe import ProjectAndProbe
from labelwright.shift.projector import OrthogonalFeatureProjector
from labelwright.shift.relevance_maps import RelevanceMaps
from labelwright.shift.replay import Replay
from labelwright.shift.result import Adapted, Expected, Measured
from labelwright.shift.rlls import RLLS
from labelwright.shift.stream import Alarm, PriorStream
from labelwright.shift.tags import TagPriors, TagShares
from labelwright.shift.test_time import TestTimeAdapter

__all__ = [
    "BBSE", "ELSA", "HDY_BINS", "METHODS", "MLLS", "RLLS", "AdaptReport", "Adapted", "AdjustedCount", "Alarm",
    "Compared", "ContinualNet", "DomainPriors", "DyS", "Expected", "FisherPenalty", "ImbalanceAwarePretrainer",
    "KDEy", "LabelShiftAdapter", "LabelShiftClassifier", "LatentLabelShift", "Measured",
    "Mixed", "OpenPriors", "OpenSetLabelShift", "OpenWorldAdapter", "OrthogonalFeatureProjector",
    "PriorCorrection", "PriorEstimator", "PriorInterval", "PriorStream", "ProjectAndProbe", "RelevanceMaps",
    "Replay", "ShiftKind", "TagPriors", "TagShares", "TestTimeAdapter", "adapt", "compare", "file",
    "kind_of_shift", "method", "nearness", "proportions", "reference_rows", "reweighted",
]  # fmt: skip
