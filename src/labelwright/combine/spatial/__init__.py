"""Maps of one site by several labellers: how good each labeller is, the consensus, and where it is doubtful."""

from labelwright.combine.spatial.consensus import (
    Consensus,
    SiteSummary,
    bayes_risk,
    chips,
    consensus,
    pixel_votes,
    posterior_consensus,
    site_summary,
    weighted_vote,
)
from labelwright.combine.spatial.plots import ConsensusDisplay, SkillDisplay
from labelwright.combine.spatial.rasterize import fill, rasterize, rasterize_three_class, three_class
from labelwright.combine.spatial.registry import LabellerRegistry
from labelwright.combine.spatial.schedule import ControlScheduler, SiteClass
from labelwright.combine.spatial.scores import QScore, Weights, qscore
from labelwright.combine.spatial.skill import LabellerSkill

__all__ = [
    "Consensus",
    "ConsensusDisplay",
    "ControlScheduler",
    "LabellerRegistry",
    "LabellerSkill",
    "QScore",
    "SiteClass",
    "SiteSummary",
    "SkillDisplay",
    "Weights",
    "bayes_risk",
    "chips",
    "consensus",
    "fill",
    "pixel_votes",
    "posterior_consensus",
    "qscore",
    "rasterize",
    "rasterize_three_class",
    "site_summary",
    "three_class",
    "weighted_vote",
]
