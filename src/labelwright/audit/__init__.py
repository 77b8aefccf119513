"""Which labels are wrong?

`labels` answers for items in memory, `file` for a file; `ConfidentLearning` flags from probabilities alone;
`review_plan` says what to look at again when only some labels can be; `label_relations` and `LabelGraph` clean a
vocabulary of tags; `benchmark` and `TestSetAudit` say whether wrong labels of a test set decide which model looks best.
Judges (`ModelJudge`, `fitted`, `out_of_fold`, `recorded`) say how probable each label is; `JudgeEnsemble` pools several
and flags what they contradict; `PlatinumBuilder` cleans questions with answers; `critic` picks the best of candidate
labels; `CascadeRelabeler` finds negatives that are relevant.
"""

from labelwright.audit import critic
from labelwright.audit.annotators import Annotators, compare_annotators
from labelwright.audit.answers import answer_parser
from labelwright.audit.benchmark import Benchmark, benchmark
from labelwright.audit.budget import (
    BudgetCurve,
    budget_curve,
    expected_distance,
    predicted_distance,
    review_plan,
)
from labelwright.audit.checked_test_set import CheckedTestSet
from labelwright.audit.confident import ConfidentLearning
from labelwright.audit.decisions import Decision
from labelwright.audit.dynamics import SEMD, area_under_margin, keep_after_removal, late_loss
from labelwright.audit.ensemble import Flags, JudgeEnsemble
from labelwright.audit.everyday import labels
from labelwright.audit.file import file
from labelwright.audit.hard_negatives import CascadeRelabeler, Triple, prune_datasets
from labelwright.audit.items import Items
from labelwright.audit.judges import (
    FunctionJudge,
    Judge,
    Opinion,
    fitted,
    out_of_fold,
    recorded,
)
from labelwright.audit.label_graph import Cleaned, LabelGraph, graph_fbeta, read_plan
from labelwright.audit.label_space import Relation, label_relations, relations_frame
from labelwright.audit.model_judge import ModelJudge, wordings
from labelwright.audit.platinum import PlatinumBuilder
from labelwright.audit.reliability import Reliability, reliability_report
from labelwright.audit.repairs import (
    Bin,
    Repaired,
    confidence_bins,
    estimate_error_rate,
    repair,
    review_sample,
)
from labelwright.audit.result import Audit, Estimate
from labelwright.audit.review_sheet import Review, ReviewSheet
from labelwright.audit.standings import Crossing, Curve, Standings, standings
from labelwright.audit.test_set import TestSetAudit
from labelwright.audit.vocabularies import Vocabulary, vocabulary

__all__ = [
    "SEMD",
    "Annotators",
    "Audit",
    "Benchmark",
    "Bin",
    "BudgetCurve",
    "CascadeRelabeler",
    "CheckedTestSet",
    "Cleaned",
    "ConfidentLearning",
    "Crossing",
    "Curve",
    "Decision",
    "Estimate",
    "Flags",
    "FunctionJudge",
    "Items",
    "Judge",
    "JudgeEnsemble",
    "LabelGraph",
    "ModelJudge",
    "Opinion",
    "PlatinumBuilder",
    "Relation",
    "Reliability",
    "Repaired",
    "Review",
    "ReviewSheet",
    "Standings",
    "TestSetAudit",
    "Triple",
    "Vocabulary",
    "answer_parser",
    "area_under_margin",
    "benchmark",
    "budget_curve",
    "compare_annotators",
    "confidence_bins",
    "critic",
    "estimate_error_rate",
    "expected_distance",
    "file",
    "fitted",
    "graph_fbeta",
    "keep_after_removal",
    "label_relations",
    "labels",
    "late_loss",
    "out_of_fold",
    "predicted_distance",
    "prune_datasets",
    "read_plan",
    "recorded",
    "relations_frame",
    "reliability_report",
    "repair",
    "review_plan",
    "review_sample",
    "standings",
    "vocabulary",
    "wordings",
]
