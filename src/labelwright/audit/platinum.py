"""A set of questions on which every error is the model's: review what models contradict, and count errors (S076)."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from labelwright import frames
from labelwright.audit.answers import AnswerParser, accepted, answer_parser, checked
from labelwright.audit.decisions import (
    BETWEEN,
    CONSENSUS,
    DECIDED,
    REJECTED,
    REVISED,
    TO_REVIEW,
    Decision,
    read_decisions,
)
from labelwright.audit.reliability import Reliability
from labelwright.errors import InputError
from labelwright.files.cells import write_cells
from labelwright.models.answers import Unparsed
from labelwright.models.cached import Cached
from labelwright.models.language import Completes, able
from labelwright.models.named import as_language_model
from labelwright.models.template import Template
from labelwright.progress import progress

BLOCK = 16
PROMPT = Path(__file__).parent / "prompts" / "answer.txt"


class PlatinumBuilder:
    """Clean a set of questions with answers by reviewing those that models get wrong.

    Where all models give the target, it stands unseen (consensus). Every other question waits for a person, who
    verifies the target, revises it, or rejects the question. What is exported holds no rejected question, so that a
    perfect model makes no error on it. A wrong target that all models share is never seen: the more independent the
    models, the fewer there are.

    Parameters
    ----------
    models : mapping of name to model, or sequence of models
        Language models (see `labelwright.models.as_language_model`), functions ``prompt -> str``, or lists of answers
        that were given already, in the order of the questions.
    parser : str or callable, default "math"
        How answers and targets are read, see `answer_parser`.
    choices : sequence, optional
        For ``parser="choice"``.
    template : str, optional
        Prompt that shows ``{question}``; by default asks to think step by step and to end with "Answer:".
    max_tokens : int, default 256
        Of an answer.
    cache : path, optional
        File that keeps answers (`labelwright.models.Cached`); another prompt is another question, so it never brings
        answers to an older wording.
    show : bool, optional
        Progress; by default on terminals.

    Attributes
    ----------
    ids : list
    answers_ : dict of name to list of str
        Raw answers.

    Departs from the paper: no model-specific prompts or retries; any number of models; one reviewer decides.

    Examples
    --------
    >>> right, sloppy = ["4", "9", "10"], ["4", "9", "11"]
    >>> builder = PlatinumBuilder({"right": right, "sloppy": sloppy})
    >>> status = builder.collect(["2 + 2?", "3 * 3?", "5 + 5?"], [4, 6, 10]).triage()["status"].tolist()
    >>> status
    ['consensus', 'to review', 'to review']
    >>> _ = builder.review({1: Decision("revised", (9,)), 2: Decision("verified")})
    >>> builder.evaluate("right").errors, builder.evaluate("sloppy").errors
    (0, 1)
    """

    cites = ("vendrow2025benchmarks",)

    def __init__(
        self,
        models: Mapping[str, Any] | Sequence[Any],
        *,
        parser: str | AnswerParser = "math",
        choices: Sequence[Hashable] | None = None,
        template: str | None = None,
        max_tokens: int = 256,
        cache: str | PathLike[str] | None = None,
        show: bool | None = None,
    ):
        self.models, self.parser, self.choices, self.template = models, parser, choices, template
        self.max_tokens, self.cache, self.show = max_tokens, cache, show

    def collect(
        self, questions: Iterable[str], targets: Iterable[Any], *, ids: Iterable[Hashable] | None = None
    ) -> "PlatinumBuilder":
        """Ask every model every question.

        Parameters
        ----------
        questions : sequence (n,) of str
        targets : sequence (n,)
            The answer of each, or a list of acceptable ones.
        ids : sequence (n,), optional
            Names of the questions; by default 0, 1, 2, ...

        Raises
        ------
        InputError
            When there is no model, ids repeat, lengths differ, or a target cannot be read.
        """
        self._parse = answer_parser(self.parser, self.choices)
        named = _named(self.models)
        self.questions, self._original = list(questions), list(targets)
        self.ids = list(range(len(self.questions))) if ids is None else list(ids)
        n = len(self.questions)
        if len(self._original) != n or len(self.ids) != n:
            told = f"{len(self._original)} targets and {len(self.ids)} ids"
            raise InputError(f"there are {n} questions, {told}; they must match")
        place: dict[Hashable, int] = {}
        for i, name in enumerate(self.ids):
            if name in place:
                raise InputError(
                    f"ids repeat: {name!r} is that of questions {place[name]} and {i}; give each its own"
                )
            place[name] = i
        self._place = place
        self._accepted = [
            accepted(t, self._parse, f"question {i!r}") for i, t in zip(self.ids, self._original)
        ]
        self.decisions: dict[Hashable, Decision] = {}
        self._now = list(self._accepted)
        self.answers_: dict[str, list[str]] = {}
        self._read: dict[str, list[Any]] = {}
        for name, model in named.items():
            self._collect(name, model)
        return self

    def status(self) -> list[str]:
        """Status of each question: consensus, verified, revised, rejected or to review."""
        self._asked()
        against = self._against()
        return [
            self.decisions[i].status if i in self.decisions else (TO_REVIEW if against[row] else CONSENSUS)
            for row, i in enumerate(self.ids)
        ]

    def triage(self, *, like: Any = None) -> Any:
        """All questions: `id`, `status`, `against` (models that differ from the target), `question`, `target`."""
        return frames.make(
            {
                "id": self.ids,
                "status": self.status(),
                "against": self._against(),
                "question": self.questions,
                "target": [_shown(t) for t in self._original],
            },
            like=like,
        )

    def queue(self, path: str | PathLike[str] | None = None, *, like: Any = None) -> Any:
        """Questions that wait for review, those that most models contradict first.

        Parameters
        ----------
        path : path, optional
            CSV to write it to, with columns to fill in: `status` (verified, revised, rejected) and, where revised,
            `targets` (all acceptable answers, separated by " | "). `review` takes the file.
        like : frame, optional
            Kind of frame to return.
        """
        against = self._against()
        waiting = [row for row, status in enumerate(self.status()) if status == TO_REVIEW]
        waiting.sort(key=lambda row: -against[row])
        columns: dict[str, list[Any]] = {
            "id": [self.ids[row] for row in waiting],
            "question": [self.questions[row] for row in waiting],
            "target": [_shown(self._original[row]) for row in waiting],
            "against": [against[row] for row in waiting],
            **{
                f"answer of {name}": [_shown(read[row]) for row in waiting]
                for name, read in self._read.items()
            },
            "status": [""] * len(waiting),
            "targets": [""] * len(waiting),
        }
        if path is not None:
            with Path(path).open("w", encoding="utf-8", newline="") as file:
                write_cells(file, columns)
        return frames.make(columns, like=like)

    def review(self, decisions: Mapping[Hashable, Decision] | str | PathLike[str] | Any) -> "PlatinumBuilder":
        """Take decisions: a mapping of id to `Decision`, or the filled-in queue as a frame or a CSV file.

        Rows without a status stay where they are. A later decision replaces an earlier one.

        Raises
        ------
        InputError
            When an id or a status is unknown, or targets do not go with the status; nothing is taken then.
        """
        self._asked()
        told = decisions if isinstance(decisions, Mapping) else read_decisions(decisions, self.ids)
        now, taken = list(self._now), dict(self.decisions)
        for name, decision in told.items():
            where = f"the decision on {name!r}"
            if name not in self._place:
                raise InputError(f"{where}: there is no such question")
            status, targets = decision.status, tuple(decision.targets)
            if status not in DECIDED:
                raise InputError(f"{where}: status={status!r} must be one of {', '.join(DECIDED)}")
            if (status == REVISED) != bool(targets):
                wants = (
                    "needs the acceptable answers"
                    if status == REVISED
                    else "takes no targets; revise it instead"
                )
                raise InputError(f"{where}: {status} {wants}")
            row = self._place[name]
            now[row] = accepted(targets, self._parse, where) if status == REVISED else self._accepted[row]
            taken[name] = Decision(status, targets)
        self._now, self.decisions = now, taken
        return self

    def export(self, *, like: Any = None) -> Any:
        """The cleaned set, without what is rejected or waits: `id`, `question`, `status`, `targets` (list)."""
        status = self.status()
        waiting = status.count(TO_REVIEW)
        if waiting:
            first = self.ids[status.index(TO_REVIEW)]
            raise InputError(f"{waiting} questions wait for review (first: {first!r}); decide on them first")
        rows = [row for row, s in enumerate(status) if s != REJECTED]
        return frames.make(
            {
                "id": [self.ids[row] for row in rows],
                "question": [self.questions[row] for row in rows],
                "status": [status[row] for row in rows],
                "targets": [sorted(map(str, self._now[row])) for row in rows],
            },
            like=like,
        )

    def evaluate(self, model: str | Any) -> Reliability:
        """Count errors of a model: one that was asked, by name, or another, which is asked now."""
        name = self._known(model)
        before, after = self._wrong(name, self._accepted), self._wrong(name, self._now)
        status = np.array(self.status(), dtype=object)
        kept = status != REJECTED
        unread = np.array([isinstance(answer, Unparsed) for answer in self._read[name]], dtype=bool)
        blamed = before & (~kept | ~after)
        return Reliability(
            model=name,
            items=int(kept.sum()),
            errors_before=int(before.sum()),
            errors=int((after & kept).sum()),
            explained=float(blamed.sum() / before.sum()) if before.any() else float("nan"),
            unread=int((after & kept & unread).sum()),
            pending=int((after & kept & (status == TO_REVIEW)).sum()),
        )

    def add_model(self, model: Any, name: str | None = None, *, like: Any = None) -> Any:
        """Ask another model; return the questions it gets wrong that nobody has looked at yet, as `queue` does."""
        self._asked()
        self._collect(name or _name(model, len(self.answers_)), model)
        return self.queue(like=like)

    def failures(self, model: str | Any, groups: Sequence[Hashable], *, like: Any = None) -> Any:
        """Where a model errs on what is not rejected: `group`, `items`, `errors`, most errors first."""
        name = self._known(model)
        if len(groups) != len(self.ids):
            raise InputError(
                f"groups has {len(groups)} entries for {len(self.ids)} questions; they must match"
            )
        kept = np.array([s != REJECTED for s in self.status()])
        wrong = self._wrong(name, self._now) & kept
        counts: dict[Hashable, list[int]] = {}
        for group, here, error in zip(groups, kept.tolist(), wrong.tolist()):
            row = counts.setdefault(group, [0, 0])
            row[0] += here
            row[1] += error
        order = sorted(counts, key=lambda g: (-counts[g][1], str(g)))
        return frames.make(
            {"group": order, "items": [counts[g][0] for g in order], "errors": [counts[g][1] for g in order]},
            like=like,
        )

    def _asked(self) -> None:
        if not hasattr(self, "answers_"):
            raise InputError("no question was asked yet; call collect first")

    def _collect(self, name: str, model: Any) -> None:
        if name in self.answers_:
            raise InputError(f"two models are called {name!r}; give each a name of its own")
        n = len(self.questions)
        if isinstance(model, (list, tuple, np.ndarray)):
            answers = [str(answer) for answer in model]
            if len(answers) != n:
                raise InputError(
                    f"model {name!r} gave {len(answers)} answers to {n} questions; they must match"
                )
        else:
            answers = self._ask(name, model)
        read = [
            checked(self._parse(text), f"answer of {name!r} to {i!r}") for i, text in zip(self.ids, answers)
        ]
        self.answers_[name], self._read[name] = answers, read

    def _ask(self, name: str, model: Any) -> list[str]:
        completes = able(as_language_model(model), Completes, purpose="Answering questions")  # type: ignore[type-abstract]
        if self.cache is not None:
            completes = Cached(completes, self.cache)  # type: ignore[assignment]
        template = Template.read(PROMPT) if self.template is None else Template(self.template)
        if template.fields != {"question"}:
            raise InputError(f"template={template.text[:60]!r} shows no {{question}}, or something else too")
        prompts = [template.render(question=question) for question in self.questions]
        answers: list[str] = []
        with progress(f"asking {name}", total=len(prompts), show=self.show) as tick:
            for start in range(0, len(prompts), BLOCK):
                block = prompts[start : start + BLOCK]
                answers += [said.text for said in completes.complete(block, max_tokens=self.max_tokens)]
                tick(len(block))
        return answers

    def _known(self, model: Any) -> str:
        self._asked()
        if isinstance(model, str) and model in self.answers_:
            return model
        name = _name(model, len(self.answers_))
        if name in self.answers_:
            return name
        self._collect(name, model)
        return name

    def _wrong(self, name: str, right: Sequence[frozenset[Hashable]]) -> np.ndarray:
        return np.array(
            [isinstance(a, Unparsed) or a not in ok for a, ok in zip(self._read[name], right)], dtype=bool
        )

    def _against(self) -> list[int]:
        self._asked()
        total = np.zeros(len(self.ids), dtype=int)
        for name in self.answers_:
            total += self._wrong(name, self._accepted)
        return [int(x) for x in total]


def _named(models: Mapping[str, Any] | Sequence[Any]) -> dict[str, Any]:
    if not models:
        raise InputError("models is empty; a question is checked by at least one model")
    if isinstance(models, Mapping):
        return {str(name): model for name, model in models.items()}
    named: dict[str, Any] = {}
    for i, model in enumerate(models):
        name = _name(model, i)
        if name in named:
            raise InputError(f"two models are called {name!r}; name them: {{'one': ..., 'two': ...}}")
        named[name] = model
    return named


def _name(model: Any, place: int) -> str:
    if isinstance(model, str):
        return model
    return str(getattr(model, "name", None) or getattr(model, "__name__", None) or f"model {place + 1}")


def _shown(value: Any) -> str:
    if isinstance(value, Unparsed):
        return f"({value.reason})"
    if isinstance(value, (list, tuple, set, frozenset)):
        return BETWEEN.join(map(str, value))
    return str(value)
