"""How wide ranges are: a width of each kind and metric, and a factor for each doubt.

An error is taken to be of a width that its doubts multiply: w·Π f. Factors, 1 or more, are those of
the least pinball loss of the errors' logarithms at two of three and nine of ten, one set for all
metrics that widen alike: what makes one uncertain makes the others so, and a metric that few runs
publish has too few errors of its own. Widths are then quantiles of the errors over their factors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.plan.ranges.doubts import Doubt
from engine.plan.ranges.of_system import Figures, figures_of

TWO_OF_THREE, NINE_OF_TEN = 2.0 / 3.0, 0.9
FEWEST_ROWS = 10
"""A range of fewer rows than this says nothing."""
DOUBTS = tuple(Doubt)
_LEAST_ERROR = 1e-3
"""Errors below are as good as none."""
_STEPS, _FIRST_STEP, _SLOWING = 1500, 0.6, 10.0
_HELD_TO_ONE = 1e-3
"""What a factor's logarithm costs: one without evidence stays 1."""
_CROWDING = 0.5
"""Metrics of n rows count as n^(1−this) in the factors that they share."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Errors of one kind and metric on so many published ``rows``, each predicted in several ways:
    their sizes, what each counts, its doubts (errors × `DOUBTS`), and whether it is of a system as
    it is, not of one made to know less."""

    kind: str
    metric: str
    rows: int
    sizes: np.ndarray
    weights: np.ndarray
    doubts: np.ndarray
    as_is: np.ndarray


@dataclass(frozen=True, slots=True)
class Width:
    """What two of three and nine of ten rows of a kind and metric stay within without doubts."""

    rows: int
    range: float
    wide: float


@dataclass(frozen=True, slots=True)
class Widths:
    """All ranges: widths by kind and metric, factors by figures."""

    widths: Mapping[tuple[str, str], Width]
    factors: Mapping[Figures, Mapping[Doubt, float]]

    def spreads(self, kind: str, metric: str, doubts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Both errors for rows of some doubts."""
        width = self.widths[kind, metric]
        times = _times(self.factors[figures_of(kind, metric)], doubts)
        return width.range * times, width.wide * times


def fitted(samples: Iterable[Sample]) -> Widths:
    """Factors, then widths; of what has `FEWEST_ROWS` rows."""
    known = [one for one in samples if one.rows >= FEWEST_ROWS]
    factors, widths = {}, {}
    for figures in Figures:
        alike = [one for one in known if figures_of(one.kind, one.metric) is figures]
        if alike:
            factors[figures] = _factors(alike)
    for one in known:
        times = _times(factors[figures_of(one.kind, one.metric)], one.doubts)
        over, weights = (one.sizes / times)[one.as_is], one.weights[one.as_is]
        narrow, wide = (
            float(np.quantile(over, share, weights=weights, method="inverted_cdf"))
            for share in (TWO_OF_THREE, NINE_OF_TEN)
        )
        widths[one.kind, one.metric] = Width(one.rows, round(narrow, 4), round(wide, 4))
    return Widths(widths, factors)


def _times(factors: Mapping[Doubt, float], doubts: np.ndarray) -> np.ndarray:
    logs = np.log([factors.get(doubt, 1.0) for doubt in DOUBTS])
    return np.asarray(np.exp(doubts @ logs))


def _factors(samples: Sequence[Sample]) -> dict[Doubt, float]:
    """By descent along subgradients."""
    parts = [_Part.of(sample) for sample in samples]
    counts = np.array([sample.weights.sum() for sample in samples]) ** (1.0 - _CROWDING)
    shares = counts / counts.sum()
    logs = np.zeros(len(DOUBTS))
    for turn in range(_STEPS):
        step = _FIRST_STEP / np.sqrt(1.0 + turn / _SLOWING)
        slope = _HELD_TO_ONE * logs
        for share, part in zip(shares, parts, strict=True):
            slope = slope + share * part.descend(logs, step)
        logs = np.maximum(logs - step * slope, 0.0)
    return {
        doubt: round(float(factor), 2) for doubt, factor in zip(DOUBTS, np.exp(logs), strict=True)
    }


@dataclass(frozen=True, slots=True)
class _Part:
    """A sample by its sets of doubts: errors' sorted logarithms, and the share of all that lie at
    or below each; the logarithms of its two widths move with the factors."""

    sets: np.ndarray
    logs: tuple[np.ndarray, ...]
    below: tuple[np.ndarray, ...]
    widths: np.ndarray

    @staticmethod
    def of(sample: Sample) -> _Part:
        sets, places = np.unique(sample.doubts, axis=0, return_inverse=True)
        every = np.log(np.maximum(sample.sizes, _LEAST_ERROR))
        shares = sample.weights / sample.weights.sum()
        logs, below = [], []
        for number in range(len(sets)):
            own = np.flatnonzero(places == number)
            order = own[np.argsort(every[own], kind="stable")]
            logs.append(every[order])
            below.append(np.concatenate([[0.0], np.cumsum(shares[order])]))
        widths = np.quantile(every, (TWO_OF_THREE, NINE_OF_TEN))
        return _Part(sets.astype(float), tuple(logs), tuple(below), widths)

    def descend(self, factors: np.ndarray, step: float) -> np.ndarray:
        """Move the widths by one step; the slope of the loss over the factors' logarithms."""
        times, slope = self.sets @ factors, np.zeros(self.sets.shape[1])
        for at, share in enumerate((TWO_OF_THREE, NINE_OF_TEN)):
            reach = times + self.widths[at]
            inside = np.array(
                [
                    below[np.searchsorted(logs, here)]
                    for here, logs, below in zip(reach, self.logs, self.below, strict=True)
                ]
            )
            held = np.array([below[-1] for below in self.below])
            # As many lie inside as should: the loss falls where more or fewer do.
            excess = inside - share * held
            self.widths[at] -= step * float(excess.sum())
            slope += excess @ self.sets
        return slope
