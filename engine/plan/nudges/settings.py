"""One step of what the engine is told and of how requests come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from engine.hardware.parts.bounds import MANY
from engine.model.architecture import Architecture
from engine.plan.nudges.nudge import Nudge
from engine.plan.prepared import Prepared
from engine.scenario import LEAST_BURSTINESS, MOST_TURNS, Scenario
from engine.words.quantities import GIB

MEMORY_STEP, LARGEST_SHARE, LEAST_SHARE = 0.02, 0.98, 0.1
"""A step of the memory share, and how far it goes: what stays free is the headroom."""
COPIES = 32
"""Expert copies where there were none, as the engines' own recipes begin."""
INTERVAL = 4
CACHED_STEP = 0.25
HOST_GIB = 128.0
"""Host memory for each chip where there was none."""
PREFIX_TOKENS = 1024
SPREAD_STEP = 0.25
BURSTINESS_STEP = 2.0
RATE_STEP = 1.1


def setting_nudges(scenario: Scenario, prepared: Prepared) -> Iterator[Nudge]:
    """Headroom, prompts of a pass, copies of experts, halves of batches, passes between prompts."""
    yield from _memory_nudges(scenario, prepared)
    yield from _cache_nudges(scenario, prepared)
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


def _cache_nudges(scenario: Scenario, prepared: Prepared) -> Iterator[Nudge]:
    """The prefix cache and its second tier, where requests have something in common."""
    workload = scenario.workload
    if not (workload.cached or workload.shared_prefix_tokens or workload.turns > 1):
        return
    on = prepared.framework.scheduler.prefix_caching
    before, after = ("on", "off") if on else ("off", "on")
    yield _told(scenario, "prefix cache", before, after, prefix_caching=not on)
    now = prepared.framework.memory.host_cache_bytes / GIB
    for gib in (0.0, 2 * now) if now else (HOST_GIB,):
        yield _told(scenario, "host cache GiB", f"{now:g}", f"{gib:g}", host_cache_gib=gib)


def _prompt_nudges(scenario: Scenario, prepared: Prepared) -> Iterator[Nudge]:
    scheduler = prepared.framework.scheduler
    tokens, interval = int(scheduler.prefill_tokens), round(scheduler.prefill_interval)
    for after in (tokens // 2, tokens * 2):
        if after >= 1:
            yield _told(scenario, "prefill tokens", str(tokens), str(after), prefill_tokens=after)
    other = INTERVAL if interval == 1 else 1
    most = scheduler.max_sequences
    yield _told(scenario, "max sequences", str(most), str(2 * most), max_sequences=2 * most)
    yield _told(scenario, "prefill interval", str(interval), str(other), prefill_interval=other)


def _expert_nudges(scenario: Scenario, prepared: Prepared) -> Iterator[Nudge]:
    able = prepared.framework.capabilities
    copies = able.redundant_experts
    after = 0 if copies else COPIES
    yield _told(scenario, "expert copies", str(copies), str(after), redundant_experts=after)
    # Left to itself an engine overlaps over so many nodes.
    before = {1: "on", MANY: "off"}.get(able.overlapped_nodes, "auto")
    for turned in ("on", "off"):
        if turned != before:
            on = turned == "on"
            yield _told(scenario, "batch overlap", before, turned, batch_overlap=on)


def load_nudges(scenario: Scenario) -> Iterator[Nudge]:
    """More or less of the prompts cached or shared, longer conversations, lengths that differ
    more; more and fewer requests a second, and burstier ones."""
    workload = scenario.workload
    yield from _conversation_nudges(scenario)
    for name, label in (("input_spread", "ISL spread"), ("output_spread", "OSL spread")):
        before = getattr(workload, name)
        yield _loaded(scenario, label, name, before, round(before + SPREAD_STEP, 3))
    for cached in (workload.cached - CACHED_STEP, workload.cached + CACHED_STEP):
        if 0 <= cached < 1:
            yield _loaded(scenario, "cached share", "cached", workload.cached, round(cached, 3))
    if not workload.rate:
        return
    for factor in (1 / RATE_STEP, RATE_STEP):
        rate = float(f"{workload.rate * factor:.3g}")
        yield _loaded(scenario, "requests/s", "rate", workload.rate, rate)
    burstier = workload.burstiness / BURSTINESS_STEP
    if burstier >= LEAST_BURSTINESS:
        yield _loaded(scenario, "burstiness", "burstiness", workload.burstiness, burstier)


def _loaded(scenario: Scenario, knob: str, name: str, before: float, after: float) -> Nudge:
    """Another value of a number of the workload."""
    changed: dict[str, Any] = {name: after}
    workload = replace(scenario.workload, **changed)
    return Nudge(knob, f"{before:g}", f"{after:g}", replace(scenario, workload=workload))


def _conversation_nudges(scenario: Scenario) -> Iterator[Nudge]:
    """One turn and image more and less, what all prompts begin with, how long people think."""
    workload = scenario.workload
    for turns in (workload.turns - 1, workload.turns + 1):
        if 1 <= turns <= MOST_TURNS:
            yield _loaded(scenario, "turns", "turns", workload.turns, turns)
    prefix = workload.shared_prefix_tokens
    for tokens in (0, 2 * prefix) if prefix else (PREFIX_TOKENS,):
        yield _loaded(scenario, "shared prefix", "shared_prefix_tokens", prefix, tokens)
    for images in (workload.images - 1, workload.images + 1) if workload.images else ():
        yield _loaded(scenario, "images", "images", workload.images, images)
    if workload.think_seconds:
        think = workload.think_seconds
        yield _loaded(scenario, "think s", "think_seconds", think, 2 * think)
