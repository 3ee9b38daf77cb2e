"""Single changes with which a server starts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from engine.model.precision import FORMATS
from engine.plan.why.fitting import fewest_chips
from engine.scenario import Scenario
from engine.serve.startup import startup
from engine.serve.system import System
from engine.words.messages import say
from engine.work.layout import Layout

CONTEXT_STEP = 256
"""Shorter contexts are named in steps of so many tokens."""
FEWER_SEQUENCES = (256, 64, 16)
LARGEST_FRACTION = 0.95


@dataclass(frozen=True, slots=True)
class _Trial:
    """Whether a changed server starts; where it does ``already``, whether it has room for one
    request as long as may be."""

    scenario: Scenario
    system: System
    layout: Layout
    already: bool

    @property
    def would(self) -> str:
        """What a change does, in words."""
        return say("would fit") if self.already else say("would start")

    def starts(self, changed: System, on: Layout | None = None) -> bool:
        """Whether it does, on another layout than its own where one is given."""
        found = startup(changed, on or self.layout, self.scenario.draft_tokens)
        return found.holds_one if self.already else found.starts


def helps(
    scenario: Scenario, system: System, layout: Layout, already: bool = False
) -> Iterator[str]:
    """Single changes with which the server starts; where it does ``already``, with which it has
    room for one request as long as may be."""
    trial = _Trial(scenario, system, layout, already)
    for change in (_shorter_requests, _fewer_sequences, _smaller_cache, _other_shares, _more_chips):
        yield from change(trial)


def _shorter_requests(trial: _Trial) -> Iterator[str]:
    context = _longest_context(trial)
    if context:
        yield say(
            "{would} with requests of up to {context:,} tokens (--max-context {context})",
            would=trial.would,
            context=context,
        )


def _fewer_sequences(trial: _Trial) -> Iterator[str]:
    system = trial.system
    for most in FEWER_SEQUENCES:
        fewer = replace(system, engine=system.engine.changed(max_sequences=most))
        if most < system.engine.scheduler.max_sequences and trial.starts(fewer):
            yield say(
                "{would} with {most} sequences at most (--max-sequences {most})",
                would=trial.would,
                most=most,
            )
            break


def _smaller_cache(trial: _Trial) -> Iterator[str]:
    precision = trial.system.precision
    smaller = replace(trial.system, precision=replace(precision, kv=FORMATS["fp8"]))
    if precision.kv.bits > FORMATS["fp8"].bits and trial.starts(smaller):
        yield say("{would} with a cache in FP8 (--kv fp8)", would=trial.would)


def _other_shares(trial: _Trial) -> Iterator[str]:
    system, now = trial.system, trial.system.engine.memory.memory_fraction
    free = 1.0 - system.chip.host_bytes / system.chip.usable_bytes
    part = math.floor(100.0 * free) / 100.0
    less = replace(system, engine=system.engine.changed(memory_fraction=part))
    if part < now and trial.starts(less):
        yield say(
            "{would} with less of the memory (--memory-fraction {part:g})",
            would=trial.would,
            part=part,
        )
    fuller = replace(system, engine=system.engine.changed(memory_fraction=LARGEST_FRACTION))
    if now < LARGEST_FRACTION and trial.starts(fuller):
        yield say(
            "{would} with more of the memory (--memory-fraction {LARGEST_FRACTION:g})",
            would=trial.would,
            LARGEST_FRACTION=LARGEST_FRACTION,
        )


def _more_chips(trial: _Trial) -> Iterator[str]:
    system = trial.system

    def starts(layout: Layout) -> bool:
        return trial.starts(system, layout)

    enough = fewest_chips(system, trial.scenario.limits, trial.layout.chips, starts)
    if enough is not None:
        yield say(
            "{would} on {chips} chips ({whole})",
            would=trial.would,
            chips=enough.chips,
            whole=enough.layout.name,
        )


def _longest_context(trial: _Trial) -> int:
    """The longest requests with which the server starts; 0 where there are none."""
    system = trial.system
    least, most = 0, int(startup(system, trial.layout).context_tokens)
    while most - least > CONTEXT_STEP:
        middle = (least + most) // 2 // CONTEXT_STEP * CONTEXT_STEP
        if middle <= least:
            break
        if trial.starts(replace(system, max_context=middle, told_context=middle)):
            least = middle
        else:
            most = middle
    return least
