"""From seconds per pass to what a user sees: TTFT, TPOT, end-to-end latency, tokens per second.

Static batch: all prompts are prefilled together, then all sequences decode in lock step.
Continuous batching: ``batch`` requests are always in flight; whenever one ends, the next one's
prompt is prefilled, in chunks that share passes with the decoding sequences or in passes of its
own, as the framework does it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.chip import Chip
from engine.framework import Framework
from engine.operators import (
    Inventory,
    LayoutArrays,
    Step,
    decode_step,
    prefill_step,
    step_messages,
    step_work,
)
from engine.roofline import kernel_seconds, message_seconds
from engine.scenario import Mode, Scenario

FloatArray = NDArray[np.float64]

CRITICAL = 8.0 / np.pi
"""So that half of the bound at full load is ``√(2n/π)``."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A model's inventory on a chip under a framework, for several layouts at once."""

    inventory: Inventory
    chip: Chip
    framework: Framework
    layouts: LayoutArrays
    imbalance: float = 1.0


@dataclass(frozen=True, slots=True)
class Arrivals:
    """How a closed-loop benchmark client sends requests, where it differs from a steady state.

    It opens with all slots at once and then refills each slot as its answer ends. ``waves`` is
    the number of requests per slot over the run. ``spread`` is the range of answer lengths as
    a share of their mean; with equal lengths (0) every wave arrives at once. ``median`` is 1
    where the median TTFT is asked for, which the opening does not move.
    """

    waves: int = 10
    opening: float | FloatArray = 1.0
    """1 for such a client, 0 where the load is steady from the start."""
    spread: float | FloatArray = 0.2
    median: float | FloatArray = 0.0

    @property
    def in_step(self) -> NDArray[np.bool_]:
        """Answers of one length that began together end together, wave after wave."""
        stays: NDArray[np.bool_] = (np.asarray(self.opening) > 0) & (np.asarray(self.spread) <= 0)
        return stays


@dataclass(frozen=True, slots=True)
class Traffic:
    """What requests look like, for `serve_traffic`: lengths may be arrays that broadcast with
    the batches."""

    input_tokens: float | FloatArray
    output_tokens: float | FloatArray
    mode: Mode = Mode.CONTINUOUS
    draft_tokens: int = 0
    acceptance: float = 0.0
    arrivals: Arrivals | None = None
    limit: FloatArray | None = None
    """Sequences per replica that memory and scheduler admit; further requests queue."""

    @classmethod
    def of(cls, scenario: Scenario) -> Traffic:
        """The traffic of a scenario."""
        workload = scenario.workload
        return cls(
            float(workload.input_tokens),
            float(workload.output_tokens),
            workload.mode,
            scenario.draft_tokens,
            scenario.acceptance,
        )


@dataclass(frozen=True, slots=True)
class Service:
    """What users see, arrays of (layouts, batches); rates are of one replica."""

    ttft_seconds: FloatArray
    tpot_seconds: FloatArray
    e2e_seconds: FloatArray
    request_tps: FloatArray
    decode_tps: FloatArray


def pass_seconds(deployment: Deployment, steps: Sequence[Step]) -> FloatArray:
    """Seconds of one pass through all layers, collectives and the runtime's cost included."""
    chip, layouts, inventory = deployment.chip, deployment.layouts, deployment.inventory
    seconds: FloatArray = np.zeros(1)
    for work in step_work(inventory, layouts, steps, deployment.imbalance):
        seconds = seconds + work.calls * kernel_seconds(work, chip)
    for message in step_messages(inventory, layouts, steps, chip.node_size):
        if bool(np.any((message.times > 0) & (message.ranks > 1))):
            spent = message_seconds(message, chip) + np.where(
                message.ranks > 1, deployment.framework.collective_seconds, 0.0
            )
            seconds = seconds + message.times * spent
    if not all(step.decode for step in steps):
        launches = deployment.framework.prompt_layer_seconds * inventory.layer_count
        seconds = np.maximum(seconds, launches)
    return (seconds + runtime_seconds(deployment, steps)) * deployment.framework.pace


def runtime_seconds(deployment: Deployment, steps: Sequence[Step]) -> FloatArray:
    """What the framework spends around a pass: per pass, per layer and per sequence."""
    framework = deployment.framework
    sequences = sum((step.sequences for step in steps), np.zeros(1))
    fixed = framework.step_seconds + framework.layer_seconds * deployment.inventory.layer_count
    return fixed + framework.sequence_seconds * sequences


def tokens_per_step(draft_tokens: int, acceptance: float) -> float:
    """Expected tokens of one speculative step, ``(1 − a^(d+1))/(1 − a)`` (arXiv:2211.17192)."""
    if draft_tokens <= 0:
        return 1.0
    if acceptance >= 1.0:
        return draft_tokens + 1.0
    return float((1.0 - acceptance ** (draft_tokens + 1)) / (1.0 - acceptance))


def serve(deployment: Deployment, scenario: Scenario, batch: FloatArray) -> Service:
    """Metrics of ``batch`` (shape (1, batches) or (layouts, batches)) sequences per replica."""
    return serve_traffic(deployment, Traffic.of(scenario), batch)


