"""An engine as it was built and told: dated and numbered builds, settings in place of defaults.

A profile describes an engine's builds of late. Builds that were seen to differ have a profile of
their own (``profiles/frameworks/former/``) or an era of other constants (`Era`), which a number or
a day names; no build is slower for its age alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import numpy as np

from engine.hardware.chip import Chip
from engine.hardware.framework import Framework
from engine.hardware.framework_profiles import load_framework
from engine.hardware.parts.bounds import MANY
from engine.hardware.parts.scheduler import Scheduler
from engine.scenario import ReduceFormat, Settings
from engine.sources.profile_files import FORMER, bundled_files, read_toml
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.quantities import GIB
from engine.words.text import clean

LEAST_SPARED_TOKENS = 2048
LARGE_CHIP_GIB = 60
LARGE_CHIP_SPARE_GIB = 10
LEAST_FRACTION = 0.1
WIDE_RANKS = 4
TOWER_SHARE = 0.95
TOWER_SIZE = 24 * 1024**2
"""Of SGLang's rule for the share that nobody gave; of the tower that it takes for a usual one."""
NODE_RANKS = 8
"""Ranks of one deployment where nobody says."""
_DAY = r"(\d{4})-(\d\d)(?:-(\d\d))?"
_RELEASE = r"\d{1,4}(\.\d{1,5}){1,2}"


@dataclass(frozen=True, slots=True)
class Former:
    """A profile of former builds: whose, what number, and when builds on which chips were of it."""

    id: str
    of: str
    build: str
    since: date
    until: date
    chips: tuple[str, ...]

    @property
    def dated(self) -> bool:
        """Whether it is told from others by the day."""
        return self.since > date.min or self.until < date.max


@cache
def formers() -> tuple[Former, ...]:
    """All bundled profiles of former builds, those of few chips first."""
    return tuple(sorted(_read_formers(), key=lambda one: (not one.chips, one.id)))


def _read_formers() -> Iterator[Former]:
    for id, path in bundled_files("frameworks").items():
        if path.parent.name == FORMER:
            values = read_toml(path)["former"]
            yield Former(
                id,
                values["of"],
                values["build"],
                date.fromisoformat(values.get("since", "0001-01-01")),
                date.fromisoformat(values.get("until", "9999-12-31")),
                tuple(values.get("chips", ())),
            )


def configured(
    framework: Framework,
    chip: Chip,
    settings: Settings,
    ranks: int = NODE_RANKS,
    tower_size: float = 0.0,
) -> Framework:
    """``framework`` of the build and with the settings that are given, for a model with towers of
    such a size (layers times hidden squared) on so many ranks, where its own defaults depend on
    them; raises `InputError`."""
    given = {
        "memory_fraction": settings.memory_fraction,
        "prefill_tokens": settings.prefill_tokens,
        "max_sequences": settings.max_sequences,
        "prefix_caching": settings.prefix_caching,
        "prefill_interval": settings.prefill_interval,
        "rank_wait_passes": settings.rank_wait,
        "batch_wait_passes": settings.batch_wait,
        **_chosen_reduce(settings, framework, chip),
        **_chosen_host(settings, chip),
        **_chosen_copies(settings),
        **_chosen_overlap(settings),
        **_chosen_head(settings, framework),
        **_chosen_graphs(settings),
    }
    told = {name: value for name, value in given.items() if value is not None}
    framework = _of_small_chip(built(framework, chip, settings.build), chip)
    framework = _of_context(framework, settings.max_context)
    framework = framework.changed(**told) if told else framework
    if settings.memory_fraction is None and framework.memory.spare_bytes:
        share = _spared_fraction(framework, chip, ranks, tower_size)
        return framework.changed(memory_fraction=share)
    return framework


def _chosen_host(settings: Settings, chip: Chip) -> dict[str, float]:
    """Host memory of the prefix cache; raises `InputError` where nobody knows the way to it."""
    if not settings.host_cache_gib:
        return {}
    if chip.host is None:
        raise InputError(
            say(
                "--host-cache: {chip} has no link to host memory in its profile, "
                "expected a chip with [host] bandwidth_gbs (your own profile can "
                "say it)",
                chip=chip.name,
            )
        )
    return {"host_cache_bytes": settings.host_cache_gib * GIB}


def _of_context(framework: Framework, max_context: int | None) -> Framework:
    """With passes that hold the longest prompts whole, where the engine takes them so unless they
    are very long."""
    scheduler = framework.scheduler
    if not max_context or max_context > scheduler.whole_prompts_below:
        return framework
    return framework.changed(prefill_tokens=max(max_context, LEAST_SPARED_TOKENS))


def _chosen_copies(settings: Settings) -> dict[str, int | bool | None]:
    """Copies of experts that somebody chose, on however few ranks; none leave popular experts
    where they are."""
    copies = settings.redundant_experts
    if copies is None:
        return {}
    ranks = 2 if copies else MANY
    return {"redundant_experts": copies, "balanced_ranks": ranks, "chosen_copies": True}


def _chosen_reduce(settings: Settings, framework: Framework, chip: Chip) -> dict[str, ReduceFormat]:
    """What large all-reduces are quantised to; raises `InputError` where an engine cannot."""
    chosen, able = settings.reduce_format, framework.capabilities
    if chosen is None:
        return {}
    known = able.reduce_shares if chip.generation in able.reduce_generations else {}
    if chosen is not ReduceFormat.NONE and chosen not in known:
        raise InputError(
            say(
                "--reduce-format: found {found}, expected {known} with {engine} on {chip}",
                found=chosen.value,
                known=" ".join((ReduceFormat.NONE, *known)),
                engine=framework.name,
                chip=chip.name,
            )
        )
    return {"reduce_format": chosen}


