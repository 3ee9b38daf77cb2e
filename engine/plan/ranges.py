"""How far off predictions of a kind have been: ranges from published error, not from belief.

``profiles/accuracy/ranges.toml`` holds the relative error that two of three published results
stayed within, for each kind of case: whether runs of the chip have been published, whether the
kernels of the model's formats were measured or fitted on its generation, and whether the
framework's costs were. The maintainers' ``tests/accuracy/publish.py`` writes the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from engine.hardware.chip import Provenance
from engine.model.precision import Precision
from engine.plan.kinds import plan_kind
from engine.plan.prepared import Prepared
from engine.plan.range_case import ranges_file
from engine.scenario import Scenario

_NAMES = {"ttft": "TTFT", "tpot": "TPOT", "latency": "latency", "throughput": "throughput"}


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What to say about a prediction's error.

    ``badge`` is that of its `Case`. ``ranges`` maps the ``range`` of metrics (``ttft``, ``tpot``,
    ``e2e``, ``throughput``, ``latency``) to relative errors that two of three such results stayed
    within.
    """

    badge: Provenance
    ranges: Mapping[str, float]
    rows: int
    basis: str

    def percent(self, metric: str) -> str:
        """``±12 %``, or nothing where the metric has never been compared."""
        known = self.ranges.get(metric)
        return "" if known is None else f"±{max(round(100 * known), 1)} %"

    def sentence(self) -> str:
        """What two of three such results stayed within, and what that was measured on."""
        named = [f"{_NAMES[name]} {self.percent(name)}" for name in _NAMES if name in self.ranges]
        if not named:
            return f"{self.badge}; {self.basis}"
        return (
            f"{self.badge}: two of three such results lay within {', '.join(named)} ({self.basis})"
        )

    def values(self) -> dict[str, str | float]:
        """Plain values for files: the badge and a ``…_range_percent`` per metric."""
        ranges = {
            f"{name}_range_percent": round(100 * value, 1) for name, value in self.ranges.items()
        }
        return {"badge": str(self.badge), **ranges}


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
