"""What every judge must keep: ``judge(items)`` gives an `Opinion`."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from copy import copy
from typing import Any

import numpy as np

from labelwright.testing.promise import promise, same

ITEMS = ("a fine film", "dull", "I would see it again, and again", "why?", "no", "It is what it is.")
Rename = Callable[[Any, Mapping[Hashable, Hashable]], Any]


def check_judge(judge: Any, items: Sequence[Any] = ITEMS, *, renamed: Rename | None = None) -> None:
    """Check a judge: its probabilities, and that they belong to the item and not to its neighbours.

    Every item gets a row of probabilities with a column for each class; what is asked twice is answered alike; the
    order of items does not matter, nor does it that an item stands there twice, or alone; classes may be called
    anything; items stay as they were; and no cost is negative.

    A judge that answers for given rows (`labelwright.audit.out_of_fold`) or compares items with each other
    (``calibrate="batch"``) does not keep this, and says so.

    Parameters
    ----------
    judge : object with `name`, `classes` and ``judge(items)``
    items : sequence, default six short texts
        At least two that it answers differently; otherwise their order cannot be seen to matter.
    renamed : callable, optional
        ``renamed(judge, names)``, the same judge with other names of classes; `names` maps old ones to new. By default
        a copy of the judge with other `classes`; of an ensemble, one of copies of its `judges`; where a judge has
        `words` for its classes, they stay.

    Raises
    ------
    ContractError
        Says which promise is broken.

    Examples
    --------
    >>> from labelwright.audit import FunctionJudge
    >>> check_judge(FunctionJudge(lambda texts: [[1 / len(t), 1 - 1 / len(t)] for t in texts], ["short", "long"]))
    """
    classes, n = list(judge.classes), len(items)
    promise(isinstance(judge.name, str) and judge.name, judge, "it has a name", f"it is {judge.name!r}")
    several = len(classes) > 1 and len(set(classes)) == len(classes)
    promise(several, judge, "classes are two or more, all different", f"they are {classes}")
    before = [copy(item) for item in items]
    probs = _probs(judge, items)
    kept = all(np.array_equal(was, item) for was, item in zip(before, items, strict=True))
    promise(kept, judge, "it must not change the items")
    same(_probs(judge, items), probs, judge, "what is asked twice is answered alike")
    backwards = _probs(judge, [items[i] for i in reversed(range(n))])
    same(backwards, probs[::-1], judge, "the order of the items does not matter")
    twice = [0, *range(n), n - 1]
    same(_probs(judge, [items[i] for i in twice]), probs[twice], judge, "equal items are answered alike")
    same(_probs(judge, [items[n - 1]]), probs[[n - 1]], judge, "an item alone is answered as among others")
    names: dict[Hashable, Hashable] = {c: f"class {len(classes) - j}" for j, c in enumerate(classes)}
    other = (_renamed if renamed is None else renamed)(judge, names)
    found = list(other.classes)
    expected = set(names.values())
    promise(set(found) == expected, judge, "classes take other names", f"they are {found}")
    columns = [found.index(names[c]) for c in classes]
    same(_probs(other, items)[:, columns], probs, judge, "classes may be called anything")


def _probs(judge: Any, items: Sequence[Any]) -> np.ndarray:
    """What it says, checked by itself."""
    opinion = judge.judge(items)
    probs, shape = np.asarray(opinion.probs), (len(items), len(judge.classes))
    promise(probs.shape == shape, judge, f"probs has shape {shape}", f"it has {probs.shape}")
    inside = np.isfinite(probs).all() and probs.min() >= 0
    promise(inside, judge, "probs are finite and at least 0")
    same(probs.sum(axis=1), np.ones(len(items)), judge, "rows of probs sum to 1", atol=1e-6)
    for name in ("prompt_tokens", "completion_tokens", "calls", "cached_calls", "seconds"):
        spent = getattr(opinion.usage, name)
        promise(np.isfinite(spent) and spent >= 0, judge, f"usage.{name} is at least 0", f"it is {spent!r}")
    return probs


def _renamed(judge: Any, names: Mapping[Hashable, Hashable]) -> Any:
    """A copy with other classes."""
    other, changed = copy(judge), dict[str, Any]()
    if hasattr(judge, "judges"):
        changed["judges"] = [_renamed(one, names) for one in judge.judges]
    else:
        changed["classes"] = [names[c] for c in judge.classes]
        if hasattr(judge, "words"):
            changed["words"] = {new: (judge.words or {}).get(old, str(old)) for old, new in names.items()}
    for name, value in changed.items():
        object.__setattr__(other, name, value)  # records are frozen
    return other
