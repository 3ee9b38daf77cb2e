"""What is said where memory holds less of a prefix cache than was asked for."""

from __future__ import annotations

from engine.plan.predicted import predicted
from engine.scenario import Scenario
from engine.serve.asked import undrafted_requests
from engine.serve.call import Batch, Rate, Size
from engine.serve.system import System
from engine.words.messages import say
from engine.work.arrangement import Arrangement

SAID_FROM = 0.005
"""Less than half a percent is a matter of rounding."""


def found_note(scenario: Scenario, system: System, found_percent: float | None) -> str:
    """That less of the prompts is found than asked for; empty where all is."""
    asked = float(undrafted_requests(scenario, system.model).cached)
    caching = system.engine.scheduler.prefix_caching
    if not asked or not caching or found_percent is None:
        return ""
    found = found_percent / 100.0
    if asked - found < SAID_FROM:
        return ""
    if scenario.settings.host_cache_gib:
        return say(
            "asked for {asked:.0%} of the prompts from the prefix cache, memory and host memory "
            "holds {found:.0%}",
            asked=asked,
            found=found,
        )
    return say(
        "asked for {asked:.0%} of the prompts from the prefix cache, memory holds {found:.0%}",
        asked=asked,
        found=found,
    )


def found_of(scenario: Scenario, arrangement: Arrangement, batch: float) -> str:
    """The note of one candidate, in the scenario's first precision."""
    workload = scenario.workload
    if not (workload.think_seconds and (workload.cached or workload.turns > 1)):
        return ""
    size: Size = Rate(workload.rate) if workload.rate else Batch(batch)
    found = predicted(scenario, arrangement, (size,))
    return found_note(scenario, found.prepared.systems[0], found.rows()[0].get("cached_percent"))
