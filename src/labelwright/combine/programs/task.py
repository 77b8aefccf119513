"""What is to be labelled, said so that a language model can write a program for it."""

import keyword
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any

from labelwright.errors import InputError
from labelwright.evidence.classes import is_missing
from labelwright.models.ledger import Cost, CostLedger

ABSTAIN = -1
TEXT = "a text (str)"
KNOWLEDGE = {
    "heuristics": "rules of thumb that an experienced annotator would use",
    "keywords": "words, phrases and symbols that point to each class, at least 40 for each",
    "descriptions": "a description of each class and of what tells it from the others",
    "examples": "five typical items of each class, with a sentence on why each belongs there",
}


@dataclass(frozen=True)
class TaskSpec:
    """A labelling task: what to decide about an item, and between which classes.

    Programs answer with the position of the class in `classes`, or with -1 where they cannot tell. Since -1 is no
    position, abstaining is never mistaken for a class, whatever the classes are called.

    Parameters
    ----------
    mission : str
        The question, in a sentence or two.
    classes : sequence (k,) of at least two names
        Shown to the model by ``str``, each on a line of its own; these texts must differ.
    item : str, default "a text (str)"
        What one item is, in words and as a Python type: of a frame, say that it is a dict and name the columns.
    instructions : str, default ""
        What else an annotator would be told, such as what to do in doubtful cases.
    function : str, default "label"
        Name of the function that a program must define; it takes one item.

    Raises
    ------
    InputError
        When the mission is empty, there are fewer than two classes, one that is missing or takes several lines, or two
        that look the same, or `function` is no name.

    Examples
    --------
    >>> task = TaskSpec("Is this message spam?", ["no", "yes"])
    >>> task.classes
    ('no', 'yes')
    >>> "1 = yes" in task.program_prompt(1, 10)
    True
    """

    mission: str
    classes: tuple[Hashable, ...]
    item: str = TEXT
    instructions: str = ""
    function: str = "label"

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", _names(self.classes))
        for what in ("mission", "item", "instructions", "function"):
            if not isinstance(value := getattr(self, what), str):
                raise InputError(f"{what}={value!r} must be a text")
        if not self.mission.strip():
            raise InputError("mission is empty; say in a sentence what is to be decided about an item")
        if not self.function.isidentifier() or keyword.iskeyword(self.function) or self.function[0] == "_":
            raise InputError(f"function={self.function!r} must be a plain Python name such as 'label'")

    def program_prompt(self, number: int, total: int, knowledge: str = "") -> str:
        """Prompt for program `number` of `total`; `knowledge` from an earlier answer stands before the mission."""
        before = prompt("knowledge_given", knowledge=knowledge.strip()) + "\n" if knowledge.strip() else ""
        return before + prompt("program", number=number, total=total, **self._said())

    def knowledge_prompt(self, kind: str) -> str:
        """Prompt that asks for what is known about the classes; `kind` is a key of `KNOWLEDGE`."""
        return prompt("knowledge", wanted=KNOWLEDGE[kind], **self._said())

    def item_prompt(self, item: Any) -> str:
        """Prompt that asks for the label of one item, as annotating without programs would."""
        return prompt("annotate", text=item, **self._said())

    def direct(self, items: Iterable[Any], ledger: CostLedger) -> Cost:
        """What asking about each item would cost: one prompt with the task and the item, one number as the answer."""
        answer = max(ledger.count(str(code)) for code in range(len(self.classes)))
        return ledger.would_cost(map(self.item_prompt, items), answer)

    def _said(self) -> dict[str, str]:
        return {
            "mission": self.mission.strip(),
            "classes": "\n".join(f"{code} = {name}" for code, name in enumerate(self.classes)),
            "item": self.item,
            "instructions": self.instructions.strip(),
            "function": self.function,
        }


def _names(classes: Any) -> tuple[Hashable, ...]:
    """Class names that a model can tell apart."""
    if isinstance(classes, str) or not hasattr(classes, "__iter__"):
        raise InputError(f"classes={classes!r} must be a list of names")
    names = tuple(classes.tolist() if hasattr(classes, "tolist") else classes)
    shown = [str(name) for name in names]
    if len(shown) < 2 or len(set(shown)) < len(shown):
        raise InputError(f"classes={shown} must be at least two names that differ when written out")
    for name, text in zip(names, shown):
        if not isinstance(name, Hashable) or is_missing(name) or len(text.splitlines()) != 1:
            raise InputError(f"class {name!r} must be a name on one line, and none that is missing")
    return names


def prompt(name: str, **values: Any) -> str:
    """Text of a prompt file with its values filled in."""
    return Template(_file(name)).substitute(values)


@cache
def _file(name: str) -> str:
    return files(__package__).joinpath("prompts", f"{name}.txt").read_text(encoding="utf-8")
