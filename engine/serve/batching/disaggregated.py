"""Prefill and decode on separate workers: TTFT from one pool, TPOT from the other.

Requests circulate: prefill on one of the P workers, cache over the network, decode on one of
the D workers. With ``concurrency`` requests in flight the rate follows from Little's law,
``rate = concurrency / (queue + prefill + transfer + decode)``, but is never more than the prefill
pool can feed; what the decode pool then does not hold waits in front of prefill.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.hardware.parts.scheduler import CacheTransfer
from engine.serve.batching.client import opening_seconds
from engine.serve.batching.uneven_ranks import unevenly_held
from engine.serve.drafting import drafting_passes, prompts_seconds
from engine.serve.laws.law import Law, Piece
from engine.serve.laws.laws import Laws, Opening, opened, opening_of
from engine.serve.lengths import answer_nodes
from engine.serve.load import Client
from engine.serve.passes.deployment import Deployment
from engine.serve.passes.run import Pass, run
from engine.serve.requests import Requests
from engine.serve.service import Part, Service
from engine.words.arrays import FloatArray
from engine.work.tokens import prefill_step

ITERATIONS = 5
"""Rounds of the fixed point between decode batch and rate; its last change is below 1 %."""
STEEPEST = 0.9
"""Of the logarithm of a step's seconds over that of its batch: steps never grow faster."""
CRITICAL = 8.0 / np.pi
"""So that half of the bound at full load is ``√(2n/π)`` (machine repair problem)."""


@dataclass(frozen=True, slots=True)
class Pools:
    """Both pools as deployments; worker counts are columns like the degrees of the layouts."""

    prefill: Deployment
    prefill_workers: FloatArray
    decode: Deployment
    decode_workers: FloatArray
    transfer_seconds: FloatArray
    """Moving one prompt's cache from a prefill to a decode worker, after the last of it is made."""


@dataclass(frozen=True, slots=True)
class PrefillPool:
    """What a prefill pool does, columns of (arrangements, 1)."""

    alone: Pass
    """The pass of one prompt that comes alone."""
    drafting: FloatArray
    """Seconds that it takes of what drafts."""
    most: FloatArray
    """Prompts per second of the whole pool when passes are full."""
    fitting: FloatArray
    """Prompts of one rank that a pass has room for, and its seconds when all ranks are ``filled``.
    """
    filled: FloatArray

    @property
    def seconds(self) -> FloatArray:
        """Of one prompt that comes alone."""
        total: FloatArray = self.alone.seconds + self.drafting
        return total


def serve_disaggregated(
    pools: Pools,
    requests: Requests,
    client: Client | None,
    concurrency: FloatArray,
    limit: FloatArray,
) -> Service:
    """Metrics of ``concurrency`` requests in flight over all workers; rates of the whole.

    ``limit`` is what one decode worker admits. The prefill pool holds the other one up where
    prompts wait longer for it than it works on them.
    """
    costs = pools.prefill.framework.costs
    prefill = prefill_pool(pools.prefill, pools.prefill_workers, requests)
    alone, most = prefill.seconds, prefill.most
    handover = exposed_seconds(pools, alone, requests) + costs.handover_seconds
    room = limit * pools.decode_workers
    later = later_tokens(requests)
    circle = _circulate(pools, requests, prefill, handover, concurrency, room)
    tpot, queue, joining = circle.tpot, circle.queue, circle.joining
    # Little's law: whoever is neither decoding nor on the way waits in front of prefill.
    surplus = np.maximum(concurrency / circle.rate - alone - circle.answering - queue, 0.0)
    step_seconds = tpot * requests.drafts.accepted
    polling = 0.5 * pools.prefill.framework.scheduler.admission_steps * step_seconds
    ttft = costs.request_seconds + alone + queue + surplus + handover + joining + polling
    burst: FloatArray = np.zeros(1)
    if client is not None:
        burst = opening_seconds(costs, client, 0.5 * (concurrency / most - alone), _tuned(pools))
        ttft = ttft + burst
    e2e = ttft + later * tpot
    verifying = circle.decode.seconds * per_token(pools.decode, requests)
    return Service(
        ttft_seconds=ttft,
        tpot_seconds=tpot,
        e2e_seconds=e2e,
        request_tps=concurrency * np.asarray(requests.output_tokens, dtype=float) / e2e,
        decode_tps=circle.decoding / tpot,
        parts=lambda: {
            "ttft": (
                Part("request", np.asarray(costs.request_seconds)),
                Part("waiting for prompts of others", queue),
                Part("prefill", prefill.alone.seconds, "prefill"),
                Part("drafting", prefill.drafting),
                Part("queueing for a place", surplus),
                Part("hand-over of the cache", handover),
                Part("joining the decode batch", joining),
                Part("waiting for the decode pass", polling),
                Part("opening of the client", burst),
            ),
            "tpot": (
                Part("decode", verifying, "decode"),
                Part("drafting", tpot - verifying),
            ),
        },
        laws=lambda: _laws(
            requests,
            client,
            Piece(1.0, ttft - burst - polling - queue, 2.0 * polling, queue),
            None if client is None else _opening(pools, client, alone, concurrency / most),
            tpot,
        ),
        passes={"prefill": prefill.alone, "decode": circle.decode},
        prefill_binds=(queue + surplus > alone) & (concurrency <= room),
    )


