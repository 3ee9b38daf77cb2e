"""Queues of an open load: prompts before the passes that take them, requests before a place.

Sources of the formulas: mean residual time of a running pass from renewal theory; the wait of many
servers by Sakasegawa (1977), ``τ·(ca²+cs²)/2·u^(√(2(c+1))−1)/(c·(1−u))``, whose ``c`` is here the
number of prompts that one pass takes (a pass that serves c at once does what c servers do), exact
for one server (Pollaczek-Khinchine); waits beyond that are exponential (heavy traffic).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.serve.laws.gaps import sooner
from engine.serve.laws.law import normal_share
from engine.serve.lengths import (
    Nodes,
    awaited,
    few_nodes,
    input_variation,
    output_variation,
    prompt_nodes,
    weighed,
)
from engine.serve.requests import Requests
from engine.serve.steady import SteadyPasses
from engine.words.arrays import FloatArray

LEAST = 1e-12
LEAST_APART = 1e-9


@dataclass(frozen=True, slots=True)
class Traffic:
    """What comes and what is there, per replica: squared ``variation`` of the time between
    requests, their ``rate``, how many are ``running`` of a ``limit``, the ``largest_rate``, seconds
    that one more in flight adds to a pass, and the share of the time that goes on ``reading``
    prompts, were each to take as long as one more does."""

    variation: FloatArray
    rate: FloatArray
    running: FloatArray
    limit: FloatArray
    largest_rate: FloatArray
    slope: FloatArray
    reading: FloatArray


@dataclass(frozen=True, slots=True)
class Running:
    """A pass that a ``share`` of the prompts finds running, for ``seconds`` in all; ``beside``
    prompts (a count, Poisson) come while it runs, share the next pass and take ``each`` seconds."""

    share: FloatArray
    seconds: FloatArray
    beside: FloatArray
    each: FloatArray


@dataclass(frozen=True, slots=True)
class Queue:
    """A wait: pieces of time that follow each other, of those whom they meet.

    The ``passes`` that may be running are met by shares of the requests; ``beyond`` is an
    exponential wait of a share ``beyond_share``.
    """

    passes: tuple[Running, ...]
    beyond: FloatArray
    beyond_share: FloatArray

    @property
    def mean(self) -> FloatArray:
        """Mean seconds of the whole wait."""
        mean: FloatArray = self.beyond_share * self.beyond
        for one in self.passes:
            mean = mean + one.share * (0.5 * one.seconds + one.beside * one.each)
        return mean


def prompt_queue(requests: Requests, traffic: Traffic, passes: SteadyPasses) -> Queue:
    """What a prompt waits for: the running pass, prompts that came during it and share the next
    one, and those that this has no room for. Where prompts have passes of their own, those that
    have no room follow at once and take no longer."""
    fresh = requests.fresh_tokens
    fitting = passes.budget / fresh
    several, parts = np.maximum(fitting, 1.0), np.maximum(1.0 / fitting, 1.0)
    each = further_seconds(passes)
    coming = passes.arrivals / passes.step
    work = work_nodes(requests, passes, prompt_nodes(requests))
    lengths = sum((share * np.square(one - 1.0) for share, one in work), np.zeros(1))
    first = np.maximum(passes.mixed - passes.plain, 0.0) / np.maximum(passes.together, 1.0)
    full = parts * (passes.plain + first + (several - 1.0) * each)
    used = np.minimum(coming * full / several, 1.0 - LEAST)
    # Ranks take requests in turn.
    own = traffic.variation / passes.alone.deployment.layouts.attention_data
    varied = 0.5 * (own + lengths)
    at_once = passes.apart & (several >= 2.0)
    most = np.where(at_once, np.inf, several - 1.0)
    return Queue(
        tuple(
            Running(
                share,
                seconds,
                np.minimum(coming * seconds * sooner(own, coming * seconds), most),
                each,
            )
            for share, seconds in _met(requests, traffic, passes, coming, several, (first, each))
        ),
        varied * full / (several * (1.0 - used)),
        np.where(at_once, 0.0, used ** np.sqrt(2.0 * (several + 1.0))),
    )


def _met(
    requests: Requests,
    traffic: Traffic,
    passes: SteadyPasses,
    coming: FloatArray,
    several: FloatArray,
    work: tuple[FloatArray, FloatArray],
) -> list[tuple[FloatArray, FloatArray]]:
    """Shares of the requests that meet a running pass, and its seconds, by how many prompts it
    holds: those that came during the pass before it, a chain of Poisson counts whose mean is
    ``m = λ·S`` and variance ``m·(1 + ρ²c²)/(1 − ρ²)``, taken as a negative binomial. The longer a
    pass or a prompt is, the more requests meet it."""
    apart, (first, each) = passes.apart, work
    used = np.minimum(coming * first, 0.98)
    mean = np.minimum(coming * (passes.plain if apart else passes.plain / (1.0 - used)), several)
    varied = input_variation(requests) ** 2
    kept = (1.0 - np.square(used)) / (1.0 + varied * np.square(used))
    shares = _counts(mean, kept, HELD)
    base = np.zeros_like(passes.plain) if apart else passes.plain
    lengths = work_nodes(requests, passes, few_nodes(prompt_nodes(requests)))
    counts: list[FloatArray] = [np.asarray(float(count)) for count in range(1, HELD)]
    counts.append(np.maximum(_beyond(mean, shares), float(HELD)))
    seconds = [base + first + each * (np.minimum(one, several) - 1.0) for one in counts]
    times = [share * one for share, one in zip(shares[1:], seconds, strict=True)]
    held = np.maximum(sum(times, np.zeros(1)), LEAST)
    busy = used if apart else held / (held + shares[0] * passes.plain)
    ranks = passes.alone.deployment.layouts.attention_data
    # Ranks that step together wait for each other's prompts.
    turn = passes.mixed - (passes.plain if apart else 0.0)
    together = np.minimum(passes.share * passes.row * turn / passes.step, 1.0)
    busy = np.where(ranks > 1, together, busy)
    seen = ranks * coming * (passes.plain + first)
    busy = np.minimum(busy * sooner(traffic.variation, seen), 1.0)
    met = [(1.0 - busy, passes.plain)]
    for place, (time, one) in enumerate(zip(times, seconds, strict=True)):
        share = busy * time / held
        if place == 0:
            met += [
                (share * part * length, one + (length - 1.0) * each) for part, length in lengths
            ]
        else:
            met.append((share, one + varied * each))
    return met


HELD = 4
"""Prompts of a pass up to which each number is looked at by itself."""


def _counts(mean: FloatArray, kept: FloatArray, most: int) -> list[FloatArray]:
    """Shares of the passes with no prompts, one, … and ``most`` or more: a negative binomial of
    that mean, which is the share ``kept`` of its variance."""
    kept = np.minimum(kept, 1.0 - LEAST_APART)
    shares = [np.exp(mean * kept * np.log(kept) / (1.0 - kept))]
    for count in range(most - 1):
        shares.append(shares[-1] * (count * (1.0 - kept) + mean * kept) / (count + 1.0))
    shares.append(np.maximum(1.0 - sum(shares, np.zeros(1)), 0.0))
    return shares


def _beyond(mean: FloatArray, shares: list[FloatArray]) -> FloatArray:
    """The mean number in passes of the last of ``shares``."""
    seen = sum((count * share for count, share in enumerate(shares[:-1])), np.zeros(1))
    beyond: FloatArray = (mean - seen) / np.maximum(shares[-1], LEAST_APART)
    return beyond


def admission_queue(requests: Requests, traffic: Traffic, passes: SteadyPasses) -> Queue:
    """What a request waits for a place in memory or in the scheduler: a share that comes when all
    are taken (the number in flight is about normal), for an exponential time."""
    deviation = np.sqrt(_in_flight_variance(requests, traffic, passes))
    missing = (traffic.limit - traffic.running) / np.maximum(deviation, LEAST)
    free = np.maximum(1.0 - traffic.rate / traffic.largest_rate, LEAST)
    varied = 0.5 * (traffic.variation + output_variation(requests) ** 2)
    wait = varied / (traffic.largest_rate * free)
    return Queue((), wait, normal_share(-np.minimum(missing, 40.0)))


def prompts_dispersion(
    traffic: Traffic, passes: SteadyPasses, steps: FloatArray, lengths: float | FloatArray
) -> FloatArray:
    """Variance over mean of the prompts that come while an answer goes on: those that come while
    others are read come at once to whoever decodes.

    With ρ the share of the time that prompts take, arrivals of squared variation c² and what
    ``lengths`` add to it, ``c²/(1 − ρ)²`` (renewal theory: the time that is left to decode is
    ``t − Σw``), as far as an answer is longer than a queue of prompts lasts.
    """
    full = 1.0 / np.square(1.0 - traffic.reading) - 1.0
    dispersion: FloatArray = (traffic.variation + lengths) * (
        1.0 + full * queue_seen(traffic.reading, passes, steps)
    )
    return dispersion


def queue_seen(reading: FloatArray, passes: SteadyPasses, steps: FloatArray) -> FloatArray:
    """How much of a queue of prompts, which take the share ``reading`` of the time, an answer of
    ``steps`` sees come and go: the part of fluctuations that lasts shorter than it (of an
    Ornstein-Uhlenbeck process), of which a queue's last ``1/(1 − ρ)²`` prompts."""
    met = np.maximum(prompts_during(passes, steps), LEAST)
    queued = np.maximum(reading / np.square(1.0 - reading) / met, LEAST_APART)
    seen: FloatArray = 1.0 + queued * np.expm1(-1.0 / queued)
    return seen


