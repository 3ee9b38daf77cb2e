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

from engine.hardware.framework_parts import PrefillPasses, RankTurns, Scheduler
from engine.serve.client import opening_seconds, waiting_in_step
from engine.serve.drafting import drafting_passes, prompts_seconds
from engine.serve.load import Client
from engine.serve.passes import Deployment, Pass, run
from engine.serve.requests import Requests
from engine.serve.service import Part, Parts, Service
from engine.words.arrays import FloatArray
from engine.work.tokens import Step

LEAST_FRESH = 1e-9
"""Share of prompts that are prefilled even where all are cached: keeps shares of shares finite."""
LEFT_OVER = 0.1
"""Of the sequences, those that are still decoding when a run comes to its end."""
CRITICAL = 8.0 / np.pi
"""So that half of the bound at full load is ``√(2n/π)``."""


@dataclass(frozen=True, slots=True)
class _Passes:
    """What passes hold and take in the steady state: arrays of (layouts, batches), tokens and
    sequences of one attention rank, seconds of one pass."""

    sequences: FloatArray
    """Sequences admitted; ``decoding`` holds those that the budget can keep supplied."""
    decoding: Step
    budget: FloatArray
    """Tokens of prompts that a pass has room for."""
    arrivals: FloatArray
    """Prompts to prefill per pass, of which ``together`` share one, ``chunk`` tokens in all."""
    together: FloatArray
    chunk: FloatArray
    share: FloatArray
    """Of the passes that carry prompts."""
    alone: Pass
    """Without prompts or drafts."""
    prefill: Pass
    """The one that holds prompts: shared with the decoding sequences, or of their own."""
    plain: FloatArray
    """Seconds without prompts, and of a turn with prompts; drafting included."""
    mixed: FloatArray
    step: FloatArray
    """Seconds of the mean pass."""
    service: FloatArray
    """Seconds until a prompt that is being served has its first token."""


def serve_continuous(
    deployment: Deployment,
    requests: Requests,
    client: Client | None,
    batch: FloatArray,
    limit: FloatArray,
) -> Service:
    """Metrics of ``batch`` requests in flight per replica, arrays of (layouts, sizes), of which
    memory and scheduler admit ``limit``; the others queue."""
    everyone = bool(np.all(batch <= limit))
    admitted = batch if everyone else np.minimum(batch, limit)
    passes = _steady_passes(deployment, requests, client, admitted)
    steps, accepted = requests.steps_per_answer, requests.drafts.accepted
    waiting = _mean_wait(deployment, requests, client, passes)
    surplus = passes.sequences - passes.decoding.sequences
    queueing = surplus / np.maximum(passes.arrivals, 1e-12) * passes.step
    if not everyone:
        # Little's law: what is not admitted waits for a slot.
        queueing = queueing + (batch / admitted - 1.0) * (passes.service + steps * passes.step)
    served = waiting + passes.service
    cached = np.asarray(requests.cached, dtype=float)
    if bool(np.any(cached)):
        # Who is found in the cache waits for the running pass and gets a token from the next.
        served = served + cached * (1.5 * passes.step - served)
    request_seconds = deployment.framework.costs.request_seconds
    ttft = request_seconds + served + queueing
    burst: FloatArray = np.zeros(1)
    if client is not None:
        burst = _burst(deployment, requests, client, passes)
        ttft = ttft + burst
    met = passes.step - passes.plain
    if client is not None and client.in_step:
        # What a request waits before its first token, it does not wait between later ones.
        before = (waiting + passes.service) * (1.0 - passes.plain / passes.mixed)
        met = met - before / steps
    else:
        # A sequence meets the prompts of the others, never its own.
        met = met * (1.0 - 1.0 / np.maximum(admitted, 1.0)) - burst / steps
    tpot = (passes.plain + np.maximum(met, 0.0)) / accepted
    waits = _Waits(request_seconds, cached, waiting, queueing, burst)
    named = {"prefill": passes.prefill, "decode": passes.alone}
    service = Service.of(
        requests, batch, ttft, tpot, lambda: _parts(passes, waits, tpot, accepted), named
    )
    if client is None:
        return service
    return service.drained(_drain(deployment, requests, client, passes))


@dataclass(frozen=True, slots=True)
class _Waits:
    """What a first token waits for beside its prefill, in seconds; ``cached`` is the share of the
    prompts that does not wait for prefill at all."""

    request: float
    cached: FloatArray
    others: FloatArray
    place: FloatArray
    opening: FloatArray


