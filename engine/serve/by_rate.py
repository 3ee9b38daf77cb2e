"""How passes hold prompts that come by themselves, so many per second."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.hardware.parts.scheduler import PrefillPasses
from engine.serve.clustered import fullest_rank, prompts_of_a_pass, shared_share
from engine.serve.lengths import input_variation
from engine.serve.passes.run import Pass
from engine.serve.reading import Reading
from engine.words.arrays import FloatArray

ROUNDS = 2
"""Of the search for how full passes with prompts are."""
MOST_READING = 0.999
"""Share of the time that goes on prompts, up to which anything is worked out."""
LEAST_MORE = 0.1
"""Prompts beyond the first from which on it is told what a further one takes."""


@dataclass(frozen=True, slots=True)
class Read:
    """Passes with prompts: their ``share`` of all, ``row`` of them one after the other, ``mixed``
    seconds of a turn, ``chunk`` tokens of ``together`` prompts on the fullest of ``ranks`` that
    bring any, of the share ``within`` that ``reading`` was asked with."""

    prefill: Pass
    mixed: FloatArray
    share: FloatArray
    row: FloatArray
    together: FloatArray
    chunk: FloatArray
    reading: Reading
    within: FloatArray
    ranks: FloatArray | None = None

    @classmethod
    def of(cls, reading: Reading, share: FloatArray, row: FloatArray, together: FloatArray) -> Read:
        """What ``reading`` makes of such a share."""
        prefill, mixed = reading.passes(share)
        return cls(prefill, mixed, share, row, together, reading.chunk, reading, share)

    def with_ranks(self) -> Read:
        """Those who bring prompts counted, too."""
        return replace(self, ranks=self.reading.reading_ranks(self.within))


def read_by_rate(
    reading: Reading,
    read: Read,
    rate: FloatArray,
    plain: FloatArray,
    parts: FloatArray,
    interval: FloatArray,
) -> Read:
    """What is read of ``rate`` prompts per second and replica, each of which takes ``parts``
    passes, beside ``plain`` seconds of what decodes; as ``read`` where nothing more is known of
    prompts that wait for an ``interval`` of passes."""
    deployment = reading.alone.deployment
    rate = rate / deployment.layouts.pipeline
    shared = deployment.framework.scheduler.prefill_passes is PrefillPasses.SHARED
    if not shared and bool(np.all(interval <= 1.0)):
        read = alone_by_rate(reading, read, rate, plain, parts)
    elif shared and bool(np.any(deployment.layouts.attention_data > 1)):
        read = shared_by_rate(reading, read, rate, plain, parts)
    return read.with_ranks()


def alone_by_rate(
    reading: Reading, read: Read, rate: FloatArray, plain: FloatArray, parts: FloatArray
) -> Read:
    """Passes of prompts alone follow each other while any prompt waits: each holds those that came
    during the one before, and they take the share of the time that prompts make of it, whatever
    decodes meanwhile."""
    fresh, ranks = reading.requests.fresh_tokens, reading.ranks
    fitting = np.maximum(reading.budget / fresh, 1.0) * ranks
    single = read.mixed - plain
    for _ in range(ROUNDS):
        each = prompts_of_a_pass(rate * parts * single, fitting)
        fullest = fullest_rank(each, ranks)
        chunk = np.minimum(fullest * fresh, reading.budget)
        reading = replace(reading, chunk=chunk, own_share=each / (fullest * ranks))
        single = reading.passes(np.ones(1))[1] - plain
    taken = np.minimum(rate * parts * single / each, MOST_READING)
    share = -np.expm1(-rate * plain)
    row = plain * taken / (1.0 - taken) / (share * single)
    found = Read.of(reading, np.ones(1), row, np.maximum(chunk / fresh, 1.0))
    return replace(found, share=share)


def shared_by_rate(
    reading: Reading, read: Read, rate: FloatArray, plain: FloatArray, parts: FloatArray
) -> Read:
    """Attention-DP ranks that step together all wait whenever one of them has a prompt, of the
    fullest one's as many as it has; less often than if they came to each pass anew."""
    fresh, ranks = reading.requests.fresh_tokens, reading.ranks
    fitting = np.maximum(reading.budget / fresh, 1.0) * ranks
    needed = reading.own_share * reading.chunk
    several = reading.alone.deployment.layouts.attention_data > 1
    share, mixed = read.share, read.mixed
    alone = replace(reading, chunk=np.minimum(fresh, reading.budget), own_share=1.0 / ranks)
    single, varied = alone.passes(np.ones(1))[1], input_variation(reading.requests)
    for _ in range(ROUNDS):
        each = prompts_of_a_pass(rate * mixed, fitting)
        chunk = np.minimum(fullest_rank(each, ranks) * fresh, reading.budget)
        reading = replace(
            reading,
            chunk=np.where(several, chunk, reading.chunk),
            own_share=np.where(several, np.minimum(needed / chunk, 1.0), reading.own_share),
        )
        shorter = _ending_runs(rate, each, (plain, single, mixed), varied)
        clustered = np.maximum(shared_share(rate, plain, shorter, parts), reading.own_share)
        share = np.where(several, np.minimum(clustered, read.share), read.share)
        mixed = reading.passes(share)[1]
    return Read.of(reading, share, read.row, read.together)


def _ending_runs(
    rate: FloatArray,
    each: FloatArray,
    seconds: tuple[FloatArray, FloatArray, FloatArray],
    varied: float,
) -> FloatArray:
    """Seconds of passes that are alike and after which as often none came as after those that there
    are, ``E[e^(−λS)]``: of ``each`` prompts on average, a truncated Poisson count, whose lengths
    are ``varied``; ``seconds`` without prompts, with one, with so many. Runs end after short ones.
    """
    plain, single, mixed = seconds
    further = np.maximum(mixed - single, 0.0) / np.maximum(each - 1.0, LEAST_MORE)
    counted = np.maximum(each * (1.0 + rate * mixed - each), 0.0)
    variance = further**2 * counted + np.square(varied * np.maximum(single - plain, 0.0))
    shorter: FloatArray = np.maximum(mixed - 0.5 * rate * variance, 0.5 * mixed)
    return shorter
