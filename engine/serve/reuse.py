"""What prefix caches still hold when a context is asked for again.

Contexts that nobody works on lie in what running requests leave of the memory, the one used longest
ago is dropped first. By Little's law as many lie there as come to rest per second times the
seconds until they are asked for again: the working set. Where it has no room, those whose pause is
shorter than the cache's memory reaches back are found (the characteristic time of Che, Tung and
Wang, IEEE JSAC 20(7), 2002, with exponential pauses). A second tier in host memory takes what is
dropped, and a link brings it back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from engine.serve.load import Load, Static
from engine.serve.outcome import Outcome
from engine.serve.requests import Requests
from engine.serve.system import System
from engine.words.arrays import FloatArray
from engine.work.arrangement import Aggregated, Arrangement

ROUNDS = 5
"""Until what is found and what that leaves of the memory agree."""
HALVINGS = 40
LEAST = 1e-12


@dataclass(frozen=True, slots=True)
class Found:
    """Shares of the own contexts that are found on the chip and in host memory, and the seconds
    that the latter take on their way; arrays of (arrangements, sizes)."""

    near: FloatArray
    far: FloatArray
    loading_seconds: FloatArray


def reused(
    system: System,
    requests: Requests,
    load: Load,
    serve: Callable[[Requests], Outcome],
) -> Outcome:
    """The outcome of ``requests`` as ``serve`` has it, with so much found in the prefix cache as
    memory holds."""
    outcome = serve(requests)
    asked = float(np.max(requests.cached))
    shared = requests.shared_prefix_tokens / float(np.max(requests.input_tokens))
    own = asked - min(shared, asked)
    if isinstance(load, Static) or own <= 0 or not np.any(_resting(outcome, requests) > 0):
        return outcome
    share: FloatArray = np.ones(outcome.shape)
    seconds: FloatArray = np.zeros(outcome.shape)
    for turn in range(ROUNDS):
        found = _found(system, requests, outcome, own)
        step = 1.0 if turn == 0 else 0.5
        share = share + step * (found.near + found.far - share)
        seconds = seconds + step * (found.loading_seconds - seconds)
        outcome = serve(
            replace(requests, cached=asked - own * (1.0 - share), loading_seconds=seconds)
        )
    return replace(outcome, found=asked - own * (1.0 - share))


def _waiting(outcome: Outcome) -> FloatArray:
    """Requests of all replicas that wait for a place."""
    replicas = _replicas(outcome)
    if outcome.flow is not None:
        return np.maximum(outcome.flow.in_flight - outcome.flow.running, 0.0) * replicas
    return np.maximum(outcome.sizes - outcome.memory.largest_size, 0.0) * replicas


def _replicas(outcome: Outcome) -> FloatArray:
    return np.array([[float(one.replicas)] for one in outcome.arrangements])


def _resting(outcome: Outcome, requests: Requests) -> FloatArray:
    """Contexts that will be asked for again and that nobody works on: the working set."""
    resting: FloatArray = outcome.rates["requests"] * requests.think_seconds + _waiting(outcome)
    return resting


def _found(system: System, requests: Requests, outcome: Outcome, own: float) -> Found:
    prompt = float(np.max(requests.input_tokens))
    shared = requests.shared_prefix_tokens
    context = prompt + float(np.max(requests.output_tokens)) - shared
    middle = prompt + 0.5 * float(np.max(requests.output_tokens)) - shared
    replicas = _replicas(outcome)
    running = np.minimum(outcome.sizes, outcome.memory.largest_size) * replicas
    if outcome.flow is not None:
        running = outcome.flow.running * replicas
    room = np.maximum(outcome.memory.cache_tokens - running * middle, 0.0)
    rate = np.maximum(outcome.rates["requests"], LEAST)
    pause = np.maximum(_resting(outcome, requests), LEAST) / rate
    # Whoever comes back at once finds all.
    rests = _resting(outcome, requests) > 0
    near = np.where(rests, _held(room / (rate * context * pause), requests.returning), 1.0)
    host = system.engine.memory.host_cache_bytes
    link = system.chip.host
    if not host or link is None:
        return Found(near, np.zeros_like(near), np.zeros_like(near))
    token_bytes = outcome.memory.cache_bytes / np.maximum(outcome.memory.cache_tokens, 1.0)
    # One tier of both; what does not lie on the chip comes over the link.
    behind = host / np.maximum(token_bytes, LEAST)
    whole = _held((room + behind) / (rate * context * pause), requests.returning)
    per_second = link.bandwidth_bytes * link.achieved
    moved = own * prompt * token_bytes
    carried = per_second / np.maximum(rate * moved, LEAST)
    far = np.minimum(whole - near, carried)
    # What one request finds lies on the chips of its rank alone.
    ranks = replicas * np.array([[float(_ranks(one))] for one in outcome.arrangements])
    seconds = far * moved * ranks / per_second
    return Found(near, far, np.where(far > 0, link.alpha_seconds + seconds, 0.0))


def _ranks(arrangement: Arrangement) -> int:
    return arrangement.layout.attention_data if isinstance(arrangement, Aggregated) else 1


def _held(room: FloatArray, returning: float) -> FloatArray:
    """The share of the resting contexts that is still there, of ``room`` times the working set: the
    part ``returning`` lies there for an exponential pause of mean 1, the others for ever."""
    if returning >= 1.0:
        return np.minimum(room, 1.0)
    low, high = np.zeros_like(room), room / (1.0 - returning)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        filled = (1.0 - returning) * middle - returning * np.expm1(-middle)
        low, high = np.where(filled < room, middle, low), np.where(filled < room, high, middle)
    share: FloatArray = -np.expm1(-low)
    return share
