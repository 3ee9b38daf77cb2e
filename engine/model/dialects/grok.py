"""Grok 1 and 2: norms before and after each part; Grok 2 adds a dense part beside its experts."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Traits, read_decoder, read_dimensions
from engine.model.dialects.mixture import read_routing
from engine.model.dialects.parts import dense, mixture
from engine.model.keys import Keys

TRAITS = Traits(norms=4)


def read(keys: Keys) -> Architecture:
    """``residual_moe`` means that dense part and experts run side by side."""
    keys.ignore("attn_temperature_len", "router_logit_softcapping", "embedding_multiplier_scale")
    shape = read_dimensions(keys)
    routing = read_routing(keys)
    beside = keys.flag("residual_moe", default=False)
    wide = keys.integer("intermediate_size", required=True)
    width = keys.integer("moe_intermediate_size", default=wide)
    bank = mixture(shape.hidden, width, routing.count, routing.top_k, name="block_sparse_moe")
    if beside:
        plain = dense(shape.hidden, wide)
        bank = replace(
            bank, kind="dense + mixture of experts", matrices=plain.matrices + bank.matrices
        )
    return read_decoder(keys, TRAITS, shape=shape, feed_forward=lambda index: bank)
