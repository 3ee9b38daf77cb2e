"""What choosing has to know of one kind of models, behind one protocol.

Everything else in this room is the same for both kinds; `engine.serve.kinds` is the same for
predictions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from engine.model.kinds import ModelKind
from engine.model.precision import Precision
from engine.plan.metrics.metric import Metric
from engine.plan.of_tokens import TokenPlans
from engine.plan.prepared import Prepared
from engine.plan.ranges.accuracy import Accuracy
from engine.plan.results import Table
from engine.scenario import Objectives, Scenario
from engine.work.arrangement import Arrangement

if TYPE_CHECKING:
    from engine.plan.launch.process import Launch
    from engine.plan.nudges.nudge import Nudge


class PlanKind(Protocol):
    """How plans of one kind of models are named, changed, launched and rated."""

    rearranges: bool
    """Whether there are arrangements to choose from, and more chips make a replica faster."""
    lengths: tuple[str, ...]
    """The fields of the workload that are lengths in tokens."""
    distinguishing: tuple[str, ...]
    """What tells candidates apart, by the keys of `engine.plan.rows.row_values`."""

    def engine(self, prepared: Prepared, scenario: Scenario) -> str:
        """The engine that serves the model: the scenario's, or what stands in for it."""
        ...

    def heading(self, prepared: Prepared, metric: Metric) -> str:
        """What heads a metric's column."""
        ...

    def subject(self, prepared: Prepared, scenario: Scenario, table: Table, row: int) -> str:
        """What a row serves on what, for a sentence."""
        ...

    def figures(
        self,
        prepared: Prepared,
        table: Table,
        row: int,
        objectives: Objectives,
        accuracy: Accuracy,
    ) -> str:
        """What a row delivers of which objectives, with ranges, for a sentence."""
        ...

    def names(
        self, prepared: Prepared, scenario: Scenario, precision: Precision, batch: int
    ) -> list[str]:
        """The benchmark names that a candidate stands for."""
        ...

    def launch(
        self,
        prepared: Prepared,
        scenario: Scenario,
        arrangement: Arrangement,
        precision: Precision,
        batch: int,
        version: str,
        apart: bool,
    ) -> Launch:
        """What a candidate is started with, for a version of the engine or the newest; ``apart``
        no two workers share a node."""
        ...

    def precision_nudges(self, scenario: Scenario, prepared: Prepared) -> Iterator[Nudge]:
        """Other formats."""
        ...

    def nudges(self, scenario: Scenario, prepared: Prepared) -> Iterator[Nudge]:
        """One step of the knobs that only this kind has."""
        ...


def plan_kind(prepared: Prepared) -> PlanKind:
    """The kind of a prepared scenario's model; that of forward models loads when it is asked for
    (a command about tokens starts without it)."""
    if prepared.kind is ModelKind.FORWARD:
        from engine.plan.of_forward import ForwardPlans

        return ForwardPlans()
    return TokenPlans()


def benchmark_names(
    prepared: Prepared, scenario: Scenario, precision: Precision, batch: int
) -> list[str]:
    """The benchmark names that a candidate stands for."""
    return plan_kind(prepared).names(prepared, scenario, precision, batch)
