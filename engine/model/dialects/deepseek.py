"""DeepSeek MoE, V2, V3, R1 and V3.2, and the models that took over latent attention."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.blocks import Block, LayerGroup
from engine.model.dialects.decoder import (
    HEADS,
    HIDDEN,
    LAYERS,
    Dimensions,
    FeedForwardOfLayer,
    PartOfLayer,
    Traits,
    read_decoder,
    read_dimensions,
)
from engine.model.dialects.layer_kinds import one_per_layer
from engine.model.dialects.mixture import WIDTH, after_first_dense, read_routing, shared_count
from engine.model.dialects.parts import (
    FeedForward,
    Mixer,
    SparseIndex,
    dense,
    latent_attention,
    layer,
    mixture,
    norm_elements,
)
from engine.model.keys import MAXIMUM_LAYERS, MISSING, Keys
from engine.model.matrices import Matrix, Role, Split
from engine.words.messages import say

TRAITS = Traits()
FIRST = Traits(qkv_bias="attention_bias", output_bias="attention_bias")
_UNUSED_LATENT = (
    "use_mla",
    "kv_lora_rank",
    "q_lora_rank",
    "qk_nope_head_dim",
    "qk_rope_head_dim",
    "v_head_dim",
)
"""Keys of latent attention that DeepSeek-VL2-Tiny carries with ``use_mla`` false."""
INDEXED = ("deepseek_v32", "glm_moe_dsa")


def read(keys: Keys) -> Architecture:
    """Latent attention (but for the first DeepSeek MoE) with experts after dense layers."""
    if keys.model_type == "deepseek" or keys.values.get("use_mla") is False:
        keys.ignore(*_UNUSED_LATENT)
        _note_references(keys)
        shape = read_dimensions(keys)
        experts = read_experts(keys, shape.hidden, shape.layers)
        return read_decoder(keys, FIRST, shape=shape, feed_forward=experts)
    keys.ignore("use_mla")
    shape = read_latent_shape(keys)
    indexes = read_indexes(keys, shape.layers) if keys.model_type in INDEXED else None
    mixers = read_latent(keys, shape, indexes)
    if keys.model_type == "youtu":
        return read_decoder(keys, TRAITS, shape=shape, mixer=mixers.__getitem__)
    experts = read_experts(keys, shape.hidden, shape.layers)
    if keys.model_type == "axk1":
        experts = _normed(experts, shape.hidden)
    return predicting_decoder(keys, TRAITS, shape, mixers.__getitem__, experts)


def _note_references(keys: Keys) -> None:
    """Unlimited-OCR sees the whole prompt and a window of its own text."""
    types = keys.values.get("layer_types")
    if isinstance(types, list) and set(map(str, types)) == {"reference_sliding_attention"}:
        keys.ignore("layer_types", "sliding_window")
        keys.warnings.append(
            say(
                "reference_sliding_attention: counted as if every token of the answer were kept, "
                "where the model keeps the prompt and a window of its answer"
            )
        )


def _normed(experts: FeedForwardOfLayer, hidden: int) -> FeedForwardOfLayer:
    """Experts with a norm on their output."""

    def build(index: int) -> FeedForward:
        part = experts(index)
        return replace(part, other=part.other + hidden) if part.experts else part

    return build


def read_latent_shape(keys: Keys) -> Dimensions:
    """Dimensions; ``head_dim`` and ``num_key_value_heads`` mean nothing in latent attention."""
    keys.ignore("head_dim", "num_key_value_heads", "qk_head_dim")
    return Dimensions(
        keys.integer(*HIDDEN, required=True),
        keys.integer(*LAYERS, required=True, maximum=MAXIMUM_LAYERS),
        keys.integer(*HEADS, required=True),
        1,
        0,
        keys.integer("vocab_size", required=True),
    )


def read_latent(
    keys: Keys,
    shape: Dimensions,
    indexes: list[SparseIndex] | None = None,
    value_dim: int = 0,
) -> list[Mixer]:
    """The latent attention of every layer. ``q_lora_rank`` null means no down-projection, absent
    means the class default."""
    query_rank = keys.optional_integer("q_lora_rank") or None
    latent_dim = keys.integer("kv_lora_rank")
    nope_dim = keys.integer("qk_nope_head_dim", minimum=0)
    rope_dim = keys.integer("qk_rope_head_dim", minimum=0)
    if rope_dim % 2:
        raise keys.problem(
            "qk_rope_head_dim", rope_dim, say("an even number: rotation turns pairs")
        )
    value_dim = keys.integer("v_head_dim", default=value_dim or MISSING)
    bias = keys.flag("attention_bias", default=False)

    def build(index: SparseIndex | None) -> Mixer:
        return latent_attention(
            shape.hidden,
            shape.heads,
            query_rank=query_rank,
            latent_dim=latent_dim,
            nope_dim=nope_dim,
            rope_dim=rope_dim,
            value_dim=value_dim,
            bias=bias,
            index=index,
        )

    if indexes is None:
        return [build(None)] * shape.layers
    return [build(index) for index in indexes]


def read_indexes(keys: Keys, layers: int) -> list[SparseIndex]:
    """The indexer of every layer; some reuse the selection of the layer before."""
    heads = keys.integer("index_n_heads")
    dim = keys.integer("index_head_dim")
    top_k = keys.integer("index_topk")
    types = keys.texts("indexer_types")
    pattern = keys.text("index_topk_pattern", default="")
    period = keys.optional_integer("index_topk_freq", minimum=1) or 1
    offset = keys.optional_integer("index_skip_topk_offset")
    keys.ignore("index_share_for_mtp_iteration", "layer_types", "indexer_rope_interleave")
    if types is None and pattern:
        types = ["full" if letter == "F" else "shared" for letter in pattern]
    if types is None:
        start = 2 if offset is None else offset
        owned = [max(index - start + 1, 0) % period == 0 for index in range(layers)]
    else:
        given = one_per_layer(keys, "indexer_types", types, layers)
        owned = [kind == "full" for kind in given]
    return [SparseIndex(heads, dim, top_k, owns) for owns in owned]


def read_experts(
    keys: Keys,
    hidden: int,
    layers: int,
    *,
    first_dense: int = 0,
    other: int = 0,
    shared_width: int = 0,
) -> FeedForwardOfLayer:
    """Routed and shared experts after the first dense layers.

    ``first_dense`` is the family's own number of dense layers when the file is silent, ``other``
    what a layer's experts hold outside matrices, per expert, ``shared_width`` that of one shared
    expert when it is not a routed one's.
    """
    sparse = after_first_dense(keys, layers, first_dense)
    bias = keys.flag("mlp_bias", default=False)
    keys.ignore("intermediate_size")
    plain = (
        dense(hidden, keys.integer("intermediate_size", required=True), bias=bias)
        if not all(sparse)
        else FeedForward("dense")
    )
    if not any(sparse):
        return lambda index: plain
    routing = read_routing(keys)
    width = keys.integer(*WIDTH, required=True)
    bank = mixture(
        hidden,
        width,
        routing.count,
        routing.top_k,
        groups=routing.groups,
        groups_per_token=routing.groups_per_token,
        shared_width=shared_count(keys) * (shared_width or width),
        other=other * routing.count,
    )
    return lambda index: bank if sparse[index] else plain


def read_prediction(
    keys: Keys, hidden: int, mixer: Mixer, feed_forward: FeedForward
) -> tuple[LayerGroup, ...]:
    """Multi-token-prediction layers (arXiv:2412.19437 §2.2): a joining projection with two norms,
    a layer like the last one, and a norm before the shared head."""
    count = keys.optional_integer(
        "num_nextn_predict_layers", "num_mtp_layers", "num_mtp_modules", maximum=MAXIMUM_LAYERS
    )
    if not count:
        return ()
    block = layer(
        mixer,
        feed_forward,
        norms=5,
        norm_parameters=norm_elements("rms", hidden) * 5,
    )
    return (LayerGroup(joined(block, hidden), count),)


def predicting_decoder(
    keys: Keys,
    traits: Traits,
    shape: Dimensions,
    mixer: PartOfLayer,
    feed_forward: FeedForwardOfLayer,
) -> Architecture:
    """A decoder whose prediction layers are like its last layer."""
    last = shape.layers - 1
    return read_decoder(
        keys,
        traits,
        shape=shape,
        mixer=mixer,
        feed_forward=feed_forward,
        prediction=read_prediction(keys, shape.hidden, mixer(last), feed_forward(last)),
    )


def joined(block: Block, hidden: int) -> Block:
    """``block`` with the projection that joins hidden state and next embedding in front."""
    join = Matrix("eh_proj", 2 * hidden, hidden, Role.OTHER, Split.REPLICATED)
    return Block(
        f"prediction: {block.kind}",
        (join, *block.matrices),
        block.cores,
        block.experts,
        block.other_parameters,
        block.norms,
    )
