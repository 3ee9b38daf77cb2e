"""dots 3: sparse latent attention in some layers, windowed latent attention with other sizes in
the rest, gates per head, experts."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Traits, read_decoder
from engine.model.dialects.deepseek import read_experts, read_latent_shape
from engine.model.dialects.layer_kinds import layer_kinds
from engine.model.dialects.parts import Mixer, SparseIndex, latent_attention
from engine.model.dialects.windows import window_size
from engine.model.keys import Keys
from engine.model.matrices import Matrix, Role

KINDS = {
    "indexed_attention": "indexed",
    "full_attention": "indexed",
    "sliding_attention": "sliding",
}
WINDOWED = {"num_attention_heads": 64, "kv_lora_rank": 1024, "qk_nope_head_dim": 192}
"""Class defaults of the windowed layers where they differ from the others."""


def read(keys: Keys) -> Architecture:
    """``per_layer_config`` holds what a layer has differently, by layer index; released files say
    the same with ``swa_`` keys for all windowed layers."""
    shape = read_latent_shape(keys)
    default = [
        "indexed" if index < 2 or index % 4 == 1 else "sliding" for index in range(shape.layers)
    ]
    kinds = layer_kinds(keys, shape.layers, default, KINDS)
    index = SparseIndex(
        keys.integer("index_n_heads"), keys.integer("index_head_dim"), keys.integer("index_topk")
    )
    own = keys.scope("per_layer_config")
    keys.ignore("use_dsa", "use_sliding_window")
    keys.ignore("swa_num_key_value_heads", "swa_head_dim", "swa_rope_theta")
    window = window_size(keys) or 512
    mixers = [
        _mixer(keys, _overrides(own, number), shape.hidden, kind == "indexed", index, window)
        for number, kind in enumerate(kinds)
    ]
    shared = keys.optional_integer(
        "moe_shared_expert_intermediate_size", "shared_experts_intermediate_size"
    )
    experts = read_experts(
        keys, shape.hidden, shape.layers, first_dense=1, shared_width=shared or 0
    )
    return read_decoder(keys, Traits(), shape=shape, mixer=mixers.__getitem__, feed_forward=experts)


def _overrides(own: Keys | None, number: int) -> Keys | None:
    if own is None:
        return None
    for name in (str(number), f"{number:02d}"):
        if own.has(name):
            return own.scope(name)
    return None


def _mixer(
    keys: Keys,
    own: Keys | None,
    hidden: int,
    indexed: bool,
    index: SparseIndex,
    window: int | None,
) -> Mixer:
    def size(name: str) -> int:
        found = own.optional_integer(name, minimum=1) if own is not None else None
        if found is None and own is None and not indexed:
            found = keys.integer(f"swa_{name}", default=WINDOWED.get(name, keys.integer(name)))
        return found or keys.integer(name)

    if own is not None:
        own.ignore("num_key_value_heads", "head_dim", "layer_types")
    heads = size("num_attention_heads")
    mixer = latent_attention(
        hidden,
        heads,
        query_rank=size("q_lora_rank"),
        latent_dim=size("kv_lora_rank"),
        nope_dim=size("qk_nope_head_dim"),
        rope_dim=size("qk_rope_head_dim"),
        value_dim=size("v_head_dim"),
        bias=keys.flag("attention_bias", default=False),
        index=index if indexed else None,
        window=None if indexed else window,
    )
    gate = Matrix("self_attn.g_proj", hidden, heads, Role.ATTENTION)
    return replace(
        mixer,
        matrices=(*mixer.matrices[:-1], gate, mixer.matrices[-1]),
        other=mixer.other + size("qk_rope_head_dim"),
    )
