"""Predictions of models that generate tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from engine.serve.continuous import serve_continuous
from engine.serve.laws import remembered
from engine.serve.load import Closed, Load
from engine.serve.memory import MemoryItem
from engine.serve.outcome import Memory, Outcome
from engine.serve.requests import Requests
from engine.serve.room import Room
from engine.serve.service import Service
from engine.serve.source import with_source
from engine.serve.static import serve_static
from engine.serve.system import System
from engine.words.arrays import FloatArray, Row
from engine.work.arrangement import Aggregated, Arrangement


def predict_aggregated(
    system: System,
    arrangements: Sequence[Aggregated],
    requests: Requests,
    load: Load,
    sizes: FloatArray,
) -> Outcome:
    """Replicas of one layout each; ``sizes`` are sequences in flight per replica, of shape
    (1, sizes) or (arrangements, sizes)."""
    layouts = tuple(one.layout for one in arrangements)
    plain = system.deployment(layouts, requests.drafts.tokens > 0)
    deployment, asked = with_source(plain, system.tokens_model, requests)
    room = Room(system, layouts, requests, load)
    if isinstance(load, Closed):
        limit = np.maximum(room.limit, 1.0)
        service = serve_continuous(deployment, asked, load.client, sizes, limit)
    else:
        service = serve_static(deployment, asked, sizes)
    degrees = deployment.layouts
    return outcome_of(
        arrangements,
        sizes,
        degrees.replicas * degrees.chips_per_replica,
        service,
        requests,
        degrees.replicas,
        room.memory(sizes, degrees.replicas),
        lambda row: room.items(row[0], at_size(sizes, row)),
    )


def outcome_of(
    arrangements: Sequence[Arrangement],
    sizes: FloatArray,
    chips: FloatArray,
    service: Service,
    requests: Requests,
    replicas: FloatArray,
    memory: Memory,
    weigh: Callable[[Row], tuple[MemoryItem, ...]],
) -> Outcome:
    """What is served as an outcome; rates of ``service`` are of one of the ``replicas``."""
    return Outcome(
        arrangements=arrangements,
        sizes=sizes,
        chips=chips,
        seconds={
            "ttft": service.ttft_seconds,
            "tpot": service.tpot_seconds,
            "e2e": service.e2e_seconds,
        },
        rates={
            "request_tokens": service.request_tps * replicas,
            "decode_tokens": service.decode_tps * replicas,
            "prompt_tokens": service.request_tps
            * (replicas * np.asarray(requests.input_tokens) / requests.output_tokens),
        },
        memory=memory,
        say_parts=service.parts,
        say_laws=remembered(service.laws),
        passes=service.passes,
        weigh=weigh,
    )


def at_size(sizes: FloatArray, row: Row) -> float:
    """The size of a row."""
    return float(sizes[row[0] if len(sizes) > 1 else 0, row[1]])
