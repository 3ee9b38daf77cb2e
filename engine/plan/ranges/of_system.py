"""Ranges of what a system predicts: how far off predictions of its kind of case have been.

``profiles/accuracy/ranges.toml`` holds, of every kind and metric, the relative errors that two of
three and nine of ten published results stayed within where much was known, each predicted without
its like, and by what factor each doubt (`engine.plan.ranges.doubts`) makes them wider. The
maintainers' ``tests/accuracy/publish.py`` writes the file.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Any

from engine.model.kinds import ModelKind
from engine.plan.ranges.accuracy import Accuracy
from engine.plan.ranges.case import FORWARD, Case, doubts_of, forward_case, token_case
from engine.plan.ranges.covered import ranges_file
from engine.plan.ranges.doubts import Doubt
from engine.scenario import Mode, Workload
from engine.serve.system import System
from engine.words.messages import say


class Figures(StrEnum):
    """Figures whose ranges widen alike, as the file names them."""

    FIRST_TOKEN = "first_token"
    PACE = "pace"
    IMAGES = "images"


def figures_of(kind: str, metric: str) -> Figures:
    """Which factors are those of a metric's range."""
    if kind == FORWARD:
        return Figures.IMAGES
    return Figures.FIRST_TOKEN if metric.startswith("ttft") else Figures.PACE


def accuracy_of_system(system: System, workload: Workload, pools: bool = False) -> Accuracy:
    """Badge and ranges of what a system predicts, of ``pools`` of prefill and decode workers or of
    replicas; of forward models by the chip alone."""
    if system.model.kind is ModelKind.FORWARD:
        case = forward_case(system.chip)
    else:
        kind = "static" if workload.mode is Mode.STATIC else "serving"
        case = token_case(kind, system, doubts_of(system, workload, pools))
    return accuracy_of_case(case, system.chip.name, system.engine.name)


def accuracy_of_case(case: Case, chip: str, engine: str) -> Accuracy:
    """Badge and ranges of a case; ``chip`` and ``engine`` are named as people read them."""
    known = "" if case.kind == FORWARD else case.words(chip, engine)
    found = _kinds().get(case.kind)
    if found is None:
        return Accuracy(case.badge, {}, 0, say("never compared with a measurement"), known=known)
    factors = {name: _factors(case, name) for name in found["range"]}
    times = {name: math.prod(one.values()) for name, one in factors.items()}
    ranges, wide = (
        {name: round(share * times[name], 3) for name, share in found[width].items()}
        for width in ("range", "wide")
    )
    told = {doubt for of_metric in factors.values() for doubt in of_metric}
    doubts = tuple(doubt.words for doubt in case.doubts if doubt in told)
    return Accuracy(case.badge, ranges, found["rows"], _runs(case.kind), wide, known, doubts)


def _factors(case: Case, metric: str) -> Mapping[Doubt, float]:
    """Of the doubts that make a metric's range wider."""
    factors = ranges_file()["factor"][figures_of(case.kind, metric)]
    return {doubt: factors[doubt] for doubt in case.doubts if doubt in factors}


def _runs(kind: str) -> str:
    if kind == FORWARD:
        return say(
            "published runs of image models and text encoders, each predicted without its like"
        )
    return say("published runs, each predicted without its like")


@cache
def _kinds() -> Mapping[str, Mapping[str, Any]]:
    return {one["kind"]: one for one in ranges_file()["kind"]}
