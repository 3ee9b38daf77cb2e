"""Aria's text model: Llama's attention, experts in every layer with shared ones beside."""

from __future__ import annotations

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Traits, read_decoder, read_dimensions
from engine.model.dialects.mixture import read_routing, shared_count
from engine.model.dialects.parts import mixture
from engine.model.keys import Keys

TRAITS = Traits(qkv_bias="attention_bias", output_bias="attention_bias")


def read(keys: Keys) -> Architecture:
    """``intermediate_size`` is the width of one expert unless ``moe_intermediate_size`` says so."""
    shape = read_dimensions(keys)
    routing = read_routing(keys)
    width = keys.integer("moe_intermediate_size", "intermediate_size", required=True)
    keys.ignore("intermediate_size")
    bank = mixture(
        shape.hidden,
        width,
        routing.count,
        routing.top_k,
        shared_width=shared_count(keys) * width,
        shared_bias=keys.flag("mlp_bias", default=False),
    )
    return read_decoder(keys, TRAITS, shape=shape, feed_forward=lambda index: bank)
