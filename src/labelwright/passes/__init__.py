"""Sweeps over data that may be bigger than memory: sources that give blocks of rows, and what is summed over them."""

from labelwright.passes.confident import sweep
from labelwright.passes.sources import Source, source_of

__all__ = ["Source", "source_of", "sweep"]
