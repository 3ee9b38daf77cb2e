"""What mixes tokens: softmax attention over a cache, latent attention, or a recurrent state."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AttentionCore:
    """Softmax attention over cached keys and values (MHA, GQA, MQA).

    ``window`` is the number of most recent tokens a query can see, None for all.
    ``owns_cache`` is False in layers that reuse an earlier layer's keys and values, and in
    cross-attention layers to images. ``cross`` layers look at what an encoder made of the request:
    their keys and values are held once per request, and generated tokens add nothing to them.
    """

    query_heads: int
    kv_heads: int
    key_dim: int
    value_dim: int
    window: int | None = None
    owns_cache: bool = True
    cross: bool = False
    index_dim: int = 0
    """Width of an extra index key cached per token (block-sparse selectors); 0 for none."""
    top_k: int | None = None
    """Sparse attention: a query reads at most this many selected cached tokens."""
    index_heads: int = 0
    normed_across_heads: bool = False
    """Queries and keys are normalised over all heads together, which tensor parallelism divides."""
    source_tokens: int = 0
    """Of a ``cross`` layer: what the encoder makes of any request (Whisper's 1500 frames); 0 where
    it makes as many as the prompt has tokens."""

    @property
    def cached_elements_per_token(self) -> int:
        """Elements that one more token adds to this layer's cache (while inside the window)."""
        return 0 if self.cross else self._held_elements

    @property
    def cached_elements_per_source_token(self) -> int:
        """Elements that a cross-attention layer holds per token of its encoder; 0 for others."""
        return self._held_elements if self.cross else 0

    @property
    def _held_elements(self) -> int:
        if not self.owns_cache:
            return 0
        return self.kv_heads * (self.key_dim + self.value_dim) + self.index_dim


@dataclass(frozen=True, slots=True)
class LatentCore:
    """Multi-head latent attention (DeepSeek V2, arXiv:2405.04434 §2.1).

    The cache holds one latent of ``latent_dim`` and one rotary key of ``rope_dim`` per token
    for all heads together. ``top_k`` and the index fields describe DeepSeek sparse attention
    (DSA); ``owns_index`` is False where the layer reuses another layer's selection.
    ``tokens_per_entry`` > 1 means that the cache holds one entry per so many tokens.
    """

    heads: int
    latent_dim: int
    nope_dim: int
    rope_dim: int
    value_dim: int
    top_k: int | None = None
    index_heads: int = 0
    index_dim: int = 0
    owns_index: bool = False
    window: int | None = None
    tokens_per_entry: int = 1
    expanded: bool = True
    """Prefill without sparsity works on keys and values expanded per head. False: the entries are
    keys and values as they are (DeepSeek-V4)."""

    @property
    def cached_elements_per_token(self) -> float:
        """Latent, rotary key and (where owned) index key elements per token."""
        index = self.index_dim if self.owns_index else 0
        return (self.latent_dim + self.rope_dim + index) / self.tokens_per_entry


@dataclass(frozen=True, slots=True)
class StateCore:
    """A mixer with a constant-size state per sequence: linear attention or a state-space model.

    ``state_elements`` is the recurrent state (kept in FP32 unless ``state_bytes_per_element``
    says otherwise), ``convolution_elements`` the short convolution's tail in the activation
    type. ``flops_per_token`` is the work of the scan itself, without the projections.
    """

    kind: str
    heads: int
    state_elements: int
    convolution_elements: int
    flops_per_token: int
    state_bytes_per_element: int = 4


Core = AttentionCore | LatentCore | StateCore
