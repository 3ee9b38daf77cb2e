"""Requests drawn as a load and its spreads say."""

from __future__ import annotations

import math

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
