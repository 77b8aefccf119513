"""A language model behind an OpenAI-compatible server, hosted or your own."""

import json
import os
import time
import weakref
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from labelwright.errors import InputError, need
from labelwright.models.calls import CallFailed
from labelwright.models.language import Completion, Message, Prompt, TokenScores, Usage, listed, per_prompt
from labelwright.models.language_echo import echoed, from_top

LARGEST = 16 * 2**20  # bytes of an answer
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class OpenAICompatible:
    """Ask a server that speaks the protocol of OpenAI: most hosted models, vLLM, llama.cpp, Ollama and others.

    One request a prompt, no second try: wrap it, ``Cached(Metered(Patient(OpenAICompatible(...))), path)``.

    Parameters
    ----------
    base_url : str
        Up to and without ``/chat/completions``, such as ``"http://127.0.0.1:8000/v1"``.
    model : str
        As the server calls it.
    api_key_env : str, optional
        Name of the environment variable that holds the key. It is read at each call, kept nowhere, and sent to this
        server alone, in the clear to none but this machine.
    chat : bool, default True
        Whether prompts go to ``/chat/completions``, a text as one message of the user; otherwise to ``/completions``.
    timeout : float, default 60
        Seconds for a request.

    Raises
    ------
    InputError
        When the address is none, or holds a password, or the key would go out unencrypted.
    CallFailed
        From `complete` and `score`, when the server refuses or answers with something else; see `Patient`.
    ModelCannot
        From `score`, when the server gives no log-probabilities, not that of a label, or labels begin alike.

    Notes
    -----
    Scores come from ``/completions`` with the prompt echoed, if the server does that and `chat` is False.
    Otherwise only the first token of each continuation is scored, out of the server's list of the most probable ones.

    Examples
    --------
    >>> OpenAICompatible("http://127.0.0.1:8000/v1", "smollm2").name
    'smollm2 at 127.0.0.1:8000/v1 (chat)'
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        *,
        api_key_env: str | None = None,
        chat: bool = True,
        timeout: float = 60.0,
    ):
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise InputError(f"base_url={base_url!r} must be an address such as https://HOST/v1")
        if parts.username or parts.password:
            raise InputError("base_url holds a name or a password; put the key in an environment variable")
        if api_key_env and parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise InputError(f"base_url={base_url!r} is not encrypted, and a key would be sent; use https")
        self.base_url, self.model, self.api_key_env, self.chat = (
            base_url.rstrip("/"),
            model,
            api_key_env,
            chat,
        )
        self.timeout = timeout
        self.name = f"{model} at {parts.netloc}{parts.path.rstrip('/')} ({'chat' if chat else 'text'})"
        self._echoes: bool | None = False if chat else None  # None: not known yet

    def complete(
        self,
        prompts: Sequence[Prompt],
        *,
        max_tokens: int = 64,
        temperature: float = 0.0,
        stop: Sequence[str] = (),
        seed: int | None = None,
    ) -> list[Completion]:
        """One request a prompt."""
        options: dict[str, Any] = {"max_tokens": max_tokens, "temperature": temperature}
        options |= {"stop": list(stop)} if stop else {}
        options |= {} if seed is None else {"seed": seed}
        found = []
        for prompt in listed(prompts):
            start = time.perf_counter()
            answer = self._ask(prompt, options)
            choice, usage = _choice(answer), answer.get("usage")
            text = _text(choice, self.chat)
            reason = choice.get("finish_reason")
            counts = [_count(usage, key) for key in ("prompt_tokens", "completion_tokens")]
            found.append(
                Completion(
                    text or "",
                    str(reason) if reason in ("stop", "length") and text is not None else "other",
                    Usage(counts[0], counts[1], 1, 0, time.perf_counter() - start),
                )
            )
        return found

    def score(
        self, prompts: Sequence[Prompt], continuations: Sequence[str] | Sequence[Sequence[str]]
    ) -> list[list[TokenScores]]:
        """Whole continuations where the server echoes, else their first tokens; see the notes of the class."""
        prompts = listed(prompts)
        return [
            self._scores(p, some) for p, some in zip(prompts, per_prompt(prompts, continuations), strict=True)
        ]

    def _scores(self, prompt: Prompt, some: list[str]) -> list[TokenScores]:
        if self._echoes is not False and isinstance(prompt, str):
            options = {"max_tokens": 1, "temperature": 0, "logprobs": 1, "echo": True}
            choices = []
            for each in some:
                try:
                    choices.append(_choice(self._ask(prompt + each, options)))
                except CallFailed as problem:
                    if self._echoes or problem.status not in (400, 422):
                        raise
                found = echoed(prompt, some[:1], choices) if self._echoes is None and choices else None
                if self._echoes is None:
                    self._echoes = found is not None
                if not self._echoes:
                    break
            if self._echoes:
                scores = echoed(prompt, some, choices)
                if scores is None:
                    raise CallFailed(f"{self.name} stopped echoing prompts with their log-probabilities")
                return scores
        options = {"logprobs": True, "top_logprobs": 20} if self.chat else {"logprobs": 20}
        answer = self._ask(prompt, {"max_tokens": 1, "temperature": 0, **options})
        return from_top(_choice(answer), some, chat=self.chat, name=self.name)

    def _ask(self, prompt: Prompt, options: Mapping[str, Any]) -> dict[str, Any]:
        if self.chat:
            turns = (Message("user", prompt),) if isinstance(prompt, str) else prompt
            said: dict[str, Any] = {"messages": [{"role": turn[0], "content": turn[1]} for turn in turns]}
        elif isinstance(prompt, str):
            said = {"prompt": prompt}
        else:
            raise InputError(f"{self.name} takes texts; give one text instead of messages, or set chat=True")
        path = "/chat/completions" if self.chat else "/completions"
        return self._post(path, {"model": self.model, **said, **options})

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        httpx, key = self._httpx, self._key()
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        end, content = time.monotonic() + self.timeout, b""
        try:
            with self._client.stream("POST", self.base_url + path, json=body, headers=headers) as response:
                for part in response.iter_bytes():
                    content += part
                    if time.monotonic() > end:
                        raise CallFailed(
                            f"{self.name} did not finish its answer within {self.timeout:g} s", passing=True
                        )
                    if len(content) > LARGEST:
                        raise CallFailed(f"{self.name} answers with more than {LARGEST} bytes")
        except httpx.TimeoutException as problem:
            raise CallFailed(
                f"{self.name} did not answer within {self.timeout:g} s", passing=True
            ) from problem
        except httpx.HTTPError as problem:
            said = _without(str(problem), key)
            raise CallFailed(f"{self.name} could not be reached: {said}", passing=True) from problem
        text = content.decode("utf-8", "replace")
        if response.status_code != 200:
            raise CallFailed(
                f"{self.name} refused with status {response.status_code}: {_without(text, key)[:300].strip()}",
                status=response.status_code,
                retry_after=_seconds(response.headers.get("retry-after")),
            )
        try:
            answer = json.loads(text)
        except (ValueError, RecursionError) as problem:
            raise CallFailed(
                f"{self.name} sent an answer that is cut short or no JSON", passing=True
            ) from problem
        if not isinstance(answer, dict):
            raise CallFailed(f"{self.name} sent a {type(answer).__name__} in place of an object")
        return answer

    def _key(self) -> str:
        if self.api_key_env is None:
            return ""
        key = os.environ.get(self.api_key_env, "").strip()
        if not key:
            raise InputError(
                f"the environment variable {self.api_key_env} is empty; put the key for {self.name} there"
            )
        return key

    @property
    def _httpx(self) -> Any:
        return need("httpx2", extra="language", purpose="Asking a server")

    @cached_property
    def _client(self) -> Any:
        client = self._httpx.Client(timeout=self.timeout, follow_redirects=False)
        weakref.finalize(self, client.close)
        return client

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_client"}


def _choice(answer: dict[str, Any]) -> dict[str, Any]:
    choices = answer.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return choices[0]
    raise CallFailed(f"the server's answer has no choices: {str(answer)[:200]}")


def _text(choice: dict[str, Any], chat: bool) -> str | None:
    """What was written; None where a chat model gave no content."""
    message = choice.get("message") if chat else choice
    where = "content" if chat else "text"
    if isinstance(message, dict) and where in message and isinstance(message[where], (str, type(None))):
        return message[where]
    raise CallFailed(f"the server's answer has no text: {str(choice)[:200]}")


def _count(usage: Any, key: str) -> int:
    found = usage.get(key) if isinstance(usage, dict) else 0
    return found if isinstance(found, int) and found > 0 else 0


def _seconds(told: str | None) -> float | None:
    """Seconds of a Retry-After header, which may also be a date."""
    if told is None:
        return None
    try:
        return float(told)
    except ValueError:
        from email.utils import parsedate_to_datetime

        try:
            return max(0.0, parsedate_to_datetime(told).timestamp() - time.time())
        except (ValueError, TypeError, OverflowError):
            return None


def _without(text: str, key: str) -> str:
    return text.replace(key, "***") if key else text
