"""How soon the next request comes: gaps of a gamma distribution, more or less even than Poisson's.

Whoever comes when another one's prompt is being read came within its seconds after it. Of Poisson
arrivals that is known without looking back (PASTA); of bursts it happens more often than that, of
requests that a router deals out in turn more seldom.
"""

from __future__ import annotations

import math

import numpy as np

from engine.words.arrays import FloatArray

LEAST_VARIATION = 0.02
"""Gaps that vary less are as good as even."""
TERMS = 100
"""Of the series, whose terms fall from a place on that is no farther for any of them."""


def sooner(variation: FloatArray, mean: FloatArray) -> FloatArray:
    """How much more often a gap is shorter than a time in which ``mean`` requests come, than of
    Poisson arrivals; ``variation`` is the square of the gaps' coefficient of variation."""
    variation = np.maximum(variation, LEAST_VARIATION)
    if bool(np.all(variation == 1.0)):
        return np.ones(1)
    reached = np.maximum(mean, 1e-9)
    ratio: FloatArray = shorter(variation, reached) / -np.expm1(-reached)
    return ratio


def shorter(variation: FloatArray, mean: FloatArray) -> FloatArray:
    """Share of the gaps that are shorter than ``mean`` of them on average: the regularised lower
    incomplete gamma function ``P(k, k·m)`` of the shape ``k = 1/c²``, by its series (Abramowitz and
    Stegun, Handbook of Mathematical Functions, 6.5.29)."""
    shape, mean = np.broadcast_arrays(1.0 / variation, mean)
    # Beyond that nearly all gaps are shorter.
    place = np.minimum(shape * mean, shape + 8.0 * np.sqrt(shape) + 20.0)
    term = np.ones_like(place)
    whole = term
    for step in range(1, TERMS):
        term = term * place / (shape + step)
        whole = whole + term
    above = np.array([math.lgamma(one + 1.0) for one in shape.ravel()]).reshape(shape.shape)
    found: FloatArray = np.minimum(np.exp(shape * np.log(place) - place - above) * whole, 1.0)
    return found
