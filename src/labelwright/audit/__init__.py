"""Which labels are wrong?"""

from labelwright.audit.confident import ConfidentLearning
from labelwright.audit.result import Audit, Estimate

__all__ = ["Audit", "ConfidentLearning", "Estimate"]
