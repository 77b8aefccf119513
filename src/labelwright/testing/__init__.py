"""The contract suite: what every evidence type, score, pool, noise estimate and method must keep.

Call the check of your kind from any test runner; a broken promise raises `ContractError` with one sentence that
says which promise, where, and what was found. Nothing here needs pytest.
"""

from labelwright.testing.discover import contract_examples, public_classes
from labelwright.testing.evidence import check_evidence, enumerate_labels
from labelwright.testing.methods import check_method
from labelwright.testing.parts import check_noise, check_pool, check_score
from labelwright.testing.promise import ContractError

__all__ = [
    "ContractError",
    "check_evidence",
    "check_method",
    "check_noise",
    "check_pool",
    "check_score",
    "contract_examples",
    "enumerate_labels",
    "public_classes",
]
