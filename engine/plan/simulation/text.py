"""A simulation as text: latencies, rates, and the time line in a few characters."""

from __future__ import annotations

import math
from collections.abc import Sequence

from engine.plan.simulation.deployment import Question
from engine.scenario import Objectives
from engine.serve.resolve import Resolved
from engine.serve.simulation.simulated import STATISTICS, Simulated
from engine.words.messages import say
from engine.words.quantities import duration, rate, requests_words

NAMES = {"ttft": "TTFT", "tpot": "TPOT", "itl": "ITL", "e2e": "E2E"}
BARS = " ▁▂▃▄▅▆▇█"
LINE_WIDTH = 64


def report(question: Question, resolved: Resolved, found: Simulated) -> str:
    """The whole report."""
    arrangement, scenario = question.arrangement, question.scenario
    lines = [
        say(
            "{model} on {chips} × {chip} as {arrangement}, {framework}: {load}",
            model=resolved.model.name,
            chips=arrangement.chips,
            chip=resolved.chip.name,
            arrangement=arrangement.name,
            framework=resolved.framework.name,
            load=_load(question, found),
        ),
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
        how = say("from {clients:,} clients", clients=question.clients)
    elif workload.rate:
        how = say("at {rate:g} requests/s", rate=workload.rate)
    else:
        how = (
            say(
                "over {arrival_seconds}",
                arrival_seconds=duration(float(found.arrival_seconds[-1]) * 1e3),
            )
            if count
            else ""
        )
    if question.trace is not None and question.trace.is_estimate:
        how = say("{how}, tokens estimated from text", how=how)
    settled = say(", after the first {settled:,}", settled=found.settled) if found.settled else ""
    return say(
        "{requests} {how}{settled}", requests=requests_words(count), how=how, settled=settled
    )


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
        say(
            "{requests:.3g} requests/s, {output_tokens} tok/s out, "
            "{input_tokens} tok/s in, {output_tokens_2} tok/s/chip; workers "
            "run passes {busy:.0%} of the time",
            requests=rates["requests"],
            output_tokens=rate(rates["output_tokens"]),
            input_tokens=rate(rates["input_tokens"]),
            output_tokens_2=rate(rates["output_tokens"] / found.chips),
            busy=found.busy,
        )
    ]
    limits = (objectives.ttft_ms, objectives.tpot_ms, objectives.e2e_ms)
    if any(one is not None for one in limits) and len(found.ttft_seconds):
        kept = found.keeps(objectives)
        lines.append(
            say(
                "goodput {mean:.1%}: {sum:,} of {kept:,} requests keep every limit",
                mean=float(kept.mean()),
                sum=int(kept.sum()),
                kept=len(kept),
            )
        )
    if found.cached > 0:
        lines.append(
            say(
                "{cached:.1%} of the prompts' tokens were found in the prefix cache",
                cached=found.cached,
            )
        )
    if found.preemptions:
        lines.append(
            say(
                "{preemptions:,} times a request lost its cache and was read again",
                preemptions=found.preemptions,
            )
        )
    if found.refused:
        lines.append(
            say("{requests} refused: too long ever to fit", requests=requests_words(found.refused))
        )
    return lines


def time_lines(found: Simulated, width: int = LINE_WIDTH) -> list[str]:
    """How many wait and run, and how full the cache is, over time."""
    line = found.line.bins(width)
    rows: Sequence[tuple[str, list[float], str]] = (
        ("waiting", line.waiting.tolist(), f"{line.waiting.max():,.0f}"),
        ("running", line.running.tolist(), f"{line.running.max():,.0f}"),
        (say("KV held"), line.held.tolist(), f"{line.held.max():.0%}"),
    )
    return [
        *(
            say("{name:<8}{bars}  {most} at most", name=name, bars=bars(values), most=most)
            for name, values, most in rows
        ),
        f"{'':<8}0{duration(found.seconds * 1e3):>{width - 1}}",
    ]


def bars(values: Sequence[float], wide: int = 1) -> str:
    """One bar per value, each ``wide`` cells."""
    most = max(values, default=0.0)
    if not most > 0:
        return BARS[0] * len(values) * wide
    return "".join(BARS[math.ceil(one / most * (len(BARS) - 1) - 1e-9)] * wide for one in values)
