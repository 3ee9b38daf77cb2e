"""Continuous batching: ``batch`` requests are always in flight; whenever one ends, the next one's
prompt is prefilled, in chunks that share passes with the decoding sequences or in passes of its
own, as the framework does it.

Each of the sequences ends after ``output`` steps, so ``a = sequences·yield/output`` prompts start
per step. A pass takes prompts up to its token budget: a share of the passes carries prefill, and
TPOT is the mean over passes with and without. When the budget cannot keep up, the surplus waits
and the time shows in TTFT (Little's law).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.hardware.parts.scheduler import PrefillPasses
from engine.scenario import FirstToken
from engine.serve.batch_wait import longest_wait
from engine.serve.batching.client import opening_seconds, waiting_in_step
from engine.serve.batching.micro_batches import MicroBatches
from engine.serve.laws.closed import Users, closed_laws, opening_span
from engine.serve.load import Client
from engine.serve.passes.deployment import Deployment
from engine.serve.passes.run import run
from engine.serve.reading import prompt_step
from engine.serve.requests import Requests
from engine.serve.service import HOST_PART, Part, Parts, Service
from engine.serve.steady import (
    SteadyPasses,
    passes_until_taken,
    steady_passes,
    waited_passes,
    with_prompts,
)
from engine.words.arrays import FloatArray

LEFT_OVER = 0.1
"""Of the sequences, those that are still decoding when a run comes to its end."""
CRITICAL = 8.0 / np.pi
"""So that half of the bound at full load is ``√(2n/π)``."""


def serve_continuous(
    deployment: Deployment,
    requests: Requests,
    client: Client | None,
    batch: FloatArray,
    limit: FloatArray,
) -> Service:
    """Metrics of ``batch`` requests in flight per replica, arrays of (layouts, sizes), of which
    memory and scheduler admit ``limit``; the others queue."""
    admitted = np.minimum(batch, limit)
    shared = (
        MicroBatches.of(deployment, requests, admitted)
        if client is None and requests.alike
        else MicroBatches.each(deployment, admitted)
    )
    passes = steady_passes(shared.deployment, requests, client, shared.sizes)
    steps, accepted = requests.steps_per_answer, requests.drafts.accepted
    polling = _polling(shared.deployment, requests, client, passes)
    looked = shared.spread(polling)
    waits = _mean_wait(shared.deployment, requests, client, passes)
    waiting, taken = looked + shared.spread(waits), shared.spread(passes.service)
    plain, step = shared.spread(passes.plain), shared.spread(passes.step)
    queueing = _unsupplied(shared, passes)
    if not np.all(batch <= limit):
        # Little's law: what is not admitted waits for a slot.
        queueing = queueing + (batch / admitted - 1.0) * (taken + steps * step)
    served = waiting + taken
    request_seconds = deployment.framework.costs.request_seconds
    ttft = request_seconds + requests.loading_seconds + served + queueing
    burst: FloatArray = np.zeros(1)
    if client is not None:
        burst = _burst(deployment, requests, client, passes)
        ttft = ttft + burst
    met = step - plain
    if client is not None and client.in_step:
        # What a request waits before its first token, it does not wait between later ones.
        before = served * (1.0 - plain / passes.mixed)
        met = met - before / steps
    else:
        # A sequence meets the prompts of the others, never its own.
        met = met * (1.0 - 1.0 / np.maximum(admitted, 1.0)) - burst / steps
    tpot = (plain + np.maximum(met, 0.0)) / accepted
    spent = _Waits(request_seconds, requests.loading_seconds, waiting, queueing, burst)
    longest = shared.spread(_longest_polling(shared.deployment, requests, passes, polling))
    users = Users(ttft, tpot, looked, longest, waiting - looked, queueing, met, admitted)
    service = Service.of(
        requests,
        batch,
        ttft,
        tpot,
        lambda: _parts(shared.spread_passes(passes), spent, tpot, accepted),
        lambda: closed_laws(deployment, requests, client, shared.spread_passes(passes), users),
        shared.spread_named({"prefill": passes.prefill, "decode": passes.alone}),
    )
    if client is None:
        return service
    return service.drained(_drain(deployment, requests, client, passes))


def _unsupplied(shared: MicroBatches, passes: SteadyPasses) -> FloatArray:
    """Seconds that a request waits because passes have no room for the prompts of all that are
    admitted."""
    surplus = passes.sequences - passes.decoding.sequences
    if not np.any(surplus > 0):
        return np.zeros(1)
    surplus = shared.deployment.spread(surplus / np.maximum(passes.arrivals, 1e-12))
    return shared.spread(surplus * passes.step)


@dataclass(frozen=True, slots=True)
class _Waits:
    """What a first token waits for beside its prefill, in seconds."""

    request: float
    loading: float | FloatArray
    others: FloatArray
    place: FloatArray
    opening: FloatArray


def _parts(passes: SteadyPasses, waits: _Waits, tpot: FloatArray, accepted: float) -> Parts:
    """What the latencies are made of, when ``accepted`` tokens come out of a step."""
    # The first of equal answers starts alone: sooner than a group that shares a pass.
    prompt = np.minimum(passes.service, passes.service + waits.others)
    others = waits.others + passes.service - prompt
    decode, plain = passes.alone.seconds / accepted, passes.plain / accepted
    return {
        "ttft": (
            Part("request", np.asarray(waits.request)),
            Part(HOST_PART, np.asarray(waits.loading)),
            Part("waiting for passes and prompts of others", others),
            Part("prefill", prompt, "prefill"),
            Part("queueing for a place", waits.place),
            Part("opening of the client", waits.opening),
        ),
        "tpot": (
            Part("decode", decode, "decode"),
            Part("drafting", plain - decode),
            Part("prompts of others", tpot - plain),
        ),
    }


def _polling(
    deployment: Deployment, requests: Requests, client: Client | None, passes: SteadyPasses
) -> FloatArray:
    """Seconds that a prompt waits on average for the next look at the queue; those that come at
    once, as an answer's pass ends, come with it. Where prompts wait for others, answers end as
    passes do, and those until then hold no prompts."""
    if client is not None and client.in_step:
        return np.zeros_like(passes.step)
    waits = bool(deployment.framework.scheduler.batch_wait_passes)
    each = passes.plain if waits or _turned(deployment, passes) else passes.step
    polling: FloatArray = deployment.spread(passes_until_taken(deployment, requests, passes)) * each
    if waits and client is not None and client.statistic is FirstToken.MEAN:
        # Those of the opening find nobody decoding, or fill passes.
        return polling * (1.0 - 1.0 / client.waves)
    return polling


def _longest_polling(
    deployment: Deployment, requests: Requests, passes: SteadyPasses, mean: FloatArray
) -> FloatArray:
    """The longest wait of those whose ``mean`` is so many seconds: twice as long, where looks at
    the queue come evenly; where prompts wait for others, the first of them waits longest."""
    if not deployment.framework.scheduler.batch_wait_passes:
        return 2.0 * mean
    waited = longest_wait(deployment, requests, passes.arrivals, passes.budget)
    longest = deployment.spread(waited) * passes.plain
    return np.where(longest > 0, np.minimum(longest, 2.0 * mean), 2.0 * mean)


def _turned(deployment: Deployment, passes: SteadyPasses) -> bool:
    """Whether ranks wait for each other's prompts, and pass by pass take a few of each."""
    return not passes.apart and bool(deployment.framework.scheduler.rank_wait_passes)


