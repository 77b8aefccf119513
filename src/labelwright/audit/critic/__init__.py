"""Which of several candidate labels is the best? A judge compares them pair by pair."""

from labelwright.audit.critic.agreement import box_agreement, dice
from labelwright.audit.critic.boxes import BoxRules
from labelwright.audit.critic.masks import MaskRules, project
from labelwright.audit.critic.pairwise import Best, Choices, PairJudge, PairwiseCritic, Verdict, together
from labelwright.audit.critic.prior import Prior
from labelwright.audit.critic.prompted import PromptedComparison
from labelwright.audit.critic.stand_ins import BiasedJudge, RecordedPairs

__all__ = [
    "Best",
    "BiasedJudge",
    "BoxRules",
    "Choices",
    "MaskRules",
    "PairJudge",
    "PairwiseCritic",
    "Prior",
    "PromptedComparison",
    "RecordedPairs",
    "Verdict",
    "box_agreement",
    "dice",
    "project",
    "together",
]
