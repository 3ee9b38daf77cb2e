"""Dense families that differ from Llama in one or two ways each: StableLM, StarCoder2, Apertus,
BitNet, Cosmos 3 Edge, NanoChat, Doge, HyperCLOVA X, SmolLM3, CWM, Persimmon, DiffLlama and
TeleChat."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import (
    Traits,
    plain_attention,
    plain_feed_forward,
    read_decoder,
    read_dimensions,
)
from engine.model.dialects.layer_kinds import one_per_layer
from engine.model.dialects.parts import FeedForward, Mixer
from engine.model.dialects.windows import layer_windows, window_size
from engine.model.keys import Keys
from engine.model.matrices import Matrix, Role, Split
from engine.words.messages import say

LLAMA = Traits(qkv_bias="attention_bias", output_bias="attention_bias", mlp_bias="mlp_bias")
STARCODER = Traits(
    qkv_bias="use_bias",
    output_bias="use_bias",
    mlp_bias="use_bias",
    gated=False,
    norm="layer",
    tied=True,
)
APERTUS = Traits(
    qkv_bias="attention_bias", output_bias="attention_bias", gated=False, qk_norm="head"
)
COSMOS = Traits(
    qkv_bias="attention_bias", output_bias="attention_bias", mlp_bias="mlp_bias", gated=False
)
NANOCHAT = Traits(
    qkv_bias="attention_bias", output_bias="attention_bias", gated=False, norm="plain"
)


def read(keys: Keys) -> Architecture:
    """By model type."""
    return {
        "stablelm": _stablelm,
        "starcoder2": _starcoder,
        "apertus": _apertus,
        "cosmos3_edge_text": lambda keys: read_decoder(keys, COSMOS),
        "bitnet": _bitnet,
        "nanochat": lambda keys: read_decoder(keys, NANOCHAT),
        "doge": _doge,
        "hyperclovax": _hyperclova,
        "smollm3": _smollm,
        "cwm": _cwm,
        "persimmon": _persimmon,
        "diffllama": _diffllama,
        "telechat": _telechat,
    }[keys.model_type](keys)


def _stablelm(keys: Keys) -> Architecture:
    """LayerNorm with bias, half the layer's norms when its parts are parallel."""
    parallel = keys.flag("use_parallel_residual", default=False)
    traits = Traits(
        qkv_bias="use_qkv_bias",
        norm="layer",
        norms=1 if parallel else 2,
        parallel=parallel,
        qk_norm="heads" if keys.flag("qk_layernorm", default=False) else "",
        qk_norm_kind="rms",
    )
    return read_decoder(keys, traits)


def _starcoder(keys: Keys) -> Architecture:
    shape = read_dimensions(keys)
    window = window_size(keys)
    return read_decoder(keys, STARCODER, shape=shape, windows=[window] * shape.layers)


def _apertus(keys: Keys) -> Architecture:
    """Two matrices and the two trained slopes of the xIELU activation."""
    if not keys.flag("qk_norm", default=True) or keys.flag("post_norm", default=False):
        raise keys.problem("qk_norm", keys.values.get("qk_norm"), say("true, with post_norm false"))
    shape = read_dimensions(keys)
    inner = plain_feed_forward(keys, shape, APERTUS)
    return read_decoder(
        keys,
        APERTUS,
        shape=shape,
        feed_forward=lambda index: replace(inner(index), other=2),
    )


def _bitnet(keys: Keys) -> Architecture:
    """A norm before each output projection."""
    shape = read_dimensions(keys)
    traits = replace(LLAMA, mlp_bias=False)
    mixer = plain_attention(keys, shape, traits, None)
    feed_forward = plain_feed_forward(keys, shape, traits)
    width = feed_forward(0).matrices[-1].inputs

    def normed(part: Mixer, elements: int) -> Mixer:
        return replace(part, other=part.other + elements)

    def normed_feed_forward(part: FeedForward, elements: int) -> FeedForward:
        return replace(part, other=part.other + elements)

    return read_decoder(
        keys,
        traits,
        shape=shape,
        mixer=lambda index: normed(mixer(index), shape.hidden),
        feed_forward=lambda index: normed_feed_forward(feed_forward(index), width),
    )


