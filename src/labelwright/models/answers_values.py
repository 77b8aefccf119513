"""A number, or a list, in what a model wrote, or `Unparsed`; see `answers`."""

import json
import re
import unicodedata

from labelwright.models.answers import LONGEST, Unparsed, check_text

NUMBER = re.compile(
    r"(?<![\w.,/:^])(?P<sign>[-+]?)\$?(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)?"
    r"(?P<part>\.[0-9]+)?(?P<power>[eE][-+]?[0-9]{1,3})?(?![\w/:^]|[.,][0-9])"
)
BOXED = re.compile(r"\\boxed\s*\{([^{}]*)\}")
MARKER = re.compile(r"\banswer\b(?:\s+is)?\s*[:=]?", re.IGNORECASE)
BULLET = re.compile(r"^(\s*)(?:[-*•]|\(?\d{1,3}[.)])\s+(.*)$")
DIGITS = 300


def parse_number(text: str) -> int | float | Unparsed:
    r"""The one number that an answer gives.

    Looked for in the last ``\boxed{}``, else after the last "answer", else in the last line that is not empty. There,
    exactly one number may stand: commas between thousands, a sign, a currency sign, bold type, an exponent and a
    closing ".0" are understood; fractions, ranges, times and decimal commas are not.

    Returns
    -------
    int, float or Unparsed
        An int where it is whole.

    Examples
    --------
    >>> parse_number("3 + 4 is 7.\nThe answer is **1,234.0**."), parse_number(r"\boxed{-0.5}")
    (1234, -0.5)
    >>> parse_number("between 3 and 5").reason
    'gives 2 numbers'
    """
    check_text(text)
    if len(text) > LONGEST:
        return Unparsed(f"has {len(text)} characters", text)
    seen = "".join(c for c in text if unicodedata.category(c) != "Cf").replace("\u2212", "-")
    lines = [line for line in seen.replace("*", " ").replace("#", " ").splitlines() if line.strip()]
    if boxed := BOXED.findall(seen):
        where = boxed[-1]
    elif marked := list(MARKER.finditer(said := "\n".join(lines))):
        rest = said[marked[-1].end() :].strip()
        where = rest.splitlines()[0] if rest else ""
    else:
        where = lines[-1] if lines else ""
    if any(c.isnumeric() and not c.isascii() for c in where):
        return Unparsed("has digits of another script, or a fraction or a power in one character", text)
    found = [hit for hit in NUMBER.finditer(where) if hit["whole"] or hit["part"]]
    digits = re.findall("[0-9]+", where)
    if sum(map(len, digits)) > DIGITS:
        return Unparsed("gives a number that is too long", text)
    values = {_value(hit) for hit in found}
    if len(values) != 1:
        return Unparsed(f"gives {len(values) or 'no'} number{'s' if values else ''}", text)
    if len(digits) > sum(len(re.findall("[0-9]+", hit[0])) for hit in found):
        return Unparsed("has digits beside the number", text)
    [value] = values
    return Unparsed("gives a number that is too large", text) if value == float("inf") else value


def _value(hit: re.Match[str]) -> int | float:
    whole = (hit["whole"] or "0").replace(",", "")
    if not (hit["part"] or ".").strip(".0") and not hit["power"]:
        return int(hit["sign"] + whole)
    value = float(f"{hit['sign']}{whole}{hit['part'] or ''}{hit['power'] or ''}")
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def parse_list(text: str) -> list[str] | Unparsed:
    r"""The entries of a list: a JSON array of texts, lines with bullets or numbers, or one line with commas.

    Lines before the first entry and after the last are left out; a line without a bullet between them, or a list
    inside the list, makes it unreadable.

    Returns
    -------
    list of str, or Unparsed
        Without the bullets and the spaces around; an empty list only where a JSON array is empty.

    Examples
    --------
    >>> parse_list("Here they are:\n1. cats\n2. dogs\nAnything else?"), parse_list('["a, b", "c"]')
    (['cats', 'dogs'], ['a, b', 'c'])
    >>> parse_list("I cannot say.").reason
    'is no list'
    """
    check_text(text)
    if len(text) > LONGEST:
        return Unparsed(f"has {len(text)} characters", text)
    bare = re.sub(r"^```\w*\n(.*)\n```$", r"\1", text.strip(), flags=re.DOTALL).strip()
    if bare.startswith("["):
        try:
            found = json.loads(bare)
        except (ValueError, RecursionError):
            return Unparsed("begins like a JSON array and is none", text)
        if all(isinstance(entry, str) for entry in found):
            return found
        return Unparsed("is a JSON array of other things than texts", text)
    lines = [line.rstrip() for line in bare.splitlines() if line.strip()]
    hits = [BULLET.match(line) for line in lines]
    inside = [i for i, hit in enumerate(hits) if hit]
    if not inside:
        entries = [entry.strip() for entry in re.split("[,;]", bare.rstrip("."))] if len(lines) == 1 else []
        if len(entries) < 2:
            return Unparsed("is no list", text)
    else:
        between = hits[inside[0] : inside[-1] + 1]
        if len({hit[1] if hit else None for hit in between}) != 1:
            return Unparsed("is a list with other lines, or another list, inside", text)
        entries = [hit[2].strip() for hit in between if hit]
    return entries if all(entries) else Unparsed("has an empty entry", text)
