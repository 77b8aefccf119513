"""The inside of a language model: embedding, states, attentions, logits (torch)."""

from collections.abc import Sequence
from typing import Any


class Internals:
    """What a model in this process shows of itself.

    Parameters
    ----------
    module, tokenizer
        Of transformers. Gradients flow through everything here, unless the caller switches them off.

    Attributes
    ----------
    module, tokenizer
    """

    def __init__(self, module: Any, tokenizer: Any):
        self.module, self.tokenizer = module, tokenizer

    @property
    def embedding(self) -> Any:
        """Vectors of the tokens, a parameter (V, d)."""
        return self.module.get_input_embeddings().weight

    @property
    def n_layers(self) -> int:
        """Number of blocks."""
        return int(self.module.config.num_hidden_layers)

    def hidden(self, ids: Sequence[int], layer: int) -> Any:
        """States (t, d) after block `layer`; 0 is the embedding, -1 the last block, normalised."""
        output = self.module(input_ids=self._row(ids), output_hidden_states=True, logits_to_keep=1)
        return output.hidden_states[layer][0]

    def attentions(self, ids: Sequence[int]) -> Any:
        """Attention (layers, heads, t, t); rows sum to 1."""
        import torch

        before = self.module.config._attn_implementation
        self.module.set_attn_implementation("eager")  # the faster ones do not keep the weights
        try:
            output = self.module(input_ids=self._row(ids), output_attentions=True, logits_to_keep=1)
        finally:
            self.module.set_attn_implementation(before)
        return torch.stack([layer[0] for layer in output.attentions])

    def logits(self, inputs_embeds: Any) -> Any:
        """Logits (n, t, V) from vectors (n, t, d) in the place of tokens."""
        return self.module(inputs_embeds=inputs_embeds).logits

    def _row(self, ids: Sequence[int]) -> Any:
        import torch

        return torch.as_tensor(list(ids), device=self.embedding.device)[None]