def _looks(deployment: Deployment, passes: SteadyPasses) -> FloatArray:
    """Passes from one look at the queue to the next."""
    looks: FloatArray = np.maximum(
        deployment.framework.scheduler.admission_steps, waited_passes(passes)
    )
    return looks


def _mean_wait(
    deployment: Deployment, requests: Requests, client: Client | None, passes: SteadyPasses
) -> FloatArray:
    """Seconds that a prompt waits for the running pass and for others' prompts."""
    if client is not None and client.in_step:
        return _wait_in_step(deployment, requests, passes)
    queued = _waiting(deployment, passes)
    if not _turned(deployment, passes):
        return queued
    # The pass that takes some prompts of all ranks has room for a few of each: the others wait for
    # the next.
    fitting = np.maximum(passes.budget / requests.fresh_tokens, 1.0)
    busy = np.minimum(passes.arrivals * _looks(deployment, passes) / fitting, 1.0)
    turns = passes_until_taken(deployment, requests, passes) * _turns(passes, busy)
    waiting: FloatArray = np.maximum(queued, deployment.spread(turns) * passes.step)
    return waiting


def _turns(passes: SteadyPasses, busy: FloatArray) -> FloatArray:
    """What a prompt waits for others, over half of what one takes, of which a share of the time is
    ``busy`` (see `_waiting`)."""
    others = np.sqrt(CRITICAL * np.maximum(passes.sequences / passes.together, 1.0))
    turns: FloatArray = busy / (np.maximum(1.0 - busy, 0.0) + busy / others)
    return turns


