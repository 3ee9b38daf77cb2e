"""What plans have to keep, and what they are ranked by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from engine.words.statistic import PERCENTILES

USUAL_UTILISED_PERCENT, EVERY_PERCENT = 90.0, 100.0
"""Of the largest rate where nobody says how much of it a plan may use, and no headroom at all.
Waits grow as ``1/(1 − used)``: five times as long from 90 to 98 %, and the largest rate itself is
known to a few percent."""


@dataclass(frozen=True, slots=True)
class Objectives:
    """Service level objectives in milliseconds; None means no limit."""

    ttft_ms: float | None = None
    tpot_ms: float | None = None
    e2e_ms: float | None = None
    usd_per_million_output: float | None = None
    """Dollars, not milliseconds; likewise joules."""
    joules_per_token: float | None = None
    latency_ms: float | None = None
    """Vision: mean latency of a whole batch."""
    ttft_p50_ms: float | None = None
    ttft_p90_ms: float | None = None
    ttft_p95_ms: float | None = None
    ttft_p99_ms: float | None = None
    tpot_p50_ms: float | None = None
    tpot_p90_ms: float | None = None
    tpot_p95_ms: float | None = None
    tpot_p99_ms: float | None = None
    itl_p50_ms: float | None = None
    itl_p90_ms: float | None = None
    itl_p95_ms: float | None = None
    itl_p99_ms: float | None = None
    e2e_p50_ms: float | None = None
    e2e_p90_ms: float | None = None
    e2e_p95_ms: float | None = None
    e2e_p99_ms: float | None = None
    goodput_percent: float | None = None
    """Requests that keep the limits of all latencies, at least."""
    utilised_percent: float = USUAL_UTILISED_PERCENT
    """Of the largest rate that is carried, at most, where requests come at a rate."""

    @property
    def asks_nothing(self) -> bool:
        """Whether nobody limits anything but how much of the largest rate is used."""
        return replace(self, utilised_percent=USUAL_UTILISED_PERCENT) == Objectives()

    @property
    def request_limits(self) -> dict[str, float]:
        """Seconds that a single request may take, by latency: the widest of the limits on any
        statistic of it."""
        limits = {}
        for latency in ("ttft", "tpot", "e2e"):
            names = (f"{latency}_ms", *(f"{latency}_{one}_ms" for one in PERCENTILES))
            given = [value for name in names if (value := getattr(self, name)) is not None]
            if given:
                limits[latency] = max(given) / 1e3
        return limits


class Best(StrEnum):
    """What plans that keep the objectives are ranked by."""

    THROUGHPUT = "throughput"
    """Per chip."""
    COST = "cost"
    """Dollars per output token."""
    ENERGY = "energy"
    """Joules per output token."""
