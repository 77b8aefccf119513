"""The loops, each written once: `cross_fit` gives every row probabilities of a model that did not see it."""

from labelwright.loops.cross_fit import cross_fit

__all__ = ["cross_fit"]
