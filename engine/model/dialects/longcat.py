"""LongCat-Flash: two attentions and two dense parts per layer beside one bank of experts, some
of which only pass their input on (arXiv:2509.01322)."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Traits, read_decoder
from engine.model.dialects.deepseek import read_latent, read_latent_shape
from engine.model.dialects.mixture import read_routing
from engine.model.dialects.parts import FeedForward, Mixer, dense, mixture
from engine.model.keys import Keys
from engine.model.matrices import Matrix

TRAITS = Traits(norms=4)


def read(keys: Keys) -> Architecture:
    """A token may be routed to weightless experts: top-k is an upper bound of its work."""
    keys.ignore("attention_method", "zero_expert_type", "mla_scale_q_lora", "mla_scale_kv_lora")
    keys.ignore("routed_scaling_factor", "router_dtype", "num_nextn_predict_layers")
    shape = read_latent_shape(keys)
    mixers = [_twice(mixer) for mixer in read_latent(keys, shape)]
    routing = read_routing(keys)
    width = keys.integer("expert_ffn_hidden_size", required=True)
    bank = mixture(
        shape.hidden,
        width,
        routing.count,
        routing.top_k,
        identity_count=keys.optional_integer("zero_expert_num") or 0,
        router_bias=keys.flag("router_bias", default=False),
    )
    wide = keys.integer("ffn_hidden_size", required=True)
    part = FeedForward(
        "2 dense + mixture of experts",
        dense(shape.hidden, wide, name="mlps.0").matrices
        + dense(shape.hidden, wide, name="mlps.1").matrices
        + bank.matrices,
        bank.experts,
        bank.other,
    )
    return read_decoder(
        keys,
        TRAITS,
        shape=shape,
        mixer=mixers.__getitem__,
        feed_forward=lambda index: part,
    )


def _twice(mixer: Mixer) -> Mixer:
    """Two attentions in a row, with names of their own."""

    def numbered(matrix: Matrix, position: int) -> Matrix:
        name = matrix.name.replace("self_attn", f"self_attn.{position}")
        kernel = f"{matrix.kernel}.{position}" if matrix.kernel else ""
        return replace(matrix, name=name, kernel=kernel)

    matrices = tuple(numbered(m, position) for position in (0, 1) for m in mixer.matrices)
    return Mixer(f"2 × {mixer.kind}", matrices, mixer.cores * 2, 2 * mixer.other)
