"""A.X K2: sparse latent attention with gated output, norms gated by a low-rank pair, experts."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Traits, read_decoder
from engine.model.dialects.deepseek import (
    read_experts,
    read_indexes,
    read_latent,
    read_latent_shape,
)
from engine.model.dialects.parts import FeedForward, Mixer
from engine.model.keys import Keys
from engine.model.matrices import Matrix, Role, Split


def read(keys: Keys) -> Architecture:
    """Queries and their gates come from one projection of the query latent beside itself."""
    shape = read_latent_shape(keys)
    indexes = read_indexes(keys, shape.layers)
    rank = keys.integer("gated_norm_rank", default=16)
    gates = _norm_gates(shape.hidden, rank)
    mixers = [_gated(keys, mixer, gates) for mixer in read_latent(keys, shape, indexes)]
    experts = read_experts(keys, shape.hidden, shape.layers, first_dense=1)

    def feed_forward(index: int) -> FeedForward:
        part = experts(index)
        if part.experts is None:
            return part
        return replace(part, matrices=gates + part.matrices)

    return read_decoder(
        keys, Traits(), shape=shape, mixer=mixers.__getitem__, feed_forward=feed_forward
    )


def _norm_gates(hidden: int, rank: int) -> tuple[Matrix, ...]:
    whole = Split.REPLICATED
    return (
        Matrix("norm.mlp.fc1", hidden, rank, Role.OTHER, whole),
        Matrix("norm.mlp.fc2", rank, hidden, Role.OTHER, whole),
    )


def _gated(keys: Keys, mixer: Mixer, gates: tuple[Matrix, ...]) -> Mixer:
    rank = keys.integer("q_lora_rank", required=True)
    heads = keys.integer("num_attention_heads", required=True)
    width = heads * (keys.integer("qk_nope_head_dim") + keys.integer("qk_rope_head_dim"))
    gated = heads * keys.integer("v_head_dim")
    joint = Matrix("self_attn.q_gate_proj", 2 * rank, width + gated, Role.ATTENTION)
    kept = [joint if matrix.name.endswith("q_b_proj") else matrix for matrix in mixer.matrices]
    return replace(mixer, matrices=(*gates, *kept))
