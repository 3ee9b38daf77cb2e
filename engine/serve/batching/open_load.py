"""An open load: so many requests per second come by themselves, however long others take.

How many are in flight follows from Little's law: ``n = rate · seconds in service``, where a request
meets ``n`` others on average (PASTA: Poisson arrivals see time averages), so that the passes that
it lives in hold ``n + 1`` sequences. The largest rate is that of a full deployment; from there on
the queue grows without end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from engine.serve.laws.open import open_laws
from engine.serve.laws.queues import (
    Queue,
    Traffic,
    admission_queue,
    bunched,
    prompt_queue,
    queue_seen,
)
from engine.serve.load import Open
from engine.serve.passes.deployment import Deployment
from engine.serve.reading import LEAST_FRESH
from engine.serve.requests import Requests
from engine.serve.service import HOST_PART, Part, Parts, Service
from engine.serve.steady import (
    SteadyPasses,
    passes_until_taken,
    steady_passes,
    with_further,
)
from engine.words.arrays import BoolArray, FloatArray

ROUNDS = 10
"""Of the search for the number in flight; time per pass is nearly a straight line over it."""
HELD_UP_ROUNDS = 2
"""Until the passes know of those who are held up by prompts that came while their own waited."""
BUSIER = 1.1
"""How many more prompts tell what one of them adds to a pass."""
MOST_READING = 0.95
"""Share of the time that prompts take, up to which it is looked at how they bunch."""
MOST_USED = 1.0 - 1e-6
"""Share of the largest rate up to which anything is worked out."""


@dataclass(frozen=True, slots=True)
class OpenService:
    """What users see at a rate; ``in_flight`` counts those who wait, too. The figures of rates that
    are not ``stable`` are those of the ``largest_rate`` (per replica) and mean nothing."""

    service: Service
    in_flight: FloatArray
    running: FloatArray
    stable: BoolArray
    largest_rate: FloatArray


def largest_rate(deployment: Deployment, requests: Requests, limit: FloatArray) -> FloatArray:
    """Requests per second that one replica carries with ``limit`` sequences at once: as many as
    end, and as many as its passes have room for the prompts of."""
    full = steady_passes(deployment, requests, None, limit)
    answering = requests.steps_per_answer * full.step
    kept = full.decoding.sequences / full.sequences
    rate: FloatArray = np.minimum(limit * kept / answering, limit / (answering + full.service))
    return rate


def serve_open(
    deployment: Deployment,
    requests: Requests,
    load: Open,
    rate: FloatArray,
    limit: FloatArray,
) -> OpenService:
    """Metrics of ``rate`` requests per second and replica, arrays of (layouts, sizes), where memory
    and scheduler admit ``limit`` at once."""
    most = largest_rate(deployment, requests, limit)
    rate, most = np.broadcast_arrays(np.asarray(rate, dtype=float), most)
    stable = rate < most * MOST_USED
    carried = np.minimum(rate, most * MOST_USED)
    steps, accepted = requests.steps_per_answer, requests.drafts.accepted
    variation = arriving_variation(load, deployment.layouts.replicas * deployment.layouts.pipeline)
    held = _held(deployment, requests, variation, carried, limit)
    passes, others, behind = held.passes, held.others, held.behind
    running = np.minimum(others + carried * passes.service, limit)
    slope, reading = _slopes(deployment, requests, carried, passes, (others, held.starting))
    traffic = Traffic(variation, carried, running, limit, most, slope, reading)
    more = bunched(requests, traffic, passes)
    prompts, place = (
        prompt_queue(requests, traffic, passes),
        admission_queue(requests, traffic, passes),
    )
    known = deployment.framework.costs.request_seconds
    request = known + requests.loading_seconds
    polling = _polling(deployment, requests, passes)
    waits = _Waits(known, requests.loading_seconds, prompts, place, polling)
    ttft = request + waits.polling + prompts.mean + served(passes) + place.mean
    tpot = (passes.step * (1.0 + more / np.maximum(others, 1.0)) + behind / steps) / accepted
    e2e = ttft + np.maximum(np.asarray(requests.output_tokens, dtype=float) - 1.0, 0.0) * tpot
    service = Service.of(
        requests,
        carried * e2e,
        ttft,
        tpot,
        lambda: _parts(passes, waits, tpot, accepted),
        lambda: open_laws(
            requests,
            traffic,
            passes,
            (request + served(passes), tpot),
            (polling, prompts, place),
        ),
        {"prefill": passes.prefill, "decode": passes.alone},
    )
    return OpenService(service, carried * e2e, np.minimum(running + more, limit), stable, most)


@dataclass(frozen=True, slots=True)
class _Held:
    """What a request meets: the passes, the ``others`` that decode, those of them who are
    ``starting`` prompts, and the seconds that its answer is held up ``behind`` such."""

    passes: SteadyPasses
    others: FloatArray
    starting: FloatArray
    behind: FloatArray


def _held(
    deployment: Deployment,
    requests: Requests,
    variation: FloatArray,
    rate: FloatArray,
    limit: FloatArray,
) -> _Held:
    """How many are in flight of a ``rate`` that is carried: as many as come while one is answered
    (Little's law)."""
    steps = requests.steps_per_answer

    def passes_with(others: FloatArray) -> SteadyPasses:
        return steady_passes(deployment, requests, None, others + 1.0, others, rate)

    others = kept_in_flight(lambda n: rate * steps * passes_with(n).step, limit)
    passes = with_further(deployment, requests, passes_with(others))
    behind = _behind(requests, variation, rate, passes)
    for _ in range(HELD_UP_ROUNDS):
        # Who is held up is in flight, and brings no prompts meanwhile.
        starting = np.maximum(rate * steps * passes.step, LEAST_FRESH)
        others = np.minimum(starting + rate * behind, limit)
        fuller = steady_passes(deployment, requests, None, others + 1.0, starting, rate)
        passes = replace(fuller, further=passes.further, steeper=passes.steeper)
    # Whoever holds all places lets nobody in, and decodes.
    passes = replace(passes, step=np.minimum(passes.step, limit / (rate * steps)))
    return _Held(passes, others, starting, behind)


def served(passes: SteadyPasses) -> FloatArray:
    """Seconds of the passes that bring a first token: prompts with passes of their own wait for no
    decoding after them."""
    seconds: FloatArray = passes.service - (passes.plain if passes.apart else 0.0)
    return seconds


def arriving_variation(load: Open, lanes: FloatArray) -> FloatArray:
    """Squared variation of the time between the requests of one of ``lanes`` that take them in
    turn: every so many gaps of the whole make one of theirs."""
    variation: FloatArray = load.variation / lanes
    return variation


def _behind(
    requests: Requests, variation: FloatArray, rate: FloatArray, passes: SteadyPasses
) -> FloatArray:
    """Seconds that an answer is held up by the prompts that came while its own waited, beyond the
    usual ones: who begins to answer leaves as many behind as came meanwhile (Little's law), each of
    which, and those that come while it is served, is in the way."""
    none = np.zeros_like(passes.step)
    queue = prompt_queue(requests, Traffic(variation, rate, none, none, none, none, none), passes)
    meanwhile = np.maximum(queue.mean + passes.service - passes.step, 0.0)
    held: FloatArray = meanwhile * np.maximum(passes.step / passes.plain - 1.0, 0.0)
    return held


def kept_in_flight(needed: Callable[[FloatArray], FloatArray], limit: FloatArray) -> FloatArray:
    """The ``n`` of which ``needed(n)`` are in service: between none and ``limit``, by false
    position (Illinois: an end that stays counts half)."""
    above = limit - needed(limit)
    low, high = np.zeros_like(above), np.broadcast_to(limit, above.shape)
    below = low - needed(low)
    for _ in range(ROUNDS):
        across = np.where(above > below, below / np.minimum(below - above, -1e-12), 0.0)
        middle = low + np.clip(across, 0.0, 1.0) * (high - low)
        value = middle - needed(middle)
        short = value < 0.0
        above, below = (
            np.where(short, np.where(above > 0, 0.5 * above, above), value),
            np.where(short, value, 0.5 * below),
        )
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return middle


def _slopes(
    deployment: Deployment,
    requests: Requests,
    rate: FloatArray,
    passes: SteadyPasses,
    held: tuple[FloatArray, FloatArray],
) -> tuple[FloatArray, FloatArray]:
    """Seconds that one more in flight adds to a pass, and the share of the time that one more
    prompt per such time takes. A pass of n with a prompts takes ``S(n, a)``, and ``a = λ·S`` come
    meanwhile: ``S' = S_n/(1 − λ·S_a)`` where an answer lasts. ``held`` are n and those of them who
    start prompts."""
    others, starting = held
    more = np.maximum(np.sqrt(others), 1.0)
    fuller = steady_passes(deployment, requests, None, others + more + 1.0, starting, rate)
    busier = steady_passes(
        deployment, requests, None, others + 1.0, starting * BUSIER, rate * BUSIER
    )
    added = np.maximum(busier.step - passes.step, 0.0) / (BUSIER - 1.0)
    arriving = starting / requests.steps_per_answer
    marginal = rate * added / np.maximum(arriving, LEAST_FRESH)
    reading = np.minimum(np.minimum(marginal, 1.0 - passes.plain / passes.step), MOST_READING)
    seen = queue_seen(reading, passes, requests.steps_per_answer)
    further = 1.0 + (1.0 / (1.0 - reading) - 1.0) * seen
    # Passes of a rate know already that more come during a longer one.
    known = passes.apart | (deployment.layouts.attention_data > 1)
    further = np.where(known, 1.0, further)
    return np.maximum(fuller.step - passes.step, 0.0) / more * further, reading


def _polling(deployment: Deployment, requests: Requests, passes: SteadyPasses) -> FloatArray:
    """Until the engine looks at its queue, where it does not do so after every pass, or takes what
    waits for others in passes without prompts."""
    waits = bool(deployment.framework.scheduler.batch_wait_passes)
    each = passes.plain if waits else passes.step
    waited: FloatArray = passes_until_taken(deployment, requests, passes) * each
    return waited


@dataclass(frozen=True, slots=True)
class _Waits:
    request: float
    loading: float | FloatArray
    prompts: Queue
    place: Queue
    polling: FloatArray


def _parts(passes: SteadyPasses, waits: _Waits, tpot: FloatArray, accepted: float) -> Parts:
    """What the latencies are made of."""
    decode, plain = passes.alone.seconds / accepted, passes.plain / accepted
    return {
        "ttft": (
            Part("request", np.asarray(waits.request)),
            Part(HOST_PART, np.asarray(waits.loading)),
            Part("waiting for passes and prompts of others", waits.polling + waits.prompts.mean),
            Part("prefill", served(passes), "prefill"),
            Part("queueing for a place", waits.place.mean),
        ),
        "tpot": (
            Part("decode", decode, "decode"),
            Part("drafting", plain - decode),
            Part("prompts of others", tpot - plain),
        ),
    }
