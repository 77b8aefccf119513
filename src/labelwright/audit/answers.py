"""How a model's answer to a question is read and compared (S076); reading itself is `labelwright.models.answers`."""

import re
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from labelwright.errors import InputError
from labelwright.models.answers import Unparsed, fold, parse_label
from labelwright.models.answers_values import BOXED, MARKER, parse_number

AnswerParser = Callable[[str], Any]  # text -> a hashable answer, or Unparsed
LETTERS = "ABCDEFGHIJ"
FIRST = re.compile(r"\(?\s*([A-Ja-j])\s*(?:[).:,]|$)")
STRATEGIES = ("math", "multiple_choice", "choice", "text")


def answer_parser(strategy: str | AnswerParser, choices: Sequence[Hashable] | None = None) -> AnswerParser:
    r"""A function from what a model wrote to its answer, or to `Unparsed`, which counts as an error.

    Parameters
    ----------
    strategy : {"math", "multiple_choice", "choice", "text"} or callable
        One number (``1,234.0`` is 1234); one letter, A to J; one of `choices`; or the text itself, without case and
        punctuation around it. All but math read what follows the last ``Answer:`` or stands in the last ``\boxed{}``,
        else the last line; math does so by itself.
    choices : sequence, optional
        For "choice".

    Raises
    ------
    InputError
        When the strategy is unknown, or choices are missing.

    Examples
    --------
    >>> answer_parser("math")("So 1,230 + 4 = 1,234.\n**Answer: 1,234.0**")
    1234
    >>> answer_parser("multiple_choice")("It cannot be A.\nAnswer: (B)"), answer_parser("text")("Answer: **Paris.**")
    ('B', 'paris')
    """
    if callable(strategy):
        return strategy
    if strategy not in STRATEGIES:
        raise InputError(
            f"parser={strategy!r} must be one of {', '.join(STRATEGIES)}, or a function of the text"
        )
    if strategy == "choice" and (choices is None or not len(choices)):
        raise InputError("parser='choice' needs the choices there are; give choices=[...]")
    if strategy == "math":
        return parse_number
    if strategy == "text":
        return lambda text: fold(final(text)) or Unparsed("is empty", text)
    if strategy == "multiple_choice":
        return _letter
    return lambda text: parse_label(final(text), list(choices or ()))


def _letter(text: str) -> Any:
    """The letter that an answer begins with, "(B) a dog"; else the one that it names."""
    said = final(text)
    begins = FIRST.match(said)
    return begins[1].upper() if begins else parse_label(said, list(LETTERS))


def final(text: str) -> str:
    r"""The part of a text that gives the answer: what is boxed, what follows the last "Answer:", or the last line.

    Examples
    --------
    >>> final("First 3.\nAnswer: 4\n"), final("so it is\n**yes**"), final(r"thus \boxed{7}.")
    ('4', 'yes', '7')
    """
    bare = text.replace("*", " ").replace("#", " ")
    if boxed := BOXED.findall(text):
        return str(boxed[-1]).strip()
    if marked := list(MARKER.finditer(bare)):
        rest = bare[marked[-1].end() :].strip()
        return rest.splitlines()[0].strip() if rest else ""
    lines = [line.strip() for line in bare.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def accepted(targets: Any, parse: AnswerParser, where: str) -> frozenset[Hashable]:
    """Answers that count as right: one target, or a list of them, each read as an answer is.

    Raises
    ------
    InputError
        When there is none, or one cannot be read.
    """
    several = list(targets) if isinstance(targets, (list, tuple, set, frozenset)) else [targets]
    if not several:
        raise InputError(f"{where} has no acceptable answer; give at least one, or reject the question")
    found = set()
    for target in several:
        value = parse(str(target))
        if isinstance(value, Unparsed):
            raise InputError(f"{where}: the target {target!r} cannot be read as an answer: it {value.reason}")
        found.add(checked(value, where))
    return frozenset(found)


def checked(value: Any, where: str) -> Hashable:
    """A parsed answer that can be compared.

    Raises
    ------
    InputError
        When a parser of the user's gives something that cannot be.
    """
    try:
        hash(value)
    except TypeError:
        raise InputError(
            f"{where}: the parser gives a {type(value).__name__}, which cannot be compared; return text, a number or "
            "a tuple"
        ) from None
    return value  # type: ignore[no-any-return]
