"""Number the words of texts, for nets that take ids."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Self

import numpy as np

from labelwright.errors import InputError

PADDING, UNKNOWN = 0, 1
_WORD = re.compile(r"\w+|[^\w\s]")


class WordTokens:
    """Turn texts into rows of word ids of one length: 0 is padding, 1 an unknown word.

    Words are runs of letters and digits in lower case, every other sign is a word of its own. Scripts without
    spaces between words need a tokeniser of their own.

    Parameters
    ----------
    length : int, default 128
        Words kept of each text, from its beginning.
    size : int, default 20000
        Largest number of ids; the most frequent words get one (of equally frequent ones the first in order).
    min_count : int, default 1
        A word needs this many occurrences.

    Attributes
    ----------
    words_ : list of str
        The word of each id, from id 2 on.

    Examples
    --------
    >>> tokens = WordTokens(length=4).fit(["good film", "bad film!"])
    >>> tokens.transform(["film good", "a good bad ugly film"]).tolist()
    [[2, 5, 0, 0], [1, 5, 4, 1]]
    >>> len(tokens)
    6
    """

    def __init__(self, length: int = 128, *, size: int = 20_000, min_count: int = 1):
        self.length, self.size, self.min_count = length, size, min_count

    def fit(self, texts: Iterable[str]) -> Self:
        """Learn the vocabulary."""
        if self.length < 1 or self.size < 2:
            raise InputError(f"length={self.length} must be at least 1 and size={self.size} at least 2")
        counts = Counter(word for text in _texts(texts) for word in _words(text))
        frequent = sorted((-count, word) for word, count in counts.items() if count >= self.min_count)
        self.words_ = [word for _, word in frequent[: self.size - 2]]
        self._ids = {word: i for i, word in enumerate(self.words_, start=2)}
        return self

    def transform(self, texts: Iterable[str]) -> np.ndarray:
        """Ids (n, length) of int64."""
        rows = [
            [self._ids.get(word, UNKNOWN) for word in _words(text)[: self.length]] for text in _texts(texts)
        ]
        ids = np.full((len(rows), self.length), PADDING, dtype=np.int64)
        for row, found in zip(ids, rows):
            row[: len(found)] = found
        return ids

    def __len__(self) -> int:
        """Number of ids, with padding and unknown: the `vocabulary` of a net."""
        return len(self.words_) + 2


def _texts(texts: Iterable[str]) -> Iterable[str]:
    if isinstance(texts, str):
        raise InputError("texts is one string, expected a list of them")
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(f"texts[{i}] is {text!r}, expected a string; use '' for a missing text")
        yield text


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())
