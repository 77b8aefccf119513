"""Which labels of a vocabulary are the same, part of each other, or exclude each other? (S058)"""

import re
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from labelwright import frames
from labelwright.errors import InputError
from labelwright.parts.distances import edit_ratio

Kind = Literal["identical", "implies", "uncertain", "exclusive"]
KINDS = ("identical", "implies", "uncertain", "exclusive")
NEAR = 8  # other names that each is compared with, letter by letter
ALIKE = 0.25  # edit ratio up to which two names may be one
ENOUGH = 20  # items of a label before co-occurrence says anything
SURE = 0.95  # share of a label's items with another, to imply it
ACCEPTED = 0.7  # score from which a plan proposes to accept
EXPECTED = 12.0  # items on which two labels would meet by chance, to call it no chance that they never do


class Relation(NamedTuple):
    """What two labels are to each other.

    Attributes
    ----------
    kind : {"identical", "implies", "uncertain", "exclusive"}
        Of "implies", who has `label` has `other` too; "uncertain" is one of several that a name lists with "or".
    label, other : hashable
    score : float
        From 0 to 1, how sure; relations of a kind are ordered by it.
    why : str
    """

    kind: Kind
    label: Any
    other: Any
    score: float
    why: str


def label_relations(
    names: Sequence[Hashable],
    *,
    marks: ArrayLike | None = None,
    groups: Sequence[Hashable] | None = None,
    rules: Iterable[str] = ("lists", "identical", "contains", "co-occurrence"),
) -> list[Relation]:
    """Propose relations between labels, by what they are called and where they stand together; a person decides.

    ===============  ====================================================================================
    "lists"          "x and y" implies x and y, if these are labels; "x or y" is uncertain of both
    "identical"      names that differ by little: plural and singular, hyphens, a slip of the finger
    "contains"       a name that stands in another between word boundaries: "street lamp" implies "lamp"
    "co-occurrence"  with `marks`: a label whose items nearly all have another; two that never meet though chance
                     would bring them together a dozen times
    ===============  ====================================================================================

    Parameters
    ----------
    names : sequence (L,)
        All different; their text is compared in lower case.
    marks : array (n, L), optional
        1 where an item has a label, 0 where not, -1 unknown (counts as not).
    groups : sequence (L,), optional
        Category of each label; names are only compared within one.
    rules : iterable of str

    Returns
    -------
    list of Relation
        By kind, the surest first.

    Raises
    ------
    InputError
        When a name comes twice in a group, or marks do not fit.

    Examples
    --------
    >>> for it in label_relations(["lamp", "lamps", "street lamp", "salt and pepper", "salt", "pepper"]):
    ...     print(it.kind, it.label, it.other)
    identical lamp lamps
    implies salt and pepper pepper
    implies salt and pepper salt
    implies street lamp lamp
    """
    texts = [_plain(name) for name in names]
    group = [None] * len(texts) if groups is None else list(groups)
    if len(group) != len(texts):
        raise InputError(f"groups has {len(group)} entries for {len(texts)} names")
    label = list(names)
    place: dict[tuple[Any, str], int] = {}
    found: dict[tuple[Kind, int, int], tuple[float, str]] = {}
    for i, key in enumerate(zip(group, texts)):
        first = place.setdefault(key, i)
        if first != i and label[first] == label[i]:
            raise InputError(f"names has {label[i]!r} twice; merge its columns first")
        if first != i:
            found["identical", first, i] = (1.0, "the same but for capitals and blanks")
    wanted, known = set(rules), {"lists", "identical", "contains", "co-occurrence"}
    if not wanted <= known:
        raise InputError(f"rules={sorted(wanted)} must be among {', '.join(sorted(known))}")
    if "lists" in wanted:
        _lists(texts, group, place, found)
    if "identical" in wanted:
        _identical(texts, group, found)
    if "contains" in wanted:
        _contains(texts, group, place, found)
    if "co-occurrence" in wanted and marks is not None:
        _together(np.asarray(marks), len(texts), found)
    relations = [
        Relation(kind, label[a], label[b], score, why) for (kind, a, b), (score, why) in found.items()
    ]
    return sorted(relations, key=lambda r: (KINDS.index(r.kind), -r.score, str(r.label), str(r.other)))


def relations_frame(relations: Sequence[Relation], *, like: Any = None) -> Any:
    """Relations as a frame to review: `accept` (true where the score is 0.7 or more), and what a relation has.

    Examples
    --------
    >>> plan = relations_frame(label_relations(["lamp", "lamps"]))
    >>> plan["accept"].tolist(), plan["kind"].tolist()
    ([True], ['identical'])
    """
    columns = {name: [getattr(r, name) for r in relations] for name in Relation._fields}
    accept = [r.score >= ACCEPTED for r in relations]
    return frames.make({"accept": accept, **columns}, like=like)


