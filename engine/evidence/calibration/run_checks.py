"""Runs that cannot be fitted because they are too few."""

from __future__ import annotations

from collections.abc import Sequence

from engine.evidence.calibration.run import Run
from engine.words.errors import InputError
from engine.words.messages import say

MINIMUM_RUNS = 3


def check_runs(runs: Sequence[Run]) -> None:
    """Refuse too few runs; raises `InputError`."""
    if len(runs) < MINIMUM_RUNS:
        raise InputError(
            say(
                "found {runs}, expected at least {least} (different concurrencies say most)",
                runs=say("1 run") if len(runs) == 1 else say("{runs} runs", runs=len(runs)),
                least=MINIMUM_RUNS,
            )
        )
    timed = sum(1 for run in runs if run.tpot_ms > 0)
    if timed < MINIMUM_RUNS:
        raise InputError(
            say(
                "found TPOT in {timed} runs, expected it in at least {minimum_runs}",
                timed=timed,
                minimum_runs=MINIMUM_RUNS,
            )
        )
