"""A model from noisy, partial, bagged, few labels: one estimator takes any evidence."""

from labelwright.learn.imprecise import ImpreciseEM

__all__ = ["ImpreciseEM"]