def _plain(name: Hashable) -> str:
    return re.sub(r"\s+", " ", str(name).strip().lower())


def _lists(
    texts: list[str], group: list[Any], place: dict[tuple[Any, str], int], found: dict[Any, Any]
) -> None:
    for i, text in enumerate(texts):
        for word, kind in (("and", "implies"), ("or", "uncertain")):
            parts = re.split(rf",?\s+{word}\s+|,\s*", text)
            if len(parts) < 2 or f" {word} " not in text:
                continue
            for part in parts:
                j = place.get((group[i], part.strip()))
                if j is not None and j != i:
                    found[kind, i, j] = (1.0 if kind == "implies" else 0.5, f"lists it with {word!r}")


def _identical(texts: list[str], group: list[Any], found: dict[Any, Any]) -> None:
    """Names with many letters in common, then letter by letter."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    if len(texts) < 2:
        return
    keys = [re.sub(r"[\W_]+", " ", t) for t in texts]
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3), token_pattern=None).fit_transform(
        [key or "?" for key in keys]
    )
    alike = (letters @ letters.T).tolil()
    alike.setdiag(0)
    rows, columns = [], []
    for i, (who, how) in enumerate(zip(alike.rows, alike.data)):
        best = np.argsort(how)[::-1][:NEAR]
        rows += [i] * len(best)
        columns += [who[b] for b in best]
    pairs = sorted({(min(i, j), max(i, j)) for i, j in zip(rows, columns) if group[i] == group[j]})
    if not pairs:
        return
    ratio = edit_ratio([keys[i] for i, _ in pairs], [keys[j] for _, j in pairs])
    for (i, j), apart in zip(pairs, ratio.tolist()):
        if _singular(keys[i]) == _singular(keys[j]):
            found["identical", i, j] = (0.99, "the same but for the ending or punctuation")
        elif apart <= ALIKE and min(len(keys[i]), len(keys[j])) >= 5 and _digits(keys[i]) == _digits(keys[j]):
            found["identical", i, j] = (round(1 - apart, 3) - 0.2, "differs by few letters")


def _singular(text: str) -> str:
    return " ".join(
        re.sub(r"(ies)$", "y", w) if w.endswith("ies") else re.sub(r"(?<=[^s])s$", "", w)
        for w in text.split()
    )


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


def _contains(
    texts: list[str], group: list[Any], place: dict[tuple[Any, str], int], found: dict[Any, Any]
) -> None:
    for i, text in enumerate(texts):
        words = re.findall(r"\w+", text)
        if len(words) < 2 or re.search(r"\b(?:and|or|not|no|without)\b", text):
            continue
        for size in range(1, len(words)):
            for at in range(len(words) - size + 1):
                j = place.get((group[i], " ".join(words[at : at + size])))
                if j is not None and j != i and ("identical", min(i, j), max(i, j)) not in found:
                    last = at + size == len(words)  # the head of an English name stands last
                    found.setdefault(("implies", i, j), (0.8 if last else 0.4, "its name holds that name"))


def _together(marks: np.ndarray, k: int, found: dict[Any, Any]) -> None:
    if marks.ndim != 2 or marks.shape[1] != k:
        raise InputError(f"marks have shape {marks.shape}, expected (items, {k}): one column a label")
    there = (marks > 0).astype(np.float64)
    both, n = there.T @ there, there.sum(axis=0)
    often = n >= ENOUGH
    with np.errstate(invalid="ignore", divide="ignore"):
        share = both / n[:, None]
        expected = n[:, None] * n[None] / len(there)
    for i, j in np.argwhere(
        often[:, None] & (share >= SURE) & (n[:, None] < n[None]) & ~np.eye(k, dtype=bool)
    ):
        why = f"{share[i, j]:.0%} of its {int(n[i])} items have it"
        found.setdefault(("implies", int(i), int(j)), (float(round(share[i, j] * 0.7, 3)), why))
    apart = often[:, None] & often[None] & (both == 0) & (expected >= EXPECTED)
    for i, j in np.argwhere(np.triu(apart, 1)):
        why = f"never together, by chance {expected[i, j]:.0f} times"
        found["exclusive", int(i), int(j)] = (float(round(1 - np.exp(-expected[i, j] / EXPECTED), 3)), why)
