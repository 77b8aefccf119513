"""A language model as a judge: how likely it finds each label as the next words, under several wordings (S090)."""

import time
from collections.abc import Hashable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np

from labelwright.audit.judges import Judge, Opinion
from labelwright.errors import InputError
from labelwright.models.answers import Unparsed, parse_label
from labelwright.models.cached import Cached
from labelwright.models.language import Completes, Scores, Usage, able
from labelwright.models.metered import Metered
from labelwright.models.named import as_language_model
from labelwright.models.template import Template
from labelwright.parts import adjust
from labelwright.progress import progress

BLOCK = 16  # prompts of one call, so that progress shows
EMPTY = ("N/A", "", "[MASK]")  # what stands for an item without content
LEAST = 1e-9
TOKENS = 24  # of an answer


def wordings() -> tuple[Template, ...]:
    """The four prompts that ship with the package; each shows {item}, {labels} and {task}.

    Examples
    --------
    >>> len(wordings()), all("item" in wording.fields for wording in wordings())
    (4, True)
    """
    folder = Path(__file__).parent / "prompts"
    return tuple(Template.read(folder / f"judge-{i}.txt") for i in (1, 2, 3, 4))


class ModelJudge:
    """Ask a language model which label fits, by the probability of the labels and not by what it writes.

    For each wording the probabilities of all labels as continuations are normalised over the labels, and averaged over
    the wordings. A model that only completes is asked several times, and how often it names a label counts.

    Parameters
    ----------
    model : language model
        Scores continuations, or at least completes (see `labelwright.models.language`); a function ``prompt -> str``
        completes.
    classes : sequence (k,)
        What it may answer.
    words : mapping of class to str, optional
        How classes are called in prompts and answers, where their names say little (0, 1).
    task : str, default "label"
        What the labels are, such as ``"sentiment"`` or ``"topic"``.
    templates : sequence of str or Template, optional
        Wordings that show ``{item}``, and may show ``{labels}`` and ``{task}``; by default `wordings()`.
    calibrate : {"content-free", "batch", None}, default "content-free"
        Models prefer some labels whatever the item. Divide by what they say of items without content ("N/A"), or by the
        geometric mean over the items judged, which is better where classes are about as common as each other.
    samples : int, default 5
        Answers per wording of a model that only completes.
    random_state : int, default 0
        Seeds those answers.
    longest : int, default 4000
        Characters of an item that are read; what goes beyond is left out.
    cache : path, optional
        File that keeps every answer (`labelwright.models.Cached`), so that none is paid for twice.
    show : bool, optional
        Progress; by default on terminals.

    Departs from the paper: calibration; wordings are our own; unreadable answers count for no label, and one answer is
    spread over all labels in advance, so that a label never named keeps some probability.

    Examples
    --------
    >>> from labelwright.models.language import Scripted
    >>> model = Scripted({}, scores=lambda prompt, said: -0.1 if ("awful" in prompt) == (said == " bad") else -2.0)
    >>> ModelJudge(model, ["good", "bad"], calibrate=None).judge(["awful film"]).probs.round(2).tolist()
    [[0.13, 0.87]]
    """

    cites = ("nahum2025llms",)

    def __init__(
        self,
        model: Any,
        classes: Sequence[Hashable],
        *,
        words: Mapping[Any, str] | None = None,
        task: str = "label",
        templates: Sequence[str | Template] | None = None,
        calibrate: Literal["content-free", "batch"] | None = "content-free",
        samples: int = 5,
        random_state: int = 0,
        longest: int = 4000,
        cache: str | PathLike[str] | None = None,
        show: bool | None = None,
    ):
        self.model, self.classes, self.words, self.task = model, list(classes), words, task
        self.templates, self.calibrate, self.longest = templates, calibrate, longest
        self.samples, self.random_state, self.cache, self.show = samples, random_state, cache, show

    @classmethod
    def contract_examples(cls) -> "list[ModelJudge]":
        """One that scores and one that completes."""
        from labelwright.models.language import Scripted

        return [
            cls(Scripted({}, scores=lambda prompt, said: -len(prompt) / 99 * (said == " a")), ["a", "b"]),
            cls(Scripted(lambda prompt: "ab"[len(prompt) % 2]), ["a", "b"]),
        ]

    @property
    def name(self) -> str:
        """Name of the model."""
        return str(getattr(self.model, "name", type(self.model).__name__))

    def judge(self, items: Sequence[Any]) -> Opinion:
        """One row of probabilities for each item, which must be a text.

        Raises
        ------
        InputError
            When items are no texts, classes or words do not fit, or a template shows no item.
        """
        names, templates = self._names(), self._templates()
        wrong = next((i for i, item in enumerate(items) if not isinstance(item, str)), None)
        if wrong is not None:
            raise InputError(
                f"judge {self.name!r} reads texts; item {wrong} is {type(items[wrong]).__name__}: {items[wrong]!r:.60}"
            )
        if not len(items):
            return Opinion(np.empty((0, len(names))))
        started = time.perf_counter()
        meter = Metered(self.model)
        ask = _Asking(self, meter if self.cache is None else Cached(meter, self.cache), names)
        even = np.full(len(names), 1 / len(names))
        tables = []
        with progress(f"asking {self.name}", total=len(items) * len(templates), show=self.show) as tick:
            for wording in templates:
                table = ask(wording, items, tick)
                if self.calibrate == "batch":
                    table = adjust.reprior(table, _geometric(table), even)
                elif self.calibrate == "content-free" and ask.scores:
                    table = adjust.reprior(table, ask(wording, EMPTY, lambda n: None).mean(axis=0), even)
                tables.append(table)
        spent = meter.ledger.spent
        seconds = time.perf_counter() - started
        usage = Usage(spent.tokens_in, spent.tokens_out, spent.calls, ask.asked - spent.calls, seconds)
        return Opinion(np.mean(tables, axis=0), usage)

    def _names(self) -> list[str]:
        if len(set(self.classes)) < 2:
            raise InputError(f"classes={self.classes!r} must name at least two different classes")
        words = self.words or {}
        missing = [c for c in self.classes if self.words is not None and c not in words]
        if missing:
            raise InputError(f"words says nothing of class {missing[0]!r}; give a word for every class")
        names = [str(words.get(c, c)) for c in self.classes]
        if len({name.casefold() for name in names}) < len(names):
            raise InputError(
                f"the classes are called {names}; a judge cannot tell equal names apart, so use words="
            )
        return names

    def _templates(self) -> list[Template]:
        if isinstance(self.templates, str):
            raise InputError("templates is one text; give a list of wordings, [template]")
        given = wordings() if self.templates is None else self.templates
        templates = [t if isinstance(t, Template) else Template(t) for t in given]
        bad = next((t.text for t in templates if "item" not in t.fields), None)
        if bad is not None or not templates:
            raise InputError(f"template {bad!r:.80} shows no item; put {{item}} where it belongs")
        if strange := sorted(set().union(*(t.fields for t in templates)) - {"item", "labels", "task"}):
            raise InputError(
                f"a template has the field {{{strange[0]}}}; there are {{item}}, {{labels}} and {{task}}"
            )
        for name in ("samples", "longest"):
            if getattr(self, name) < 1:
                raise InputError(f"{name}={getattr(self, name)!r} must be at least 1")
        if self.calibrate not in ("content-free", "batch", None):
            raise InputError(f"calibrate={self.calibrate!r} must be 'content-free', 'batch' or None")
        return templates


