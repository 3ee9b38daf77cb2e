"""Ranges of what a system predicts: how far off predictions of its kind of case have been.

``profiles/accuracy/ranges.toml`` holds the relative errors that two of three and nine of ten
published results stayed within, for each kind of case (`engine.plan.ranges.case`), measured where
just as little was known. The maintainers' ``tests/accuracy/publish.py`` writes the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from engine.model.kinds import ModelKind
from engine.plan.ranges.accuracy import Accuracy
from engine.plan.ranges.case import (
    FORWARD,
    Case,
    ChipRuns,
    ModelRuns,
    forward_case,
    ranges_file,
    token_case,
)
from engine.scenario import Mode
from engine.serve.system import System
from engine.words.messages import say


def accuracy_of_system(system: System, mode: Mode) -> Accuracy:
    """Badge and ranges of what a system predicts: of models of tokens by model, chip, engine and
    formats, of forward models by the chip alone."""
    if system.model.kind is ModelKind.FORWARD:
        case = forward_case(system.chip)
    else:
        case = token_case("static" if mode is Mode.STATIC else "serving", system)
    return accuracy_of_case(case, system.chip.name, system.engine.name)


def accuracy_of_case(case: Case, chip: str, engine: str) -> Accuracy:
    """Badge and ranges of a case, of the narrowest that was measured and knows no more than it;
    ``chip`` and ``engine`` are named as people read them."""
    known = "" if case.kind == FORWARD else case.words(chip, engine)
    for candidate in case.widened():
        found = _ranges().get(candidate.key)
        if found is not None:
            ranges, wide = found["range"], found["wide"]
            return Accuracy(case.badge, ranges, found["rows"], found["basis"], wide, known)
    return Accuracy(case.badge, {}, 0, say("never compared with a measurement"), known=known)


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
