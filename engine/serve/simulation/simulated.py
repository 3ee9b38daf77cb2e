"""What a simulation saw: every request's latencies, the gaps between tokens, and the time line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.scenario import Objectives
from engine.words.arrays import BoolArray, FloatArray

STATISTICS = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
SETTLING = 0.1
"""Of the requests that are drawn, the first tenth finds an empty server and is not counted."""


@dataclass(frozen=True, slots=True)
class TimeLine:
    """Columns over time, of the whole deployment: requests that wait and that run, and the share of
    the cache's room that is held (of the fullest worker), each until its ``seconds``."""

    seconds: FloatArray
    waiting: FloatArray
    running: FloatArray
    held: FloatArray

    def bins(self, count: int) -> TimeLine:
        """Means over ``count`` equal stretches of the whole."""
        edges = np.linspace(0.0, float(self.seconds[-1]), count + 1)
        return TimeLine(
            0.5 * (edges[1:] + edges[:-1]),
            *(self._means(one, edges) for one in (self.waiting, self.running, self.held)),
        )

    def _means(self, values: FloatArray, edges: FloatArray) -> FloatArray:
        area = np.concatenate([[0.0], np.cumsum(values * np.diff(self.seconds, prepend=0.0))])
        times = np.concatenate([[0.0], self.seconds])
        widths = np.maximum(np.diff(edges), 1e-12)
        found: FloatArray = np.diff(np.interp(edges, times, area)) / widths
        return found


@dataclass(frozen=True, slots=True)
class Simulated:
    """Requests that were served and counted, arrays of (requests,), in seconds.

    ``gap_seconds`` are the times between tokens, each ``gap_counts`` times. ``busy`` is the share
    of the time that workers run passes. ``refused`` requests never fit; ``cached`` is the share of
    the prompts' tokens that was found in caches.
    """

    arrival_seconds: FloatArray
    input_tokens: FloatArray
    output_tokens: FloatArray
    ttft_seconds: FloatArray
    tpot_seconds: FloatArray
    """NaN for answers of one token."""
    e2e_seconds: FloatArray
    gap_seconds: FloatArray
    gap_counts: FloatArray
    line: TimeLine
    seconds: float
    busy: float
    preemptions: int
    refused: int
    cached: float
    chips: int
    settled: int
    """Requests at the beginning that are not counted."""
    unfinished: int = 0

    @property
    def itl_seconds(self) -> tuple[FloatArray, FloatArray]:
        """Gaps between tokens in order, and the share of gaps up to each."""
        order = np.argsort(self.gap_seconds)
        share = np.cumsum(self.gap_counts[order])
        return self.gap_seconds[order], share / share[-1] if len(share) else share

    def statistics_ms(self) -> dict[str, dict[str, float]]:
        """Mean and percentiles of each latency, in milliseconds."""
        found = {}
        for name in ("ttft", "tpot", "e2e"):
            values: FloatArray = getattr(self, f"{name}_seconds")
            values = values[np.isfinite(values)] * 1e3
            if len(values):
                found[name] = {
                    "mean": float(values.mean()),
                    **{key: float(np.quantile(values, at)) for key, at in STATISTICS.items()},
                }
        if len(self.gap_seconds):
            gaps, share = self.itl_seconds
            mean = float(np.average(self.gap_seconds, weights=self.gap_counts))
            found["itl"] = {
                "mean": mean * 1e3,
                **{
                    key: float(gaps[min(int(np.searchsorted(share, at)), len(gaps) - 1)]) * 1e3
                    for key, at in STATISTICS.items()
                },
            }
        return {name: found[name] for name in ("ttft", "tpot", "itl", "e2e") if name in found}

    def keeps(self, objectives: Objectives) -> BoolArray:
        """Which requests keep every limit on a latency."""
        good: BoolArray = np.ones(len(self.ttft_seconds), dtype=bool)
        for limit, values in (
            (objectives.ttft_ms, self.ttft_seconds),
            (objectives.tpot_ms, self.tpot_seconds),
            (objectives.e2e_ms, self.e2e_seconds),
        ):
            if limit is not None:
                good &= ~(values * 1e3 > limit)
        return good

    @property
    def rates(self) -> Mapping[str, float]:
        """Per second over the time that the counted requests took."""
        if not len(self.e2e_seconds):
            return {"requests": 0.0, "output_tokens": 0.0, "input_tokens": 0.0}
        ends = self.arrival_seconds + self.e2e_seconds
        span = max(float(ends.max() - self.arrival_seconds[0]), 1e-12)
        return {
            "requests": len(self.e2e_seconds) / span,
            "output_tokens": float(self.output_tokens.sum()) / span,
            "input_tokens": float(self.input_tokens.sum()) / span,
        }

    def values(self, objectives: Objectives, bins: int = 240) -> dict[str, Any]:
        """Everything as plain values."""
        good = float(self.keeps(objectives).mean()) if len(self.ttft_seconds) else 0.0
        line = self.line.bins(bins)
        rates = self.rates
        return {
            "requests": len(self.ttft_seconds),
            "settling": self.settled,
            "refused": self.refused,
            "unfinished": self.unfinished,
            "seconds": round(self.seconds, 3),
            "latency_ms": {
                name: {key: round(value, 3) for key, value in row.items()}
                for name, row in self.statistics_ms().items()
            },
            "goodput": round(good, 6),
            "goodput_requests_per_second": round(good * rates["requests"], 6),
            "requests_per_second": round(rates["requests"], 6),
            "output_tps": round(rates["output_tokens"], 3),
            "input_tps": round(rates["input_tokens"], 3),
            "tps_per_chip": round(rates["output_tokens"] / self.chips, 4),
            "busy": round(self.busy, 6),
            "cached": round(self.cached, 6),
            "preemptions": self.preemptions,
            "time_line": {
                "seconds": [round(one, 4) for one in line.seconds.tolist()],
                "waiting": [round(one, 3) for one in line.waiting.tolist()],
                "running": [round(one, 3) for one in line.running.tolist()],
                "kv_share": [round(one, 5) for one in line.held.tolist()],
            },
        }
