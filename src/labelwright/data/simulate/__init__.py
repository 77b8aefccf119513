"""From any clean table to any evidence, with a known truth.

Every simulator takes clean labels and a generator, and returns a record with what was told (most of them as
evidence), the truth, and the exact parameters that made it. `names` lists them, and `card` says what each knows
exactly and which assumption it keeps or breaks.

>>> import numpy as np
>>> from labelwright.data import simulate
>>> told = simulate.candidates(["a", "b", "c"] * 100, 0.2, np.random.default_rng(0))
>>> told.evidence
Candidates(n=300, classes=3, mean_size=1.41)
>>> simulate.card("candidates").gives
'CandidateSets'
"""

from labelwright.data.simulate.boundary import boundary_probs, instance_dependent, systematic_annotator
from labelwright.data.simulate.cards import SimulatorCard, card, names
from labelwright.data.simulate.copies import Duplicated, duplicate_rows
from labelwright.data.simulate.crowd import Crowd, annotators
from labelwright.data.simulate.groups import Bagged, bags
from labelwright.data.simulate.mixed import Mixed, mixture
from labelwright.data.simulate.noise import Spoiled, class_dependent, pair_flip, symmetric
from labelwright.data.simulate.pictures import Corrupted, corrupt_pictures
from labelwright.data.simulate.questions import ComputedQuestions, computed_questions
from labelwright.data.simulate.rules import Rules, stump_rules, weak_rules
from labelwright.data.simulate.sets import CandidateSets, candidates, complementary
from labelwright.data.simulate.shift import Shifted, label_shift
from labelwright.data.simulate.tags import Masked, flip_marks, mask_marks
from labelwright.data.simulate.unlabelled import LabelledPositives, positives

__all__ = [
    "Bagged",
    "CandidateSets",
    "ComputedQuestions",
    "Corrupted",
    "Crowd",
    "Duplicated",
    "LabelledPositives",
    "Masked",
    "Mixed",
    "Rules",
    "Shifted",
    "SimulatorCard",
    "Spoiled",
    "annotators",
    "bags",
    "boundary_probs",
    "candidates",
    "card",
    "class_dependent",
    "complementary",
    "computed_questions",
    "corrupt_pictures",
    "duplicate_rows",
    "flip_marks",
    "instance_dependent",
    "label_shift",
    "mask_marks",
    "mixture",
    "names",
    "pair_flip",
    "positives",
    "stump_rules",
    "symmetric",
    "systematic_annotator",
    "weak_rules",
]
