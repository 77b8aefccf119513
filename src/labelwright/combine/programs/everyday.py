"""From a task and unlabelled items to labels, by way of programs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from labelwright.combine.programs.ledger import Cost, CostLedger
from labelwright.combine.programs.run import as_votes, outcomes, troubles
from labelwright.combine.programs.sandbox import Limits
from labelwright.combine.programs.store import Program
from labelwright.combine.programs.task import ABSTAIN, TaskSpec
from labelwright.combine.programs.write import write_programs
from labelwright.errors import InputError
from labelwright.evidence import Votes


@dataclass(frozen=True)
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
        What asking about every item would have cost.
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
    def token_ratio(self) -> float:
        """Tokens that asking about every item would take, for one token spent here."""
        return self.direct.tokens / max(self.ledger.spent.tokens, 1)


def labels_by_programs(
    task: TaskSpec,
    items: Sequence[Any],
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
    items : sequence (n,)
        Unlabelled; anything JSON can hold.
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
        When there are no items, or no program is left; the message gives the reasons.

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
    >>> found.probs[:, 1].round(2).tolist(), found.covered.tolist(), found.ledger.spent.calls
    ([1.0, 0.0, 0.5], [True, True, False], 2)
    """
    items = list(items)
    if not items or n_samples < 1:
        raise InputError(f"there are {len(items)} items and n_samples={n_samples!r}; both must be at least 1")
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
    votes = as_votes(written.programs, found, task)
    model = _majority() if label_model is None else label_model
    return ProgramLabels(
        votes=votes,
        probs=np.asarray(model.fit(votes).predict_proba(votes)),
        covered=(votes.wide() != ABSTAIN).any(axis=1),
        programs=written.programs,
        discarded=written.discarded,
        troubles={p.name: said for p, o in zip(written.programs, found) if (said := troubles(o))},
        ledger=written.ledger,
        direct=written.ledger.direct(task, items),
        knowledge=written.knowledge,
    )


def _majority() -> Any:
    from labelwright.combine.majority import MajorityVote

    return MajorityVote()
