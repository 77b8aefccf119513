"""The everyday function of the room: what do all of them say together, and who of them is how good?"""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import clone

import labelwright
from labelwright import frames
from labelwright.combine import statistics
from labelwright.combine.base import LabelModel, check_votes
from labelwright.combine.compare import (
    Gain,
    gain_over_majority,
    majority_model,
    not_identified,
    plain_majority,
)
from labelwright.combine.dawid_skene import DawidSkene
from labelwright.combine.draws import Drawn, draws
from labelwright.combine.majority import MajorityVote
from labelwright.combine.methods import method as named
from labelwright.combine.result import Combined, Scored
from labelwright.combine.table import as_votes
from labelwright.errors import InputError
from labelwright.evidence import Votes
from labelwright.evidence.classes import decode, encode
from labelwright.parts.agreement import Agreement
from labelwright.parts.shares import wilson

DRAWN, CONFUSED = 60_000_000, 60_000_000  # votes, and cells of confusions, looked at over all draws
DRAWS = (20, 500)  # fewest and most
CELLS = 5_000_000  # items x classes up to which the posterior is averaged over draws


def votes(
    data: Any,
    *,
    item: str | None = None,
    source: str | None = None,
    label: str | None = None,
    classes: Sequence[Any] | None = None,
    method: str | LabelModel = "auto",
    gold: Any = None,
    flip: bool = False,
    random_state: int = 0,
    show: bool | None = None,
) -> Combined:
    """Combine the votes of many sources into one label an item, and tell how good each source is.

    By default (`method` "auto") that is Dawid and Skene's model with confusions that lean on each other; where the
    votes cannot tell sources apart, or it foresees unseen votes no better than majority, majority with class shares
    takes its place, and `Combined.notes` says so.

    Parameters
    ----------
    data : Votes, frame or array (n, a)
        A frame holds one vote a row (item, source, label), or one item a row and one column a source. An array of int
        holds codes, -1 where a source abstains; any other array class names, None where it does.
    item, source, label : str, optional
        Names of columns, guessed where not given.
    classes : sequence, optional
        All classes there are; by default those that occur.
    method : str or LabelModel, default "auto"
        A name of `combine.METHODS`, or a label model.
    gold : frame, mapping or array (n,), optional
        True labels of some items: a frame with the item and the label, a dict, or one label an item, None where
        unknown. They measure, they are not learned from.
    flip : bool, default False
        Whether a source worse than chance counts against what it says; by default it counts for nothing.
    random_state : int, default 0
        Same seed, same result.
    show : bool, optional
        Progress; by default on terminals.

    Returns
    -------
    Combined

    Raises
    ------
    InputError
        When columns cannot be found, nobody said anything, or there is one class only.

    Examples
    --------
    >>> import pyarrow as pa
    >>> table = pa.table(
    ...     {
    ...         "item": [1, 1, 1, 2, 2, 2, 3, 3, 3],
    ...         "who": ["ann", "bob", "eve"] * 3,
    ...         "said": ["cat", "cat", "dog", "dog", "dog", "dog", "cat", "dog", "cat"],
    ...     }
    ... )
    >>> found = votes(table, item="item", source="who", label="said")
    >>> found.labels["label"].to_pylist()
    ['cat', 'dog', 'cat']
    """
    started = time.perf_counter()
    told, note = as_votes(data, item=item, source=source, label=label, classes=classes)
    told, repeats = _distinct(check_votes(told))
    notes = ([note] if note else []) + repeats + _strange(told)
    model, name, gain, reasons = _fitted(told, method, flip, random_state, show)
    notes += reasons
    posterior, drawn = model.predict_proba(), None
    if not not_identified(told):
        judge = (
            model
            if isinstance(model, DawidSkene) and name != "majority"
            else DawidSkene(flip=flip, show=show).fit(told)
        )
        average = judge is model and posterior.size <= CELLS
        drawn = draws(
            judge,
            n=_draws(told),
            average=average,
            random_state=random_state,
            show=show,
        )
        posterior = posterior if drawn.posterior is None else drawn.posterior
        notes += _worse(judge, flip, name)
        against = told.sources[judge.against_]
    else:
        against = told.sources[:0]
    best = posterior.argmax(axis=1)
    return Combined(
        labels=frames.make(
            {
                "item": told.items,
                "label": decode(best, told.classes),
                "p": posterior[np.arange(len(told)), best],
            },
            like=data,
        ),
        sources=_sources(told, drawn, data),
        posterior=posterior,
        classes=told.classes,
        votes=told,
        model=model,
        method=name,
        gain=gain,
        agreement=_agreement(told, random_state, show),
        gold=None if gold is None else score(told, posterior, gold),
        against=against,
        notes=tuple(notes),
        settings={
            "method": method if isinstance(method, str) else repr(method),
            "random_state": random_state,
            "version": labelwright.__version__,
            "seconds": round(time.perf_counter() - started, 1),
        },
    )


