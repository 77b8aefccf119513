"""Votes from a language model, through any function that completes a prompt."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any

from labelwright.combine.rules import OneByOne, OnError, Rule
from labelwright.errors import InputError


def prompted(
    complete: Callable[[str], str],
    prompt: str | Callable[[Any], str],
    classes: Iterable[Hashable],
    *,
    read: Callable[[str], Any] | None = None,
    column: Any = None,
    name: str | None = None,
    on_error: OnError = "raise",
) -> Rule:
    """Ask a language model about every item; an answer that is not just a class abstains.

    Parameters
    ----------
    complete : callable
        ``prompt -> answer``, both text: any client, local or hosted. With ``n_jobs`` it runs in several
        processes at once, or in threads under ``joblib.parallel_config("threading")``, which suits hosted models.
        Nothing is kept of the answers; ``models.as_function(models.Cached(model, path))`` pays once.
    prompt : str or callable
        Text with ``{item}``, or of rows and dicts with the names of columns, ``{title}``; or ``item -> prompt``.
    classes : iterable
        What it may answer.
    read : callable, optional
        ``answer -> class or None``. By default the first line that is not empty must be a class, whatever its case and
        the punctuation around it; what stands before a colon is left out ("Label: spam").
    column : hashable, optional
        Show it this column alone.
    name : str, optional
    on_error : {"raise", "abstain"}, default "raise"

    Examples
    --------
    >>> scripted = lambda prompt: "Spam." if "WIN" in prompt else "I cannot tell."
    >>> ask = prompted(scripted, "Is this spam or ham? {item}", ["spam", "ham"])
    >>> ask("WIN NOW"), ask("Dear Ann")
    ('spam', None)
    """
    may = tuple(classes)
    if not may:
        raise InputError("classes are empty; a language model must know what it may answer")
    if isinstance(prompt, str) and "{" not in prompt:
        raise InputError(f"prompt={prompt[:60]!r} shows no item; put {{item}} where it belongs")
    if not callable(complete):
        raise InputError(f"complete={complete!r} is not a function from prompt to answer")
    table = {_bare(str(c)): c for c in may}
    if len(table) < len(may):
        raise InputError("classes differ in case or punctuation alone; pass read=... to tell answers apart")
    ask = _Ask(complete, prompt, read or _Exactly(table))
    return Rule(name or "language model", OneByOne(ask, on_error), may, column, on_error)


@dataclass(frozen=True)
class _Ask:
    complete: Callable[[str], str]
    prompt: str | Callable[[Any], str]
    read: Callable[[str], Any]

    def __call__(self, item: Any) -> Any:
        if callable(self.prompt):
            text = self.prompt(item)
        else:
            text = self.prompt.format_map({"item": item, **(item if isinstance(item, dict) else {})})
        return self.read(self.complete(text))


@dataclass(frozen=True)
class _Exactly:
    table: dict[str, Any]

    def __call__(self, answer: str) -> Any:
        lines = [line for line in answer.splitlines() if line.strip()]
        if not lines:
            return None
        whole = _bare(lines[0])
        return self.table.get(whole, self.table.get(_bare(whole.rpartition(":")[2])))


def _bare(text: str) -> str:
    return text.strip(" \t\r\n.,;:!?\"'`*_()[]").casefold()
