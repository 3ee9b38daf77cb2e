"""Bytes per chip, itemised, and the largest batch that fits.

Cache is counted for whole requests (prompt and answer), so that a batch that fits never has to
be preempted. Everything is per chip of the fullest pipeline stage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.hardware.chip import Chip
from engine.hardware.framework import Framework
from engine.model.architecture import (
    Architecture,
    AttentionCore,
    Block,
    Core,
    LatentCore,
    StateCore,
)
from engine.model.bytes import Part, Parts, Spread, stored_weights
from engine.model.precision import Precision
from engine.words.arrays import FloatArray
from engine.work.tokens.step import LayoutArrays

PAGE_TOKENS = 16
"""Cache is handed out in pages of this many tokens (vLLM's default block size)."""


@dataclass(frozen=True, slots=True)
class MemoryItem:
    """One line of the memory table, per chip."""

    name: str
    bytes: float


@dataclass(frozen=True, slots=True)
class Footprint:
    """Bytes per chip: what does not depend on the batch, and what each sequence adds.

    Shapes are (layouts, 1). ``step_bytes_per_token`` is activations of the largest step.
    """

    weight_bytes: FloatArray
    cache_bytes_per_sequence: FloatArray
    logit_bytes_per_sequence: FloatArray
    activation_bytes_per_token: FloatArray
    communication_bytes: FloatArray
    reserve_bytes: float
    capacity_bytes: float


def footprint(
    architecture: Architecture,
    precision: Precision,
    chip: Chip,
    framework: Framework,
    layouts: LayoutArrays,
    context_tokens: float | FloatArray,
) -> Footprint:
    """Bytes per chip of ``layouts`` for requests of ``context_tokens`` in all."""
    stage = np.ceil(architecture.layer_count / layouts.pipeline) / architecture.layer_count
    widest = max(_activation_width(block) for block, _ in architecture.blocks())
    vocabulary = float(architecture.vocabulary_size)
    return Footprint(
        weight_bytes=_weight_bytes(architecture, precision, layouts, stage),
        cache_bytes_per_sequence=stage
        * _cache_bytes(architecture, precision, layouts, context_tokens),
        logit_bytes_per_sequence=4.0 * vocabulary / layouts.tensor,
        activation_bytes_per_token=2.0 * (4.0 * architecture.hidden_size + widest / layouts.tensor),
        communication_bytes=np.where(layouts.ranks > 1, 0.4e9, 0.0),
        reserve_bytes=framework.memory.reserve_bytes,
        capacity_bytes=chip.memory_bytes * framework.memory.memory_fraction,
    )


def _weight_bytes(
    architecture: Architecture, precision: Precision, layouts: LayoutArrays, stage: FloatArray
) -> FloatArray:
    held = stored_weights(architecture, precision)
    embedding, head = held.embedding / layouts.tensor, held.head / layouts.tensor
    ends = np.where(layouts.pipeline > 1, np.maximum(embedding, head), embedding + head)
    # Held once however many layers use them, if those are on the same pipeline stage.
    shared = _rank_bytes(held.shared, layouts) / layouts.pipeline
    total: FloatArray = stage * _rank_bytes(held.layers, layouts) + ends + held.beside - shared
    return total


def _rank_bytes(kinds: Sequence[Parts], layouts: LayoutArrays) -> FloatArray:
    """Bytes of layers that one rank holds, all pipeline stages together."""
    total = np.zeros_like(layouts.tensor)
    for kind in kinds:
        one = np.zeros_like(layouts.tensor)
        for part in kind.parts:
            one = one + part.bytes / _ranks_dividing(part, layouts)
        total = total + kind.count * one
    return total


def _ranks_dividing(part: Part, layouts: LayoutArrays) -> FloatArray:
    match part.spread:
        case Spread.TENSOR:
            return layouts.tensor
        case Spread.KV_HEADS:
            return np.minimum(layouts.tensor, float(part.heads))
        case Spread.EXPERTS:
            return layouts.ranks
        case Spread.NONE:
            return np.ones_like(layouts.tensor)


def _cache_bytes(
    architecture: Architecture,
    precision: Precision,
    layouts: LayoutArrays,
    context_tokens: float | FloatArray,
) -> FloatArray:
    """Bytes one sequence holds on one chip, over all layers."""
    total = np.zeros_like(layouts.tensor)
    for block, count in architecture.blocks():
        for core in block.cores:
            total = total + count * _core_cache_bytes(core, precision, layouts, context_tokens)
    return total


def _core_cache_bytes(
    core: Core, precision: Precision, layouts: LayoutArrays, context_tokens: float | FloatArray
) -> FloatArray:
    if isinstance(core, StateCore):
        state = core.state_elements * core.state_bytes_per_element
        return (state + core.convolution_elements * 2.0) / layouts.tensor
    tokens = np.asarray(context_tokens, dtype=float)
    if core.window:
        tokens = np.minimum(tokens, float(core.window))
    paged = np.ceil(tokens / PAGE_TOKENS) * PAGE_TOKENS
    per_token = core.cached_elements_per_token * precision.kv.bytes_per_element
    if isinstance(core, LatentCore):
        # One latent serves all heads, so every tensor rank keeps the whole of it.
        return paged * per_token * np.ones_like(layouts.tensor)
    if isinstance(core, AttentionCore) and core.kv_heads:
        return paged * per_token / np.minimum(layouts.tensor, float(core.kv_heads))
    return np.zeros_like(layouts.tensor)


def _activation_width(block: Block) -> float:
    """Elements per token of a layer's widest intermediate results."""
    widest = max((m.outputs for m in block.matrices), default=0)
    if block.experts is not None:
        widest = max(widest, block.experts.matrices[0].outputs * block.experts.top_k)
    return 2.0 * widest


def needed_bytes(
    usage: Footprint, layouts: LayoutArrays, batch: FloatArray, step_tokens: FloatArray
) -> FloatArray:
    """Bytes per chip for ``batch`` sequences per replica when the largest step of an attention
    rank has ``step_tokens`` tokens."""
    sequences = np.ceil(batch / layouts.attention_data)
    return (
        usage.weight_bytes
        + usage.communication_bytes
        + usage.reserve_bytes
        + usage.cache_bytes_per_sequence * sequences
        + usage.logit_bytes_per_sequence * np.ceil(sequences / layouts.pipeline)
        + usage.activation_bytes_per_token * step_tokens
    )


def largest_batch(
    usage: Footprint,
    layouts: LayoutArrays,
    chunk_tokens: float,
    sequence_tokens: float | FloatArray,
    capacity_bytes: FloatArray | None = None,
) -> FloatArray:
    """The largest batch per replica that fits, 0 where not even one does; shape (layouts, 1).

    A pass holds ``sequence_tokens`` per sequence (a whole prompt in static prefill) up to
    ``chunk_tokens``.
    """
    fixed = usage.weight_bytes + usage.communication_bytes + usage.reserve_bytes
    # Logits of one more micro-batch row at most, whatever the batch modulo the stages.
    fixed = fixed + np.where(layouts.pipeline > 1, usage.logit_bytes_per_sequence, 0.0)
    each = usage.cache_bytes_per_sequence + usage.logit_bytes_per_sequence / layouts.pipeline
    free = (usage.capacity_bytes if capacity_bytes is None else capacity_bytes) - fixed
    activation = usage.activation_bytes_per_token
    full = np.floor((free - activation * chunk_tokens) / np.maximum(each, 1.0))
    growing = np.floor(free / np.maximum(each + activation * sequence_tokens, 1.0))
    below = np.minimum(growing, np.floor(chunk_tokens / sequence_tokens))
    most: FloatArray = np.maximum(np.maximum(full, below), 0.0) * layouts.attention_data
    return most


def memory_items(
    usage: Footprint, layouts: LayoutArrays, batch: int, step_tokens: float
) -> tuple[MemoryItem, ...]:
    """The memory table of one layout and batch."""
    sequences = float(np.ceil(batch / layouts.attention_data[0, 0]))
    micro = float(np.ceil(sequences / layouts.pipeline[0, 0]))

    def at(column: FloatArray) -> float:
        return float(np.broadcast_to(column, layouts.tensor.shape)[0, 0])

    return (
        MemoryItem("weights", at(usage.weight_bytes)),
        MemoryItem("KV cache and states", at(usage.cache_bytes_per_sequence) * sequences),
        MemoryItem("activations", at(usage.activation_bytes_per_token) * step_tokens),
        MemoryItem("logits", at(usage.logit_bytes_per_sequence) * micro),
        MemoryItem("communication", at(usage.communication_bytes)),
        MemoryItem("runtime", usage.reserve_bytes),
    )
