"""What a server prints when it starts: weights, room for the cache, whether it starts at all."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.hardware.parts.memory import FirstContext, PrintedTokens
from engine.serve.memory.account import Held, MemoryItem
from engine.serve.memory.budget import unfree_bytes
from engine.serve.memory.cache_bytes import (
    cached_layers,
    compressed_layers,
    keyed_share,
    keyed_token_bytes,
    printed_token_bytes,
)
from engine.serve.memory.weight_bytes import stage_share
from engine.serve.system import System
from engine.words.arrays import FloatArray
from engine.words.quantities import GIB
from engine.work.arrangement import Aggregated, Arrangement, Disaggregated
from engine.work.layout import Layout
from engine.work.tokens import LayoutArrays

UNSAID_CONTEXT = 4096
"""Tokens of a request where neither the model nor anybody says."""


@dataclass(frozen=True, slots=True)
class Startup:
    """The memory of one chip as its server starts, and what one copy of the deployment holds.

    ``pool_bytes`` is what is left for the cache, below 0 where weights do not fit. ``tokens`` and
    ``sequences`` are of requests as long as may be, over all attention ranks of one replica.
    """

    context_tokens: float
    most_sequences: int
    """Sequences of one attention rank that are served at once at most."""
    weight_bytes: float
    pool_bytes: float
    tokens: float
    sequences: float
    lacks_bytes: float
    items: tuple[MemoryItem, ...]
    """What the capacity holds besides the pool."""
    outside: tuple[MemoryItem, ...]
    """What lives beside the capacity."""
    capacity_bytes: float
    unfree_bytes: float = 0.0
    """By how much a share of the whole memory is more than is free at start."""
    short_bytes: float = 0.0
    """What the cache lacks for one request as long as may be, whether or not the engine starts."""

    @property
    def starts(self) -> bool:
        """Whether nothing lacks."""
        return self.lacks_bytes <= 0.0

    @property
    def holds_one(self) -> bool:
        """Whether it starts and has room for one request as long as may be."""
        return self.starts and self.short_bytes <= 0.0

    def values(self) -> dict[str, Any]:
        """Plain values, in GiB per chip; tokens and sequences of one copy of the deployment."""
        return {
            "weights_gib": _gib(self.weight_bytes),
            "kv_pool_gib": _gib(self.pool_bytes),
            "kv_tokens": int(self.tokens),
            "sequences_at_max_context": round(self.sequences, 2),
            "max_context": int(self.context_tokens),
            "max_sequences": self.most_sequences,
            "starts": self.starts,
            "lacks_gib": _gib(self.lacks_bytes),
            "lacks_for_max_context_gib": _gib(self.short_bytes),
            "items": {item.name: _gib(item.bytes) for item in self.items},
            "outside": {item.name: _gib(item.bytes) for item in self.outside},
            "budget_gib": _gib(self.capacity_bytes),
        }


@dataclass(frozen=True, slots=True)
class PoolStartup:
    """The start of a worker of one pool, ``prefill`` or ``decode``; without a name where there are
    no pools."""

    pool: str
    startup: Startup


@dataclass(frozen=True, slots=True)
class Launched:
    """What servers are told as they are launched: tokens of a request at most, and the sequences
    that one replica, or all workers of a pool, have in flight."""

    context_tokens: int
    sequences: int

    def told(self, system: System, layout: Layout, workers: int = 1) -> System:
        """The system of one of so many workers."""
        most = -(-self.sequences // workers)
        rank = max(-(-most // layout.attention_data), 1)
        return replace(
            system,
            engine=system.engine.changed(max_sequences=rank),
            max_context=self.context_tokens,
            told_context=self.context_tokens,
        )


def startups(
    system: System, arrangement: Arrangement, launched: Launched, draft_tokens: int = 0
) -> tuple[PoolStartup, ...]:
    """What the servers of an arrangement print: one of every pool."""
    if isinstance(arrangement, Aggregated):
        alone = replace(arrangement.layout, replicas=1)
        return (PoolStartup("", startup(launched.told(system, alone), alone, draft_tokens)),)
    assert isinstance(arrangement, Disaggregated)
    pools = (
        ("prefill", system.prefilling, arrangement.prefill),
        ("decode", system, arrangement.decode),
    )
    return tuple(
        PoolStartup(
            name, startup(launched.told(own, pool.layout, pool.workers), pool.layout, draft_tokens)
        )
        for name, own, pool in pools
    )


def startup(system: System, layout: Layout, draft_tokens: int = 0) -> Startup:
    """What the server of one replica of ``layout`` prints."""
    model, engine = system.tokens_model, system.engine
    longest = float(system.max_context or UNSAID_CONTEXT)
    usage = system.footprint([layout], Held(longest, longest, draft_tokens))
    arrays = LayoutArrays.of([layout])
    chunk = np.array([[float(engine.scheduler.prefill_tokens)]])
    pass_bytes = usage.budget.activation_bytes_per_token * chunk
    pool = float((usage.capacity_bytes - usage.fixed_bytes - pass_bytes)[0, 0])
    whole = float(usage.cache_bytes_of_whole[0, 0])
    drafter = system.drafter if draft_tokens else None
    layers = cached_layers(model, system.precision, arrays, drafter)
    share = keyed_share(layers, engine.cache)
    per_token = whole / longest
    if engine.cache.window_ratio or engine.cache.state_ratio:
        stage = stage_share(model, arrays)
        per_token = float((stage * keyed_token_bytes(layers, engine.cache))[0, 0]) / share
    elif engine.cache.printed_tokens is PrintedTokens.GROUPS and compressed_layers(layers) is None:
        stage = stage_share(model, arrays)
        per_token = float((stage * printed_token_bytes(layers, engine.cache))[0, 0])
    needs_whole = engine.cache.first_context is FirstContext.WHOLE
    needed = whole if needs_whole else per_token * engine.cache.block_tokens
    held = max(pool, 0.0)
    unfree = unfree_bytes(system.chip, engine.memory)
    return Startup(
        context_tokens=longest,
        most_sequences=engine.scheduler.max_sequences,
        weight_bytes=float(usage.weight_bytes[0, 0]),
        pool_bytes=pool * share if pool > 0 else pool,
        tokens=math.floor(held / per_token) * layout.attention_data if per_token else 0,
        sequences=held / whole * layout.attention_data if whole else math.inf,
        lacks_bytes=max(needed - pool, unfree, 0.0),
        items=(
            MemoryItem("weights", float(usage.weight_bytes[0, 0])),
            *_items(usage.budget.inside),
        ),
        outside=_items(usage.budget.outside),
        capacity_bytes=float(usage.capacity_bytes[0, 0]),
        unfree_bytes=unfree,
        short_bytes=max(whole - pool, 0.0),
    )


def _items(parts: tuple[tuple[str, FloatArray], ...]) -> tuple[MemoryItem, ...]:
    items = (MemoryItem(name, float(bytes[0, 0])) for name, bytes in parts)
    return tuple(item for item in items if item.bytes > 0)


def _gib(value: float) -> float:
    return round(value / GIB, 4)
