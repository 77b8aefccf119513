"""A language model from whatever names one: a word, a folder, an address, an object, a function."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from labelwright.errors import InputError
from labelwright.models.language import CAN, Completes, Scripted, able

KEY = "LABELWRIGHT_MODEL_KEY"


def as_language_model(model: Any) -> Any:
    """Return the language model that a name, a function or an object stands for.

    Parameters
    ----------
    model : str, callable or object
        ``"local"`` or ``"local:NAME"``, a model that ships in a package (`local`); the path of a folder
        (`Transformers`); ``"https://HOST/v1#MODEL"``, a server (`OpenAICompatible`), with the key in the environment
        variable LABELWRIGHT_MODEL_KEY if it wants one; a function ``prompt -> str``; or an object that completes,
        scores or opens, which comes back as it is.

    Raises
    ------
    InputError
        When it is none of these.

    Examples
    --------
    >>> as_language_model(lambda prompt: "yes").complete(["Is it spam?"])[0].text
    'yes'
    >>> as_language_model("nonsense")
    Traceback (most recent call last):
    labelwright.errors.InputError: model='nonsense' is neither "local" nor a folder nor an address; ...
    """
    if isinstance(model, (str, Path)):
        return _from_text(str(model))
    if any(hasattr(model, verb) for verb in CAN):
        return model
    if callable(model):
        return Scripted(model, name=getattr(model, "__name__", "function"))
    raise InputError(
        f'model={model!r} is no language model; give a name such as "local", a function from prompt to answer, or '
        "an object with complete, score or open"
    )


def as_function(
    model: Any,
    *,
    max_tokens: int = 64,
    temperature: float = 0.0,
    stop: Sequence[str] = (),
    seed: int | None = None,
) -> Callable[[str], str]:
    """Return a function ``prompt -> answer``, for what takes one, such as `combine.prompted`.

    Parameters
    ----------
    model : object, callable or str
        As in `as_language_model`.
    max_tokens, temperature, stop, seed
        As in `Completes.complete`.

    Raises
    ------
    ModelCannot
        When the model does not complete.

    Examples
    --------
    >>> as_function(Scripted({"2 + 2 =": " 4"}))("2 + 2 =")
    ' 4'
    """
    found = able(as_language_model(model), Completes, purpose="A function from prompt to answer")

    def ask(prompt: str) -> str:
        options: dict[str, Any] = {
            "max_tokens": max_tokens,
            "temperature": temperature,
            "stop": stop,
            "seed": seed,
        }
        return found.complete([prompt], **options)[0].text

    return ask


def _from_text(name: str) -> Any:
    if name == "local" or name.startswith("local:"):
        from labelwright.models.local import local

        return local(name.partition(":")[2] or "smollm2")
    if urlsplit(name).scheme in ("http", "https"):
        from labelwright.models.language_openai import OpenAICompatible

        base, _, which = name.partition("#")
        if not which:
            raise InputError(f"model={name!r} names no model; write the address as https://HOST/v1#MODEL")
        return OpenAICompatible(base, which, api_key_env=KEY if os.environ.get(KEY) else None)
    if Path(name).is_dir():
        from labelwright.models.language_transformers import Transformers

        return Transformers(name)
    raise InputError(
        f'model={name!r} is neither "local" nor a folder nor an address; write local, local:gemma3-270m, the path of '
        "a folder with a model, or https://HOST/v1#MODEL"
    )
