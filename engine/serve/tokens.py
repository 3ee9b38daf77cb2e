"""Predictions of models that generate tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from engine.serve.batching.continuous import serve_continuous
from engine.serve.batching.static import serve_static
from engine.serve.laws.laws import remembered
from engine.serve.load import Closed, Load, Open
from engine.serve.memory.account import MemoryItem
from engine.serve.outcome import Flow, Memory, Outcome
from engine.serve.requests import Requests
from engine.serve.room import Room
from engine.serve.service import Service
from engine.serve.source import with_source
from engine.serve.system import System
from engine.words.arrays import FloatArray, IntArray, Row
from engine.work.arrangement import Aggregated, Arrangement


def predict_aggregated(
    system: System,
    arrangements: Sequence[Aggregated],
    requests: Requests,
    load: Load,
    sizes: FloatArray,
) -> Outcome:
    """Replicas of one layout each; ``sizes`` are sequences in flight per replica, of shape
    (1, sizes) or (arrangements, sizes). What does not depend on sizes is worked out once for
    arrangements that come several times in a row."""
    once, rows = _each_once(arrangements) if requests.alike else (arrangements, None)
    layouts = tuple(one.layout for one in once)
    plain = system.deployment(layouts, requests.drafts.tokens > 0)
    deployment, asked = with_source(plain, system.tokens_model, requests)
    room = Room(system, layouts, requests, load)
    if rows is not None:
        deployment, room = deployment.rows(rows), room.rows(rows)
    degrees = deployment.layouts
    limit = np.maximum(room.limit, 1.0)
    flow, held = None, sizes
    match load:
        case Closed(client):
            service = serve_continuous(deployment, asked, client, sizes, limit)
        case Open():
            from engine.serve.batching.open_load import serve_open

            rate = sizes / degrees.replicas
            opened = serve_open(deployment, asked, load, rate, limit)
            service, held = opened.service, np.ceil(opened.running)
            most = opened.largest_rate * degrees.replicas
            flow = Flow(opened.in_flight, opened.running, most)
        case _:
            service = serve_static(deployment, asked, sizes)
    return outcome_of(
        arrangements,
        sizes,
        degrees.replicas * degrees.chips_per_replica,
        service,
        requests,
        degrees.replicas,
        room.memory(held, degrees.replicas),
        lambda row: room.items(row[0], at_size(held, row)),
        flow,
    )


def _each_once(
    arrangements: Sequence[Aggregated],
) -> tuple[Sequence[Aggregated], IntArray | None]:
    """The arrangements without those that come again behind themselves, and which of them each is;
    None where none comes again."""
    once: list[Aggregated] = []
    rows = []
    for one in arrangements:
        if not once or one is not once[-1]:
            once.append(one)
        rows.append(len(once) - 1)
    return (once, np.array(rows)) if len(once) < len(rows) else (arrangements, None)


def outcome_of(
    arrangements: Sequence[Arrangement],
    sizes: FloatArray,
    chips: FloatArray,
    service: Service,
    requests: Requests,
    replicas: FloatArray,
    memory: Memory,
    weigh: Callable[[Row], tuple[MemoryItem, ...]],
    flow: Flow | None = None,
) -> Outcome:
    """What is served as an outcome; rates of ``service`` are of one of the ``replicas``. Of what
    comes by itself as much is served as comes."""
    tokens_per_second = service.request_tps * replicas
    if flow is not None:
        tokens_per_second = np.minimum(sizes, flow.largest_rate) * requests.output_tokens
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
            "requests": tokens_per_second / requests.output_tokens,
            "request_tokens": tokens_per_second,
            "decode_tokens": service.decode_tps * replicas,
            "prompt_tokens": tokens_per_second
            * (np.asarray(requests.input_tokens) / requests.output_tokens),
        },
        memory=memory,
        say_parts=service.parts,
        say_laws=remembered(service.laws),
        passes=service.passes,
        weigh=weigh,
        flow=flow,
        found=np.broadcast_to(requests.cached, service.ttft_seconds.shape),
    )


def at_size(sizes: FloatArray, row: Row) -> float:
    """The size of a row."""
    return float(sizes[row[0] if len(sizes) > 1 else 0, row[1]])
