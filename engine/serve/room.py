"""How many requests a deployment lets in: by memory, by the scheduler, by their context."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

import numpy as np

from engine.serve.load import Load
from engine.serve.memory.account import (
    MemoryItem,
    held_tokens,
    largest_batch,
    memory_items,
    needed_bytes,
)
from engine.serve.memory.budget import unfree_bytes
from engine.serve.outcome import Memory
from engine.serve.requests import Requests
from engine.serve.system import System
from engine.words.arrays import BoolArray, FloatArray, IntArray
from engine.work.layout import Layout
from engine.work.tokens import LayoutArrays


class Room:
    """Memory and scheduler of layouts for requests under a load: columns of (layouts, 1).

    ``memory_size`` and ``scheduler_size`` are the most sequences per replica that each admits.
    """

    def __init__(
        self, system: System, layouts: Sequence[Layout], requests: Requests, load: Load
    ) -> None:
        self.layouts = LayoutArrays.of(layouts)
        self.prefill_tokens = float(system.engine.scheduler.prefill_tokens)
        self.prompt_tokens = np.asarray(requests.input_tokens, dtype=float)
        self.context_tokens = requests.context_tokens
        self.usage = system.footprint(layouts, held_tokens(requests, load, system.engine))
        self.memory_size = largest_batch(
            self.usage, self.layouts, self.prefill_tokens, self.prompt_tokens
        )
        self.unfree_bytes = unfree_bytes(system.chip, system.engine.memory)
        if self.unfree_bytes > 0:
            self.memory_size = np.zeros_like(self.memory_size)
        most = float(system.engine.scheduler.max_sequences)
        self.scheduler_size = most * self.layouts.attention_data
        # The first token comes out of prefill, so that the last needs no place of its own.
        longest = np.maximum(self.context_tokens, requests.longest_tokens)
        fits = longest - 1.0 <= system.context_limit
        self.context_fits: BoolArray = np.broadcast_to(fits, self.memory_size.shape)

    def rows(self, rows: IntArray) -> Room:
        """Of some of the layouts, each as often as it is named."""
        found = copy(self)
        found.layouts, found.usage = self.layouts.rows(rows), self.usage.rows(rows)
        found.memory_size, found.scheduler_size = self.memory_size[rows], self.scheduler_size[rows]
        found.context_fits = self.context_fits[rows]
        return found

    @property
    def limit(self) -> FloatArray:
        """Sequences per replica that are let in."""
        return np.minimum(self.memory_size, self.scheduler_size)

    def step_tokens(self, batch: FloatArray) -> FloatArray:
        """Tokens of the largest pass of one attention rank that serves its part of ``batch``
        sequences: their whole prompts, or the engine's budget."""
        if not self.usage.budget.grows:
            # Set aside for the largest pass there may be.
            return np.full(1, self.prefill_tokens)
        sequences = np.ceil(batch / self.layouts.attention_data)
        tokens: FloatArray = np.minimum(self.prefill_tokens, sequences * self.prompt_tokens)
        return tokens

    def memory(self, batch: FloatArray, copies: FloatArray) -> Memory:
        """Memory of ``batch`` sequences on each of ``copies`` of the layouts."""
        usage = self.usage
        pass_bytes = usage.budget.activation_bytes_per_token * self.prefill_tokens
        free = usage.capacity_bytes - usage.fixed_bytes - pass_bytes + usage.shared_bytes
        whole = usage.cache_bytes_of_whole + usage.shared_bytes
        tokens = np.floor(np.maximum(free, 0.0) * self.context_tokens / np.maximum(whole, 1.0))
        needed = needed_bytes(usage, self.layouts, batch, self.step_tokens(batch))
        if self.unfree_bytes > 0:
            # The engine asks for its whole share before it loads anything.
            needed = np.maximum(needed, usage.capacity_bytes)
        return Memory(
            needed_bytes=needed,
            capacity_bytes=usage.capacity_bytes - self.unfree_bytes,
            memory_size=self.memory_size,
            scheduler_size=self.scheduler_size,
            context_fits=self.context_fits,
            cache_tokens=tokens * self.layouts.attention_data * copies,
            cache_bytes=np.maximum(free, 0.0),
        )

    def items(self, place: int, batch: float) -> tuple[MemoryItem, ...]:
        """The memory table of the layout at ``place`` with ``batch`` sequences."""
        step_tokens = self.step_tokens(np.array([[batch]]))
        return memory_items(self.usage, self.layouts, place, batch, step_tokens)

    def capacity_of(self, place: int) -> float:
        """Bytes per chip that the engine fills with the layout at ``place``."""
        shape = self.layouts.tensor.shape
        return float(np.broadcast_to(self.usage.capacity_bytes, shape)[place, 0])
