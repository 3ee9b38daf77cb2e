"""BART's line: BART, mBART, M2M-100, Marian, Pegasus, Blenderbot and Whisper.

The encoder's elements are counted as a tower; the decoder attends to itself and to it. Classes of
the decoder alone (``BartForCausalLM``) hold no encoder; their cross-attention has weights and,
with nothing to look at, no work (transformers, modeling_bart.py: ``BartDecoderLayer`` skips it).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.model.architecture import Architecture
from engine.model.cores import AttentionCore
from engine.model.dialects.classes import class_names
from engine.model.dialects.decoder import Traits, assemble, group_layers
from engine.model.dialects.parts import (
    FeedForward,
    Mixer,
    dense,
    layer,
    mixture,
    output_projection,
)
from engine.model.dialects.t5 import WARNING
from engine.model.keys import MAXIMUM_LAYERS, Keys, shown
from engine.model.matrices import Matrix, Role, Split
from engine.words.messages import say


@dataclass(frozen=True, slots=True)
class _Variant:
    """``positions``: rows beyond the context, None for computed ones. Norms are those after the
    embeddings and after the last layer."""

    positions: int | None
    embedding_norm: bool
    final_norm: bool


VARIANTS = {
    "bart": _Variant(2, True, False),
    "mbart": _Variant(2, True, True),
    "m2m_100": _Variant(None, False, True),
    "marian": _Variant(0, False, False),
    "pegasus": _Variant(0, False, True),
    "blenderbot": _Variant(0, False, True),
    "blenderbot-small": _Variant(0, True, False),
    "mvp": _Variant(2, True, False),
    "plbart": _Variant(2, True, False),
    "nllb-moe": _Variant(None, False, True),
    "whisper": _Variant(0, False, True),
}

FRAMES = (
    "encoder-decoder: the encoder hears a window of sound once for each request, the prompt is the "
    "decoder's"
)
_ROUTING = (
    "batch_prioritized_routing",
    "expert_capacity",
    "moe_eval_capacity_token_fraction",
    "moe_token_dropout",
    "normalize_router_prob_before_dropping",
    "router_ignore_padding_tokens",
    "second_expert_policy",
)
_COSMETIC = (
    "add_bias_logits",
    "add_cross_attention",
    "add_final_layer_norm",
    "alignment_heads",
    "apply_spec_augment",
    "classifier_proj_size",
    "decoder_vocab_size",
    "extra_pos_embeddings",
    "lang_ids",
    "mask_feature_length",
    "mask_time_length",
    "median_filter_width",
    "normalize_before",
    "normalize_embedding",
    "num_hidden_layers",
    "scale_embedding",
    "share_encoder_decoder_embeddings",
    "static_position_embeddings",
    "use_weighted_layer_sum",
)
"""Keys that restate the variant, or belong to training and decoding."""


def read(keys: Keys) -> Architecture:
    """Biases everywhere but on Whisper's keys."""
    variant = VARIANTS[keys.model_type]
    hidden = keys.integer("d_model", required=True, maximum=1_000_000)
    keys.ignore(*_COSMETIC)
    _check_one_vocabulary(keys)
    alone = is_decoder_alone(keys)
    own = _attention(keys, "self_attn", hidden, "decoder")
    crossed = _attention(keys, "encoder_attn", hidden, "decoder")
    both = Mixer(
        "self and cross attention", own.matrices + crossed.matrices, own.cores + crossed.cores
    )
    if alone:
        idle = sum(matrix.parameters for matrix in crossed.matrices)
        both = Mixer("attention", own.matrices, own.cores, idle)
    parts = {side: _feed_forwards(keys, hidden, side) for side in ("encoder", "decoder")}
    decoder = [layer(both, part, norms=3, norm_parameters=6 * hidden) for part in parts["decoder"]]
    heard = _attention(keys, "self_attn", hidden, "encoder")
    encoder = [layer(heard, part, norm_parameters=4 * hidden) for part in parts["encoder"]]
    ends = 2 * hidden * (int(variant.embedding_norm) + int(variant.final_norm))
    outside = {side: ends + _positions(keys, variant, hidden, side) for side in parts}
    tower = sum(block.parameters for block in encoder) + outside["encoder"]
    if keys.model_type == "whisper":
        bins = keys.integer("num_mel_bins")
        tower += (3 * bins + 1) * hidden + (3 * hidden + 1) * hidden
    if not alone:
        keys.warnings.append(FRAMES if keys.model_type == "whisper" else WARNING)
    found = assemble(
        keys,
        hidden,
        keys.integer("vocab_size", required=True),
        decoder,
        Traits(tied=True, final_norm=False),
        other=outside["decoder"],
        tower=0 if alone else tower,
    )
    return found if alone else replace(found, encoder=group_layers(encoder))


