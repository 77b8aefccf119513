"""Rerun what the papers say, on real data, and decide whether it holds."""

from labelwright.papers.claim import Ahead, Claim, ahead
from labelwright.reproduce.discover import claims
from labelwright.reproduce.results import Result, load
from labelwright.reproduce.runner import Skipped, run, run_one
from labelwright.reproduce.statistics import Difference, compare, interval, verdict

__all__ = [
    "Ahead",
    "Claim",
    "Difference",
    "Result",
    "Skipped",
    "ahead",
    "claims",
    "compare",
    "interval",
    "load",
    "run",
    "run_one",
    "verdict",
]
