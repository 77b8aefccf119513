"""Labels by programs that a language model writes: a few questions in place of one for every item.

`labels_by_programs` does it all; the other names are its steps. Programs are text, and run only in a separate process
without network or files, with limits of time and memory.
"""

from labelwright.combine.programs.everyday import ProgramLabels, labels_by_programs
from labelwright.combine.programs.recorded import SENTIMENT, Recorded, recorded_sentiment
from labelwright.combine.programs.run import outcomes, run
from labelwright.combine.programs.sandbox import Limits, Outcome, guards
from labelwright.combine.programs.store import Program, ProgramStore
from labelwright.combine.programs.task import TaskSpec
from labelwright.combine.programs.write import Written, write_programs

__all__ = [
    "SENTIMENT",
    "Limits",
    "Outcome",
    "Program",
    "ProgramLabels",
    "ProgramStore",
    "Recorded",
    "TaskSpec",
    "Written",
    "guards",
    "labels_by_programs",
    "outcomes",
    "recorded_sentiment",
    "run",
    "write_programs",
]