def _parts(passes: _Passes, waits: _Waits, tpot: FloatArray, accepted: float) -> Parts:
    """What the latencies are made of, when ``accepted`` tokens come out of a step."""
    fresh = 1.0 - waits.cached
    # The first of equal answers starts alone: sooner than a group that shares a pass.
    prompt = np.minimum(passes.service, passes.service + waits.others)
    others = waits.others + passes.service - prompt
    decode, plain = passes.alone.seconds / accepted, passes.plain / accepted
    return {
        "ttft": (
            Part("request", np.asarray(waits.request)),
            Part("waiting for passes and prompts of others", others * fresh),
            Part("prefill", prompt * fresh, "prefill"),
            Part("found in the cache", waits.cached * 1.5 * passes.step),
            Part("queueing for a place", waits.place),
            Part("opening of the client", waits.opening),
        ),
        "tpot": (
            Part("decode", decode, "decode"),
            Part("drafting", plain - decode),
            Part("prompts of others", tpot - plain),
        ),
    }


def _steady_passes(
    deployment: Deployment, requests: Requests, client: Client | None, admitted: FloatArray
) -> _Passes:
    layouts, scheduler = deployment.layouts, deployment.framework.scheduler
    input_tokens = np.asarray(requests.input_tokens, dtype=float)
    steps = requests.steps_per_answer
    fresh = np.maximum(1.0 - np.asarray(requests.cached), LEAST_FRESH)
    whole = requests.decoding(layouts, admitted)
    # Tokens that decoding sequences take out of a shared pass; passes of their own take none.
    shared = scheduler.prefill_passes is PrefillPasses.SHARED
    taken = whole.queries if shared else np.zeros(1)
    sustained = scheduler.prefill_tokens * steps / (input_tokens * fresh + taken * steps)
    held = np.minimum(whole.sequences, np.maximum(sustained, 1.0))
    decoding = replace(
        whole, sequences=held, share=np.minimum(whole.share * whole.sequences / held, 1.0)
    )
    budget = np.maximum(scheduler.prefill_tokens - held * taken, 1.0)
    arrivals = fresh * held / steps
    together = _together(scheduler, client, held, arrivals, budget / input_tokens)
    chunk = np.minimum(together * input_tokens, budget)
    own_share = np.minimum(arrivals * input_tokens / chunk, 1.0)
    # Attention-DP ranks step together: all wait whenever one of them has a prompt, unless the
    # engine lets them prefill in the same passes.
    apart = np.ones(1) if scheduler.rank_turns is RankTurns.TOGETHER else layouts.attention_data
    share = -np.expm1(apart * np.log1p(-np.minimum(own_share, 1.0 - 1e-12)))
    # Where passes replay CUDA graphs, ranks without a prompt are filled up to those with one.
    graph_tokens = deployment.framework.capabilities.graph_tokens
    filled_up = (layouts.attention_data > 1) & (input_tokens <= graph_tokens)
    prompts = _prompts(chunk, input_tokens, np.where(filled_up, 1.0, own_share / share))
    alone = run(deployment, [decoding])
    drafting = drafting_passes(deployment, requests.drafts, decoding).seconds
    beside = [decoding] if shared else []
    prompts_drafting = prompts_seconds(deployment, requests.drafts, beside, [prompts])
    prefill = _prefill_pass(deployment, decoding, prompts)
    turn = _turn_seconds(deployment, prefill, alone)
    plain = alone.seconds + drafting
    mixed = np.maximum(turn, alone.seconds) + drafting + prompts_drafting
    return _Passes(
        sequences=whole.sequences,
        decoding=decoding,
        budget=budget,
        arrivals=arrivals,
        together=together,
        chunk=chunk,
        share=share,
        alone=alone,
        prefill=prefill,
        plain=plain,
        mixed=mixed,
        step=plain + share * (mixed - plain),
        service=np.maximum(input_tokens / np.minimum(budget, input_tokens), 1.0) * mixed,
    )


def _mean_wait(
    deployment: Deployment, requests: Requests, client: Client | None, passes: _Passes
) -> FloatArray:
    """Seconds that a prompt waits for the next look at the queue and for others' prompts."""
    if client is not None and client.in_step:
        return _wait_in_step(deployment, requests, passes)
    steps = deployment.framework.scheduler.admission_steps
    polling = 0.5 * np.maximum(steps - 1.0, 0.0) * passes.step
    waiting: FloatArray = polling + _waiting(passes)
    return waiting


