"""How far off predictions of a kind have been: ranges from published error, not from belief.

``profiles/accuracy/ranges.toml`` holds the relative error that two of three published results
stayed within, for each kind of case: whether runs of the chip have been published, whether the
kernels of the model's formats were measured or fitted on its generation, and whether the
framework's costs were. The maintainers' ``tests/accuracy/publish.py`` writes the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from engine.model.precision import Precision
from engine.plan.accuracy import Accuracy
from engine.plan.kinds import plan_kind
from engine.plan.prepared import Prepared
from engine.plan.range_case import ranges_file
from engine.scenario import Scenario


def accuracy_of(
    prepared: Prepared, scenario: Scenario, precision: Precision | None = None
) -> Accuracy:
    """Badge and ranges of what ``prepared`` predicts at a precision, else at its first."""
    chosen = prepared.precisions[0] if precision is None else precision
    case = plan_kind(prepared).case(prepared, scenario, chosen)
    for candidate in case.widened():
        found = _ranges().get(candidate.key)
        if found is not None:
            return Accuracy(case.badge, found["range"], found["rows"], found["basis"])
    return Accuracy(case.badge, {}, 0, "never compared with a measurement")


@cache
def _ranges() -> Mapping[tuple[str, bool, bool, bool], Mapping[str, Any]]:
    return {
        (
            one["kind"],
            one["chip"] == "measured",
            one["kernels"] == "fitted",
            one["framework"] == "known",
        ): one
        for one in ranges_file()["case"]
    }
