"""From a task and unlabelled items to labels, by way of programs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from labelwright.combine.programs.run import as_items, as_votes, outcomes, told, warn
from labelwright.combine.programs.sandbox import Limits
from labelwright.combine.programs.store import Program
from labelwright.combine.programs.task import ABSTAIN, TEXT, TaskSpec
from labelwright.combine.programs.write import write_programs
from labelwright.errors import InputError
from labelwright.evidence import Votes
from labelwright.evidence.classes import is_missing
from labelwright.models.ledger import Cost, CostLedger


@dataclass(frozen=True, repr=False)
class ProgramLabels:
    """Labels that programs gave, and what they cost.

    Attributes
    ----------
    votes : Votes (n, a)
        What each program in use said.
    probs : ndarray (n, k)
        What the label model makes of it, columns in the order of the task's classes.
    covered : ndarray (n,) of bool
        Where at least one program answered. Learn from these rows only.
    programs, discarded : list of Program
        In use, and not, each of these with its `reason`.
    troubles : dict of str to str
        What went wrong with programs in use on the whole of the items, by name.
    ledger : CostLedger
        What was asked.
    direct : Cost
        What asking about every item (that is not missing) would have cost.
    knowledge : dict of str to str
        The model's answers about what it knows.

    Examples
    --------
    See `labels_by_programs`:

    >>> ProgramLabels.__dataclass_params__.frozen
    True
    """

    votes: Votes
    probs: np.ndarray
    covered: np.ndarray
    programs: list[Program]
    discarded: list[Program]
    troubles: dict[str, str]
    ledger: CostLedger
    direct: Cost
    knowledge: dict[str, str]

    @property
    def labels(self) -> np.ndarray:
        """The most probable class of each item, (n,) of object: of equals the first, None where no program answered."""
        names = self.votes.classes.tolist()
        said = zip(self.probs.argmax(axis=1), self.covered)
        found = np.empty(len(self.probs), dtype=object)
        found[:] = [names[code] if known else None for code, known in said]
        return found

    @property
    def token_ratio(self) -> float:
        """Tokens that asking about every item would take, for one token spent here."""
        return self.direct.tokens / max(self.ledger.spent.tokens, 1)

    def __repr__(self) -> str:
        return (
            f"ProgramLabels({self.covered.sum()} of {len(self.covered)} items labelled by {len(self.programs)} "
            f"programs ({len(self.discarded)} discarded, {len(self.troubles)} in trouble), "
            f"{self.ledger.spent.tokens} tokens in place of {self.direct.tokens})"
        )


def labels_by_programs(
    task: TaskSpec,
    items: Any,
    complete: Callable[[str], str],
    *,
    label_model: Any = None,
    n_programs: int = 10,
    mode: Literal["direct", "two_stage"] = "two_stage",
    knowledge: Sequence[str] = ("heuristics",),
    n_samples: int = 100,
    ledger: CostLedger | None = None,
    limits: Limits | None = None,
    n_jobs: int = 1,
    random_state: int | None = 0,
    show: bool | None = None,
) -> ProgramLabels:
    """Label many items for the price of a few questions: a language model writes programs, the programs vote.

    Asking about each of a million items costs a million calls; asking for ten programs costs ten, and the programs
    can be read, kept (`ProgramStore`) and run again. They run confined: see `run`.

    Parameters
    ----------
    task : TaskSpec
    items : sequence, array or frame (n,)
        Unlabelled: texts, or anything else that JSON can hold. Rows of a frame are shown to programs as dicts; of a
        frame with a column of texts pass that column. Missing items (None, NaN) stay unlabelled.
    complete : callable
        ``complete(prompt) -> str`` asks the model.
    label_model : object with ``fit(votes)`` and ``predict_proba(votes)``, optional
        By default `labelwright.combine.MajorityVote`. Programs of one model share words and errors, and models that
        take sources as independent over-trust that.
    n_programs, mode, knowledge
        As in `write_programs`.
    n_samples : int, default 100
        Items, drawn at random, that programs are tested on.
    ledger : CostLedger, optional
        Keeps account; by default a fresh one without prices. One that was used before counts on.
    limits : Limits, optional
        For each program.
    n_jobs : int, default 1
        Programs that run at the same time.
    random_state : int or None, default 0
        Draws the sample.
    show : bool, optional
        Whether to show progress; by default where standard error is a terminal.

    Raises
    ------
    InputError
        When there are no items, they are no texts although `task` says so (before anything is asked), or no program is
        left; the message gives the reasons.

    Warns
    -----
    DoubtfulInput
        When programs that passed the test fail on some of the items, or abstain on all; `troubles` keeps it.

    Notes
    -----
    Source: S043 (Alchemist). Departs from the paper: see `write_programs`; an end model is left to the caller
    (``loops.fit_soft(model, X[covered], probs[covered])``), since items may be of any kind.

    Examples
    --------
    >>> from labelwright.combine.programs import Recorded
    >>> wins, asks = (f"def label(item): return {c} if {w!r} in item else -1" for c, w in [(1, "win"), (0, "?")])
    >>> task = TaskSpec("Is this message spam?", ["no", "yes"])
    >>> messages = ["win a car", "lunch?", "ok"]
    >>> found = labels_by_programs(task, messages, Recorded([wins, asks]), n_programs=2, mode="direct")
    >>> found.labels.tolist(), found.probs[:, 1].round(2).tolist(), found.ledger.spent.calls
    (['yes', 'no', None], [1.0, 0.0, 0.5], 2)
    """
    items = as_items(items)
    _check(task, items, n_samples)
    rng = np.random.default_rng(random_state)
    sample = [items[i] for i in np.sort(rng.permutation(len(items))[:n_samples])]
    written = write_programs(
        task, complete, sample, n_programs=n_programs, mode=mode, knowledge=knowledge, ledger=ledger, limits=limits,
        n_jobs=n_jobs, show=show,
    )  # fmt: skip
    if not written.programs:
        reasons = "; ".join(f"{p.name} {p.reason}" for p in written.discarded)
        raise InputError(f"none of {n_programs} programs can be used: {reasons}")
    found = outcomes(written.programs, items, task, limits=limits, n_jobs=n_jobs, show=show)
    troubles = told(written.programs, found)
    warn(troubles, len(found))
    votes = as_votes(written.programs, found, task)
    model = _majority() if label_model is None else label_model
    return ProgramLabels(
        votes=votes,
        probs=np.asarray(model.fit(votes).predict_proba(votes)),
        covered=(votes.wide() != ABSTAIN).any(axis=1),
        programs=written.programs,
        discarded=written.discarded,
        troubles=troubles,
        ledger=written.ledger,
        direct=task.direct([item for item in items if not is_missing(item)], written.ledger),
        knowledge=written.knowledge,
    )


def _check(task: TaskSpec, items: list[Any], n_samples: int) -> None:
    """Find what would waste the answers of a model before it is asked."""
    if not isinstance(n_samples, int) or n_samples < 1:
        raise InputError(f"n_samples={n_samples!r} must be a whole number of at least 1")
    strange = next(
        (i for i, item in enumerate(items) if not (isinstance(item, str) or is_missing(item))), None
    )
    if task.item == TEXT and strange is not None:
        raise InputError(
            f"item {strange} is a {type(items[strange]).__name__}, while the task says that an item is {TEXT}; "
            "pass the texts alone, such as one column of a frame, or say what an item is with TaskSpec(item=...)"
        )


def _majority() -> Any:
    from labelwright.combine.majority import MajorityVote

    return MajorityVote()