class _Asking:
    """Ask one model about items under one wording after another."""

    def __init__(self, judge: ModelJudge, model: Any, names: list[str]):
        self.judge, self.model, self.names, self.asked = judge, model, names, 0
        self.scores = hasattr(model, "score")

    def __call__(self, wording: Template, items: Sequence[str], tick: Any) -> np.ndarray:
        """Probabilities (n, k)."""
        said = {"labels": ", ".join(self.names), "task": self.judge.task}
        said = {name: text for name, text in said.items() if name in wording.fields}
        prompts = [wording.render(item=item[: self.judge.longest], **said) for item in items]
        blocks = []
        for start in range(0, len(prompts), BLOCK):
            block = prompts[start : start + BLOCK]
            blocks.append(self._score(block) if self.scores else self._sample(block))
            tick(len(block))
        return np.concatenate(blocks)

    def _score(self, prompts: list[str]) -> np.ndarray:
        model = able(self.model, Scores, purpose="Judging by probabilities")  # type: ignore[type-abstract]
        said = model.score(prompts, [f" {name}" for name in self.names])
        self.asked += len(prompts)
        logs = np.array([[one.total for one in some] for some in said], dtype=np.float64)
        raised = np.exp(logs - logs.max(axis=1, keepdims=True)) + LEAST
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))

    def _sample(self, prompts: list[str]) -> np.ndarray:
        """Share of the answers that name each label, with one answer more that is spread over all of them."""
        model = able(self.model, Completes, purpose="Judging by answers")  # type: ignore[type-abstract]
        counts = np.full((len(prompts), len(self.names)), 1 / len(self.names))
        warm = 0.0 if self.judge.samples == 1 else 1.0
        for draw in range(self.judge.samples):
            seed = self.judge.random_state + draw
            answers = model.complete(prompts, max_tokens=TOKENS, temperature=warm, seed=seed)
            self.asked += len(prompts)
            for row, answer in enumerate(answers):
                said = parse_label(answer.text, self.names)
                if not isinstance(said, Unparsed):
                    counts[row, self.names.index(said)] += 1
        return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def as_judge(
    judge: Any,
    classes: Sequence[Hashable],
    *,
    cache: str | PathLike[str] | None = None,
    show: bool | None = None,
) -> Judge:
    """A judge as it is; whatever names a language model (`labelwright.models.as_language_model`) as a `ModelJudge`.

    Examples
    --------
    >>> as_judge(lambda prompt: "good", ["good", "bad"]).name
    '<lambda>'
    """
    if isinstance(judge, Judge):
        return judge
    return ModelJudge(as_language_model(judge), classes, cache=cache, show=show)


def _geometric(table: np.ndarray) -> np.ndarray:
    mean = np.exp(np.log(np.clip(table, LEAST, 1)).mean(axis=0))
    return mean / mean.sum()
