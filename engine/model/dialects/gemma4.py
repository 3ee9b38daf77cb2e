"""Gemma 4's text model: other heads in global layers, shared caches, embeddings per layer,
experts beside the dense feed-forward part."""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.model.architecture import Architecture
from engine.model.blocks import Block
from engine.model.dialects.decoder import Dimensions, Traits, assemble, read_dimensions
from engine.model.dialects.mixture import Routing, read_routing
from engine.model.dialects.parts import FeedForward, Mixer, attention, dense, layer, mixture
from engine.model.dialects.windows import every_nth_full, layer_windows, window_size
from engine.model.keys import Keys
from engine.model.matrices import Matrix, Role, Split
from engine.words.messages import say

TRAITS = Traits(tied=True, norms=4)


@dataclass(frozen=True, slots=True)
class _Layout:
    """What layers have in common."""

    shape: Dimensions
    width: int
    per_layer: int
    keys_are_values: bool
    double_wide: bool
    bias: bool
    routing: Routing | None
    expert_width: int


def read(keys: Keys) -> Architecture:
    """Layers from the ``num_kv_shared_layers``-th last on reuse the cache of an earlier one."""
    keys.ignore("use_bidirectional_attention", "vocab_size_per_layer_input")
    if keys.has("layer_types"):
        keys.ignore("sliding_window_pattern")
    shape = read_dimensions(keys)
    window = window_size(keys)
    pattern = every_nth_full(shape.layers, 6)
    windows = layer_windows(keys, shape.layers, window, pattern)
    windows[-1] = None
    shared = keys.optional_integer("num_kv_shared_layers", maximum=shape.layers) or 0
    experts = keys.flag("enable_moe_block", default=False)
    if not experts:
        keys.ignore("num_experts", "top_k_experts", "moe_intermediate_size")
    layout = _Layout(
        shape,
        keys.integer("intermediate_size", required=True),
        keys.optional_integer("hidden_size_per_layer_input") or 0,
        keys.flag("attention_k_eq_v", default=False),
        keys.flag("use_double_wide_mlp", default=False),
        keys.flag("attention_bias", default=False),
        read_routing(keys) if experts else None,
        keys.integer("moe_intermediate_size", "expert_intermediate_size") if experts else 0,
    )
    heads = _heads(keys, shape, windows, layout.keys_are_values)
    for count, _ in heads:
        if shape.heads % count:
            raise keys.problem(
                "num_global_key_value_heads",
                count,
                say("a divisor of the {number} heads", number=shape.heads),
            )
    first_shared = shape.layers - shared
    blocks = [
        _block(layout, windows[index], heads[index], index >= first_shared)
        for index in range(shape.layers)
    ]
    return assemble(
        keys, shape.hidden, shape.vocabulary, blocks, TRAITS, other=_per_layer_tables(keys, layout)
    )


def _heads(
    keys: Keys, shape: Dimensions, windows: list[int | None], keys_are_values: bool
) -> list[tuple[int, int]]:
    """KV heads and head width of every layer, from ``per_layer_config`` or the global keys."""
    own = keys.scope("per_layer_config")
    if own is None:
        wide = keys.integer("global_head_dim", default=512, maximum=100_000)
        given = keys.optional_integer("num_global_key_value_heads", minimum=1)
        few = given if given and keys_are_values else shape.kv_heads
        return [
            (few, wide) if window is None else (shape.kv_heads, shape.head_dim)
            for window in windows
        ]
    keys.ignore("global_head_dim", "num_global_key_value_heads")
    found = [(shape.kv_heads, shape.head_dim)] * shape.layers
    for name in list(own.values):
        entry = own.scope(name)
        if not (name.isascii() and name.isdecimal()) or int(name) >= shape.layers or entry is None:
            raise own.problem(name, own.values[name], say("a layer index with its overrides"))
        found[int(name)] = (
            entry.optional_integer("num_key_value_heads", minimum=1) or shape.kv_heads,
            entry.optional_integer("head_dim", minimum=1) or shape.head_dim,
        )
    return found


def _block(
    layout: _Layout, window: int | None, heads: tuple[int, int], shares_cache: bool
) -> Block:
    shape = layout.shape
    wide = layout.double_wide and shares_cache
    part = dense(shape.hidden, layout.width * (2 if wide else 1))
    norms = 4
    if layout.routing is not None:
        part = _with_experts(layout, part, layout.routing)
        norms += 3
    if layout.per_layer:
        part = _with_layer_input(layout, part)
        norms += 1
    mixer = _attention(layout, window, heads, shares_cache)
    return layer(mixer, part, norms=norms, norm_parameters=norms * shape.hidden)


def _attention(
    layout: _Layout, window: int | None, heads: tuple[int, int], shares_cache: bool
) -> Mixer:
    shape = layout.shape
    mixer = attention(
        shape.hidden,
        shape.heads,
        heads[0],
        heads[1],
        window=window,
        qkv_bias=layout.bias,
        output_bias=layout.bias,
        qk_norm="head",
        owns_cache=not shares_cache,
    )
    if layout.keys_are_values and window is None:
        kept = tuple(m for m in mixer.matrices if not m.name.endswith("v_proj"))
        return replace(mixer, matrices=kept)
    return mixer


def _with_experts(layout: _Layout, part: FeedForward, routing: Routing) -> FeedForward:
    """Experts run beside the dense part; the router scales its input and each expert."""
    hidden = layout.shape.hidden
    bank = mixture(hidden, layout.expert_width, routing.count, routing.top_k)
    experts = bank.experts
    assert experts is not None and experts.router is not None
    # They stand beside the layer's mlp, not in it, and quantisation lists name them so.
    renamed = replace(
        experts,
        matrices=tuple(replace(m, name=m.name.removeprefix("mlp.")) for m in experts.matrices),
        router=replace(experts.router, name="router.proj"),
    )
    return FeedForward("dense + mixture of experts", part.matrices, renamed, hidden + routing.count)


def _with_layer_input(layout: _Layout, part: FeedForward) -> FeedForward:
    """A gate and a projection for the layer's own embedding, and its share of the projection
    that makes all layers' inputs."""
    hidden, width = layout.shape.hidden, layout.per_layer
    whole = Split.REPLICATED
    own = (
        Matrix("per_layer_model_projection", hidden, width, Role.OTHER, whole),
        Matrix("per_layer_input_gate", hidden, width, Role.OTHER, whole),
        Matrix("per_layer_projection", width, hidden, Role.OTHER, whole),
    )
    return replace(part, matrices=part.matrices + own)


def _per_layer_tables(keys: Keys, layout: _Layout) -> int:
    """The embedding table of all layers' own inputs, and its norm."""
    if not layout.per_layer:
        return 0
    vocabulary = keys.integer("vocab_size_per_layer_input")
    return vocabulary * layout.shape.layers * layout.per_layer + layout.per_layer
