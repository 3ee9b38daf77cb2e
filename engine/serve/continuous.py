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

from engine.hardware.framework import Framework
from engine.hardware.framework_parts import PrefillPasses, RankTurns
from engine.serve.closed_loop import opening_seconds, waiting_in_step
from engine.serve.load import Arrivals, Service, Traffic
from engine.serve.passes import Deployment, drafting_seconds, pass_seconds
from engine.words.arrays import FloatArray
from engine.work.tokens import Step

LEAST_FRESH = 1e-9
"""Share of prompts that are prefilled even where all are cached: keeps shares of shares finite."""
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
    alone: FloatArray
    """Seconds without prompts or drafts, without prompts, and with prompts."""
    plain: FloatArray
    mixed: FloatArray
    step: FloatArray
    """Seconds of the mean pass."""
    service: FloatArray
    """Seconds until a prompt that is being served has its first token."""


def serve_continuous(deployment: Deployment, traffic: Traffic, batch: FloatArray) -> Service:
    """Metrics of ``batch`` requests in flight per replica, arrays of (layouts, batches)."""
    admitted = batch if traffic.limit is None else np.minimum(batch, traffic.limit)
    passes = _steady_passes(deployment, traffic, admitted)
    steps, accepted = traffic.steps_per_answer, traffic.accepted
    waiting = _mean_wait(deployment, traffic, passes)
    surplus = passes.sequences - passes.decoding.sequences
    queueing = surplus / np.maximum(passes.arrivals, 1e-12) * passes.step
    # Little's law: what is not admitted waits for a slot.
    queueing = queueing + (batch / admitted - 1.0) * (passes.service + steps * passes.step)
    served = waiting + passes.service
    # Who is found in the cache waits for the running pass and gets a token from the next.
    served = served + np.asarray(traffic.cached) * (1.5 * passes.step - served)
    ttft = deployment.framework.costs.request_seconds + served + queueing
    tpot = passes.step / accepted
    if traffic.arrivals is not None:
        burst = _burst(deployment, traffic, traffic.arrivals, passes)
        ttft = ttft + burst
        # What a request waits before its first token, it does not wait between later ones.
        own = (waiting + passes.service) * (1.0 - passes.plain / passes.mixed)
        before = np.where(traffic.arrivals.in_step, own, burst)
        tpot = np.maximum(tpot - before / steps / accepted, passes.plain / accepted)
    return traffic.service(batch, ttft, tpot)


def _steady_passes(deployment: Deployment, traffic: Traffic, admitted: FloatArray) -> _Passes:
    framework, layouts = deployment.framework, deployment.layouts
    input_tokens = np.asarray(traffic.input_tokens, dtype=float)
    steps = traffic.steps_per_answer
    fresh = np.maximum(1.0 - np.asarray(traffic.cached), LEAST_FRESH)
    whole = traffic.decoding(layouts, admitted)
    # Tokens that decoding sequences take out of a shared pass; passes of their own take none.
    taken = (
        whole.queries if framework.scheduler.prefill_passes is PrefillPasses.SHARED else np.zeros(1)
    )
    sustained = framework.scheduler.prefill_tokens * steps / (input_tokens * fresh + taken * steps)
    held = np.minimum(whole.sequences, np.maximum(sustained, 1.0))
    decoding = replace(
        whole, sequences=held, share=np.minimum(whole.share * whole.sequences / held, 1.0)
    )
    budget = np.maximum(framework.scheduler.prefill_tokens - held * taken, 1.0)
    arrivals = fresh * held / steps
    together = _together(framework, traffic, held, arrivals, budget / input_tokens)
    chunk = np.minimum(together * input_tokens, budget)
    own_share = np.minimum(arrivals * input_tokens / chunk, 1.0)
    # Attention-DP ranks step together: all wait whenever one of them has a prompt, unless the
    # engine lets them prefill in the same passes.
    apart = (
        np.ones(1)
        if framework.scheduler.rank_turns is RankTurns.TOGETHER
        else layouts.attention_data
    )
    share = -np.expm1(apart * np.log1p(-np.minimum(own_share, 1.0 - 1e-12)))
    # Where passes replay CUDA graphs, ranks without a prompt are filled up to those with one.
    filled_up = (layouts.attention_data > 1) & (input_tokens <= framework.capabilities.graph_tokens)
    prompts = _prompts(chunk, input_tokens, np.where(filled_up, 1.0, own_share / share))
    alone = pass_seconds(deployment, [decoding])
    drafting = drafting_seconds(deployment, traffic.draft_tokens, alone)
    mixed = np.maximum(_with_prompts(deployment, decoding, prompts, alone), alone) + drafting
    plain = alone + drafting
    return _Passes(
        sequences=whole.sequences,
        decoding=decoding,
        budget=budget,
        arrivals=arrivals,
        together=together,
        chunk=chunk,
        share=share,
        alone=alone,
        plain=plain,
        mixed=mixed,
        step=plain + share * (mixed - plain),
        service=np.maximum(input_tokens / np.minimum(budget, input_tokens), 1.0) * mixed,
    )


