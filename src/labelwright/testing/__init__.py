"""The contract suite: what every evidence type, part (score, pool, weight, target, loss ...) and method must keep.

Call the check of your kind from any test runner; a broken promise raises `ContractError` with one sentence that
says which promise, where, and what was found. Nothing here needs pytest.
"""

from labelwright.testing.discover import contract_examples, public_classes
from labelwright.testing.evidence import check_evidence, enumerate_labels
from labelwright.testing.gradients import check_loss, check_targets, check_weights
from labelwright.testing.judges import check_judge
from labelwright.testing.label_models import check_label_model
from labelwright.testing.maps import check_calibration, check_metric
from labelwright.testing.methods import check_method
from labelwright.testing.parts import check_noise, check_pool, check_score
from labelwright.testing.promise import ContractError

__all__ = [
    "ContractError",
    "check_calibration",
    "check_evidence",
    "check_judge",
    "check_label_model",
    "check_loss",
    "check_method",
    "check_metric",
    "check_noise",
    "check_pool",
    "check_score",
    "check_targets",
    "check_weights",
    "contract_examples",
    "enumerate_labels",
    "public_classes",
]
