"""Which of several candidate labels is the best? A judge compares them pair by pair."""

from labelwright.audit.critic.agreement import box_agreement, dice
from labelwright.audit.critic.boxes import BoxRules
from labelwright.audit.critic.masks import MaskRules, project
from labelwright.audit.critic.pairwise import Best, Choices, Compares, PairwiseCritic, Verdict, together
from labelwright.audit.critic.prior import Prior
from labelwright.audit.critic.stand_ins import BiasedJudge, Recorded

__all__ = [
    "Best",
    "BiasedJudge",
    "BoxRules",
    "Choices",
    "Compares",
    "MaskRules",
    "PairwiseCritic",
    "Prior",
    "Recorded",
    "Verdict",
    "box_agreement",
    "dice",
    "project",
    "together",
]
