"""Pure functions by role: scores, pools, noise, adjust.

Nothing here keeps state or trains. Scores and pools return one number per item, higher meaning "look here first".
"""

from labelwright.parts import adjust, noise, pools, scores

__all__ = ["adjust", "noise", "pools", "scores"]
