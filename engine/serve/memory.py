"""Bytes per chip, itemised, and the largest batch that fits: by the engine's own rules.

Engines let a request in while the cache of the tokens at hand is free: those in flight are halfway
through their answers on average. Engines that admit a request only with cache for its whole answer,
and static batches, hold whole contexts. Everything is per chip of the fullest pipeline stage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.hardware.chip import Chip
from engine.hardware.framework import Framework
from engine.hardware.framework_parts import Admission, MemoryPolicy, MemoryShare
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
from engine.serve.load import Load, Static
from engine.serve.requests import Requests
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
class Held:
    """Tokens of context whose cache the requests in flight hold: each of them on average, and one
    with its whole answer. Scalars or columns of (arrangements, 1)."""

    mean_tokens: float | FloatArray
    whole_tokens: float | FloatArray

    @property
    def same_for_all(self) -> bool:
        """Whether all arrangements have requests of the same lengths."""
        return isinstance(self.mean_tokens, float) and isinstance(self.whole_tokens, float)


def held_tokens(requests: Requests, load: Load, framework: Framework) -> Held:
    """What requests hold under a load, as the engine admits them."""
    whole = requests.input_tokens + requests.output_tokens
    at_hand = framework.scheduler.admission is Admission.TOKENS_AT_HAND
    if isinstance(load, Static) or not at_hand:
        return Held(whole, whole)
    return Held(requests.input_tokens + 0.5 * requests.output_tokens, whole)


@dataclass(frozen=True, slots=True)
class Footprint:
    """Bytes per chip: what does not depend on the batch, and what each sequence adds.

    Shapes are (layouts, 1). ``cache_bytes_per_sequence`` is of the mean context held,
    ``cache_bytes_of_whole`` of a whole one. ``activation_bytes_per_token`` is of the largest pass.
    """

    weight_bytes: FloatArray
    cache_bytes_per_sequence: FloatArray
    cache_bytes_of_whole: FloatArray
    logit_bytes_per_sequence: FloatArray
    activation_bytes_per_token: FloatArray
    communication_bytes: FloatArray
    reserve_bytes: float
    capacity_bytes: FloatArray

    def cache_bytes(self, sequences: FloatArray) -> FloatArray:
        """Cache of ``sequences`` of one attention rank: their mean contexts together, at least one
        whole context."""
        together: FloatArray = self.cache_bytes_per_sequence * sequences
        return np.maximum(together, self.cache_bytes_of_whole)


def footprint(
    architecture: Architecture,
    precision: Precision,
    chip: Chip,
    framework: Framework,
    layouts: LayoutArrays,
    held: Held,
) -> Footprint:
    """Bytes per chip of ``layouts`` for requests that hold so many tokens."""
    stage = np.ceil(architecture.layer_count / layouts.pipeline) / architecture.layer_count
    widest = max(_activation_width(block) for block, _ in architecture.blocks())
    vocabulary = float(architecture.vocabulary_size)
    weight_bytes = _weight_bytes(architecture, precision, layouts, stage)
    communication_bytes = np.where(layouts.ranks > 1, 0.4e9, 0.0)
    used_bytes = weight_bytes + communication_bytes + framework.memory.reserve_bytes
    mean = stage * _cache_bytes(architecture, precision, layouts, held.mean_tokens)
    whole = stage * _cache_bytes(architecture, precision, layouts, held.whole_tokens)
    return Footprint(
        weight_bytes=weight_bytes,
        cache_bytes_per_sequence=mean,
        cache_bytes_of_whole=whole,
        logit_bytes_per_sequence=4.0 * vocabulary / layouts.tensor,
        activation_bytes_per_token=2.0 * (4.0 * architecture.hidden_size + widest / layouts.tensor),
        communication_bytes=communication_bytes,
        reserve_bytes=framework.memory.reserve_bytes,
        capacity_bytes=capacity_bytes(chip, framework.memory, used_bytes),
    )


def capacity_bytes(chip: Chip, policy: MemoryPolicy, used_bytes: FloatArray) -> FloatArray:
    """Bytes per chip that the engine fills: its share of the whole, or of what ``used_bytes``
    leave (TensorRT-LLM's ``free_gpu_memory_fraction``) and they themselves."""
    total = float(chip.memory_bytes)
    if policy.share_of is MemoryShare.LEFT:
        left: FloatArray = total - (1.0 - policy.memory_fraction) * (total - used_bytes)
        return left
    return np.full_like(used_bytes, total * policy.memory_fraction)


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
    per_token = core.cached_elements_per_token * precision.kv.bytes_per_element
    if core.window:
        tokens = np.minimum(tokens, float(core.window))
    if isinstance(core, AttentionCore) and core.cross:
        # Held once per request; where the prompt decides how much, the whole context bounds it.
        tokens = np.full_like(tokens, float(core.source_tokens)) if core.source_tokens else tokens
        per_token = core.cached_elements_per_source_token * precision.kv.bytes_per_element
    paged = np.ceil(tokens / PAGE_TOKENS) * PAGE_TOKENS
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
        + usage.cache_bytes(sequences)
        + usage.logit_bytes_per_sequence * np.ceil(sequences / layouts.pipeline)
        + usage.activation_bytes_per_token * step_tokens
    )


