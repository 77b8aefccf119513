"""Which labels are wrong?

`labels` answers for items in memory, `file` for a file; `ConfidentLearning` flags from probabilities alone.
"""

from labelwright.audit.confident import ConfidentLearning
from labelwright.audit.everyday import labels
from labelwright.audit.file import file
from labelwright.audit.items import Items
from labelwright.audit.result import Audit, Estimate

__all__ = ["Audit", "ConfidentLearning", "Estimate", "Items", "file", "labels"]