def _mean_wait(deployment: Deployment, traffic: Traffic, passes: _Passes) -> FloatArray:
    """Seconds that a prompt waits for the next look at the queue and for others' prompts."""
    framework = deployment.framework
    polling = 0.5 * np.maximum(framework.scheduler.admission_steps - 1.0, 0.0) * passes.step
    waiting: FloatArray = polling + _waiting(passes)
    if traffic.arrivals is None or not np.any(traffic.arrivals.in_step):
        return waiting
    input_tokens = np.asarray(traffic.input_tokens, dtype=float)
    single = _prompts(np.minimum(input_tokens, passes.budget), input_tokens, 1.0)
    first = _with_prompts(deployment, passes.decoding, single, passes.alone)
    behind = waiting_in_step(
        framework,
        passes.sequences,
        passes.together,
        passes.budget / passes.chunk,
        passes.service,
        np.maximum(input_tokens / passes.budget, 1.0) * first,
    )
    return np.where(traffic.arrivals.in_step, behind, waiting)


def _burst(
    deployment: Deployment, traffic: Traffic, arrivals: Arrivals, passes: _Passes
) -> FloatArray:
    """Seconds that the opening of a closed-loop client adds to the mean TTFT."""
    input_tokens = np.asarray(traffic.input_tokens, dtype=float)
    full = np.minimum(passes.budget, passes.sequences * input_tokens)
    prompts = _prompts(full, input_tokens, 1.0)
    filled = _with_prompts(deployment, passes.decoding, prompts, passes.alone)
    if deployment.framework.scheduler.prefill_passes is not PrefillPasses.SHARED:
        filled = filled - passes.alone
    mean = 0.5 * (passes.sequences * filled * input_tokens / full + filled)
    return opening_seconds(deployment.framework, arrivals, mean - passes.service)


def _together(
    framework: Framework,
    traffic: Traffic,
    sequences: FloatArray,
    arrivals: FloatArray,
    fitting: FloatArray,
) -> FloatArray:
    """Prompts that share a pass: those that arrive until the next look at the queue, as far as
    the budget goes. Answers of equal length end together, so their successors come together; the
    first of them starts alone."""
    collected = arrivals * np.maximum(framework.scheduler.admission_steps, 1.0)
    if traffic.arrivals is not None:
        collected = np.where(traffic.arrivals.in_step, sequences - 1.0, collected)
    most = np.minimum(fitting, float(framework.scheduler.prefill_requests))
    together: FloatArray = np.maximum(1.0, np.minimum(collected, most))
    return together


def _prompts(chunk: FloatArray, input_tokens: FloatArray, share: float | FloatArray) -> Step:
    """``chunk`` tokens of prompts in one pass: whole prompts, or an average piece of one."""
    queries = np.minimum(chunk, input_tokens)
    return Step(
        chunk / queries, queries, np.asarray(0.0), input_tokens - 1.0, decode=False, share=share
    )


def _with_prompts(
    deployment: Deployment, decoding: Step, prompts: Step, alone: FloatArray
) -> FloatArray:
    """Seconds of decoding with prompts: in the same pass, or in one of their own before it."""
    if deployment.framework.scheduler.prefill_passes is PrefillPasses.SHARED:
        return pass_seconds(deployment, [decoding, prompts])
    return alone + pass_seconds(deployment, [prompts])


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
