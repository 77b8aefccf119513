"""Replies on file in place of a language model: for tests, demonstrations and reruns without a model.

We wrote the replies in `recorded/sentiment` ourselves, in the style that a model is asked for. They are no model's
output, and say nothing about how good any model is at writing programs.
"""

from collections.abc import Sequence
from importlib.resources import files

from labelwright.combine.programs.task import TaskSpec
from labelwright.errors import InputError

SENTIMENT = TaskSpec(
    "Does the writer of this sentence feel good or bad about what it is about?",
    ("negative", "positive"),
    item="a sentence from a film review or a tweet, in English (str)",
    instructions="Answer for the sentence as a whole.",
)


class Recorded:
    """A stand-in for a language model that gives its replies in order, whatever it is asked.

    Parameters
    ----------
    replies : sequence of str
        Those of a real model are kept in `ProgramLabels.knowledge` and in the `reply` of each `Program`.

    Attributes
    ----------
    prompts : list of str
        What it was asked so far.

    Examples
    --------
    >>> model = Recorded(["first", "second"])
    >>> model("What?"), model("And?"), model.prompts
    ('first', 'second', ['What?', 'And?'])
    """

    def __init__(self, replies: Sequence[str]):
        if isinstance(replies, str) or not all(isinstance(reply, str) for reply in replies):
            raise InputError("replies must be a list of texts")
        self.replies, self.prompts = tuple(replies), []  # type: tuple[str, ...], list[str]

    def __call__(self, prompt: str) -> str:
        """The next reply."""
        if len(self.prompts) >= len(self.replies):
            raise InputError(f"all {len(self.replies)} recorded replies are used up; ask for fewer programs")
        self.prompts.append(prompt)
        return self.replies[len(self.prompts) - 1]


def recorded_sentiment(*, knowledge: bool = True) -> Recorded:
    """The sentiment replies that ship with the package: one of knowledge, then the programs for `SENTIMENT`.

    They were written by the authors of Labelwright, by hand, before any was run on labelled sentences.

    Parameters
    ----------
    knowledge : bool, default True
        Whether the first reply is the one of knowledge, as the mode "two_stage" asks for it.

    Examples
    --------
    >>> len(recorded_sentiment(knowledge=False).replies)
    13
    """
    folder = files(__package__).joinpath("recorded", "sentiment")
    names = sorted(f.name for f in folder.iterdir() if f.name.endswith(".txt"))
    return Recorded(
        [
            folder.joinpath(name).read_text(encoding="utf-8")
            for name in names
            if knowledge or not name.startswith("00")
        ]
    )