def _wait_in_step(deployment: Deployment, requests: Requests, passes: SteadyPasses) -> FloatArray:
    """As `_mean_wait`, of prompts that come at once, wave after wave."""
    fresh = requests.fresh_tokens
    single = prompt_step(np.minimum(fresh, passes.budget), requests, 1.0)
    first = with_prompts(deployment, passes, single)
    # Where prompts go before decoding, all of a wave are computed before any of it decodes.
    own = deployment.framework.scheduler.prefill_passes is PrefillPasses.OWN
    apart = np.full_like(passes.chunk, np.inf) if own else passes.budget / passes.chunk
    return waiting_in_step(
        deployment.framework.costs.spacing_seconds,
        passes.sequences,
        passes.together,
        apart,
        passes.service,
        np.maximum(fresh / passes.budget, 1.0) * first,
    )


def _burst(
    deployment: Deployment, requests: Requests, client: Client, passes: SteadyPasses
) -> FloatArray:
    """Seconds that the opening of a closed-loop client adds to the mean TTFT."""
    first, last = opening_span(deployment, requests, passes)
    mean = 0.5 * (first + last)
    tuned = bool(deployment.inventory.banks)
    return opening_seconds(deployment.framework.costs, client, mean - passes.service, tuned)


def _drain(
    deployment: Deployment, requests: Requests, client: Client, passes: SteadyPasses
) -> FloatArray:
    """Seconds per wave that a client's run lasts beyond its answers: when no request is left to
    start, those that started last decode in passes without prompts, where others would have shared
    passes with theirs, and the longest answers end in passes that are nearly empty."""
    few, half = (
        run(deployment, [replace(passes.decoding, sequences=np.maximum(left, 1.0))]).seconds
        for left in (LEFT_OVER * passes.decoding.sequences, 0.5 * passes.decoding.sequences)
    )
    rest = client.rest(passes.sequences) / requests.drafts.accepted
    seconds: FloatArray = rest * few + passes.share * half
    return seconds * requests.steps_per_answer / client.waves


def _waiting(deployment: Deployment, passes: SteadyPasses) -> FloatArray:
    """Mean wait of a prompt for the running pass and for prompts before it.

    Prompts are served for a share of the time, ``busy``: a queue of constant service times
    (Pollaczek-Khinchine), served ``together`` at a time. The others are finite in number: where
    service is just sufficient, about ``√(2n/π)`` of n of them wait (machine repair problem).
    Whoever is alone never waits.
    """
    behind = passes.plain if passes.apart else 0.0
    row = deployment.spread(passes.row)
    busy = passes.share * row * (passes.mixed - behind) / passes.step
    free = np.maximum(1.0 - busy, 0.0)
    others = np.sqrt(CRITICAL * np.maximum(passes.sequences / passes.together, 1.0))
    queued = 0.5 * passes.service * busy / (free + busy / deployment.spread(others))
    beside = deployment.spread(1.0 - 1.0 / np.maximum(passes.sequences, 1.0))
    waiting: FloatArray = (0.5 * passes.plain * free + queued) * beside
    return waiting
