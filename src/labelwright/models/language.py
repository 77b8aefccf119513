"""What a language model can do for labels: complete a prompt, score continuations, open itself; and one by script.

Three capabilities, each a protocol of one method, because servers differ: most complete, few score, only a model in
this process opens. Whoever needs one asks for it by `able`, and says in one sentence what is missing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeVar, runtime_checkable

import numpy as np

from labelwright.errors import InputError


class Message(NamedTuple):
    """One turn of a chat: who speaks ("system", "user" or "assistant"), and what.

    Examples
    --------
    >>> Message("user", "Is it spam?").role
    'user'
    """

    role: str
    text: str


Prompt = str | tuple[Message, ...]


class Usage(NamedTuple):
    """What answering took.

    Attributes
    ----------
    prompt_tokens, completion_tokens : int
    calls : int
        Prompts that were really sent.
    cached_calls : int
        Prompts that were answered from a record.
    seconds : float

    Examples
    --------
    >>> Usage(prompt_tokens=3, calls=1).seconds
    0.0
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    calls: int = 0
    cached_calls: int = 0
    seconds: float = 0.0

    def added(self, other: "Usage") -> "Usage":
        """Both together.

        Examples
        --------
        >>> Usage(prompt_tokens=3, calls=1).added(Usage(prompt_tokens=4, calls=1)).prompt_tokens
        7
        """
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.calls + other.calls,
            self.cached_calls + other.cached_calls,
            self.seconds + other.seconds,
        )


@dataclass(frozen=True)
class Completion:
    """What a model wrote.

    Attributes
    ----------
    text : str
        As it came: nothing is stripped.
    finish_reason : {"stop", "length", "other"}
        Whether the model ended or ran out of tokens.
    usage : Usage

    Examples
    --------
    >>> Completion(" spam").finish_reason
    'stop'
    """

    text: str
    finish_reason: str = "stop"
    usage: Usage = field(default_factory=lambda: Usage(calls=1))


@dataclass(frozen=True)
class TokenScores:
    """How likely a model finds a continuation, token by token; never averaged in advance.

    Attributes
    ----------
    tokens : tuple of str
    logprobs : array (t,) of float32
        Natural logarithms, given the prompt and the tokens before.

    Examples
    --------
    >>> TokenScores((" po", "sitive"), np.array([-1.0, -0.5])).total
    -1.5
    """

    tokens: tuple[str, ...]
    logprobs: np.ndarray = field(repr=False)

    @property
    def total(self) -> float:
        """Log-probability of the whole continuation."""
        return float(np.sum(self.logprobs))

    @property
    def mean(self) -> float:
        """Per token."""
        return float(np.mean(self.logprobs))

    @property
    def first(self) -> float:
        """Of the first token alone."""
        return float(self.logprobs[0])


@runtime_checkable
class Completes(Protocol):
    """A model that writes on. `name` is its identity: model, revision, quantisation; records are kept under it."""

    name: str

    def complete(
        self,
        prompts: Sequence[Prompt],
        *,
        max_tokens: int = 64,
        temperature: float = 0.0,
        stop: Sequence[str] = (),
        seed: int | None = None,
    ) -> list[Completion]:
        """One completion per prompt, in order."""
        ...


@runtime_checkable
class Scores(Protocol):
    """A model that says how likely continuations are."""

    name: str

    def score(
        self, prompts: Sequence[Prompt], continuations: Sequence[str] | Sequence[Sequence[str]]
    ) -> list[list[TokenScores]]:
        """Per prompt one `TokenScores` per continuation; one list of continuations serves all prompts."""
        ...


@runtime_checkable
class Opens(Protocol):
    """A model whose inside can be looked at (torch)."""

    name: str

    def open(self) -> Any:
        """Return the inside: module, tokenizer, embedding, hidden states, attentions."""
        ...


class ModelCannot(InputError):
    """A model was asked for something it cannot do; the message says what, and which models can."""


Able = TypeVar("Able")
CAN = {
    "complete": "any model",
    "score": "a model in this process, or a server that returns the log-probabilities of prompts",
    "open": "a model in this process",
}


