"""A language model in this process, from a folder on disk, through transformers: it completes, scores and opens."""

import hashlib
import io
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stderr
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from labelwright.errors import InputError, need
from labelwright.models.language import Completion, Message, Prompt, TokenScores, Usage, listed, per_prompt
from labelwright.progress import progress

DTYPES = ("float32", "bfloat16", "float16")


class Transformers:
    """Load a causal language model from a folder; nothing is ever downloaded, and no code from the folder runs.

    The model loads when it is first used.

    Parameters
    ----------
    folder : path
        With ``config.json``, ``*.safetensors`` and the tokenizer, as ``save_pretrained`` writes it; or a GGUF file.
    gguf_file : str, optional
        Name of a GGUF file in the folder. It is turned into plain numbers at each load, which takes long;
        `local` keeps the result.
    dtype : {"float32", "bfloat16", "float16"}, default "float32"
    threads : int, default 1
        Of the processor.
    tokens_at_once : int, default 2048
        Size of a batch in tokens, padding included: raise it where there is memory.

    Attributes
    ----------
    name : str
        Folder, a hash of what is in it, and `dtype`.

    Raises
    ------
    InputError
        When there is no such folder or file, or a prompt does not fit into the model.
    MissingPackage
        Without transformers (extra "language").

    Notes
    -----
    A continuation is scored as it stands, so it begins with its own space: prompt ``"Label:"``, continuation
    ``" ham"``. Where a token would reach across the border between them, the tokens of the prompt that it takes apart
    are counted to every continuation of that prompt, so that all are scored from the same place.

    Examples
    --------
    >>> Transformers("no/such/folder")
    Traceback (most recent call last):
    labelwright.errors.InputError: folder='no/such/folder' is no folder; ...
    """

    def __init__(
        self,
        folder: str | PathLike[str],
        *,
        gguf_file: str | None = None,
        dtype: Literal["float32", "bfloat16", "float16"] = "float32",
        threads: int = 1,
        tokens_at_once: int = 2048,
    ):
        self.folder, self.gguf_file, self.dtype = Path(folder), gguf_file, dtype
        self.threads, self.tokens_at_once = threads, tokens_at_once
        if not self.folder.is_dir():
            raise InputError(
                f"folder={str(folder)!r} is no folder; nothing is downloaded here: save a model there first, or take "
                "models.local()"
            )
        if not (self.folder / (gguf_file or "config.json")).is_file():
            raise InputError(f"folder={str(folder)!r} holds no {gguf_file or 'config.json'}")
        if dtype not in DTYPES:
            raise InputError(f"dtype={dtype!r} must be one of {', '.join(DTYPES)}")
        self.name = f"{self.folder.name}-{_identity(self.folder, gguf_file)}-{dtype}"

    @cached_property
    def tokenizer(self) -> Any:
        """The tokenizer of transformers."""
        package = need("transformers", extra="language", purpose="A language model in this process")
        return package.AutoTokenizer.from_pretrained(
            str(self.folder), local_files_only=True, trust_remote_code=False, **self._gguf
        )

    @cached_property
    def module(self) -> Any:
        """The torch module, ready to answer."""
        package = need("transformers", extra="language", purpose="A language model in this process")
        need("torch", extra="torch", purpose="A language model in this process")
        with progress(f"loading {self.folder.name}"), quiet():
            return package.AutoModelForCausalLM.from_pretrained(
                str(self.folder), local_files_only=True, trust_remote_code=False, use_safetensors=True,
                dtype=self.dtype, **self._gguf,
            ).eval()  # fmt: skip

    @property
    def _gguf(self) -> dict[str, str]:
        return {"gguf_file": self.gguf_file} if self.gguf_file else {}

    def complete(
        self,
        prompts: Sequence[Prompt],
        *,
        max_tokens: int = 64,
        temperature: float = 0.0,
        stop: Sequence[str] = (),
        seed: int | None = None,
    ) -> list[Completion]:
        """Write on. The answer to a prompt depends on `seed`, not on the other prompts."""
        from labelwright.models.language_decode import decode

        if max_tokens < 1 or temperature < 0:
            raise InputError(
                f"max_tokens={max_tokens}, temperature={temperature}: they must be at least 1 and 0"
            )
        found: list[Completion] = []
        with self._pinned(), progress("completing", total=len(prompts)) as tick:
            for i, prompt in enumerate(listed(prompts)):
                start = time.perf_counter()
                ids = self.ids(prompt)
                self._fits(len(ids) + max_tokens, i)
                draw = (
                    None
                    if temperature == 0
                    else (temperature, secrets.randbits(63) if seed is None else seed)
                )
                text, used, reason = decode(self.module, self.tokenizer, ids, max_tokens, draw, tuple(stop))
                usage = Usage(len(ids), used, 1, 0, time.perf_counter() - start)
                found.append(Completion(text, reason, usage))
                tick()
        return found

    def score(
        self, prompts: Sequence[Prompt], continuations: Sequence[str] | Sequence[Sequence[str]]
    ) -> list[list[TokenScores]]:
        """Log-probabilities of continuations; prompts are read once, and what all begin with is read once for all."""
        from labelwright.models.language_prefix import Asked, scored

        prompts, asked = listed(prompts), []
        for i, (prompt, some) in enumerate(zip(prompts, per_prompt(prompts, continuations), strict=True)):
            prefix, rest = self._split(prompt, some, i)
            self._fits(len(prefix) + max(map(len, rest)), i)
            asked.append(Asked(prefix, rest))
        with self._pinned():
            logprobs = scored(self.module, asked, tokens_at_once=self.tokens_at_once)
        words = self.tokenizer.convert_ids_to_tokens
        return [
            [TokenScores(tuple(words(ids)), numbers) for ids, numbers in zip(item.rest, row)]
            for item, row in zip(asked, logprobs)
        ]

    def open(self) -> Any:
        """Return the inside: an `Internals`."""
        from labelwright.models.internals import Internals

        return Internals(self.module, self.tokenizer)

    def ids(self, prompt: Prompt, more: str = "") -> list[int]:
        """Tokens of a prompt and what follows, with the tokens at the start that the tokenizer's settings ask for."""
        if isinstance(prompt, str):
            return list(self.tokenizer(prompt + more)["input_ids"])
        if not self.tokenizer.chat_template:
            raise InputError(f"{self.name!r} knows no chat; give the prompt as one text instead of messages")
        turns = [{"role": turn.role, "content": turn.text} for turn in map(Message._make, prompt)]
        text = self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        return list(self.tokenizer(text + more, add_special_tokens=False)["input_ids"])

    def _split(self, prompt: Prompt, some: list[str], row: int) -> tuple[list[int], list[list[int]]]:
        """Tokens that all of a prompt's continuations share with it, and what each has after them."""
        before, whole = self.ids(prompt), [self.ids(prompt, each) for each in some]
        kept = min(
            next((i for i, (a, b) in enumerate(zip(before, ids)) if a != b), min(len(before), len(ids)))
            for ids in whole
        )
        rest = [ids[kept:] for ids in whole]
        if kept == 0:
            raise InputError(
                f"prompt {row} has no token before the continuation; give the model something to go on"
            )
        if empty := [each for each, ids in zip(some, rest) if not ids]:
            raise InputError(f"continuation {empty[0]!r} of prompt {row} has no token of its own")
        return before[:kept], rest

    def _fits(self, length: int, row: int) -> None:
        window = getattr(self.module.config, "max_position_embeddings", None)
        if window is not None and length > window:
            raise InputError(
                f"prompt {row} and its answer take {length} tokens, {self.name!r} holds {window}; shorten the prompt "
                "(models.fit drops demonstrations)"
            )

    @contextmanager
    def _pinned(self) -> Iterator[None]:
        import torch

        before = torch.get_num_threads()
        torch.set_num_threads(self.threads)
        try:
            with torch.inference_mode():
                yield
        finally:
            torch.set_num_threads(before)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers from drawing bars of its own; the one for GGUF stays where somebody is looking."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        with nullcontext() if sys.stderr.isatty() else redirect_stderr(io.StringIO()):
            yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _identity(folder: Path, gguf_file: str | None) -> str:
    """Hash of the names and sizes of a model's files, of small ones also the content, of large ones both ends."""
    found = hashlib.sha256((gguf_file or "").encode())
    for path in sorted(
        p for p in folder.iterdir() if p.suffix in {".json", ".safetensors", ".gguf", ".jinja"}
    ):
        size = path.stat().st_size
        found.update(f"{path.name} {size}\n".encode())
        with path.open("rb") as file:
            found.update(file.read(2**20))
            file.seek(max(size - 2**20, 0))
            found.update(file.read(2**20))
    return found.hexdigest()[:12]
