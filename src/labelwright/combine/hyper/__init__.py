"""A label model trained once, that needs no fitting."""

from labelwright.combine.hyper.model import HyperLabelModel

__all__ = ["HyperLabelModel"]
