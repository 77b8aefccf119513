"""Scores of continuations out of what OpenAI-compatible servers send: a prompt echoed, or the most probable tokens."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from labelwright.models.calls import CallFailed
from labelwright.models.language import ModelCannot, TokenScores


def echoed(
    prompt: str, continuations: Sequence[str], choices: Sequence[Mapping[str, Any]]
) -> list[TokenScores] | None:
    """Scores of continuations, each echoed behind its prompt; None where the server does not echo.

    All begin at the same place: that of the first token that reaches over the end of the prompt for any of them.

    Examples
    --------
    >>> logprobs = {"tokens": ["Label", ":", " ham", "."], "token_logprobs": [None, -2.0, -0.5, -1.0]}
    >>> echoed("Label:", [" ham"], [{"logprobs": logprobs}])[0].tokens
    (' ham',)
    """
    found = []
    for each, choice in zip(continuations, choices, strict=True):
        logprobs = choice.get("logprobs")
        tokens = logprobs.get("tokens") if isinstance(logprobs, Mapping) else None
        numbers = logprobs.get("token_logprobs") if isinstance(logprobs, Mapping) else None
        if not (isinstance(tokens, list) and isinstance(numbers, list) and len(tokens) == len(numbers)):
            return None
        if not all(isinstance(token, str) for token in tokens) or not "".join(tokens).startswith(
            prompt + each
        ):
            return None
        ends = np.cumsum([len(token) for token in tokens])
        starts = ends - [len(token) for token in tokens]
        found.append((tokens, numbers, starts, len(prompt + each), starts[np.argmax(ends > len(prompt))]))
    begin = min(first for *_, first in found)
    scores = []
    for tokens, numbers, starts, length, _ in found:
        inside = np.flatnonzero((starts >= begin) & (starts < length))
        values = [numbers[i] for i in inside]
        if not values or not all(isinstance(value, (int, float)) for value in values):
            raise CallFailed(
                f"the server gives no log-probability for {tokens[inside[0]] if values else prompt!r}"
            )
        scores.append(TokenScores(tuple(tokens[i] for i in inside), np.array(values, np.float32)))
    return scores


def from_top(
    choice: Mapping[str, Any], continuations: Sequence[str], *, chat: bool, name: str
) -> list[TokenScores]:
    """Scores of the first tokens of continuations, out of the most probable next tokens.

    The first token of a continuation is the longest token listed that it begins with; in a chat without the space.

    Raises
    ------
    ModelCannot
        When there is no list, it lacks one of them, or the first token of one begins another as well.

    Examples
    --------
    >>> choice = {"logprobs": {"top_logprobs": [{" ham": -0.5, " spam": -1.0, " the": -4.0}]}}
    >>> [score.total for score in from_top(choice, [" ham", " spam"], chat=False, name="it")]
    [-0.5, -1.0]
    """
    top = _listed(choice, chat)
    if not top:
        raise ModelCannot(
            f"{name!r} gives no log-probabilities, so it cannot score; use complete and parse_label"
        )
    said = [each.lstrip() if chat else each for each in continuations]
    scores = []
    for each in said:
        begins = [token for token in top if token and each.startswith(token)]
        if not begins:
            raise ModelCannot(
                f"{name!r} names its {len(top)} most probable tokens alone, and {each!r} begins with none of them; use "
                "a model that echoes prompts, or one in this process"
            )
        first = max(begins, key=len)
        alike = [other for other in said if other.startswith(first)]
        if len(alike) > 1:
            raise ModelCannot(
                f"{name!r} tells first tokens alone, and {alike[0]!r} and {alike[1]!r} both begin with {first!r}; "
                "choose labels that begin differently, or a model that echoes prompts"
            )
        scores.append(TokenScores((first,), np.array([top[first]], np.float32)))
    return scores


def _listed(choice: Mapping[str, Any], chat: bool) -> dict[str, float]:
    """Next tokens and their log-probabilities, as either kind of server lists them."""
    try:
        logprobs = choice["logprobs"]
        if chat:
            pairs = [(one["token"], one["logprob"]) for one in logprobs["content"][0]["top_logprobs"]]
        else:
            pairs = list(logprobs["top_logprobs"][0].items())
        return {str(token): float(value) for token, value in pairs}
    except (KeyError, IndexError, TypeError, AttributeError, ValueError):
        return {}
