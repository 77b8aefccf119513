"""Mined negatives that are in truth relevant: found by a cheap judge, confirmed by a strong one, repaired (S061)."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from time import perf_counter
from typing import Any, Literal, NamedTuple

import numpy as np

from labelwright import frames
from labelwright.errors import InputError
from labelwright.models.language import Usage
from labelwright.progress import progress

Judge = Callable[[Any, Sequence[Any], Sequence[Any]], Sequence[bool]]
Mode = Literal["remove", "remove_hn", "relabel"]


class Triple(NamedTuple):
    """A query with what is told to be relevant and what was mined as not: ids or texts, compared by equality."""

    query: Any
    positives: tuple[Hashable, ...]
    negatives: tuple[Hashable, ...]


class CascadeRelabeler:
    """Find negatives of a retrieval set that are relevant, at the price of the cheap judge for most queries.

    Judges are asked in order. The first sees every query with its positives and negatives, some at a time, and names
    those that are relevant too. Only queries where it names one go to the next, which sees the same list; the verdict
    of the last judge that saw a query is final.

    Parameters
    ----------
    judges : sequence of callable ``(query, positives, candidates) -> list of bool``
        One or more, the cheapest first; for each candidate, whether it is relevant.
    batch : int, default 25
        Candidates per call.
    names : sequence of str, optional
        Of the judges in tables; by default "judge 1", "judge 2" ...

    Attributes
    ----------
    triples_ : list of Triple
    relevant_ : list of bool arrays
        For each triple, which of its negatives are relevant by the last judge that saw it.
    stage_ : int array (n,)
        How many judges saw the triple.
    cost_ : list of Usage
        Calls and seconds of each judge.

    Raises
    ------
    InputError
        When a query has no positive, one thing is both positive and negative, or a judge answers with another number of
        booleans than it was given candidates.

    Departs from the paper: judges are any functions; its prompts are not part of this.

    Examples
    --------
    >>> generous = lambda query, positives, candidates: [query[0] == text[0] for text in candidates]
    >>> strict = lambda query, positives, candidates: [text.startswith(query) for text in candidates]
    >>> found = CascadeRelabeler([generous, strict]).judge([("ab", ["abc"], ["abe", "axe", "cow"])])
    >>> found.repair("relabel")[0]
    Triple(query='ab', positives=('abc', 'abe'), negatives=('axe', 'cow'))
    """

    cites = ("thakur2025fixing",)

    def __init__(self, judges: Sequence[Judge], *, batch: int = 25, names: Sequence[str] | None = None):
        self.judges, self.batch, self.names = judges, batch, names

    def judge(self, triples: Sequence[Any], *, show: bool | None = None) -> "CascadeRelabeler":
        """Ask the judges about every negative.

        Parameters
        ----------
        triples : sequence of (query, positives, negatives)
        show : bool, optional
            Whether to show a progress bar; by default on terminals.
        """
        if not len(self.judges):
            raise InputError(
                "judges is empty; give at least one function (query, positives, candidates) -> booleans"
            )
        if self.batch < 1:
            raise InputError(f"batch={self.batch!r} must be at least 1")
        if self.names is not None and len(self.names) != len(self.judges):
            raise InputError(f"names has {len(self.names)} entries for {len(self.judges)} judges")
        self.triples_ = [_checked(row, triple) for row, triple in enumerate(triples)]
        self.said_: list[list[np.ndarray]] = [[] for _ in self.triples_]
        self.cost_ = [Usage() for _ in self.judges]
        with progress("judging negatives", total=len(self.triples_), show=show) as tick:
            for triple, said in zip(self.triples_, self.said_, strict=True):
                for stage in range(len(self.judges)):
                    said.append(self._ask(stage, triple))
                    if not said[-1].any():
                        break
                tick()
        self.relevant_ = [said[-1] for said in self.said_]
        self.stage_ = np.array([len(said) for said in self.said_], dtype=np.intp)
        return self

    def repair(
        self, mode: Mode = "relabel", *, spare: Sequence[Sequence[Hashable]] | None = None, keep: int = 0
    ) -> list[Triple]:
        """The triples without the relevant negatives.

        Parameters
        ----------
        mode : {"remove", "remove_hn", "relabel"}, default "relabel"
            Drop queries that have one; drop the relevant negatives alone; or make them positives.
        spare : sequence of n sequences, optional
            Next-ranked candidates of each query, which fill up its negatives; nobody judged them.
        keep : int, default 0
            Up to so many negatives.
        """
        if mode not in ("remove", "remove_hn", "relabel"):
            raise InputError(f"mode={mode!r} must be 'remove', 'remove_hn' or 'relabel'")
        if spare is not None and len(spare) != len(self._judged()):
            raise InputError(
                f"spare has {len(spare)} lists for {len(self.triples_)} triples; give one for each"
            )
        repaired = []
        for row, (triple, relevant) in enumerate(zip(self._judged(), self.relevant_, strict=True)):
            if mode == "remove" and relevant.any():
                continue
            moved = tuple(c for c, yes in zip(triple.negatives, relevant, strict=True) if yes)
            left = [c for c, yes in zip(triple.negatives, relevant, strict=True) if not yes]
            taken = {*triple.positives, *triple.negatives}
            fill = [c for c in (() if spare is None else spare[row]) if c not in taken]
            left += fill[: max(keep - len(left), 0)]
            positives = triple.positives + (moved if mode == "relabel" else ())
            repaired.append(Triple(triple.query, positives, tuple(left)))
        return repaired

    def report(self, like: Any = None) -> Any:
        """What each judge said about each negative, and where they differ, to look through.

        Returns
        -------
        frame
            `row`, `query`, `candidate`, one column for each judge (None where it was not asked), `relevant`, and
            `disputed` where judges differ; disputed ones first.
        """
        names = self.names or [f"judge {stage}" for stage in range(1, len(self.judges) + 1)]
        table: dict[str, list[Any]] = {
            key: [] for key in ("row", "query", "candidate", *names, "relevant", "disputed")
        }
        for row, (triple, said) in enumerate(zip(self._judged(), self.said_, strict=True)):
            for j, candidate in enumerate(triple.negatives):
                heard = [bool(answers[j]) for answers in said]
                table["row"].append(row)
                table["query"].append(triple.query)
                table["candidate"].append(candidate)
                for stage, name in enumerate(names):
                    table[name].append(heard[stage] if stage < len(heard) else None)
                table["relevant"].append(heard[-1])
                table["disputed"].append(len(set(heard)) > 1)
        order = np.argsort(~np.array(table["disputed"], dtype=bool), kind="stable")
        return frames.make({key: [values[i] for i in order] for key, values in table.items()}, like=like)

    def _judged(self) -> list[Triple]:
        if not hasattr(self, "triples_"):
            raise InputError("nothing was judged yet; call judge(triples) first")
        return self.triples_

    def _ask(self, stage: int, triple: Triple) -> np.ndarray:
        """The verdict of one judge on all negatives of a query."""
        heard: list[np.ndarray] = []
        for start in range(0, len(triple.negatives), self.batch):
            some = triple.negatives[start : start + self.batch]
            begun = perf_counter()
            answers = np.asarray(list(self.judges[stage](triple.query, triple.positives, some)))
            self.cost_[stage] = self.cost_[stage].added(Usage(calls=1, seconds=perf_counter() - begun))
            if answers.shape != (len(some),):
                raise InputError(
                    f"judge {stage + 1} gave {answers.shape[0] if answers.ndim else 1} answers to {len(some)} "
                    f"candidates of query {str(triple.query)[:60]!r}; expected one boolean for each"
                )
            if not np.isin(answers, (0, 1)).all():
                raise InputError(f"judge {stage + 1} answered {answers.tolist()[:5]!r}; expected booleans")
            heard.append(answers.astype(bool))
        return np.concatenate(heard) if heard else np.zeros(0, dtype=bool)


class Pruned(NamedTuple):
    """Which sets of training data to keep.

    Attributes
    ----------
    kept : list
        Names of the sets, in their order.
    base : float
        Measure with all of them.
    table : frame
        `dataset`, `without` (the measure when it is left out), `harm` (`without` less `base`), `kept`; the most
        harmful first.
    """

    kept: list[Hashable]
    base: float
    table: Any


def prune_datasets(
    train: Callable[[dict[Hashable, Any]], Any],
    evaluate: Callable[[Any], float],
    datasets: Mapping[Hashable, Any],
    *,
    margin: float = 0.0,
    like: Any = None,
) -> Pruned:
    """Find the sets of training data without which a model does better: leave each out in turn.

    Parameters
    ----------
    train : callable ``(datasets) -> model``
        Gets a mapping with some of the sets.
    evaluate : callable ``(model) -> float``
        On data that none of the sets holds; the higher the better.
    datasets : mapping of name to data
        Two or more.
    margin : float, default 0
        A set is dropped when leaving it out raises the measure by more. Chance alone raises it half of the time, so
        give what two runs of the same differ by.
    like : frame, optional
        The kind of frame that comes back.

    Examples
    --------
    >>> pruned = prune_datasets(lambda sets: sum(sets.values()), float, {"good": 2, "bad": -1, "fair": 1})
    >>> pruned.kept, pruned.base
    (['good', 'fair'], 2.0)
    """
    if len(datasets) < 2:
        raise InputError(f"datasets holds {len(datasets)} sets; leaving one out needs two or more")
    base = float(evaluate(train(dict(datasets))))
    without = {}
    with progress("leaving sets out", total=len(datasets)) as tick:
        for name in datasets:
            without[name] = float(
                evaluate(train({other: d for other, d in datasets.items() if other != name}))
            )
            tick()
    if not np.isfinite([base, *without.values()]).all():
        raise InputError("evaluate gave NaN or infinite values; sets cannot be compared")
    harm = {name: value - base for name, value in without.items()}
    order = sorted(harm, key=lambda name: -harm[name])
    return Pruned(
        [name for name in datasets if harm[name] <= margin],
        base,
        frames.make(
            {
                "dataset": order,
                "without": [without[name] for name in order],
                "harm": [harm[name] for name in order],
                "kept": [harm[name] <= margin for name in order],
            },
            like=like,
        ),
    )


prune_datasets.cites = ("thakur2025fixing",)  # type: ignore[attr-defined]


def _checked(row: int, triple: Any) -> Triple:
    try:
        query, positives, negatives = triple
    except (TypeError, ValueError):
        raise InputError(f"triple {row} is {triple!r:.80}; expected (query, positives, negatives)") from None
    for name, some in (("positives", positives), ("negatives", negatives)):
        if isinstance(some, str):
            raise InputError(f"{name} of triple {row} is one text; put it into a list")
    found = Triple(query, tuple(positives), tuple(negatives))
    if not found.positives:
        raise InputError(
            f"triple {row} (query {str(query)[:60]!r}) has no positive; leave it out or find it one"
        )
    both = set(found.positives) & set(found.negatives)
    if both:
        raise InputError(
            f"triple {row} (query {str(query)[:60]!r}) has {next(iter(both))!r} as positive and as negative; "
            "take it out of one of them"
        )
    return found
