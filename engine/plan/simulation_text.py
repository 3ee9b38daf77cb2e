"""A simulation as text: latencies, rates, and the time line in a few characters."""

from __future__ import annotations

import math
from collections.abc import Sequence

from engine.plan.simulation import Question
from engine.scenario import Objectives
from engine.serve.resolve import Resolved
from engine.serve.simulation.simulated import STATISTICS, Simulated
from engine.words.quantities import duration, rate

NAMES = {"ttft": "TTFT", "tpot": "TPOT", "itl": "ITL", "e2e": "E2E"}
BARS = " ▁▂▃▄▅▆▇█"
LINE_WIDTH = 64


def report(question: Question, resolved: Resolved, found: Simulated) -> str:
    """The whole report."""
    arrangement, scenario = question.arrangement, question.scenario
    lines = [
        f"{resolved.model.name} on {arrangement.chips} × {resolved.chip.name} as "
        f"{arrangement.name}, {resolved.framework.name}: {_load(question, found)}",
        "",
        *_latencies(found),
        "",
        *_totals(found, scenario.objectives),
        "",
        *time_lines(found),
    ]
    return "\n".join(lines)


def _load(question: Question, found: Simulated) -> str:
    count = len(found.ttft_seconds)
    workload = question.scenario.workload
    if question.clients:
        how = f"from {question.clients:,} clients"
    elif workload.rate:
        how = f"at {workload.rate:g} requests/s"
    else:
        how = f"over {duration(float(found.arrival_seconds[-1]) * 1e3)}" if count else ""
    settled = f", after the first {found.settled:,}" if found.settled else ""
    return f"{count:,} requests {how}{settled}"


def _latencies(found: Simulated) -> list[str]:
    names = ["mean", *STATISTICS]
    lines = [f"{'':<6}" + "".join(f"{name:>12}" for name in names)]
    for name, row in found.statistics_ms().items():
        cells = "".join(f"{duration(row[one]):>12}" for one in names)
        lines.append(f"{NAMES[name]:<6}{cells}")
    return lines


def _totals(found: Simulated, objectives: Objectives) -> list[str]:
    rates = found.rates
    lines = [
        f"{rates['requests']:.3g} requests/s, {rate(rates['output_tokens'])} tok/s out, "
        f"{rate(rates['input_tokens'])} tok/s in, "
        f"{rate(rates['output_tokens'] / found.chips)} tok/s/chip; "
        f"workers run passes {found.busy:.0%} of the time"
    ]
    limits = (objectives.ttft_ms, objectives.tpot_ms, objectives.e2e_ms)
    if any(one is not None for one in limits) and len(found.ttft_seconds):
        kept = found.keeps(objectives)
        lines.append(
            f"goodput {float(kept.mean()):.1%}: {int(kept.sum()):,} of {len(kept):,} requests keep "
            "every limit"
        )
    if found.cached > 0:
        lines.append(f"{found.cached:.1%} of the prompts' tokens were found in the prefix cache")
    if found.preemptions:
        lines.append(f"{found.preemptions:,} times a request lost its cache and was read again")
    if found.refused:
        lines.append(f"{found.refused:,} requests were refused: they never fit")
    return lines


def time_lines(found: Simulated, width: int = LINE_WIDTH) -> list[str]:
    """How many wait and run, and how full the cache is, over time."""
    line = found.line.bins(width)
    rows: Sequence[tuple[str, list[float], str]] = (
        ("waiting", line.waiting.tolist(), f"{line.waiting.max():,.0f}"),
        ("running", line.running.tolist(), f"{line.running.max():,.0f}"),
        ("KV held", line.held.tolist(), f"{line.held.max():.0%}"),
    )
    return [
        *(f"{name:<8}{bars(values)}  {most} at most" for name, values, most in rows),
        f"{'':<8}0{duration(found.seconds * 1e3):>{width - 1}}",
    ]


def bars(values: Sequence[float], wide: int = 1) -> str:
    """One bar per value, each ``wide`` cells."""
    most = max(values, default=0.0)
    if not most > 0:
        return BARS[0] * len(values) * wide
    return "".join(BARS[math.ceil(one / most * (len(BARS) - 1) - 1e-9)] * wide for one in values)
