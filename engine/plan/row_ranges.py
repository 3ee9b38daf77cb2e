"""How far off predictions of a kind have been: ranges from published error, not from belief."""

from __future__ import annotations

from collections.abc import Sequence

from engine.model.precision import Precision
from engine.plan.prepared import Prepared
from engine.plan.ranges.accuracy import Accuracy
from engine.plan.ranges.of_system import accuracy_of_system
from engine.scenario import Scenario
from engine.work.arrangement import Arrangement, Disaggregated


def accuracy_of(
    prepared: Prepared,
    scenario: Scenario,
    precision: Precision | None = None,
    arrangement: Arrangement | None = None,
) -> Accuracy:
    """Badge and ranges of what ``prepared`` predicts at a precision, else at its first, of an
    arrangement, else of replicas."""
    chosen = prepared.precisions[0] if precision is None else precision
    pools = isinstance(arrangement, Disaggregated)
    return accuracy_of_system(prepared.system(chosen), scenario.workload, pools)


def accuracies_of(
    prepared: Prepared,
    scenario: Scenario,
    precisions: Sequence[Precision],
    arrangements: Sequence[Arrangement],
) -> tuple[Accuracy, ...]:
    """Badge and ranges of all ``precisions``, of replicas; then, where some of ``arrangements`` are
    pools, of all in pools (`engine.plan.results.Table.case_index`)."""
    pools = next((one for one in arrangements if isinstance(one, Disaggregated)), None)
    asked = (None,) if pools is None else (None, pools)
    return tuple(
        accuracy_of(prepared, scenario, precision, arrangement)
        for arrangement in asked
        for precision in precisions
    )
