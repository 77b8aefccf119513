"""A model from noisy, partial, bagged, few labels: one estimator takes any evidence."""

from labelwright.learn.imprecise import ImpreciseEM
from labelwright.learn.imprecise_net import ImpreciseNet
from labelwright.learn.proportions import LLP

__all__ = ["LLP", "ImpreciseEM", "ImpreciseNet"]
