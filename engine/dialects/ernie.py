"""ERNIE 4.5 with experts: an interval of layers between a first and a last one."""

from __future__ import annotations

from engine.architecture import Architecture
from engine.dialects.decoder import Traits, read_decoder, read_shape
from engine.dialects.mixture import read_routing, shared_count
from engine.dialects.parts import dense, mixture
from engine.keys import Keys


def read(keys: Keys) -> Architecture:
    """Experts in every ``moe_layer_interval``-th layer from start to end index; the correction
    bias of the router is a parameter here."""
    keys.ignore(
        "moe_norm_min", "moe_capacity", "moe_gate", "moe_use_aux_free", "num_nextn_predict_layers"
    )
    shape = read_shape(keys)
    biased = keys.flag("use_bias", default=False)
    start = keys.integer("moe_layer_start_index", default=0, minimum=0, maximum=10_000)
    end = keys.integer("moe_layer_end_index", default=-1, minimum=-1, maximum=10_000)
    end = shape.layers - 1 if end == -1 else end
    step = keys.integer("moe_layer_interval", default=1, maximum=10_000)
    routing = read_routing(keys)
    width = keys.integer("moe_intermediate_size", required=True)
    bank = mixture(
        shape.hidden,
        width,
        routing.count,
        routing.top_k,
        bias=biased,
        shared_width=shared_count(keys) * width,
        shared_bias=biased,
        other=routing.count,
    )
    plain = dense(shape.hidden, keys.integer("intermediate_size", required=True), bias=biased)
    traits = Traits(qkv_bias=biased, output_bias=biased, mlp_bias=biased, head_bias=biased)
    return read_decoder(
        keys,
        traits,
        shape=shape,
        feed_forward=lambda index: (
            bank if start <= index <= end and (index + 1) % step == 0 else plain
        ),
    )
