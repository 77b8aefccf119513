"""The label in what a model wrote, or `Unparsed`: nothing is guessed, nothing is run, no class stands in by default.

A text that an attacker may have had a hand in (items are quoted, repeated, obeyed) gives one of the labels asked for,
or `Unparsed` with a reason. What stands in doubt is not an answer: two labels, a label denied, asked or only quoted.
"""

import re
import unicodedata
from bisect import bisect
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from labelwright.errors import InputError

LONGEST = 100_000  # characters; an answer that is longer is none
NEAR = 50  # words before a label that may deny it, within a sentence
AROUND = " \t\r\n.,;:!\"'`*_()[]{}<>#«»“”„‘’"  # noqa: RUF001
NEGATIONS = frozenset(
    {
        "not", "no", "never", "neither", "nor", "none", "nothing", "cannot", "without", "hardly", "barely", "scarcely",
        "unlikely", "non", "wrong", "incorrect", "false", "nowhere", "instead",
    }
)  # fmt: skip
QUOTED = re.compile(
    r"\"[^\"\n]*\"|“[^”\n]*”|«[^»\n]*»|`[^`\n]*`|(?<!\w)['‘][^\n]*?['’](?!\w)"  # noqa: RUF001
)
SENTENCE = re.compile(r"[.!?;\n]")
WORD = re.compile(r"[\w']+")


@dataclass(frozen=True)
class Unparsed:
    """An answer that says nothing usable.

    Attributes
    ----------
    reason : str
        Why, in a few words.
    raw : str
        The answer as it came.

    Examples
    --------
    >>> Unparsed("names no label", "Hm.").reason
    'names no label'
    """

    reason: str
    raw: str


def parse_label(text: str, labels: Sequence[Hashable]) -> Any:
    """The one label that an answer names.

    Tried in this order: the whole answer is a label; it is one whatever its case and the punctuation around it; exactly
    one label stands in it as whole words, of labels inside each other the longest; it is the beginning of one label
    alone (an answer that was cut off).

    Parameters
    ----------
    text : str
        What the model wrote.
    labels : sequence (k,) of hashable
        Compared by ``str``.

    Returns
    -------
    one of `labels`, or Unparsed
        `Unparsed` where the answer is empty, too long (100,000 characters), names no label or several, or puts the one
        it names after a negation in the same sentence ("not spam"), up to three words before one ("spam is wrong"),
        before a question mark, or into a quotation of more than itself.

    Raises
    ------
    InputError
        When there are no labels, one is blank, two are equal, or `text` is no text.

    Examples
    --------
    >>> parse_label("**Spam.**", ["ham", "spam"]), parse_label("I would say it is spam", ["ham", "spam"])
    ('spam', 'spam')
    >>> parse_label("Not spam!", ["ham", "spam"]).reason
    "names 'spam' beside a negation"
    >>> parse_label("Not spam!", ["spam", "not spam"])
    'not spam'
    """
    names = _names(labels)
    check_text(text)
    if len(text) > LONGEST:
        return Unparsed(f"has {len(text)} characters", text)
    if (whole := text.strip()) in names:
        return names[whole]
    folded: dict[str, list[str]] = {}
    for name in names:
        folded.setdefault(fold(name), []).append(name)
    whole = fold(text)
    if not whole:
        return Unparsed("is empty", text)
    if whole in folded:
        alike = folded[whole]
        return names[alike[0]] if len(alike) == 1 else Unparsed(f"may be {' or '.join(alike)}", text)
    found, reason = _inside(plainer(text), [key for key in folded if key])
    if found is None and not reason and "\n" not in whole:
        begun = [key for key in folded if key.startswith(whole)]
        found, reason = (begun[0], "") if len(begun) == 1 else (None, "names no label")
    if found is None:
        return Unparsed(reason or "names no label", text)
    alike = folded[found]
    return names[alike[0]] if len(alike) == 1 else Unparsed(f"may be {' or '.join(alike)}", text)


def _inside(text: str, keys: list[str]) -> tuple[str | None, str]:
    """The key that stands in a text as whole words, or None and why."""
    if not keys:
        return None, ""
    either = "|".join(re.escape(key) for key in sorted(keys, key=len, reverse=True))
    hits = list(re.finditer(rf"(?<![\w-])(?:{either})(?![\w-])", text))
    named = sorted({hit[0] for hit in hits})
    if len(named) != 1:
        return None, f"names {len(named)} labels: {', '.join(named)[:80]}" if named else ""
    [name] = named
    apart = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", lambda hit: " " * len(hit[0]), text)
    words = [(word.start(), _denies(word[0])) for word in WORD.finditer(apart)]
    ends = [-1, *(end.start() for end in SENTENCE.finditer(apart)), len(text)]
    quotes = [found.span() for found in QUOTED.finditer(text)]
    told = False
    for hit in hits:
        sentence = bisect(ends, hit.start())
        first, here, last = (
            bisect(words, (at, True)) for at in (ends[sentence - 1], hit.start(), ends[sentence])
        )
        if any(
            denies for _, denies in words[max(first, here - NEAR) : here] + words[here : min(here + 3, last)]
        ):
            return None, f"names {name!r} beside a negation"
        if text[hit.end() : hit.end() + 20].lstrip(AROUND).startswith("?"):
            return None, f"asks about {name!r}"
        start, end = quotes[max(bisect(quotes, hit.span()) - 1, 0)] if quotes else (0, 0)
        inside = start < hit.start() and hit.end() < end
        told |= not inside or text[start:end].strip(AROUND) == name
    return (name, "") if told else (None, f"names {name!r} in a quotation only")


def _denies(word: str) -> bool:
    return word in NEGATIONS or word.endswith("n't")


def _names(labels: Sequence[Hashable]) -> dict[str, Hashable]:
    names = {} if isinstance(labels, str) else {str(label).strip(): label for label in labels}
    if not names or len(names) < len(labels) or "" in names:
        raise InputError(f"labels={labels!r} must be a list of different names, none of them blank")
    return names


def check_text(text: object) -> None:
    """Refuse what is no text.

    Raises
    ------
    InputError
    """
    if not isinstance(text, str):
        raise InputError(f"the answer is {type(text).__name__}, not text; pass what the model wrote")


def plainer(text: str) -> str:
    """Text without case, compatibility forms (ﬁ, full width) and characters that cannot be seen."""
    composed = unicodedata.normalize("NFKC", text)
    seen = "".join(c for c in composed if unicodedata.category(c) != "Cf")
    return unicodedata.normalize("NFKC", seen.casefold()).replace("’", "'")  # noqa: RUF001


def fold(text: str) -> str:
    """`plainer`, with spaces as one and no punctuation around."""
    return " ".join(plainer(text).split()).strip(AROUND)
