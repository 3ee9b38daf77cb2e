"""How far off predictions of a kind have been: ranges from published error, not from belief.

``profiles/accuracy/ranges.toml`` holds the relative errors that two of three and nine of ten
published results stayed within, for each kind of case (`engine.plan.range_case`), measured where
just as little was known. The maintainers' ``tests/accuracy/publish.py`` writes the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from engine.model.precision import Precision
from engine.plan.accuracy import Accuracy
from engine.plan.kinds import plan_kind
from engine.plan.prepared import Prepared
from engine.plan.range_case import FORWARD, Case, ChipRuns, ModelRuns, ranges_file
from engine.scenario import Scenario


def accuracy_of(
    prepared: Prepared, scenario: Scenario, precision: Precision | None = None
) -> Accuracy:
    """Badge and ranges of what ``prepared`` predicts at a precision, else at its first."""
    chosen = prepared.precisions[0] if precision is None else precision
    case = plan_kind(prepared).case(prepared, scenario, chosen)
    return accuracy_of_case(case, prepared.chip.name, prepared.framework.name)


def accuracy_of_case(case: Case, chip: str, engine: str) -> Accuracy:
    """Badge and ranges of a case, of the narrowest that was measured and knows no more than it;
    ``chip`` and ``engine`` are named as people read them."""
    known = "" if case.kind == FORWARD else case.words(chip, engine)
    for candidate in case.widened():
        found = _ranges().get(candidate.key)
        if found is not None:
            ranges, wide = found["range"], found["wide"]
            return Accuracy(case.badge, ranges, found["rows"], found["basis"], wide, known)
    return Accuracy(case.badge, {}, 0, "never compared with a measurement", known=known)


@cache
def _ranges() -> Mapping[tuple[Any, ...], Mapping[str, Any]]:
    return {case_of_file(one).key: one for one in ranges_file()["case"]}


def case_of_file(values: Mapping[str, Any]) -> Case:
    """The case that an entry of the file is of."""
    return Case(
        values["kind"],
        ModelRuns[values["model"].upper()],
        ChipRuns[values["chip"].upper()],
        values["kernels"] == "fitted",
        values["framework"] == "known",
    )
