"""Pure functions by role: scores, pools, weights, targets, losses, adjust, calibration, noise, priors, graphs, metrics.

Nothing here keeps state or trains. Scores and pools return one number per item, higher meaning "look here first";
losses too, never reduced. Losses, targets and adjust take NumPy arrays and torch tensors, and gradients flow through.
"""

from labelwright.parts import (
    adjust,
    calibration,
    channel,
    graphs,
    losses,
    metrics,
    neighbours,
    noise,
    pools,
    priors,
    scores,
    targets,
    weights,
)
from labelwright.parts.blend import blend

__all__ = [
    "adjust", "blend", "calibration", "channel", "graphs", "losses", "metrics", "neighbours", "noise", "pools",
    "priors", "scores", "targets", "weights",
]  # fmt: skip
