"""Bytes of cache that sequences hold on one chip, as the engine hands them out.

An engine either has one pool of pages that groups of layers share, in which a page of one group is
as large as one of any other (vLLM), or pools of their own for layers with a window and for states
(SGLang), or gives every layer what it needs. Sources: the engines' own rules by version, named in
their profiles.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.hardware.framework import Framework
from engine.hardware.parts.memory import CachePolicy, WindowCache
from engine.model.architecture import Architecture
from engine.model.blocks import Block
from engine.model.bytes import core_state_bytes
from engine.model.cores import AttentionCore, LatentCore, StateCore
from engine.model.draft import Draft
from engine.model.precision import Precision
from engine.serve.memory.compressed_cache import CompressedLayers
from engine.words.arrays import FloatArray
from engine.work.tokens.step import LayoutArrays

GROUPED_WITHIN = 1.5
"""Kinds of layers whose numbers differ by less than this are padded to the larger (vLLM)."""


@dataclass(frozen=True, slots=True)
class Layers:
    """Layers that cache alike: how many, and what one of them holds on one chip.

    ``token_bytes`` and ``state_bytes`` are columns; ``window`` is 0 without one. One entry stands
    for ``entry_tokens`` tokens, and has a key of an index where it is ``indexed``.
    """

    count: float
    token_bytes: FloatArray
    state_bytes: FloatArray
    window: float = 0.0
    entry_tokens: float = 1.0
    indexed: bool = False
    source_tokens: float | FloatArray = 0.0
    """Tokens of an encoder that it holds whatever the context; 0 for the context's own."""
    cross: bool = False
    """Whether it looks at what an encoder made of the request."""

    @property
    def is_state(self) -> bool:
        """Whether it holds a state, however long the context."""
        return bool(np.any(self.state_bytes > 0))


def cached_layers(
    architecture: Architecture,
    precision: Precision,
    layouts: LayoutArrays,
    draft: Draft | None = None,
) -> tuple[Layers, ...]:
    """Everything that caches, layers that do it alike together, with those that draft."""
    found: dict[object, Layers] = {}
    every = [*architecture.blocks(), *_drafting_blocks(architecture, draft)]
    for block, count in every:
        for core in block.cores:
            key = (type(core), core) if isinstance(core, StateCore) else _shape(core)
            one = _layers(core, count, precision, layouts)
            if not (np.any(one.token_bytes > 0) or one.is_state):
                continue
            before = found[key].count if key in found else 0.0
            found[key] = replace(one, count=before + count)
    return tuple(found.values())


def _drafting_blocks(
    architecture: Architecture, draft: Draft | None
) -> Iterable[tuple[Block, int]]:
    if draft is None:
        return ()
    if draft.built_in:
        return ((one.block, one.count) for one in architecture.prediction_layers)
    return draft.architecture.blocks() if draft.architecture is not None else ()


def _shape(core: AttentionCore | LatentCore) -> object:
    heads = core.kv_heads if isinstance(core, AttentionCore) else 0
    cross = isinstance(core, AttentionCore) and core.cross and core.cached_elements_per_source_token
    return type(core), core.window, core.cached_elements_per_token, heads, cross


def _layers(
    core: AttentionCore | LatentCore | StateCore,
    count: int,
    precision: Precision,
    layouts: LayoutArrays,
) -> Layers:
    none = np.zeros_like(layouts.tensor)
    if isinstance(core, StateCore):
        return Layers(count, none, core_state_bytes(core) / layouts.tensor)
    per_token = core.cached_elements_per_token * precision.kv.bytes_per_element
    ranks = np.ones_like(layouts.tensor)
    # One latent serves all heads, so every tensor rank keeps the whole of it.
    if isinstance(core, AttentionCore) and core.kv_heads:
        ranks = np.minimum(layouts.tensor, float(core.kv_heads))
    window, entry, indexed, source = float(core.window or 0), 1.0, False, 0.0
    cross = isinstance(core, AttentionCore) and core.cross
    if isinstance(core, AttentionCore) and core.cross:
        # Held once per request; where the prompt decides how much, the whole context bounds it.
        source = float(core.source_tokens)
        per_token = core.cached_elements_per_source_token * precision.kv.bytes_per_element
    if isinstance(core, LatentCore):
        entry, indexed = float(core.tokens_per_entry), core.owns_index
    return Layers(count, per_token / ranks, none, window, entry, indexed, source, cross)