def _chosen_overlap(settings: Settings) -> dict[str, int]:
    """Two halves of a batch in turns wherever tokens are sent, or nowhere."""
    if settings.batch_overlap is None:
        return {}
    return {"overlapped_nodes": 1 if settings.batch_overlap else MANY}


def _chosen_head(settings: Settings, framework: Framework) -> dict[str, bool]:
    """Whether all ranks divide the LM head; raises `InputError` where an engine cannot."""
    if settings.dp_lm_head is None:
        return {}
    if not settings.dp_lm_head and not framework.storage.divided_head:
        raise InputError(
            say(
                "--dp-lm-head: found off, expected on: with {engine} every attention-DP rank "
                "holds the LM head",
                engine=framework.name,
            )
        )
    return {"divided_head": not settings.dp_lm_head}


def _chosen_graphs(settings: Settings) -> dict[str, Any]:
    """No graphs, and nothing that they take or fill up, where somebody chose so."""
    if settings.graphs is not False:
        return {}
    nothing: dict[str, Any] = {"replays_graphs": False, "graph_tokens": 0, "graph_share": 0.0}
    return {**nothing, "graph_bytes": 0.0, "generation_graph_bytes": {}}


def _spared_fraction(framework: Framework, chip: Chip, ranks: int, tower_size: float) -> float:
    """The share that an engine takes by itself: all but what it expects outside of it, less with
    towers (SGLang 0.5, ``memory_hook.py``)."""
    policy, total = framework.memory, chip.usable_bytes
    tokens = max(framework.scheduler.prefill_tokens, LEAST_SPARED_TOKENS)
    spared = policy.spare_bytes + policy.spare_token_bytes * tokens
    spared += policy.spare_rank_bytes * min(ranks, NODE_RANKS)
    if total > LARGE_CHIP_GIB * GIB:
        spared += policy.spare_large_bytes + policy.spare_wide_bytes * (ranks >= WIDE_RANKS)
        spared = max(spared, LARGE_CHIP_SPARE_GIB * GIB)
    share = round((total - spared) / total, 3)
    if tower_size:
        measure = tower_size / TOWER_SIZE - 1.0
        share *= TOWER_SHARE * float(np.clip(1.0 - 0.1 * measure, 0.8, 1.05))
    return max(share, LEAST_FRACTION)


def _of_small_chip(framework: Framework, chip: Chip) -> Framework:
    """With the engine's defaults for chips with little memory, where it has such."""
    scheduler = framework.scheduler
    small = chip.usable_bytes < scheduler.small_bytes
    tokens = _tokens_of_size(scheduler, chip)
    if not small and chip.generation not in scheduler.small_generations:
        return framework.changed(prefill_tokens=tokens) if tokens else framework
    own = {
        "prefill_tokens": scheduler.small_prefill_tokens or tokens,
        "max_sequences": scheduler.small_max_sequences,
    }
    return framework.changed(**{name: value for name, value in own.items() if value})


def _tokens_of_size(scheduler: Scheduler, chip: Chip) -> int:
    """Prompt tokens of a pass on a chip with so much memory; 0: as on any."""
    sizes = sorted(
        (float(below), tokens) for below, tokens in scheduler.prefill_tokens_below.items()
    )
    return next((int(tokens) for below, tokens in sizes if chip.usable_bytes < below * GIB), 0)


def built(framework: Framework, chip: Chip, build: str) -> Framework:
    """The profile of a build of ``framework`` on ``chip``; raises `InputError`."""
    if not build:
        return framework
    day = build_day(build)
    # A profile of former builds is of its own build, too.
    known = [one for one in formers() if framework.id in {one.of, one.id}]
    if day is None:
        return _numbered(framework, build, known)
    for one in known:
        if one.dated and one.since <= day < one.until and chip.id in (one.chips or (chip.id,)):
            framework = load_framework(one.id)
            break
    return _of_era(framework, day=day)


def _numbered(framework: Framework, build: str, known: Sequence[Former]) -> Framework:
    """The profile of a numbered build: that of a former one with its number, else the framework's
    own, with the constants of its era where eras are told apart."""
    for one in known:
        if build == one.build or build.startswith(f"{one.build}."):
            return _of_era(load_framework(one.id), number=build_number(build))
    number = build_number(build)
    if number and framework.eras and number < framework.eras[-1].below:
        return _of_era(framework, number=number)
    numbers = ", ".join(one.build for one in known)
    if framework.eras:
        numbers += f", or one below {'.'.join(map(str, framework.eras[-1].below))}"
    raise InputError(
        say("--build {build!r}: expected a day as 2026-02-10", build=clean(build, 40))
        + (
            say(" or one of {numbers}", numbers=numbers)
            if numbers
            else say("; {framework} has no numbered ones", framework=framework.id)
        )
    )


def build_number(build: str) -> tuple[int, ...]:
    """``0.10.2rc1`` as (0, 10, 2); empty for what is no number."""
    found = re.match(_RELEASE, build)
    return tuple(int(part) for part in found[0].split(".")) if found else ()


def _of_era(
    framework: Framework, number: tuple[int, ...] = (), day: date | None = None
) -> Framework:
    """With the constants of the oldest era that a build is of."""
    for era in framework.eras:
        if (number and number < era.below) or (day is not None and day < era.until):
            return framework.changed(**era.constants)
    return framework


def build_day(build: str) -> date | None:
    """The day of a dated build, the middle of a month without one; None for a number."""
    found = re.fullmatch(_DAY, build, re.ASCII)
    if found is None:
        return None
    year, month, day = (int(part) if part else 15 for part in found.groups())
    try:
        return date(year, month, day)
    except ValueError:
        raise InputError(
            say("--build {build}: there is no such day, expected one as 2026-02-10", build=build)
        ) from None
