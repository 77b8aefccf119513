"""Kinds of answers that sources can be combined on: rankings, numbers, finite metrics, texts; one file each.

>>> from labelwright.combine.spaces import FiniteSpace
>>> FiniteSpace.ordered(["low", "middle", "high"])
FiniteSpace(3 classes)
"""

from labelwright.combine.spaces.answers import Answers
from labelwright.combine.spaces.base import Space
from labelwright.combine.spaces.finite import FiniteSpace
from labelwright.combine.spaces.rankings import RankingSpace
from labelwright.combine.spaces.reals import RealSpace
from labelwright.combine.spaces.texts import TextSpace

__all__ = ["Answers", "FiniteSpace", "RankingSpace", "RealSpace", "Space", "TextSpace"]
