"""What all requests saw, of the workers that served them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.serve.simulation.serving import Served
from engine.serve.simulation.simulated import SETTLING, Simulated, TimeLine
from engine.serve.simulation.worker import Log
from engine.sources.traces.trace import Trace
from engine.words.arrays import FloatArray


def summed(
    trace: Trace,
    arrival: FloatArray,
    first: FloatArray,
    last: FloatArray,
    pools: Sequence[Served],
    request_seconds: float,
    chips: int,
    counts_all: bool,
) -> Simulated:
    """What the requests saw that came at ``arrival`` and had tokens from ``first`` to ``last``."""
    settled = 0 if counts_all else int(SETTLING * len(trace))
    done = (last >= 0) & (np.arange(len(trace)) >= settled)
    after = trace.output_tokens[done] - 1.0
    ttft = first[done] - arrival[done] + request_seconds
    spent = last[done] - first[done]
    logs = [log for pool in pools for log in pool.logs]
    answering = pools[-1].logs
    line = _line(logs)
    end = float(line.seconds[-1]) if len(line.seconds) else 0.0
    busy = max(
        sum(log.busy_seconds for log in pool.logs) / max(end * pool.lanes, 1e-12) for pool in pools
    )
    refused = int(np.count_nonzero(last < 0))
    return Simulated(
        arrival_seconds=arrival[done],
        input_tokens=trace.input_tokens[done],
        output_tokens=trace.output_tokens[done],
        ttft_seconds=ttft,
        tpot_seconds=np.where(after > 0, spent / np.maximum(after, 1.0), np.nan),
        e2e_seconds=ttft + spent,
        gap_seconds=np.array([one for log in answering for one in log.gaps]),
        gap_counts=np.array([one for log in answering for one in log.gap_counts]),
        line=line,
        seconds=end,
        busy=busy,
        preemptions=sum(log.preemptions for log in logs),
        refused=refused,
        cached=pools[0].found_tokens / float(trace.input_tokens.sum()),
        chips=chips,
        settled=settled,
    )


MOST_STRETCHES = 2000
"""Of the time line of several workers."""


def _line(logs: Sequence[Log]) -> TimeLine:
    """The time lines of all workers together."""
    lines = [
        TimeLine(
            *(
                np.array(one, dtype=float)
                for one in (log.seconds, log.waiting, log.running, log.held)
            )
        )
        for log in logs
        if log.seconds
    ]
    if len(lines) == 1 or not lines:
        return lines[0] if lines else TimeLine(*(np.zeros(1) for _ in range(4)))
    end = max(float(one.seconds[-1]) for one in lines)
    ended = [
        TimeLine(
            *(
                np.append(column, last)
                for column, last in (
                    (one.seconds, end),
                    (one.waiting, 0.0),
                    (one.running, 0.0),
                    (one.held, 0.0),
                )
            )
        )
        for one in lines
    ]
    binned = [one.bins(MOST_STRETCHES) for one in ended]
    return TimeLine(
        np.linspace(0.0, end, MOST_STRETCHES + 1)[1:],
        np.sum([one.waiting for one in binned], axis=0),
        np.sum([one.running for one in binned], axis=0),
        np.max([one.held for one in binned], axis=0),
    )