def largest_batch(
    usage: Footprint,
    layouts: LayoutArrays,
    prefill_tokens: float,
    sequence_tokens: float | FloatArray,
) -> FloatArray:
    """The largest batch per replica that fits, 0 where not even one does; shape (layouts, 1).

    A pass holds ``sequence_tokens`` per sequence (a whole prompt in static prefill) up to
    ``prefill_tokens``.
    """
    most = _certain_batch(usage, layouts, prefill_tokens, sequence_tokens)
    if bool(np.all(layouts.pipeline == 1.0)):
        return most
    # Stages hold the logits of a micro-batch each, a whole number of sequences.
    while True:
        more = most + layouts.attention_data
        tokens = np.minimum(prefill_tokens, more / layouts.attention_data * sequence_tokens)
        fits = needed_bytes(usage, layouts, more, tokens) <= usage.capacity_bytes
        if not bool(np.any(fits)):
            return most
        most = np.where(fits, more, most)


def _certain_batch(
    usage: Footprint,
    layouts: LayoutArrays,
    prefill_tokens: float,
    sequence_tokens: float | FloatArray,
) -> FloatArray:
    """As `largest_batch`, with room for the logits of one more sequence than a stage may hold."""
    fixed = usage.weight_bytes + usage.communication_bytes + usage.reserve_bytes
    # Logits of one more micro-batch row at most, whatever the batch modulo the stages.
    fixed = fixed + np.where(layouts.pipeline > 1, usage.logit_bytes_per_sequence, 0.0)
    logits = usage.logit_bytes_per_sequence / layouts.pipeline
    each = np.maximum(usage.cache_bytes_per_sequence + logits, 1.0)
    alone = usage.cache_bytes_of_whole + logits
    free = usage.capacity_bytes - fixed
    activation = usage.activation_bytes_per_token
    full = _fitting(free - activation * prefill_tokens, each, alone)
    prompt = activation * sequence_tokens
    growing = _fitting(free, each + prompt, alone + prompt)
    below = np.minimum(growing, np.floor(prefill_tokens / sequence_tokens))
    most: FloatArray = np.maximum(full, below) * layouts.attention_data
    return most


def _fitting(free: FloatArray, each: FloatArray, alone: FloatArray) -> FloatArray:
    """How many times ``each`` fits into ``free`` bytes; 0 where one that stands ``alone`` does
    not."""
    return np.where(alone <= free, np.floor(free / each), 0.0)


def memory_items(
    usage: Footprint, layouts: LayoutArrays, place: int, batch: float, step_tokens: FloatArray
) -> tuple[MemoryItem, ...]:
    """The memory table of the layout at ``place`` with ``batch`` sequences per replica, when the
    largest steps of attention ranks have ``step_tokens`` tokens."""
    sequences = np.ceil(batch / layouts.attention_data)
    columns = {
        "weights": usage.weight_bytes,
        "KV cache and states": usage.cache_bytes(sequences),
        "activations": usage.activation_bytes_per_token * step_tokens,
        "logits": usage.logit_bytes_per_sequence * np.ceil(sequences / layouts.pipeline),
        "communication": usage.communication_bytes,
        "runtime": np.asarray(usage.reserve_bytes),
    }
    shape = layouts.tensor.shape
    return tuple(
        MemoryItem(name, float(np.broadcast_to(column, shape)[place, 0]))
        for name, column in columns.items()
    )
