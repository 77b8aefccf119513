"""Prompts that fit: long texts lose their end, and demonstrations are left out from the far end on, and it is told."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from labelwright.errors import InputError
from labelwright.models.template import Template


class FittedPrompt(NamedTuple):
    """A prompt that fits, and what was left out for that.

    Attributes
    ----------
    prompt : str
    dropped : int
        Demonstrations left out, from the first on.
    cut : dict of str to int
        Characters cut off the end of the texts that were too long, by field.

    Examples
    --------
    >>> FittedPrompt("Label:", 0, {}).dropped
    0
    """

    prompt: str
    dropped: int
    cut: dict[str, int]


def fit(
    template: Template,
    values: Mapping[str, str],
    *,
    limit: int,
    demonstration: Template | None = None,
    demonstrations: Sequence[Mapping[str, str]] = (),
    longest: Mapping[str, int] | None = None,
    count: Callable[[str], int] = len,
) -> FittedPrompt:
    r"""Render a prompt of at most `limit`, with as many demonstrations as there is room for.

    The first demonstration is the farthest from the question and goes first. A text longer than its cap in `longest`
    loses its end. Both are told in the result.

    Parameters
    ----------
    template : Template
        With demonstrations, it has a field ``{demonstrations}``.
    values : mapping of str to str
        Values of its other fields.
    limit : int
        Greatest length of the prompt.
    demonstration : Template, optional
        Of one demonstration, with what stands between it and the next.
    demonstrations : sequence of mapping
        Values of the fields of `demonstration`.
    longest : mapping of str to int, optional
        Greatest length of the value of a field, here and in demonstrations.
    count : callable, default len
        ``count(text) -> int``: characters, or tokens, such as ``lambda text: len(model.ids(text))``.

    Raises
    ------
    InputError
        When the prompt does not fit without any demonstration, or as in `Template.render`.

    Examples
    --------
    >>> ask = Template("{demonstrations}Text: {text}\nLabel:")
    >>> shown = Template("Text: {text}\nLabel: {label}\n\n")
    >>> known = [{"text": "win a car", "label": "spam"}, {"text": "see you", "label": "ham"}]
    >>> fitted = fit(ask, {"text": "lunch?"}, limit=60, demonstration=shown, demonstrations=known)
    >>> fitted.dropped, fitted.prompt.splitlines()[0]
    (1, 'Text: see you')
    """
    caps = dict(longest or {})
    known = template.fields | (demonstration.fields if demonstration is not None else frozenset())
    if strange := sorted(caps.keys() - known):
        raise InputError(f"longest names {strange[0]!r}, which is no field of the templates")
    if demonstrations and demonstration is None:
        raise InputError("demonstrations are given without a template; pass demonstration=Template(...)")
    cut: dict[str, int] = {}

    def capped(said: Mapping[str, str]) -> dict[str, Any]:
        short = {
            k: shortened(v, caps[k], count) if k in caps and isinstance(v, str) else v
            for k, v in said.items()
        }
        for name in caps.keys() & said.keys():
            if less := len(said[name]) - len(short[name]):
                cut[name] = cut.get(name, 0) + less
        return short

    question = capped(values)
    asked = dict(cut)
    shown: list[str] = []
    lost: list[dict[str, int]] = []
    for each in demonstrations:
        cut.clear()
        shown.append(demonstration.render(**capped(each)))  # type: ignore[union-attr]
        lost.append(dict(cut))

    def rendered(dropped: int) -> str:
        inner = {"demonstrations": "".join(shown[dropped:])} if demonstration is not None else {}
        return template.render(**question, **inner)

    low, high = 0, len(shown)  # fewer demonstrations, a shorter prompt: halve
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if count(rendered(middle)) <= limit else (middle + 1, high)
    prompt = rendered(low)
    if (size := count(prompt)) > limit:
        raise InputError(
            f"the prompt has length {size} without demonstrations, more than limit={limit}; cap its texts"
        )
    for less in lost[low:]:
        for name, characters in less.items():
            asked[name] = asked.get(name, 0) + characters
    return FittedPrompt(prompt, low, asked)


def shortened(text: str, longest: int, count: Callable[[str], int] = len) -> str:
    """The longest beginning of a text that `count` finds to be at most `longest`.

    Examples
    --------
    >>> shortened("one two three", 2, lambda text: len(text.split()))
    'one two '
    """
    if count(text) <= longest:
        return text
    low, high = 0, len(text) - 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if count(text[:middle]) <= longest else (low, middle - 1)
    return text[:low]
