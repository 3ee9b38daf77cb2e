"""Clients of benchmarks: a fixed number of requests in flight, opened all at once.

What such a client adds to the wait of a steady load: the burst of its opening, and waves of
prompts where answers of equal length end together.
"""

from __future__ import annotations

import numpy as np

from engine.hardware.framework import Framework
from engine.serve.load import Arrivals
from engine.words.arrays import FloatArray


def waiting_in_step(
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
    behind = np.maximum(first - 0.5 * sequences * framework.costs.spacing_seconds, 0.0)
    ahead = 0.5 * np.maximum((sequences - 1.0) / together - 1.0, 0.0)
    ahead = np.minimum(ahead, np.maximum(passes, 1.0))
    queued = ahead * np.maximum(service - together * framework.costs.spacing_seconds, 0.0)
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
    waited = (
        np.maximum(first, 0.0) * framework.costs.opening_slowdown + framework.costs.warmup_seconds
    )
    extra: FloatArray = np.asarray(arrivals.opening) * counted * waited
    return extra / arrivals.waves