def able(model: Any, capability: type[Able], *, purpose: str) -> Able:
    """Return `model` as one that has the capability: `Completes`, `Scores` or `Opens`.

    A bare callable ``prompt -> str`` completes.

    Raises
    ------
    ModelCannot
        When it lacks it.

    Examples
    --------
    >>> able(lambda prompt: "yes", Completes, purpose="Judging").complete(["ham or spam?"])[0].text
    'yes'
    """
    verb = next(verb for verb in CAN if hasattr(capability, verb))
    if hasattr(model, verb):
        return model
    if verb == "complete" and callable(model):
        return Scripted(model)  # type: ignore[return-value]
    name = getattr(model, "name", type(model).__name__)
    raise ModelCannot(f"{purpose} needs a model that can {verb}, and {name!r} cannot; use {CAN[verb]}")


class Scripted:
    """Stand for a model: answers come from a table or a function. For tests, examples and recorded answers.

    Parameters
    ----------
    answers : mapping of str to str, or callable (prompt) -> str
        What is written on a prompt; messages are joined by blank lines for the look-up.
    scores : callable (prompt, continuation) -> float, optional
        Log-probability of a continuation, taken as one token. Without it the model cannot score.
    name : str, default "scripted"

    Examples
    --------
    >>> model = Scripted({"2 + 2 =": " 4"})
    >>> model.complete(["2 + 2 ="])[0].text
    ' 4'
    """

    def __init__(
        self,
        answers: Mapping[str, str] | Callable[[str], str],
        *,
        scores: Callable[[str, str], float] | None = None,
        name: str = "scripted",
    ):
        self.answers, self.name = answers, name
        if scores is not None:
            self.score = self._scores_by(scores)

    def complete(
        self,
        prompts: Sequence[Prompt],
        *,
        max_tokens: int = 64,
        temperature: float = 0.0,
        stop: Sequence[str] = (),
        seed: int | None = None,
    ) -> list[Completion]:
        """Look the answers up; an unknown prompt is an error."""
        return [Completion(self._answer(plain(prompt))) for prompt in listed(prompts)]

    def _answer(self, prompt: str) -> str:
        if callable(self.answers):
            return self.answers(prompt)
        if prompt not in self.answers:
            raise InputError(f"{self.name!r} has no answer to the prompt {prompt[:80]!r}")
        return self.answers[prompt]

    @staticmethod
    def _scores_by(scores: Callable[[str, str], float]) -> Callable[..., list[list[TokenScores]]]:
        def score(
            prompts: Sequence[Prompt], continuations: Sequence[str] | Sequence[Sequence[str]]
        ) -> list[list[TokenScores]]:
            return [
                [TokenScores((c,), np.array([scores(plain(p), c)], np.float32)) for c in some]
                for p, some in zip(prompts, per_prompt(prompts, continuations), strict=True)
            ]

        return score


def plain(prompt: Prompt) -> str:
    """Text of a prompt: of messages, their texts with blank lines between.

    Examples
    --------
    >>> plain((Message("system", "Be brief."), Message("user", "Hello"))).splitlines()
    ['Be brief.', '', 'Hello']
    """
    return prompt if isinstance(prompt, str) else "\n\n".join(turn.text for turn in prompt)


def listed(prompts: Sequence[Prompt]) -> tuple[Prompt, ...]:
    """Prompts as a tuple; one text alone, whose letters would be taken for prompts, is an error.

    Raises
    ------
    InputError

    Examples
    --------
    >>> listed(["a", "b"])
    ('a', 'b')
    """
    if isinstance(prompts, str):
        raise InputError(f"prompts={prompts[:40]!r} is one text; give a list of prompts")
    return tuple(prompts)


def per_prompt(
    prompts: Sequence[Prompt], continuations: Sequence[str] | Sequence[Sequence[str]]
) -> list[list[str]]:
    """Continuations of each prompt, from one list for all or one for each.

    Raises
    ------
    InputError
        When there are none, or not one list per prompt.

    Examples
    --------
    >>> per_prompt(["a", "b"], [" yes", " no"])
    [[' yes', ' no'], [' yes', ' no']]
    """
    if not len(continuations):
        raise InputError("continuations is empty; give the texts whose likelihood you want")
    if isinstance(continuations[0], str):
        return [[str(c) for c in continuations] for _ in prompts]
    if len(continuations) != len(prompts):
        raise InputError(
            f"continuations has {len(continuations)} lists for {len(prompts)} prompts; give one list for "
            "all prompts, or one for each"
        )
    return [list(some) for some in continuations]
