"""Answers as JSON and back, and the name under which one is kept."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from labelwright.errors import InputError
from labelwright.models.language import Completion, TokenScores, Usage


def key(question: Mapping[str, Any]) -> str:
    """Name of a record: sha256 of the question as canonical JSON.

    Examples
    --------
    >>> key({"b": 1, "a": 2}) == key({"a": 2, "b": 1})
    True
    """
    return hashlib.sha256(canonical(question).encode("ascii")).hexdigest()


def canonical(value: Any) -> str:
    """JSON in one form only: sorted keys, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def pack(answer: Any) -> Any:
    """JSON value of a `Completion` or a list of `TokenScores`, exact to the last bit."""
    if isinstance(answer, Completion):
        return {"text": answer.text, "finish_reason": answer.finish_reason}
    return [{"tokens": list(one.tokens), "logprobs": [float(x) for x in one.logprobs]} for one in answer]


def unpack(value: Any) -> Any:
    """The answer that `pack` made the value of; it took one call that was not sent.

    Raises
    ------
    InputError
        When it is no such value.

    Examples
    --------
    >>> unpack(pack(Completion("yes"))).usage.cached_calls
    1
    """
    try:
        if isinstance(value, dict):
            text, reason = value["text"], value["finish_reason"]
            if isinstance(text, str) and isinstance(reason, str):
                return Completion(text, reason, Usage(cached_calls=1))
        elif isinstance(value, list):
            return [TokenScores(tuple(one["tokens"]), np.array(one["logprobs"], np.float32)) for one in value]
    except (KeyError, TypeError, ValueError):
        pass
    raise InputError(f"a record holds {str(value)[:60]!r}, which is no answer of a model")