def _wait_in_step(deployment: Deployment, requests: Requests, passes: _Passes) -> FloatArray:
    """As `_mean_wait`, of prompts that come at once, wave after wave."""
    input_tokens = np.asarray(requests.input_tokens, dtype=float)
    single = _prompts(np.minimum(input_tokens, passes.budget), input_tokens, 1.0)
    first = _with_prompts(deployment, passes, single)
    return waiting_in_step(
        deployment.framework.costs.spacing_seconds,
        passes.sequences,
        passes.together,
        passes.budget / passes.chunk,
        passes.service,
        np.maximum(input_tokens / passes.budget, 1.0) * first,
    )


def _burst(
    deployment: Deployment, requests: Requests, client: Client, passes: _Passes
) -> FloatArray:
    """Seconds that the opening of a closed-loop client adds to the mean TTFT."""
    input_tokens = np.asarray(requests.input_tokens, dtype=float)
    full = np.minimum(passes.budget, passes.sequences * input_tokens)
    filled = _with_prompts(deployment, passes, _prompts(full, input_tokens, 1.0))
    if deployment.framework.scheduler.prefill_passes is PrefillPasses.OWN:
        filled = filled - passes.alone.seconds
    mean = 0.5 * (passes.sequences * filled * input_tokens / full + filled)
    return opening_seconds(deployment.framework.costs, client, mean - passes.service)


def _drain(
    deployment: Deployment, requests: Requests, client: Client, passes: _Passes
) -> FloatArray:
    """Seconds per wave that a client's run lasts beyond its answers: when no request is left to
    start, the longest answers end in passes that are nearly empty."""
    few = replace(passes.decoding, sequences=np.maximum(passes.decoding.sequences * LEFT_OVER, 1.0))
    step = run(deployment, [few]).seconds / requests.drafts.accepted
    seconds: FloatArray = (client.longest - 1.0) * requests.steps_per_answer * step / client.waves
    return seconds


def _together(
    scheduler: Scheduler,
    client: Client | None,
    sequences: FloatArray,
    arrivals: FloatArray,
    fitting: FloatArray,
) -> FloatArray:
    """Prompts that share a pass: those that arrive until the next look at the queue, as far as
    the budget goes. Answers of equal length end together, so their successors come together; the
    first of them starts alone."""
    collected = arrivals * np.maximum(scheduler.admission_steps, 1.0)
    if client is not None and client.in_step:
        collected = sequences - 1.0
    most = np.minimum(fitting, float(scheduler.prefill_requests))
    together: FloatArray = np.maximum(1.0, np.minimum(collected, most))
    return together


def _prompts(chunk: FloatArray, input_tokens: FloatArray, share: float | FloatArray) -> Step:
    """``chunk`` tokens of prompts in one pass: whole prompts, or an average piece of one."""
    queries = np.minimum(chunk, input_tokens)
    return Step(
        chunk / queries, queries, np.asarray(0.0), input_tokens - 1.0, decode=False, share=share
    )


def _prefill_pass(deployment: Deployment, decoding: Step, prompts: Step) -> Pass:
    """The pass that holds ``prompts``: with the decoding sequences, or alone."""
    shared = deployment.framework.scheduler.prefill_passes is PrefillPasses.SHARED
    return run(deployment, [decoding, prompts] if shared else [prompts])


def _turn_seconds(deployment: Deployment, prefill: Pass, alone: Pass) -> FloatArray:
    """Seconds of decoding with prompts: in the same pass, or in one of their own before it."""
    if deployment.framework.scheduler.prefill_passes is PrefillPasses.SHARED:
        return prefill.seconds
    return alone.seconds + prefill.seconds


def _with_prompts(deployment: Deployment, passes: _Passes, prompts: Step) -> FloatArray:
    """Seconds of the steady passes' decoding with other ``prompts``."""
    prefill = _prefill_pass(deployment, passes.decoding, prompts)
    return _turn_seconds(deployment, prefill, passes.alone)


def _waiting(passes: _Passes) -> FloatArray:
    """Mean wait of a prompt for the running pass and for prompts before it.

    Prompts are served for a share of the time, ``busy``: a queue of constant service times
    (Pollaczek-Khinchine), served ``together`` at a time. The others are finite in number: where
    service is just sufficient, about ``√(2n/π)`` of n of them wait (machine repair problem).
    Whoever is alone never waits.
    """
    busy = passes.share * passes.mixed / passes.step
    free = np.maximum(1.0 - busy, 0.0)
    others = np.sqrt(CRITICAL * np.maximum(passes.sequences / passes.together, 1.0))
    waiting = 0.5 * passes.plain * free + 0.5 * passes.service * busy / (free + busy / others)
    return waiting * (1.0 - 1.0 / np.maximum(passes.sequences, 1.0))
