"""Which labels are wrong?

`labels` answers for items in memory, `file` for a file; `ConfidentLearning` flags from probabilities alone;
`review_plan` says what to look at again when only some labels can be.
"""

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
from labelwright.audit.items import Items
from labelwright.audit.result import Audit, Estimate

__all__ = [
    "SEMD",
    "Audit",
    "BudgetCurve",
    "ConfidentLearning",
    "Estimate",
    "Items",
    "area_under_margin",
    "budget_curve",
    "expected_distance",
    "file",
    "keep_after_removal",
    "labels",
    "late_loss",
    "predicted_distance",
    "review_plan",
]
