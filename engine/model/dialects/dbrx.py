"""DBRX: keys nested by part, LayerNorms without bias, experts in every layer."""

from __future__ import annotations

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Dimensions, Traits, read_decoder
from engine.model.dialects.mixture import read_routing
from engine.model.dialects.parts import mixture
from engine.model.keys import MAXIMUM_LAYERS, Keys
from engine.words.messages import say

TRAITS = Traits(norm="scale")


def read(keys: Keys) -> Architecture:
    """What the nested configs inherit from the library (ties, generation) means nothing."""
    hidden = keys.integer("d_model", "hidden_size", required=True)
    heads = keys.integer("n_heads", "num_attention_heads", required=True)
    layers = keys.integer("n_layers", "num_hidden_layers", required=True, maximum=MAXIMUM_LAYERS)
    vocabulary = keys.integer("vocab_size", required=True)
    own = keys.scope("attn_config", model_type="dbrx")
    experts = keys.scope("ffn_config", model_type="dbrx")
    if own is None or experts is None:
        missing = "attn_config" if own is None else "ffn_config"
        raise keys.problem(missing, None, say("a mapping"))
    kv_heads = own.integer("kv_n_heads", default=1, maximum=100_000)
    if hidden % heads or heads % kv_heads:
        raise keys.problem(
            "n_heads",
            heads,
            say("a divisor of {number}, a multiple of {other}", number=hidden, other=kv_heads),
        )
    own.ignore("clip_qkv", "tie_word_embeddings")
    experts.ignore("tie_word_embeddings", "ffn_act_fn", "moe_normalize_expert_weights")
    experts.ignore("uniform_expert_assignment", "moe_loss_weight")
    routing = read_routing(experts)
    width = experts.integer("ffn_hidden_size", required=True)
    bank = mixture(hidden, width, routing.count, routing.top_k, name="ffn")
    shape = Dimensions(hidden, layers, heads, kv_heads, hidden // heads, vocabulary)
    return read_decoder(keys, TRAITS, shape=shape, feed_forward=lambda index: bank)
