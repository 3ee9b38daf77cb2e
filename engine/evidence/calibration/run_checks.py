"""Runs that cannot be fitted: too few, or contradicting each other."""

from __future__ import annotations

from collections.abc import Sequence

from engine.evidence.calibration.run import Run
from engine.words.errors import InputError
from engine.words.messages import say

MINIMUM_RUNS = 3
CONTRADICTION = 0.25
"""Same configuration, results this far apart: no constants can explain both."""


def check_runs(runs: Sequence[Run]) -> None:
    """Refuse too few runs, and runs that contradict each other; raises `InputError`."""
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
    seen: dict[tuple[object, ...], Run] = {}
    for run in runs:
        key = (
            run.layout,
            round(run.concurrency),
            round(run.input_tokens, -1),
            round(run.output_tokens, -1),
            round(run.cached, 2),
            run.drafts.tokens,
            id(run.system),
        )
        earlier = seen.setdefault(key, run)
        apart = abs(run.tpot_ms / earlier.tpot_ms - 1.0)
        if apart > CONTRADICTION:
            raise InputError(
                say(
                    "{name} contradicts {name_2}: the same configuration took "
                    "{tpot_ms:.4g} and {tpot_ms_2:.4g} ms per token",
                    name=run.name,
                    name_2=earlier.name,
                    tpot_ms=run.tpot_ms,
                    tpot_ms_2=earlier.tpot_ms,
                )
            )
