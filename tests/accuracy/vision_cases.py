"""Errors of vision models on published rows that the fit has not seen, for their ranges.

Pairs of model and chip are left out for chips with published runs, whole chips for the others.
"""

from __future__ import annotations

import numpy as np

from engine.plan.ranges.case import FORWARD
from engine.plan.ranges.doubts import Doubt
from tests.accuracy.vision.held_out import VisionHeldOut
from tests.accuracy.widths import DOUBTS, Sample

NAMES = {"samples_per_s": "throughput", "latency_ms": "latency"}


def vision_samples(held: VisionHeldOut | None) -> list[Sample]:
    """Of each metric the errors without pairs and, doubted, without chips."""
    if held is None:
        return []
    found = []
    for metric, name in NAMES.items():
        pairs, chips = np.abs(held.pairs[metric]), np.abs(held.chips[metric])
        sizes = np.concatenate([pairs, chips])
        doubts = np.zeros((len(sizes), len(DOUBTS)), dtype=bool)
        doubts[len(pairs) :, DOUBTS.index(Doubt.CHIP)] = True
        ones = np.ones(len(sizes))
        found.append(Sample(FORWARD, name, len(pairs), sizes, ones, doubts, ones.astype(bool)))
    return found
