"""How fast the sweep is: candidates per second on one core, and a whole cold command.

    python -m tests.benchmarks.sweep_speed

Prints figures and asserts nothing. A candidate is one batch in one layout and precision, with
prefill, decode and memory worked out; CPU time counts every thread. A cold command has half a
second.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from engine.plan.prepared import prepare
from engine.plan.sweep import sweep
from engine.scenario import Scenario

REPEATS = 7
SCENARIOS = (
    Scenario(model="llama-3.1-70b", chip="h100_sxm", chips=8, precisions=("W8A8", "W4A16")),
    Scenario(model="deepseek-v3", chip="h200_sxm", chips=16),
    Scenario(model="qwen3-235b-a22b", chip="b200_sxm", chips=32, precisions=("W8A8", "W4A4")),
    Scenario(model="gpt-oss-120b", chip="mi300x", chips=8),
)


def main() -> None:
    """Print one line a scenario, then the cold command."""
    print(f"{'model':<18}{'chips':<16}{'candidates':>11}{'CPU ms':>9}{'million/s':>11}")
    for scenario in SCENARIOS:
        prepared = prepare(scenario)
        seconds, candidates = [], 0
        for _ in range(REPEATS):
            started = time.process_time()
            result = sweep(prepared, scenario)
            seconds.append(time.process_time() - started)
            candidates = result.candidates if result is not None else 0
        median = statistics.median(seconds)
        chips = f"{scenario.chips} {scenario.chip}"
        rate = candidates / median / 1e6
        print(f"{scenario.model:<18}{chips:<16}{candidates:>11,}{median * 1e3:>9.1f}{rate:>11.2f}")
    cold = sorted(_cold_command() for _ in range(REPEATS))
    print(
        f"rooftop sweep, cold: median {cold[REPEATS // 2] * 1e3:.0f} ms, "
        f"worst {cold[-1] * 1e3:.0f} ms"
    )


def _cold_command() -> float:
    words = "sweep --model deepseek-v3 --chip h200_sxm --chips 16 --isl 4K --osl 1K --tpot 50"
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "engine", *words.split()], check=True, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
