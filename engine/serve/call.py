"""One question: this system, these chips used so, these requests, so many of them. What will it be?

``rooftop predict`` asks it, and every measured row becomes one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.scenario import Scenario
from engine.serve.asked import load_of, requests_of
from engine.serve.outcome import Outcome
from engine.serve.predict import largest_sizes, predict
from engine.serve.resolve import Resolved, resolve
from engine.words.arrays import FloatArray
from engine.work.arrangement import Arrangement


@dataclass(frozen=True, slots=True)
class Batch:
    """So many sequences in flight per replica."""

    sequences: float


@dataclass(frozen=True, slots=True)
class Concurrency:
    """So many requests in flight in the whole deployment."""

    requests: float


@dataclass(frozen=True, slots=True)
class Most:
    """As many as memory and scheduler admit at once."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests per second come to the whole deployment."""

    per_second: float


Size = Batch | Concurrency | Most | Rate


@dataclass(frozen=True, slots=True)
class Call:
    """A scenario on one arrangement at one size."""

    scenario: Scenario
    arrangement: Arrangement
    size: Size


def size_per_replica(call: Call, largest: float) -> float:
    """The size as predictions take it; ``largest`` is what is admitted. At least 1: fewer requests
    than replicas leave some of these idle. A rate is one of the whole deployment, and
    decides by itself what is in flight."""
    if call.scenario.workload.rate and not isinstance(call.size, Rate):
        return call.scenario.workload.rate
    match call.size:
        case Rate(per_second):
            return per_second
        case Batch(sequences):
            return sequences
        case Concurrency(requests):
            return max(requests / call.arrangement.replicas, 1.0)
        case Most():
            return max(largest, 1.0)


def ask(call: Call, resolved: Resolved | None = None) -> Outcome:
    """The outcome of one call, of its scenario's first precision; raises `InputError`."""
    system = (resolved or resolve(call.scenario)).systems[0]
    requests, load = requests_of(call.scenario, system), load_of(call.scenario)
    largest = largest_sizes(system, (call.arrangement,), requests, load)
    size: FloatArray = np.array([[size_per_replica(call, float(largest[0, 0]))]])
    return predict(system, (call.arrangement,), requests, load, size)
