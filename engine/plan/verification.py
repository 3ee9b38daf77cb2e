"""How a plan is verified: which benchmarks to run, and what they should show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from engine.model.kinds import ModelKind
from engine.model.precision import Precision
from engine.plan.launch_fill import filled_words
from engine.plan.launch_process import shell_word
from engine.plan.metrics import BY_ID
from engine.plan.predicted import predicted
from engine.plan.prepared import Prepared
from engine.plan.ranges import accuracy_of
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

    def of(self, scenario: Scenario) -> Scenario:
        """The scenario with this client in front."""
        kind = ClientKind.STEADY if self.steady else ClientKind.CLOSED
        client = Client(kind, self.waves, self.spread, self.first_token)
        workload = replace(
            scenario.workload,
            client=client,
            cached=self.cached,
            # Its prompts are random: of drafts they keep what random tokens do.
            text=Text.RANDOM,
            # So many in flight, all alike: what the clients' lines send.
            rate=0.0,
            input_spread=0.0,
            output_spread=0.0,
            shared_prefix_tokens=0,
            turns=1,
        )
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
    known = accuracy_of(found.prepared, asked, precisions[row]).ranges
    expected = []
    for metric in MEASURED:
        value = found.table.value(row, metric)
        share = known.get(BY_ID[metric].range, 0.0)
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
    concurrency = batch * arrangement.replicas
    loads = sorted({concurrency, max(concurrency // 2, 1), max(concurrency // 4, 1)}, reverse=True)
    return {
        "how": "distinct random prompts of fixed length, all slots opened at once; two of three "
        "such results lie within low and high; rooftop verify PLAN verify.jsonl compares",
        "runs": [_run(prepared, scenario, arrangement, precision, load) for load in loads],
    }


def _run(
    prepared: Prepared,
    scenario: Scenario,
    arrangement: Arrangement,
    precision: Precision,
    concurrency: int,
) -> dict[str, Any]:
    expected = expectations(scenario, arrangement, precision.label, Bench(float(concurrency)))
    fields = {
        "url": URL,
        "model": prepared.model.repository or scenario.model,
        "input": str(scenario.workload.input_tokens),
        "output": str(scenario.workload.output_tokens),
        "concurrency": str(concurrency),
        "prompts": str(WAVES * concurrency),
        "warmups": str(concurrency),
        "layout": arrangement.name.replace(" ", "").replace("×", "x").replace("|", "-"),
    }
    workload = scenario.workload
    if workload.images:
        width, height = workload.resolution or USUAL_IMAGE
        fields |= {
            "images": str(workload.images),
            "image_size": f"{height}x{width}",
            "image_limit": f'{{"image": {workload.images}, "video": 0}}',
            "image_sizes": f"{{({height}, {width}, 1): 1.0}}",
        }
    return {
        "concurrency": concurrency,
        "expected": {one.metric: _rounded(one) for one in expected if one.value == one.value},
        "lines": {id: _line(line, fields) for id, line in _clients(workload.images > 0).items()},
    }


def _rounded(one: Expected) -> dict[str, float]:
    values = {"value": one.value, "low": one.low, "high": one.high}
    return {name: float(f"{value:.4g}") for name, value in values.items()}


def _line(line: str, fields: Mapping[str, str]) -> str:
    return " ".join(shell_word(word) for word in filled_words(line, fields))


@cache
def _clients(seeing: bool) -> Mapping[str, str]:
    """The lines of those that send such requests: with images or without."""
    line = "images" if seeing else "line"
    every = read_toml(ROOT / "clients.toml")["client"]
    return {one["id"]: one[line] for one in every if line in one}
