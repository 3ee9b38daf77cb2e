"""Whether a server starts, said in words: what lacks, by how much, and what would help."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from engine.hardware.chip import Provenance
from engine.hardware.parts.memory import MemoryShare, ShareHolds
from engine.plan.why.starting_helps import helps
from engine.scenario import Scenario
from engine.serve.asked import load_of, longest_tokens, requests_of
from engine.serve.call import Batch, Concurrency
from engine.serve.memory.account import held_tokens
from engine.serve.memory.budget import given_share
from engine.serve.resolve import Resolved
from engine.serve.room import Room
from engine.serve.startup import Startup, startup
from engine.serve.system import System
from engine.words.messages import say
from engine.words.quantities import GIB
from engine.work.arrangement import Aggregated, Arrangement, Disaggregated
from engine.work.layout import Layout


@dataclass(frozen=True, slots=True)
class HeldAtOnce:
    """What requests of a scenario hold of the cache of one chip, by how much that is too much, and
    how many are let in."""

    sequences: int
    cache_bytes: float
    lacks_bytes: float
    admitted: int


@dataclass(frozen=True, slots=True)
class Started:
    """One precision's start-up with its words."""

    title: str
    arrangement: str
    pool: str
    """``prefill`` or ``decode``; empty without pools."""
    precision: str
    startup: Startup
    device_bytes: float
    device_words: str
    budget_words: str
    verdict: str
    helps: tuple[str, ...]
    held: HeldAtOnce | None = None
    """None where nobody asked for a number of requests."""


def started(
    scenario: Scenario,
    resolved: Resolved,
    arrangement: Arrangement,
    asked: Concurrency | Batch | None = None,
) -> tuple[Started, ...]:
    """The start-up of one copy of an arrangement in every precision; of pools, that of a prefill
    and of a decode worker. ``asked`` is so many of the scenario's requests at once: in the whole
    deployment, or on one copy (of pools, both are over all decode workers)."""
    return tuple(
        one for system in resolved.systems for one in _copies(scenario, system, arrangement, asked)
    )


def unstarted(scenario: Scenario, system: System, arrangement: Arrangement) -> tuple[str, ...]:
    """Why an arrangement does not start for one of the scenario's requests, and what would help;
    empty where it starts."""
    asked = replace(system, max_context=longest_tokens(scenario.workload))
    for one in _copies(scenario, asked, arrangement, None):
        if not one.startup.starts:
            told = say("{pool} worker: {verdict}", pool=say(one.pool), verdict=one.verdict)
            return (told if one.pool else one.verdict, *one.helps)
    return ()


def _copies(
    scenario: Scenario,
    system: System,
    arrangement: Arrangement,
    asked: Concurrency | Batch | None,
) -> Iterator[Started]:
    if isinstance(arrangement, Aggregated):
        layout = replace(arrangement.layout, replicas=1)
        copies = arrangement.replicas if isinstance(asked, Concurrency) else 1
        yield _started(scenario, system, layout, _share(asked, copies))
        return
    assert isinstance(arrangement, Disaggregated)
    prompt = replace(scenario, workload=replace(scenario.workload, output_tokens=1))
    one = Batch(1.0) if asked is not None else None
    prefill, decode = arrangement.prefill, arrangement.decode
    yield _started(prompt, system.prefilling, prefill.layout, one, "prefill")
    yield _started(scenario, system, decode.layout, _share(asked, decode.workers), "decode")


def _share(asked: Concurrency | Batch | None, copies: int) -> Batch | None:
    if asked is None:
        return None
    number = asked.requests if isinstance(asked, Concurrency) else asked.sequences
    return Batch(math.ceil(number / copies))


def _started(
    scenario: Scenario, system: System, layout: Layout, batch: Batch | None, pool: str = ""
) -> Started:
    found = startup(system, layout, scenario.draft_tokens)
    chip, engine = system.chip, system.engine
    nominal = chip.memory_provenance is Provenance.DATASHEET
    words = say("nominal, by the datasheet") if nominal else say("as the driver reports it")
    title = say(
        "{tokens_model} on {chips} × {chip}, {engine}, {layout}, {precision}",
        tokens_model=system.tokens_model.name,
        chips=layout.chips,
        chip=chip.name,
        engine=engine.name,
        layout=layout.name,
        precision=system.precision.label,
    )
    return Started(
        title=say("{pool} worker of {title}", pool=say(pool), title=title) if pool else title,
        arrangement=layout.name,
        pool=pool,
        precision=system.precision.label,
        startup=found,
        device_bytes=chip.usable_bytes,
        device_words=words,
        budget_words=_budget_words(system, found),
        verdict=_verdict(found),
        helps=() if found.holds_one else tuple(helps(scenario, system, layout, found.starts)),
        held=None if batch is None else _held(scenario, system, layout, found, batch),
    )


def _held(
    scenario: Scenario, system: System, layout: Layout, found: Startup, batch: Batch
) -> HeldAtOnce:
    """What so many requests of the scenario hold of the pool of one copy."""
    requests = requests_of(scenario, system)
    held = held_tokens(requests, load_of(scenario), system.engine)
    usage = system.footprint([layout], held)
    each = np.array([[math.ceil(batch.sequences / layout.attention_data)]])
    cache = float((usage.cache_bytes(each) + usage.shared_bytes)[0, 0])
    admitted = int(Room(system, [layout], requests, load_of(scenario)).limit[0, 0])
    return HeldAtOnce(int(batch.sequences), cache, max(cache - found.pool_bytes, 0.0), admitted)


def _budget_words(system: System, found: Startup) -> str:
    policy = system.engine.memory
    given = given_share(system.tokens_model, system.chip, policy, found.context_tokens)
    share = f"{float(given):.3g}"
    if policy.share_holds is ShareHolds.WEIGHTS_AND_CACHE:
        return say("{share} of what is free at start, for weights and cache", share=share)
    if policy.share_of is MemoryShare.LEFT:
        return say("{share} of what weights and runtime leave, and these", share=share)
    return say("{share} of it", share=share)


def _verdict(found: Startup) -> str:
    lacks = say("{lacks_bytes:.2f} GiB per chip lacking", lacks_bytes=found.lacks_bytes / GIB)
    short = say("{lacks_bytes:.2f} GiB per chip lacking", lacks_bytes=found.short_bytes / GIB)
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
            if found.holds_one
            else say("starts, though not for {longest}: {lacks}", longest=longest, lacks=short)
        )
    if found.unfree_bytes > 0 and found.unfree_bytes >= found.lacks_bytes:
        return say(
            "does not start: the engine wants {capacity_bytes:.2f} GiB, of which the host has "
            "part, {lacks}",
            capacity_bytes=found.capacity_bytes / GIB,
            lacks=lacks,
        )
    if found.pool_bytes <= 0:
        return say(
            "does not start: weights and runtime leave no room for a cache, {lacks}", lacks=lacks
        )
    return say("does not start: {longest} does not fit, {lacks}", longest=longest, lacks=lacks)
