"""A language model as judge of pairs: it reads the item and two labels, and its answer is read strictly (S096)."""

from collections.abc import Callable
from importlib.resources import files
from typing import Any

from labelwright.models import Completes, Unparsed, Usage, able, parse_label
from labelwright.models.template import Template

ANSWERS = {"1": 1, "2": 2, "unsure": 0.5}
CHECKS = {"good": 1, "bad": 0, "unsure": 0.5}


class PromptedComparison:
    r"""Ask a language model which of two labels of an item is better.

    An answer that does not name one of 1, 2 and unsure, and nothing else, leaves the pair open. Models favour a place:
    use it with both orders, as `PairwiseCritic` does by default.

    Parameters
    ----------
    model : `labelwright.models.Completes`, or callable ``prompt -> str``
    about : str, default ""
        What a good label is like, in a few sentences.
    show : callable, default str
        ``show(item or label) -> str``: how items and labels are written into the prompt.
    max_tokens : int, default 8
    longest : int, default 4000
        Characters of an item or a label; the rest is cut off.

    Attributes
    ----------
    answers : list of (str, str)
        Prompt and raw answer of every call, so that the reading can be checked.
    unparsed : list of Unparsed
        Answers that named nothing, and why.
    usage : Usage

    Departs from the paper: one question in place of a description of each label, a comparison and a summary; texts in
    place of pictures.

    Examples
    --------
    >>> judge = PromptedComparison(lambda prompt: "2" if "Label 2:\nham" in prompt else "Hard to say.")
    >>> judge.compare("See you at noon", "spam", "ham"), judge.compare("See you at noon", "ham", "spam")
    (2, 0.5)
    >>> judge.unparsed[0].reason
    'names no label'
    """

    cites = ("bassi2025critic",)

    def __init__(
        self,
        model: Any,
        *,
        about: str = "",
        show: Callable[[Any], str] = str,
        max_tokens: int = 8,
        longest: int = 4000,
    ):
        self.model, self.about, self.show = model, about, show
        self.max_tokens, self.longest = max_tokens, longest
        self.answers: list[tuple[str, str]] = []
        self.unparsed: list[Unparsed] = []
        self.usage = Usage()

    @property
    def name(self) -> str:
        """Of the model."""
        return str(getattr(self.model, "name", "language model"))

    def compare(self, item: Any, a: Any, b: Any) -> float:
        """1, 2 or 0.5."""
        return self._asked("compare.txt", ANSWERS, item=item, first=a, second=b)

    def check(self, item: Any, label: Any) -> float:
        """1 for good, 0 for bad, 0.5 where that is open."""
        return self._asked("check.txt", CHECKS, item=item, label=label)

    def _asked(self, file: str, meanings: dict[str, Any], **values: Any) -> float:
        said = {name: self.show(value)[: self.longest] for name, value in values.items()}
        template = Template(files(__package__).joinpath(file).read_text(encoding="utf-8"))
        prompt = template.render(about=self.about, **said)
        model: Completes = able(self.model, Completes, purpose="Comparing labels")  # type: ignore[type-abstract]
        [completion] = model.complete([prompt], max_tokens=self.max_tokens)
        self.usage = self.usage.added(completion.usage)
        self.answers.append((prompt, completion.text))
        found = parse_label(completion.text, list(meanings))
        if isinstance(found, Unparsed):
            self.unparsed.append(found)
            return 0.5
        return meanings[found]
