"""How a plan is verified: which benchmarks to run, and what they should show."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from engine.model.kinds import ModelKind
from engine.model.precision import Precision
from engine.plan.launch.fill import filled_words
from engine.plan.launch.process import shell_word
from engine.plan.metrics.table import BY_ID
from engine.plan.predicted import predicted
from engine.plan.prepared import Prepared
from engine.scenario import (
    USUAL_IMAGE,
    Client,
    ClientKind,
    DraftTokens,
    FirstToken,
    Mode,
    Scenario,
    Text,
)
from engine.serve.call import Concurrency, Size
from engine.sources.profile_files import read_toml
from engine.work.arrangement import Arrangement
from profiles import ROOT

RATE_SECONDS, LEAST_PROMPTS = 120, 200
"""How long a run at a rate sends, and how many requests at least."""
WAVES = 10
"""Requests per slot of a run: enough that the opening of all slots at once does not decide."""
MEASURED = ("ttft_ms", "tpot_ms", "tps_per_chip")
URL = "http://127.0.0.1:8000"


@dataclass(frozen=True, slots=True)
class Expected:
    """One metric as a client should measure it; two of three such results lie within."""

    metric: str
    value: float
    low: float
    high: float

    def __contains__(self, measured: float) -> bool:
        return self.low <= measured <= self.high


@dataclass(frozen=True, slots=True)
class Bench:
    """What the client of one run does: requests in flight, answer lengths' spread as a share of
    their mean, requests per slot, prompts found in the prefix cache, the statistic of TTFT."""

    concurrency: float
    spread: float = 0.0
    waves: int = WAVES
    cached: float = 0.0
    first_token: FirstToken = FirstToken.MEAN
    steady: bool = False
    rate: float = 0.0
    """Requests per second of one that keeps a rate, in place of the concurrency."""

    def of(self, scenario: Scenario) -> Scenario:
        """The scenario with this client in front."""
        kind = ClientKind.STEADY if self.steady or self.rate else ClientKind.CLOSED
        client = Client(kind, self.waves, self.spread, self.first_token)
        workload = replace(
            scenario.workload,
            client=client,
            cached=self.cached,
            # Its prompts are random: of drafts they keep what random tokens do.
            text=Text.RANDOM,
            rate=self.rate,
            turns=1,
        )
        if not self.rate:
            # So many in flight: how far answers lie apart is the client's.
            alike = {"input_spread": 0.0, "output_spread": 0.0, "shared_prefix_tokens": 0}
            workload = replace(workload, **alike)  # type: ignore[arg-type]
        return replace(scenario, workload=workload, drafts=DraftTokens.GIVEN)


def expectations(
    scenario: Scenario, arrangement: Arrangement, label: str, bench: Bench
) -> tuple[Expected, ...]:
    """What ``bench`` should show of an arrangement in the precision called ``label``; raises
    `InputError`."""
    asked = bench.of(scenario)
    size: Size = Concurrency(bench.concurrency)
    found = predicted(asked, arrangement, (size,))
    precisions = found.prepared.precisions
    row = next((place for place, one in enumerate(precisions) if one.label == label), 0)
    known = found.table.accuracy(row)
    expected = []
    for metric in MEASURED:
        value = found.table.value(row, metric)
        share = known.share(BY_ID[metric].range) or 0.0
        expected.append(Expected(metric, value, value * (1 - share), value * (1 + share)))
    return tuple(expected)


def verification(
    prepared: Prepared,
    scenario: Scenario,
    arrangement: Arrangement,
    precision: Precision,
    batch: int,
) -> dict[str, Any]:
    """The ``[verify]`` table of a plan; empty for models and loads that no such client sends.

    At its load, half and a quarter of it: constants can be fitted to three runs (`calibrate`).
    """
    if prepared.kind is not ModelKind.TOKENS or scenario.workload.mode is Mode.STATIC:
        return {}
    rate = scenario.workload.rate
    concurrency = batch * arrangement.replicas
    loads: list[float]
    if rate:
        loads = [rate, rate / 2, rate / 4]
    else:
        sizes = {concurrency, max(concurrency // 2, 1), max(concurrency // 4, 1)}
        loads = sorted((float(one) for one in sizes), reverse=True)
    how = "requests at a rate" if rate else "all slots opened at once"
    said = scenario.workload
    lengths = "of spread lengths" if said.input_spread or said.output_spread else "of fixed length"
    run = _run_at_rate if rate else _run
    document: dict[str, Any] = {
        "how": f"distinct random prompts {lengths}, {how}; two of three such results lie within "
        "low and high; rooftop verify PLAN verify.jsonl compares",
        "runs": [run(prepared, scenario, arrangement, precision, load) for load in loads],
    }
    if gaps := _unsaid(scenario):
        document["gaps"] = gaps
    return document


def _unsaid(scenario: Scenario) -> list[str]:
    """What of a workload no such client sends."""
    workload = scenario.workload
    gaps = []
    if workload.turns > 1:
        gaps.append(f"{workload.turns} turns: the lines send single requests, without them")
    if workload.cached:
        gaps.append(f"a cached share of {workload.cached:g}: the lines send prompts that are new")
    if workload.shared_prefix_tokens:
        gaps.append("a shared prefix: only the line of vLLM sends it, and only at a rate")
    if workload.rate and workload.burstiness != 1:
        gaps.append(
            f"a burstiness of {workload.burstiness:g}: SGLang and guidellm send Poisson arrivals"
        )
    return gaps


def _run(
    prepared: Prepared,
    scenario: Scenario,
    arrangement: Arrangement,
    precision: Precision,
    load: float,
) -> dict[str, Any]:
    concurrency = int(load)
    fields = {
        **_lengths(scenario),
        "concurrency": str(concurrency),
        "prompts": str(WAVES * concurrency),
        "warmups": str(concurrency),
        "name": str(concurrency),
    }
    del fields["prefix"]
    # Answers are drawn evenly: their range is √12 standard deviations.
    spread = scenario.workload.output_spread * math.sqrt(12)
    bench = Bench(float(concurrency), spread)
    told = {"concurrency": concurrency}
    return _told(prepared, scenario, arrangement, precision, bench, told, fields)


def _run_at_rate(
    prepared: Prepared,
    scenario: Scenario,
    arrangement: Arrangement,
    precision: Precision,
    rate: float,
) -> dict[str, Any]:
    burstiness = scenario.workload.burstiness
    fields = {
        **_lengths(scenario),
        "rate": f"{rate:g}",
        "burstiness": f"{burstiness:g}",
        "poisson" if burstiness == 1 else "bursty": "true",
        "prompts": str(max(round(rate * RATE_SECONDS), LEAST_PROMPTS)),
        "name": f"{rate:g}",
    }
    if fields["prefix"] == "0":
        del fields["prefix"]
    told = {"requests_per_second": float(f"{rate:g}")}
    bench = Bench(1.0, rate=rate)
    return _told(prepared, scenario, arrangement, precision, bench, told, fields)


def _lengths(scenario: Scenario) -> dict[str, str]:
    """Lengths as clients take them. A half range of r has a standard deviation of r/√3; from a
    share s of the longest to the longest, the mean is (1 + s)/2 of it."""
    workload = scenario.workload
    inputs, outputs = workload.input_tokens, workload.output_tokens
    half = min(max(workload.input_spread, workload.output_spread) * math.sqrt(3), 0.95)
    prefix = workload.shared_prefix_tokens if workload.rate else 0
    return {
        "input": str(max(inputs - prefix, 1)),
        "output": str(outputs),
        "prefix": str(prefix),
        "half_range": f"{half:.3g}",
        "least_share": f"{(1 - half) / (1 + half):.3g}" if half else "1.0",
        "longest_input": str(round(inputs * (1 + half))),
        "longest_output": str(round(outputs * (1 + half))),
        "input_deviation": str(round(workload.input_spread * inputs)),
        "output_deviation": str(round(workload.output_spread * outputs)),
    }


def _told(
    prepared: Prepared,
    scenario: Scenario,
    arrangement: Arrangement,
    precision: Precision,
    bench: Bench,
    told: Mapping[str, float],
    fields: Mapping[str, str],
) -> dict[str, Any]:
    expected = expectations(scenario, arrangement, precision.label, bench)
    known = {
        "url": URL,
        "model": prepared.model.repository or scenario.model,
        "layout": arrangement.name.replace(" ", "").replace("×", "x").replace("|", "-"),
        **fields,
    }
    workload = scenario.workload
    if workload.images:
        width, height = workload.resolution or USUAL_IMAGE
        known |= {
            "images": str(workload.images),
            "image_size": f"{height}x{width}",
            "image_limit": f'{{"image": {workload.images}, "video": 0}}',
            "image_sizes": f"{{({height}, {width}, 1): 1.0}}",
        }
    clients = _clients(workload.images > 0)
    return {
        **told,
        "expected": {one.metric: _rounded(one) for one in expected if math.isfinite(one.value)},
        "lines": {id: _line(entries, known) for id, entries in clients.items()},
    }


def _rounded(one: Expected) -> dict[str, float]:
    values = {"value": one.value, "low": one.low, "high": one.high}
    return {name: float(f"{value:.4g}") for name, value in values.items()}


def _line(entries: Sequence[str], fields: Mapping[str, str]) -> str:
    words = (word for entry in entries for word in filled_words(entry, fields))
    return " ".join(shell_word(word) for word in words)


@cache
def _clients(seeing: bool) -> Mapping[str, list[str]]:
    """The lines of those that send such requests: with images or without."""
    line = "images" if seeing else "line"
    every = read_toml(ROOT / "clients.toml")["client"]
    return {one["id"]: one[line] for one in every if line in one}
