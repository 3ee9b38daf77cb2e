"""How many chips a rate takes: the fewest of every layout that keep the objectives."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from engine.model.config.loaded import LoadedModel
from engine.model.kinds import ModelKind
from engine.plan.prepared import Prepared, prepare
from engine.plan.ranges.accuracy import Accuracy
from engine.plan.results import Sweep, Table
from engine.plan.sweep import sweep
from engine.plan.tables import rows_table
from engine.scenario import ChipCount, LayoutLimits, Scenario
from engine.serve.resolve import resolve
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.quantities import per_second
from engine.work.arrangement import Aggregated, Arrangement

MOST_CHIPS = 8192
MOST_TIMES = 3
"""As many replicas are tried at most, to be sure of a rate."""
NINE_OF_TEN = 1.2816 / 0.9674
"""One in ten is beyond the first on one side, one in three beyond the second on both (normal
errors): what a range must grow by for nine of ten to carry the rate."""


@dataclass(frozen=True, slots=True)
class Sized:
    """The fewest chips of one layout and precision that carry a rate: a row of ``table``."""

    table: Table
    row: int

    @property
    def arrangement(self) -> Arrangement:
        """With as many replicas as it takes."""
        return self.table.arrangement(self.row)

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others: its layouts, whatever number of each, and the precision."""
        return self.arrangement.layout_name, self.table.precision(self.row).label

    @property
    def words(self) -> str:
        """``TP2 W16A16``."""
        return f"{self.arrangement.layout_name} {self.table.precision(self.row).name}"

    @property
    def chips(self) -> int:
        """Of all replicas."""
        return self.arrangement.chips

    @property
    def replicas(self) -> int:
        """Copies that serve independently."""
        return self.arrangement.replicas

    @property
    def order(self) -> tuple[int, float, float]:
        """The fewest chips first, and as many as a sweep ranks them (`engine.plan.ranking`)."""
        excess = float(self.table.excess[self.row])
        return self.chips, -self.value("tps_per_chip"), excess

    def value(self, metric: str) -> float:
        """One of its metrics; NaN where it was not worked out."""
        column = self.table.metrics.get(metric)
        return float("nan") if column is None else float(column[self.row])


@dataclass(frozen=True, slots=True)
class Fleet:
    """Every layout that carries the rate, the fewest chips first. ``sure`` are those that nine of
    ten such predictions would still carry it with, by key."""

    scenario: Scenario
    prepared: Prepared
    sized: tuple[Sized, ...]
    sure: dict[tuple[str, str], Sized]

    def node_chips(self, chips: int) -> int:
        """``chips`` filled up to whole nodes."""
        return in_nodes(chips, self.prepared.chip.server_chips)


def smallest(prepared: Prepared, scenario: Scenario) -> dict[tuple[str, str], Sized]:
    """Of every layout and precision the fewest replicas that keep the objectives at the scenario's
    rate, within its chips."""
    _refuse_without_tokens(prepared.model)
    return _smallest(prepared, scenario, _swept(prepared, scenario).table)


def _smallest(prepared: Prepared, scenario: Scenario, table: Table) -> dict[tuple[str, str], Sized]:
    """As `smallest`, of a sweep's ``table``."""
    chips = np.array([one.chips for one in table.arrangements])[table.arrangement_index]
    best: dict[tuple[str, str], Sized] = {}
    for row in np.flatnonzero(table.meets)[np.argsort(chips[table.meets], kind="stable")]:
        one = Sized(table, int(row))
        if one.key not in best:
            best[one.key] = _exactly(prepared, scenario, one)
    return best


def _exactly(prepared: Prepared, scenario: Scenario, one: Sized) -> Sized:
    """The fewest replicas between a sweep's count and the one that it tried before, which leaves
    out some of many."""
    arrangement = one.arrangement
    if not isinstance(arrangement, Aggregated):
        return one
    tried = [fewer.replicas for fewer in arrangement.with_fewer_replicas()[-2:]]
    between = range(tried[0] + 1, one.replicas)
    if not between:
        return one
    layouts = tuple(Aggregated(replace(arrangement.layout, replicas=count)) for count in between)
    precision = one.table.precision(one.row)
    ones = np.ones(len(layouts), dtype=np.int64)
    found = rows_table(prepared, scenario, precision, layouts, ones)
    keeps = np.flatnonzero(found.meets)
    return Sized(found, int(keeps[0])) if len(keeps) else one


def _swept(prepared: Prepared, scenario: Scenario) -> Sweep:
    found = sweep(prepared, scenario)
    if found is None:
        raise InputError(say("fleet: stopped"))
    return found


def enough_chips(scenario: Scenario, progress: Callable[[], object] = lambda: None) -> Scenario:
    """The scenario with chips enough for its rate: nodes are doubled until a plan meets the
    objectives. Raises `InputError` where no number of them does."""
    return _enough(scenario, progress)[0]


