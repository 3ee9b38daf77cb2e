"""Ranges of vision models, from published rows that the fit has not seen.

Pairs of model and chip are left out for chips with published runs, whole chips for the others.
"""

from __future__ import annotations

import numpy as np

from engine.plan.range_case import Case
from tests.accuracy.cases import FEWEST_ROWS, TWO_OF_THREE, CaseError
from tests.accuracy.vision.held_out import Errors, VisionHeldOut

NAMES = {"samples_per_s": "throughput", "latency_ms": "latency"}
MEASURED = (
    "published runs of image models and text encoders, their model on this chip left out of the fit"
)
UNMEASURED = (
    "published runs of image models and text encoders, all of their chip left out of the fit"
)


def vision_cases(held: VisionHeldOut | None) -> list[CaseError]:
    """Two cases: chips with published vision rows, and the others."""
    if held is None or held.rows < FEWEST_ROWS:
        return []
    measured, unmeasured = _ranges(held.pairs), _ranges(held.chips)
    # Knowing less is never better, even where the few chips left out happened to be.
    widest = {name: max(value, measured[name]) for name, value in unmeasured.items()}
    return [
        CaseError(Case("cv", True, True, True), held.rows, measured, MEASURED),
        CaseError(Case("cv", False, True, True), held.rows, widest, UNMEASURED),
    ]


def _ranges(errors: Errors) -> dict[str, float]:
    return {
        name: float(np.quantile(np.abs(errors[metric]), TWO_OF_THREE))
        for metric, name in NAMES.items()
    }
