"""Ranges are quantiles of errors over what doubts multiply them by."""

from __future__ import annotations

import numpy as np
import pytest

from engine.plan.ranges.doubts import Doubt
from engine.plan.ranges.of_system import Figures
from tests.accuracy.widths import DOUBTS, FEWEST_ROWS, Sample, fitted

COUNT = 4000


def _sample(metric: str, factor: float, doubted: Doubt = Doubt.FORMATS) -> Sample:
    """Half of the rows in doubt, their errors wider by a factor."""
    rng = np.random.default_rng(7)
    in_doubt = np.arange(COUNT) % 2 == 0
    sizes = np.abs(rng.normal(0.0, 0.1, COUNT)) * np.where(in_doubt, factor, 1.0)
    doubts = np.zeros((COUNT, len(DOUBTS)), dtype=bool)
    doubts[in_doubt, DOUBTS.index(doubted)] = True
    every = np.ones(COUNT)
    return Sample("serving", metric, COUNT, sizes, every, doubts, every.astype(bool))


def test_factor_and_widths_are_found_again():
    found = fitted([_sample("tpot", 2.0)])
    assert found.factors[Figures.PACE][Doubt.FORMATS] == pytest.approx(2.0, rel=0.1)
    width = found.widths["serving", "tpot"]
    # Normal scores of two of three and nine of ten.
    assert width.range == pytest.approx(0.0967, rel=0.07)
    assert width.wide == pytest.approx(0.1645, rel=0.07)


def test_who_knows_less_is_never_given_less():
    found = fitted([_sample("tpot", 0.5)])
    assert set(found.factors[Figures.PACE].values()) == {1.0}


def test_metrics_that_widen_alike_share_factors():
    found = fitted([_sample("tpot", 3.0), _sample("throughput", 3.0), _sample("ttft", 1.0)])
    assert found.factors[Figures.PACE][Doubt.FORMATS] > 2.5
    assert found.factors[Figures.FIRST_TOKEN][Doubt.FORMATS] < 1.1


def test_as_many_lie_inside_as_are_said_to():
    sample = _sample("tpot", 2.0, Doubt.MODEL)
    narrow, wide = fitted([sample]).spreads("serving", "tpot", sample.doubts)
    assert np.mean(sample.sizes <= narrow) == pytest.approx(2 / 3, abs=0.01)
    assert np.mean(sample.sizes <= wide) == pytest.approx(0.9, abs=0.01)


def test_a_few_rows_say_nothing():
    sample = _sample("tpot", 2.0)
    few = Sample(
        "static",
        "tpot",
        FEWEST_ROWS - 1,
        *(one[:9] for one in (sample.sizes, sample.weights, sample.doubts, sample.as_is)),
    )
    assert list(fitted([sample, few]).widths) == [("serving", "tpot")]
