"""Votes from words and regular expressions in texts (S101)."""

import re
import unicodedata
import warnings
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from labelwright.combine.rules import Rule, Said, one_class
from labelwright.combine.views import View
from labelwright.errors import DoubtfulInput, InputError

BOUNDARY = r"[^\pL\pM\pN_]"
AT_ONCE = 500  # words in one expression; RE2 refuses expressions that are too large


def keywords(
    said: Hashable, words: Sequence[str], *, column: Any = None, whole_words: bool = True,
    ignore_case: bool = True, name: str | None = None,
) -> Rule:  # fmt: skip
    """Vote for a class where a text has one of some words; missing text abstains.

    All words together are one expression that takes time in proportion to the text, however it looks.

    Parameters
    ----------
    said : hashable
        The class.
    words : sequence of str
        Words or phrases, taken literally; a space in a phrase stands for any white space.
    column : hashable, optional
        Where the text is; without it the items are texts.
    whole_words : bool, default True
        Whether "win" is found in "win!" but not in "window". Letters, their marks, digits and the underscore make up
        words, in every script; for those that write no spaces say False.
    ignore_case : bool, default True
        Case is folded letter by letter: "STRASSE" is not "straße".
    name : str, optional
        By default the class and the words.

    Examples
    --------
    >>> prize = keywords("spam", ["free", "you won"])
    >>> prize("You  won!"), prize("freedom")
    ('spam', None)
    """
    chosen = _texts(words, "words")
    empty = [i for i, word in enumerate(chosen) if not word.strip()]
    if empty:
        raise InputError(f"words[{empty[0]}] is empty and would be found everywhere; leave it out")
    exact = list(dict.fromkeys(unicodedata.normalize("NFC", word.strip()) for word in chosen))
    searches = [
        search
        for first in range(0, len(exact), AT_ONCE)
        for search in _searches(exact[first : first + AT_ONCE], whole_words)
    ]
    return Rule(name or _title(said, chosen), Linear(said, tuple(searches), ignore_case), (said,), column)


def patterns(
    said: Hashable, regexes: Sequence[str | re.Pattern[str]], *, column: Any = None, ignore_case: bool = False,
    linear: bool = False, name: str | None = None,
) -> Rule:  # fmt: skip
    r"""Vote for a class where a text matches one of some regular expressions; missing text abstains.

    Python's own engine can take time exponential in the length of a text for expressions such as ``(\w+\s?)*$``, and
    nothing can stop it once it runs. Expressions of that shape draw a warning, though not all slow ones are seen. For
    expressions from others, or texts from anywhere, take ``linear=True``.

    Parameters
    ----------
    said : hashable
        The class.
    regexes : sequence of str or compiled
    column : hashable, optional
        Where the text is; without it the items are texts.
    ignore_case : bool, default False
        For those given as text.
    linear : bool, default False
        Run them on the engine RE2, in time proportional to the text. It has no look-around and no
        references to groups, and its ``\w``, ``\d``, ``\s`` and ``\b`` know ASCII only (``\pL`` is any letter).
    name : str, optional
        By default the class and the expressions.

    Examples
    --------
    >>> link = patterns("spam", [r"https?://", r"\bwww\."])
    >>> link("see www.example.org"), link("see you")
    ('spam', None)
    """
    if isinstance(regexes, (str, re.Pattern)):
        raise InputError(f"regexes is one expression ({str(regexes)[:40]!r}); give a list of them")
    sources = _texts([r.pattern if isinstance(r, re.Pattern) else r for r in regexes], "regexes")
    title = name or _title(said, sources)
    if linear:
        if any(isinstance(r, re.Pattern) for r in regexes):
            raise InputError("linear=True takes expressions as text; compiled ones belong to Python's engine")
        for i, source in enumerate(sources):
            _check_linear(source, i)
        whole = "|".join(f"(?:{source})" for source in sources)
        return Rule(title, Linear(said, ((whole, None),), ignore_case), (said,), column)
    compiled = []
    for i, regex in enumerate(regexes):
        try:
            compiled.append(
                regex if isinstance(regex, re.Pattern) else re.compile(regex, re.IGNORECASE * ignore_case)
            )
        except re.error as problem:
            raise InputError(f"regexes[{i}]={regex!r} is no regular expression: {problem}") from None
        if _explosive(sources[i]):
            warnings.warn(
                f"regexes[{i}]={sources[i]!r} repeats a repetition; on some texts that takes time exponential in their "
                "length. Rewrite it, or pass linear=True",
                DoubtfulInput,
                stacklevel=2,
            )
    return Rule(title, Backtracking(said, tuple(compiled)), (said,), column)


