"""The common decoder: what nearly every text model shares, with a family's traits as data.

`read_decoder` reads dimensions, builds each layer from an attention part and a feed-forward part
and sums up. A family states its `Traits` and, where it is unusual, hands in its own part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from engine.model.architecture import Architecture
from engine.model.blocks import Block, LayerGroup
from engine.model.dialects.parts import (
    FeedForward,
    Mixer,
    attention,
    dense,
    layer,
    norm_elements,
)
from engine.model.keys import MAXIMUM_LAYERS, Keys
from engine.model.matrices import Matrix, Role
from engine.words.messages import say

HIDDEN = ("hidden_size", "n_embd", "n_embed", "d_model")
LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
HEADS = ("num_attention_heads", "n_head", "n_heads", "num_heads", "attention_heads")
KV_HEADS = ("num_key_value_heads", "num_kv_heads", "n_head_kv")
HEAD_DIM = ("head_dim", "kv_channels", "attention_head_dim")
WIDTH = ("intermediate_size", "ffn_hidden_size", "ffn_dim", "n_inner", "d_ff", "dff")
POSITIONS = ("max_position_embeddings", "n_positions", "max_sequence_length", "seq_length")

Bias = bool | str
"""A trait that is fixed for the family, or the key of the flag that decides."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What the structure keys of a family never say.

    ``norm``: rms, layer (with bias), scale (LayerNorm without bias) or plain (no elements).
    ``qk_norm``: "", head, heads or full (see `parts.attention`).
    """

    qkv_bias: Bias = False
    output_bias: Bias = False
    mlp_bias: Bias = False
    head_bias: bool = False
    gated: bool = True
    norm: str = "rms"
    norms: int = 2
    final_norm: bool = True
    qk_norm: str = ""
    qk_norm_kind: str = "rms"
    sinks: bool = False
    parallel: bool = False
    tied: bool = False
    """Default of ``tie_word_embeddings`` when neither file nor class says."""
    learned_positions: int | None = None
    """None for rotary positions, else the rows that the table holds beyond the context."""
    width_factor: int = 0
    """Feed-forward width in hidden sizes when the file gives none; 0: it must give it."""


@dataclass(frozen=True, slots=True)
class Dimensions:
    """The dimensions that all decoders have."""

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int


def read_dimensions(keys: Keys, *, floor_head_dim: bool = False) -> Dimensions:
    """Dimensions from their many spellings; raises `InputError`.

    ``floor_head_dim``: a head width the file does not give may be rounded down.
    """
    for spellings in (HIDDEN, LAYERS, HEADS, KV_HEADS):
        keys.agree(*spellings)
    hidden = keys.integer(*HIDDEN, required=True, maximum=1_000_000)
    layers = keys.integer(*LAYERS, required=True, maximum=MAXIMUM_LAYERS)
    heads = keys.integer(*HEADS, required=True, maximum=100_000)
    kv_heads = keys.integer(
        *KV_HEADS, default=heads, reason=say("as many as query heads"), maximum=100_000
    )
    if heads % kv_heads:
        raise keys.problem(
            KV_HEADS[0], kv_heads, say("a divisor of the {number} attention heads", number=heads)
        )
    width = read_head_dim(keys, hidden, heads, floor_head_dim)
    vocabulary = keys.integer("vocab_size", required=True)
    return Dimensions(hidden, layers, heads, kv_heads, width, vocabulary)


def read_head_dim(keys: Keys, hidden: int, heads: int, floor: bool = False) -> int:
    """The width of one head: given, or hidden size over heads (rounded down with ``floor``)."""
    given = keys.optional_integer(*HEAD_DIM, minimum=1, maximum=100_000)
    if given is not None:
        return given
    if hidden < heads or (hidden % heads and not floor):
        raise keys.problem(
            "hidden_size", hidden, say("a multiple of the {number} attention heads", number=heads)
        )
    return hidden // heads


def read_bias(keys: Keys, trait: Bias) -> bool:
    """Resolve a trait that may be a key of the config."""
    return keys.flag(trait, default=False) if isinstance(trait, str) else trait


def read_width(keys: Keys, hidden: int, traits: Traits) -> int:
    """The dense feed-forward width; null means ``width_factor`` times the hidden size."""
    keys.agree(*WIDTH)
    if traits.width_factor:
        width = traits.width_factor * hidden
        return keys.integer(
            *WIDTH,
            default=width,
            reason=say("{number} times the hidden size", number=traits.width_factor),
        )
    return keys.integer(*WIDTH, required=True)


PartOfLayer = Callable[[int], Mixer]
FeedForwardOfLayer = Callable[[int], FeedForward]


def read_decoder(
    keys: Keys,
    traits: Traits,
    *,
    shape: Dimensions | None = None,
    mixer: PartOfLayer | None = None,
    feed_forward: FeedForwardOfLayer | None = None,
    windows: list[int | None] | None = None,
    embedding_width: int = 0,
    other: int = 0,
    prediction: tuple[LayerGroup, ...] = (),
    tower: int = 0,
) -> Architecture:
    """The architecture of a plain decoder, or of one with its own parts per layer index.

    ``windows`` gives each layer's attention window. ``other`` are elements outside the layers
    beyond final norm and learned positions. Raises `InputError`.
    """
    shape = shape or read_dimensions(keys)
    build_mixer = mixer or plain_attention(keys, shape, traits, windows)
    build_feed_forward = feed_forward or plain_feed_forward(keys, shape, traits)
    norm_parameters = traits.norms * norm_elements(traits.norm, shape.hidden)
    blocks = [
        layer(
            build_mixer(index),
            build_feed_forward(index),
            norms=traits.norms,
            norm_parameters=norm_parameters,
            parallel=traits.parallel,
        )
        for index in range(shape.layers)
    ]
    return assemble(
        keys,
        shape.hidden,
        shape.vocabulary,
        blocks,
        traits,
        embedding_width=embedding_width,
        other=other,
        prediction=prediction,
        tower=tower,
    )


def plain_attention(
    keys: Keys, shape: Dimensions, traits: Traits, windows: list[int | None] | None
) -> PartOfLayer:
    """The same attention in every layer but for its window."""
    qkv_bias = read_bias(keys, traits.qkv_bias)
    output_bias = read_bias(keys, traits.output_bias)

    def build(index: int) -> Mixer:
        return attention(
            shape.hidden,
            shape.heads,
            shape.kv_heads,
            shape.head_dim,
            window=windows[index] if windows else None,
            qkv_bias=qkv_bias,
            output_bias=output_bias,
            qk_norm=traits.qk_norm,
            qk_norm_kind=traits.qk_norm_kind,
            sinks=traits.sinks,
        )

    return build


def plain_feed_forward(keys: Keys, shape: Dimensions, traits: Traits) -> FeedForwardOfLayer:
    """The same dense feed-forward part in every layer."""
    width = read_width(keys, shape.hidden, traits)
    part = dense(shape.hidden, width, gated=traits.gated, bias=read_bias(keys, traits.mlp_bias))
    return lambda index: part


def group_layers(blocks: Iterable[Block]) -> tuple[LayerGroup, ...]:
    """Equal blocks together, in order of first appearance."""
    counts: dict[Block, int] = {}
    for block in blocks:
        counts[block] = counts.get(block, 0) + 1
    return tuple(LayerGroup(block, count) for block, count in counts.items())


def first_apart(first: Block, others: Block, count: int) -> tuple[LayerGroup, ...]:
    """``count`` layers like ``others``, the ``first`` of them with more around it."""
    groups = (LayerGroup(first, 1), LayerGroup(others, count - 1))
    return tuple(group for group in groups if group.count)


def assemble(
    keys: Keys,
    hidden: int,
    vocabulary: int,
    blocks: Iterable[Block],
    traits: Traits,
    *,
    embedding_width: int = 0,
    other: int = 0,
    prediction: tuple[LayerGroup, ...] = (),
    prediction_other: int = 0,
    tower: int = 0,
) -> Architecture:
    """Add embeddings, LM head, final norm and learned positions to the layers."""
    positions = keys.optional_integer(*POSITIONS, minimum=0, maximum=1_000_000_000) or 0
    if traits.learned_positions is not None:
        other += (positions + traits.learned_positions) * hidden
    if traits.final_norm:
        other += norm_elements(traits.norm, hidden)
    head = Matrix("lm_head", hidden, vocabulary, Role.LM_HEAD, bias=traits.head_bias)
    return Architecture(
        name="",
        model_type=keys.model_type,
        hidden_size=hidden,
        vocabulary_size=vocabulary,
        layers=group_layers(blocks),
        embedding_parameters=vocabulary * (embedding_width or hidden),
        lm_head=head,
        tied_embeddings=keys.flag("tie_word_embeddings", default=traits.tied),
        other_parameters=other,
        tower_parameters=tower,
        prediction_layers=prediction,
        prediction_other_parameters=prediction_other,
        maximum_positions=positions,
        torch_dtype=keys.text("dtype", "torch_dtype", default="bfloat16") or "bfloat16",
    )
