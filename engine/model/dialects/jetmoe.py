"""JetMoE: experts for the feed-forward part and for the attention's projections."""

from __future__ import annotations

from engine.model.architecture import Architecture
from engine.model.cores import AttentionCore
from engine.model.dialects.decoder import Dimensions, Traits, read_decoder
from engine.model.dialects.mixture import read_routing
from engine.model.dialects.parts import Mixer, mixture, output_projection
from engine.model.keys import MAXIMUM_LAYERS, Keys
from engine.model.matrices import Matrix, Role, Split

TRAITS = Traits(tied=True)


def read(keys: Keys) -> Architecture:
    """The attention's experts are counted as always active: its FLOPs are an upper bound."""
    hidden = keys.integer("hidden_size", required=True)
    layers = keys.integer("num_hidden_layers", required=True, maximum=MAXIMUM_LAYERS)
    kv_heads = keys.integer("num_key_value_heads", required=True)
    head_dim = keys.integer("kv_channels", default=128)
    vocabulary = keys.integer("vocab_size", required=True)
    routing = read_routing(keys)
    keys.ignore("num_attention_heads")
    width = keys.integer("intermediate_size", required=True)
    bank = mixture(hidden, width, routing.count, routing.top_k, other=hidden)
    heads = kv_heads * routing.top_k
    inner = kv_heads * head_dim
    all_inner = routing.count * inner
    name = "self_attention"
    mixer = Mixer(
        "attention of experts",
        (
            Matrix(f"{name}.experts.input_linear", hidden, all_inner, Role.ATTENTION),
            Matrix(f"{name}.kv_proj", hidden, 2 * inner, Role.ATTENTION, Split.KV, heads=kv_heads),
            Matrix(f"{name}.experts.router", hidden, routing.count, Role.ROUTER, Split.REPLICATED),
            output_projection(f"{name}.experts.output_linear", all_inner, hidden),
        ),
        (AttentionCore(heads, kv_heads, head_dim, head_dim),),
        hidden,
    )
    keys.warnings.append("attention experts are counted as always active (an upper bound)")
    shape = Dimensions(hidden, layers, heads, kv_heads, head_dim, vocabulary)
    return read_decoder(
        keys,
        TRAITS,
        shape=shape,
        mixer=lambda index: mixer,
        feed_forward=lambda index: bank,
    )
