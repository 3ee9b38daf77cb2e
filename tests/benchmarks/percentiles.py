"""Analytic percentiles against the event simulation, over models, loads and lengths.

    python -m tests.benchmarks.percentiles [--count 20000] [--seed 1]
    python -m tests.benchmarks.percentiles --random 200 [--skip 0]

Prints one line per case: p99 of the first token and of the whole, as predicted, as simulated, and
the difference. The targets are 15 % and 8 % at up to 0.9 of the largest rate. ``--random`` draws
deployments, lengths, spreads, bursts, caches and turns instead of the table's; then errors stand by
kind below.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from engine.plan.simulation.deployment import Question, simulated
from engine.scenario import Scenario, Workload
from engine.serve.asked import requests_of
from engine.serve.load import Open
from engine.serve.predict import predict
from engine.serve.resolve import resolve
from engine.words.errors import InputError
from engine.words.statistic import Statistic
from engine.work.arrangement import Aggregated, Arrangement, Disaggregated, Pool
from engine.work.layout import Layout

USED = (0.3, 0.6, 0.8, 0.9)
TARGETS = {"ttft": 0.15, "e2e": 0.08}
SETTLED = 40.0
"""Requests of a case over those in flight, at least."""
MOST_REFUSED = 1e-3
"""Of requests that are drawn too long, which the queue's formulas know nothing of."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Case:
    """A deployment and what its requests are like."""

    model: str
    chip: str
    engine: str
    arrangement: Arrangement
    input: int
    output: int
    spread: float = 0.0
    burstiness: float = 1.0
    cached: float = 0.0
    turns: int = 1

    @property
    def workload(self) -> Workload:
        """Its requests, one per second."""
        return Workload(
            self.input,
            self.output,
            input_spread=self.spread,
            output_spread=self.spread,
            rate=1.0,
            burstiness=self.burstiness,
            cached=self.cached,
            turns=self.turns,
        )

    @property
    def words(self) -> str:
        """In one column."""
        what = f"{self.model:<14}{self.engine:<7}{self.arrangement.name:<22}"
        lengths = f"{self.input}/{self.output}"
        return (
            f"{what}{lengths:<11}{self.spread:<4g}{self.burstiness:<5g}{self.cached:<4g}"
            f"{self.turns:<3}"
        )

    @property
    def kinds(self) -> Iterator[str]:
        """What it is of, for the table by kind."""
        yield self.engine
        yield self.model
        if isinstance(self.arrangement, Disaggregated):
            yield "pools"
        else:
            layout = self.arrangement.layout
            yield "attention-DP" if layout.attention_data > 1 else "no attention-DP"
            yield "replicas" if layout.replicas > 1 else "one replica"
            if layout.pipeline > 1:
                yield "pipeline"
        yield f"spread {self.spread:g}"
        yield f"burstiness {self.burstiness:g}"
        yield f"cached {self.cached:g}"
        yield f"turns {self.turns}"
        yield f"input {self.input}"
        yield f"output {self.output}"


def _one(*degrees: int) -> Aggregated:
    return Aggregated(Layout(*degrees))


DENSE = ("llama-3.1-8b", "h100_sxm")
CASES = (
    Case(*DENSE, "vllm", _one(1), 1024, 256),
    Case(*DENSE, "vllm", _one(1), 1024, 256, 0.8),
    Case(*DENSE, "vllm", _one(1), 8192, 128, 0.5),
    Case(*DENSE, "sglang", _one(1), 1024, 256),
    Case(*DENSE, "sglang", _one(1), 2048, 512, 0.5),
    Case(*DENSE, "trtllm", _one(1), 1024, 256, 0.5),
    Case("qwen3-32b", "h100_sxm", "vllm", _one(4), 4096, 1024),
    Case("qwen3-32b", "h100_sxm", "vllm", _one(2), 512, 1024, 0.5),
    Case("gpt-oss-120b", "h100_sxm", "vllm", _one(2), 2048, 512, 0.5),
    Case("llama-3.3-70b", "h200_sxm", "trtllm", _one(4), 2048, 256),
    Case("deepseek-v3", "h200_sxm", "sglang", _one(8), 2048, 512),
    Case("deepseek-v3", "h200_sxm", "vllm", _one(1, 1, 8, 8), 2048, 512, 0.5),
)


def _pools(prefill: Layout, workers: int, decode: Layout, others: int) -> Disaggregated:
    return Disaggregated(Pool(prefill, workers), Pool(decode, others))


DEPLOYMENTS: tuple[tuple[str, str, tuple[Arrangement, ...]], ...] = (
    (*DENSE, (_one(1), _one(2), _one(1, 1, 1, 1, 4), _pools(Layout(1), 2, Layout(1), 3))),
    ("qwen3-32b", "h100_sxm", (_one(2), _one(4), _one(2, 2), _pools(Layout(2), 2, Layout(2), 2))),
    ("gpt-oss-120b", "h100_sxm", (_one(2), _one(4), _one(1, 1, 4, 4))),
    ("llama-3.3-70b", "h200_sxm", (_one(4), _one(8), _one(4, 1, 1, 1, 2))),
    ("qwen3-30b-a3b", "h200_sxm", (_one(1), _one(2), _one(1, 1, 4, 4))),
    (
        "deepseek-v3",
        "h200_sxm",
        (_one(8), _one(1, 1, 8, 8), _pools(Layout(8), 1, Layout(1, 1, 16, 16), 1)),
    ),
)
"""Of the random cases: some aggregated, with attention-DP, with several replicas, with pools."""