def _fitted(
    told: Votes, method: str | LabelModel, flip: bool, random_state: int, show: bool | None
) -> tuple[LabelModel, str, Gain | None, list[str]]:
    """The label model asked for, or the one the votes allow; what it is called, its gain, and why it was taken."""
    doubt = not_identified(told)
    comparable = (np.diff(told.first) > 1).sum() >= 4
    if method != "auto":
        model = clone(method) if isinstance(method, LabelModel) else named(method)
        if isinstance(model, DawidSkene) and isinstance(method, str):
            model.set_params(flip=flip, show=show)
        name = method if isinstance(method, str) else type(model).__name__
        able = comparable and not doubt
        gain = gain_over_majority(model, told, random_state=random_state) if able else None
        notes = [f"the sources cannot be told apart: {doubt}; take {name} with care"] if doubt else []
        if gain is not None and gain.value <= 0:
            notes.append(f"{name} foresees votes no better than majority does: {gain}")
        return model.fit(told), name, gain, notes
    if doubt:
        reason = f"{doubt}; every vote counts the same, and how good sources are is not known without gold"
        return plain_majority(told).set_params(show=show).fit(told), "majority", None, [reason]
    model = DawidSkene(flip=flip, show=show)
    gain = gain_over_majority(model, told, random_state=random_state) if comparable else None
    if gain is not None and gain.value <= 1e-4:
        reason = f"the quality of sources does not help to foresee their votes ({gain}); every vote counts the same"
        return majority_model().fit(told), "majority", gain, [reason]
    return model.fit(told), "dawid-skene", gain, []


def score(told: Votes, posterior: np.ndarray, gold: Any) -> Scored:
    """How often the most probable class is the true one, on the items whose truth is known.

    Raises
    ------
    InputError
        When `gold` has no item or label that occurs, or does not fit.
    """
    truth = _truth(told, gold)
    known = (truth >= 0) & (np.diff(told.first) > 0)
    if not known.any():
        raise InputError(
            "gold names no item that somebody voted on; check that items are called the same in both"
        )
    right = posterior.argmax(axis=1)[known] == truth[known]
    plain = MajorityVote().fit(told).predict_proba().argmax(axis=1)[known] == truth[known]
    low, high = wilson(right.sum(), known.sum())
    return Scored(float(right.mean()), float(low), float(high), int(known.sum()), float(plain.mean()))


def _truth(told: Votes, gold: Any) -> np.ndarray:
    """Code of the true class of each item, -1 where unknown, k where no source ever says it."""
    if frames.is_frame(gold):
        from labelwright.files.words import ITEM, LABEL, rank

        here = frames.names(gold)
        if len(here) < 2:
            raise InputError(f"gold has {len(here)} column; it needs the item and its true label")
        item = min(here, key=lambda name: rank(name, ITEM))
        left = [name for name in here if name != item]
        label = min(left, key=lambda name: rank(name, LABEL))
        gold = dict(zip(frames.column(gold, item).tolist(), frames.column(gold, label).tolist()))
    if isinstance(gold, dict):
        gold = [gold.get(name) for name in told.items.tolist()]
    if len(gold) != len(told):
        raise InputError(
            f"gold has {len(gold)} labels for {len(told)} items; give one an item, or a frame or dict by item"
        )
    codes, names = encode(gold)
    place = {name: code for code, name in enumerate(told.classes.tolist())}
    return np.array([*(place.get(name, told.n_classes) for name in names.tolist()), -1], dtype=np.intp)[codes]


