"""Analytic percentiles against the event simulation, over models, loads and lengths.

    python -m tests.benchmarks.percentiles [--count 20000] [--seed 1]

Prints one line per case: p99 of the first token and of the whole, as predicted, as simulated, and
the difference. The targets are 15 % and 8 % at up to 0.9 of the largest rate.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass

import numpy as np

from engine.scenario import Scenario, Workload
from engine.serve.asked import requests_of
from engine.serve.load import Open
from engine.serve.predict import predict
from engine.serve.resolve import resolve
from engine.serve.simulation.generate import drawn_trace
from engine.serve.simulation.simulate import simulate
from engine.words.statistic import Statistic
from engine.work.arrangement import Aggregated
from engine.work.layout import Layout

USED = (0.3, 0.6, 0.8, 0.9)
TARGETS = {"ttft": 0.15, "e2e": 0.08}


@dataclass(frozen=True, slots=True)
class Case:
    """A deployment and the lengths of its requests."""

    model: str
    chip: str
    engine: str
    layout: Layout
    input: int
    output: int
    spread: float = 0.0


DENSE = ("llama-3.1-8b", "h100_sxm")
CASES = (
    Case(*DENSE, "vllm", Layout(1), 1024, 256),
    Case(*DENSE, "vllm", Layout(1), 1024, 256, 0.8),
    Case(*DENSE, "vllm", Layout(1), 8192, 128, 0.5),
    Case(*DENSE, "sglang", Layout(1), 1024, 256),
    Case(*DENSE, "sglang", Layout(1), 2048, 512, 0.5),
    Case(*DENSE, "trtllm", Layout(1), 1024, 256, 0.5),
    Case("qwen3-32b", "h100_sxm", "vllm", Layout(4), 4096, 1024),
    Case("qwen3-32b", "h100_sxm", "vllm", Layout(2), 512, 1024, 0.5),
    Case("gpt-oss-120b", "h100_sxm", "vllm", Layout(2), 2048, 512, 0.5),
    Case("llama-3.3-70b", "h200_sxm", "trtllm", Layout(4), 2048, 256),
    Case("deepseek-v3", "h200_sxm", "sglang", Layout(8), 2048, 512),
    Case("deepseek-v3", "h200_sxm", "vllm", Layout(1, 1, 8, 8), 2048, 512, 0.5),
)


def errors(case: Case, used: float, count: int, seed: int) -> tuple[str, dict[str, float], float]:
    """A line of the table, the errors by latency, and the seconds that the simulation took."""
    workload = Workload(
        case.input, case.output, input_spread=case.spread, output_spread=case.spread, rate=1.0
    )
    scenario = Scenario(model=case.model, chip=case.chip, framework=case.engine, workload=workload)
    system = resolve(scenario).systems[0]
    requests, arrangement = requests_of(scenario, system), Aggregated(case.layout)
    first = predict(system, (arrangement,), requests, Open(1.0), np.ones((1, 1)))
    rate = used * float(first.largest_rate[0, 0])
    load = Open(rate)
    said = predict(system, (arrangement,), requests, load, np.array([[rate]]))
    begun = time.perf_counter()
    found = simulate(
        system, arrangement, requests, drawn_trace(requests, load, count, seed), counts_all=False
    )
    took = time.perf_counter() - begun
    cells, off = [], {}
    for name, values in (("ttft", found.ttft_seconds), ("e2e", found.e2e_seconds)):
        seen = float(np.quantile(values, 0.99))
        predicted = float(said.at(name, Statistic("p99"))[0, 0])
        off[name] = predicted / seen - 1.0
        cells.append(f"{predicted * 1e3:>10,.0f}{seen * 1e3:>10,.0f}{off[name]:>+8.1%}")
    tpot = float(said.seconds["tpot"][0, 0]) / float(np.nanmean(found.tpot_seconds)) - 1.0
    what = f"{case.model:<14}{case.engine:<7}{case.layout.name:<12}"
    what += f"{case.input:>5}/{case.output:<5}{case.spread:<4g}{used:>5.1f}{rate:>8.2f}"
    return f"{what}{''.join(cells)}{tpot:>+8.1%}", off, took


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    head = f"{'model':<14}{'engine':<7}{'layout':<12}{'lengths':>11}{'cv':<4}"
    head += f"{'used':>5}{'req/s':>8}"
    print(head + "  p99 TTFT ms: said, seen, off    p99 E2E ms: said, seen, off   TPOT", flush=True)
    within = dict.fromkeys(TARGETS, 0)
    every: dict[str, list[float]] = {name: [] for name in TARGETS}
    slowest = 0.0
    for case in CASES:
        for used in USED:
            line, off, took = errors(case, used, options.count, options.seed)
            print(line, flush=True)
            slowest = max(slowest, took)
            for name, error in off.items():
                every[name].append(abs(error))
                within[name] += abs(error) <= TARGETS[name]
    for name, target in TARGETS.items():
        found = np.array(every[name])
        print(
            f"{name}: {within[name]} of {len(found)} within {target:.0%}; "
            f"median {np.median(found):.1%}, mean {found.mean():.1%}, most {found.max():.1%}"
        )
    print(f"slowest simulation of {options.count:,} requests: {slowest:.1f} s")


if __name__ == "__main__":
    main()