def _enough(
    scenario: Scenario, progress: Callable[[], object] = lambda: None
) -> tuple[Scenario, Prepared, Table]:
    """As `enough_chips`, with what it is prepared to and the table of its sweep."""
    found = resolve(scenario)
    _refuse_without_tokens(found.model)
    if not scenario.workload.rate:
        raise InputError(
            say("--chips auto: found no rate, expected --rate with requests per second")
        )
    chips = _first_chips(scenario.limits, found.systems[0].chip.server_chips)
    while chips <= MOST_CHIPS:
        progress()
        asked = replace(scenario, chips=chips)
        prepared = prepare(asked)
        swept = _swept(prepared, asked)
        if swept.best is not None:
            # The next layout may need fewer chips of a larger group.
            return asked, prepared, swept.table
        chips *= 2
    raise InputError(
        say(
            "--chips auto: no number of chips up to {MOST_CHIPS:,} carries "
            "{rate} requests/s under the objectives",
            MOST_CHIPS=MOST_CHIPS,
            rate=per_second(scenario.workload.rate),
        )
    )


def counts(scenario: Scenario) -> bool:
    """Whether the number of chips is left to be found."""
    return scenario.counting is not ChipCount.GIVEN and bool(scenario.workload.rate)


def with_chips_counted(
    scenario: Scenario, progress: Callable[[], object] = lambda: None
) -> Scenario:
    """The scenario with chips enough for its rate, where that is asked for: the fewest whole nodes,
    or as many as layouts are found with. Raises `InputError`, as where there is no rate, and what
    ``progress`` raises."""
    if scenario.counting is ChipCount.GIVEN:
        return scenario
    if scenario.counting is ChipCount.NODES:
        return fewest_chips(scenario, whole_nodes=True)
    return enough_chips(scenario, progress)


def _refuse_without_tokens(model: LoadedModel) -> None:
    if model.kind.kind is not ModelKind.TOKENS:
        raise InputError(
            say(
                "fleet: {model} generates no tokens: only requests for tokens have a rate",
                model=model.name,
            )
        )


def _first_chips(limits: LayoutLimits, node: int) -> int:
    """A node of so many, or as many nodes as the smallest layout that is allowed takes."""
    degrees = (limits.tensor, limits.pipeline, limits.attention_data)
    least = math.prod(min(allowed) for allowed in degrees if allowed)
    return in_nodes(least, node)


def in_nodes(chips: int, node: int) -> int:
    """``chips`` filled up to whole nodes of so many."""
    return -(-chips // node) * node


def fewest_chips(scenario: Scenario, *, whole_nodes: bool = False) -> Scenario:
    """The scenario with the fewest chips that carry its rate; raises `InputError`."""
    asked, prepared, table = _enough(scenario)
    node = prepared.chip.server_chips if whole_nodes else 1
    least = _in_order(_smallest(prepared, asked, table).values(), node)[0]
    return replace(scenario, chips=in_nodes(least.chips, node))


def fewest_layout(scenario: Scenario) -> Arrangement:
    """The layout that carries the scenario's rate on the fewest chips; raises `InputError`."""
    asked, prepared, table = _enough(scenario)
    return _in_order(_smallest(prepared, asked, table).values())[0].arrangement


def _in_order(found: Iterable[Sized], node: int = 1) -> list[Sized]:
    """The fewest nodes of so many chips first."""
    return sorted(found, key=lambda one: (in_nodes(one.chips, node), one.order))


def sized_fleet(
    scenario: Scenario,
    *,
    whole_nodes: bool = False,
    progress: Callable[[], object] = lambda: None,
) -> Fleet:
    """Every layout with the chips that it takes for the scenario's rate, the fewest first; with
    ``whole_nodes`` chips count in nodes. Raises `InputError` where none carries it."""
    asked, prepared, table = _enough(scenario, progress)
    progress()
    found = _smallest(prepared, asked, table)
    order = _in_order(found.values(), prepared.chip.server_chips if whole_nodes else 1)
    margin = _margin(table.accuracies[0])
    sure: dict[tuple[str, str], Sized] = {}
    if margin is not None:
        more = replace(asked.workload, rate=asked.workload.rate * margin)
        harder = replace(asked, workload=more, chips=asked.chips * 2)
        sure = smallest(prepare(harder), harder)
    return Fleet(asked, prepared, tuple(order), sure)


def sure_replicas(prepared: Prepared, scenario: Scenario, table: Table, row: int) -> int | None:
    """The fewest replicas of a row's arrangement with which nine of ten such predictions would
    carry the scenario's rate under its objectives; None where nobody knows, and of pools."""
    arrangement, precision = table.arrangement(row), table.precision(row)
    margin = _margin(table.accuracy(row))
    if margin is None or not isinstance(arrangement, Aggregated):
        return None
    most = Aggregated(replace(arrangement.layout, replicas=MOST_TIMES * arrangement.replicas))
    tried = tuple(one for one in most.with_fewer_replicas() if one.replicas >= arrangement.replicas)
    more = replace(scenario.workload, rate=scenario.workload.rate * margin)
    harder = replace(scenario, workload=more)
    found = rows_table(prepared, harder, precision, tried, np.ones(len(tried), dtype=np.int64))
    keeps = np.flatnonzero(found.meets)
    return found.arrangement(int(keeps[0])).replicas if len(keeps) else None


def _margin(accuracy: Accuracy) -> float | None:
    """How much more than its rate a fleet must be said to carry, to carry it in nine of ten cases;
    None where nobody knows."""
    share = accuracy.share("throughput")
    return None if share is None else 1.0 + NINE_OF_TEN * share
