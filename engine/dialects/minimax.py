"""MiniMax-M2: full-width query and key norms, experts in every layer."""

from __future__ import annotations

from engine.architecture import Architecture
from engine.dialects.decoder import Traits, plain_attention, read_decoder, read_shape
from engine.dialects.deepseek import read_prediction
from engine.dialects.mixture import read_routing
from engine.dialects.parts import mixture
from engine.keys import Keys

TRAITS = Traits(qk_norm="full")


def read(keys: Keys) -> Architecture:
    """Softmax attention in every layer; ``attn_type_list`` must not say otherwise."""
    keys.ignore("rotary_dim", "qk_norm_type", "use_qk_norm", "use_routing_bias", "scoring_func")
    keys.ignore("mtp_transformer_layers")
    shape = read_shape(keys)
    kinds = keys.integers("attn_type_list", maximum=1)
    if kinds is not None and (0 in kinds or len(kinds) != shape.layers):
        raise keys.problem("attn_type_list", kinds, f"{shape.layers} ones (softmax attention)")
    if keys.optional_integer("shared_intermediate_size"):
        raise keys.problem("shared_intermediate_size", keys.values["shared_intermediate_size"], "0")
    routing = read_routing(keys)
    width = keys.integer("intermediate_size", required=True)
    bank = mixture(shape.hidden, width, routing.count, routing.top_k, name="block_sparse_moe")
    mixer = plain_attention(keys, shape, TRAITS, None)
    prediction = read_prediction(keys, shape.hidden, mixer(shape.layers - 1), bank)
    used = keys.flag("use_mtp", default=True)
    return read_decoder(
        keys,
        TRAITS,
        shape=shape,
        mixer=mixer,
        feed_forward=lambda index: bank,
        prediction=prediction if used else (),
    )
