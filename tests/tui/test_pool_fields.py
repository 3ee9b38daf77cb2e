"""The hardware form's fields of pools."""

from __future__ import annotations

import pytest

from engine.scenario import ArrangementKind, PoolChoice, Scenario
from engine.words.errors import InputError
from tui.fields.field import cycle
from tui.fields.pools import POOLS

FIELDS = {one.id: one for one in POOLS}


def test_the_arrangement_is_cycled():
    scenario = cycle(FIELDS["arrangement"], Scenario(), 1)
    assert scenario.arrangement is ArrangementKind.DISAGGREGATED


def test_typed_pools_say_how_the_chips_are_used():
    scenario = FIELDS["decode"].write(Scenario(), "TP8 x2")
    assert scenario.arrangement is ArrangementKind.DISAGGREGATED
    scenario = FIELDS["prefill"].write(scenario, "TP4 x3")
    assert scenario.chips == 28
    assert FIELDS["prefill"].read(scenario) == "TP4 x3"


def test_pools_go_with_the_arrangement():
    scenario = FIELDS["decode"].write(Scenario(), "TP8")
    assert FIELDS["arrangement"].write(scenario, "aggregated").pools == PoolChoice()


def test_a_field_is_cleared():
    scenario = FIELDS["prefill_chips"].write(Scenario(), "8")
    assert FIELDS["prefill_chips"].write(scenario, "searched").pools == PoolChoice()


def test_words_that_are_no_pool_are_refused():
    with pytest.raises(InputError, match="expected degrees and workers"):
        FIELDS["prefill"].write(Scenario(), "eight")
