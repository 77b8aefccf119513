"""One label from many imperfect sources: annotators, rules, models, language models.

`votes` combines a table of what each source said, `file` one on disk, `tags` sets of tags. Label models (`DawidSkene`
and its family, `GLAD`, `MeTaL`, `TripletModel`, `HyperLabelModel`, `MajorityVote`) have ``fit(votes)`` and
``predict_proba()``; `UniversalLabelModel` takes answers with distances between them: rankings, numbers, ordered
classes, texts. Sources are made by `rule`, `keywords`, `patterns`, `stump`, `from_model`, `prompted`, and put to work
by `apply`. `WeaklySupervised` and `LearnFromCrowds` go on to a classifier of any item, and `LabelLearningFlow` (torch)
learns from bounds on errors alone. Four modules are for special sources: `programs` that a language model writes,
experts to whom one defers (`deferral`), maps that people draw (`spatial`), detections of an open vocabulary (`fusion`).
"""

from labelwright.combine import deferral, fusion, programs, spatial
from labelwright.combine.applier import apply
from labelwright.combine.compare import Gain, gain_over_majority, not_identified
from labelwright.combine.crowd_learning import LearnFromCrowds
from labelwright.combine.dawid_skene import DawidSkene
from labelwright.combine.draws import Drawn, draws
from labelwright.combine.end_model import WeaklySupervised
from labelwright.combine.everyday import votes
from labelwright.combine.file import file
from labelwright.combine.flows import LabelLearningFlow, weak_signal_bounds
from labelwright.combine.forest import forest_rules
from labelwright.combine.glad import GLAD
from labelwright.combine.hyper import HyperLabelModel
from labelwright.combine.keywords import keywords, patterns
from labelwright.combine.majority import MajorityVote
from labelwright.combine.metal import MeTaL
from labelwright.combine.methods import METHODS, method
from labelwright.combine.pairs import Pairs, pairs
from labelwright.combine.prompted import prompted
from labelwright.combine.result import Combined, Scored
from labelwright.combine.rules import Rule, annotator, from_model, rule, stump
from labelwright.combine.spaces import Answers, FiniteSpace, RankingSpace, RealSpace, Space, TextSpace
from labelwright.combine.statistics import Duplicates, Sources, agreement, duplicates, sources
from labelwright.combine.tags import CombinedTags, tags
from labelwright.combine.triplet import TripletModel
from labelwright.combine.universal import UniversalLabelModel

__all__ = [
    "GLAD", "METHODS", "Answers", "Combined", "CombinedTags", "DawidSkene", "Drawn", "Duplicates", "FiniteSpace",
    "Gain", "HyperLabelModel", "LabelLearningFlow", "LearnFromCrowds", "MajorityVote", "MeTaL", "Pairs",
    "RankingSpace", "RealSpace", "Rule", "Scored", "Sources", "Space", "TextSpace", "TripletModel",
    "UniversalLabelModel", "WeaklySupervised", "agreement", "annotator", "apply", "deferral", "draws", "duplicates",
    "file", "forest_rules", "from_model", "fusion", "gain_over_majority", "keywords", "method", "not_identified",
    "pairs", "patterns", "programs", "prompted", "rule", "sources", "spatial", "stump", "tags", "votes",
    "weak_signal_bounds",
]  # fmt: skip