def prompts_during(passes: SteadyPasses, steps: FloatArray) -> FloatArray:
    """Prompts that come to all ranks during ``steps`` passes."""
    ranks = passes.alone.deployment.layouts.attention_data * np.asarray(passes.decoding.share)
    met: FloatArray = passes.arrivals * ranks * steps
    return met


def bunched(requests: Requests, traffic: Traffic, passes: SteadyPasses) -> FloatArray:
    """How many more are in flight because they come to decode in bunches: of a bunch each has half
    of the others beside itself (batch arrivals, ``(E[K²]/E[K] − 1)/2``), and as many more as passes
    grow by them. Bunches that find no place wait outside."""
    came = prompts_dispersion(traffic, passes, requests.steps_per_answer, 0.0)
    kept = with_places(requests, traffic, passes).share
    more: FloatArray = 0.5 * (came * kept - 1.0) * (flight_stretch(traffic, passes) - 1.0)
    return np.where(came > 1.0, np.maximum(more, 0.0), more)


def flight_stretch(traffic: Traffic, passes: SteadyPasses) -> FloatArray:
    """How much longer the number in flight stays away from its mean than one answer takes:
    ``1/(1 − ε)`` where passes grow with it by ``ε = n·S'/S`` (processor sharing)."""
    stretched = np.minimum(traffic.running * traffic.slope / passes.step, 0.95)
    lasting: FloatArray = 1.0 / (1.0 - stretched)
    return lasting


