"""What stands between a caller and a model without either noticing: `Cached`, `Metered`, `Patient`, `Recording`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labelwright.errors import InputError
from labelwright.models.language import Completion, Prompt, TokenScores, listed, per_prompt, plain
from labelwright.models.named import as_language_model


class CallFailed(InputError):
    """A call to a server failed.

    Attributes
    ----------
    status : int or None
        Of HTTP.
    retry_after : float or None
        Seconds that the server asks to wait.
    passing : bool
        Whether the same call may succeed later, where no status says so.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        passing: bool = False,
    ):
        super().__init__(message)
        self.status, self.retry_after, self.passing = status, retry_after, passing


class Unfinished(InputError):
    """Some prompts were answered and some not; `done` holds the answers by row, so that none is paid for twice."""

    def __init__(self, message: str, done: Mapping[int, Any]):
        super().__init__(message)
        self.done = dict(done)


@dataclass(frozen=True)
class Request:
    """What a caller asks of a model: completions or scores of some prompts.

    Attributes
    ----------
    verb : {"complete", "score"}
    prompts : tuple of Prompt
    parameters : mapping
        Options of `complete`.
    continuations : tuple of list of str
        For `score`, one list a prompt.
    """

    verb: str
    prompts: tuple[Prompt, ...]
    parameters: Mapping[str, Any]
    continuations: tuple[list[str], ...] = ()

    def __len__(self) -> int:
        return len(self.prompts)

    def take(self, rows: Sequence[int]) -> "Request":
        """The same for some of the prompts."""
        some = tuple(self.continuations[i] for i in rows) if self.continuations else ()
        return Request(self.verb, tuple(self.prompts[i] for i in rows), self.parameters, some)

    def ask(self, model: Any) -> list[Any]:
        """Answers of a model, one a prompt: `Completion`, or a list of `TokenScores`."""
        if not self.prompts:
            return []
        if self.verb == "complete":
            found = model.complete(list(self.prompts), **self.parameters)
        else:
            found = model.score(list(self.prompts), list(self.continuations))
        if len(found) != len(self.prompts):
            raise InputError(f"{model.name!r} gave {len(found)} answers to {len(self.prompts)} prompts")
        return list(found)

    def texts(self, row: int) -> list[str]:
        """What is read for one prompt: it, and its continuations."""
        return [plain(self.prompts[row]), *(self.continuations[row] if self.continuations else [])]

    def question(self, row: int, name: str, sample: int = 0) -> dict[str, Any]:
        """All that an answer may depend on, as JSON: the identity of a record."""
        prompt = self.prompts[row]
        said = prompt if isinstance(prompt, str) else [list(turn) for turn in prompt]
        more = {"continuations": self.continuations[row]} if self.continuations else {}
        return {
            "model": name, "verb": self.verb, "prompt": said, "parameters": dict(self.parameters), "sample": sample,
            **more,
        }  # fmt: skip


class Wrapper:
    """A model around a model: same protocol, and exactly the capabilities of the model inside.

    Parameters
    ----------
    model : object, callable or str
        As in `as_language_model`.
    """

    complete: Callable[..., list[Completion]]
    score: Callable[..., list[list[TokenScores]]]

    def __init__(self, model: Any):
        self.model = as_language_model(model)
        self.name = str(self.model.name)
        if hasattr(self.model, "complete"):
            self.complete = self._complete
        if hasattr(self.model, "score"):
            self.score = self._score
        if hasattr(self.model, "open"):
            self.open = self.model.open

    def through(self, request: Request) -> list[Any]:
        """Answers to a request, from the model inside or from elsewhere."""
        raise NotImplementedError

    def _complete(
        self,
        prompts: Sequence[Prompt],
        *,
        max_tokens: int = 64,
        temperature: float = 0.0,
        stop: Sequence[str] = (),
        seed: int | None = None,
    ) -> list[Completion]:
        options = {"max_tokens": max_tokens, "temperature": temperature, "stop": list(stop), "seed": seed}
        return self.through(Request("complete", listed(prompts), options))

    def _score(
        self, prompts: Sequence[Prompt], continuations: Sequence[str] | Sequence[Sequence[str]]
    ) -> list[list[TokenScores]]:
        return self.through(Request("score", listed(prompts), {}, tuple(per_prompt(prompts, continuations))))
