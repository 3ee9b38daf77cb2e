"""One step of what the engine is told and of how requests come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from engine.model.architecture import Architecture
from engine.plan.nudge import Nudge
from engine.plan.prepared import Prepared
from engine.scenario import Scenario

MEMORY_STEP, LARGEST_SHARE, LEAST_SHARE = 0.02, 0.98, 0.1
"""A step of the memory share, and how far it goes: what stays free is the headroom."""
COPIES = 32
"""Expert copies where there were none, as the engines' own recipes begin."""
INTERVAL = 4
CACHED_STEP = 0.25
RATE_STEP = 1.1


def setting_nudges(scenario: Scenario, prepared: Prepared) -> Iterator[Nudge]:
    """Headroom, prompts of a pass, copies of experts, halves of batches, passes between prompts."""
    yield from _memory_nudges(scenario, prepared)
    yield from _prompt_nudges(scenario, prepared)
    architecture = prepared.architecture
    if isinstance(architecture, Architecture) and architecture.is_mixture:
        yield from _expert_nudges(scenario, prepared)


def _told(scenario: Scenario, knob: str, before: str, after: str, **settings: Any) -> Nudge:
    changed = replace(scenario, settings=replace(scenario.settings, **settings))
    return Nudge(knob, before, after, changed)


def _memory_nudges(scenario: Scenario, prepared: Prepared) -> Iterator[Nudge]:
    now = prepared.framework.memory.memory_fraction
    for after in (round(now - MEMORY_STEP, 3), round(now + MEMORY_STEP, 3)):
        if LEAST_SHARE <= after <= LARGEST_SHARE:
            yield _told(scenario, "memory share", f"{now:g}", f"{after:g}", memory_fraction=after)


def _prompt_nudges(scenario: Scenario, prepared: Prepared) -> Iterator[Nudge]:
    scheduler = prepared.framework.scheduler
    tokens, interval = int(scheduler.prefill_tokens), round(scheduler.prefill_interval)
    for after in (tokens // 2, tokens * 2):
        if after >= 1:
            yield _told(scenario, "prefill tokens", str(tokens), str(after), prefill_tokens=after)
    other = INTERVAL if interval == 1 else 1
    yield _told(scenario, "prefill interval", str(interval), str(other), prefill_interval=other)


def _expert_nudges(scenario: Scenario, prepared: Prepared) -> Iterator[Nudge]:
    able = prepared.framework.capabilities
    copies = able.redundant_experts
    after = 0 if copies else COPIES
    yield _told(scenario, "expert copies", str(copies), str(after), redundant_experts=after)
    overlaps = able.overlapped_nodes == 1
    before, turned = ("on", "off") if overlaps else ("off", "on")
    yield _told(scenario, "batch overlap", before, turned, batch_overlap=not overlaps)


def load_nudges(scenario: Scenario) -> Iterator[Nudge]:
    """More or less of the prompts cached; more and fewer requests a second."""
    workload = scenario.workload
    for cached in (workload.cached - CACHED_STEP, workload.cached + CACHED_STEP):
        if 0 <= cached < 1:
            changed = replace(workload, cached=round(cached, 3))
            yield Nudge(
                "cached share",
                f"{workload.cached:g}",
                f"{changed.cached:g}",
                replace(scenario, workload=changed),
            )
    for factor in (1 / RATE_STEP, RATE_STEP) if workload.rate else ():
        changed = replace(workload, rate=float(f"{workload.rate * factor:.3g}"))
        yield Nudge(
            "requests/s",
            f"{workload.rate:g}",
            f"{changed.rate:g}",
            replace(scenario, workload=changed),
        )
