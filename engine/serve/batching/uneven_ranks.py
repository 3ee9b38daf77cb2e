"""Sequences of a decode worker's attention-DP ranks where nobody counts what each of them holds.

Ranks of a worker step together: all wait for the one with the most sequences.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.hardware.parts.scheduler import RankChoice
from engine.serve.passes.deployment import Deployment
from engine.work.tokens import Step, busiest, largest_of


def unevenly_held(deployment: Deployment, step: Step) -> Step:
    """A decode ``step`` with as many sequences as the fullest rank is expected to have: one of R
    that requests come to at random holds n on average, and varies by ``n·(1 − 1/R)``."""
    if deployment.framework.scheduler.rank_choice is RankChoice.FEWEST:
        return step
    ranks = deployment.layouts.attention_data
    mean = step.sequences * step.share
    fullest = busiest(mean, largest_of(ranks), mean * (1.0 - 1.0 / ranks))
    fullest = np.maximum(np.minimum(fullest, mean * ranks), step.sequences)
    return replace(step, sequences=fullest, share=mean / fullest)
