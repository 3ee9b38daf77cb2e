"""Attention and Mamba 2 in one decoder: Bamba, Granite 4 hybrid, Falcon-H1; Jamba with Mamba 1."""

from __future__ import annotations

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import (
    Dimensions,
    FeedForwardOfLayer,
    Traits,
    read_bias,
    read_decoder,
    read_dimensions,
    read_width,
)
from engine.model.dialects.layer_kinds import layer_kinds
from engine.model.dialects.mamba import inner_width, state_groups, step_rank
from engine.model.dialects.parts import FeedForward, Mixer, attention, dense, mixture
from engine.model.dialects.states import mamba1, mamba2
from engine.model.keys import Keys
from engine.model.matrices import Matrix, Role, Split
from engine.words.messages import say

BIASED = Traits(qkv_bias="attention_bias", output_bias="attention_bias", mlp_bias="mlp_bias")
TRAITS = {"bamba": BIASED, "granitemoehybrid": BIASED, "falcon_h1": BIASED, "jamba": Traits()}
KINDS = {
    "mamba": "state",
    "linear_attention": "state",
    "attention": "attention",
    "full_attention": "attention",
}


def read(keys: Keys) -> Architecture:
    """Every layer holds a mixer (both at once in Falcon-H1) and a feed-forward part."""
    traits = TRAITS[keys.model_type]
    shape = read_dimensions(keys)
    attending = _attention(keys, shape, traits)
    recurrent = _jamba_mixer(keys, shape) if keys.model_type == "jamba" else _mixer(keys, shape)
    if keys.model_type == "falcon_h1":
        both = Mixer(
            "attention and mamba 2",
            recurrent.matrices + attending.matrices,
            recurrent.cores + attending.cores,
            recurrent.other + attending.other,
        )
        return read_decoder(keys, traits, shape=shape, mixer=lambda index: both)
    kinds = _kinds(keys, shape.layers)
    return read_decoder(
        keys,
        traits,
        shape=shape,
        mixer=lambda index: attending if kinds[index] == "attention" else recurrent,
        feed_forward=_feed_forward(keys, shape, traits),
    )


def _kinds(keys: Keys, layers: int) -> list[str]:
    """Jamba: a period and an offset; Bamba: a list of layers; Granite: a word per layer."""
    if keys.model_type == "jamba":
        period = keys.integer("attn_layer_period")
        offset = keys.integer("attn_layer_offset", minimum=0)
        chosen = [index % period == offset for index in range(layers)]
    else:
        listed = set(keys.integers("attn_layer_indices", maximum=layers - 1) or ())
        chosen = [index in listed for index in range(layers)]
    default = ["attention" if attends else "state" for attends in chosen]
    return layer_kinds(keys, layers, default, KINDS, "layer_types", "layers_block_type")


def _attention(keys: Keys, shape: Dimensions, traits: Traits) -> Mixer:
    bias = read_bias(keys, traits.qkv_bias)
    return attention(
        shape.hidden,
        shape.heads,
        shape.kv_heads,
        shape.head_dim,
        qkv_bias=bias,
        output_bias=bias,
    )


def _mixer(keys: Keys, shape: Dimensions) -> Mixer:
    """The Mamba 2 mixer under its ``mamba_*`` keys."""
    inner = inner_width(keys, shape.hidden, "mamba_expand")
    norm = True
    bias = keys.flag("mamba_proj_bias", default=False)
    if keys.model_type == "falcon_h1":
        if not keys.flag("mamba_use_mlp", default=True):
            raise keys.problem("mamba_use_mlp", False, say("true: every layer has a dense part"))
        keys.ignore("mlp_expansion_factor")
        inner = keys.optional_integer("mamba_d_ssm", minimum=1) or inner
        norm = keys.flag("mamba_rms_norm", default=False)
    heads = keys.integer("mamba_n_heads")
    if keys.values.get("mamba_d_head", "auto") != "auto":
        width = keys.integer("mamba_d_head")
        if width * heads != inner:
            raise keys.problem(
                "mamba_d_head",
                width,
                say("the {number} inner channels over {other}", number=inner, other=heads),
            )
    keys.ignore("mamba_d_head")
    mixer = mamba2(
        shape.hidden,
        inner,
        heads=heads,
        groups=state_groups(keys, heads, "mamba_n_groups"),
        state=keys.integer("mamba_d_state"),
        kernel=keys.integer("mamba_d_conv"),
        convolution_bias=keys.flag("mamba_conv_bias", default=True),
        bias=bias,
        norm=norm,
        name="mamba",
    )
    if keys.model_type != "falcon_h1":
        return mixer
    output = Matrix(
        "mamba.out_proj",
        inner,
        shape.hidden,
        Role.MIXER,
        Split.ROW,
        bias=keys.flag("projectors_bias", default=False),
    )
    return Mixer(mixer.kind, (mixer.matrices[0], output), mixer.cores, mixer.other)


def _jamba_mixer(keys: Keys, shape: Dimensions) -> Mixer:
    return mamba1(
        shape.hidden,
        inner_width(keys, shape.hidden, "mamba_expand"),
        state=keys.integer("mamba_d_state"),
        kernel=keys.integer("mamba_d_conv"),
        step_rank=step_rank(keys, shape.hidden, "mamba_dt_rank"),
        convolution_bias=keys.flag("mamba_conv_bias", default=True),
        bias=keys.flag("mamba_proj_bias", default=False),
        inner_norms=True,
        name="mamba",
    )


def _feed_forward(keys: Keys, shape: Dimensions, traits: Traits) -> FeedForwardOfLayer:
    if keys.model_type == "granitemoehybrid":
        part = _granite_feed_forward(keys, shape)
        return lambda index: part
    plain = dense(
        shape.hidden,
        read_width(keys, shape.hidden, traits),
        bias=read_bias(keys, traits.mlp_bias),
        name="feed_forward",
    )
    if keys.model_type != "jamba":
        return lambda index: plain
    count = keys.integer("num_experts", "num_local_experts")
    top_k = keys.integer("num_experts_per_tok")
    period = keys.integer("expert_layer_period")
    offset = keys.integer("expert_layer_offset", minimum=0)
    if count == 1:
        return lambda index: plain
    if top_k > count:
        raise keys.problem(
            "num_experts_per_tok",
            top_k,
            say("at most the {number} experts there are", number=count),
        )
    width = read_width(keys, shape.hidden, traits)
    sparse = mixture(shape.hidden, width, count, top_k, name="feed_forward")
    return lambda index: sparse if index % period == offset else plain


def _granite_feed_forward(keys: Keys, shape: Dimensions) -> FeedForward:
    """A shared feed-forward part in every layer, routed experts beside it unless there are 0."""
    shared = keys.integer("shared_intermediate_size")
    count = keys.integer("num_local_experts", default=0, minimum=0)
    if count == 0:
        keys.ignore("intermediate_size", "num_experts_per_tok")
        return dense(shape.hidden, shared, name="shared_mlp")
    return mixture(
        shape.hidden,
        keys.integer("intermediate_size", required=True),
        count,
        keys.integer("num_experts_per_tok", maximum=count),
        shared_width=shared,
        name="block_sparse_moe",
        shared_name="shared_mlp",
    )
