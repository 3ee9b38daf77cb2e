"""How many of the fifty launch scenarios each engine starts exactly as they were predicted.

    python -m tests.benchmarks.launches [vllm sglang …] [--gaps]

Exactly: the engine runs on the chip, there are processes, and no gap. A scenario with notes alone
counts (a placeholder, trusted code, a card of two devices, static batches that the client sends),
and how many of those there are is a column of its own. ``--gaps`` prints the gaps of the others.
"""

from __future__ import annotations

import sys
from collections import Counter

from engine.words.errors import InputError
from tests.engine.plan.launch.launch_scenarios import CASES

ENGINES = ("vllm", "sglang", "trtllm", "vllm-ascend", "mindie", "lmdeploy", "atom", "deepspeed")


def main() -> None:
    """Print one line for each engine."""
    named = [one for one in sys.argv[1:] if not one.startswith("-")]
    print(f"{'engine':12} {'exactly':>8} {'with notes':>11} {'with gaps':>10} {'does not run':>13}")
    for engine in named or ENGINES:
        found = Counter(_kind(engine, index) for index in range(len(CASES)))
        exactly = found["exactly"] + found["notes"]
        print(
            f"{engine:12} {exactly:8} {found['notes']:11} {found['gaps']:10} {found['refused']:13}"
        )
        if "--gaps" in sys.argv:
            for index, case in enumerate(CASES):
                if _kind(engine, index) == "gaps":
                    print(f"  {case.name}: {'; '.join(case.launch(engine).gaps)}")


def _kind(engine: str, index: int) -> str:
    try:
        launch = CASES[index].launch(engine)
    except InputError:
        return "refused"
    if launch.refused or not launch.processes:
        return "refused"
    if launch.gaps:
        return "gaps"
    return "notes" if launch.notes else "exactly"


if __name__ == "__main__":
    main()
