"""Words of an open vocabulary, frame after frame: which thing they are about, and of which class it is."""

from labelwright.combine.fusion.associate import Association, associate, mask_iou, splat, usable
from labelwright.combine.fusion.fusion import Fused, LabelFusion
from labelwright.combine.fusion.instances import InstanceMap, Merged
from labelwright.combine.fusion.likelihood import LikelihoodMatrix

__all__ = [
    "Association",
    "Fused",
    "InstanceMap",
    "LabelFusion",
    "LikelihoodMatrix",
    "Merged",
    "associate",
    "mask_iou",
    "splat",
    "usable",
]
