"""Predictions of models that generate tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from engine.serve.continuous import serve_continuous
from engine.serve.laws import remembered
from engine.serve.load import Closed, Load, Open
from engine.serve.memory import MemoryItem, held_tokens
from engine.serve.open_load import serve_open
from engine.serve.outcome import Flow, Memory, Outcome
from engine.serve.requests import Requests
from engine.serve.room import Room
from engine.serve.service import Service
from engine.serve.static import serve_static
from engine.serve.system import System
from engine.words.arrays import FloatArray, Row
from engine.work.arrangement import Aggregated, Arrangement, Disaggregated, Pool

FAST_DOMAIN = 16
"""Chips behind one scale-up switch from which both pools sit in it and hand over inside it."""
REFERENCE_TOKENS = 4096.0
"""A prompt whose cache stands for what one token of it takes."""


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
    deployment = system.deployment(layouts)
    room = Room(system, layouts, requests, load)
    degrees = deployment.layouts
    limit = np.maximum(room.limit, 1.0)
    flow, held = None, sizes
    match load:
        case Closed(client):
            service = serve_continuous(deployment, requests, client, sizes, limit)
        case Open():
            rate = sizes / degrees.replicas
            opened = serve_open(deployment, requests, load, rate, limit)
            service, held = opened.service, np.ceil(opened.running)
            most = opened.largest_rate * degrees.replicas
            flow = Flow(opened.in_flight, opened.running, most)
        case _:
            service = serve_static(deployment, requests, sizes)
    return _outcome(
        arrangements,
        sizes,
        degrees.replicas * degrees.chips_per_replica,
        service,
        requests,
        degrees.replicas,
        room.memory(held, degrees.replicas),
        lambda row: room.items(row[0], _at(held, row)),
        flow,
    )


def predict_disaggregated(
    system: System,
    arrangements: Sequence[Disaggregated],
    requests: Requests,
    load: Load,
    sizes: FloatArray,
) -> Outcome:
    """Prefill and decode apart; ``sizes`` are requests in flight over all workers. The load is
    one of requests in flight, whatever it is called."""
    from engine.serve.disaggregated import Pools, serve_disaggregated

    prefills = [one.prefill for one in arrangements]
    decodes = [one.decode for one in arrangements]
    workers = _column([pool.workers for pool in decodes])
    layouts = [pool.layout for pool in decodes]
    pools = Pools(
        system.deployment([pool.layout for pool in prefills]),
        _column([pool.workers for pool in prefills]),
        system.deployment(layouts),
        workers,
        transfer_seconds(system, prefills, requests),
    )
    room = Room(system, layouts, requests, load)
    client = load.client if isinstance(load, Closed) else None
    limit = np.maximum(room.limit, 1.0)
    service = serve_disaggregated(pools, requests, client, sizes, limit)
    held = np.ceil(sizes / workers)
    memory = room.memory(held, workers)
    return _outcome(
        arrangements,
        sizes,
        _column([one.chips for one in arrangements]),
        service,
        requests,
        np.ones_like(workers),
        Memory(
            memory.needed_bytes,
            memory.capacity_bytes,
            memory.memory_size * workers,
            memory.scheduler_size * workers,
            memory.context_fits,
            memory.cache_tokens,
        ),
        lambda row: room.items(row[0], _at(held, row)),
    )


def _outcome(
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
            "requests": service.request_tps * (replicas / requests.output_tokens),
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
        flow=flow,
    )


def _column(values: Sequence[float]) -> FloatArray:
    return np.array(values, dtype=float)[:, np.newaxis]


def _at(sizes: FloatArray, row: Row) -> float:
    return float(sizes[row[0] if len(sizes) > 1 else 0, row[1]])


def transfer_seconds(system: System, pools: Sequence[Pool], requests: Requests) -> FloatArray:
    """Each chip of a prefill worker sends its share of the prompt's cache."""
    reference = held_tokens(Requests(REFERENCE_TOKENS, 0.0), Closed(), system.engine)
    usage = system.footprint([pool.layout for pool in pools], reference)
    per_token = usage.sent_bytes_per_sequence / REFERENCE_TOKENS
    chip = system.chip
    link = chip.scale_up if chip.node_size > FAST_DOMAIN else chip.scale_out
    moved = per_token * np.asarray(requests.input_tokens, dtype=float)
    seconds: FloatArray = link.alpha_seconds + moved / (link.bandwidth_bytes * link.achieved)
    return seconds