def _in_flight_variance(requests: Requests, traffic: Traffic, passes: SteadyPasses) -> FloatArray:
    """Of the number in flight: that of an infinite server (its mean for Poisson arrivals), as much
    larger as it lasts."""
    answers = output_variation(requests) ** 2
    lengths = np.square(traffic.reading * input_variation(requests))
    arriving = prompts_dispersion(traffic, passes, requests.steps_per_answer, lengths)
    arrivals = (arriving + answers) / (1.0 + answers)
    variance: FloatArray = traffic.running * arrivals * flight_stretch(traffic, passes)
    return variance


@dataclass(frozen=True, slots=True)
class Placed:
    """Of the number in flight that have a place its ``variance``, and the ``share`` that this is of
    what it were without a limit: 1 where there are places enough."""

    variance: FloatArray
    share: FloatArray


def with_places(requests: Requests, traffic: Traffic, passes: SteadyPasses) -> Placed:
    """Those that have a place, beyond which others wait: where few places are free, their number is
    about geometric (as servers that idle in a busy queue), whose deviation is its mean. Both limits
    are joined smoothly: at no rate a percentile turns back."""
    free = np.square(np.maximum(traffic.limit - traffic.running, 1.0))
    alone = np.maximum(_in_flight_variance(requests, traffic, passes), LEAST)
    variance = free / (1.0 + free / alone)
    return Placed(variance, variance / alone)


def work_nodes(
    requests: Requests, passes: SteadyPasses, nodes: tuple[tuple[float, float], ...]
) -> Nodes:
    """What prompts of some lengths take, over what the mean one takes."""
    assert passes.steeper is not None and passes.reading_ranks is not None
    waited = awaited(nodes, passes.reading_ranks)
    return weighed(waited, passes.steeper, requests.spread.input_bias)


def further_seconds(passes: SteadyPasses) -> FloatArray:
    """What a mean prompt more takes."""
    assert passes.further is not None
    return passes.further
