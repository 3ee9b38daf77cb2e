"""What is known of how far off a prediction may be: values only, see `engine.plan.row_ranges`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.hardware.chip import Provenance
from engine.words.messages import listed, retold, say

_NAMES = {
    "ttft": "TTFT",
    "tpot": "TPOT",
    "e2e": "end to end",
    "ttft_p99": "TTFT p99",
    "tpot_p99": "TPOT p99",
    "e2e_p99": "end to end p99",
    "latency": "latency",
    "throughput": "throughput",
}


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What to say about a prediction's error.

    ``badge`` is that of its `Case`, ``known`` the same in words. ``ranges`` maps the ``range`` of
    metrics (``ttft``, ``tpot``, ``e2e``, ``throughput``, ``latency``; ``ttft_p99`` and the like) to
    relative errors that two of three such results stayed within, ``wide`` to those of nine in ten;
    ``runs`` says what they were measured on, ``doubts`` what makes them wider.
    """

    badge: Provenance
    ranges: Mapping[str, float]
    rows: int
    runs: str
    wide: Mapping[str, float] = field(default_factory=dict)
    known: str = ""
    doubts: tuple[str, ...] = ()

    @property
    def basis(self) -> str:
        """What ranges were measured on, and why they are wider than the narrowest."""
        runs = retold(self.runs)
        if not self.doubts:
            return runs
        doubts = listed([retold(doubt) for doubt in self.doubts])
        return say("{runs}; wider for {doubts}", runs=runs, doubts=doubts)

    def share(self, metric: str) -> float | None:
        """The relative error that is a metric's range; None where it has never been compared."""
        return _widest(self.ranges, metric)

    def wide_share(self, metric: str) -> float | None:
        """The same of nine in ten results."""
        return _widest(self.wide, metric)

    def percent(self, metric: str) -> str:
        """``±12 %``, or nothing where the metric has never been compared."""
        known = self.share(metric)
        return "" if known is None else f"±{max(round(100 * known), 1)} %"

    def sentence(self) -> str:
        """What is known, what two of three such results stayed within, and what that was measured
        on."""
        badge = say(str(self.badge))
        if self.known:
            badge = say("{badge} ({known})", badge=badge, known=retold(self.known))
        named = [
            f"{say(_NAMES[name])} {self._both(name)}" for name in _NAMES if name in self.ranges
        ]
        if not named:
            return say("{badge}; {basis}", badge=badge, basis=self.basis)
        return say(
            "{badge}: two of three (nine of ten) such results lay within {named} ({basis})",
            badge=badge,
            named=", ".join(named),
            basis=self.basis,
        )

    def _both(self, name: str) -> str:
        wide = f" ({max(round(100 * self.wide[name]), 1)})" if name in self.wide else ""
        return f"±{max(round(100 * self.ranges[name]), 1)}{wide} %"

    def values(self) -> dict[str, str | float]:
        """Plain values for files: the badge, a ``…_range_percent`` (two of three) and a
        ``…_wide_percent`` (nine of ten) per metric."""
        ranges = {
            f"{name}_range_percent": round(100 * value, 1) for name, value in self.ranges.items()
        }
        wide = {f"{name}_wide_percent": round(100 * value, 1) for name, value in self.wide.items()}
        return {"badge": str(self.badge), **ranges, **wide}


_TO_P99 = {"_p90": 0.551, "_p95": 0.707, "_p99": 1.0}
"""How far percentiles are from the mean, over p99: deviations of a normal distribution."""


def _widest(known: Mapping[str, float], name: str) -> float | None:
    """A range by its name. Published runs say the mean and p99, whose range is no less than the
    mean's, which stands for it where no row of the case publishes one; what is between them is off
    by as much as it is farther out."""
    mean, place = name, 1.0
    for suffix, far in _TO_P99.items():
        if name.endswith(suffix):
            mean, place = name.removesuffix(suffix), far
    first, last = known.get(mean), known.get(name if mean == name else f"{mean}_p99")
    if first is None or last is None:
        return last if first is None else first
    return first + place * max(last - first, 0.0)
