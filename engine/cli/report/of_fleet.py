"""What stands behind the answer of a fleet."""

from __future__ import annotations

from collections.abc import Iterator

from engine.cli.report.document import Section
from engine.cli.report.of_plan import sources, starting, why_sections
from engine.plan.fleet.fewest import Fleet, Sized
from engine.plan.why.explain import explain


def behind(fleet: Fleet, first: Sized) -> Iterator[Section]:
    """Why it takes so many, how it is started, and where its figures come from."""
    prepared, scenario, table, row = fleet.prepared, fleet.scenario, first.table, first.row
    chosen = first.arrangement, table.precision(row), int(table.batch[row])
    yield from why_sections(explain(prepared, scenario, *chosen))
    yield from starting(prepared, scenario, *chosen)
    yield from sources(prepared, scenario, table, row)
