"""Queues of an open load: prompts before the passes that take them, requests before a place.

Sources of the formulas: mean residual time of a running pass from renewal theory; the wait of many
servers by Sakasegawa (1977), ``τ·(ca²+cs²)/2·u^(√(2(c+1))−1)/(c·(1−u))``, whose ``c`` is here the
number of prompts that one pass takes (a pass that serves c at once does what c servers do), exact
for one server (Pollaczek-Khinchine); waits beyond that are exponential (heavy traffic).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.serve.law import Law, Piece
from engine.serve.laws import Laws, passes_law
from engine.serve.lengths import answer_nodes, input_variation, output_variation
from engine.serve.requests import Requests
from engine.serve.steady import SteadyPasses
from engine.words.arrays import FloatArray

LEAST = 1e-12


@dataclass(frozen=True, slots=True)
class Traffic:
    """What comes and what is there, per replica: squared ``variation`` of the time between
    requests, their ``rate``, how many are ``running`` of a ``limit``, the ``largest_rate``, and
    seconds that one more in flight adds to a pass."""

    variation: float
    rate: FloatArray
    running: FloatArray
    limit: FloatArray
    largest_rate: FloatArray
    slope: FloatArray


@dataclass(frozen=True, slots=True)
class Queue:
    """A wait: pieces of time that follow each other, of those whom they meet.

    ``idle`` and ``busy`` seconds are what passes take that are running without and with prompts,
    met by a share ``busy_share``; ``beside`` prompts (a count, Poisson) share the pass and take
    ``each`` seconds; ``beyond`` is an exponential wait of a share ``beyond_share``.
    """

    idle: FloatArray
    busy: FloatArray
    busy_share: FloatArray
    beside: FloatArray
    each: FloatArray
    beyond: FloatArray
    beyond_share: FloatArray

    @property
    def mean(self) -> FloatArray:
        """Mean seconds of the whole wait."""
        running = 0.5 * ((1.0 - self.busy_share) * self.idle + self.busy_share * self.busy)
        mean: FloatArray = running + self.beside * self.each + self.beyond_share * self.beyond
        return mean


def prompt_queue(requests: Requests, traffic: Traffic, passes: SteadyPasses) -> Queue:
    """What a prompt waits for: the running pass, prompts that came during it and share the next
    one, and those that this has no room for."""
    input_tokens = np.asarray(requests.input_tokens, dtype=float)
    busy_share = np.minimum(passes.share * passes.mixed / passes.step, 1.0)
    fitting = passes.budget / input_tokens
    several, parts = np.maximum(fitting, 1.0), np.maximum(1.0 / fitting, 1.0)
    each = np.maximum(passes.mixed - passes.plain, 0.0) / np.maximum(passes.together, 1.0)
    coming = passes.arrivals / passes.step
    squared = (1.0 - passes.share) * passes.plain**2 + passes.share * passes.mixed**2
    beside = np.minimum(coming * squared / passes.step, several - 1.0)
    full = parts * (passes.plain + several * each)
    used = np.minimum(coming * full / several, 1.0 - LEAST)
    lengths = input_variation(requests)
    varied = 0.5 * (traffic.variation + lengths**2)
    return Queue(
        passes.plain,
        passes.mixed,
        busy_share,
        beside,
        each,
        varied * full / (several * (1.0 - used)),
        used ** np.sqrt(2.0 * (several + 1.0)),
    )


def admission_queue(requests: Requests, traffic: Traffic) -> Queue:
    """What a request waits for a place in memory or in the scheduler."""
    slots = np.maximum(traffic.limit, 1.0)
    filled = np.minimum(traffic.running / slots, 1.0 - LEAST)
    free = np.maximum(1.0 - traffic.rate / traffic.largest_rate, LEAST)
    varied = 0.5 * (traffic.variation + output_variation(requests) ** 2)
    none = np.zeros(1)
    return Queue(
        none,
        none,
        none,
        none,
        none,
        varied / (traffic.largest_rate * free),
        filled ** (np.sqrt(2.0 * (slots + 1.0)) - 1.0),
    )


def open_laws(
    requests: Requests,
    traffic: Traffic,
    passes: SteadyPasses,
    least: FloatArray,
    prompts: Queue,
    place: Queue,
) -> Laws:
    """How far single requests are from the mean; ``least`` seconds are what all of them wait."""
    accepted = requests.drafts.accepted
    return Laws(
        _first_token(least + passes.service, prompts, place),
        Law.of(Piece(1.0, passes.step / accepted, deviation=_slowed(requests, traffic, passes))),
        passes_law(passes.plain, passes.mixed, passes.share),
        answer_nodes(requests),
    )


def _first_token(served: FloatArray, prompts: Queue, place: Queue) -> Law:
    """All combinations of who waits for what; a Poisson count of mean ``a`` is taken as ``a − √a``
    and an exponential of ``√a``, which has its mean and variance."""
    counted = np.sqrt(np.maximum(prompts.beside, 0.0))
    least = served + (prompts.beside - counted) * prompts.each
    tail = counted * prompts.each
    pieces = []
    for met, width in (
        (1.0 - prompts.busy_share, prompts.idle),
        (prompts.busy_share, prompts.busy),
    ):
        alone = met * (1.0 - prompts.beyond_share) * (1.0 - place.beyond_share)
        pieces += [
            Piece(alone, least, width, tail),
            Piece(
                met * prompts.beyond_share * (1.0 - place.beyond_share),
                least,
                width,
                np.hypot(tail, prompts.beyond),
            ),
            Piece(met * place.beyond_share, least, width, np.hypot(tail, place.beyond)),
        ]
    return Law(tuple(pieces))


def _slowed(requests: Requests, traffic: Traffic, passes: SteadyPasses) -> FloatArray:
    """Standard deviation of a user's mean time per token: how many others were in flight during
    its answer, and how many of their prompts came.

    The number in flight has the variance of an infinite server (n for Poisson arrivals), larger by
    ``1/(1 − ε)`` as passes grow with it (``ε = n·S'/S``: processor sharing), and stays as it is for
    ``1/(1 − ε)`` answers: its mean over one answer varies less by the factor ``kept``.
    """
    accepted, steps = requests.drafts.accepted, requests.steps_per_answer
    in_flight = np.maximum(traffic.running, LEAST)
    answers = output_variation(requests) ** 2
    stretched = np.minimum(in_flight * traffic.slope / passes.step, 0.95)
    lasting = 1.0 / (1.0 - stretched)
    kept = 2.0 * lasting * (1.0 + lasting * np.expm1(-1.0 / lasting))
    arrivals = (traffic.variation + answers) / (1.0 + answers)
    others = np.sqrt(in_flight * arrivals * lasting * kept) * traffic.slope
    met = np.maximum(passes.step - passes.plain, 0.0)
    prompts = met * np.sqrt(traffic.variation / np.maximum(passes.arrivals * steps, 1.0))
    slowed: FloatArray = np.hypot(others, prompts) / accepted
    return slowed
