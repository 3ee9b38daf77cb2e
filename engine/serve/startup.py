"""What a server prints when it starts: weights, room for the cache, and whether it starts at all."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from engine.serve.memory import Held, MemoryItem, memory_items
from engine.serve.system import System
from engine.work.layout import Layout
from engine.work.tokens import LayoutArrays


@dataclass(frozen=True, slots=True)
class Startup:
    """The memory of one chip as its server starts, and what one copy of the deployment holds.

    ``pool_bytes`` is what is left for the cache, below 0 where weights do not fit. ``tokens`` and
    ``sequences`` are of requests as long as may be, over all attention ranks of one replica.
    """

    context_tokens: float
    weight_bytes: float
    pool_bytes: float
    tokens: float
    sequences: float
    lacks_bytes: float
    items: tuple[MemoryItem, ...]

    @property
    def starts(self) -> bool:
        """Whether nothing lacks."""
        return self.lacks_bytes <= 0.0


def startup(system: System, layout: Layout) -> Startup:
    """What the server of one replica of ``layout`` prints."""
    longest = float(system.max_context or 4096)
    usage = system.footprint([layout], Held(longest, longest))
    arrays = LayoutArrays.of([layout])
    chunk = float(system.engine.scheduler.prefill_tokens)
    fixed = usage.weight_bytes + usage.communication_bytes + usage.reserve_bytes
    pool = float((usage.capacity_bytes - fixed)[0, 0])
    pool -= float((usage.activation_bytes_per_token * chunk)[0, 0])
    whole = float(usage.cache_bytes_of_whole[0, 0])
    sequences = max(pool, 0.0) / whole if whole else math.inf
    return Startup(
        context_tokens=longest,
        weight_bytes=float(usage.weight_bytes[0, 0]),
        pool_bytes=pool,
        tokens=math.floor(sequences * longest) * layout.attention_data,
        sequences=sequences * layout.attention_data,
        lacks_bytes=max(whole - pool, 0.0),
        items=memory_items(usage, arrays, 0, 1.0, np.array([[chunk]])),
    )
