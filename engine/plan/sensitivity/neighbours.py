"""One step of every knob: the scenarios next to a scenario."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from engine.plan.kinds import plan_kind
from engine.plan.nudges.nudge import (
    Nudge,
    certainty_nudges,
    chip_count_nudges,
    chip_nudge,
    neighbours,
    objective_nudges,
)
from engine.plan.prepared import prepare
from engine.scenario import Scenario, Settings


def nudges(scenario: Scenario) -> Iterator[Nudge]:
    """One step of every knob that the scenario's kind of model has."""
    prepared = prepare(scenario)
    kind = plan_kind(prepared)
    yield from objective_nudges(scenario)
    yield from certainty_nudges(scenario)
    yield from kind.precision_nudges(scenario, prepared)
    yield from chip_count_nudges(scenario)
    yield from (chip_nudge(scenario, chip) for chip in neighbours(prepared.chip))
    yield from _engine_nudges(scenario)
    yield from kind.nudges(scenario, prepared)


def _engine_nudges(scenario: Scenario) -> Iterator[Nudge]:
    """Every other engine that runs the model on the chip, with its own settings."""
    from engine.plan.alternatives import engines_on

    for engine in engines_on(scenario, scenario.chip):
        if engine != scenario.framework:
            changed = replace(scenario, framework=engine, settings=Settings())
            yield Nudge("engine", scenario.framework, engine, changed)
