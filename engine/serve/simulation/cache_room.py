"""What one attention rank has for caches, and what a sequence of so many tokens takes of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.serve.load import Closed
from engine.serve.memory.account import held_tokens
from engine.serve.memory.cache_bytes import cached_layers, sequence_bytes
from engine.serve.memory.weight_bytes import stage_share
from engine.serve.requests import Requests
from engine.serve.simulation.grid import doubling
from engine.serve.system import System
from engine.words.arrays import BoolArray, FloatArray
from engine.work.layout import Layout
from engine.work.tokens import LayoutArrays


@dataclass(frozen=True, slots=True)
class CacheRoom:
    """``bytes`` are what all sequences of a rank may hold together, of one pipeline micro-batch;
    `of` is what one of them holds."""

    bytes: float
    longest: float
    """Tokens of a request at most."""
    nodes: FloatArray
    held: FloatArray

    def of(self, tokens: FloatArray) -> FloatArray:
        """Bytes of sequences of ``tokens``."""
        found: FloatArray = np.interp(tokens, self.nodes, self.held)
        return found

    def takes(self, inputs: FloatArray, outputs: FloatArray) -> BoolArray:
        """Whether requests of such lengths are ever let in: the last token needs no place."""
        fits: BoolArray = self.of(inputs + outputs) <= self.bytes
        return fits & (inputs + outputs - 1.0 <= self.longest)


def cache_room(system: System, layout: Layout, requests: Requests, longest: float) -> CacheRoom:
    """The room on ``layout`` for contexts up to ``longest`` tokens, by the engine's own rules."""
    usage = system.footprint((layout,), held_tokens(requests, Closed(), system.engine))
    layouts = LayoutArrays.of((layout,))
    beside = usage.budget
    step_tokens = float(system.engine.scheduler.prefill_tokens)
    free = usage.capacity_bytes - usage.fixed_bytes
    free = free - beside.activation_bytes_per_token * step_tokens
    draft = system.drafter if requests.drafts.tokens else None
    layers = cached_layers(system.tokens_model, system.precision, layouts, draft)
    nodes = np.array(doubling(16.0, max(longest, 17.0), 1.5))[np.newaxis, :]
    stage = stage_share(system.tokens_model, layouts)
    held = stage * sequence_bytes(layers, system.engine, nodes, False, requests.drafts.tokens)
    held = held + beside.logit_bytes_per_sequence / layouts.pipeline
    room = float(np.asarray(free)[0, 0]) / layout.pipeline
    return CacheRoom(room, system.context_limit, nodes[0], np.broadcast_to(held, nodes.shape)[0])
