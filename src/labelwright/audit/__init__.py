"""Which labels are wrong?

`labels` answers for items in memory, `file` for a file; `ConfidentLearning` flags from probabilities alone;
`review_plan` says what to look at again when only some labels can be; `label_relations` and `LabelGraph` clean a
vocabulary of tags; `critic` picks the best of candidate labels; `CascadeRelabeler` finds negatives that are
relevant.
"""

from labelwright.audit import critic
from labelwright.audit.budget import (
    BudgetCurve,
    budget_curve,
    expected_distance,
    predicted_distance,
    review_plan,
)
from labelwright.audit.confident import ConfidentLearning
from labelwright.audit.dynamics import SEMD, area_under_margin, keep_after_removal, late_loss
from labelwright.audit.everyday import labels
from labelwright.audit.file import file
from labelwright.audit.hard_negatives import CascadeRelabeler, Triple, prune_datasets
from labelwright.audit.items import Items
from labelwright.audit.label_graph import Cleaned, LabelGraph, graph_fbeta, read_plan
from labelwright.audit.label_space import Relation, label_relations, relations_frame
from labelwright.audit.result import Audit, Estimate
from labelwright.audit.vocabularies import Vocabulary, vocabulary

__all__ = [
    "SEMD",
    "Audit",
    "BudgetCurve",
    "CascadeRelabeler",
    "Cleaned",
    "ConfidentLearning",
    "Estimate",
    "Items",
    "LabelGraph",
    "Relation",
    "Triple",
    "Vocabulary",
    "area_under_margin",
    "budget_curve",
    "critic",
    "expected_distance",
    "file",
    "graph_fbeta",
    "keep_after_removal",
    "label_relations",
    "labels",
    "late_loss",
    "predicted_distance",
    "prune_datasets",
    "read_plan",
    "relations_frame",
    "review_plan",
    "vocabulary",
]
