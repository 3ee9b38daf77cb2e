"""Ranges of vision models, from published rows that the fit has not seen.

Pairs of model and chip are left out for chips with published runs, whole chips for the others.
"""

from __future__ import annotations

import numpy as np

from engine.plan.ranges.case import Case, ChipRuns, ModelRuns
from tests.accuracy.cases import FEWEST_ROWS, NINE_OF_TEN, TWO_OF_THREE, CaseError
from tests.accuracy.vision.held_out import VisionHeldOut

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
    found, before = [], {}
    for chip, errors, basis in (
        (ChipRuns.ENGINE, held.pairs, MEASURED),
        (ChipRuns.NEVER, held.chips, UNMEASURED),
    ):
        # Knowing less is never better, even where the few chips left out happened to be.
        both = [
            {
                name: max(
                    float(np.quantile(np.abs(errors[metric]), share)),
                    before.get((name, share), 0.0),
                )
                for metric, name in NAMES.items()
            }
            for share in (TWO_OF_THREE, NINE_OF_TEN)
        ]
        before = {
            (name, share): value
            for share, one in zip((TWO_OF_THREE, NINE_OF_TEN), both, strict=True)
            for name, value in one.items()
        }
        case = Case("cv", ModelRuns.NEVER, chip)
        found.append(CaseError(case, held.rows, both[0], both[1], basis))
    return found
