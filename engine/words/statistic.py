"""Which statistic of the requests' latencies a figure is."""

from __future__ import annotations

from enum import StrEnum


class Statistic(StrEnum):
    """The mean, or the latency that a share of the requests keeps."""

    MEAN = "mean"
    P50 = "p50"
    P90 = "p90"
    P95 = "p95"
    P99 = "p99"

    @property
    def share(self) -> float:
        """Share of the requests that are no slower; NaN of the mean, which says nothing of it."""
        return float(self[1:]) / 100.0 if self is not Statistic.MEAN else float("nan")


PERCENTILES = tuple(one for one in Statistic if one is not Statistic.MEAN)
