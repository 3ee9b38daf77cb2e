"""What all workers of one layout have in common."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.serve.requests import Requests
from engine.serve.simulation.cache_room import CacheRoom, cache_room
from engine.serve.simulation.pass_seconds import Bounds, PassSeconds
from engine.serve.simulation.rules import Rules
from engine.serve.source import with_source
from engine.serve.system import System
from engine.sources.traces.trace import Trace
from engine.words.errors import InputError
from engine.words.messages import say
from engine.work.layout import Layout


@dataclass(frozen=True, slots=True)
class Site:
    """What all workers of one layout have in common."""

    layout: Layout
    workers: int
    seconds: PassSeconds
    rules: Rules
    room: CacheRoom

    @property
    def lanes(self) -> int:
        """Micro-batches of all workers, each with sequences of its own."""
        return self.workers * self.layout.pipeline


def site_of(
    system: System,
    layout: Layout,
    workers: int,
    requests: Requests,
    trace: Trace,
    pace: float = 1.0,
) -> Site:
    """The workers of a ``layout``; raises `InputError` where no request has room."""
    if system.tokens_model.encoder:
        raise InputError(say("simulate: encoder-decoders are not simulated, expected a decoder"))
    longest = float((trace.input_tokens + trace.output_tokens).max())
    room = cache_room(system, layout, requests, longest)
    if not room.takes(trace.input_tokens, trace.output_tokens).any():
        raise InputError(
            say("simulate: {layout} has no room for any of these requests", layout=layout.name)
        )
    rules = Rules.of(system.engine, layout, requests.drafts.tokens, pace)
    shortest = float(room.of(np.array([float(trace.input_tokens.min())]))[0])
    most = min(float(rules.max_sequences), max(room.bytes / max(shortest, 1.0), 1.0), len(trace))
    bounds = Bounds(most, rules.prefill_tokens, longest)
    plain = system.deployment((layout,), requests.drafts.tokens > 0)
    deployment, _ = with_source(plain, system.tokens_model, requests)
    seconds = PassSeconds(deployment, requests.drafts, bounds)
    return Site(layout, workers, seconds, rules, room)
