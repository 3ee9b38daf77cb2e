"""Where attention-DP ranks hold each other up, it is said that no formula holds."""

from __future__ import annotations

import pytest

from engine.plan.waiting_ranks import ranks_note
from engine.work.arrangement import Aggregated, Arrangement, Disaggregated, Pool
from engine.work.layout import Layout

RANKS = Layout(1, 1, 4, 4)


@pytest.mark.parametrize(
    ("arrangement", "used", "is_said"),
    [
        (Aggregated(RANKS), 80.0, True),
        (Aggregated(RANKS), 30.0, False),
        (Aggregated(RANKS), None, False),
        (Aggregated(RANKS), float("nan"), False),
        (Aggregated(Layout(4)), 80.0, False),
        (Disaggregated(Pool(RANKS, 1), Pool(RANKS, 1)), 80.0, False),
    ],
)
def test_busy_ranks_are_named(arrangement: Arrangement, used: float | None, is_said: bool):
    assert ("80 %" in ranks_note(arrangement, used)) is is_said