def _opening(pools: Pools, client: Client, first: FloatArray, last: FloatArray) -> Opening:
    return opening_of(pools.prefill.framework.costs, client, first, last, _tuned(pools))


def _tuned(pools: Pools) -> bool:
    """Whether the prefill pool has grouped products that a fresh server tunes."""
    return bool(pools.prefill.inventory.banks)


@dataclass(frozen=True, slots=True)
class _Circulation:
    """Where requests are once as many are prefilled as answered: sequences ``decoding`` in passes
    ``decode``, ``rate`` per second; seconds of ``queue`` before prefill, of ``joining`` the decode
    batch, of ``answering`` from the hand-over on."""

    decode: Pass
    tpot: FloatArray
    decoding: FloatArray
    rate: FloatArray
    queue: FloatArray
    joining: FloatArray
    answering: FloatArray


def _circulate(
    pools: Pools,
    requests: Requests,
    prefill: PrefillPool,
    handover: FloatArray,
    concurrency: FloatArray,
    room: FloatArray,
) -> _Circulation:
    """The fixed point between the decode batch and the rate (the module's own words)."""
    costs = pools.prefill.framework.costs
    alone, most, later = prefill.seconds, prefill.most, later_tokens(requests)
    queue: FloatArray = np.zeros(1)
    decoding = np.minimum(concurrency, room)
    before: tuple[FloatArray, FloatArray] | None = None
    for _ in range(ITERATIONS):
        batch = np.maximum(decoding / pools.decode_workers, 1.0)
        decode, tpot = decode_pass(pools.decode, requests, batch)
        waited = batch / (batch + costs.handover_sequences)
        joining = costs.handover_passes * waited * tpot * requests.drafts.accepted
        answering = later * tpot + handover + joining
        rate = np.minimum(concurrency / (alone + queue + answering), most)
        rate = np.minimum(rate, room / (later * tpot))
        queue = _queue_seconds(pools, alone, rate / most, concurrency)
        found = rate * later * tpot
        before, decoding = (decoding, found), _secant(before, decoding, found)
    return _Circulation(decode, tpot, decoding, rate, queue, joining, answering)


def later_tokens(requests: Requests) -> FloatArray:
    """Tokens of an answer after its first, at least one."""
    return np.maximum(np.asarray(requests.output_tokens, dtype=float) - 1.0, 1.0)


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


