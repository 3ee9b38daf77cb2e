"""How many chips a model takes that does not fit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.plan.prepared import prepare
from engine.plan.sweep import sweep
from engine.plan.why.fitting import fits_on
from engine.scenario import LayoutLimits, Scenario

LARGE = Scenario(model="llama-3.1-405b", chip="rtx_4090", chips=2)


@pytest.mark.parametrize(
    ("scenario", "chips"),
    [
        (replace(LARGE, model="qwen3-0.6b"), 0),
        # 812 GB of weights in 22 GiB a card: 34 at least, and layouts of powers of two.
        (LARGE, 64),
        (replace(LARGE, limits=LayoutLimits(tensor=(2,), pipeline=(1,))), 0),
    ],
)
def test_the_fewest_chips_that_have_the_memory(scenario: Scenario, chips: int) -> None:
    prepared = prepare(scenario)
    found = sweep(prepared, scenario)
    assert found is not None
    assert fits_on(scenario, prepared.systems[0], found) == chips
