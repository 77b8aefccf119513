"""Ask a language model for labelling programs, and keep those that work."""

import re
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from labelwright.combine.programs.run import as_items, outcomes
from labelwright.combine.programs.sandbox import Limits, Outcome
from labelwright.combine.programs.store import Program
from labelwright.combine.programs.task import ABSTAIN, KNOWLEDGE, TaskSpec
from labelwright.errors import InputError
from labelwright.models.ledger import CostLedger
from labelwright.progress import progress

FENCE = re.compile(r"^[ \t]*```[^\n]*\n(.*?)(?:^[ \t]*```|\Z)", re.DOTALL | re.MULTILINE)
ENOUGH = 20  # sample items from which on one answer for all of them means that a program tells nothing


class Written(NamedTuple):
    """What came of asking for programs.

    Attributes
    ----------
    programs : list of Program
        Those that passed the test on the sample.
    discarded : list of Program
        The others, each with its `reason`.
    knowledge : dict of str to str
        The model's answers about what it knows, by kind; empty in the mode "direct".
    ledger : CostLedger

    Examples
    --------
    >>> Written([], [], {}, CostLedger()).ledger.spent.calls
    0
    """

    programs: list[Program]
    discarded: list[Program]
    knowledge: dict[str, str]
    ledger: CostLedger


def write_programs(
    task: TaskSpec,
    complete: Callable[[str], str],
    samples: Any,
    *,
    n_programs: int = 10,
    mode: Literal["direct", "two_stage"] = "two_stage",
    knowledge: Sequence[str] = ("heuristics",),
    ledger: CostLedger | None = None,
    limits: Limits | None = None,
    n_jobs: int = 1,
    show: bool | None = None,
) -> Written:
    r"""Ask a language model for programs that label items, and test each on a sample.

    A program is discarded, with the reason, when the answer has no code, the code does not parse or breaks the rules
    of the sandbox, it repeats an earlier one, or on the sample it raises an error, takes too long, answers with
    something that is no class, or gives every item the same answer (from 20 items on; abstaining on all of them
    counts always). No true label is used.

    Parameters
    ----------
    task : TaskSpec
    complete : callable
        ``complete(prompt) -> str`` asks the model. Let it sample (the paper: temperature 0.7, up to 1,000 tokens);
        prompts differ only in the number of the program. ``models.as_function(models.Cached(model, path))``
        pays once, whatever happens in between; the ledger counts every question.
    samples : sequence, array or frame
        Some unlabelled items.
    n_programs : int, default 10
    mode : {"two_stage", "direct"}, default "two_stage"
        "two_stage" asks what the model knows about the classes first, and puts the answer before the task.
    knowledge : sequence of str, default ("heuristics",)
        What to ask first, one call each: "heuristics", "keywords", "descriptions", "examples". Programs take turns.
    ledger : CostLedger, optional
        Keeps account; by default a fresh one without prices.
    limits : Limits, optional
    n_jobs : int, default 1
        Programs that are tested at the same time.
    show : bool, optional
        Whether to show progress; by default where standard error is a terminal.

    Raises
    ------
    InputError
        When an option is out of range, there is no sample, or `complete` returns no text.

    Notes
    -----
    Source: S043 (Alchemist). Departs from the paper: knowledge is asked for once for all programs, not for each; each
    prompt asks for other signals than the obvious ones; repeated programs are dropped, since copies make label models
    over-trust them; no retrieval from a user's documents.

    Examples
    --------
    >>> def complete(prompt):
    ...     return "Here it is:\n```python\ndef label(item):\n    return 1 if 'win' in item else 0\n```"
    >>> task = TaskSpec("Is this message spam?", ["no", "yes"])
    >>> written = write_programs(task, complete, ["win money", "see you"], n_programs=2, mode="direct")
    >>> [p.name for p in written.programs], [p.reason for p in written.discarded]
    (['program 1'], ['is the same as program 1'])
    """
    _check(n_programs, mode, knowledge)
    samples = as_items(samples)
    ledger = CostLedger() if ledger is None else ledger
    kinds = list(knowledge) if mode == "two_stage" else []
    known = {}
    with progress("asking for programs", total=n_programs + len(kinds), show=show) as tick:
        for kind in kinds:
            known[kind] = ledger.ask(complete, task.knowledge_prompt(kind), purpose="knowledge")
            tick()
        replies = []
        for i in range(n_programs):
            before = known[kinds[i % len(kinds)]] if kinds else ""
            replies.append(
                ledger.ask(complete, task.program_prompt(i + 1, n_programs, before), purpose="program")
            )
            tick()
    candidates = _candidates(replies, task.function)
    whole = [program for program in candidates if not program.reason]
    found = outcomes(whole, samples, task, limits=limits, n_jobs=n_jobs, show=show) if whole else []
    faults = {p.name: _fault(outcome, task) for p, outcome in zip(whole, found)}
    judged = [Program(p.name, p.source, p.reply, p.reason or faults[p.name]) for p in candidates]
    return Written([p for p in judged if not p.reason], [p for p in judged if p.reason], known, ledger)


def code_of(reply: str, function: str) -> str:
    r"""The program in an answer: the first code block that defines the function, else the answer if it is code; or "".

    A block that was cut off before its closing fence counts too.

    Examples
    --------
    >>> code_of("Sure.\n```python\ndef label(item):\n    return 1\n```\nGood luck!", "label")
    'def label(item):\n    return 1\n'
    """
    blocks = FENCE.findall(reply.replace("\r\n", "\n"))
    wanted = re.compile(rf"^def\s+{re.escape(function)}\b", re.MULTILINE)
    for block in [*blocks, *([] if blocks else [reply])]:
        if wanted.search(block):
            return str(block)
    return str(blocks[0]) if blocks else ""


def _candidates(replies: list[str], function: str) -> list[Program]:
    seen: dict[str, str] = {}
    programs = []
    for i, reply in enumerate(replies):
        name, source = f"program {i + 1}", code_of(reply, function)
        reason = "" if source.strip() else "has no code block"
        if source.strip() and (first := seen.setdefault(source.strip(), name)) != name:
            reason = f"is the same as {first}"
        programs.append(Program(name, source, reply, reason))
    return programs


def _fault(outcome: Outcome, task: TaskSpec) -> str:
    """Why a program failed the test on the sample, or ""."""
    if outcome.reason or outcome.raised or outcome.illegal:
        return outcome.reason or outcome.first
    answers = np.unique(outcome.answers)
    if (answers == ABSTAIN).all():
        return f"abstains on all {len(outcome.answers)} sample items"
    if len(answers) == 1 and len(outcome.answers) >= ENOUGH:
        return f"says {task.classes[answers[0]]} about all {len(outcome.answers)} sample items"
    return ""


def _check(n_programs: int, mode: str, knowledge: Sequence[str]) -> None:
    if not isinstance(n_programs, int) or n_programs < 1:
        raise InputError(f"n_programs={n_programs!r} must be a whole number of at least 1")
    if mode not in ("direct", "two_stage"):
        raise InputError(f"mode={mode!r} must be 'direct' or 'two_stage'")
    strange = [knowledge] if isinstance(knowledge, str) else [k for k in knowledge if k not in KNOWLEDGE]
    if strange or not knowledge:
        raise InputError(f"knowledge={knowledge!r} must be a list of one or more of {', '.join(KNOWLEDGE)}")