def of_prompt(layers: Sequence[Layers], tokens: float | FloatArray) -> tuple[Layers, ...]:
    """``layers``, those that look at an encoder with so many tokens of a prompt in it."""
    return tuple(replace(one, source_tokens=tokens) if one.cross else one for one in layers)


def sequence_bytes(
    layers: Sequence[Layers],
    engine: Framework,
    tokens: float | FloatArray,
    admitted: bool,
    drafts: int = 0,
) -> FloatArray:
    """Bytes of the pool that a sequence of ``tokens`` takes over all layers: while it is served,
    or (``admitted``) that must be free for it to be let in. Every draft token has a state of its
    own."""
    policy = engine.cache
    held = np.asarray(tokens, dtype=float)
    compressed = compressed_layers(layers)
    if compressed is not None and _has_rule(policy):
        ones = np.ones_like(layers[0].token_bytes)
        if policy.window_ratio:
            return held * compressed.token_bytes() * ones
        chunk = float(engine.scheduler.prefill_tokens) if admitted else 1.0
        return compressed.paged_bytes(held, chunk) * ones
    if policy.window_ratio or policy.state_ratio:
        return _in_pools(layers, policy, held, _state_slots(engine))
    if policy.window_cache is WindowCache.PASS_TOO:
        chunk = float(engine.scheduler.prefill_tokens) if admitted else 1.0
        return _in_groups(layers, policy, held, chunk, _state_slots(engine) + drafts)
    return exact_bytes(layers, held, policy.block_tokens)


def _state_slots(engine: Framework) -> float:
    """States that a request holds: the one that it goes on from where none is kept for others."""
    return engine.cache.state_slots if engine.scheduler.prefix_caching else 1.0


def _has_rule(policy: CachePolicy) -> bool:
    return bool(policy.window_ratio) or policy.window_cache is WindowCache.PASS_TOO


def compressed_layers(layers: Sequence[Layers]) -> CompressedLayers | None:
    """What compresses its entries beside windows; None where nothing does."""
    sparse = [one for one in layers if one.entry_tokens > 1.0 and one.indexed]
    heavy = [one for one in layers if one.entry_tokens > 1.0 and not one.indexed]
    windows = [one for one in layers if one.window]
    if len(sparse) != 1 or len(heavy) != 1 or len(windows) != 1:
        return None
    return CompressedLayers(
        sparse[0].count,
        sparse[0].entry_tokens,
        heavy[0].count,
        heavy[0].entry_tokens,
        windows[0].count,
        windows[0].window,
    )


def exact_bytes(layers: Sequence[Layers], tokens: FloatArray, block_tokens: int) -> FloatArray:
    """What every layer needs: whole pages of the tokens inside its window, and states."""
    total = np.zeros_like(layers[0].token_bytes) if layers else np.zeros((1, 1))
    for one in layers:
        context = one.source_tokens + 0.0 * tokens if _sourced(one) else tokens
        inside = np.minimum(context, one.window) if one.window else context
        paged = np.ceil(inside / block_tokens) * block_tokens
        total = total + one.count * (paged * one.token_bytes + one.state_bytes)
    return total


def _sourced(one: Layers) -> bool:
    """Whether an encoder's tokens are known."""
    return bool(np.any(np.asarray(one.source_tokens) > 0))


def _in_groups(
    layers: Sequence[Layers],
    policy: CachePolicy,
    tokens: FloatArray,
    chunk: float,
    states: float,
) -> FloatArray:
    """One pool of pages for groups of as many layers each."""
    total = np.zeros_like(layers[0].token_bytes) if layers else np.zeros((1, 1))
    size = _group_size([one.count for one in layers])
    block = _block_tokens(layers, policy)
    for one in layers:
        count = np.ceil(one.count / size) * size if len(layers) > 1 else one.count
        if one.is_state:
            pages = states * _state_page_bytes(layers, one, block)
        elif one.window:
            blocks = np.ceil(np.minimum(tokens, one.window - 1.0 + chunk) / block) + 1.0
            if chunk == 1.0:
                blocks = np.minimum(blocks, np.ceil(tokens / block))
            pages = blocks * block * one.token_bytes
        else:
            context = one.source_tokens + 0.0 * tokens if _sourced(one) else tokens
            pages = np.ceil(context / block) * block * one.token_bytes
        total = total + count * pages
    return total


