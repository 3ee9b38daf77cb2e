"""How far off predictions of a kind have been: ranges from published error, not from belief."""

from __future__ import annotations

from engine.model.precision import Precision
from engine.plan.prepared import Prepared
from engine.plan.ranges.accuracy import Accuracy
from engine.plan.ranges.of_system import accuracy_of_system
from engine.scenario import Scenario


def accuracy_of(
    prepared: Prepared, scenario: Scenario, precision: Precision | None = None
) -> Accuracy:
    """Badge and ranges of what ``prepared`` predicts at a precision, else at its first."""
    chosen = prepared.precisions[0] if precision is None else precision
    return accuracy_of_system(prepared.system(chosen), scenario.workload.mode)
