"""Clients of benchmarks: a fixed number of requests in flight, opened all at once.

What such a client adds to the wait of a steady load: the burst of its opening, and waves of
prompts where answers of equal length end together.
"""

from __future__ import annotations

import numpy as np

from engine.hardware.parts.costs import Costs
from engine.scenario import FirstToken
from engine.serve.load import Client
from engine.words.arrays import FloatArray


def waiting_in_step(
    spacing_seconds: float,
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
    apart beyond ``passes`` of them: those that start decoding while others still wait end sooner.
    """
    others = 1.0 - 1.0 / np.maximum(sequences, 1.0)
    behind = np.maximum(first - 0.5 * sequences * spacing_seconds, 0.0)
    ahead = 0.5 * np.maximum((sequences - 1.0) / together - 1.0, 0.0)
    ahead = np.minimum(ahead, np.maximum(passes, 1.0))
    queued = ahead * np.maximum(service - together * spacing_seconds, 0.0)
    return (1.0 - others) * first + others * (behind + service + queued) - service


def opening_seconds(costs: Costs, client: Client, first: FloatArray, tuned: bool) -> FloatArray:
    """Mean extra wait from a client that opens all its slots at once, when the requests of the
    opening would wait ``first`` seconds on a warm server. Where grouped products are ``tuned`` and
    compiled for the shapes that come, a fresh server is slower: dense models show nothing of it.

    The opening prompts are served one after the other, the mean one after half of the others.
    Its end is as much later, so that the next waves no longer come at once; of ``waves`` requests
    per slot one waits so. Medians do not see it, and requests that stay in step are counted as
    groups already.
    """
    if client.in_step or client.statistic is FirstToken.MEDIAN:
        return np.zeros_like(first)
    waited = np.maximum(first, 0.0)
    if tuned:
        waited = waited * costs.opening_slowdown + costs.warmup_seconds
    return waited / client.waves
