"""Pools of prefill and decode workers under requests that come by themselves.

Each pool is a queue of its own, one after the other: prompts wait for the pass that their worker
runs and share the next one, as far as it has room; what decodes follows from Little's law. No pool
holds the other one up but by the rate that it carries.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from engine.serve.batching.disaggregated import (
    Pools,
    PrefillPool,
    decode_pass,
    exposed_seconds,
    later_tokens,
    per_token,
    prefill_pool,
)
from engine.serve.batching.open_load import MOST_USED, arriving_variation, kept_in_flight
from engine.serve.clustered import prompts_of_a_pass
from engine.serve.laws.gaps import sooner
from engine.serve.laws.law import Law, Piece, normal_share
from engine.serve.laws.laws import Laws, by_prompt
from engine.serve.laws.open import first_token
from engine.serve.laws.queues import LEAST, Queue, Running
from engine.serve.lengths import (
    Nodes,
    answer_nodes,
    input_variation,
    output_variation,
    prompt_nodes,
)
from engine.serve.load import Open
from engine.serve.outcome import Flow
from engine.serve.requests import Requests
from engine.serve.service import Part, Parts, Service
from engine.words.arrays import FloatArray

ROUNDS = 3
"""Of the search for how many prompts share a pass."""
MOST_STRETCHED = 0.95
"""How much of a pass may come from what is in flight, up to which it is looked at."""


def serve_pools_open(
    pools: Pools, requests: Requests, load: Open, rate: FloatArray, limit: FloatArray
) -> tuple[Service, Flow]:
    """Metrics of ``rate`` requests per second of the whole deployment, and what is in flight;
    ``limit`` is what one decode worker admits."""
    costs, scheduler = pools.prefill.framework.costs, pools.prefill.framework.scheduler
    prefill, steeper = _spread_prefill(pools, requests)
    later, room = later_tokens(requests), limit * pools.decode_workers

    def tpot_of(held: FloatArray) -> FloatArray:
        return decode_pass(pools.decode, requests, np.maximum(held / pools.decode_workers, 1.0))[1]

    answered = room / (later * tpot_of(room))
    largest = np.minimum(prefill.most, answered)
    carried = np.minimum(rate, largest * MOST_USED)
    decoding = kept_in_flight(lambda held: carried * later * tpot_of(held), room)
    batch = np.maximum(decoding / pools.decode_workers, 1.0)
    decode, tpot = decode_pass(pools.decode, requests, batch)
    prompts = _prompt_queue(pools, requests, load, carried, prefill)
    place = _place_queue(pools, requests, load, (carried, answered), decoding, room)
    handover = exposed_seconds(pools, prefill.seconds, requests) + costs.handover_seconds
    step = tpot * requests.drafts.accepted
    joining = costs.handover_passes * batch / (batch + costs.handover_sequences) * step
    polling = 0.5 * scheduler.admission_steps * step
    waits = _Waits(costs.request_seconds, prompts, place, handover, joining, polling)
    served = waits.request + prefill.seconds + handover + joining
    ttft = served + polling + prompts.mean + place.mean
    e2e = ttft + later * tpot
    verifying = decode.seconds * per_token(pools.decode, requests)
    service = Service(
        ttft_seconds=ttft,
        tpot_seconds=tpot,
        e2e_seconds=e2e,
        request_tps=carried * np.asarray(requests.output_tokens, dtype=float),
        decode_tps=decoding / tpot,
        parts=lambda: _parts(prefill, waits, tpot, verifying),
        laws=lambda: Laws(
            by_prompt(
                _work(prompt_nodes(requests), steeper),
                np.full(1, np.inf),
                (np.zeros(1), prefill.seconds),
                first_token(requests, served, polling, prompts, place),
            ),
            _token_law(pools, requests, load, tpot_of, decoding),
            Law.fixed(tpot),
            answer_nodes(requests),
        ),
        passes={"prefill": prefill.alone, "decode": decode},
        prefill_binds=np.broadcast_to(prefill.most < answered, tpot.shape),
    )
    flow = Flow(carried * e2e, np.minimum(decoding + carried * joining, room), largest)
    return service, flow


@dataclass(frozen=True, slots=True)
class _Waits:
    """What a first token waits for beside its prefill, in seconds or as the queue it is."""

    request: float
    prompts: Queue
    place: Queue
    handover: FloatArray
    joining: FloatArray
    polling: FloatArray


def _parts(prefill: PrefillPool, waits: _Waits, tpot: FloatArray, verifying: FloatArray) -> Parts:
    """What the latencies are made of; ``verifying`` is the model's own part of TPOT."""
    return {
        "ttft": (
            Part("request", np.asarray(waits.request)),
            Part("waiting for prompts of others", waits.prompts.mean),
            Part("prefill", prefill.alone.seconds, "prefill"),
            Part("drafting", prefill.drafting),
            Part("queueing for a place", waits.place.mean),
            Part("hand-over of the cache", waits.handover),
            Part("joining the decode batch", waits.joining),
            Part("waiting for the decode pass", waits.polling),
        ),
        "tpot": (Part("decode", verifying, "decode"), Part("drafting", tpot - verifying)),
    }