def _secant(
    before: tuple[FloatArray, FloatArray] | None, tried: FloatArray, found: FloatArray
) -> FloatArray:
    """The next sequences to try, when those ``tried`` led to those ``found``: where the line
    through both tries in logarithms meets the diagonal."""
    if before is None:
        return found
    run = np.log(tried / before[0])
    slope = np.divide(np.log(found / before[1]), run, out=np.zeros_like(run), where=run != 0)
    slope = np.clip(slope, 0.0, STEEPEST)
    following: FloatArray = tried * (found / tried) ** (1.0 / (1.0 - slope))
    return following


def decode_pass(
    deployment: Deployment, requests: Requests, batch: FloatArray
) -> tuple[Pass, FloatArray]:
    """The mean decode pass of ``batch`` sequences of one worker, and the time per token."""
    step = unevenly_held(deployment, requests.decoding(deployment.layouts, batch))
    decode = run(deployment, [step])
    drafting = drafting_passes(deployment, requests.drafts, step).seconds
    return decode, (decode.seconds + drafting) * per_token(deployment, requests)


def per_token(deployment: Deployment, requests: Requests) -> float:
    """Seconds per token of one of a step of a decode worker."""
    return deployment.framework.costs.decode_pool_pace / requests.drafts.accepted


def prefill_pool(deployment: Deployment, workers: FloatArray, requests: Requests) -> PrefillPool:
    """What ``workers`` of a layout each can prefill. With attention-DP each copy of the attention
    takes prompts of its own; what is found in the prefix cache is not computed."""
    layouts = deployment.layouts
    input_tokens = np.asarray(requests.input_tokens, dtype=float)
    fresh = np.maximum(input_tokens * (1.0 - np.asarray(requests.cached)), 1.0)
    whole = prefill_step(np.ones(1), layouts, input_tokens)
    one = replace(whole, queries=fresh, first=input_tokens - fresh)
    budget = deployment.framework.scheduler.prefill_tokens
    fitting = np.maximum(np.floor(budget / fresh), 1.0)
    full = replace(one, sequences=fitting * np.ones_like(layouts.tensor), share=1.0)
    drafting = prompts_seconds(deployment, requests.drafts, [], [one])
    filled = run(deployment, [full]).seconds
    filled = filled + prompts_seconds(deployment, requests.drafts, [], [full])
    most = fitting * layouts.attention_data * workers / filled
    return PrefillPool(run(deployment, [one]), drafting, most, fitting, filled)


def _queue_seconds(
    pools: Pools, alone: FloatArray, busy: FloatArray, concurrency: FloatArray
) -> FloatArray:
    """Mean wait of a prompt for those before it, when its rank is ``busy`` so much of the time.

    A queue of constant service times (Pollaczek-Khinchine) at each attention rank; the others are
    finite in number: where the pool just keeps up, about ``√(2n/π)`` of n wait. Whoever is alone
    never waits.
    """
    ranks = pools.prefill_workers * pools.prefill.layouts.attention_data
    others = np.sqrt(CRITICAL * np.maximum(concurrency / ranks, 1.0))
    waiting = 0.5 * alone * busy / (np.maximum(1.0 - busy, 0.0) + busy / others)
    queue: FloatArray = waiting * (1.0 - 1.0 / np.maximum(concurrency, 1.0))
    return queue


def exposed_seconds(pools: Pools, alone: FloatArray, requests: Requests) -> FloatArray:
    """Seconds of moving the cache that prefill does not hide: connectors that send what is ready
    leave the last piece for the end, or what the link is behind."""
    moving = pools.transfer_seconds
    scheduler = pools.prefill.framework.scheduler
    pieces: FloatArray = np.ones(1)
    if scheduler.cache_transfer is CacheTransfer.LAYERS:
        pieces = np.full(1, float(max(pools.prefill.inventory.layer_count, 1)))
    elif scheduler.cache_transfer is CacheTransfer.CHUNKS:
        fresh = np.asarray(requests.input_tokens) * (1.0 - np.asarray(requests.cached))
        pieces = np.maximum(np.ceil(fresh / scheduler.prefill_tokens), 1.0)
    hidden = alone * (1.0 - 1.0 / pieces)
    return np.maximum(moving / pieces, moving - hidden)
