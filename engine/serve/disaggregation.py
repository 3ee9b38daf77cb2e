"""Prefill and decode on separate workers: TTFT from one pool, TPOT from the other.

Requests circulate: prefill on one of the P workers, cache over the network, decode on one of
the D workers. With ``concurrency`` requests in flight the rate follows from Little's law,
``rate = concurrency / (prefill + transfer + decode)``, but is never more than the prefill pool
can feed; what the decode pool then does not hold waits in front of prefill.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.serve.closed_loop import opening_seconds
from engine.serve.load import Service, Traffic
from engine.serve.passes import Deployment, pass_seconds
from engine.words.arrays import FloatArray
from engine.work.tokens import decode_step, prefill_step

ITERATIONS = 6
"""Rounds of the fixed point between decode batch and rate; three suffice in practice."""


@dataclass(frozen=True, slots=True)
class Disaggregated:
    """Both pools; worker counts are columns like the degrees of the layouts."""

    prefill: Deployment
    prefill_workers: FloatArray
    decode: Deployment
    decode_workers: FloatArray
    transfer_seconds: FloatArray
    """Moving one prompt's cache from a prefill to a decode worker."""


def serve_disaggregated(
    pools: Disaggregated,
    traffic: Traffic,
    concurrency: FloatArray,
    limit: FloatArray | None = None,
) -> Service:
    """Metrics of ``concurrency`` requests in flight over all workers; rates of the whole.

    ``limit`` is what the memory of one decode worker holds.
    """
    framework = pools.prefill.framework
    input_tokens = np.asarray(traffic.input_tokens, dtype=float)
    output_tokens = np.asarray(traffic.output_tokens, dtype=float)
    alone, each = _prefill_seconds(pools, input_tokens)
    most = 1.0 / each
    room = np.asarray(np.inf) if limit is None else limit * pools.decode_workers
    decoding = np.minimum(concurrency, room)
    steps = np.maximum(output_tokens - 1.0, 1.0)
    handover = pools.transfer_seconds + framework.costs.handover_seconds
    tpot = np.zeros(1)
    rate = most
    for _ in range(ITERATIONS):
        batch = np.maximum(decoding / pools.decode_workers, 1.0)
        step = decode_step(batch, pools.decode.layouts, input_tokens, output_tokens)
        tpot = pass_seconds(pools.decode, [step]) * pools.decode.framework.costs.decode_pool_pace
        answering = steps * tpot + handover
        rate = np.minimum(concurrency / (alone + answering), most)
        rate = np.minimum(rate, room / (steps * tpot))
        decoding = 0.5 * (decoding + rate * steps * tpot)
    waiting = np.maximum(concurrency / rate - alone - answering, 0.0)
    busy = np.minimum(rate / most, 1.0)
    ttft = framework.costs.request_seconds + alone * (1.0 + 0.5 * busy) + waiting
    ttft = ttft + handover + 0.5 * framework.scheduler.admission_steps * tpot
    if traffic.arrivals is not None:
        first = 0.5 * (concurrency * each - alone)
        ttft = ttft + opening_seconds(framework, traffic.arrivals, first)
    e2e = ttft + steps * tpot
    return Service(
        ttft_seconds=ttft,
        tpot_seconds=tpot,
        e2e_seconds=e2e,
        request_tps=concurrency * output_tokens / e2e,
        decode_tps=decoding / tpot,
    )


def _prefill_seconds(
    pools: Disaggregated, input_tokens: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Seconds of one prompt that comes alone, and seconds per prompt of the whole pool when
    passes are full. With attention-DP each copy of the attention takes prompts of its own."""
    layouts = pools.prefill.layouts
    one = prefill_step(np.ones(1), layouts, input_tokens)
    fitting = np.maximum(
        np.floor(pools.prefill.framework.scheduler.prefill_tokens / input_tokens), 1.0
    )
    full = replace(one, sequences=fitting * np.ones_like(layouts.tensor), share=1.0)
    alone = pass_seconds(pools.prefill, [one])
    filled = pass_seconds(pools.prefill, [full])
    return alone, filled / (fitting * layouts.attention_data * pools.prefill_workers)
