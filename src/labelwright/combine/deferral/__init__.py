"""Answer or ask an expert who is known from a handful of answers (Ramgolam et al., 2025)."""

from labelwright.combine.deferral.expertise import ExpertiseModel
from labelwright.combine.deferral.experts import Context, SyntheticExpert, contexts, draw_experts
from labelwright.combine.deferral.population import PopulationDeferral
from labelwright.combine.deferral.report import DEFER, DeferralReport, deferral_report

__all__ = [
    "DEFER", "Context", "DeferralReport", "ExpertiseModel", "PopulationDeferral", "SyntheticExpert", "contexts",
    "deferral_report", "draw_experts",
]  # fmt: skip