def random_case(seed: int) -> tuple[Case, float]:
    """One drawn case, and the share of its largest rate; the same for the same ``seed``."""
    random = np.random.default_rng([2718, seed])

    def one(values: Sequence[T]) -> T:
        return values[int(random.integers(len(values)))]

    model, chip, arrangements = one(DEPLOYMENTS)
    case = Case(
        model,
        chip,
        one(("vllm", "vllm", "sglang", "trtllm")),
        one(arrangements),
        one((256, 1024, 2048, 4096, 8192, 16384)),
        one((32, 128, 256, 512, 1024, 2048)),
        one((0.0, 0.3, 0.6, 1.0)),
        one((1.0, 1.0, 1.0, 0.5, 2.0)),
        one((0.0, 0.0, 0.0, 0.5, 0.8)),
    )
    if random.random() < 0.15:
        case = replace(case, turns=5, cached=0.0, input=min(case.input, 1024))
    return case, one(USED)


@dataclass(frozen=True, slots=True)
class Compared:
    """A line of the table, errors by latency, seconds that the simulation took."""

    line: str
    off: dict[str, float]
    seconds: float


def compared(case: Case, used: float, count: int, seed: int) -> Compared:
    """One case at a share of its largest rate; raises `InputError` where it does not start."""
    scenario = Scenario(
        model=case.model, chip=case.chip, framework=case.engine, workload=case.workload
    )
    resolved = resolve(scenario)
    system, arrangement = resolved.systems[0], case.arrangement
    requests = requests_of(scenario, system)
    burstiness = case.burstiness
    first = predict(system, (arrangement,), requests, Open(1.0, burstiness), np.ones((1, 1)))
    if not bool(first.starts[0, 0]):
        raise InputError(f"{case.words}: does not start")
    rate = used * float(first.largest_rate[0, 0])
    said = predict(system, (arrangement,), requests, Open(rate, burstiness), np.array([[rate]]))
    at_rate = replace(scenario, workload=replace(case.workload, rate=rate))
    assert said.flow is not None
    # The first tenth is left out: by then all places must have been filled several times.
    count = max(count, int(SETTLED * float(np.max(said.flow.in_flight))))
    begun = time.perf_counter()
    found = simulated(
        Question(at_rate, arrangement, count=count, seed=seed), resolved=resolve(at_rate)
    )
    took = time.perf_counter() - begun
    if found.refused > MOST_REFUSED * count:
        raise InputError(f"{found.refused:,} of {count:,} requests are longer than they may be")
    cells, off = [], {}
    for name, values in (("ttft", found.ttft_seconds), ("e2e", found.e2e_seconds)):
        seen = float(np.quantile(values, 0.99))
        predicted = float(said.at(name, Statistic("p99"))[0, 0])
        off[name] = predicted / seen - 1.0
        cells.append(f"{predicted * 1e3:>10,.0f}{seen * 1e3:>10,.0f}{off[name]:>+8.1%}")
    means = [
        float(said.seconds["ttft"][0, 0]) / float(np.mean(found.ttft_seconds)) - 1.0,
        float(said.seconds["tpot"][0, 0]) / float(np.nanmean(found.tpot_seconds)) - 1.0,
    ]
    what = f"{case.words}{used:>5.1f}{rate:>8.2f}"
    shown = "".join(f"{one:>+8.1%}" for one in means)
    return Compared(f"{what}{''.join(cells)}{shown}{found.busy:>5.0%}", off, took)


def _tabled() -> Iterator[tuple[Case, float]]:
    for case in CASES:
        for used in USED:
            yield case, used


def _summary(every: dict[str, list[float]]) -> Iterator[str]:
    for name, target in TARGETS.items():
        found = np.abs(np.array(every[name]))
        yield (
            f"{name}: {int((found <= target).sum())} of {len(found)} within {target:.0%}; "
            f"median {np.median(found):.1%}, mean {found.mean():.1%}, most {found.max():.1%}"
        )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--random", type=int, default=0)
    parser.add_argument("--skip", type=int, default=0)
    options = parser.parse_args()
    head = f"{'model':<14}{'engine':<7}{'arrangement':<22}{'lengths':<11}{'cv':<4}{'bst':<5}"
    head += f"{'csh':<4}{'trn':<3}{'used':>5}{'req/s':>8}"
    print(head + "  p99 TTFT ms: said, seen, off    p99 E2E ms: said, seen, off   TTFT  TPOT busy")
    every: dict[str, list[float]] = {name: [] for name in TARGETS}
    kinds: dict[str, dict[str, list[float]]] = {}
    slowest = 0.0
    drawn = (random_case(options.skip + one) for one in range(options.random))
    for case, used in drawn if options.random else _tabled():
        try:
            found = compared(case, used, options.count, options.seed)
        except InputError as error:
            print(f"{case.words} {error}", flush=True)
            continue
        print(found.line, flush=True)
        slowest = max(slowest, found.seconds)
        for name, error in found.off.items():
            every[name].append(error)
            for kind in (*case.kinds, f"used {used:g}"):
                kinds.setdefault(kind, {one: [] for one in TARGETS})[name].append(error)
    print("\n".join(_summary(every)))
    if options.random:
        for kind, errors in sorted(kinds.items()):
            cells = [
                f"{name} {np.median(np.abs(errors[name])):>6.1%} median "
                f"{np.median(errors[name]):>+7.1%} bias "
                f"{int((np.abs(errors[name]) <= target).sum()):>3} of {len(errors[name]):<3}"
                for name, target in TARGETS.items()
            ]
            print(f"{kind:<18}{'   '.join(cells)}")
    print(f"slowest simulation of {options.count:,} requests: {slowest:.1f} s")


if __name__ == "__main__":
    main()
