"""Ranges of vision models, from published rows.

Their constants are fitted to the same rows, so that only the spread between chips tells how a
chip would fare that nobody has measured: as the worst tenth of those that were.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.validation.predict import Predictions
from engine.validation.reader import Measurement
from engine.validation.report import relative_errors
from engine.validation.uncertainty import Case
from tests.accuracy.cases import FEWEST_ROWS, TWO_OF_THREE, CaseError

NAMES = {"samples_per_s": "throughput", "latency_ms": "latency"}
WORST_TENTH = 0.9
MEASURED = "published runs of vision models, those that the constants are fitted to"
UNMEASURED = "no vision run of this chip is published; the worst tenth of the chips that have some"


def vision_cases(rows: Sequence[Measurement], predictions: Predictions) -> list[CaseError]:
    """Two cases: chips with published vision rows, and the others."""
    chips = np.array([row.chip if row.kind == "cv" else "" for row in rows])
    measured: dict[str, float] = {}
    unmeasured: dict[str, float] = {}
    count = 0
    for metric, name in NAMES.items():
        sizes = np.abs(relative_errors(rows, predictions, metric))
        known = (chips != "") & ~np.isnan(sizes)
        if np.sum(known) < FEWEST_ROWS:
            continue
        count = max(count, int(np.sum(known)))
        measured[name] = float(np.quantile(sizes[known], TWO_OF_THREE))
        by_chip = [
            float(np.quantile(sizes[known & (chips == chip)], TWO_OF_THREE))
            for chip in sorted(set(chips[known]))
        ]
        unmeasured[name] = max(float(np.quantile(by_chip, WORST_TENTH)), measured[name])
    if not measured:
        return []
    return [
        CaseError(Case("cv", True, True, True), count, measured, MEASURED),
        CaseError(Case("cv", False, True, True), count, unmeasured, UNMEASURED),
    ]
