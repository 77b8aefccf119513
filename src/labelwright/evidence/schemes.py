"""Ways to write spans down as one tag a token."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from labelwright.errors import InputError
from labelwright.evidence.chains import Transitions
from labelwright.evidence.classes import class_array


class Scheme(NamedTuple):
    """The tags that write spans down token by token, and the order they may stand in."""

    classes: np.ndarray  # (k,) names of the tags
    kinds: np.ndarray  # names of the kinds of spans
    kind: np.ndarray  # (k,) code of the kind of each tag, -1 for outside
    outside: int
    begin: np.ndarray  # tag that begins a span, by kind
    inside: np.ndarray  # tag that goes on with it, by kind
    first: np.ndarray  # (k,) tags a sequence may begin with
    transitions: Transitions


def bio(kinds: Sequence[Any] | np.ndarray | None, classes: Sequence[str] | np.ndarray | None) -> Scheme:
    """Tags O, B-x and I-x for the kinds x; in the order of `classes`, from which kinds can be read too.

    Examples
    --------
    >>> bio(["x"], None).transitions.follows.tolist()
    [[True, True, False], [True, True, True], [True, True, True]]
    """
    columns = None if classes is None else [str(tag) for tag in classes]
    if kinds is None:
        kinds = [tag[2:] for tag in columns or [] if tag.startswith("B-")]
    names = ["O", *(f"{part}-{kind}" for kind in kinds for part in "BI")]
    columns = names if columns is None else columns
    if len(set(names)) < len(names) or sorted(columns) != sorted(names):
        raise InputError(
            f"classes {columns[:9]} must be O and, for each kind once, B-kind and I-kind; the kinds are "
            f"{list(kinds)[:9]}"
        )
    place = {tag: i for i, tag in enumerate(columns)}
    begin = np.array([place[f"B-{kind}"] for kind in kinds], dtype=np.intp)
    inside = np.array([place[f"I-{kind}"] for kind in kinds], dtype=np.intp)
    kind = np.full(len(columns), -1, dtype=np.intp)
    kind[begin] = kind[inside] = np.arange(len(begin))
    first = np.ones(len(columns), dtype=bool)
    first[inside] = False
    follows = np.tile(first, (len(columns), 1))
    follows[begin, inside] = follows[inside, inside] = True
    return Scheme(
        class_array(columns), class_array(list(kinds)), kind, place["O"], begin, inside, first, Transitions(follows)
    )  # fmt: skip