def _doge(keys: Keys) -> Architecture:
    """A dynamic mask from the values, and trained residual scales."""
    if keys.flag("is_moe", default=False):
        raise keys.problem("is_moe", True, say("false: its retrieval experts are not described"))
    keys.ignore("num_experts", "num_experts_per_tok", "keep_window_size")
    shape = read_dimensions(keys)
    traits = replace(LLAMA, qk_norm="head")
    inner = plain_attention(keys, shape, traits, None)
    biased = keys.flag("attention_bias", default=False)
    mask = Matrix(
        "self_attn.dt_proj",
        shape.kv_heads * shape.head_dim,
        shape.kv_heads,
        Role.ATTENTION,
        Split.REPLICATED,
        bias=biased,
    )

    def mixer(index: int) -> Mixer:
        part = inner(index)
        return replace(
            part,
            matrices=(*part.matrices, mask),
            other=part.other + shape.kv_heads + 2 * shape.hidden,
        )

    return read_decoder(keys, traits, shape=shape, mixer=mixer)


def _hyperclova(keys: Keys) -> Architecture:
    """Norms after the parts too when ``use_post_norm``."""
    post = keys.flag("use_post_norm", default=False)
    return read_decoder(keys, replace(LLAMA, norms=4 if post else 2))


def _smollm(keys: Keys) -> Architecture:
    """Windows only where there is no rotary embedding, and only when switched on."""
    shape = read_dimensions(keys)
    rotary = keys.integers("no_rope_layers", maximum=1)
    period = keys.optional_integer("no_rope_layer_interval", minimum=1) or 4
    used = keys.flag("use_sliding_window", default=False)
    window = window_size(keys) if used else None
    if rotary is None:
        rotary = [int((index + 1) % period != 0) for index in range(shape.layers)]
    pattern = [not flag for flag in one_per_layer(keys, "no_rope_layers", rotary, shape.layers)]
    windows = layer_windows(keys, shape.layers, window, pattern)
    return read_decoder(keys, LLAMA, shape=shape, windows=windows)


def _cwm(keys: Keys) -> Architecture:
    """The first of every four layers attends to everything."""
    shape = read_dimensions(keys)
    pattern = [bool(index % 4) for index in range(shape.layers)]
    windows = layer_windows(keys, shape.layers, window_size(keys), pattern)
    return read_decoder(keys, Traits(mlp_bias="mlp_bias"), shape=shape, windows=windows)


def _persimmon(keys: Keys) -> Architecture:
    normed = keys.flag("qk_layernorm", default=True)
    traits = Traits(
        qkv_bias=True,
        output_bias=True,
        mlp_bias=True,
        gated=False,
        norm="layer",
        qk_norm="head" if normed else "",
        qk_norm_kind="layer",
    )
    return read_decoder(keys, traits)


def _diffllama(keys: Keys) -> Architecture:
    """Differential attention: four trained vectors per layer."""
    shape = read_dimensions(keys)
    traits = Traits(qkv_bias="attention_bias", output_bias="attention_bias")
    inner = plain_attention(keys, shape, traits, None)

    def mixer(index: int) -> Mixer:
        part = inner(index)
        return replace(part, other=part.other + 4 * shape.head_dim)

    return read_decoder(keys, traits, shape=shape, mixer=mixer)


def _telechat(keys: Keys) -> Architecture:
    """Biases on the two projections that lead back into the hidden state only."""
    keys.ignore("logn", "base_seqlen", "training_seqlen", "embed_layernorm", "unk_token_id")
    shape = read_dimensions(keys)
    traits = Traits(output_bias=True)
    plain = plain_feed_forward(keys, shape, traits)
    *inputs, down = plain(0).matrices
    part = replace(plain(0), matrices=(*inputs, replace(down, bias=True)))
    return read_decoder(keys, traits, shape=shape, feed_forward=lambda index: part)
