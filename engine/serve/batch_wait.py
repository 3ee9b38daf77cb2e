"""Prompts that wait for others to share their pass, while others decode (TensorRT-LLM's
``batch_wait_timeout_iters``, its ``_waiting_requests``): until so many passes are over since the
first of them came, or they fill a share of a pass."""

from __future__ import annotations

import numpy as np

from engine.serve.passes.deployment import Deployment
from engine.serve.requests import Requests
from engine.words.arrays import FloatArray


def longest_wait(
    deployment: Deployment, requests: Requests, arrivals: FloatArray, budget: FloatArray
) -> FloatArray:
    """Passes that the first of some prompts waits, when ``arrivals`` come per pass and one has room
    for ``budget`` tokens; 0 where none waits, as with attention-DP."""
    scheduler = deployment.framework.scheduler
    if not scheduler.batch_wait_passes:
        return np.zeros_like(arrivals)
    short = (1.0 - scheduler.batch_wait_share) * scheduler.prefill_tokens
    further = np.maximum((budget - short) / requests.fresh_tokens - 1.0, 0.0)
    alone = deployment.of_rank.layouts.attention_data == 1
    filled = further / np.maximum(arrivals, 1e-9)
    waited: FloatArray = alone * np.minimum(float(scheduler.batch_wait_passes), filled)
    return waited


def mean_wait(longest: FloatArray, arrivals: FloatArray) -> FloatArray:
    """Passes that a prompt waits on average: the first as many as there are, those that come
    meanwhile half of them."""
    others = arrivals * longest
    waited: FloatArray = longest * (1.0 + 0.5 * others) / (1.0 + others)
    return waited
