"""Whether a server starts, said in words: what lacks, by how much, and what would help."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from engine.hardware.chip import Provenance
from engine.hardware.memory_parts import MemoryShare, ShareHolds
from engine.model.precision import FORMATS
from engine.scenario import Scenario
from engine.serve.resolve import Resolved
from engine.serve.startup import Startup, startup
from engine.serve.system import System
from engine.words.messages import say
from engine.words.quantities import GIB
from engine.work.arrangement import Aggregated, Arrangement
from engine.work.expert_slots import Placing
from engine.work.layout import Layout
from engine.work.parallelism import legal_layouts

CONTEXT_STEP = 256
"""Shorter contexts are named in steps of so many tokens."""
FEWER_SEQUENCES = (256, 64, 16)
LARGEST_FRACTION = 0.95


@dataclass(frozen=True, slots=True)
class Started:
    """One precision's start-up with its words."""

    title: str
    arrangement: str
    precision: str
    startup: Startup
    device_bytes: float
    device_words: str
    budget_words: str
    verdict: str
    helps: tuple[str, ...]


def started(
    scenario: Scenario, resolved: Resolved, arrangement: Arrangement
) -> tuple[Started, ...]:
    """The start-up of one copy of an aggregated arrangement, of every precision."""
    assert isinstance(arrangement, Aggregated)
    layout = replace(arrangement.layout, replicas=1)
    return tuple(_started(scenario, system, layout) for system in resolved.systems)


def _started(scenario: Scenario, system: System, layout: Layout) -> Started:
    found = startup(system, layout, scenario.draft_tokens)
    chip, engine = system.chip, system.engine
    nominal = chip.memory_provenance is Provenance.DATASHEET
    words = say("nominal, by the datasheet") if nominal else say("as the driver reports it")
    return Started(
        title=say(
            "{tokens_model} on {chips} × {chip}, {engine}, {layout}, {precision}",
            tokens_model=system.tokens_model.name,
            chips=layout.chips,
            chip=chip.name,
            engine=engine.name,
            layout=layout.name,
            precision=system.precision.label,
        ),
        arrangement=layout.name,
        precision=system.precision.label,
        startup=found,
        device_bytes=chip.usable_bytes,
        device_words=words,
        budget_words=_budget_words(system),
        verdict=_verdict(found),
        helps=() if found.starts else tuple(_helps(scenario, system, layout)),
    )


def _budget_words(system: System) -> str:
    policy = system.engine.memory
    share = f"{policy.memory_fraction:.3g}"
    if policy.share_holds is ShareHolds.WEIGHTS_AND_CACHE:
        return say("{share} of what is free at start, for weights and cache", share=share)
    if policy.share_of is MemoryShare.LEFT:
        return say("{share} of what weights and runtime leave, and these", share=share)
    return say("{share} of it", share=share)


def _verdict(found: Startup) -> str:
    lacks = say("{lacks_bytes:.2f} GiB per chip lacking", lacks_bytes=found.lacks_bytes / GIB)
    longest = say(
        "one request of {context_tokens:,} tokens", context_tokens=int(found.context_tokens)
    )
    if found.starts:
        most = say(
            "{sequences:.1f} requests of {context_tokens:,} tokens at once",
            sequences=found.sequences,
            context_tokens=int(found.context_tokens),
        )
        return (
            say("starts: {most}", most=most)
            if found.sequences >= 1
            else say("starts, though not for {longest}", longest=longest)
        )
    if found.pool_bytes <= 0:
        return say(
            "does not start: weights and runtime leave no room for a cache, {lacks}", lacks=lacks
        )
    return say("does not start: {longest} does not fit, {lacks}", longest=longest, lacks=lacks)


def _helps(scenario: Scenario, system: System, layout: Layout) -> Iterator[str]:
    """Single changes with which the server starts."""

    def starts(changed: System, on: Layout = layout) -> bool:
        return startup(changed, on, scenario.draft_tokens).starts

    context = _longest_context(scenario, system, layout)
    if context:
        yield say(
            "would start with requests of up to {context:,} tokens (--max-context {context})",
            context=context,
        )
    for most in FEWER_SEQUENCES:
        fewer = replace(system, engine=system.engine.changed(max_sequences=most))
        if most < system.engine.scheduler.max_sequences and starts(fewer):
            yield say(
                "would start with {most} sequences at most (--max-sequences {most})", most=most
            )
            break
    smaller = replace(system, precision=replace(system.precision, kv=FORMATS["fp8"]))
    if system.precision.kv.bits > FORMATS["fp8"].bits and starts(smaller):
        yield say("would start with a cache in FP8 (--kv fp8)")
    fuller = replace(system, engine=system.engine.changed(memory_fraction=LARGEST_FRACTION))
    if system.engine.memory.memory_fraction < LARGEST_FRACTION and starts(fuller):
        yield say(
            "would start with more of the memory (--memory-fraction {LARGEST_FRACTION:g})",
            LARGEST_FRACTION=LARGEST_FRACTION,
        )
    for chips in range(layout.chips + 1, 4 * layout.chips + 1):
        placing = Placing.of(system.engine.capabilities)
        every = legal_layouts(
            system.tokens_model, chips, system.chip.node_size, scenario.limits, placing
        )
        whole = [one for one in every if one.replicas == 1 and starts(system, one)]
        if whole:
            yield say("would start on {chips} chips ({whole})", chips=chips, whole=whole[0].name)
            break


def _longest_context(scenario: Scenario, system: System, layout: Layout) -> int:
    """The longest requests with which the server starts; 0 where there are none."""
    least, most = 0, int(startup(system, layout, scenario.draft_tokens).context_tokens)
    while most - least > CONTEXT_STEP:
        middle = (least + most) // 2 // CONTEXT_STEP * CONTEXT_STEP
        if middle <= least:
            break
        shorter = replace(system, max_context=middle)
        if startup(shorter, layout, scenario.draft_tokens).starts:
            least = middle
        else:
            most = middle
    return least
