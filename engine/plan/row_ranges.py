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
    pools: bool = False,
) -> Accuracy:
    """Badge and ranges of what ``prepared`` predicts at a precision, else at its first, in
    ``pools`` or of replicas."""
    chosen = prepared.precisions[0] if precision is None else precision
    return accuracy_of_system(prepared.system(chosen), scenario.workload, pools)


def accuracies_of(
    prepared: Prepared,
    scenario: Scenario,
    precisions: Sequence[Precision],
    arrangements: Sequence[Arrangement],
) -> tuple[Accuracy, ...]:
    """Badge and ranges of all ``precisions``, of replicas; then, where some of ``arrangements`` are
    pools, of all in pools (`engine.plan.results.Table.case_index`)."""
    some = any(isinstance(one, Disaggregated) for one in arrangements)
    return tuple(
        accuracy_of(prepared, scenario, precision, pools)
        for pools in ((False, True) if some else (False,))
        for precision in precisions
    )
