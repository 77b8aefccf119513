"""Where votes come from: functions, numbers, models and people, each as a rule that names a class or abstains (S101).

`keywords` and `patterns` read text, `prompted` asks a language model, `forest_rules` takes rules out of a forest.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, overload

import numpy as np

from labelwright import frames
from labelwright.combine.views import View, pick
from labelwright.errors import InputError
from labelwright.evidence.classes import encode, is_missing

OnError = Literal["raise", "abstain"]


class Said(NamedTuple):
    """What a rule said about a block of items.

    Attributes
    ----------
    codes : int array (n,)
        Position in `names`, -1 where it abstains.
    names : list
        Classes it said here, or may say.
    failures : list of (row, exception)
        Rows of the block at which it failed; if it is not to go on, the first alone.
    """

    codes: np.ndarray
    names: list[Any]
    failures: list[tuple[int, Exception]] = []  # noqa: RUF012 - never written to


@dataclass(frozen=True, eq=False)
class Rule:
    """A source of votes: call it with an item, and it names a class, or abstains with None.

    Made by `rule`, `keywords`, `patterns`, `stump`, `from_model`, `annotator`, `prompted` and `forest_rules`; `apply`
    runs many of them over many items.

    Attributes
    ----------
    name : str
        Names the source in votes and messages.
    votes : callable
        ``View -> Said``: what it says about a block of items.
    classes : tuple or None
        All it may say; None where that is not known before it has run. Another answer is an error.
    column : hashable or None
        The column of a frame or array, or the key of a dict, that it looks at; None for whole items.
    on_error : {"raise", "abstain"}
        What is to happen at an item at which it fails.

    Examples
    --------
    >>> Rule("always", lambda view: Said(np.zeros(len(view), int), ["spam"]))("any text")
    'spam'
    """

    name: str
    votes: Callable[[View], Said]
    classes: tuple[Any, ...] | None = None
    column: Any = None
    on_error: OnError = "raise"

    def __call__(self, item: Any) -> Any:
        """Class of one item (a text, a row as a dict, a row of an array), or None."""
        whole = [item]
        values = pick(
            whole if self.column is None or isinstance(item, dict) else np.array(whole), self.column
        )
        if self.column is None and isinstance(item, dict) and not isinstance(self.votes, OneByOne):
            values = frames.make({name: [value] for name, value in item.items()})
        said = self.votes(View(values))
        if said.failures:
            raise said.failures[0][1]
        return None if said.codes[0] < 0 else said.names[said.codes[0]]


@dataclass(frozen=True)
class OneByOne:
    """A function of one item, made to judge a block; missing single values are not shown to it."""

    function: Callable[[Any], Any]
    on_error: OnError = "raise"

    def __call__(self, view: View) -> Said:
        codes = np.full(len(view), -1, dtype=np.intp)
        table: dict[Any, int] = {}
        failures: list[tuple[int, Exception]] = []
        for row, (item, gone) in enumerate(zip(view, view.missing)):
            if gone:
                continue
            try:
                answer = self.function(item)
                answer = answer.item() if isinstance(answer, np.generic) else answer
                if not is_missing(answer):
                    codes[row] = table.setdefault(answer, len(table))
            except Exception as problem:
                failures.append((row, problem))
                if self.on_error == "raise":
                    break
        return Said(codes, list(table), failures)


@overload
def rule(
    function: Callable[[Any], Any],
    *,
    name: str | None = None,
    classes: Iterable[Hashable] | None = None,
    column: Any = None,
    on_error: OnError = "raise",
) -> Rule: ...


@overload
def rule(
    function: None = None,
    *,
    name: str | None = None,
    classes: Iterable[Hashable] | None = None,
    column: Any = None,
    on_error: OnError = "raise",
) -> Callable[[Callable[[Any], Any]], Rule]: ...


def rule(
    function: Callable[[Any], Any] | None = None,
    *,
    name: str | None = None,
    classes: Iterable[Hashable] | None = None,
    column: Any = None,
    on_error: OnError = "raise",
) -> Rule | Callable[[Callable[[Any], Any]], Rule]:
    """Make a source of votes from a function: decorate it, with or without options.

    Parameters
    ----------
    function : callable
        Takes one item and names its class; None (or NaN) abstains. An item is what the list holds, a row of an array,
        or of a frame a row as a dict with None where a value is missing.
    name : str, optional
        By default the function's.
    classes : iterable, optional
        All it may say.
    column : hashable, optional
        Show the function this column alone. Where it, or an item of a list, is missing, the rule abstains unasked.
    on_error : {"raise", "abstain"}, default "raise"
        Whether an exception at one item stops `apply` with the rule and the row named, or is counted in a warning.

    Examples
    --------
    >>> @rule
    ... def shouting(text):
    ...     return "spam" if text.isupper() else None
    >>> shouting("WIN NOW"), shouting("Dear Ann")
    ('spam', None)
    >>> rule(len, name="length", column="words")({"words": [1, 2]})
    2
    """
    if on_error not in ("raise", "abstain"):
        raise InputError(f"on_error={on_error!r} must be 'raise' or 'abstain'")

    def made(function: Callable[[Any], Any]) -> Rule:
        if not callable(function):
            raise InputError(f"a rule is a function of one item, not {type(function).__name__}")
        called = getattr(function, "__name__", type(function).__name__) if name is None else name
        may = None if classes is None else tuple(classes)
        return Rule(called, OneByOne(function, on_error), may, column, on_error)

    return made if function is None else made(function)


def stump(
    said: Hashable, column: Any = None, *, above: float | None = None, below: float | None = None,
    name: str | None = None,
) -> Rule:  # fmt: skip
    """Vote for a class where a number is above one limit, below another, or between both.

    Parameters
    ----------
    said : hashable
        The class.
    column : hashable, optional
        Column of numbers; without it the items are numbers themselves. NaN abstains.
    above, below : float, optional
        Neither limit itself counts.

    Examples
    --------
    >>> tall = stump("adult", "height", above=1.9)
    >>> tall.name, tall({"height": 2.0}), tall({"height": 1.9})
    ('height > 1.9: adult', 'adult', None)
    """
    if above is None and below is None:
        raise InputError("a stump needs a limit; give above=..., below=... or both")
    limits = (-np.inf if above is None else above, np.inf if below is None else below)
    if not limits[0] < limits[1]:
        raise InputError(f"no number is above {above!r} and below {below!r}")
    what = "value" if column is None else str(column)
    text = (
        f"{what} > {above}" if below is None
        else f"{what} < {below}" if above is None
        else f"{above} < {what} < {below}"
    )  # fmt: skip
    return Rule(name or f"{text}: {said}", _Between(said, *limits), (said,), column)


@dataclass(frozen=True)
class _Between:
    said: Any
    low: float
    high: float

    def __call__(self, view: View) -> Said:
        try:
            x = np.asarray(view.values, dtype=float)
        except (TypeError, ValueError) as problem:
            raise InputError(f"it needs numbers ({problem})") from None
        return one_class((x > self.low) & (x < self.high), self.said)


def one_class(applies: np.ndarray, said: Any) -> Said:
    """Say the same class wherever a rule applies (n,), and abstain elsewhere."""
    return Said(np.where(applies, 0, -1), [said])


def from_model(model: Any, *, threshold: float = 0.8, column: Any = None, name: str | None = None) -> Rule:
    """Vote with a fitted classifier where it is sure enough.

    Parameters
    ----------
    model : fitted classifier or pipeline with `predict_proba` and `classes_`
        Takes the items as they are: texts, rows of an array, a frame.
    threshold : float in [0, 1], default 0.8
        It abstains where its top probability is lower.
    column : hashable, optional
        Show it this column alone. A missing text abstains.
    name : str, optional
        By default the name of the classifier's class.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> sure = from_model(LogisticRegression().fit([[0.0], [1.0]] * 9, ["no", "yes"] * 9))
    >>> sure(np.array([3.0])), sure(np.array([0.5]))
    ('yes', None)
    """
    last = model.steps[-1][1] if hasattr(model, "steps") else model
    called = name or type(last).__name__
    if not hasattr(model, "predict_proba"):
        raise InputError(
            f"{type(last).__name__} gives no probabilities; wrap it: CalibratedClassifierCV({type(last).__name__}())"
        )
    if not hasattr(model, "classes_"):
        raise InputError(f"{type(last).__name__} is not fitted (it has no classes_); fit it before it votes")
    if not 0 <= threshold <= 1:
        raise InputError(f"threshold={threshold!r} must lie in [0, 1]")
    return Rule(called, _Sure(model, threshold), tuple(np.asarray(model.classes_).tolist()), column)


@dataclass(frozen=True)
class _Sure:
    model: Any
    threshold: float

    def __call__(self, view: View) -> Said:
        names = np.asarray(self.model.classes_).tolist()
        codes = np.full(len(view), -1, dtype=np.intp)
        seen = np.flatnonzero(~view.missing)
        if not len(seen):
            return Said(codes, names)
        values = view.values
        if len(seen) < len(view):
            values = [values[i] for i in seen] if isinstance(values, list) else values[seen]
        probs = np.asarray(self.model.predict_proba(values))
        if probs.shape != (len(seen), len(names)):
            raise InputError(
                f"its probabilities have shape {probs.shape}, expected ({len(seen)}, {len(names)})"
            )
        codes[seen] = np.where(probs.max(axis=1) >= self.threshold, probs.argmax(axis=1), -1)
        return Said(codes, names)


def annotator(column: Any, *, classes: Iterable[Hashable] | None = None, name: str | None = None) -> Rule:
    """Take a column of labels as votes: what a person, or anything else, has said already; missing abstains.

    Parameters
    ----------
    column : hashable
        Of the frame, number of the column of the array, or key of the dicts.
    classes : iterable, optional
        All the labels there may be; another one is an error.

    Examples
    --------
    >>> annotator("ann")({"ann": "spam", "text": "WIN"})
    'spam'
    """
    may = None if classes is None else tuple(classes)
    return Rule(str(column) if name is None else name, _labels, may, column)


def _labels(view: View) -> Said:
    codes, names = encode(view.values)
    return Said(codes, names.tolist())
