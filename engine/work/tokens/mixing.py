"""The work that depends on each sequence's position: attention, sparse indices, states."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.hardware.roofline import Place, Work
from engine.model.cores import AttentionCore, LatentCore, StateCore
from engine.words.arrays import FloatArray
from engine.work.tokens.operators import Mixing
from engine.work.tokens.placed import Placed
from engine.work.tokens.step import LayoutArrays, Source, Step


def mixing_work(placed: Placed, step: Step, source: Source | None = None) -> Iterator[Work]:
    """The kernels that depend on one group of sequences alone: attention and states."""
    for mixing in placed.inventory.mixings:
        yield from core_work(mixing, placed.layouts, step, source)


def core_work(
    mixing: Mixing, layouts: LayoutArrays, step: Step, source: Source | None = None
) -> list[Work]:
    """The kernels of one core for one group of sequences, by its kind."""
    core = mixing.core
    if isinstance(core, AttentionCore):
        return _attention_work(mixing, core, layouts, step, source if core.cross else None)
    if isinstance(core, LatentCore):
        return _latent_work(mixing, core, layouts, step)
    return [_state_work(mixing, core, layouts, step)]


def _mixing_record(
    mixing: Mixing,
    step: Step,
    name: str,
    flops: FloatArray,
    traffic: FloatArray,
    items: FloatArray | None = None,
    item_heads: FloatArray | float = 1.0,
    rows: FloatArray | None = None,
) -> Work:
    """``items`` of ``item_heads`` query heads each are read at once; ``rows`` are queries that a
    product of a decode step takes at once, each against the same keys."""
    return Work(
        name=name,
        kernel=mixing.decode_kernel if step.decode else mixing.prefill_kernel,
        constants=mixing.decode_constants if step.decode else mixing.prefill_constants,
        peak_flops=mixing.decode_peak_flops if step.decode else mixing.prefill_peak_flops,
        calls=mixing.calls,
        flops=flops,
        bytes=traffic,
        size=rows if step.decode else np.maximum(step.queries, 1.0),
        items=items if step.decode else None,
        item_heads=item_heads,
        place=Place.CORE,
    )


def _attention_work(
    mixing: Mixing,
    core: AttentionCore,
    layouts: LayoutArrays,
    step: Step,
    source: Source | None,
) -> list[Work]:
    query_heads = core.query_heads / layouts.tensor
    kv_heads = core.kv_heads / np.minimum(layouts.tensor, float(core.kv_heads))
    visible = step.visible(core.window, core.top_k)
    loaded = step.loaded()
    if step.decode:
        # Each query of a verifying step selects keys of its own.
        loaded = np.minimum(step.loaded(core.window), visible * step.queries)
    if source is not None:
        visible = loaded = np.broadcast_to(source.tokens, np.shape(visible))
    elif core.source_tokens:
        visible = loaded = np.full_like(visible, float(core.source_tokens))
    widths = core.key_dim + core.value_dim
    flops = (2.0 * widths) * query_heads * (step.tokens * visible)
    cache = kv_heads * widths * mixing.cache_bytes_per_element * (step.sequences * loaded)
    if step.decode:
        cache = cache * mixing.cache_reads
    own = query_heads * widths * 2.0 * step.tokens
    items, shared_by = step.sequences * kv_heads, query_heads / kv_heads
    works = [_mixing_record(mixing, step, "attention", flops, cache + own, items, shared_by)]
    if mixing.index_constants is not None and core.index_heads:
        index_heads = core.index_heads / np.minimum(layouts.tensor, float(core.index_heads))
        works.append(_index_work(mixing, index_heads, core.index_dim, step))
    return works


def _latent_work(mixing: Mixing, core: LatentCore, layouts: LayoutArrays, step: Step) -> list[Work]:
    heads = core.heads / layouts.tensor
    visible = step.visible(core.window, core.top_k) / core.tokens_per_entry
    computed_heads, computed = heads, visible
    if mixing.sparse_heads and core.top_k is not None and not step.decode:
        computed_heads = np.maximum(heads, mixing.sparse_heads)
        computed = np.full_like(visible, core.top_k / core.tokens_per_entry)
    absorbed = step.decode or core.top_k is not None or not core.expanded
    if absorbed:
        per_pair = 2.0 * (2 * core.latent_dim + core.rope_dim)
        read = np.minimum(step.loaded(core.window) / core.tokens_per_entry, visible * step.queries)
        elements = (core.latent_dim + core.rope_dim) * (step.sequences * read)
        own = heads * (2 * core.latent_dim + core.rope_dim) * 2.0 * step.tokens
    else:
        widths = core.nope_dim + core.rope_dim + core.value_dim
        per_pair = 2.0 * widths
        elements = heads * widths * (step.sequences * step.loaded(core.window))
        own = heads * widths * 2.0 * step.tokens
    flops = per_pair * computed_heads * (step.tokens * computed)
    traffic = elements * mixing.cache_bytes_per_element + own
    works = [
        _mixing_record(mixing, step, "latent attention", flops, traffic, rows=heads * step.queries)
    ]
    if mixing.index_constants is not None and core.owns_index:
        entry = float(core.tokens_per_entry)
        works.append(_index_work(mixing, core.index_heads, core.index_dim, step, entry))
    return works


def _index_work(
    mixing: Mixing,
    heads: float | FloatArray,
    width: int,
    step: Step,
    tokens_per_entry: float = 1.0,
) -> Work:
    """Scores of DeepSeek sparse attention: every query against every index key, FP8 keys."""
    assert mixing.index_constants is not None
    visible = step.visible() / tokens_per_entry
    keys = step.sequences * (visible if step.decode else step.loaded() / tokens_per_entry)
    return Work(
        name="sparse index",
        kernel="sparse_index.bf16",
        constants=mixing.index_constants,
        peak_flops=mixing.decode_peak_flops,
        calls=mixing.calls,
        flops=(2.0 * heads * width) * (step.tokens * visible),
        bytes=width * keys + heads * width * 2.0 * step.tokens,
        place=Place.CORE,
    )


def _state_work(mixing: Mixing, core: StateCore, layouts: LayoutArrays, step: Step) -> Work:
    share = 1.0 / layouts.tensor
    state = core.state_elements * core.state_bytes_per_element + core.convolution_elements * 2.0
    # Read once per sequence in a decode step and written once per query, since any of them may be
    # the last that is kept; read and written once per chunk of a prompt in prefill.
    moved = 1.0 + step.queries if step.decode else 2.0 * np.ceil(step.queries / 64.0)
    return _mixing_record(
        mixing,
        step,
        core.kind,
        (core.flops_per_token * share) * step.tokens,
        (state * share) * (step.sequences * moved),
    )