def _distinct(told: Votes) -> tuple[Votes, list[str]]:
    """Votes without a source's word-for-word repetitions; contradictions stay, and both are noted."""
    said = statistics.duplicates(told)
    repeated, contradicted = int(said.repeated.sum()), int(said.contradicted.sum())
    notes = []
    if contradicted:
        notes.append(
            f"{_times(contradicted)} a source says different things about one item; both votes count"
        )
    if repeated:
        notes.append(f"{_times(repeated)} a source repeats itself about one item; that counts once")
        cells = np.unique(told.item.astype(np.int64) * (len(told.sources) * told.n_classes) + told.codes)
        item, code = np.divmod(cells, len(told.sources) * told.n_classes)
        told = Votes.from_codes(
            item, code // told.n_classes, code % told.n_classes,
            items=told.items, sources=told.sources, classes=told.classes,
        )  # fmt: skip
    return told, notes


def _draws(told: Votes) -> int:
    """As many draws as take some ten seconds."""
    cells = len(told.sources) * told.n_classes**2
    return int(np.clip(min(DRAWN // told.n_votes, CONFUSED // cells), *DRAWS))


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n:,} times"


def _strange(told: Votes) -> list[str]:
    """What looks surprising in the votes themselves."""
    notes = []
    silent = int((np.diff(told.first) == 0).sum())
    if silent:
        have = "item has" if silent == 1 else "items have"
        notes.append(f"{silent:,} {have} no vote and the most common class as label")
    seen = statistics.sources(told)
    constant = [str(name) for name, same in zip(seen.source.tolist(), seen.constant) if same]
    if constant and len(constant) < len(seen.source) / 2:
        shown = ", ".join(constant[:3]) + (f" and {len(constant) - 3} more" if len(constant) > 3 else "")
        always = "source always says" if len(constant) == 1 else "sources always say"
        notes.append(f"{len(constant):,} {always} the same ({shown})")
    return notes


def _agreement(told: Votes, random_state: int, show: bool | None) -> Agreement:
    if (np.diff(told.first) > 1).any():
        return statistics.agreement(told, random_state=random_state, show=show)
    unknown = float("nan")
    return Agreement(unknown, unknown, unknown, unknown, unknown, 0)


def _worse(judge: DawidSkene, flip: bool, method: str) -> list[str]:
    poor = judge.sources_[judge.against_]
    if not len(poor):
        return []
    shown = ", ".join(map(str, poor.tolist()[:3])) + (f" and {len(poor) - 3} more" if len(poor) > 3 else "")
    done = "they count against what they say" if flip else "they count for nothing; flip turns them round"
    if "majority" in method:
        done = f"{method} counts them like all others"
    are = "source is" if len(poor) == 1 else "sources are"
    return [f"{len(poor):,} {are} worse than chance ({shown}): {done}"]


def _sources(told: Votes, drawn: Drawn | None, like: Any) -> Any:
    a = len(told.sources)
    n = np.bincount(told.source, minlength=a)
    unknown = np.full(a, np.nan)
    low, high = (unknown, unknown) if drawn is None else drawn.interval()
    accuracy = unknown if drawn is None else drawn.accuracy.mean(axis=0)
    order = np.argsort(-n if drawn is None else -accuracy, kind="stable")
    columns = {"source": told.sources, "accuracy": accuracy, "low": low, "high": high, "n": n}
    return frames.make({name: values[order] for name, values in columns.items()}, like=like)
