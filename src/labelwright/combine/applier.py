"""Run rules over items, in parallel: what they say becomes votes (S101)."""

import warnings
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from labelwright import frames
from labelwright.combine.rules import Rule, Said, rule
from labelwright.combine.views import View, cut, in_memory, n_items, pick
from labelwright.errors import DoubtfulInput, InputError
from labelwright.evidence import Votes
from labelwright.evidence.classes import class_array, ordered
from labelwright.progress import progress

BLOCK = 20_000  # most items of one block; the number of blocks never depends on the workers
BLOCKS = 64  # of few items at least so many blocks, so that slow rules are shared out and progress shows


class _Block(NamedTuple):
    """What all rules said about one block: codes (n,) and the names they stand for, rule by rule."""

    start: int
    said: list[tuple[np.ndarray, list[Any]]]
    failures: list[tuple[int, str]]  # how often each rule failed here, and how first


def apply(
    rules: Iterable[Rule | Callable[[Any], Any]],
    items: Any,
    *,
    classes: Sequence[Hashable] | None = None,
    n_jobs: int | None = None,
    show: bool | None = None,
) -> Votes:
    """Let every rule judge every item.

    Parameters
    ----------
    rules : iterable of Rule or functions
        `rule`, `keywords`, `patterns`, `stump`, `from_model`, `annotator`, `prompted` and `forest_rules` make them.
        A plain function of one item is taken as it is; lambdas need names: ``rule(lambda text: ..., name="links")``.
    items : list, array (n, ...), sparse matrix or frame
        Texts, rows, pictures: whatever the rules read. Frames of any kind (pandas, polars, Arrow, DuckDB).
    classes : sequence (k,), optional
        Class names in order; any other answer is then an error. By default all that the rules declare or say, sorted.
    n_jobs : int, optional
        Processes that share the items; joblib's `parallel_config` decides by default (threads, a cluster). The votes
        do not depend on it.
    show : bool, optional
        Whether to show progress; by default where standard error is a terminal.

    Returns
    -------
    Votes
        One source per rule, named after it, items in their order.

    Raises
    ------
    InputError
        When a rule fails at an item or answers something that is not among its classes (rule and row are named), two
        rules have one name, or there is nothing to vote on.

    Warns
    -----
    DoubtfulInput
        When a rule made with ``on_error="abstain"`` failed (how often, and where first), or a rule votes nowhere.

    Examples
    --------
    >>> from labelwright.combine.keywords import keywords
    >>> shouting = rule(lambda text: "spam" if text.isupper() else "ham", name="shouting")
    >>> votes = apply([keywords("spam", ["free"]), shouting], ["free beer", "WIN", "hello"])
    >>> votes.wide().tolist(), votes.classes.tolist(), votes.sources.tolist()
    ([[1, 0], [-1, 1], [-1, 0]], ['ham', 'spam'], ['spam: free', 'shouting'])
    """
    from joblib import Parallel, delayed

    from labelwright.loops.cross_fit import _as_they_come

    sources = _checked(rules)
    items = _needed(in_memory(items), sources)
    n = n_items(items)
    size = min(BLOCK, max(1, -(-n // BLOCKS)))
    jobs = (
        delayed(_judge)(sources, cut(items, start, min(start + size, n)), start)
        for start in range(0, n, size)
    )
    blocks = []
    with progress(f"applying {len(sources)} rules", total=-(-n // size), show=show) as tick:
        for block in _as_they_come(Parallel(n_jobs=n_jobs), jobs):
            blocks.append(block)
            tick()
    _report(sources, blocks, n)
    names = _names(sources, blocks, classes)
    item, source, said = _listed(blocks, names)
    spoke = np.bincount(source, minlength=len(sources))
    silent = [repr(s.name) for s, times in zip(sources, spoke) if not times]
    if silent:
        warnings.warn(
            f"{len(silent)} of {len(sources)} rules vote nowhere ({', '.join(silent[:3])}); "
            "look at what they search for, or leave them out",
            DoubtfulInput,
            stacklevel=2,
        )
    return Votes.from_codes(
        item, source, said, items=np.arange(n), sources=class_array([s.name for s in sources]),
        classes=class_array(names),
    )  # fmt: skip


def _checked(rules: Iterable[Rule | Callable[[Any], Any]]) -> list[Rule]:
    if isinstance(rules, Rule) or callable(rules):
        raise InputError("rules is a single rule; give a list of them")
    sources = [r if isinstance(r, Rule) else rule(r) for r in rules]
    if not sources:
        raise InputError("rules are empty; give at least one")
    twice = [name for name, times in Counter(s.name for s in sources).items() if times > 1]
    if twice:
        raise InputError(f"two rules are called {twice[0]!r}; give each a name=... of its own")
    return sources


def _needed(items: Any, sources: list[Rule]) -> Any:
    """A frame with the columns that the rules look at; everything else as it is."""
    columns = list(dict.fromkeys(s.column for s in sources))
    for column in columns:
        pick(cut(items, 0, 1), column)  # one that is not there shows before anything runs
    if not frames.is_frame(items) or None in columns:
        return items
    import narwhals as nw

    return nw.from_native(items).select(columns).to_native()


def _judge(sources: list[Rule], items: Any, start: int) -> _Block:
    """Let all rules judge one block."""
    views: dict[Any, View] = {}
    said: list[tuple[np.ndarray, list[Any]]] = []
    failures = []
    for source in sources:
        if source.column not in views:
            views[source.column] = View(pick(items, source.column), start)
        answer = _ask(source, views[source.column])
        _check_names(source, answer, start)
        kind = np.min_scalar_type(-max(len(answer.names), 1))
        said.append((answer.codes.astype(kind), answer.names))
        first = [f"row {start + row}: {_text(problem)}" for row, problem in answer.failures[:1]]
        failures.append((len(answer.failures), "".join(first)))
    return _Block(start, said, failures)


def _ask(source: Rule, view: View) -> Said:
    where = f"rows {view.start} to {view.start + len(view) - 1}"
    try:
        answer = source.votes(view)
    except Exception as problem:
        raise InputError(
            f"rule {source.name!r} fails on {where}: {_text(problem)}; mend the rule or those items"
        ) from problem
    if len(answer.codes) != len(view):
        raise InputError(
            f"rule {source.name!r} gave {len(answer.codes)} answers for {len(view)} items ({where})"
        )
    if answer.failures and source.on_error == "raise":
        row, cause = answer.failures[0]
        raise InputError(
            f"rule {source.name!r} fails on row {view.start + row}: {_text(cause)}; mend the rule, or let it abstain "
            "there with on_error='abstain'"
        ) from cause
    return answer


def _text(problem: Exception) -> str:
    if isinstance(problem, InputError):
        return str(problem)
    return f"{type(problem).__name__}: {problem}"


def _check_names(source: Rule, answer: Said, start: int) -> None:
    if source.classes is None:
        return
    for code, name in enumerate(answer.names):
        rows = np.flatnonzero(answer.codes == code)
        if name not in source.classes and len(rows):
            raise _strange(source, start + int(rows[0]), name, source.classes)


def _strange(source: Rule, row: int, name: Any, classes: Sequence[Any]) -> InputError:
    hint = "; to abstain, return None" if name in (-1, "", False) else ""
    some = ", ".join(map(repr, list(classes)[:8]))
    return InputError(
        f"rule {source.name!r} says {name!r} on row {row}, which is not among its classes ({some}){hint}"
    )


def _names(sources: list[Rule], blocks: list[_Block], classes: Sequence[Hashable] | None) -> list[Any]:
    """Class names in the order of their codes."""
    found: dict[Any, None] = {}
    for block in blocks:
        for source, (codes, said) in zip(sources, block.said):
            for code in np.unique(codes[codes >= 0]).tolist():
                if classes is not None and said[code] not in classes:
                    row = block.start + int(np.flatnonzero(codes == code)[0])
                    raise _strange(source, row, said[code], classes)
                found[said[code]] = None
    if classes is not None:
        return list(classes)
    if -1 in found:
        warnings.warn(
            "a rule says -1, which is taken for the name of a class; to abstain, return None",
            DoubtfulInput,
            stacklevel=3,
        )
    names = ordered([*found, *(c for s in sources for c in s.classes or ())])
    if not names:
        raise InputError("no rule says anything about any item; give classes=..., or other rules")
    return names


def _listed(blocks: list[_Block], names: list[Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Item, source and class of every vote, item by item."""
    table = {name: code for code, name in enumerate(names)}
    parts = []
    for block in blocks:
        columns = [
            np.array([*(table.get(name, -1) for name in said), -1], dtype=np.int32)[codes]
            for codes, said in block.said
        ]
        wide = np.stack(columns, axis=1)
        item, source = np.nonzero(wide >= 0)
        parts.append((item + block.start, source, wide[item, source]))
    items, sources, said = zip(*parts)
    return np.concatenate(items), np.concatenate(sources), np.concatenate(said)


def _report(sources: list[Rule], blocks: list[_Block], n: int) -> None:
    for j, source in enumerate(sources):
        times = sum(block.failures[j][0] for block in blocks)
        if times:
            first = next(block.failures[j][1] for block in blocks if block.failures[j][0])
            warnings.warn(
                f"rule {source.name!r} failed on {times} of {n} items and abstains there (first: {first})",
                DoubtfulInput,
                stacklevel=3,
            )
