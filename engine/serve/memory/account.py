"""Bytes per chip, itemised, and the largest batch that fits: by the engine's own rules.

Engines let a request in while the cache of the tokens at hand is free: those in flight are halfway
through their answers on average. Engines that admit a request only with cache for its whole answer,
and static batches, hold whole contexts. Everything is per chip of the fullest pipeline stage.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.hardware.chip import Chip
from engine.hardware.framework import Framework
from engine.hardware.parts.scheduler import Admission
from engine.model.architecture import Architecture
from engine.model.draft import Draft
from engine.model.precision import Precision
from engine.serve.load import Load, Static
from engine.serve.memory.budget import Budget, budget, capacity_bytes
from engine.serve.memory.cache_bytes import cached_layers, exact_bytes, of_prompt, sequence_bytes
from engine.serve.memory.weight_bytes import rank_weight_bytes, stage_share
from engine.serve.requests import Images, Requests
from engine.words.arrays import FloatArray, IntArray, lines
from engine.work.expert_slots import Placing
from engine.work.tokens.step import LayoutArrays


@dataclass(frozen=True, slots=True)
class MemoryItem:
    """One line of the memory table, per chip."""

    name: str
    bytes: float


@dataclass(frozen=True, slots=True)
class PoolMemory:
    """The memory table of a chip of one pool, ``prefill`` or ``decode``, and what its engine
    fills."""

    pool: str
    items: tuple[MemoryItem, ...]
    capacity_bytes: float


@dataclass(frozen=True, slots=True)
class Held:
    """Tokens of context whose cache the requests in flight hold: each of them on average, and one
    with its whole answer. Scalars or columns of (arrangements, 1). ``draft_tokens`` are drafted
    per step, ``shared_tokens`` are the same for all and held once, ``images`` are of a prompt."""

    mean_tokens: float | FloatArray
    whole_tokens: float | FloatArray
    draft_tokens: int = 0
    shared_tokens: float = 0.0
    images: Images | None = None
    prompt_tokens: float | FloatArray = 0.0
    """Of those, the prompt's: an encoder reads them where there is one for prompts, and the decoder
    holds the rest. 0: unknown, so that both may be as long as the whole."""

    @property
    def same_for_all(self) -> bool:
        """Whether all arrangements have requests of the same lengths."""
        return isinstance(self.mean_tokens, float) and isinstance(self.whole_tokens, float)


def held_tokens(requests: Requests, load: Load, framework: Framework) -> Held:
    """What requests hold under a load, as the engine admits them."""
    whole = requests.input_tokens + requests.output_tokens
    at_hand = framework.scheduler.admission is Admission.TOKENS_AT_HAND
    prompt = requests.input_tokens
    if isinstance(load, Static) or not at_hand:
        images = requests.images
        return Held(whole, whole, requests.drafts.tokens, images=images, prompt_tokens=prompt)
    mean = requests.input_tokens + 0.5 * requests.output_tokens * requests.spread.output_bias
    shared = requests.shared_prefix_tokens if framework.scheduler.prefix_caching else 0.0
    return Held(mean, whole, requests.drafts.tokens, shared, requests.images, prompt)


@dataclass(frozen=True, slots=True)
class Footprint:
    """Bytes per chip: what does not depend on the batch, and what each sequence adds.

    Shapes are (layouts, 1). ``cache_bytes_per_sequence`` is of the mean context held,
    ``cache_bytes_of_whole`` of a whole one as it is let in. ``sent_bytes_per_sequence`` is what of
    the mean context goes to another worker; ``shared_bytes`` are of a prefix that all have, once.
    """

    weight_bytes: FloatArray
    cache_bytes_per_sequence: FloatArray
    cache_bytes_of_whole: FloatArray
    sent_bytes_per_sequence: FloatArray
    budget: Budget
    capacity_bytes: FloatArray
    shared_bytes: FloatArray

    def rows(self, rows: IntArray) -> Footprint:
        """Of some of the layouts, each as often as it is named."""
        return Footprint(
            lines(self.weight_bytes, rows),
            lines(self.cache_bytes_per_sequence, rows),
            lines(self.cache_bytes_of_whole, rows),
            lines(self.sent_bytes_per_sequence, rows),
            self.budget.rows(rows),
            lines(self.capacity_bytes, rows),
            lines(self.shared_bytes, rows),
        )

    @property
    def fixed_bytes(self) -> FloatArray:
        """Weights and what else is there before the first request that is not like all others."""
        fixed: FloatArray = self.weight_bytes + self.budget.inside_bytes + self.shared_bytes
        return fixed

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
    draft: Draft | None = None,
    longest_tokens: float | FloatArray = 0.0,
) -> Footprint:
    """Bytes per chip of ``layouts`` for requests that hold so many tokens and are of
    ``longest_tokens`` at most, with the ``draft`` where there is one."""
    stage = stage_share(architecture, layouts)
    weights = drafting_weight_bytes(architecture, precision, chip, framework, layouts, draft)
    beside = budget(architecture, chip, framework, layouts, held.images, longest_tokens)
    layers = cached_layers(architecture, precision, layouts, draft)
    mean, whole, drafts = np.asarray(held.mean_tokens), held.whole_tokens, held.draft_tokens
    if architecture.encoder and not architecture.source_tokens and np.any(held.prompt_tokens):
        layers = of_prompt(layers, held.prompt_tokens)
        mean, whole = mean - held.prompt_tokens, whole - held.prompt_tokens
    used = weights + beside.inside_bytes
    block = framework.cache.block_tokens
    # Windows and states are every sequence's own.
    rest = np.maximum(mean - held.shared_tokens, 0.0)
    shared = stage * (exact_bytes(layers, mean, block) - exact_bytes(layers, rest, block))
    each = stage * sequence_bytes(layers, framework, mean, False, drafts)
    alone = stage * sequence_bytes(layers, framework, whole, True, drafts)
    return Footprint(
        weight_bytes=weights,
        cache_bytes_per_sequence=np.maximum(each - shared, 0.0),
        cache_bytes_of_whole=np.maximum(alone - shared, 0.0),
        sent_bytes_per_sequence=stage * exact_bytes(layers, mean, block),
        budget=beside,
        capacity_bytes=capacity_bytes(
            architecture, chip, framework.memory, used, layouts, longest_tokens
        ),
        shared_bytes=shared,
    )


def drafting_weight_bytes(
    architecture: Architecture,
    precision: Precision,
    chip: Chip,
    framework: Framework,
    layouts: LayoutArrays,
    draft: Draft | None,
) -> FloatArray:
    """Weights of a model on the chip of its fullest stage, and of what drafts for it."""
    storage, placing = framework.storage, Placing.of(framework.capabilities)
    if draft is not None and draft.method in storage.whole_head_drafts:
        storage = replace(storage, divided_head=False)
    built_in = draft is not None and draft.built_in
    weights = rank_weight_bytes(architecture, precision, chip, storage, layouts, placing, built_in)
    weights = weights + storage.loading_bytes
    if draft is None or draft.built_in or draft.architecture is None:
        return weights
    own = draft.architecture
    return weights + rank_weight_bytes(own, draft.precision, chip, storage, layouts, placing)


def needed_bytes(
    usage: Footprint, layouts: LayoutArrays, batch: FloatArray, step_tokens: FloatArray
) -> FloatArray:
    """Bytes per chip for ``batch`` sequences per replica when the largest step of an attention
    rank has ``step_tokens`` tokens."""
    sequences = np.ceil(batch / layouts.attention_data)
    needed: FloatArray = usage.fixed_bytes + usage.cache_bytes(sequences)
    if not usage.budget.grows:
        return needed
    logits = usage.budget.logit_bytes_per_sequence * np.ceil(sequences / layouts.pipeline)
    return needed + logits + usage.budget.activation_bytes_per_token * step_tokens


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
    fixed, beside = usage.fixed_bytes, usage.budget
    # Logits of one more micro-batch row at most, whatever the batch modulo the stages.
    fixed = fixed + np.where(layouts.pipeline > 1, beside.logit_bytes_per_sequence, 0.0)
    logits = beside.logit_bytes_per_sequence / layouts.pipeline
    each = np.maximum(usage.cache_bytes_per_sequence + logits, 1.0)
    alone = usage.cache_bytes_of_whole + logits
    free = usage.capacity_bytes - fixed
    activation = beside.activation_bytes_per_token
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
    growing = usage.budget
    columns = {
        "weights": usage.weight_bytes,
        "KV cache and states": usage.cache_bytes(sequences),
        "shared prefix": usage.shared_bytes,
        **dict(growing.inside),
    }
    if "activations" not in columns:
        columns["activations"] = growing.activation_bytes_per_token * step_tokens
        micro_batch = np.ceil(sequences / layouts.pipeline)
        columns["logits"] = growing.logit_bytes_per_sequence * micro_batch
    shape = layouts.tensor.shape
    items = (
        MemoryItem(name, float(np.broadcast_to(column, shape)[place, 0]))
        for name, column in columns.items()
    )
    return tuple(item for item in items if item.bytes > 0)