def _spread_prefill(pools: Pools, requests: Requests) -> tuple[PrefillPool, FloatArray]:
    """The prefill pool, whose prompts take as long as they do on average where their lengths
    differ, and by what share a token of one takes longer for every mean length that it is longer:
    it sees more keys, and a pass may have no room for all of them."""
    prefill = prefill_pool(pools.prefill, pools.prefill_workers, requests)
    varied = input_variation(requests) ** 2
    if not varied:
        return prefill, np.zeros(1)
    before = requests.input_tokens * np.asarray(requests.cached) if requests.in_turns else 0.0
    deep = replace(requests, input_tokens=2.0 * requests.input_tokens - before)
    if requests.in_turns:
        deep = replace(deep, cached=before / np.asarray(deep.input_tokens))
    double = prefill_pool(pools.prefill, pools.prefill_workers, deep)
    steeper = np.maximum(double.seconds / (2.0 * prefill.seconds) - 1.0, 0.0)
    longer = 1.0 + steeper * varied
    mean = replace(
        prefill,
        drafting=prefill.drafting + prefill.seconds * (longer - 1.0),
        most=prefill.most / longer,
        filled=prefill.filled * longer,
    )
    return mean, steeper


def _work(nodes: Nodes, steeper: FloatArray) -> Nodes:
    """What prompts of some lengths take over what one takes on average."""
    if len(nodes) == 1:
        return nodes
    taken = [(share, one * (1.0 + steeper * (one - 1.0))) for share, one in nodes]
    mean = sum((share * one for share, one in taken), np.zeros(1))
    return tuple((share, one / mean) for share, one in taken)


def _prompt_queue(
    pools: Pools, requests: Requests, load: Open, rate: FloatArray, prefill: PrefillPool
) -> Queue:
    """What a prompt waits for at its worker, which takes its share of them in turn: the running
    pass, those that came during it, and those that no pass had room for (Sakasegawa; of one prompt
    a pass, Pollaczek-Khinchine)."""
    layouts = pools.prefill.layouts
    lanes = pools.prefill_workers * layouts.pipeline
    variation = arriving_variation(load, lanes)
    coming = rate / lanes
    most = prefill.fitting * layouts.attention_data
    each = np.maximum(prefill.filled - prefill.seconds, 0.0) / np.maximum(most - 1.0, 1.0)
    together: FloatArray = np.ones(1)
    for _ in range(ROUNDS):
        seconds = prefill.seconds + each * (together - 1.0)
        together = prompts_of_a_pass(coming * seconds, most)
    seconds = prefill.seconds + each * (together - 1.0)
    busy = np.minimum(coming * seconds / together, 1.0 - LEAST)
    met = np.minimum(busy * sooner(variation, coming * seconds), 1.0)
    # Of one rank, those that come during a pass are few where ranks take them in turn.
    own, of_rank = variation / layouts.attention_data, coming / layouts.attention_data
    beside = np.minimum(of_rank * seconds * sooner(own, of_rank * seconds), prefill.fitting - 1.0)
    used = np.minimum(rate / prefill.most, 1.0 - LEAST)
    varied = 0.5 * (own + input_variation(requests) ** 2)
    return Queue(
        (
            Running(1.0 - met, np.zeros_like(seconds), np.zeros_like(seconds), each),
            Running(met, seconds, np.maximum(beside, 0.0), each),
        ),
        varied * prefill.filled / (prefill.fitting * (1.0 - used)),
        used ** np.sqrt(2.0 * (prefill.fitting + 1.0)),
    )


def _place_queue(
    pools: Pools,
    requests: Requests,
    load: Open,
    rates: tuple[FloatArray, FloatArray],
    decoding: FloatArray,
    room: FloatArray,
) -> Queue:
    """What a request waits for a place in its decode worker: the number in flight is about normal.
    ``rates`` are what comes and what the decode pool answers at most."""
    rate, answered = rates
    answers = output_variation(requests) ** 2
    variation = arriving_variation(load, pools.decode_workers)
    workers = pools.decode_workers
    deviation = np.sqrt(np.maximum(decoding / workers, LEAST) * (variation + answers)) / np.sqrt(
        1.0 + answers
    )
    missing = (room - decoding) / workers / np.maximum(deviation, LEAST)
    wait = 0.5 * (variation + answers) * workers / answered
    free = np.maximum(1.0 - rate / answered, LEAST)
    return Queue((), wait / free, normal_share(-np.minimum(missing, 40.0)))


def _token_law(
    pools: Pools,
    requests: Requests,
    load: Open,
    tpot_of: Callable[[FloatArray], FloatArray],
    decoding: FloatArray,
) -> Law:
    """A user's mean time per token: how many others decoded meanwhile at the worker, whose number
    stays about as it is for an answer's time (`engine.serve.laws.queues.flight_stretch`)."""
    workers, tpot = pools.decode_workers, tpot_of(decoding)
    each = np.maximum(decoding / workers, LEAST)
    answers = output_variation(requests) ** 2
    more = np.maximum(np.sqrt(each), 1.0)
    slope = np.maximum(tpot_of((each + more) * workers) - tpot, 0.0) / more
    lasting = 1.0 / (1.0 - np.minimum(each * slope / tpot, MOST_STRETCHED))
    kept = 2.0 * lasting * (1.0 + lasting * np.expm1(-1.0 / lasting))
    variance = each * (arriving_variation(load, workers) + answers) / (1.0 + answers) * lasting
    return Law.of(Piece(1.0, tpot, deviation=slope * np.sqrt(variance * kept)))
