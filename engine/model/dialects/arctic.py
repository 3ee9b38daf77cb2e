"""Snowflake Arctic: a dense residual part as wide as the model beside 128 experts."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Traits, read_decoder, read_dimensions
from engine.model.dialects.mixture import read_routing
from engine.model.dialects.parts import FeedForward, dense, mixture
from engine.model.keys import Keys


def read(keys: Keys) -> Architecture:
    """``moe_layer_frequency`` spaces the expert layers; ``use_residual`` adds the dense part."""
    keys.ignore("parallel_attn_mlp_res", "enable_expert_tensor_parallelism", "enc_index")
    keys.ignore("moe_token_dropping", "moe_min_capacity")
    shape = read_dimensions(keys)
    routing = read_routing(keys)
    width = keys.integer("intermediate_size", required=True)
    every = keys.integer("moe_layer_frequency", default=1, maximum=10_000)
    bank = mixture(shape.hidden, width, routing.count, routing.top_k, name="block_sparse_moe")
    if keys.flag("use_residual", default=True):
        bank = _beside(dense(shape.hidden, shape.hidden, name="residual_mlp"), bank, shape.hidden)
    plain = dense(shape.hidden, width, name="block_sparse_moe.mlp")
    return read_decoder(
        keys,
        Traits(),
        shape=shape,
        feed_forward=lambda index: bank if (index + 1) % every == 0 else plain,
    )


def _beside(residual: FeedForward, bank: FeedForward, hidden: int) -> FeedForward:
    """The dense part has a norm of its own and is added to what the experts give."""
    return replace(
        bank,
        kind="dense + mixture of experts",
        matrices=residual.matrices + bank.matrices,
        other=bank.other + hidden,
    )
