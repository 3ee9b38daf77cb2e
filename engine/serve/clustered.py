"""Passes with prompts that come by themselves: they cluster, for more come during a longer pass.

A pass holds the prompts that came during the one before it. So passes with prompts follow each
other until none comes during as many of them as a prompt takes: a run of successes, whose mean
length is ``(p^−r − 1)/(1 − p)`` (Feller, An Introduction to Probability Theory, XIII.7) with the
chance ``p`` that none comes during one and ``r`` passes of a prompt.
"""

from __future__ import annotations

import numpy as np

from engine.words.arrays import FloatArray

FARTHEST = 30.0
"""Exponents beyond which a run is as good as endless."""
LEAST = 1e-9


def run_passes(coming: FloatArray, parts: FloatArray) -> FloatArray:
    """Passes with prompts in a row, from the first one on, where ``coming`` prompts come during
    each and one takes ``parts`` passes."""
    each = np.maximum(coming, LEAST)
    length: FloatArray = np.expm1(np.minimum(parts * each, FARTHEST)) / -np.expm1(-each)
    return length


def shared_share(
    rate: FloatArray, plain: FloatArray, mixed: FloatArray, parts: FloatArray
) -> FloatArray:
    """Share of the passes that hold prompts, where these share them with what decodes: ``rate``
    come per second, passes take ``plain`` and ``mixed`` seconds without and with any."""
    run = run_passes(rate * mixed, parts)
    without = 1.0 / np.maximum(-np.expm1(-rate * plain), LEAST)
    share: FloatArray = run / (run + without)
    return share


def prompts_of_a_pass(coming: FloatArray, most: FloatArray) -> FloatArray:
    """How many came during the pass before one that holds any, ``coming`` on average; as many as
    there is room for at most."""
    some: FloatArray = np.minimum(
        np.maximum(coming, LEAST) / -np.expm1(-np.maximum(coming, LEAST)), most
    )
    return some


def fullest_rank(prompts: FloatArray, ranks: FloatArray) -> FloatArray:
    """Prompts on the fullest of ``ranks`` that take ``prompts`` in turn: their number over ranks,
    rounded up, whose mean is one where few come and half a round more where many do."""
    rounded = 0.5 * (1.0 + np.exp(1.0 - prompts))
    fullest: FloatArray = np.maximum((prompts + (ranks - 1.0) * rounded) / ranks, 1.0)
    return fullest
