"""Sweeps over data that may be bigger than memory: sources that give blocks of rows, and what is summed over them."""

from labelwright.passes.confident import sweep
from labelwright.passes.sources import Source, source_of
from labelwright.passes.votes import VoteCounts

__all__ = ["Source", "VoteCounts", "source_of", "sweep"]
