"""The fewest chips on which a model starts that does not start on fewer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from engine.plan.metrics.table import NO_MEMORY
from engine.plan.results import Sweep
from engine.scenario import LayoutLimits, PoolChoice, Scenario
from engine.serve.asked import longest_tokens
from engine.serve.memory.account import Held
from engine.serve.startup import startup
from engine.serve.system import System
from engine.words.errors import InputError
from engine.work.expert_slots import Placing
from engine.work.layout import Layout
from engine.work.parallelism import legal_layouts
from engine.work.shards import Shards

MOST_TIMES = 64
"""So many times the chips that were asked about are tried at most."""


@dataclass(frozen=True, slots=True)
class Enough:
    """So many chips, with the layout that starts there."""

    chips: int
    layout: Layout


def fewest_chips(
    system: System, limits: LayoutLimits, beyond: int, starts: Callable[[Layout], bool]
) -> Enough | None:
    """The fewest chips above ``beyond`` with a layout of one replica that ``starts``: any number
    inside a node, then whole nodes. None where `MOST_TIMES` as many do not help."""
    for chips in _numbers(beyond, system.chip.node_size):
        for layout in _with_room(system, _whole(system, chips, limits)):
            if starts(layout):
                return Enough(chips, layout)
    return None


def _numbers(beyond: int, node: int) -> Iterator[int]:
    yield from range(beyond + 1, node + 1)
    yield from range(max(beyond // node + 1, 2) * node, beyond * MOST_TIMES + 1, node)


def _whole(system: System, chips: int, limits: LayoutLimits) -> list[Layout]:
    """Layouts of one replica on all of ``chips``."""
    placing = Placing.of(system.engine.capabilities)
    shards = Shards.of(system.inventory, system.engine.capabilities.shard_multiple)
    try:
        every = legal_layouts(
            system.tokens_model, chips, system.chip.node_size, limits, placing, shards
        )
    except InputError:
        return []
    return [one for one in every if one.replicas == 1]


def _with_room(system: System, layouts: list[Layout]) -> Iterator[Layout]:
    """Those whose chips hold the weights."""
    if not layouts:
        return
    usage = system.footprint(layouts, Held(1.0, 1.0))
    has_room = (usage.capacity_bytes > usage.weight_bytes)[:, 0]
    yield from (one for one, room in zip(layouts, has_room, strict=True) if room)


def fits_on(scenario: Scenario, system: System, found: Sweep) -> int:
    """The fewest chips on which one of the scenario's requests is served; 0 where ``found`` lacks
    no memory, or more chips do not help."""
    row = found.nearest
    if row is None or found.table.verdict(row) is not NO_MEMORY:
        return 0
    if scenario.pools != PoolChoice():
        return 0
    asked = replace(system, max_context=longest_tokens(scenario.workload))

    def serves(layout: Layout) -> bool:
        return startup(asked, layout, scenario.draft_tokens).holds_one

    enough = fewest_chips(asked, scenario.limits, scenario.chips, serves)
    return 0 if enough is None else enough.chips
