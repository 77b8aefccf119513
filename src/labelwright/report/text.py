"""Words and numbers as a reader should see them, and values of any kind as harmless text."""

import json
import math
import re
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

NBSP = "\u00a0"
DASH = "\u2013"  # stands where there is no number
# Characters that draw nothing, or worse, become a picture or the name of themselves: C0 and C1 controls (but
# for tab and newline), and the bidirectional ones, which left open would turn what follows around.
_CONTROLS: dict[int, int | str] = {c: 0x2400 + c for c in range(32) if c not in (9, 10)}
_CONTROLS[127] = 0x2421
_CONTROLS |= dict.fromkeys(range(0x80, 0xA0), 0xFFFD)
_CONTROLS |= {
    ord(c): f"⟨{name}⟩"
    for c, name in zip(
        "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
        ("LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"),
    )
}
_SURROGATE = re.compile("[\ud800-\udfff]")
# "<" keeps the parser from seeing "</script>" and "<!--"; the separators end a line in old JavaScript.
_UNSAFE = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def plain(value: Any, limit: int = 200) -> str:
    """Any value as text without control characters, cut to `limit` characters with an ellipsis.

    Examples
    --------
    >>> plain(3.0), plain(None), plain(""), plain("a" * 9, limit=4)
    ('3', 'none', '(empty)', 'aaa…')
    """
    if value is None:
        return "none"
    if isinstance(value, bytes):
        value = value[: 4 * limit].decode("utf-8", "replace")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    try:
        text = value if isinstance(value, str) else str(value)
    except Exception:
        text = f"<{type(value).__name__}>"
    if len(text) > limit:
        text = text[: limit - 1].rstrip() + "…"
    if _SURROGATE.search(text):
        text = _SURROGATE.sub("\ufffd", text)
    return text.translate(_CONTROLS).strip() or "(empty)"


def percent(share: float, digits: int | None = None) -> str:
    """Write a share as a percentage, with as many digits as help.

    Examples
    --------
    >>> [percent(x).replace(NBSP, " ") for x in (0.0314, 0.5, 0.00123, 0)]
    ['3.1 %', '50 %', '0.12 %', '0 %']
    """
    if not math.isfinite(share):
        return DASH
    value = 100 * float(share)
    if digits is None:
        digits = 0 if value == 0 or abs(value) >= 10 else 1 if abs(value) >= 1 else 2
    return f"{value:.{digits}f}{NBSP}%"


def percents(*shares: float) -> list[str]:
    """Several shares of one story with the same number of digits, chosen for the smallest.

    Examples
    --------
    >>> [p.replace(NBSP, " ") for p in percents(0.031, 0.026, 0.137)]
    ['3.1 %', '2.6 %', '13.7 %']
    """
    known = [abs(s) for s in shares if math.isfinite(s) and s]
    smallest = min(known, default=0.0)
    digits = 2 if smallest < 0.01 and max(known, default=0.0) < 0.1 else 1
    return [percent(s, digits if s else 0) for s in shares]


def count(number: float) -> str:
    """Write a whole number with separators between thousands.

    Examples
    --------
    >>> count(17410), count(float("nan")) == DASH
    ('17,410', True)
    """
    return f"{round(number):,}" if math.isfinite(number) else DASH


def about(number: float) -> str:
    """Write a count rounded to two figures, as an estimate deserves.

    Examples
    --------
    >>> about(538.2), about(7.4), about(12345)
    ('540', '7', '12,000')
    """
    if not math.isfinite(number):
        return DASH
    digits = max(0, math.floor(math.log10(abs(number))) - 1) if number else 0
    return count(round(number, -digits))


def plural(number: int, one: str, many: str | None = None) -> str:
    """Write a count and its noun.

    Examples
    --------
    >>> plural(1, "row"), plural(2100, "row"), plural(0, "class", "classes")
    ('1 row', '2,100 rows', '0 classes')
    """
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def distinct(classes: Sequence[Hashable]) -> dict[Hashable, str]:
    """Name every class; those that would read the same (1 and "1") by how they are written in code.

    Examples
    --------
    >>> list(distinct(["a", 1, "1"]).values())
    ['a', '1', "'1'"]
    """
    shown = {c: plain(c) for c in (c.item() if isinstance(c, np.generic) else c for c in classes)}
    seen: dict[str, int] = {}
    for name in shown.values():
        seen[name] = seen.get(name, 0) + 1
    return {c: plain(repr(c)) if seen[name] > 1 else name for c, name in shown.items()}


def clause(note: str) -> str:
    """A sentence as one of several in a list: without the capital and the full stop.

    Examples
    --------
    >>> clause("Delimiter is semicolon.")
    'delimiter is semicolon'
    """
    return note[:1].lower() + note[1:].rstrip(".")


def script_json(value: Any) -> str:
    r"""JSON that can stand inside a `script` element whatever the texts in it say.

    Examples
    --------
    >>> script_json({"a": "</script><!--"})
    '{"a":"\\u003c/script\\u003e\\u003c!--"}'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return _SURROGATE.sub("\ufffd", text.translate(_UNSAFE))
