"""How probable each word of an open vocabulary is where a thing of each class is seen (Liu et al., 2024)."""

import json
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError
from labelwright.evidence.classes import class_array, encode
from labelwright.loops import possible

SMOOTHING = 1e-3


@dataclass(frozen=True, eq=False, repr=False)
class LikelihoodMatrix:
    """P(open label said | class), learned once from detections whose class is known.

    Parameters
    ----------
    table : array (words, k)
        At least 0 and finite. Columns that sum to 1 are the usual case; what a tagger leaves out makes them smaller.
    open_labels : sequence (words,)
        What a detector may say.
    classes : sequence (k,)
        What things are.

    Raises
    ------
    InputError
        When an entry is negative or not finite, sizes differ, or a name comes twice.

    Examples
    --------
    >>> seen = LikelihoodMatrix.fit(["sofa", "couch", "desk", "sofa"], ["sofa", "sofa", "table", "table"], smoothing=0)
    >>> seen.open_labels.tolist(), seen.classes.tolist()
    (['couch', 'desk', 'sofa'], ['sofa', 'table'])
    >>> seen.table.tolist()
    [[0.5, 0.0], [0.0, 0.5], [0.5, 0.5]]
    """

    table: np.ndarray
    open_labels: np.ndarray
    classes: np.ndarray

    def __post_init__(self) -> None:
        words, names = (
            class_array(x.tolist() if isinstance(x, np.ndarray) else x)
            for x in (self.open_labels, self.classes)
        )
        table = np.asarray(self.table, dtype=np.float64)
        if table.shape != (len(words), len(names)) or not table.size:
            raise InputError(
                f"table has shape {table.shape} for {len(words)} open labels and {len(names)} classes; expected "
                f"({len(words)}, {len(names)}), at least one of each"
            )
        if not np.isfinite(table).all() or table.min() < 0:
            word, k = np.argwhere(~(np.isfinite(table) & (table >= 0)))[0].tolist()
            raise InputError(
                f"the likelihood of {words.tolist()[word]!r} under class {names.tolist()[k]!r} is {table[word, k]}; "
                "likelihoods are finite and at least 0"
            )
        for what, held in (("open_labels", words), ("classes", names)):
            if len(set(held.tolist())) < len(held):
                raise InputError(f"{what} name something twice; each name has one row or column")
        for name, value in (("table", table), ("open_labels", words), ("classes", names)):
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return f"LikelihoodMatrix(open_labels={len(self.open_labels)}, classes={len(self.classes)})"

    @classmethod
    def fit(
        cls,
        open_labels: Sequence[Hashable] | np.ndarray,
        classes: Sequence[Hashable] | np.ndarray,
        *,
        scores: ArrayLike | None = None,
        proposed: Sequence[Collection[Hashable]] | None = None,
        smoothing: float = SMOOTHING,
    ) -> Self:
        """Learn from n detections of things of known class.

        ``P(word | class) = share of the detections of the class that say the word``, and with `proposed` times the
        share of them in whose picture a tagger proposes the word at all.

        Parameters
        ----------
        open_labels : sequence (n,)
            What the detector said of each.
        classes : sequence (n,)
            What each was; none missing.
        scores : array (n,), optional
            In [0, 1]: how much each detection counts; by default 1.
        proposed : sequence (n,) of collections, optional
            Words that a tagger proposed for the picture of each detection; unknown words are ignored.
        smoothing : float in [0, 1), default 1e-3
            Share of each column that is spread evenly over all words; a word not seen with a class is then unlikely,
            not impossible.

        Raises
        ------
        InputError
            When there are no detections, lengths differ, something is missing or scores are out of range.
        """
        said, words = encode(open_labels)
        codes, names = encode(classes)
        if not len(said):
            raise InputError("open_labels are empty; give detections of things whose class is known")
        if len(said) != len(codes):
            raise InputError(f"open_labels has {len(said)} entries and classes {len(codes)}; they must match")
        missing = np.flatnonzero((said < 0) | (codes < 0))
        if len(missing):
            raise InputError(
                f"{len(missing)} detections have no open label or no class (first: row {missing[0]}); drop them"
            )
        if not 0 <= smoothing < 1:
            raise InputError(f"smoothing={smoothing!r} must lie in [0, 1)")
        weight = check_scores(scores, len(said))
        counts = np.zeros((len(names), len(words)))
        np.add.at(counts, (codes, said), weight)
        total = counts.sum(axis=1, keepdims=True)
        if not total.all():
            empty = names.tolist()[int(np.flatnonzero(total[:, 0] == 0)[0])]
            raise InputError(f"all detections of class {empty!r} have score 0; drop the class or the scores")
        shares = possible(counts / total, smoothing)
        if proposed is not None:
            shares = shares * possible_tags(proposed, words, codes, len(names), smoothing)
        return cls(shares.T, words, names)

    def rows(self, labels: Sequence[Hashable] | np.ndarray) -> np.ndarray:
        """Row of each open label in the table, -1 for words it does not know: (m,) of int."""
        place = {word: i for i, word in enumerate(self.open_labels.tolist())}
        return np.array([place.get(word, -1) for word in _listed(labels)], dtype=np.intp)

    def code(self, name: Hashable) -> int:
        """Column of a class.

        Raises
        ------
        InputError
            When there is no such class.
        """
        names = self.classes.tolist()
        if name not in names:
            raise InputError(f"{name!r} is not a class; the classes are {', '.join(map(repr, names))}")
        return names.index(name)

    def save(self, path: str | Path) -> None:
        """Write a text file: the open labels, the classes, then one row of numbers an open label, all as JSON lines."""
        lines = [self.open_labels.tolist(), self.classes.tolist(), *self.table.tolist()]
        for name in lines[0] + lines[1]:
            if not isinstance(name, str | int | float):
                raise InputError(f"{name!r} cannot be written; names must be text or numbers")
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        Path(path).write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote; runs nothing.

        Raises
        ------
        InputError
            When the file is no such table.
        """
        try:
            lines = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
            words, names, *rows = lines
            table = np.array(rows, dtype=np.float64)
        except (ValueError, TypeError, RecursionError) as problem:
            raise InputError(
                f"{path} is no likelihood table ({problem}); expected JSON lines: open labels, classes, then rows"
            ) from None
        if not all(isinstance(held, list) for held in (words, names)) or any(
            isinstance(name, list | dict) for name in words + names
        ):
            raise InputError(f"{path} is no likelihood table; its first two lines must be lists of names")
        return cls(table, words, names)


def check_scores(scores: ArrayLike | None, n: int) -> np.ndarray:
    """Scores (n,) in [0, 1] as floats; ones where there are none."""
    if scores is None:
        return np.ones(n)
    table = np.asarray(scores, dtype=np.float64)
    if table.shape != (n,):
        raise InputError(f"scores have shape {table.shape}, expected ({n},): one per open label")
    outside = np.flatnonzero(~((table >= 0) & (table <= 1)))
    if len(outside):
        raise InputError(
            f"scores lie outside [0, 1] (first: {table[outside[0]]} at {outside[0]}); if they are logits, pass their "
            "sigmoid"
        )
    return table


def possible_tags(
    proposed: Sequence[Collection[Hashable]], words: np.ndarray, codes: np.ndarray, k: int, smoothing: float
) -> np.ndarray:
    """Share of the detections of each class in whose picture each word was proposed: (k, words), above 0."""
    if len(proposed) != len(codes):
        raise InputError(f"proposed has {len(proposed)} entries for {len(codes)} detections; they must match")
    place = {word: i for i, word in enumerate(words.tolist())}
    there = np.zeros((len(codes), len(words)))
    for row, tags in enumerate(proposed):
        if isinstance(tags, str):
            raise InputError(f"proposed[{row}] is the text {tags!r}; give a list of words")
        there[row, [place[tag] for tag in tags if tag in place]] = 1
    share = np.stack([there[codes == c].mean(axis=0) for c in range(k)])
    return (1 - smoothing) * share + smoothing / 2


def _listed(labels: Any) -> list[Any]:
    if isinstance(labels, str):
        raise InputError(f"labels is the text {labels!r}; give a list of open labels")
    return labels.tolist() if isinstance(labels, np.ndarray) else list(labels)
