"""Scenarios at random: every line parses, and every figure is told or a gap."""

from __future__ import annotations

import pytest

from engine.words.errors import InputError
from tests.engine.plan.launch.launch_random import drawn, faults


@pytest.mark.parametrize("seed", range(150))
def test_every_figure_is_told_or_a_gap(seed: int):
    try:
        one = drawn(seed)
    except InputError:
        return
    assert [*faults(one)] == [], one.name