def serve_traffic(deployment: Deployment, traffic: Traffic, batch: FloatArray) -> Service:
    """As `serve`, with lengths that may differ from place to place."""
    if traffic.mode is Mode.STATIC:
        return _serve_static(deployment, traffic, batch)
    return _serve_continuous(deployment, traffic, batch)


def _decoding(deployment: Deployment, traffic: Traffic, batch: FloatArray) -> Step:
    return decode_step(
        batch,
        deployment.layouts,
        traffic.input_tokens,
        traffic.output_tokens,
        1.0 + traffic.draft_tokens,
    )


def _service(traffic: Traffic, batch: FloatArray, ttft: FloatArray, tpot: FloatArray) -> Service:
    output_tokens = np.asarray(traffic.output_tokens, dtype=float)
    e2e = ttft + np.maximum(output_tokens - 1.0, 0.0) * tpot
    return Service(
        ttft_seconds=np.broadcast_to(ttft, tpot.shape),
        tpot_seconds=tpot,
        e2e_seconds=e2e,
        request_tps=batch * output_tokens / e2e,
        decode_tps=batch / tpot,
    )


def _drafting_seconds(deployment: Deployment, traffic: Traffic, seconds: FloatArray) -> FloatArray:
    """Seconds for drafting with the model's own prediction layer, one layer per draft token."""
    return seconds * (traffic.draft_tokens / max(deployment.inventory.layer_count, 1))


def _serve_static(deployment: Deployment, traffic: Traffic, batch: FloatArray) -> Service:
    layouts = deployment.layouts
    prompts = pass_seconds(deployment, [prefill_step(batch, layouts, traffic.input_tokens)])
    # Micro-batches follow each other through the stages; the last one leaves last.
    prompts = prompts * (2.0 - 1.0 / layouts.pipeline)
    ttft = prompts + deployment.framework.request_seconds
    step = pass_seconds(deployment, [_decoding(deployment, traffic, batch)])
    step = step + _drafting_seconds(deployment, traffic, step)
    tpot = step / tokens_per_step(traffic.draft_tokens, traffic.acceptance)
    return _service(traffic, batch, ttft, tpot)


def _serve_continuous(deployment: Deployment, traffic: Traffic, batch: FloatArray) -> Service:
    """Steady state with ``batch`` requests in flight.

    Each of the sequences ends after ``output`` steps, so ``a = sequences·yield/output`` prompts
    start per step. A pass takes prompts up to its token budget: a share of the passes carries
    prefill, and TPOT is the mean over passes with and without. When the budget cannot keep up,
    the surplus waits and the time shows in TTFT (Little's law).
    """
    framework, layouts = deployment.framework, deployment.layouts
    input_tokens = np.asarray(traffic.input_tokens, dtype=float)
    output_tokens = np.asarray(traffic.output_tokens, dtype=float)
    accepted = tokens_per_step(traffic.draft_tokens, traffic.acceptance)
    steps_per_answer = np.maximum((output_tokens - 1.0) / accepted, 1.0)

    admitted = batch if traffic.limit is None else np.minimum(batch, traffic.limit)
    whole = _decoding(deployment, traffic, admitted)
    # Tokens that decoding sequences take out of a shared pass; passes of their own take none.
    taken = whole.queries if framework.chunked_prefill else np.zeros(1)
    sustained = (
        framework.chunk_tokens * steps_per_answer / (input_tokens + taken * steps_per_answer)
    )
    held = np.minimum(whole.sequences, np.maximum(sustained, 1.0))
    decoding = replace(
        whole, sequences=held, share=np.minimum(whole.share * whole.sequences / held, 1.0)
    )
    budget = np.maximum(framework.chunk_tokens - decoding.sequences * taken, 1.0)
    arrivals = decoding.sequences / steps_per_answer
    together = _together(framework, traffic, decoding.sequences, arrivals, budget / input_tokens)
    chunk = np.minimum(together * input_tokens, budget)
    own_share = np.minimum(arrivals * input_tokens / chunk, 1.0)
    # Attention-DP ranks step together: all wait whenever one of them has a prompt, unless the
    # engine lets them prefill in the same passes.
    apart = np.ones(1) if framework.aligned_prefill else layouts.attention_data
    share = -np.expm1(apart * np.log1p(-np.minimum(own_share, 1.0 - 1e-12)))

    # Where passes replay CUDA graphs, ranks without a prompt are filled up to those with one.
    filled_up = (layouts.attention_data > 1) & (input_tokens <= framework.graph_tokens)
    prompt = _prompts(chunk, input_tokens, np.where(filled_up, 1.0, own_share / share))
    alone = pass_seconds(deployment, [decoding])
    drafting = _drafting_seconds(deployment, traffic, alone)
    mixed = _with_prompts(deployment, decoding, prompt, alone)
    plain, mixed = alone + drafting, np.maximum(mixed, alone) + drafting
    step = plain + share * (mixed - plain)
    tpot = step / accepted

    service = np.maximum(input_tokens / np.minimum(budget, input_tokens), 1.0) * mixed
    waiting = 0.5 * np.maximum(framework.admission_steps - 1.0, 0.0) * step
    busy = share * mixed / step
    waiting = waiting + _waiting(whole.sequences, together, service, plain, busy)
    if traffic.arrivals is not None:
        single = _with_prompts(
            deployment,
            decoding,
            _prompts(np.minimum(input_tokens, budget), input_tokens, 1.0),
            alone,
        )
        first = np.maximum(input_tokens / budget, 1.0) * single
        behind = _waiting_in_step(
            framework, whole.sequences, together, budget / chunk, service, first
        )
        waiting = np.where(traffic.arrivals.in_step, behind, waiting)
    surplus = whole.sequences - decoding.sequences
    queueing = surplus / np.maximum(arrivals, 1e-12) * step
    # Little's law: what is not admitted waits for a slot.
    queueing = queueing + (batch / admitted - 1.0) * (service + steps_per_answer * step)
    ttft = framework.request_seconds + waiting + service + queueing
    if traffic.arrivals is not None:
        full = np.minimum(budget, whole.sequences * input_tokens)
        filled = _with_prompts(deployment, decoding, _prompts(full, input_tokens, 1.0), alone)
        filled = filled if framework.chunked_prefill else filled - alone
        first = 0.5 * (whole.sequences * filled * input_tokens / full + filled) - service
        burst = opening_seconds(framework, traffic.arrivals, first)
        ttft = ttft + burst
        # What a request waits before its first token, it does not wait between later ones.
        own = (waiting + service) * (1.0 - plain / mixed)
        before = np.where(traffic.arrivals.in_step, own, burst)
        tpot = np.maximum(tpot - before / steps_per_answer / accepted, plain / accepted)
    return _service(traffic, batch, ttft, tpot)


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
    collected = arrivals * np.maximum(framework.admission_steps, 1.0)
    if traffic.arrivals is not None:
        collected = np.where(traffic.arrivals.in_step, sequences - 1.0, collected)
    most = np.minimum(fitting, float(framework.prefill_requests))
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
    if deployment.framework.chunked_prefill:
        return pass_seconds(deployment, [decoding, prompts])
    return alone + pass_seconds(deployment, [prompts])


