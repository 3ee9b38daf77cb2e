"""Step 3: multi-matrix factorised attention (arXiv:2507.19427): one key and value head, queries
through a shared narrow projection, experts in most layers."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import HEADS, HIDDEN, LAYERS, Dimensions, Traits, read_decoder
from engine.model.dialects.gated import listed_layers
from engine.model.dialects.mixture import read_routing
from engine.model.dialects.parts import Mixer, attention, dense, mixture
from engine.model.keys import MAXIMUM_LAYERS, Keys
from engine.model.matrices import Matrix, Role, Split
from engine.words.messages import say


def read(keys: Keys) -> Architecture:
    """``share_q_dim`` is the narrow width, ``num_attention_groups`` the number of KV heads."""
    hidden = keys.integer(*HIDDEN, required=True, maximum=1_000_000)
    layers = keys.integer(*LAYERS, required=True, maximum=MAXIMUM_LAYERS)
    heads = keys.integer(*HEADS, required=True, maximum=100_000)
    groups = keys.integer("num_attention_groups", default=1, maximum=heads)
    head_dim = keys.integer("head_dim", default=256)
    if heads % groups:
        raise keys.problem(
            "num_attention_groups", groups, say("a divisor of the {number} heads", number=heads)
        )
    shape = Dimensions(
        hidden, layers, heads, groups, head_dim, keys.integer("vocab_size", required=True)
    )
    mixer = _attention(keys, shape)
    routing = read_routing(keys)
    keys.ignore("norm_expert_weight", "max_position_embedding")
    bank = mixture(
        hidden,
        keys.integer("moe_intermediate_size", required=True),
        routing.count,
        routing.top_k,
        shared_width=keys.integer("share_expert_dim", default=0, minimum=0),
        name="moe",
    )
    plain = dense(hidden, keys.integer("intermediate_size", required=True))
    chosen = listed_layers(keys)
    sparse = set(range(1, layers)) if chosen is None else chosen
    return read_decoder(
        keys,
        Traits(),
        shape=shape,
        mixer=lambda index: mixer,
        feed_forward=lambda index: bank if index in sparse else plain,
    )


def _attention(keys: Keys, shape: Dimensions) -> Mixer:
    narrow = keys.integer("share_q_dim", default=2048)
    found = attention(shape.hidden, shape.heads, shape.kv_heads, shape.head_dim)
    down = Matrix(
        "self_attn.q_proj", shape.hidden, narrow, Role.ATTENTION, Split.REPLICATED, "qkv_a"
    )
    up = Matrix("self_attn.wq", narrow, shape.heads * shape.head_dim, Role.ATTENTION)
    return replace(found, matrices=(down, up, *found.matrices[1:]), other=narrow)
