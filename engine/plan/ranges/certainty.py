"""How certain it is that a limit is kept, given how far off such predictions have been.

Errors of a kind of case are known by two quantiles: what two of three stayed within, and nine of
ten. In normal scores they are two points of a line from zero that goes on beyond the second; where
nine of ten lie wider than a normal spread would have them, so does all beyond. Errors to either
side are taken to be as likely. Limits are judged one by one: what makes a latency long makes the
others long, so that all are kept about as often as the least certain one is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from engine.plan.metrics.metric import Better, Metric
from engine.plan.metrics.table import LIMITED
from engine.plan.ranges.accuracy import Accuracy
from engine.scenario import EVEN_CERTAINTY, Objectives
from engine.words.arrays import FloatArray

_TWO_OF_THREE, _NINE_OF_TEN = 0.9674216, 1.6448536
"""Standard deviations of a normal spread within which so many lie."""
_FARTHEST = 6.0


@dataclass(frozen=True, slots=True)
class Spread:
    """Relative errors that two of three and nine of ten predictions stayed within."""

    range: float
    wide: float

    @property
    def _farthest(self) -> float:
        slope = (self.wide - self.range) / (_NINE_OF_TEN - _TWO_OF_THREE)
        return self.wide + slope * (_FARTHEST - _NINE_OF_TEN)

    def error(self, certainty: float) -> float:
        """The relative error to one side that is not exceeded with so many percent of certainty,
        50 or more."""
        if certainty <= EVEN_CERTAINTY:
            return 0.0
        scores, shares = _normal()
        score = np.interp(certainty / 100.0, shares, scores)
        points = (0.0, self.range, self.wide, self._farthest)
        return float(np.interp(score, (0.0, _TWO_OF_THREE, _NINE_OF_TEN, _FARTHEST), points))

    def certainty(self, room: FloatArray) -> FloatArray:
        """Percent of certainty that a figure is off by no more than its relative ``room`` to a
        limit, which is negative beyond it."""
        scores, shares = _normal()
        points = (0.0, self.range, self.wide, self._farthest)
        far = np.interp(np.abs(room), points, (0.0, _TWO_OF_THREE, _NINE_OF_TEN, _FARTHEST))
        share = np.interp(far, scores, shares)
        return np.asarray(100.0 * np.where(room < 0, 1.0 - share, share))


@cache
def _normal() -> tuple[FloatArray, FloatArray]:
    """Normal scores from 0, and the share of a normal spread below each."""
    scores = np.linspace(0.0, _FARTHEST, 1201)
    shares = [0.5 + 0.5 * math.erf(score / math.sqrt(2.0)) for score in scores]
    return scores, np.array(shares)


def spread_of(accuracy: Accuracy, metric: Metric) -> Spread | None:
    """How far off figures of a metric have been; None where nothing of the kind has been
    compared."""
    narrow = accuracy.share(metric.range)
    if narrow is None:
        return None
    usual = narrow * _NINE_OF_TEN / _TWO_OF_THREE
    return Spread(narrow, max(accuracy.wide_share(metric.range) or usual, narrow))


def room(metric: Metric, values: FloatArray | float, limit: float) -> FloatArray:
    """By what share of the limit values may be off until what is measured misses it; negative
    beyond it. Errors are shares of what was measured, so that at the limit it is the limit's."""
    over = np.asarray(values, dtype=float) / limit - 1.0
    return np.asarray(-over if metric.better is Better.LOWER else over)


def stricter(objectives: Objectives, accuracy: Accuracy, certainty: float) -> Objectives:
    """The limits that figures have to keep so that what is measured keeps ``objectives`` with so
    many percent of certainty; a figure that was never compared is taken at its word."""
    if certainty <= EVEN_CERTAINTY:
        return objectives
    limits = {}
    for metric, _ in LIMITED:
        limit = metric.limit_in(objectives)
        spread = spread_of(accuracy, metric)
        if limit is not None and spread is not None:
            error = spread.error(certainty)
            lower = metric.better is Better.LOWER
            limits[metric.id] = limit * (max(1.0 - error, 1e-9) if lower else 1.0 + error)
    return replace(objectives, **limits)
