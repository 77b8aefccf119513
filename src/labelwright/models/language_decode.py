"""Writing on, token by token, from the cache of what was read (torch)."""

from collections.abc import Sequence
from typing import Any

from labelwright.models.language_prefix import keeping


def decode(
    module: Any,
    tokenizer: Any,
    ids: Sequence[int],
    max_tokens: int,
    draw: tuple[float, int] | None,
    stop: Sequence[str],
) -> tuple[str, int, str]:
    """Text, number of tokens and why it ended ("stop", "length").

    Parameters
    ----------
    module, tokenizer
        Of transformers.
    ids : sequence of int
        The prompt.
    max_tokens : int
    draw : (temperature, seed), optional
        By default the most probable token is taken.
    stop : sequence of str
        Texts to end before.
    """
    import torch
    from transformers import DynamicCache

    kept = keeping(module, DynamicCache())
    ends = _ends(module, tokenizer)
    generator = None if draw is None else torch.Generator().manual_seed(draw[1] % 2**63)
    written: list[int] = []
    step, text = torch.tensor([list(ids)]), ""
    while len(written) < max_tokens:
        logits = module(input_ids=step, use_cache=True, logits_to_keep=1, **kept).logits[0, -1].float()
        if draw is None:
            token = int(logits.argmax())
        else:
            probs = torch.softmax(logits / draw[0], dim=-1)
            token = int(torch.multinomial(probs, 1, generator=generator))
        written.append(token)
        if token in ends:
            return tokenizer.decode(written[:-1]), len(written), "stop"
        text = tokenizer.decode(written)
        places = [text.find(word) for word in stop if word in text]
        if places:
            return text[: min(places)], len(written), "stop"
        step = torch.tensor([[token]])
    return text, len(written), "length"


def _ends(module: Any, tokenizer: Any) -> set[int]:
    told = getattr(module.generation_config, "eos_token_id", None)
    ends = set(told) if isinstance(told, (list, tuple)) else {told}
    return {int(end) for end in ends | {tokenizer.eos_token_id} if end is not None}
