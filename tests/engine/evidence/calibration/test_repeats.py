"""Runs of one configuration count once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.evidence.calibration.repeats import averaged
from engine.evidence.calibration.run import Run
from engine.words.errors import InputError
from engine.work.layout import Layout

FIRST = Run("first", Layout(2), 16, 1000, 500, 100.0, True, 10.0)
AGAIN = replace(FIRST, name="again", ttft_ms=225.0, tpot_ms=12.1)
OTHER = replace(FIRST, name="other", concurrency=64, tpot_ms=20.0)


def test_times_are_geometric_means() -> None:
    (one, other), repeats = averaged([FIRST, OTHER, AGAIN])
    assert (one.tpot_ms, one.ttft_ms) == pytest.approx((11.0, 150.0))
    assert (other.name, other.tpot_ms) == ("other", pytest.approx(20.0))
    assert repeats is not None
    assert (repeats.count, repeats.apart) == pytest.approx((1, 0.21))
    assert repeats.names == ("first", "again")


def test_without_repeats_nothing_is_said() -> None:
    runs, repeats = averaged([FIRST, OTHER])
    assert [run.name for run in runs] == ["first", "other"]
    assert repeats is None


def test_medians_and_means_of_first_tokens_are_no_repeats() -> None:
    (one,), _ = averaged([FIRST, replace(AGAIN, ttft_is_median=False)])
    assert one.ttft_ms == pytest.approx(100.0)
    assert one.tpot_ms == pytest.approx(11.0)


def test_runs_too_far_apart_are_named() -> None:
    with pytest.raises(InputError, match=r"again contradicts first: .* 13 and 10 ms"):
        averaged([FIRST, replace(AGAIN, tpot_ms=13.0)])
