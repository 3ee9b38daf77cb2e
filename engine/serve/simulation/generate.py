"""Requests drawn as a load and its spreads say."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from engine.serve.load import Open
from engine.serve.requests import Requests
from engine.sources.traces.trace import Trace
from engine.words.arrays import FloatArray

MOST_REQUESTS = 1_000_000


def drawn_trace(requests: Requests, load: Open | None, count: int, seed: int) -> Trace:
    """``count`` requests of such lengths; at the times of an open ``load``, else without any."""
    random = np.random.default_rng(seed)
    arrival = None if load is None else drawn_arrivals(load, count, random)
    inputs, outputs = _lengths(requests, count, random)
    return Trace("drawn", inputs, outputs, arrival)


def contexts_before(requests: Requests, turns: int, count: int, seed: int) -> FloatArray:
    """Tokens of each prompt that were said in earlier turns of its conversation: any of ``turns``
    is as likely, of one that grows evenly to the mean prompt of ``requests``. The same of the
    first ones whatever the ``count``."""
    turn = np.random.default_rng([seed, turns]).integers(0, turns, MOST_REQUESTS)[:count]
    return turn.astype(float) * _grown(requests, turns)


def _grown(requests: Requests, turns: int) -> float:
    """What a turn adds to a context, its answer included: the mean prompt is one turn's, and half
    of the others before it."""
    prompt, answer = float(requests.input_tokens), float(requests.output_tokens)
    half = 0.5 * (turns - 1)
    return float(round((prompt + answer) / (1.0 + half)))


def in_turns(trace: Trace, requests: Requests, turns: int, seed: int) -> Trace:
    """Drawn requests as turns of conversations: what was said before, and what a turn adds, whose
    length varies as drawn."""
    added = _grown(requests, turns) - float(requests.output_tokens)
    own = np.maximum(np.rint(trace.input_tokens * added / float(requests.input_tokens)), 1.0)
    before = contexts_before(requests, turns, len(trace), seed)
    return replace(trace, input_tokens=before + own)


def drawn_arrivals(load: Open, count: int, random: np.random.Generator) -> FloatArray:
    """When requests come: gaps of a gamma distribution, the first request at 0."""
    gaps = random.gamma(load.burstiness, 1.0 / (load.rate * load.burstiness), count)
    gaps[0] = 0.0
    arrival: FloatArray = np.cumsum(gaps)
    return arrival


def _lengths(
    requests: Requests, count: int, random: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    histogram = requests.spread.histogram
    if histogram is not None:
        chosen = random.choice(len(histogram.share), count, p=histogram.share)
        return histogram.input_tokens[chosen], histogram.output_tokens[chosen]
    return (
        _log_normal(float(requests.input_tokens), requests.spread.input, count, random),
        _log_normal(float(requests.output_tokens), requests.spread.output, count, random),
    )


def _log_normal(
    mean: float, variation: float, count: int, random: np.random.Generator
) -> FloatArray:
    """Whole numbers from 1 of a log-normal distribution with a mean and a coefficient of
    variation."""
    if variation <= 0:
        return np.full(count, mean)
    width = math.log1p(variation**2)
    drawn = random.lognormal(math.log(mean) - 0.5 * width, math.sqrt(width), count)
    return np.maximum(np.rint(drawn), 1.0)