@dataclass(frozen=True)
class Linear:
    """Search texts by RE2: quick, and never slower than in proportion to the text.

    Parameters
    ----------
    said : hashable
    searches : sequence of (str, str or None)
        An expression, and a slower one that is asked where the first is found.
    ignore_case : bool
    """

    said: Any
    searches: tuple[tuple[str, str | None], ...]
    ignore_case: bool

    def __call__(self, view: View) -> Said:
        found = np.zeros(len(view), dtype=bool)
        for quick, exact in self.searches:
            rows = np.flatnonzero(self._in(view.text, quick))
            if exact is not None and len(rows):
                rows = rows[self._in(view.text.take(rows), exact)]
            found[rows] = True
        return one_class(found, self.said)

    def _in(self, texts: Any, pattern: str) -> np.ndarray:
        import pyarrow.compute as pc

        found = pc.match_substring_regex(texts, pattern, ignore_case=self.ignore_case)
        return np.asarray(pc.fill_null(found, False).to_numpy(zero_copy_only=False))


@dataclass(frozen=True)
class Backtracking:
    """Search texts with some expressions by Python's `re`."""

    said: Any
    patterns: tuple[re.Pattern[str], ...]

    def __call__(self, view: View) -> Said:
        search = [p.search for p in self.patterns]
        texts = view.text.to_pylist()
        found = (t is not None and any(s(t) is not None for s in search) for t in texts)
        return one_class(np.fromiter(found, dtype=bool, count=len(texts)), self.said)


def _texts(values: Sequence[Any], argument: str) -> list[str]:
    if isinstance(values, str):
        raise InputError(f"{argument} is one text ({values[:40]!r}); give a list of them")
    chosen = list(values)
    strange = next((i for i, v in enumerate(chosen) if not isinstance(v, str)), None)
    if strange is not None:
        raise InputError(f"{argument}[{strange}] is {chosen[strange]!r}, expected text")
    if not chosen:
        raise InputError(f"{argument} are empty; a rule needs at least one")
    return chosen


def _searches(words: list[str], whole: bool) -> list[tuple[str, str | None]]:
    """Words that need the same boundaries as one search: in every word its own would make the engine slow."""
    kinds: dict[tuple[bool, bool], list[str]] = {}
    for word in words:
        literal = r"[\s\pZ]+".join(re.escape(piece) for piece in word.split())
        kinds.setdefault((whole and _in_word(word[0]), whole and _in_word(word[-1])), []).append(literal)
    found: list[tuple[str, str | None]] = []
    for (before, after), literals in kinds.items():
        quick = f"(?:{'|'.join(literals)})"
        exact = (f"(?:^|{BOUNDARY})" if before else "") + quick + (f"(?:$|{BOUNDARY})" if after else "")
        found.append((quick, exact if before or after else None))
    return found


def _in_word(letter: str) -> bool:
    return letter == "_" or unicodedata.category(letter)[0] in "LMN"


def _title(said: Hashable, texts: list[str]) -> str:
    whole = f"{said}: {', '.join(texts)}"
    return whole if len(whole) <= 60 else whole[:59] + "…"


def _check_linear(source: str, position: int) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        pc.match_substring_regex(pa.array([""]), source)
    except pa.ArrowInvalid as problem:
        raise InputError(
            f"regexes[{position}]={source!r} is nothing for the linear engine: {problem}; leave linear=True out if the "
            "expression and the texts can be trusted"
        ) from None


def _explosive(source: str) -> bool:
    """Whether an endless repetition stands alone, or with optional things, inside another one."""
    try:
        from re import _parser  # type: ignore[attr-defined]
    except ImportError:  # a Python that keeps it elsewhere: no warning, same votes
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _nested(_parser.parse(source), _parser.MAXREPEAT)


def _nested(tree: Any, endless: Any) -> bool:
    for name, detail in ((str(op), detail) for op, detail in tree):
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            body = detail[2]
            if detail[1] is endless and _may_be_one_repetition(body, endless):
                return True
            inner = [body]
        elif name == "SUBPATTERN":
            inner = [detail[-1]]
        elif name == "BRANCH":
            inner = list(detail[1])
        elif name in ("ASSERT", "ASSERT_NOT"):
            inner = [detail[1]]
        else:
            inner = []
        if any(_nested(piece, endless) for piece in inner):
            return True
    return False


def _may_be_one_repetition(tree: Any, endless: Any) -> bool:
    parts = [(str(op), detail) for op, detail in tree]
    if len(parts) == 1 and parts[0][0] == "SUBPATTERN":
        return _may_be_one_repetition(parts[0][1][-1], endless)
    if len(parts) == 1 and parts[0][0] == "BRANCH":
        return any(_may_be_one_repetition(piece, endless) for piece in parts[0][1][1])
    repeats = [d for name, d in parts if name in ("MAX_REPEAT", "MIN_REPEAT")]
    greedy = [d for d in repeats if d[1] is endless]
    needed = len(parts) - sum(d[0] == 0 for d in repeats) - sum(d[0] > 0 for d in greedy)
    return bool(greedy) and (needed == 0 or any(str(d[2][0][0]) == "ANY" for d in greedy))
