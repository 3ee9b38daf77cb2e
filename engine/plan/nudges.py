"""One step of every knob: the scenarios next to a scenario."""

from __future__ import annotations

from collections.abc import Iterator

from engine.plan.kinds import plan_kind
from engine.plan.nudge import (
    Nudge,
    chip_count_nudges,
    chip_nudge,
    neighbours,
    objective_nudges,
)
from engine.plan.prepared import prepare
from engine.scenario import Scenario


def nudges(scenario: Scenario) -> Iterator[Nudge]:
    """One step of every knob that the scenario's kind of model has."""
    prepared = prepare(scenario)
    kind = plan_kind(prepared)
    yield from objective_nudges(scenario)
    yield from kind.precision_nudges(scenario, prepared)
    yield from chip_count_nudges(scenario)
    yield from (chip_nudge(scenario, chip) for chip in neighbours(prepared.chip))
    yield from kind.nudges(scenario, prepared)