def printed_token_bytes(layers: Sequence[Layers], policy: CachePolicy) -> FloatArray:
    """Bytes of the pool per token of one group's pages, which all groups have as many of."""
    size = _group_size([one.count for one in layers])
    block = _block_tokens(layers, policy)
    groups = sum(np.ceil(one.count / size) for one in layers)
    pages = [one.token_bytes for one in layers if not one.is_state]
    states = [one.state_bytes / block for one in layers if one.is_state]
    printed: FloatArray = groups * size * np.max(pages or states, axis=0)
    return printed


def _group_size(counts: Sequence[float]) -> float:
    if not counts:
        return 1.0
    least, most = min(counts), max(counts)
    return most if most < GROUPED_WITHIN * least else least


def _block_tokens(layers: Sequence[Layers], policy: CachePolicy) -> FloatArray:
    """Tokens of a page: as many as make it hold a state, in multiples of the kernels' block."""
    block = np.full_like(layers[0].token_bytes, float(policy.block_tokens)) if layers else 16.0
    states = [one.state_bytes for one in layers if one.is_state]
    tokens = [one.token_bytes for one in layers if not one.is_state and not one.window]
    if not states or not tokens:
        return np.asarray(block)
    needed = np.max(states, axis=0) / np.max(tokens, axis=0) / policy.block_tokens
    blocks: FloatArray = np.maximum(np.ceil(needed), 1.0)
    return blocks * policy.block_tokens


def _state_page_bytes(layers: Sequence[Layers], state: Layers, block: FloatArray) -> FloatArray:
    """A state fills a page, which is as large as those of layers with keys and values."""
    tokens = [one.token_bytes for one in layers if not one.is_state and not one.window]
    if not tokens:
        return state.state_bytes
    page: FloatArray = np.maximum(block * np.max(tokens, axis=0), state.state_bytes)
    return page


def _in_pools(
    layers: Sequence[Layers], policy: CachePolicy, tokens: FloatArray, slots: float
) -> FloatArray:
    """Pools of their own: a sequence takes as much of the whole as of the pool it fills first."""
    sources = [one for one in layers if _sourced(one)]
    if sources:
        rest = [one for one in layers if not _sourced(one)]
        held = exact_bytes(sources, tokens, policy.block_tokens)
        return held + _in_pools(rest, policy, tokens, slots) if rest else held
    keyed = [one for one in layers if not one.is_state]
    windows = [one.window for one in keyed if one.window]
    largest = max(windows, default=0.0)
    span = tokens
    if _has_window_pool(keyed, policy):
        span = np.maximum(tokens, np.minimum(tokens, largest) / policy.window_ratio)
    elif keyed and len(windows) == len(keyed):
        span = np.minimum(tokens, largest)
    paged = np.ceil(span / policy.block_tokens) * policy.block_tokens
    held = paged * keyed_token_bytes(layers, policy)
    states = sum((one.count * one.state_bytes for one in layers if one.is_state), 0.0 * held)
    if not policy.state_ratio or not np.any(states > 0):
        return held + states
    share = policy.state_ratio / (1.0 + policy.state_ratio)
    kept = slots * states
    return np.maximum(held / (1.0 - share), kept / share) if keyed else kept


def keyed_token_bytes(layers: Sequence[Layers], policy: CachePolicy) -> FloatArray:
    """Bytes of keys and values in pools per token of the pool without a window."""
    compressed = compressed_layers(layers)
    if compressed is not None:
        return compressed.token_bytes() * np.ones_like(layers[0].token_bytes)
    keyed = [one for one in layers if not one.is_state and not _sourced(one)]
    ratio = policy.window_ratio if _has_window_pool(keyed, policy) else 1.0
    total = np.zeros_like(layers[0].token_bytes) if layers else np.zeros((1, 1))
    for one in keyed:
        total = total + one.count * one.token_bytes * (ratio if one.window else 1.0)
    return total


def _has_window_pool(keyed: Sequence[Layers], policy: CachePolicy) -> bool:
    windows = [bool(one.window) for one in keyed]
    return bool(policy.window_ratio) and any(windows) and not all(windows)


def keyed_share(layers: Sequence[Layers], policy: CachePolicy) -> float:
    """Share of the pool for keys and values, beside one of states."""
    if compressed_layers(layers) is not None:
        return 1.0
    has = any(one.is_state for one in layers) and any(not one.is_state for one in layers)
    return 1.0 / (1.0 + policy.state_ratio) if has and policy.state_ratio else 1.0
