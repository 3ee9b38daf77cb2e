"""Gemma 3n's text model: four parallel streams (AltUp), low-rank residuals (LAuReL), embeddings
per layer, and caches shared by the last layers."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Dimensions, Traits, assemble, read_dimensions
from engine.model.dialects.layer_kinds import one_per_layer
from engine.model.dialects.parts import FeedForward, attention, dense, layer
from engine.model.dialects.windows import every_nth_full, layer_windows, window_size
from engine.model.keys import Keys
from engine.model.matrices import Matrix, Role, Split

TRAITS = Traits(tied=True)


def read(keys: Keys) -> Architecture:
    """``intermediate_size`` is one number or one per layer."""
    keys.ignore("activation_sparsity_pattern", "altup_active_idx", "altup_correct_scale")
    keys.ignore("altup_coef_clip")
    shape = read_dimensions(keys)
    pattern = every_nth_full(shape.layers, 5)
    windows = layer_windows(keys, shape.layers, window_size(keys), pattern)
    shared = keys.optional_integer("num_kv_shared_layers", maximum=shape.layers) or 0
    streams = keys.integer("altup_num_inputs", maximum=64)
    rank = keys.integer("laurel_rank")
    own = keys.integer("hidden_size_per_layer_input")
    widths = _widths(keys, shape.layers)
    bias = keys.flag("attention_bias", default=False)
    hidden = shape.hidden
    # AltUp: output scale, correction and prediction coefficients, its router's norm.
    streams_other = hidden + streams**2 + streams**3 + hidden
    norms = 6
    blocks = [
        layer(
            attention(
                hidden,
                shape.heads,
                shape.kv_heads,
                shape.head_dim,
                window=windows[index],
                qkv_bias=bias,
                output_bias=bias,
                qk_norm="head",
                owns_cache=index < shape.layers - shared,
            ),
            _feed_forward(hidden, widths[index], rank, own, streams, streams_other),
            norms=norms,
            norm_parameters=norms * hidden,
        )
        for index in range(shape.layers)
    ]
    other = 2 * (streams - 1) * hidden**2 + _tables(keys, shape, own)
    text = assemble(keys, hidden, shape.vocabulary, blocks, TRAITS, other=other)
    return replace(text, residual_streams=streams)


def _tables(keys: Keys, shape: Dimensions, own: int) -> int:
    """The embedding table of all layers' own inputs, and its norm."""
    return keys.integer("vocab_size_per_layer_input") * shape.layers * own + own


def _widths(keys: Keys, layers: int) -> list[int]:
    if isinstance(keys.values.get("intermediate_size"), list):
        found = keys.integers("intermediate_size", minimum=1) or []
        return one_per_layer(keys, "intermediate_size", found, layers)
    return [keys.integer("intermediate_size")] * layers


def _feed_forward(
    hidden: int, width: int, rank: int, own: int, streams: int, other: int
) -> FeedForward:
    whole = Split.REPLICATED
    beside = (
        Matrix("laurel.linear_left", hidden, rank, Role.OTHER, whole),
        Matrix("laurel.linear_right", rank, hidden, Role.OTHER, whole),
        Matrix("altup.modality_router", hidden, streams, Role.OTHER, whole),
        Matrix("per_layer_model_projection", hidden, own, Role.OTHER, whole),
        Matrix("per_layer_input_gate", hidden, own, Role.OTHER, whole),
        Matrix("per_layer_projection", own, hidden, Role.OTHER, whole),
    )
    return FeedForward("dense", dense(hidden, width).matrices + beside, other=other)
