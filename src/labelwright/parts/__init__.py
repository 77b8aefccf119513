"""Pure functions by role: scores, pools, noise, adjust, graphs.

Nothing here keeps state or trains. Scores and pools return one number per item, higher meaning "look here first".
"""

from labelwright.parts import adjust, channel, graphs, noise, pools, scores
from labelwright.parts.blend import blend

__all__ = ["adjust", "blend", "channel", "graphs", "noise", "pools", "scores"]
