"""Prefill and decode on separate workers: TTFT from one pool, TPOT from the other.

Requests circulate: prefill on one of the P workers, cache over the network, decode on one of
the D workers. With ``concurrency`` requests in flight the rate follows from Little's law,
``rate = concurrency / (prefill + transfer + decode)``, but is never more than the prefill pool
can feed; what the decode pool then does not hold waits in front of prefill.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.serve.client import opening_seconds
from engine.serve.drafting import drafting_passes, prompts_seconds
from engine.serve.law import Law, Piece
from engine.serve.laws import Laws, Opening, opened, opening_of
from engine.serve.lengths import answer_nodes
from engine.serve.load import Client
from engine.serve.passes import Deployment, Pass, run
from engine.serve.requests import Requests
from engine.serve.service import Part, Service
from engine.words.arrays import FloatArray
from engine.work.tokens import prefill_step

ITERATIONS = 6
"""Rounds of the fixed point between decode batch and rate; three suffice in practice."""


@dataclass(frozen=True, slots=True)
class Pools:
    """Both pools as deployments; worker counts are columns like the degrees of the layouts."""

    prefill: Deployment
    prefill_workers: FloatArray
    decode: Deployment
    decode_workers: FloatArray
    transfer_seconds: FloatArray
    """Moving one prompt's cache from a prefill to a decode worker."""


def serve_disaggregated(
    pools: Pools,
    requests: Requests,
    client: Client | None,
    concurrency: FloatArray,
    limit: FloatArray,
) -> Service:
    """Metrics of ``concurrency`` requests in flight over all workers; rates of the whole.

    ``limit`` is what one decode worker admits.
    """
    framework = pools.prefill.framework
    costs = framework.costs
    input_tokens = np.asarray(requests.input_tokens, dtype=float)
    output_tokens = np.asarray(requests.output_tokens, dtype=float)
    prefill, drafted, each = _prefill(pools, requests, input_tokens)
    alone = prefill.seconds + drafted
    most = 1.0 / each
    room = limit * pools.decode_workers
    decoding = np.minimum(concurrency, room)
    steps, accepted = np.maximum(output_tokens - 1.0, 1.0), requests.drafts.accepted
    handover = pools.transfer_seconds + costs.handover_seconds
    pace = pools.decode.framework.costs.decode_pool_pace
    for _ in range(ITERATIONS):
        batch = np.maximum(decoding / pools.decode_workers, 1.0)
        step = requests.decoding(pools.decode.layouts, batch)
        decode = run(pools.decode, [step])
        drafting = drafting_passes(pools.decode, requests.drafts, step).seconds
        tpot = (decode.seconds + drafting) * (pace / accepted)
        answering = steps * tpot + handover
        rate = np.minimum(concurrency / (alone + answering), most)
        rate = np.minimum(rate, room / (steps * tpot))
        decoding = 0.5 * (decoding + rate * steps * tpot)
    waiting = np.maximum(concurrency / rate - alone - answering, 0.0)
    busy = np.minimum(rate / most, 1.0)
    ttft = costs.request_seconds + alone * (1.0 + 0.5 * busy) + waiting
    polling = 0.5 * framework.scheduler.admission_steps * tpot * accepted
    ttft = ttft + handover + polling
    burst: FloatArray = np.zeros(1)
    if client is not None:
        burst = opening_seconds(costs, client, 0.5 * (concurrency * each - alone))
        ttft = ttft + burst
    e2e = ttft + steps * tpot
    return Service(
        ttft_seconds=ttft,
        tpot_seconds=tpot,
        e2e_seconds=e2e,
        request_tps=concurrency * output_tokens / e2e,
        decode_tps=decoding / tpot,
        parts=lambda: {
            "ttft": (
                Part("request", np.asarray(costs.request_seconds)),
                Part("waiting for prompts of others", 0.5 * alone * busy),
                Part("prefill", prefill.seconds, "prefill"),
                Part("drafting", drafted),
                Part("queueing for a place", waiting),
                Part("hand-over of the cache", handover),
                Part("waiting for the decode pass", polling),
                Part("opening of the client", burst),
            ),
            "tpot": (
                Part("decode", decode.seconds * (pace / accepted), "decode"),
                Part("drafting", drafting * (pace / accepted)),
            ),
        },
        laws=lambda: _laws(
            requests,
            client,
            Piece(
                1.0, ttft - burst - polling - 0.5 * alone * busy, 2.0 * polling, 0.5 * alone * busy
            ),
            None if client is None else opening_of(costs, client, alone, concurrency * each),
            tpot,
        ),
        passes={"prefill": prefill, "decode": decode},
    )


def _laws(
    requests: Requests,
    client: Client | None,
    steady: Piece,
    opening: Opening | None,
    tpot: FloatArray,
) -> Laws:
    """Prompts wait for those before them; a decode pool is held up by none."""
    first = opened(Law.of(steady), opening, 0.0)
    return Laws(first, Law.fixed(tpot), Law.fixed(tpot), answer_nodes(requests, client))


def _prefill(
    pools: Pools, requests: Requests, input_tokens: FloatArray
) -> tuple[Pass, FloatArray, FloatArray]:
    """The pass of one prompt that comes alone, what it takes of the draft, and seconds per prompt
    of the whole pool when passes are full. With attention-DP each copy of the attention takes
    prompts of its own."""
    layouts = pools.prefill.layouts
    one = prefill_step(np.ones(1), layouts, input_tokens)
    budget = pools.prefill.framework.scheduler.prefill_tokens
    fitting = np.maximum(np.floor(budget / input_tokens), 1.0)
    full = replace(one, sequences=fitting * np.ones_like(layouts.tensor), share=1.0)
    alone = run(pools.prefill, [one])
    drafted = prompts_seconds(pools.prefill, requests.drafts, [], [one])
    whole = run(pools.prefill, [full]).seconds
    whole = whole + prompts_seconds(pools.prefill, requests.drafts, [], [full])
    each = whole / (fitting * layouts.attention_data * pools.prefill_workers)
    return alone, drafted, each
