"""Candidates that are kept to compare with: rows of this or other scenarios, saved plans. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.model.config import hub_reference
from engine.plan.lost import why_lost
from engine.plan.prepared import Prepared, prepare
from engine.plan.results import Table
from engine.plan.saved.plan_file import PlanFile, load_plan, scenario_document
from engine.plan.tables import batch_table
from engine.scenario import Scenario
from engine.words.errors import RooftopError
from engine.words.messages import retold, say
from engine.words.text import clean
from engine.work.arrangement import Arrangement
from tui.session.row_words import shares_of


@dataclass(frozen=True, slots=True)
class Pinned:
    """One candidate with its scenario and its metrics at the time it was kept.

    ``verdict`` says why it is not a plan, empty when it meets the objectives. ``source`` names
    the plan file it comes from and ``document`` is that file; both are empty for a row.
    """

    scenario: Scenario
    model: str
    arrangement: Arrangement
    precision: str
    batch: int
    metrics: Mapping[str, float]
    verdict: str = ""
    source: str = ""
    document: Mapping[str, Any] = field(default_factory=dict)
    samples: str = ""
    """What a forward model counts; empty for models of tokens and where it cannot be read."""
    ranges: Mapping[str, float] = field(default_factory=dict)
    """The ± of metrics as a share of them, where it is known."""

    @property
    def name(self) -> str:
        """Model, chip, layout, precision and batch."""
        words = self.precision.split(" ")[0]
        return f"{self.model} {self.scenario.chip} {self.arrangement.name} {words} B{self.batch}"

    def is_row(self, scenario: Scenario, table: Table, row: int) -> bool:
        """Whether a row of a scenario is this candidate."""
        return (
            self.batch == int(table.batch[row])
            and self.arrangement == table.arrangement(row)
            and self.precision == table.precision(row).label
            and self.scenario == scenario
        )

    def same_candidate(self, other: Pinned) -> bool:
        """Whether both are the same candidate of the same scenario from the same place."""
        mine = (self.scenario, self.arrangement, self.precision, self.batch, self.source)
        return mine == (
            other.scenario,
            other.arrangement,
            other.precision,
            other.batch,
            other.source,
        )

    def plan(self) -> Mapping[str, Any]:
        """What a plan file would say of it; the whole file where it comes from one."""
        if self.document:
            return self.document
        return {
            "choice": {
                "batch": self.batch,
                "precision": self.precision,
                "why_not": retold(self.verdict),
                "layout": self.arrangement.columns(),
                "metrics": {
                    name: float(f"{value:.6g}")
                    for name, value in self.metrics.items()
                    if value == value
                },
            },
            "scenario": scenario_document(self.scenario),
        }


def pin_row(prepared: Prepared, scenario: Scenario, table: Table, row: int) -> Pinned:
    """A row of a table."""
    return Pinned(
        scenario=scenario,
        model=prepared.model.name,
        arrangement=table.arrangement(row),
        precision=table.precision(row).label,
        batch=int(table.batch[row]),
        metrics=table.values(row),
        verdict=why_lost(table, row, scenario.objectives),
        samples=samples_of(prepared),
        ranges=shares_of(table, table.accuracy(row)),
    )


def samples_of(prepared: Prepared) -> str:
    """What a forward model counts; empty for models of tokens."""
    return prepared.samples


def pin_plan(path: Path) -> Pinned:
    """The choice of a saved plan, worked out again so that it compares with rows of today; with
    the file's own metrics where its model cannot be read any more, or not without asking the
    hub. Raises `InputError` when the file is not a plan."""
    plan, name = load_plan(path), clean(path.name, 60)
    return replace(_again(plan, name), document=plan.document)


def pin_kept(kept: Mapping[str, Any]) -> Pinned:
    """A baseline or a mark of the session that was left, worked out again in the same way. Raises
    `InputError` when it is none."""
    from engine.plan.saved.schema import parse_choice, parse_scenario

    scenario = parse_scenario("session", kept.get("scenario"))
    choice = parse_choice("session", kept.get("choice"))
    source = clean(str(kept.get("source", "")), 60)
    return _again(PlanFile(scenario, choice, dict(kept)), source)


def _again(plan: PlanFile, source: str) -> Pinned:
    try:
        return _worked_out(plan, source) if _is_here(plan.scenario) else _as_saved(plan, source)
    except RooftopError:
        return _as_saved(plan, source)


def _is_here(scenario: Scenario) -> bool:
    """Whether the model can be read without the network."""
    from engine.sources.hub import remembered

    reference = hub_reference(scenario.model, scenario.revision)
    return reference is None or remembered(reference) is not None


def _worked_out(plan: PlanFile, source: str) -> Pinned:
    scenario, choice = plan.scenario, plan.choice
    prepared = prepare(scenario)
    precision = next(
        (one for one in prepared.precisions if one.label == choice.precision),
        prepared.precisions[0],
    )
    batches = np.array([choice.batch], dtype=np.int64)
    table = batch_table(prepared, scenario, choice.arrangement, precision, batches)
    return replace(pin_row(prepared, scenario, table, 0), source=source)


def _as_saved(plan: PlanFile, source: str) -> Pinned:
    choice = plan.document.get("choice", {})
    saved = choice.get("metrics", {}) if isinstance(choice, Mapping) else {}
    numbers = saved.items() if isinstance(saved, Mapping) else ()
    metrics = {
        clean(str(name), 40): float(value)
        for name, value in numbers
        if isinstance(value, int | float)
    }
    return Pinned(
        plan.scenario,
        clean(plan.scenario.model, 60),
        plan.choice.arrangement,
        plan.choice.precision,
        plan.choice.batch,
        metrics,
        clean(str(choice.get("why_not", "")), 80) if isinstance(choice, Mapping) else "",
        say("{source} as saved", source=source).strip(),
    )
