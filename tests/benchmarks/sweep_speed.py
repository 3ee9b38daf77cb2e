"""What the sweep costs: candidates per second, a cold command, memory after the largest sweep.

    python -m tests.benchmarks.sweep_speed

Prints figures and asserts nothing. Absolute figures differ by two from hour to hour on shared
machines, so each has a ratio beside it: candidates per second as a share of what numpy does in 300
elementwise passes per candidate, the cold command in times of an empty Python, both measured in
the same minute. A candidate is one batch in one layout and precision, with prefill, decode and
memory worked out; CPU time counts every thread.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace

import numpy as np

from engine.plan.pools import worthwhile_pools
from engine.plan.prepared import prepare
from engine.plan.sweep import sweep
from engine.scenario import ArrangementKind, Objectives, Scenario, Workload

REPEATS = 9
SCENARIOS = (
    Scenario(model="llama-3.1-70b", chip="h100_sxm", chips=8, precisions=("W8A8", "W4A16")),
    Scenario(model="deepseek-v3", chip="h200_sxm", chips=16),
    Scenario(model="qwen3-235b-a22b", chip="b200_sxm", chips=32, precisions=("W8A8", "W4A4")),
    Scenario(model="gpt-oss-120b", chip="mi300x", chips=8),
)
LARGEST = replace(SCENARIOS[2], max_batch=1300)
"""Some 188,000 candidates."""
POOLS = Scenario(
    model="deepseek-r1",
    chip="h200_sxm",
    chips=32,
    framework="sglang",
    workload=Workload(4000, 1000),
    objectives=Objectives(ttft_ms=2000, tpot_ms=50),
    arrangement=ArrangementKind.ANY,
)
"""Pools are searched for, beside the replicas."""
PASSES = 300
"""Elementwise passes over memory that a candidate stands for."""
BLOCK = 8192
"""Candidates of one pass, as the sweep takes them."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Median CPU seconds of a sweep, and of numpy's passes over as many candidates."""

    candidates: int
    seconds: float
    numpy_seconds: float

    @property
    def share(self) -> float:
        """Candidates per second over those of numpy."""
        return self.numpy_seconds / self.seconds


def main() -> None:
    """Print one line a scenario, then the cold command and the memory."""
    if sys.argv[1:] == ["memory"]:
        print(_memory())
        return
    print(
        f"{'model':<18}{'chips':<16}{'candidates':>11}{'CPU ms':>9}{'million/s':>11}"
        f"{'of numpy':>10}"
    )
    for scenario in SCENARIOS:
        speed = _speed(scenario)
        chips = f"{scenario.chips} {scenario.chip}"
        rate = speed.candidates / speed.seconds / 1e6
        print(
            f"{scenario.model:<18}{chips:<16}{speed.candidates:>11,}{speed.seconds * 1e3:>9.1f}"
            f"{rate:>11.2f}{speed.share:>10.1%}"
        )
    print(f"pools searched for and swept beside replicas: {_pools_seconds() * 1e3:.0f} ms of CPU")
    cold, empty = _cold_seconds()
    print(
        f"rooftop sweep, cold: median {cold * 1e3:.0f} ms, "
        f"{cold / empty:.1f} times an empty Python ({empty * 1e3:.1f} ms)"
    )
    words = [sys.executable, "-m", "tests.benchmarks.sweep_speed", "memory"]
    print(subprocess.run(words, check=True, capture_output=True, text=True).stdout, end="")


def _speed(scenario: Scenario) -> Speed:
    prepared = prepare(scenario)
    sweeps, passes, candidates = [], [], 0
    for _ in range(REPEATS):
        started = time.process_time()
        result = sweep(prepared, scenario)
        sweeps.append(time.process_time() - started)
        passes.append(_pass_seconds())
        candidates = result.candidates if result is not None else 0
    numpy_seconds = candidates * PASSES * statistics.median(passes)
    return Speed(candidates, statistics.median(sweeps), numpy_seconds)


def _pools_seconds() -> float:
    """Median CPU seconds of a search for pools and the sweep of it; names are resolved before."""
    system = prepare(replace(POOLS, arrangement=ArrangementKind.AGGREGATED)).systems[0]
    times = []
    for _ in range(REPEATS):
        started = time.process_time()
        worthwhile_pools(system, POOLS)
        sweep(prepare(POOLS), POOLS)
        times.append(time.process_time() - started)
    return statistics.median(times)


def _pass_seconds() -> float:
    """CPU seconds of one elementwise pass per candidate: mean of what a sweep is made of."""
    rounds = 100
    first, second = np.full(BLOCK, 1.5), np.full(BLOCK, 0.5)
    started = time.process_time()
    for _ in range(rounds):
        first + second
        first * second
        first / second
        np.maximum(first, second)
        np.where(first > second, first, second)
        np.sqrt(first)
    return (time.process_time() - started) / rounds / 7 / BLOCK


def _cold_seconds() -> tuple[float, float]:
    """Medians of a whole cold command and of a Python that does nothing, in turns; both run as an
    installation does, from compiled files."""
    options = "--model deepseek-v3 --chip h200_sxm --chips 16 --isl 4K --osl 1K --tpot 50"
    command = [sys.executable, "-m", "engine", "sweep", *options.split()]
    with tempfile.TemporaryDirectory() as folder:
        compiled = {**os.environ, "PYTHONPYCACHEPREFIX": folder, "PYTHONDONTWRITEBYTECODE": ""}
        _timed(command, compiled)
        pairs = [
            (_timed(command, compiled), _timed([sys.executable, "-c", ""], compiled))
            for _ in range(REPEATS)
        ]
    cold, empty = (statistics.median(times) for times in zip(*pairs, strict=True))
    return cold, empty


def _timed(command: list[str], environment: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - started


def _memory() -> str:
    """What a process holds after its largest sweep."""
    prepared = prepare(LARGEST)
    before = _resident_bytes()
    result = sweep(prepared, LARGEST)
    assert result is not None
    return (
        f"memory after {result.candidates:,} candidates: {_resident_bytes() / 1e6:.0f} MB, "
        f"{before / 1e6:.0f} MB before"
    )


def _resident_bytes() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


if __name__ == "__main__":
    main()
