"""What explains several runs together of deployments that `calibrate` does not fit: pools, loads at
a rate. Two ways for each latency: passes that take so many times as long, or a constant
that adds the same to each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from engine.cli.compared import Asked, Compared
from engine.plan.prepared import prepare_on
from engine.plan.why.culprit import FAR
from engine.words.messages import say
from engine.words.quantities import duration

_AS_GOOD = 0.01
"""Median errors that are no further apart explain runs equally well."""


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to explain a latency: in words, and the median error that it leaves."""

    says: str
    left: float


def paces(asked: Asked, found: Sequence[Compared], accepted: float) -> str:
    """A sentence for each latency that lies outside its range at some load; ``accepted`` are tokens
    of one pass."""
    constants = prepare_on(asked.scenario, asked.arrangement).framework.costs
    sentences = []
    for metric, label, phase, name, now_seconds, tokens in (
        ("ttft_ms", "TTFT", "prefill", "request_us", constants.request_seconds, 1.0),
        ("tpot_ms", "TPOT", "decode", "step_us", constants.step_seconds, accepted),
    ):
        of = [one for one in found if one.expected.metric == metric]
        if all(one.inside for one in of):
            continue
        ways = _ways(of, phase, name, now_seconds * 1e6, tokens)
        best = min(ways, key=lambda way: way.left)
        rivals = [way for way in ways if way is not best and way.left - best.left < _AS_GOOD]
        if rivals:
            sentence = say(
                "{label} of all loads: {best} would explain it, and so would {other}: which is not "
                "identifiable from these runs",
                label=label,
                best=best.says,
                other=rivals[0].says,
            )
        else:
            sentence = say(
                "{label} of all loads: {best} would explain it; median error then {left:.1%}",
                label=label,
                best=best.says,
                left=best.left,
            )
        sentences.append(sentence)
    return "\n".join(sentences)


def _ways(
    found: Sequence[Compared], phase: str, name: str, now_us: float, tokens: float
) -> list[_Way]:
    measured = [one.measured for one in found]
    predicted = [one.expected.value for one in found]
    pairs = list(zip(measured, predicted, strict=True))
    factor = math.exp(median(math.log(one / other) for one, other in pairs))
    ways = [
        _Way(
            say(
                "{phase} passes that take {factor:.2f} of what was predicted",
                phase=say(phase),
                factor=factor,
            ),
            median(abs(factor * other / one - 1.0) for one, other in pairs),
        )
    ]
    more_ms = median(one - other for one, other in pairs)
    needed_us = now_us + more_ms * tokens * 1e3
    if now_us / FAR <= needed_us <= now_us * FAR:
        says = say(
            "{name} of {needed:,.0f} instead of {now:,.0f}", name=name, needed=needed_us, now=now_us
        )
    else:
        seconds = duration(abs(more_ms))
        says = (
            say("{seconds} more of each than was predicted", seconds=seconds)
            if more_ms > 0
            else say("{seconds} less of each than was predicted", seconds=seconds)
        )
    ways.append(_Way(says, median(abs((other + more_ms) / one - 1.0) for one, other in pairs)))
    return ways