def _waiting(
    sequences: FloatArray,
    together: FloatArray,
    service: FloatArray,
    plain: FloatArray,
    busy: FloatArray,
) -> FloatArray:
    """Mean wait of a prompt for the running pass and for prompts before it.

    Prompts are served for a share ``busy`` of the time: a queue of constant service times
    (Pollaczek-Khinchine), served ``together`` at a time. The others are finite in number: where
    service is just sufficient, about ``√(2n/π)`` of n of them wait (machine repair problem).
    Whoever is alone never waits.
    """
    free = np.maximum(1.0 - busy, 0.0)
    others = np.sqrt(CRITICAL * np.maximum(sequences / together, 1.0))
    waiting = 0.5 * plain * free + 0.5 * service * busy / (free + busy / others)
    return waiting * (1.0 - 1.0 / np.maximum(sequences, 1.0))


def _waiting_in_step(
    framework: Framework,
    sequences: FloatArray,
    together: FloatArray,
    passes: FloatArray,
    service: FloatArray,
    first: FloatArray,
) -> FloatArray:
    """Mean wait, beyond a group's ``service``, of prompts that come at once.

    The first starts alone and takes ``first`` seconds; the others wait for it and are then served
    in groups of ``together``, one pass of ``service`` seconds each, so on average for half of
    the other groups. The front end spaces prompts apart, which shortens their wait. Groups drift
    apart beyond what one full budget holds, ``passes``.
    """
    others = 1.0 - 1.0 / np.maximum(sequences, 1.0)
    behind = np.maximum(first - 0.5 * sequences * framework.spacing_seconds, 0.0)
    ahead = 0.5 * np.maximum((sequences - 1.0) / together - 1.0, 0.0)
    ahead = np.minimum(ahead, np.maximum(passes, 1.0))
    queued = ahead * np.maximum(service - together * framework.spacing_seconds, 0.0)
    return (1.0 - others) * first + others * (behind + service + queued) - service


def opening_seconds(framework: Framework, arrivals: Arrivals, first: FloatArray) -> FloatArray:
    """Mean extra wait from a client that opens all its slots at once, when the requests of the
    opening would wait ``first`` seconds on a warm server.

    The opening prompts are served one after the other, the mean one after half of the others.
    Its end is as much later, so that the next waves no longer come at once; of ``waves`` requests
    per slot one waits so. Medians do not see it, and requests that stay in step are counted as
    groups already.
    """
    counted = np.where((np.asarray(arrivals.median) > 0) | arrivals.in_step, 0.0, 1.0)
    waited = np.maximum(first, 0.0) * framework.opening_slowdown + framework.warmup_seconds
    extra: FloatArray = np.asarray(arrivals.opening) * counted * waited
    return extra / arrivals.waves