def _check_one_vocabulary(keys: Keys) -> None:
    """Raise `InputError` where encoder and decoder have tables of their own (Marian's
    ``decoder_vocab_size``)."""
    rows = keys.values.get("vocab_size")
    other = keys.values.get("decoder_vocab_size")
    if other is not None and other != rows:
        expected = say("{value}, as {key} says", value=shown(rows), key="vocab_size")
        raise keys.problem("decoder_vocab_size", other, expected)


def is_decoder_alone(keys: Keys) -> bool:
    """True for a class such as ``BartForCausalLM``: an encoder-decoder's decoder as a model."""
    names = class_names(keys.values)
    return bool(names) and names[0].endswith("ForCausalLM")


def _positions(keys: Keys, variant: _Variant, hidden: int, side: str) -> int:
    if variant.positions is None:
        return 0
    if keys.model_type == "whisper":
        name = "max_source_positions" if side == "encoder" else "max_target_positions"
        return keys.integer(name) * hidden
    return (keys.integer("max_position_embeddings") + variant.positions) * hidden


def _feed_forwards(keys: Keys, hidden: int, side: str) -> list[FeedForward]:
    """One per layer; NLLB-MoE (arXiv:2207.04672) has experts in every so many of them."""
    layers = keys.integer(f"{side}_layers", required=True, maximum=MAXIMUM_LAYERS)
    width = keys.integer(f"{side}_ffn_dim", required=True)
    plain = dense(hidden, width, gated=False, bias=True, name="fc")
    if keys.model_type != "nllb-moe":
        return [plain] * layers
    keys.ignore(*_ROUTING)
    step = keys.integer(f"{side}_sparse_step", minimum=0, maximum=MAXIMUM_LAYERS)
    bank = mixture(
        hidden,
        width,
        keys.integer("num_experts", required=True, maximum=100_000),
        2,
        gated=False,
        bias=True,
        router_bias=keys.flag("router_bias", default=False),
        name="ffn",
    )
    return [bank if step and (index + 1) % step == 0 else plain for index in range(layers)]


def _attention(keys: Keys, name: str, hidden: int, side: str) -> Mixer:
    heads = keys.integer(f"{side}_attention_heads", required=True, maximum=100_000)
    if hidden % heads:
        raise keys.problem(
            f"{side}_attention_heads", heads, say("a divisor of {number}", number=hidden)
        )
    role, cross = Role.ATTENTION, name == "encoder_attn"
    key_bias = keys.model_type != "whisper"
    matrices = (
        Matrix(f"{name}.q_proj", hidden, hidden, role, kernel=f"{name}.qkv", bias=True),
        *(
            Matrix(
                f"{name}.{part}_proj",
                hidden,
                hidden,
                role,
                Split.KV,
                f"{name}.qkv",
                bias,
                heads=heads,
                source=cross,
            )
            for part, bias in (("k", key_bias), ("v", True))
        ),
        output_projection(f"{name}.out_proj", hidden, hidden, bias=True),
    )
    width = hidden // heads
    frames = 0
    if cross and keys.model_type == "whisper":
        frames = keys.integer("max_source_positions")
    core = AttentionCore(heads, heads, width, width, cross=cross, source_tokens=frames)
    return Mixer("attention", matrices, (core,))
