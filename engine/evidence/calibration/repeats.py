"""Runs of one configuration: as one, or refused where they contradict each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.evidence.calibration.run import Run
from engine.words.errors import InputError
from engine.words.messages import say

CONTRADICTION = 0.25
"""Same configuration, results this far apart: no constants can explain both."""


@dataclass(frozen=True, slots=True)
class Repeats:
    """Of how many runs others were repeats, and which two of one configuration lie farthest apart
    in TPOT, as a share of the shorter."""

    count: int
    apart: float
    names: tuple[str, str]


def averaged(runs: Sequence[Run]) -> tuple[list[Run], Repeats | None]:
    """Every configuration once, with the geometric means of its times, and what was repeated;
    raises `InputError` where its runs contradict each other."""
    alike: dict[tuple[object, ...], list[Run]] = {}
    for run in runs:
        alike.setdefault(_configuration(run), []).append(run)
    farthest = Repeats(len(runs) - len(alike), 0.0, ("", ""))
    for same in alike.values():
        timed = sorted((run for run in same if run.tpot_ms > 0), key=lambda run: run.tpot_ms)
        if len(timed) < 2:
            continue
        least, most = timed[0], timed[-1]
        apart = most.tpot_ms / least.tpot_ms - 1.0
        if apart > CONTRADICTION:
            _refuse(*sorted((least, most), key=same.index))
        if apart >= farthest.apart:
            farthest = replace(farthest, apart=apart, names=(least.name, most.name))
    return [_mean(same) for same in alike.values()], farthest if farthest.count else None


def _configuration(run: Run) -> tuple[object, ...]:
    return (
        run.layout,
        round(run.concurrency),
        round(run.input_tokens, -1),
        round(run.output_tokens, -1),
        round(run.cached, 2),
        run.drafts.tokens,
        run.opens_at_once,
        id(run.system),
    )


def _refuse(earlier: Run, later: Run) -> None:
    raise InputError(
        say(
            "{name} contradicts {name_2}: the same configuration took "
            "{tpot_ms:.4g} and {tpot_ms_2:.4g} ms per token",
            name=later.name,
            name_2=earlier.name,
            tpot_ms=later.tpot_ms,
            tpot_ms_2=earlier.tpot_ms,
        )
    )


def _mean(same: Sequence[Run]) -> Run:
    """One run for all; first tokens of those that have the statistic of the first."""
    first = same[0]
    alike = [run for run in same if run.ttft_is_median == first.ttft_is_median]
    return replace(
        first,
        ttft_ms=_geometric([run.ttft_ms for run in alike]),
        tpot_ms=_geometric([run.tpot_ms for run in same]),
    )


def _geometric(values: Sequence[float]) -> float:
    known = [value for value in values if value > 0]
    return float(np.exp(np.mean(np.log(known)))) if known else np.nan
